"""rows - the contents of the tables: random rows, the same on both sides, and their audit.

Keys are few, so that joins find something, and hold both ends of bigint.
"""

from collections import Counter
from dataclasses import dataclass

from ways import INT, STRING, value

KEYS = [*range(1, 13), 0, -1, 2**31 - 1, -2**31 - 1, 2**53 + 1, 2**63 - 1, -2**63]
STATUSES = ["booked", "paid", "cancelled", "done"]
PAYMENT_STATUSES = ["paid", "refunded", "failed"]
NAMES = ["Ada", "ada", "Zoë", "Å", "", "42", "it's", "Ünal", "b b"]
CITIES = ["Harbin", "Köln", "Oslo", None]


@dataclass
class Table:
    name: str
    business: str
    key: str                                     # None: not sharded
    unique: tuple                                # the primary key
    bigints: tuple
    ints: tuple = ()
    texts: tuple = ()

    @property
    def others(self):
        """The primary key without the key of the table."""
        return [column for column in self.unique if column != self.key]


TABLES = {table.name: table for table in [
    Table("hospitals", "institutions", None, ("hospital_id",), ("hospital_id",), (), ("name", "city")),
    Table("departments", "institutions", None, ("department_id",), ("department_id", "hospital_id"), (),
          ("name",)),
    Table("doctors", "institutions", None, ("doctor_id",), ("doctor_id", "department_id"), (),
          ("name", "title")),
    Table("schedules", "institutions", None, ("doctor_id", "weekday", "opens_at"), ("doctor_id",),
          ("weekday", "capacity")),
    Table("patients", "users", "patient_id", ("patient_id",), ("patient_id",), ("visits", "balance"),
          ("name", "city", "phone")),
    Table("slots", "orders", "doctor_id", ("doctor_id", "slot_id"), ("doctor_id", "slot_id"),
          ("capacity", "taken")),
    Table("appointments", "orders", "patient_id", ("patient_id", "appointment_id"),
          ("patient_id", "appointment_id", "doctor_id", "slot_id"), (), ("status",)),
    Table("payments", "payments", "patient_id", ("patient_id", "payment_id"),
          ("patient_id", "payment_id", "appointment_id"), (), ("status",)),
    Table("sync_messages", "hospitals", None, ("message_id",), ("message_id", "hospital_id"), (),
          ("direction",)),
]}


def time(dice):
    return f"'2026-0{dice.randint(1, 9)}-1{dice.randint(0, 9)} 1{dice.randint(0, 9)}:00:00+00'"


def new_row(dice, table, key):
    """Columns and marked values of a row; `key` is for the key, or for the first of unique."""
    small = dice.randint
    some_key = dice.choice(KEYS[:6] if dice.random() < 0.5 else KEYS)
    text = lambda choices: value(dice.choice(choices), STRING)    # noqa: E731
    number = lambda low, high: value(small(low, high), INT)       # noqa: E731
    return {
        "hospitals": lambda: {"hospital_id": value(key), "name": text(NAMES),
                              "city": text(CITIES[:-1])},
        "departments": lambda: {"department_id": value(key), "hospital_id": value(small(1, 4)),
                                "name": text(NAMES)},
        "doctors": lambda: {"doctor_id": value(key), "department_id": value(small(1, 6)),
                            "name": text(NAMES), "title": text(["Dr", "Prof"]),
                            "fee": f"{small(0, 40)}.50"},
        "schedules": lambda: {"doctor_id": value(key), "weekday": number(1, 7),
                              "opens_at": f"'0{small(7, 9)}:00'", "closes_at": f"'1{small(2, 9)}:30'",
                              "capacity": number(1, 9)},
        "patients": lambda: {"patient_id": value(key), "name": text(NAMES), "phone": text(["1", None]),
                             "city": text(CITIES), "visits": number(0, 3), "balance": number(-5, 50),
                             "created_at": time(dice)},
        "slots": lambda: {"doctor_id": value(key), "slot_id": value(small(1, 4)),
                          "starts_at": time(dice), "capacity": number(2, 6), "taken": number(0, 2)},
        "appointments": lambda: {"patient_id": value(key), "appointment_id": value(small(1, 7)),
                                 "doctor_id": value(key if dice.random() < 0.3 else some_key),
                                 "slot_id": value(small(1, 4)), "status": text(STATUSES),
                                 "booked_at": time(dice)},
        "payments": lambda: {"patient_id": value(key), "payment_id": value(small(1, 5)),
                             "appointment_id": value(small(1, 7)), "amount": f"{small(1, 40)}.25",
                             "status": text(PAYMENT_STATUSES), "paid_at": time(dice)},
        "sync_messages": lambda: {"message_id": value(key), "hospital_id": value(small(1, 4)),
                                  "direction": text(["in", "out"]), "payload": "'{\"a\": [1, 2]}'",
                                  "created_at": time(dice), "delivered_at": dice.choice(["NULL",
                                      time(dice)])},
    }[table.name]()


def _keys_to_load(table):
    if table.name == "hospitals":
        return range(1, 5)
    if table.name == "departments":
        return range(1, 7)
    if table.key is None:
        return KEYS[:9]
    return [key for key in KEYS if key != 12]    # one key has no rows anywhere


def statements_to_load(dice):
    """INSERTs, each of rows of one key."""
    for table in TABLES.values():
        count = {"slots": 2, "appointments": 4, "payments": 2, "schedules": 2}.get(table.name, 1)
        for key in _keys_to_load(table):
            rows = [new_row(dice, table, key) for _ in range(count)]
            values = ", ".join("(" + ", ".join(row.values()) + ")" for row in rows)
            yield (f"INSERT INTO {table.name} ({', '.join(rows[0])}) VALUES {values}"
                   " ON CONFLICT DO NOTHING")


class Contents:
    """The rows of all tables, read behind shardward's back, and where they have to be."""

    def __init__(self, platform):
        self.platform = platform
        self.oracle = platform.oracle()
        self.shards = {shard.name: platform.at_shard(shard.name) for shard in platform.clusters.shards}

    def close(self):
        for conn in (self.oracle, *self.shards.values()):
            conn.close()

    def shards_of(self, table):
        return self.platform.shards(table.business)

    def empty(self):
        names = {}
        for table in TABLES.values():
            for shard in self.shards_of(table):
                names.setdefault(shard, []).append(table.name)
        for shard, tables in names.items():
            self.shards[shard].execute(f"TRUNCATE {', '.join(tables)}")
        self.oracle.execute(f"TRUNCATE {', '.join(TABLES)}")

    def audit(self):
        """What is wrong, in lines: rows that only one side has, rows on a wrong shard."""
        wrong = []
        for table in TABLES.values():
            wrong += self._audit_table(table)
        return wrong

    def _audit_table(self, table):
        query = f"SELECT {table.key or 'NULL'}, t::text FROM {table.name} t"
        expected = Counter(row for _, row in self.oracle.execute(query))
        got, wrong = Counter(), []
        for shard in self.shards_of(table):
            for key, row in self.shards[shard].execute(query):
                got[row] += 1
                if table.key and self.platform.locate(table.name, key) != shard:
                    wrong.append(f"{table.name}: {row} is on {shard}, not on"
                                 f" {self.platform.locate(table.name, key)}")
        wrong += [f"{table.name}: missing {row}" for row in (expected - got).elements()]
        wrong += [f"{table.name}: too many {row}" for row in (got - expected).elements()]
        return wrong

    def catalog_rows(self):
        """The tables of the catalog database that have rows: none should."""
        return [name for name in TABLES
                if self.shards["catalog"].execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()]
