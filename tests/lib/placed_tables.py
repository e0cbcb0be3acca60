"""placed_tables - tables whose keys are placed in every way: lists, ranges, hashes, several columns.

They live on the shards of business users, in the catalog database and in the oracle, while
placed() lasts; a shardward of its own knows them.
"""

import contextlib
import subprocess

USERS = "users_0", "users_1", "users_2", "users_3"
BUCKETS = "{users_0: 0-3, users_1: 4-7, users_2: [8-10, 11], users_3: [12, 13-15]}"
CITIES = ["Harbin", "Changchun", "Guangzhou", "Shenzhen", "O''Brien", "", "123", "北京"]

PLACEMENTS = f"""
          by_city:
            list: {{type: text}}
            map: {{users_0: [Harbin, '123'], users_1: [Guangzhou, Shenzhen], default: users_2}}
          by_known_city: {{list: {{type: varchar}}, map: {{users_0: [Harbin, ''], users_3: Guangzhou}}}}
          by_day:
            range: {{type: date}}
            map:
              users_0: [[null, 2026-01-01], [2026-07-01, 2027-01-01]]
              users_1: [[2026-01-01, 2026-07-01]]
              users_2: [[2028-01-01, null]]
          by_level: {{range: {{type: smallint}}, map: {{users_0: [0, 10], users_1: [10, 20], default: users_3}}}}
          by_hashed_day: {{hash: {{type: date, buckets: 16}}, map: {BUCKETS}}}
          by_moment: {{hash: {{type: timestamp, buckets: 16}}, map: {BUCKETS}}}
          by_zoned:
            range: {{type: timestamptz}}
            map: {{users_0: [null, '2026-01-01 00:00+00'], users_2: ['2026-01-01 00:00+00', null]}}
          by_hashed_zoned: {{hash: {{type: timestamptz, buckets: 16}}, map: {BUCKETS}}}
          by_token: {{hash: {{type: uuid, buckets: 16}}, map: {BUCKETS}}}
          by_city_then_id:
            list: {{type: text}}
            then: {{hash: {{type: bigint, buckets: 8}}}}
            map:
              north: {{values: [Harbin, Changchun], map: {{users_0: 0-3, users_1: 4-7}}}}
              south: {{values: Guangzhou, map: {{users_2: 0-7}}}}
              default: {{map: {{users_3: 0-7}}}}
          by_city_and_id: {{hash: {{type: [text, bigint], buckets: 16}}, map: {BUCKETS}}}
"""

# name: (placement, the columns of the key with their types)
TABLES = {
    "clinics": ("by_city", {"city": "text"}),
    "known_clinics": ("by_known_city", {"city": "varchar"}),
    "visits": ("by_day", {"day": "date"}),
    "levels": ("by_level", {"level": "smallint"}),
    "days": ("by_hashed_day", {"day": "date"}),
    "moments": ("by_moment", {"at": "timestamp"}),
    "zoned": ("by_zoned", {"at": "timestamptz"}),
    "hashed_zoned": ("by_hashed_zoned", {"at": "timestamptz"}),
    "tokens": ("by_token", {"token": "uuid"}),
    "residents": ("by_city_then_id", {"city": "text", "id": "bigint"}),
    "pairs": ("by_city_and_id", {"city": "text", "id": "bigint"}),
}

_PLACES = "        placements:\n          by_patient:\n            hash: {type: bigint, buckets: 1024}\n            map: {users_0"
_PATIENTS = "          patients: {key: patient_id, placement: by_patient}"


def _edits():
    tables = "".join(f"\n          {name}: {{key: [{', '.join(key)}], placement: {placement}}}"
                     for name, (placement, key) in TABLES.items())
    return [(_PLACES, _PLACES.replace("placements:", "placements:" + PLACEMENTS.rstrip())),
            (_PATIENTS, _PATIENTS + tables)]


def _run_everywhere(platform, statements):
    for shard in (*USERS, "catalog"):
        with platform.at_shard(shard) as conn:
            for sql in statements:
                conn.execute(sql)
    with platform.oracle() as conn:
        for sql in statements:
            conn.execute(sql)


def _column(name, type_):
    collation = ' COLLATE "C"' if type_ in ("text", "varchar") else ""
    return f"{name} {type_}{collation} NOT NULL"


@contextlib.contextmanager
def placed(platform, *more, edits=()):
    """A shardward that knows the tables, after the statements @more; they are gone at the end."""
    _run_everywhere(platform, [
        f"CREATE TABLE {name} ({', '.join(_column(*column) for column in key.items())},"
        " number int NOT NULL, note text)"
        for name, (_, key) in TABLES.items()])
    try:
        _run_everywhere(platform, more)
        with platform.another_shardward(*_edits(), *edits) as other:
            yield other
    finally:
        _run_everywhere(platform, [f"DROP TABLE {name}" for name in TABLES])


class Places:
    """Where `shardward locate` says that keys are."""

    def __init__(self, platform, other):
        self.platform, self.other, self.known = platform, other, {}

    def locate(self, table, key):
        """The shard, or None if the key has no place."""
        if (table, *key) not in self.known:
            answer = subprocess.run([self.platform.program, "locate", "-c", self.other.config_file,
                                     "--", table, *key], capture_output=True, text=True, check=False)
            self.known[(table, *key)] = answer.stdout.split()[1] if answer.returncode == 0 else None
        return self.known[(table, *key)]

    def misplaced(self, table):
        """Rows that are on another shard than the one of their key."""
        key = ", ".join(f"{column}::text" for column in TABLES[table][1])
        wrong = []
        for shard in USERS:
            with self.platform.at_shard(shard) as conn:
                conn.execute("SET timezone = 'UTC'")
                rows = conn.execute(f"SELECT DISTINCT {key} FROM {table}").fetchall()
            wrong += [f"{table}: {row} is on {shard}, not on {self.locate(table, row)}"
                      for row in rows if self.locate(table, row) != shard]
        return wrong
