"""Lists, ranges, dates and keys of several columns, over real shards."""

import psycopg
from placed_tables import TABLES, USERS, Places, placed
from suite import equal, test

# Texts of one moment each, and whether their meaning depends on DateStyle or TimeZone.
DATES = [("2026-11-24", "2026-11-24"), ("2026-1-5", "2026-01-05"), (" 2026-11-24 ", "2026-11-24"),
         ("2026-11-24 23:59:59", "2026-11-24"), ("2026-11-24T10:00:00Z", "2026-11-24"),
         ("2026-11-24 +08", "2026-11-24"), ("2000-02-29", "2000-02-29"), ("0001-01-01", "0001-01-01"),
         ("5874897-12-31", "5874897-12-31"), ("infinity", "infinity"), ("-Infinity", "-infinity")]
MOMENTS = [("2026-11-24 09:30", "2026-11-24 09:30:00"), ("2026-11-24T09:30:00", "2026-11-24 09:30:00"),
           ("2026-11-24 09:30:00.5", "2026-11-24 09:30:00.5"),
           ("2026-11-24 09:30:00.123456", "2026-11-24 09:30:00.123456"),
           ("2026-11-24 09:30+08", "2026-11-24 09:30:00"), ("2026-11-24", "2026-11-24 00:00:00"),
           ("294276-12-31 23:59:59.999999", "294276-12-31 23:59:59.999999"),
           ("1999-12-31 23:59:59.999999", "1999-12-31 23:59:59.999999"), ("infinity", "infinity")]
ZONED = [("2026-11-24 09:30+00", "2026-11-24 09:30:00+00"), ("2026-11-24 17:30+08", "2026-11-24 09:30:00+00"),
         ("2026-11-24T09:30:00.5Z", "2026-11-24 09:30:00.5+00"),
         ("2026-11-24 04:00:00 -0530", "2026-11-24 09:30:00+00"),
         ("2026-11-24 11:45:30+02:15:30", "2026-11-24 09:30:00+00"),
         ("2026-11-24 +02", "2026-11-23 22:00:00+00"), ("-infinity", "-infinity")]
UNPROVEN = {"days": ["11/24/2026", "24.11.2026", "20261124", "Nov 24 2026", "26-11-24", "2026-11-24-08",
                     "2026-11-24 BC", "now", "epoch"],
            "moments": ["2026-11-24 24:00", "2026-11-24 09:30:60", "2026-11-24 09:30:00.1234567",
                        "2026-11-24 9:30 PM", "2026-11-24 09:30 UTC"],
            "hashed_zoned": ["2026-11-24 09:30", "2026-11-24", "2026-11-24 09:30 Asia/Shanghai",
                             "2026-11-24 09:30 CET"]}
SETTINGS = [("ISO, MDY", "UTC"), ("German, DMY", "Asia/Shanghai"), ("SQL, DMY", "America/New_York"),
            ("Postgres, YMD", "Asia/Kathmandu")]


def code_of(conn, sql, parameters=None):
    try:
        conn.execute(sql, parameters)
    except psycopg.Error as error:
        return error.sqlstate
    return None


def count(conn, table, condition, parameters=None):
    return conn.execute(f"SELECT count(*) FROM {table} WHERE {condition}", parameters).fetchone()[0]


@test
def a_date_means_the_same_under_every_setting_or_is_refused(p):
    forms = {"days": ("day", DATES), "moments": ("at", MOMENTS), "hashed_zoned": ("at", ZONED)}
    with placed(p) as other, p.connect(other.port) as conn:
        places = Places(p, other)
        for style, zone in SETTINGS:
            conn.execute(f"SET datestyle = '{style}'")
            conn.execute(f"SET timezone = '{zone}'")
            for table, (key, texts) in forms.items():
                for number, (text, plain) in enumerate(texts):
                    note = f"{style} {zone} {number}"
                    conn.execute(f"INSERT INTO {table} VALUES ('{text}', {number}, '{note}')"
                                 .replace(" VALUES", f" ({key}, number, note) VALUES"))
                    for value in (f"'{text}'", f"'{plain}'", f"{TABLES[table][1][key]} '{plain}'"):
                        equal(count(conn, table, f"{key} = {value} AND note = '{note}'"), 1, value)
                    equal(count(conn, table, f"{key} = %s AND note = %s", (text, note)), 1, text)
                for text in UNPROVEN[table]:
                    if zone == "UTC" and text in ("2026-11-24 09:30", "2026-11-24"):
                        continue
                    plainly = f"SELECT number FROM {table} WHERE {key} = '{text}' ORDER BY number"
                    later = plainly.replace(f"'{text}'", f"('{text}'::text)::{TABLES[table][1][key]}")
                    code = code_of(conn, plainly)
                    assert code in (None, "22007", "22008"), (text, code)
                    if code is None:
                        equal(conn.execute(plainly).fetchall(), conn.execute(later).fetchall(), text)
        for table in forms:
            equal(places.misplaced(table), [])


@test
def a_moment_without_an_offset_is_that_of_a_session_in_utc(p):
    sql = "SELECT count(*) FROM hashed_zoned WHERE at = '2026-11-24 09:30'"
    with placed(p) as other, p.connect(other.port) as conn:
        conn.execute("INSERT INTO hashed_zoned (at, number) VALUES ('2026-11-24 09:30+00', 1)")
        other_way = sql.replace("'2026-11-24 09:30'", "('2026-11-24 09:30'::text)::timestamptz")
        equal(conn.execute(sql).fetchone(), conn.execute(other_way).fetchone(), "the server's default")
        conn.execute("SET timezone = 'UTC'")
        equal(conn.execute(sql).fetchone(), (1,))
        equal(code_of(conn, "SET timezone = 'Asia/Shanghai'; " + sql), "0A000")
        conn.execute("BEGIN")
        conn.execute("SET LOCAL timezone = 'Asia/Shanghai'")
        equal(conn.execute(sql).fetchone(), (0,))
        conn.execute("ROLLBACK")
        equal(conn.execute(sql).fetchone(), (1,))
        conn.execute("RESET timezone")
        equal(conn.execute(sql).fetchone(), conn.execute(other_way).fetchone(), "the server's default")
        with p.connect(other.port, options="-c timezone=UTC") as started:
            equal(started.execute(sql, prepare=True).fetchone(), (1,))
            started.execute("SET timezone = 'Asia/Shanghai'")
            equal(code_of(started, sql), "0A000", "what was prepared under UTC")


@test
def a_value_without_a_place_has_no_row_and_gets_none(p):
    with placed(p) as other, p.connect(other.port) as conn:
        for table, key, value in (("known_clinics", "city", "Paris"), ("visits", "day", "2027-06-01")):
            equal(code_of(conn, f"INSERT INTO {table} ({key}, number) VALUES ('{value}', 1)"), "22023")
            equal(code_of(conn, f"INSERT INTO {table} ({key}, number) VALUES (%s, 1)", (value,)), "22023")
            for condition in (f"{key} = '{value}'", f"{key} = ANY (ARRAY['{value}']::"
                                                    f"{TABLES[table][1][key]}[])"):
                cursor = conn.execute(f"SELECT * FROM {table} WHERE {condition}")
                equal(cursor.fetchall(), [])
                equal([column.name for column in cursor.description], [key, "number", "note"])
                equal(count(conn, table, condition), 0)
            equal(conn.execute(f"UPDATE {table} SET note = 'x' WHERE {key} = '{value}'").statusmessage,
                  "UPDATE 0")
            for shard in USERS:
                equal(p.rows(shard, f"SELECT count(*) FROM {table}"), [(0,)])


@test
def a_range_of_keys_runs_where_all_of_it_lives(p):
    with placed(p) as other, p.connect(other.port) as conn:
        for month in range(1, 13):
            conn.execute(f"INSERT INTO visits (day, number) VALUES ('2026-{month:02}-15', {month})")
        equal(count(conn, "visits", "day BETWEEN '2026-01-01' AND '2026-06-30'"), 6)
        equal(count(conn, "visits", "day >= '2026-07-01' AND day < '2027-01-01'"), 6)
        equal(count(conn, "visits", "day BETWEEN %s::date AND %s::date", ("2026-02-01", "2026-04-30")), 3)
        equal(count(conn, "visits", "day > '2027-01-01' AND day < '2027-12-31'"), 0)
        equal(count(conn, "visits", "day >= '2026-06-30'"), 6)
        equal(count(conn, "visits", "day BETWEEN '2026-06-01' AND '2026-07-01'"), 1)
        equal(code_of(conn, "DELETE FROM visits WHERE day >= '2026-06-30'"), "0A000")


@test
def a_key_of_several_columns_needs_as_many_as_settle_the_shard(p):
    with placed(p) as other, p.connect(other.port) as conn:
        places = Places(p, other)
        for city in ("Harbin", "Changchun", "Guangzhou", "Paris"):
            for number in range(8):
                for table in ("residents", "pairs"):
                    conn.execute(f"INSERT INTO {table} (number, id, city) VALUES (0, %s, %s)",
                                 (number, city))
        for table in ("residents", "pairs"):
            equal(places.misplaced(table), [])
            equal(count(conn, table, "city = 'Harbin' AND id = 3"), 1)
            equal(count(conn, table, "(city, id) = ('Harbin', 3)"), 1)
            equal(count(conn, table, "city = 'Harbin'"), 8)
            equal(count(conn, table, "id = 3"), 4)
            equal(code_of(conn, f"DELETE FROM {table} WHERE city = 'Harbin'"), "0A000")
            equal(code_of(conn, f"DELETE FROM {table} WHERE id = 3"), "0A000")
        equal(count(conn, "residents", "city = 'Guangzhou'"), 8)
        equal(count(conn, "residents", "city IN ('Paris', 'London')"), 8)
        equal(conn.execute("SELECT count(*) FROM residents a JOIN residents b USING (city, id)"
                           " WHERE a.city = 'Changchun' AND b.id = 5").fetchone(), (1,))
        equal(code_of(conn, "INSERT INTO residents (city, id, number) VALUES ('Harbin', NULL, 0)"), "23502")
        equal(code_of(conn, "UPDATE residents SET city = 'Paris' WHERE city = 'Guangzhou'"), "0A000")
