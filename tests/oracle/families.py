"""families - the statements of the corpus, as they are read from corpus/NN-family.sql, and sent.

A statement ends with a semicolon at the end of a line. Comment lines before it say:

    -- $1 = int8:5 | $2 = text:NULL     types and values of its parameters
    -- ordered    ORDER BY leaves no ties: rows have to come in the very order
    -- float      float columns may differ as much as the order of additions makes them
    -- alike      equal values that look different (1.0 and 1.00) are the same
    -- loose      no answer is the only right one: the number of rows, and the columns
    -- fails      on PostgreSQL

and, at the head of a file, `-- family: fails` for all of its statements, or `-- family: uncounted`: that
so much is refused is meant to be so, or nothing in it needs several shards. All other comments are for
people.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import wire

CORPUS = Path(__file__).resolve().parent / "corpus"
MARKS = ("ordered", "float", "alike", "loose", "fails")
SIMPLE, TEXT, BINARY, PIECES = WAYS = ("simple", "text", "binary", "pieces")
_PARAMETER = re.compile(r"\$(\d+)")


@dataclass
class Asked:
    sql: str
    family: str
    line: int = 0
    parameters: list = field(default_factory=list)          # (type, text or None)
    marks: set = field(default_factory=set)

    def plain(self, sql=None):
        """With literals for parameters."""
        def literal(match):
            type_, text = self.parameters[int(match[1]) - 1]
            return f"NULL::{type_}" if text is None else "'" + text.replace("'", "''") + f"'::{type_}"
        return _PARAMETER.sub(literal, sql or self.sql) if self.parameters else sql or self.sql

    def __str__(self):
        return f"{self.family}:{self.line}: {self.sql}" + "".join(
            f"\n  ${n} = {type_}:{text}" for n, (type_, text) in enumerate(self.parameters, 1))


@dataclass
class Family:
    name: str
    statements: list
    is_counted: bool


def _parameters(comment):
    for part in comment.split(" | "):
        type_, text = part.split("=", 1)[1].strip().split(":", 1)
        yield type_, None if text == "NULL" else text


def _read(path):
    statements, family_marks = [], set()
    parameters, marks, lines = [], set(), []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        comment = line[2:].strip() if line.startswith("--") else None
        if comment in ("family: uncounted", "family: fails"):
            family_marks.add(comment[8:])
        elif comment in MARKS:
            marks.add(comment)
        elif comment is not None and re.match(r"\$1 = \w", comment):
            parameters = list(_parameters(comment))
        elif comment is None and line.strip():
            lines.append(line)
            if line.endswith(";"):
                statements.append(Asked("\n".join(lines)[:-1], path.stem, number, parameters,
                                        marks | family_marks))
                parameters, marks, lines = [], set(), []
    assert not lines, f"{path}: the last statement has no end"
    return Family(path.stem, statements, "uncounted" not in family_marks)


def read_all():
    return [_read(path) for path in sorted(CORPUS.glob("[0-9]*.sql"))]


class Sender:
    """Makes messages of statements. PostgreSQL itself tells what a value is in binary."""

    def __init__(self, oracle):
        self.oracle, self.types, self.values = oracle, {}, {}

    def _oid(self, type_):
        if type_ not in self.types:
            rows = self.oracle.query(f"SELECT '{type_}'::regtype::oid").results[0].rows
            self.types[type_] = int(rows[0][0])
        return self.types[type_]

    def _binary(self, type_, text):
        if text is not None and (type_, text) not in self.values:
            answer = self.oracle.send(wire.parse(Asked("SELECT $1", "", 0, [(type_, text)]).plain())
                                      + wire.bind(results=[1]) + wire.execute() + wire.SYNC)
            assert answer.results, f"{type_} {text}: {answer}"
            self.values[type_, text] = answer.results[0].rows[0][0]
        return self.values.get((type_, text))

    def of_a_name(self, asked, name, is_first, is_binary):
        """Bind and Execute of a named statement; before the first, its Parse."""
        types = [self._oid(type_) for type_, _ in asked.parameters]
        values = [self._binary(*p) if is_binary else p[1] for p in asked.parameters]
        parsed = wire.parse(asked.sql, name, types) + wire.describe("S", name) if is_first else b""
        return (parsed + wire.bind(values, name, formats=[int(is_binary)],
                                   results=[int(is_binary and "alike" not in asked.marks)])
                + wire.describe("P") + wire.execute() + wire.SYNC)

    def messages(self, asked, way, sql=None):
        """@sql is said instead of the statement's own; it may leave out parameters."""
        if way == SIMPLE:
            return wire.query(asked.plain(sql))
        is_binary = way == BINARY
        types = [self._oid(type_) for type_, _ in asked.parameters]
        values = [self._binary(*p) if is_binary else p[1] for p in asked.parameters]
        described = wire.execute(2) if way == PIECES and sql is None else b""
        return (wire.parse(sql or asked.sql, types=types if is_binary or sql else ())
                + (b"" if sql else wire.describe("S"))
                + wire.bind(values, formats=[int(is_binary)],
                            results=[int(is_binary and "alike" not in asked.marks)])
                + wire.describe("P") + described + wire.execute() + wire.SYNC)
