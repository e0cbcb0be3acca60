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
_MARK = re.compile("\x01([qisa])(.*?)\x02", re.DOTALL)

INT8, INT2, INT4, OID, TEXT_TYPE, FLOAT8, INT8_ARRAY, NUMERIC = 20, 21, 23, 26, 25, 701, 1016, 1700
_SIZES = {INT8: "!q", INT2: "!h", INT4: "!i", OID: "!I"}


def value(what, kind=BIGINT):
    """A value to be sent in any way; None is NULL."""
    return f"\x01{kind}{'' if what is None else what}\x02"


def array(values):
    return value(",".join("NULL" if v is None else str(v) for v in values), ARRAY)


@dataclass
class Statement:
    sql: str                                     # with marked values
    is_ordered: bool = False                     # does it fix the order of its rows?
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
    if text == "":
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
    if text == "":
        return dice.choice(["NULL", "NULL::bigint", "CAST(NULL AS int)", "(NULL)"])
    number = int(text)
    small = "int" if _fits(number, 32) else "bigint"
    common = [f"'{text}'", f"({text})::bigint", f"'{text}'::bigint", f"'{text}'::{small}",
              f"bigint '{text}'", f"CAST('{text}' AS int8)", f"({text})", f"' {text} '",
              f"({text})::{small}", f"{text}::{small}", f"$${text}$$", f"E'{text}'", f"{text}::int8"]
    rare = [f"{number - 1}+1", f"{text}.0", f"{text}::numeric", f"({text})::float8", f"'{text}'::text",
            f"(SELECT {text}::bigint)", f"coalesce({text}, 7)", f"- - {text}", f"-({-number})",
            f"abs({text})", f"{text}e0", f"'{text}'::smallint", f"({text})::int2", f"'{text}.0'",
            f"({text})::text::bigint", f"{text}.4", f"'{text}'::varchar", f"0{abs(number)}",
            f"'+{abs(number)}'", f"U&'{text}'", f"({text})::bigint::int", f"'{text}x'", f"{text}::oid",
            f"'{text}'\n''", f"CASE WHEN true THEN {text} END", f"nullif({text}, 3)", "1e400",
            f"(ARRAY[{text}])[1]", f"{text} /* 7 */", f"{text} -- 7\n"]
    return dice.choice(common if dice.random() < 0.75 else rare)


def _binary_array(text):
    items = [None if item == "NULL" else int(item) for item in text.split(",") if item]
    data = struct.pack("!iii", 1 if items else 0, int(None in items), INT8)
    if items:
        data += struct.pack("!ii", len(items), 1)
    for item in items:
        data += struct.pack("!i", -1) if item is None else struct.pack("!iq", 8, item)
    return data


def _type_of(kind, text, is_binary, dice):
    """A type to declare, 0 for none."""
    if kind == STRING:
        return dice.choice([0, TEXT_TYPE])
    if kind == ARRAY:
        return dice.choice([0, INT8_ARRAY])
    chance = dice.random()
    number = int(text or 0)
    if chance < 0.5:
        return 0
    if chance < 0.94:
        fitting = [t for t, bits in ((INT8, 64), (INT4, 32), (INT2, 16)) if _fits(number, bits)]
        return dice.choice(fitting)
    return FLOAT8 if is_binary else dice.choice([NUMERIC, FLOAT8, TEXT_TYPE, OID])


def _encode(kind, text, type_, is_binary, dice):
    if text == "" and kind != ARRAY:
        return None
    if kind == ARRAY:
        return _binary_array(text) if is_binary else f"{{{text}}}"
    if kind == STRING:
        return text
    if not is_binary:
        return dice.choice([f" {text} ", text + "x", f"{text}.0"]) if dice.random() < 0.04 else text
    if type_ == FLOAT8:
        return struct.pack("!d", float(text))
    default = INT8 if kind == BIGINT else INT4
    return struct.pack(_SIZES[type_ or default], int(text))


def _render_psycopg(statement, way, dice):
    request = Request("", is_psycopg=True, is_prepared=dice.random() < 0.3)

    def placeholder(match):
        kind, text = match[1], match[2]
        if kind == ARRAY:
            value_ = [None if item == "NULL" else int(item) for item in text.split(",") if item]
        elif text == "":
            value_ = None
        elif kind == STRING or (way == TEXT and dice.random() < 0.3):
            value_ = text
        else:
            value_ = int(text)
        request.values.append(value_)
        return "%b" if way == BINARY else dice.choice(["%t", "%s"])

    request.sql = _MARK.sub(placeholder, statement.sql.replace("%", "%%"))
    return request


def _render_wire(statement, way, dice):
    request = Request("", copy=statement.copy, is_extended=True, is_prepared=dice.random() < 0.4,
                      results=int(dice.random() < 0.3))
    is_binary = way == BINARY
    numbers = {}                                 # of values that may be sent once only
    seldom_literal = dice.random() < 0.3

    def parameter(match):
        kind, text = match[1], match[2]
        if seldom_literal and dice.random() < 0.4:
            return _spell(kind, text, dice)
        if (kind, text) in numbers and dice.random() < 0.3:
            return f"${numbers[kind, text]}"
        type_ = _type_of(kind, text, is_binary, dice)
        request.types.append(type_)
        request.values.append(_encode(kind, text, type_, is_binary, dice))
        request.formats.append(int(is_binary and kind != STRING))
        numbers[kind, text] = len(request.values)
        return f"${len(request.values)}"

    request.sql = _MARK.sub(parameter, statement.sql)
    return request


def render(statement, way, dice, psycopg_too=True):
    """The statement as a Request."""
    if way == SIMPLE:
        sql = _MARK.sub(lambda m: _spell(m[1], m[2], dice), statement.sql)
        return Request(sql, copy=statement.copy)
    if psycopg_too and dice.random() < 0.3:
        return _render_psycopg(statement, way, dice)
    return _render_wire(statement, way, dice)
