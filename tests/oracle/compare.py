"""compare - ask one statement of two servers, and tell whether the answers are equal.

Equal: the same rows as a multiset (in order if the statement fixes it), the same column names and
types, the same parameter types, the same command tags, and after it the same transaction state;
or errors of the same SQLSTATE class.
"""

from collections import Counter
from dataclasses import dataclass, field

import psycopg

import wire

REFUSED = "0A000"
LOST = "connection lost"                         # in place of a SQLSTATE


@dataclass
class Result:
    """What one statement of a query answered."""
    columns: list = None
    rows: list = field(default_factory=list)
    tag: str = None


@dataclass
class Answer:
    results: list = field(default_factory=list)
    code: str = None                             # SQLSTATE of the error, if there was one
    message: str = ""
    detail: str = ""
    hint: str = ""
    parameters: bytes = None                     # ParameterDescription
    status: str = "I"                            # of the transaction, as ReadyForQuery says

    @property
    def is_refusal(self):
        return self.code == REFUSED

    @property
    def row_count(self):
        return sum(len(result.rows) for result in self.results)

    def __str__(self):
        lines = [f"parameters {self.parameters.hex()}"] if self.parameters else []
        for result in self.results:
            lines += [f"columns {result.columns}"] if result.columns is not None else []
            lines += [f"  {row}" for row in result.rows[:12]]
            lines += [f"  ... {len(result.rows)} rows"] if len(result.rows) > 12 else []
            lines += [f"tag {result.tag}"]
        lines += [f"error {self.code}: {self.message}"] if self.code else []
        return "\n".join([*lines, f"transaction {self.status}"])


def _multiset(rows):
    return Counter(map(tuple, rows))


def _results_differ(got, expected, is_ordered):
    if len(got) != len(expected):
        return f"{len(got)} results instead of {len(expected)}"
    for mine, theirs in zip(got, expected):
        if mine.columns != theirs.columns:
            return "columns"
        if is_ordered and mine.rows != theirs.rows:
            return "rows, or their order"
        if _multiset(mine.rows) != _multiset(theirs.rows):
            return "rows"
        if mine.tag != theirs.tag:
            return "command tag"
    return None


def difference(got, expected, is_ordered=False):
    """What differs, in a word or two; None if nothing does."""
    if (got.code or "")[:2] != (expected.code or "")[:2]:
        return "SQLSTATE class"
    if got.status != expected.status:
        return "transaction state"
    if got.code:
        return None
    if got.parameters != expected.parameters:
        return "parameter types"
    return _results_differ(got.results, expected.results, is_ordered)


def answer_of(messages):
    """Messages up to and with ReadyForQuery as an Answer."""
    answer = Answer()
    result = Result()
    for message in messages:
        if message.kind == "T":
            result.columns = message.readable()[1]
        elif message.kind == "D":
            result.rows.append(tuple(message.values()))
        elif message.kind == "d":
            result.rows.append((message.body,))  # of a COPY
        elif message.kind in "CI":
            result.tag = message.body.rstrip(b"\0").decode()
            answer.results.append(result)
            result = Result()
        elif message.kind == "t":
            answer.parameters = message.body
        elif message.kind == "E":
            fields = message.fields()
            answer.code, answer.message = fields["C"], fields["M"]
            answer.detail, answer.hint = fields.get("D", ""), fields.get("H", "")
        elif message.kind == "Z":
            answer.status = message.body.decode()
    return answer


class Client:
    """One server to ask: a session through wire.py, and another one through psycopg."""

    def __init__(self, open_wire, open_psycopg):
        self._open_wire, self._open_psycopg = open_wire, open_psycopg
        self._wire = self._psycopg = None

    def close(self):
        for session in (self._wire, self._psycopg):
            if session is not None:
                session.close()
        self._wire = self._psycopg = None

    def query(self, sql):
        return self.send(wire.query(sql))

    def ask(self, request):
        """A rendered statement, see ways.py."""
        if request.is_psycopg:
            return self._ask_psycopg(request)
        return self.send(request.messages(), request.copy)

    def send(self, messages, copy=None):
        """Messages up to one Sync or Query. `copy` is what to send to a COPY FROM STDIN."""
        try:
            if self._wire is None:
                self._wire = self._open_wire()
            self._wire.send(messages)
            answers = self._wire.read_until("ZG")
            if answers[-1].kind == "G":
                self._wire.send(wire.message("d", copy or b"") + wire.message("c"))
                answers += self._wire.read_until("Z")
            return answer_of(answers)
        except (OSError, wire.Closed) as error:
            self.close()
            return Answer(code=LOST, message=repr(error))

    def _ask_psycopg(self, request):
        answer = Answer()
        try:
            if self._psycopg is None:
                self._psycopg = self._open_psycopg()
            cursor = self._psycopg.execute(request.sql, request.values, prepare=request.is_prepared)
            result = Result(tag=cursor.statusmessage)
            if cursor.description is not None:
                result.columns = [(c.name, c.type_code) for c in cursor.description]
                result.rows = [tuple(map(repr, row)) for row in cursor.fetchall()]
            answer.results.append(result)
        except psycopg.Error as error:
            if error.sqlstate is None:
                self.close()
                return Answer(code=LOST, message=repr(error))
            answer.code, answer.message = error.sqlstate, str(error)
        answer.status = {0: "I", 2: "T", 3: "E"}.get(int(self._psycopg.info.transaction_status), "?")
        return answer
