"""ways - the three ways of sending a statement: as a text, with parameters in text, in binary.

A statement holds its values between marks, see value() and array(); render() turns them into
literals of many spellings or into parameters of declared and undeclared types.
"""

import re
import struct
from dataclasses import dataclass, field

import wire

SIMPLE, TEXT, BINARY = WAYS = ("simple", "text parameters", "binary parameters")

BIGINT, INT, STRING, ARRAY = "q", "i", "s", "a"
_NULL = "\x03"
_MARK = re.compile("\x01([qisa])(.*?)\x02", re.DOTALL)

INT8, INT2, INT4, OID, TEXT_TYPE, FLOAT8, INT8_ARRAY, NUMERIC = 20, 21, 23, 26, 25, 701, 1016, 1700
_SIZES = {INT8: "!q", INT2: "!h", INT4: "!i"}


def value(what, kind=BIGINT):
    """A value to be sent in any way; None is NULL."""
    return f"\x01{kind}{_NULL if what is None else what}\x02"


def array(values):
    return value(",".join("NULL" if v is None else str(v) for v in values), ARRAY)


@dataclass
class Statement:
    sql: str                                     # with marked values
    is_ordered: bool = False                     # does it fix the order of its rows?
    may_err: bool = False                        # may a value of it be sent in a way that is an error?
    copy: bytes = None                           # for COPY FROM STDIN
    accepts: tuple = ()                          # SQLSTATEs that are as good as a refusal

    def plain(self):
        """For a person to read."""
        return _MARK.sub(lambda m: _literal(m[1], m[2]), self.sql)


@dataclass
class Request:
    sql: str
    copy: bytes = None
    is_extended: bool = False
    is_psycopg: bool = False
    is_prepared: bool = False
    values: list = field(default_factory=list)
    types: list = field(default_factory=list)
    formats: list = field(default_factory=list)
    results: int = 0                             # their format

    def messages(self):
        if not self.is_extended:
            return wire.query(self.sql)
        described = wire.describe("S") if self.is_prepared else b""
        return (wire.parse(self.sql, types=self.types) + described
                + wire.bind(self.values, formats=self.formats, results=[self.results])
                + wire.describe("P") + wire.execute() + wire.SYNC)

    def __str__(self):
        if not (self.is_extended or self.is_psycopg):
            return self.sql
        how = "psycopg" if self.is_psycopg else f"types {self.types}, formats {self.formats}"
        return f"{self.sql}\n  values {self.values}, {how}"


def _literal(kind, text):
    if kind == ARRAY:
        return f"'{{{text}}}'"
    if text == _NULL:
        return "NULL"
    return "'" + text.replace("'", "''") + "'" if kind == STRING else text


def _spell_array(text, dice):
    items = f"ARRAY[{text}]" if text else "ARRAY[]"
    return dice.choice([f"'{{{text}}}'", f"'{{{text}}}'::bigint[]", f"{items}::bigint[]",
                        f"{items}::int8[]" if not text else items])


def _fits(number, bits):
    return -2**(bits - 1) <= number < 2**(bits - 1)


def _spell(kind, text, dice):
    """A literal; two of three times the plain one."""
    if kind == ARRAY:
        return _spell_array(text, dice)
    if kind == STRING or dice.random() < 0.66:
        return _literal(kind, text)
    if text == _NULL:
        return dice.choice(["NULL", "NULL::bigint", "CAST(NULL AS int)", "(NULL)"])
    number = int(text)
    small = "int" if _fits(number, 32) else "bigint"
    common = [f"'{text}'", f"({text})::bigint", f"'{text}'::bigint", f"'{text}'::{small}",
              f"bigint '{text}'", f"CAST('{text}' AS int8)", f"({text})", f"' {text} '",
              f"({text})::{small}", f"$${text}$$", f"E'{text}'", f"({text})::int8"]
    rare = [f"{number - 1}+1", f"{text}.0", f"{text}::numeric", f"({text})::float8",
            f"(SELECT {text}::numeric)", f"coalesce({text}, 7)", f"- - {text}", f"-({-number})",
            f"abs({text})", f"{text}e0", f"({text})::text::bigint", f"{text}.4", f"0{abs(number)}",
            f"'+{max(number, 0)}'", f"U&'{text}'", f"'{text}'\n''", f"CASE WHEN true THEN {text} END",
            f"nullif({text}, 3)", f"(ARRAY[{text}])[1]", f"{text} /* 7 */", f"{text} -- 7\n"]
    return dice.choice(common if dice.random() < 0.75 else rare)


def _spell_wrongly(text):
    """Literals that are an error, or for some numbers."""
    return [f"'{text}'::text", f"'{text}'::smallint", f"({text})::int2", f"'{text}.0'", "1e400",
            f"'{text}'::varchar", f"({text})::bigint::int", f"'{text}x'", f"{text}::oid", "''",
            f"{text}::bigint", f"{text}::int", "'99999999999999999999'", f"'{text}'::int"]


def _binary_array(text):
    items = [None if item == "NULL" else int(item) for item in text.split(",") if item]
    data = struct.pack("!iii", 1 if items else 0, int(None in items), INT8)
    if items:
        data += struct.pack("!ii", len(items), 1)
    for item in items:
        data += struct.pack("!i", -1) if item is None else struct.pack("!iq", 8, item)
    return data


def _type_of(kind, text, is_binary, is_wrong, dice):
    """A type to declare, 0 for none."""
    if kind == STRING:
        return dice.choice([0, TEXT_TYPE])
    if kind == ARRAY:
        return dice.choice([0, INT8_ARRAY])
    chance = dice.random()
    number = 0 if text == _NULL else int(text)
    if chance < 0.5:
        return 0
    if is_wrong:
        return dice.choice([FLOAT8, OID] if is_binary else [FLOAT8, TEXT_TYPE, OID])
    if chance < 0.94:
        fitting = [t for t, bits in ((INT8, 64), (INT4, 32), (INT2, 16)) if _fits(number, bits)]
        return dice.choice(fitting)
    return FLOAT8 if is_binary else NUMERIC


def _encode(kind, text, type_, is_binary, is_wrong, dice):
    if text == _NULL and kind != ARRAY:
        return None
    if kind == ARRAY:
        return _binary_array(text) if is_binary else f"{{{text}}}"
    if kind == STRING:
        return text
    if not is_binary:
        if is_wrong and not type_:
            return dice.choice([text + "x", f"{text}.0", "", "99999999999999999999"])
        return f" {text} " if dice.random() < 0.04 else text
    if type_ == FLOAT8:
        return struct.pack("!d", float(text))
    if type_ == OID:
        return struct.pack("!I", int(text) % 2**32)
    default = INT8 if kind == BIGINT else INT4
    return struct.pack(_SIZES[type_ or default], int(text)) + bytes(is_wrong)


def _render_psycopg(statement, way, dice):
    request = Request("", is_psycopg=True, is_prepared=dice.random() < 0.3)

    def placeholder(match):
        kind, text = match[1], match[2]
        if kind == ARRAY:
            value_ = [None if item == "NULL" else int(item) for item in text.split(",") if item]
        elif text == _NULL:
            value_ = None
        elif kind == STRING or (way == TEXT and dice.random() < 0.3):
            value_ = text
        else:
            value_ = int(text)
        request.values.append(value_)
        return "%b" if way == BINARY else dice.choice(["%t", "%s"])

    request.sql = _MARK.sub(placeholder, statement.sql.replace("%", "%%"))
    return request


class _Mistake:
    """Which value of a statement, if any, is to be sent in a way that is an error. Of two errors
    in one statement, which one is told first depends on who looks at it."""

    def __init__(self, statement, dice):
        numbers = [m.start() for m in _MARK.finditer(statement.sql) if m[1] in "qi" and m[2] != _NULL]
        self.at = dice.choice(numbers) if statement.may_err and numbers and dice.random() < 0.06 else -1

    def is_here(self, match):
        return match.start() == self.at


def _render_wire(statement, way, dice):
    request = Request("", copy=statement.copy, is_extended=True, is_prepared=dice.random() < 0.4,
                      results=int(dice.random() < 0.3))
    is_binary = way == BINARY
    numbers = {}                                 # of values that may be sent once only
    has_literals = dice.random() < 0.3
    mistake = _Mistake(statement, dice)

    def parameter(match):
        kind, text = match[1], match[2]
        is_wrong = mistake.is_here(match)
        if has_literals and not is_wrong and dice.random() < 0.4:
            return _spell(kind, text, dice)
        if (kind, text) in numbers and not is_wrong and dice.random() < 0.3:
            return f"${numbers[kind, text]}"
        type_ = _type_of(kind, text, is_binary, is_wrong and dice.random() < 0.5, dice)
        request.types.append(type_)
        request.values.append(_encode(kind, text, type_, is_binary, is_wrong, dice))
        request.formats.append(int(is_binary and kind != STRING))
        if not is_wrong:
            numbers[kind, text] = len(request.values)
        return f"${len(request.values)}"

    request.sql = _MARK.sub(parameter, statement.sql)
    return request


def _render_simple(statement, dice):
    mistake = _Mistake(statement, dice)

    def literal(match):
        if mistake.is_here(match):
            return dice.choice(_spell_wrongly(match[2]))
        return _spell(match[1], match[2], dice)

    return Request(_MARK.sub(literal, statement.sql), copy=statement.copy)


def render(statement, way, dice, psycopg_too=True):
    """The statement as a Request."""
    if way == SIMPLE:
        return _render_simple(statement, dice)
    if psycopg_too and dice.random() < 0.3:
        return _render_psycopg(statement, way, dice)
    return _render_wire(statement, way, dice)


class Prepared:
    """A statement of one name, to be run several times with other keys."""

    def __init__(self, statement, name, dice):
        self.name, self.dice, self.marks, self.types = name, dice, [], []
        self.sql = _MARK.sub(self._parameter, statement.sql)

    def __str__(self):
        return f"{self.sql}\n  types {self.types}"

    def _parameter(self, match):
        self.marks.append((match[1], match[2]))
        self.types.append(self.dice.choice([0, INT8]) if match[1] == BIGINT else 0)
        return f"${len(self.marks)}"

    def parse(self):
        return wire.parse(self.sql, self.name, self.types) + wire.describe("S", self.name) + wire.SYNC

    def run(self, key):
        """With this key in place of most bigints; in text or in binary."""
        is_binary = self.dice.random() < 0.5
        values = []
        for (kind, text), type_ in zip(self.marks, self.types):
            if kind == BIGINT and self.dice.random() < 0.9:
                text = str(key)
            values.append(_encode(kind, text, type_, is_binary, False, self.dice))
        formats = [int(is_binary and kind != STRING) for kind, _ in self.marks]
        return (wire.bind(values, self.name, formats=formats) + wire.describe("P") + wire.execute()
                + wire.SYNC)
