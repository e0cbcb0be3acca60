"""keys - random statements on tables whose keys are placed in every way.

The same on one PostgreSQL and through shardward, under changing DateStyle and TimeZone: equal, or
refused. Values come as literals of many spellings, as parameters in text and in binary, alone, in
lists, in arrays and as bounds. In the end every row is where `shardward locate` says.
"""

import datetime
import random
import struct
import uuid

from placed_tables import TABLES, USERS
from ways import Request, Statement

OIDS = {"text": 25, "varchar": 1043, "bigint": 20, "int": 23, "smallint": 21, "date": 1082,
        "timestamp": 1114, "timestamptz": 1184, "uuid": 2950}
ARRAY_OIDS = {"text": 1009, "varchar": 1015, "bigint": 1016, "int": 1007, "smallint": 1005, "date": 1182,
              "timestamp": 1115, "timestamptz": 1185, "uuid": 2951}
CITIES = ["Harbin", "Changchun", "Guangzhou", "Shenzhen", "O'Brien", "", "123", "北京", "a\\b", '"x,y"']
DAYS = [datetime.date(2026, month, 1) for month in range(1, 13)] + [
    datetime.date(2025, 12, 31), datetime.date(2026, 6, 30), datetime.date(2027, 6, 1),
    datetime.date(2028, 1, 1), datetime.date(1, 1, 1), datetime.date(2000, 2, 29)]
MOMENTS = [datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=hours, microseconds=us)
           for hours in (-24, -8, -1, 0, 1, 8, 5000) for us in (0, 500000)]
EPOCH = datetime.datetime(2000, 1, 1)
STYLES = ["ISO, MDY", "German", "SQL, DMY", "Postgres, YMD"]
ZONES = ["UTC", "Asia/Shanghai", "America/St_Johns", "Etc/UTC"]
STATEMENTS_OF_A_SETTING = 40


def pool(type_):
    if type_ in ("text", "varchar"):
        return CITIES
    if type_ == "bigint":
        return list(range(6))
    if type_ == "smallint":
        return [-1, 0, 5, 9, 10, 19, 20, 32767]
    if type_ == "date":
        return DAYS
    if type_ == "uuid":
        return [uuid.UUID(int=n * 0x0123456789ABCDEF0123456789ABCDEF % 2**128) for n in range(1, 9)]
    return MOMENTS


def plain(value, type_):
    """The text that PostgreSQL reads in one way under every setting."""
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ") + ("+00" if type_ == "timestamptz" else "")
    return str(value)


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def spell(value, type_, dice):
    """A literal, or an expression that comes to the value; now and then one to be refused."""
    text = plain(value, type_)
    quoted = quote(text)
    common = [quoted, quoted, f"{quoted}::{type_}", f"CAST({quoted} AS {type_})", f"({quoted})"]
    if type_ in ("text", "varchar"):
        common += [f"$q${text}$q$", f"{quoted}::text"]
    elif type_ in ("bigint", "smallint"):
        common += [text, text, f"{value - 1} + 1", f"{value * 2} / 2", f"'{value}'::int", f"{value}::bigint",
                   f"{value + 7} - 7", f"1 * {value}", f"-({-value})", f"{value}.0", f"{value}::numeric"]
    elif type_ == "date":
        common += [f"date {quoted}", f"{quoted}::date + 0",
                   quote(value.isoformat() + " 10:20:30"), f"to_date({quoted}, 'YYYY-MM-DD')"]
        if value.year > 1:
            before = value - datetime.timedelta(days=3)
            common += [f"date '{before}' + 3", f"3 + '{before}'::date", f"timestamp {quoted}"]
            common += [quote(value.strftime("%m/%d/%Y")), quote(value.strftime("%Y%m%d"))]
    elif type_ == "uuid":
        common += [quote("{%s}" % text.upper()), quote(value.hex), f"uuid {quoted}"]
    elif type_ == "timestamptz":
        zoned = value.replace(tzinfo=datetime.timezone.utc).astimezone(
            datetime.timezone(datetime.timedelta(minutes=dice.choice([-330, 0, 345, 480]))))
        common += [quote(zoned.isoformat()), quote(zoned.isoformat(" ")), quote(value.isoformat(" ") + "Z"),
                   quote(value.isoformat(" ")), f"timestamptz {quoted}"]
    else:
        common += [quote(value.isoformat()), f"timestamp {quoted}", quote(value.isoformat(" ") + "+03"),
                   f"date '{value.date()}'"]
    return dice.choice(common)


def binary(value, type_):
    if type_ in ("text", "varchar"):
        return value.encode()
    if type_ in ("bigint", "int", "smallint"):
        return struct.pack({"bigint": "!q", "int": "!i", "smallint": "!h"}[type_], value)
    if type_ == "uuid":
        return value.bytes
    if type_ == "date":
        return struct.pack("!i", (value - EPOCH.date()).days)
    return struct.pack("!q", round((value - EPOCH) / datetime.timedelta(microseconds=1)))


def array_text(values, type_):
    return "{" + ",".join(
        "NULL" if v is None
        else '"' + plain(v, type_).replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values) + "}"


def binary_array(values, type_):
    data = struct.pack("!iii", int(bool(values)), int(None in values), OIDS[type_])
    if values:
        data += struct.pack("!ii", len(values), 1)
    for value in values:
        item = None if value is None else binary(value, type_)
        data += struct.pack("!i", -1) if item is None else struct.pack("!i", len(item)) + item
    return data


class Keys:
    """Makes requests; each is simple, or has its values as parameters."""

    def __init__(self, dice):
        self.dice = dice
        self.request = None

    def chance(self, share):
        return self.dice.random() < share

    def add(self, value, type_, oid, is_array):
        is_binary = self.chance(0.5)
        if value is None:
            encoded = None
        elif is_array:
            encoded = binary_array(value, type_) if is_binary else array_text(value, type_)
        else:
            encoded = binary(value, type_) if is_binary else plain(value, type_)
        self.request.values.append(encoded)
        self.request.types.append(self.dice.choice([0, oid]))
        self.request.formats.append(int(is_binary))
        return f"${len(self.request.values)}"

    def value(self, value, type_):
        if value is None and not self.request.is_extended:
            return self.dice.choice(["NULL", f"NULL::{type_}"])
        if self.request.is_extended and self.chance(0.8):
            return self.add(value, type_, OIDS[type_], False)
        return "NULL" if value is None else spell(value, type_, self.dice)

    def array(self, values, type_):
        if self.request.is_extended and self.chance(0.8):
            return self.add(values, type_, ARRAY_OIDS[type_], True)
        text = quote(array_text(values, type_))
        items = ", ".join("NULL" if v is None else spell(v, type_, self.dice) for v in values)
        return self.dice.choice([text, f"{text}::{type_}[]", f"ARRAY[{items}]::{type_}[]",
                                 f"ARRAY[{items}]"])

    def some(self, type_, most=3):
        values = [self.dice.choice(pool(type_)) for _ in range(self.dice.randint(0, most))]
        return values + [None] if self.chance(0.1) else values

    def one(self, type_):
        return None if self.chance(0.03) else self.dice.choice(pool(type_))

    def condition(self, column, type_):
        """On one column of a key."""
        shape = self.dice.randrange(12)
        if shape < 4:
            return f"{column} = {self.value(self.one(type_), type_)}"
        if shape < 6:
            members = self.some(type_) or [self.one(type_)]
            return f"{column} IN ({', '.join(self.value(v, type_) for v in members)})"
        if shape < 8:
            return f"{column} = ANY ({self.array(self.some(type_), type_)})"
        low, high = sorted(self.dice.choices(pool(type_), k=2))
        if shape == 8:
            return f"{column} BETWEEN {self.value(low, type_)} AND {self.value(high, type_)}"
        if shape == 9:
            return (f"{column} {self.dice.choice(['>', '>='])} {self.value(low, type_)} AND"
                    f" {self.value(high, type_)} {self.dice.choice(['>', '>='])} {column}")
        if shape == 10:
            return (f"({column} = {self.value(self.one(type_), type_)} OR"
                    f" {column} = {self.value(self.one(type_), type_)})")
        return self.dice.choice([f"NOT ({column} = {self.value(low, type_)})",
                                 f"{column} <> {self.value(low, type_)}",
                                 f"{column} < {self.value(high, type_)}", f"{column} IS NULL"])

    def conditions(self, key, alias=""):
        """On most columns of a key, and a few more."""
        parts = [self.condition(alias + column, type_) for column, type_ in key.items()
                 if self.chance(0.93)]
        if len(key) > 1 and self.chance(0.3):
            row = ", ".join(self.value(self.one(t), t) for t in key.values())
            names = ", ".join(alias + column for column in key)
            parts = [f"({names}) = ({row})" if self.chance(0.6) else f"({names}) IN (({row}))"]
        if self.chance(0.25):
            column, type_ = self.dice.choice(list(key.items()))
            parts.append(self.condition(alias + column, type_))
        if self.chance(0.3):
            parts.append(f"{alias}number {self.dice.choice(['<', '>='])} {self.dice.randint(0, 5)}")
        self.dice.shuffle(parts)
        return " AND ".join(parts) or "true"

    def select(self, table, key):
        what = self.dice.choice(["*", "count(*)", "number, note", "min(number), max(note)"])
        return f"SELECT {what} FROM {table} WHERE {self.conditions(key)}"

    def join(self, table, key):
        using = ", ".join(key)
        on = " AND ".join(f"a.{column} = b.{column}" for column in key)
        how = self.dice.choice([f"JOIN {table} b USING ({using})", f"JOIN {table} b ON {on}",
                                f"LEFT JOIN {table} b ON {on}"])
        return (f"SELECT a.number, b.number, b.note FROM {table} a {how}"
                f" WHERE {self.conditions(key, self.dice.choice(['a.', 'a.', 'b.']))}")

    def insert(self, table, key):
        columns = [*key, "number", "note"]
        rows = []
        for _ in range(self.dice.choice([1, 1, 2])):
            cells = {column: self.value(self.one(type_), type_) for column, type_ in key.items()}
            cells.update(number=str(self.dice.randint(0, 9)), note=quote(f"n{self.dice.randint(0, 3)}"))
            rows.append(cells)
        self.dice.shuffle(columns)
        values = ", ".join("(" + ", ".join(row[c] for c in columns) + ")" for row in rows)
        return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}"

    def update(self, table, key):
        return f"UPDATE {table} SET number = number + 1 WHERE {self.conditions(key)}"

    def delete(self, table, key):
        return f"DELETE FROM {table} WHERE {self.conditions(key)} AND number > 6"

    def next(self):
        table = self.dice.choice(list(TABLES))
        key = TABLES[table][1]
        make = self.dice.choice([self.select, self.select, self.select, self.join, self.insert, self.insert,
                                 self.update, self.delete])
        self.request = Request("", is_extended=self.chance(0.6), is_prepared=self.chance(0.4))
        self.request.sql = make(table, key)
        return table, self.request


def contents(connection, table):
    columns = ", ".join([*TABLES[table][1], "number", "note"])
    return sorted(map(repr, connection.execute(f"SELECT {columns} FROM {table}").fetchall()))


def run(oracle, name, mine, places, count):
    """Ask @count random statements of both. @oracle compares; @mine is the client of ours."""
    keys = Keys(random.Random(f"{oracle.seed} keys"))
    before = oracle.counts.copy()
    for number in range(count):
        if number % STATEMENTS_OF_A_SETTING == 0:
            for setting, values in (("datestyle", STYLES), ("timezone", ZONES)):
                sql = f"SET {setting} = '{keys.dice.choice(values)}'"
                for client in (mine, oracle.theirs):
                    client.query(sql)
        oracle.where = f"statement {number}"
        _, request = keys.next()
        # A value without a place is refused by 22023. Of two errors in several rows, which one is
        # told first depends on who looks at them.
        accepts = ("22023", "23502") if "), (" in request.sql else ("22023",)
        oracle.ask(name, Statement(request.sql, accepts=accepts), request)
    for what, least in (("routed", 0.4), ("with rows", 0.25)):
        share = (oracle.counts[what] - before[what]) / count
        if share < least:
            oracle.findings.of(name).append(f"only {share:.2f} of the statements {what}")
    for table in TABLES:
        wrong = places.misplaced(table)
        expected = contents(oracle.contents.oracle, table)
        got = sorted(row for shard in USERS
                     for row in contents(oracle.contents.shards[shard], table))
        if got != expected:
            wrong.append(f"{table}: {len(got)} rows instead of {len(expected)}, or others")
        oracle.findings.of(name).extend(wrong)
