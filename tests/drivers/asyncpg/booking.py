"""booking - asyncpg: binary, prepared and cached statements, introspection of types, its pool."""

import asyncio
import datetime
import decimal
import io
import json
import os
import uuid

import asyncpg

KEYS = [int(key) for key in os.environ["KEYS"].split()]
SELECT = "SELECT name, visits FROM patients WHERE patient_id = $1"
RUNS = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = $1"


def say(step, *seen):
    print(f"{step}:", *seen, flush=True)


def connect(**options):
    return asyncpg.connect(timeout=10, **options)


async def rows_step(conn):
    for key in KEYS:
        say("insert", await conn.execute(
            "INSERT INTO patients (patient_id, name, city) VALUES ($1, $2, $3)", key, "Zoë", None))
    say("single table", await conn.fetchrow(
        "INSERT INTO hospitals VALUES ($1, 'St. Mary', 'Cork') RETURNING name, city", KEYS[0]))
    for key in KEYS:
        say("select", await conn.fetch(SELECT, key))
    say("select", await conn.fetchval("SELECT created_at > now() - interval '1 hour' FROM patients"
                                      " WHERE patient_id = $1", KEYS[0]))
    say("update", await conn.fetchval("UPDATE patients SET visits = visits + $2 WHERE patient_id = $1"
                                      " RETURNING visits", KEYS[1], 1))
    say("delete", await conn.execute("DELETE FROM hospitals WHERE hospital_id = $1", KEYS[0]))
    say("script", await conn.execute("SELECT 1; SELECT 2"))


async def prepared_step(conn):
    statement = await conn.prepare(SELECT)
    say("prepared", [(p.name, p.kind) for p in statement.get_parameters()],
        [(a.name, a.type.name) for a in statement.get_attributes()])
    for key in KEYS:
        say("prepared", await statement.fetchrow(key), statement.get_statusmsg())
    for turn in range(8):
        say("prepared", await conn.fetchval(f"SELECT visits + {turn} FROM patients WHERE patient_id = $1", KEYS[turn % 4]))
    plan = await (await conn.prepare("SELECT name FROM patients WHERE patient_id = 1")).explain()
    say("prepared", "Node Type" in plan[0]["Plan"])
    for options in ({"statement_cache_size": 0}, {"max_cached_statement_lifetime": 1}):
        other = await connect(**options)
        for key in KEYS:
            say("prepared", await other.fetchval(SELECT, key))
        await other.close()


async def batch_step(conn):
    await conn.executemany("INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id)"
                           " VALUES ($1, $2, 1, 1)", [(KEYS[0], n) for n in range(50)])
    say("batch", await conn.fetchrow("SELECT count(*), sum(appointment_id) FROM appointments"
                                     " WHERE patient_id = $1", KEYS[0]))
    try:
        await conn.executemany("UPDATE patients SET visits = visits + 1 WHERE patient_id = $1",
                               [(key,) for key in KEYS])
        say("batch over shards", "done")
    except asyncpg.FeatureNotSupportedError as error:
        say("batch over shards", "refused", error.sqlstate)
    for key in KEYS:
        await conn.execute("UPDATE patients SET visits = 7 WHERE patient_id = $1", key)


async def transaction_step(conn):
    update = "UPDATE patients SET balance = balance + 1 WHERE patient_id = $1"
    balance = "SELECT balance FROM patients WHERE patient_id = $1"
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute(update, KEYS[2])
    say("transaction", conn.is_in_transaction())
    await transaction.rollback()
    async with conn.transaction():
        await conn.execute(update, KEYS[2])
        try:
            async with conn.transaction():
                await conn.execute(update, KEYS[2])
                await conn.execute("SELECT 1/0 FROM patients WHERE patient_id = $1", KEYS[2])
        except asyncpg.DivisionByZeroError as error:
            say("savepoint", error.sqlstate)
        async with conn.transaction():
            await conn.execute(update, KEYS[2])
        say("savepoint", await conn.fetchval(balance, KEYS[2]))
    say("transaction", await conn.fetchval(balance, KEYS[2]), conn.is_in_transaction())
    async with conn.transaction(isolation="serializable", readonly=True, deferrable=True):
        say("transaction", await conn.fetchval("SHOW transaction_isolation"), await conn.fetchval(balance, KEYS[2]))


async def copy_step(conn):
    rows = "".join(f"{KEYS[1]}\t{n}\t7\t{n * 2}\n" for n in range(500)).encode()
    columns = ["patient_id", "appointment_id", "doctor_id", "slot_id"]
    say("copy in", await conn.copy_to_table("appointments", source=io.BytesIO(rows), columns=columns))
    say("copy in", await conn.copy_to_table("kinds", source=io.BytesIO(f"{KEYS[1]};1;\n".encode()), format="csv",
                                            delimiter=";", columns=["patient_id", "n", "word"]))
    say("copy records", await conn.copy_records_to_table(
        "appointments", records=[(KEYS[1], n, 7, n) for n in range(1000, 1200)], columns=columns))
    say("copy records", await conn.fetchrow(
        "SELECT count(*), sum(slot_id) FROM appointments WHERE patient_id = $1 AND appointment_id >= 1000", KEYS[1]))
    out = io.BytesIO()
    say("copy out", await conn.copy_from_query(
        "SELECT appointment_id, status FROM appointments WHERE patient_id = $1 AND appointment_id < 1000 ORDER BY 1",
        KEYS[1], output=out, format="csv"))
    say("copy out", out.getvalue().decode().splitlines()[-2:])


async def cursor_step(conn):
    async with conn.transaction():
        say("cursor", [row[0] async for row in conn.cursor(
            "SELECT appointment_id FROM appointments WHERE patient_id = $1 AND appointment_id < 30 ORDER BY 1",
            KEYS[0], prefetch=7)])
        cursor = await conn.cursor("SELECT appointment_id FROM appointments WHERE patient_id = $1 ORDER BY 1", KEYS[0])
        await cursor.forward(10)
        say("cursor", await cursor.fetchrow(), await cursor.fetch(2))


async def types_step(conn):
    values = {
        "flag": True, "small": -7, "number": 7, "big": 2**62, "approx": 0.1, "exact": decimal.Decimal("12.5"),
        "word": "a\\b'c", "code": "ab", "bytes": b"\0\xff'\\", "day": datetime.date(2026, 7, 1),
        "hour": datetime.time(8, 30), "moment": datetime.datetime(2026, 7, 1, 8, 30, 1, 5),
        "instant": datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone.utc),
        "span": datetime.timedelta(days=1, hours=2), "token": uuid.UUID(int=5), "docb": '{"a": [1, null]}',
        "address": "10.0.0.1", "period": asyncpg.Range(datetime.date(2026, 1, 1), datetime.date(2026, 2, 1)),
        "numbers": [1, None, 3], "words": ["a b", 'c"d'], "label": None}
    marks = ", ".join(f"${number + 2}" for number in range(len(values)))
    await conn.execute(f"INSERT INTO kinds (patient_id, n, {', '.join(values)}) VALUES ($1, 10, {marks})",
                       KEYS[1], *values.values())
    row = await conn.fetchrow(f"SELECT {', '.join(values)} FROM kinds WHERE patient_id = $1 AND n = 10", KEYS[1])
    for name, value in row.items():
        say("types", name, repr(value))
    say("types", await conn.fetch("SELECT n FROM kinds WHERE patient_id = ANY($1) AND n = ANY($2)", KEYS[1:2], [10, 11]))
    await conn.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    say("types", await conn.fetchval("UPDATE kinds SET docb = $2 WHERE patient_id = $1 AND n = 10 RETURNING docb",
                                     KEYS[1], {"b": 2}))


async def own_types_step(conn):
    """asyncpg asks the catalog for what it does not know, and sends all in binary."""
    visit = (datetime.date(2026, 7, 1), "glad", ["x", None])
    await conn.execute("INSERT INTO kinds (patient_id, n, mood, moods, score, visit, visits)"
                       " VALUES ($1, 20, $2, $3, $4, $5, $6)", KEYS[2], "glad", ["sad", None], 99, visit, [visit, None])
    row = await conn.fetchrow("SELECT mood, moods, score, visit, visits FROM kinds WHERE patient_id = $1 AND n = 20",
                              KEYS[2])
    for name, value in row.items():
        say("own types", name, value)
    await conn.reload_schema_state()
    say("own types", await conn.fetchval("SELECT array_agg(visit) FROM kinds WHERE patient_id = $1 AND n = 20", KEYS[2]))
    say("own types", await conn.fetchval("SELECT ROW(n, mood, visit) FROM kinds WHERE patient_id = $1 AND n = 20", KEYS[2]))
    await conn.set_type_codec("mood", encoder=str.lower, decoder=str.upper)
    say("own types", await conn.fetchval("SELECT mood FROM kinds WHERE patient_id = $1 AND n = 20", KEYS[2]))


async def errors_step(conn):
    for sql, *values in (("INSERT INTO patients (patient_id, name) VALUES ($1, 'again')", KEYS[0]),
                         ("INSERT INTO kinds (patient_id, n, score) VALUES ($1, 1, $2)", KEYS[3], 101),
                         ("SELECT nothing FROM patients WHERE patient_id = $1", 1), ("SELEC 1",),
                         ("SELECT * FROM no_such_table",), ("SELECT 1/$1::int", 0)):
        try:
            await conn.execute(sql, *values)
            raise AssertionError(sql)
        except asyncpg.PostgresError as error:
            say("errors", type(error).__name__, error.sqlstate, error.message, error.constraint_name)
    try:
        await conn.execute("SELECT name FROM patients WHERE patient_id = $1", "not a number")
    except asyncpg.DataError as error:
        say("errors", error)
    say("errors", await conn.fetchval("SELECT 'goes on'"))


async def cancel_step(conn):
    """By cancelling the task and by a timeout: asyncpg sends a CancelRequest for both."""
    for sql in ("SELECT pg_sleep(50) /* asyncpg */",
                f"SELECT pg_sleep(50) FROM patients WHERE patient_id = {KEYS[0]} /* asyncpg */"):
        task = asyncio.ensure_future(conn.fetch(sql))
        watch = await asyncpg.connect(os.environ["WATCH"])
        while not await watch.fetchval(RUNS, sql):
            pass
        await watch.close()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            say("cancel", await conn.fetchval("SELECT 'cancelled'"))
    try:
        await conn.fetch("SELECT pg_sleep(50)", timeout=0.3)
    except asyncio.TimeoutError:
        say("cancel", await conn.fetchval("SELECT 'timed out'"))
    await conn.execute("SET statement_timeout = 200")
    try:
        await conn.fetch("SELECT pg_sleep(50)")
    except asyncpg.QueryCanceledError as error:
        say("cancel", error.sqlstate)
    await conn.execute("RESET statement_timeout")


async def notify_step(conn):
    heard = asyncio.get_running_loop().create_future()
    await conn.add_listener("bookings_asyncpg", lambda _conn, _pid, channel, payload: heard.set_result((channel, payload)))
    other = await connect()
    await other.execute("NOTIFY bookings_asyncpg, 'slot 7'")
    await other.close()
    say("notify", await heard)


async def pool_step():
    """What a connection of the pool leaves is reset behind one's back."""
    async with asyncpg.create_pool(min_size=2, max_size=4) as pool:
        async def work(key):
            await pool.execute("UPDATE patients SET visits = visits + 1 WHERE patient_id = $1", key)
        await asyncio.gather(*(work(KEYS[3]) for _ in range(20)))
        async with pool.acquire() as conn:
            await conn.execute("SET work_mem = '7MB'")
            say("pool", await conn.fetchval("SHOW work_mem"))
        for _ in range(4):
            say("pool", await pool.fetchval("SHOW work_mem"))
        say("pool", await pool.fetchrow(SELECT, KEYS[3]))


async def ddl_step(conn):
    say("ddl", await conn.execute("CREATE TABLE notes_asyncpg (patient_id bigint PRIMARY KEY, note text)"))
    for _ in range(2):
        say("ddl", await conn.fetchrow("INSERT INTO notes_asyncpg VALUES ($1, 'seen') ON CONFLICT (patient_id)"
                                       " DO UPDATE SET note = 'again' RETURNING note", KEYS[3]))
    select = "SELECT * FROM notes_asyncpg WHERE patient_id = $1"
    say("ddl", len(await conn.fetchrow(select, KEYS[3])))
    await conn.execute("ALTER TABLE notes_asyncpg ADD COLUMN at date DEFAULT '2026-07-01'")
    say("ddl", (await conn.fetchrow(select, KEYS[3]))["at"])     # its statement is planned anew
    say("ddl", await conn.execute("DROP TABLE notes_asyncpg"))


async def main():
    conn = await connect(server_settings={"application_name": "asyncpg", "work_mem": "5MB"})
    settings = conn.get_settings()
    say("connect", conn.get_server_version(), settings.client_encoding, settings.application_name,
        await conn.fetchval("SHOW work_mem"))
    await conn.execute("RESET work_mem")
    await rows_step(conn)
    await prepared_step(conn)
    await batch_step(conn)
    await transaction_step(conn)
    await copy_step(conn)
    await cursor_step(conn)
    await types_step(conn)
    await own_types_step(conn)
    await errors_step(conn)
    await cancel_step(conn)
    await notify_step(conn)
    await pool_step()
    await ddl_step(conn)
    await conn.close()
    say("done", "all")


if __name__ == "__main__":
    asyncio.run(main())
