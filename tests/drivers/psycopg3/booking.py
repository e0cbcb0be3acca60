"""booking - psycopg 3: server-side binding and cursors, prepared statements, pipelines, COPY."""

import asyncio
import datetime
import decimal
import ipaddress
import os
import threading
import uuid

import psycopg
from psycopg import sql as compose
from psycopg.rows import dict_row
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum
from psycopg.types.json import Jsonb
from psycopg.types.range import Range

KEYS = [int(key) for key in os.environ["KEYS"].split()]
SELECT = "SELECT name, visits FROM patients WHERE patient_id = %s"

RUNS = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = %s"


def say(step, *seen):
    print(f"{step}:", *seen, flush=True)


def connect(**options):
    return psycopg.connect("", autocommit=True, connect_timeout=10, **options)


def rows_step(conn):
    for key in KEYS:
        cur = conn.execute("INSERT INTO patients (patient_id, name, phone) VALUES (%s, %s, %s)",
                           (key, "Zoë", None))
        say("insert", cur.statusmessage, cur.rowcount)
    cur = conn.execute("INSERT INTO hospitals VALUES (%s, %s, 'Cork') RETURNING name, city", (KEYS[0], "St. Mary"))
    say("single table", cur.fetchall())
    for key in KEYS:
        cur = conn.execute(SELECT, (key,))
        say("select", cur.fetchone(), [(c.name, c.type_code) for c in cur.description])
    with conn.cursor(binary=True, row_factory=dict_row) as cur:
        say("select", cur.execute("SELECT name, city, visits FROM patients WHERE patient_id = %b", (KEYS[1],)).fetchone())
    query = compose.SQL("SELECT {} FROM {} WHERE {} = {}").format(
        compose.Identifier("name"), compose.Identifier("patients"), compose.Identifier("patient_id"),
        compose.Literal(KEYS[2]))
    say("select", conn.execute(query).fetchone())
    cur = psycopg.ClientCursor(conn)
    say("select", cur.execute(SELECT, (KEYS[3],)).fetchone())
    cur = conn.execute("UPDATE patients SET visits = visits + 1 WHERE patient_id = %s RETURNING visits", (KEYS[1],))
    say("update", cur.fetchone())
    say("delete", conn.execute("DELETE FROM hospitals WHERE hospital_id = %s", (KEYS[0],)).statusmessage)


def prepared_step(conn):
    """By default the sixth execution is of a named statement; 100 names are kept."""
    for turn in range(12):
        say("prepared", conn.execute(SELECT, (KEYS[turn % 4],)).fetchone())
    conn.prepared_max = 3
    for turn in range(12):
        say("prepared", conn.execute(f"SELECT visits + {turn} FROM patients WHERE patient_id = %s",
                                     (KEYS[turn % 4],), prepare=True).fetchone())
    conn.prepared_max = 100


def batch_step(conn):
    with conn.cursor() as cur:
        cur.executemany("INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id)"
                        " VALUES (%s, %s, 1, 1) RETURNING appointment_id",
                        [(KEYS[0], n) for n in range(40)], returning=True)
        seen = []
        while True:
            seen.append(cur.fetchone()[0])
            if not cur.nextset():
                break
        say("batch", seen)
        try:                                # one pipeline with one Sync
            cur.executemany("UPDATE patients SET visits = visits + 1 WHERE patient_id = %s",
                            [(key,) for key in KEYS])
            say("batch over shards", cur.rowcount)
        except psycopg.errors.FeatureNotSupported as error:
            say("batch over shards", "refused", error.sqlstate)
        for key in KEYS:
            cur.execute("UPDATE patients SET visits = 7 WHERE patient_id = %s", (key,))


def pipeline_step(conn):
    with conn.pipeline() as pipeline:
        cursors = []
        for turn in range(20):             # a Sync after each, so that shards may differ
            cursors.append(conn.execute(SELECT, (KEYS[turn % 4],), prepare=True))
            pipeline.sync()
        say("pipeline", [cur.fetchone()[0] for cur in cursors])
    with conn.pipeline(), conn.transaction():
        for _ in range(10):
            conn.execute("UPDATE patients SET visits = visits + 1 WHERE patient_id = %s", (KEYS[2],))
        say("pipeline", conn.execute(SELECT, (KEYS[2],)).fetchone())
    insert = "INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id) VALUES (%s, 1000, 1, 1)"
    conn.execute(insert, (KEYS[1],))
    try:
        with conn.pipeline() as pipeline:
            for key in KEYS[:3]:
                conn.execute(insert, (key,))
                pipeline.sync()
    except psycopg.errors.UniqueViolation as error:
        say("pipeline error", error.sqlstate)
    for key in KEYS[:3]:
        cur = conn.execute("SELECT count(*) FROM appointments WHERE patient_id = %s AND appointment_id = 1000", (key,))
        say("pipeline error", cur.fetchone())


def transaction_step(conn):
    update = "UPDATE patients SET balance = balance + 1 WHERE patient_id = %s RETURNING balance"
    with conn.transaction(force_rollback=True):
        say("transaction", conn.execute(update, (KEYS[3],)).fetchone(), conn.info.transaction_status.name)
    with conn.transaction():
        conn.execute(update, (KEYS[3],))
        try:
            with conn.transaction():
                conn.execute(update, (KEYS[3],))
                raise ZeroDivisionError
        except ZeroDivisionError:
            say("savepoint", "rolled back")
        try:
            with conn.transaction("named"):
                conn.execute("SELECT 1/0 FROM patients WHERE patient_id = %s", (KEYS[3],))
        except psycopg.errors.DivisionByZero as error:
            say("savepoint", error.sqlstate)
        say("savepoint", conn.execute(update, (KEYS[3],)).fetchone())
    say("transaction", conn.execute("SELECT balance FROM patients WHERE patient_id = %s", (KEYS[3],)).fetchone())
    with connect() as other:
        other.autocommit = False
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        other.read_only = True
        say("transaction", other.execute("SHOW transaction_isolation").fetchone(),
            other.execute("SHOW transaction_read_only").fetchone())
        say("transaction", other.execute(SELECT, (KEYS[0],)).fetchone())


def copy_step(conn):
    with conn.cursor() as cur:
        with cur.copy("COPY appointments (patient_id, appointment_id, doctor_id, slot_id) FROM STDIN") as copy:
            for n in range(2000, 2500):
                copy.write_row((KEYS[0], n, 7, n * 2))
        say("copy in", cur.rowcount)
        with cur.copy("COPY kinds (patient_id, n, day, numbers) FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int8", "int4", "date", "int4[]"])
            for n in range(5):
                copy.write_row((KEYS[0], n, datetime.date(2026, 7, n + 1), [n, None]))
        say("copy in", cur.rowcount)
        try:
            with cur.copy("COPY kinds (patient_id, n) FROM STDIN"):
                raise ZeroDivisionError
        except psycopg.errors.QueryCanceled as error:
            say("copy in", "given up", error.sqlstate, conn.info.transaction_status.name)
        query = "COPY (SELECT n, day, numbers FROM kinds WHERE patient_id = {} ORDER BY n) TO STDOUT"
        with cur.copy(compose.SQL(query).format(KEYS[0])) as copy:
            copy.set_types(["int4", "date", "int4[]"])
            say("copy out", list(copy.rows()))
        with cur.copy(compose.SQL(query + " (FORMAT binary)").format(KEYS[0])) as copy:
            say("copy out", b"".join(bytes(block) for block in copy).hex())


def cursor_step(conn):
    with conn.transaction(), conn.cursor("portions", scrollable=True) as cur:
        cur.itersize = 30
        cur.execute("SELECT appointment_id FROM appointments WHERE patient_id = %s ORDER BY 1", (KEYS[0],))
        say("cursor", sum(row[0] for row in cur), cur.description[0].name)
        cur.scroll(3, mode="absolute")
        say("cursor", cur.fetchmany(2))
        cur.scroll(-1)
        say("cursor", cur.fetchone())
    with conn.cursor() as cur:
        say("cursor", [row[0] for row in cur.stream(
            "SELECT appointment_id FROM appointments WHERE patient_id = %s AND appointment_id < 40 ORDER BY 1", (KEYS[0],))])


def types_step(conn):
    values = {
        "flag": True, "small": -7, "number": 7, "big": 2**62, "approx": 0.1, "exact": decimal.Decimal("12.5"),
        "word": "a\\b'c", "code": "ab", "bytes": b"\0\xff'\\", "day": datetime.date(2026, 7, 1),
        "hour": datetime.time(8, 30), "moment": datetime.datetime(2026, 7, 1, 8, 30, 1, 5),
        "instant": datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone.utc),
        "span": datetime.timedelta(days=1, hours=2), "token": uuid.UUID(int=5),
        "docb": Jsonb({"a": [1, None]}), "address": ipaddress.ip_address("10.0.0.1"),
        "period": Range(datetime.date(2026, 1, 1), datetime.date(2026, 2, 1)),
        "numbers": [1, None, 3], "words": ["a b", 'c"d'], "label": None}
    for n, mark in ((10, "%s"), (11, "%b"), (12, "%t")):
        marks = ", ".join(mark if not (mark == "%b" and value is None) else "%s" for value in values.values())
        conn.execute(f"INSERT INTO kinds (patient_id, n, {', '.join(values)}) VALUES (%s, {n}, {marks})",
                     (KEYS[1], *values.values()))
    for binary in (False, True):
        cur = conn.cursor(binary=binary)
        for n in (10, 11, 12):
            row = cur.execute(f"SELECT {', '.join(values)} FROM kinds WHERE patient_id = %s AND n = %s",
                              (KEYS[1], n)).fetchone()
            say("types", *row)
    cur = conn.execute("SELECT n FROM kinds WHERE patient_id = ANY(%s) AND n = ANY(%s) ORDER BY n", (KEYS[1:2], [10, 12]))
    say("types", cur.fetchall())


def own_types_step(conn):
    register_enum(EnumInfo.fetch(conn, "mood"), conn)
    visit = CompositeInfo.fetch(conn, "visit")
    register_composite(visit, conn)
    mood = EnumInfo.fetch(conn, "mood")
    say("own types", mood.labels, visit.field_names)
    register_enum(mood, conn)
    glad, sad = mood.enum["glad"], mood.enum["sad"]
    one = visit.python_type(datetime.date(2026, 7, 1), glad, ["x", None])
    for mark in ("%t", "%b"):
        conn.execute(f"INSERT INTO kinds (patient_id, n, mood, moods, score, visit, visits) VALUES"
                     f" (%s, %s, {mark}, {mark}, 99, {mark}, {mark})",
                     (KEYS[2], 20 + (mark == "%b"), glad, [sad, glad], one, [one, one]))
    for binary in (False, True):
        cur = conn.cursor(binary=binary)
        for row in cur.execute("SELECT mood, moods, score, visit, visits FROM kinds WHERE patient_id = %s"
                               " AND n >= 20 ORDER BY n", (KEYS[2],)):
            say("own types", *row)


def errors_step(conn):
    for sql, values in (("INSERT INTO patients (patient_id, name) VALUES (%s, 'again')", (KEYS[0],)),
                        ("INSERT INTO kinds (patient_id, n, score) VALUES (%s, 1, %s)", (KEYS[3], 101)),
                        ("INSERT INTO patients (patient_id) VALUES (%s)", (KEYS[0],)),
                        ("SELECT nothing FROM patients WHERE patient_id = %s", (1,)), ("SELEC 1", ()),
                        ("SELECT * FROM no_such_table WHERE id = %s", (1,)), ("SELECT 1/%s", (0,)),
                        ("SELECT %s::int", ("x",))):
        try:
            conn.execute(sql, values)
            raise AssertionError(sql)
        except psycopg.Error as error:
            say("errors", type(error).__name__, error.sqlstate, error.diag.message_primary,
                error.diag.constraint_name)
    say("errors", conn.execute("SELECT 'goes on'").fetchone())


def cancel_step(conn):
    def cancel(sql):
        with psycopg.connect(os.environ["WATCH"], autocommit=True) as watch:
            while not watch.execute(RUNS, (sql,)).fetchone():
                pass
        conn.cancel()

    for sql in ("SELECT pg_sleep(50) /* psycopg3 */",
                f"SELECT pg_sleep(50) FROM patients WHERE patient_id = {KEYS[0]} /* psycopg3 */"):
        canceller = threading.Thread(target=cancel, args=(sql,))
        canceller.start()
        try:
            conn.execute(sql)
        except psycopg.errors.QueryCanceled as error:
            say("cancel", error.sqlstate)
        canceller.join()
    say("cancel", conn.execute("SELECT 'goes on'").fetchone())


def notify_step(conn):
    conn.execute("LISTEN bookings_psycopg3")
    with connect() as other:
        other.execute("SELECT pg_notify('bookings_psycopg3', %s)", ("slot 7",))
    for note in conn.notifies():
        say("notify", note.channel, note.payload)
        break


async def async_step():
    async with await psycopg.AsyncConnection.connect("", connect_timeout=10, autocommit=True) as conn:
        async with conn.pipeline() as pipeline:
            cursors = []
            for key in KEYS:
                cursors.append(await conn.execute(SELECT, (key,)))
                await pipeline.sync()
            say("async", [await cur.fetchone() for cur in cursors])
        async with conn.transaction():
            async with conn.cursor("some") as cur:
                await cur.execute("SELECT name FROM patients WHERE patient_id = %s", (KEYS[0],))
                say("async", [row async for row in cur])
        sql = "SELECT pg_sleep(50) /* psycopg3 async */"
        task = asyncio.ensure_future(conn.execute(sql))
        async with await psycopg.AsyncConnection.connect(os.environ["WATCH"], autocommit=True) as watch:
            while not await (await watch.execute(RUNS, (sql,))).fetchone():
                pass
        conn.cancel()
        try:
            await task
        except psycopg.errors.QueryCanceled as error:
            say("async", error.sqlstate)


def ddl_step(conn):
    conn.execute("CREATE TABLE notes_psycopg3 (patient_id bigint PRIMARY KEY, note text)")
    say("ddl", conn.execute("INSERT INTO notes_psycopg3 VALUES (%s, 'seen') RETURNING note", (KEYS[3],)).fetchone())
    conn.execute("ALTER TABLE notes_psycopg3 ADD COLUMN at date DEFAULT '2026-07-01'")
    for _ in range(7):
        seen = conn.execute("SELECT * FROM notes_psycopg3 WHERE patient_id = %s", (KEYS[3],)).fetchone()[1:]
    say("ddl", seen)
    say("ddl", conn.execute("DROP TABLE notes_psycopg3").statusmessage)


def main():
    with connect(application_name="psycopg3", options="-c work_mem=5MB") as conn:
        say("connect", conn.info.server_version, conn.info.encoding, conn.info.timezone,
            conn.execute("SHOW work_mem").fetchone())
        rows_step(conn)
        prepared_step(conn)
        batch_step(conn)
        pipeline_step(conn)
        transaction_step(conn)
        copy_step(conn)
        cursor_step(conn)
        types_step(conn)
        own_types_step(conn)
        errors_step(conn)
        cancel_step(conn)
        notify_step(conn)
        asyncio.run(async_step())
        ddl_step(conn)
    say("done", "all")


if __name__ == "__main__":
    main()
