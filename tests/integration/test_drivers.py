"""Drivers connect, insert, select, update and commit as they do with PostgreSQL."""

import asyncio
import decimal
from pathlib import Path

import psycopg

import clusters
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, test

JDBC = "/usr/share/java/postgresql.jar"
JAVA = Path(__file__).resolve().parent / "java"


def keys(p):
    return [p.new_key("patients", shard) for shard in p.shards("users")]


def visits(p, key):
    return p.rows(p.locate("patients", key), "SELECT visits FROM patients WHERE patient_id = %s",
                  (key,))[0][0]


@test
def psycopg_inserts_selects_updates_and_commits(p):
    with p.connect(autocommit=False) as conn:
        for key in keys(p):
            conn.execute("INSERT INTO patients (patient_id, name, visits) VALUES (%s, %s, %s)",
                         (key, "Zoë", 1))
            conn.commit()
            for _ in range(8):      # more often than psycopg's threshold for named statements
                conn.execute("UPDATE patients SET visits = visits + %s WHERE patient_id = %s", (1, key))
                conn.commit()
            row = conn.execute("SELECT name, visits FROM patients WHERE patient_id = %b", (key,)).fetchone()
            equal(row, ("Zoë", 9))
            conn.execute("UPDATE patients SET visits = 0 WHERE patient_id = %s", (key,))
            conn.rollback()
            equal(visits(p, key), 9)


@test
def psycopg_reads_binary_results_of_every_column_type(p):
    key = p.new_key()
    with p.connect() as conn:
        conn.execute("INSERT INTO payments (patient_id, payment_id, appointment_id, amount)"
                     " VALUES (%s, 1, 1, %s)", (key, decimal.Decimal("12.50")))
        cursor = conn.cursor(binary=True)
        row = cursor.execute("SELECT patient_id, amount, status, paid_at IS NOT NULL FROM payments"
                             " WHERE patient_id = %s", (key,)).fetchone()
        equal(row, (key, decimal.Decimal("12.50"), "paid", True))


@test
def psycopg_pipelines_rows_with_a_sync_after_each(p):
    some = [p.new_key() for _ in range(100)]
    with p.connect() as conn:
        with conn.pipeline() as pipeline:
            for key in some:
                conn.execute("INSERT INTO patients (patient_id, name) VALUES (%s, 'piped')", (key,),
                             prepare=True)
                pipeline.sync()
        with conn.pipeline() as pipeline:
            cursors = []
            for key in some:
                cursors.append(conn.execute("SELECT name FROM patients WHERE patient_id = %s", (key,)))
                pipeline.sync()
            equal({cursor.fetchone() for cursor in cursors}, {("piped",)})


@test
def psycopg_goes_on_after_an_error_in_a_pipeline(p):
    one, two, three = (p.new_key() for _ in range(3))
    insert = "INSERT INTO patients (patient_id, name) VALUES (%s, 'piped')"
    with p.connect() as conn:
        conn.execute(insert, (two,))
        try:
            with conn.pipeline() as pipeline:
                for key in (one, two, three):
                    conn.execute(insert, (key,), prepare=True)
                    pipeline.sync()
        except psycopg.errors.UniqueViolation:
            pass
        else:
            raise AssertionError("a duplicate was accepted")
        for key in (one, two):
            equal(conn.execute("SELECT 1 FROM patients WHERE patient_id = %s", (key,)).fetchall(), [(1,)])


@test
def psycopg_transaction_blocks_nest(p):
    key = p.new_patient("users_1")
    with p.connect() as conn:
        with conn.transaction():
            conn.execute("UPDATE patients SET visits = 1 WHERE patient_id = %s", (key,))
            try:
                with conn.transaction():
                    conn.execute("UPDATE patients SET visits = 2 WHERE patient_id = %s", (key,))
                    raise ZeroDivisionError
            except ZeroDivisionError:
                pass
        equal(conn.info.transaction_status, psycopg.pq.TransactionStatus.IDLE)
    equal(visits(p, key), 1)


@test
def psycopg_names_the_state_of_an_error(p):
    key = p.new_patient("users_1")
    with p.connect() as conn:
        for error, sql in ((psycopg.errors.UniqueViolation,
                            "INSERT INTO patients (patient_id, name) VALUES (%s, 'x')"),
                           (psycopg.errors.DivisionByZero,
                            "SELECT 1/0 FROM patients WHERE patient_id = %s"),
                           (psycopg.errors.FeatureNotSupported,
                            "SELECT 1 FROM patients WHERE patient_id > %s")):
            try:
                conn.execute(sql, (key,))
            except error:
                pass
            else:
                raise AssertionError(sql)


async def asyncpg_connect(p, port=None, **options):
    import asyncpg
    return await asyncpg.connect(host="127.0.0.1", port=port or p.port, user=USER, password=PASSWORD,
                                 database=DATABASE, timeout=10, command_timeout=10, ssl=options.pop("ssl", False), **options)


@test
def asyncpg_inserts_selects_updates_and_commits(p):
    some = keys(p)

    async def live():
        conn = await asyncpg_connect(p, server_settings={"application_name": "a"})
        for key in some:
            await conn.execute("INSERT INTO patients (patient_id, name, city) VALUES ($1, $2, $3)",
                               key, "Zoë", None)
            async with conn.transaction():
                for _ in range(3):
                    await conn.execute("UPDATE patients SET visits = visits + $2"
                                       " WHERE patient_id = $1", key, 1)
            row = await conn.fetchrow("SELECT name, visits, city, created_at FROM patients"
                                      " WHERE patient_id = $1", key)
            equal((row["name"], row["visits"], row["city"]), ("Zoë", 3, None))
        statement = await conn.prepare("SELECT visits FROM patients WHERE patient_id = $1")
        equal([await statement.fetchval(key) for key in some], [3] * len(some))
        await conn.close()
    asyncio.run(live())
    equal([visits(p, key) for key in some], [3] * len(some))


@test
def asyncpg_transactions_roll_back_and_nest(p):
    key = p.new_patient("users_3")

    async def live():
        conn = await asyncpg_connect(p)
        update = "UPDATE patients SET visits = $2 WHERE patient_id = $1"
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute(update, key, 9)
        await transaction.rollback()
        async with conn.transaction():
            await conn.execute(update, key, 1)
            try:
                async with conn.transaction():
                    await conn.execute(update, key, 2)
                    raise ZeroDivisionError
            except ZeroDivisionError:
                pass
        async with conn.transaction(isolation="serializable", readonly=True):
            equal(await conn.fetchval("SELECT visits FROM patients WHERE patient_id = $1", key), 1)
        await conn.close()
    asyncio.run(live())
    equal(visits(p, key), 1)


@test
def asyncpg_reads_rows_by_a_cursor_and_writes_many(p):
    key = p.new_key("appointments", "orders_3")

    async def live():
        conn = await asyncpg_connect(p)
        await conn.executemany("INSERT INTO appointments (patient_id, appointment_id, doctor_id,"
                               " slot_id) VALUES ($1, $2, 1, 1)", [(key, n) for n in range(30)])
        async with conn.transaction():
            seen = [row[0] async for row in conn.cursor(
                "SELECT appointment_id FROM appointments WHERE patient_id = $1 ORDER BY 1", key,
                prefetch=7)]
        equal(seen, list(range(30)))
        await conn.close()
    asyncio.run(live())


@test
def asyncpg_names_the_state_of_an_error_and_goes_on(p):
    import asyncpg
    key = p.new_patient("users_3")

    async def live():
        conn = await asyncpg_connect(p)
        for error, sql in ((asyncpg.UniqueViolationError,
                            "INSERT INTO patients (patient_id, name) VALUES ($1, 'x')"),
                           (asyncpg.FeatureNotSupportedError,
                            "SELECT 1 FROM patients WHERE patient_id > $1")):
            try:
                await conn.execute(sql, key)
            except error:
                pass
            else:
                raise AssertionError(sql)
        equal(await conn.fetchval("SELECT 1"), 1)
        await conn.close()
    asyncio.run(live())


@test
def asyncpg_pool_lends_and_resets_connections(p):
    import asyncpg
    key = p.new_patient("users_2")

    async def live():
        async with asyncpg.create_pool(host="127.0.0.1", port=p.port, user=USER, password=PASSWORD,
                                       database=DATABASE, min_size=2, max_size=4) as pool:
            async def work():
                await pool.execute("UPDATE patients SET visits = visits + 1 WHERE patient_id = $1", key)
            await asyncio.gather(*(work() for _ in range(20)))
    asyncio.run(live())
    equal(visits(p, key), 20)


@test
def asyncpg_asks_for_tls_first_and_takes_the_plain_connection(p):
    async def live():
        conn = await asyncpg_connect(p, ssl="prefer")
        equal(await conn.fetchval("SELECT 1"), 1)
        await conn.close()
    asyncio.run(live())


@test
def jdbc_inserts_selects_updates_and_commits(p):
    classes = p.dir / "classes"
    classes.mkdir(exist_ok=True)
    made = p.run("javac", "-d", classes, "-cp", JDBC, JAVA / "Booking.java", timeout=80)
    equal(made.returncode, 0, made.stdout)
    some = keys(p)
    result = p.run("java", "-XX:TieredStopAtLevel=1", "-cp", f"{classes}:{JDBC}", "Booking",
                   f"jdbc:postgresql://127.0.0.1:{p.port}/{DATABASE}", *some, timeout=60)
    equal((result.returncode, result.stdout.splitlines()[-1:]), (0, ["fine"]), result.stdout)
    equal([visits(p, key) for key in some], [100] * len(some))


@test
def psql_takes_settings_from_pgoptions(p):
    got = p.psql("SHOW work_mem; SELECT current_setting('work_mem');\n", "-At",
                 PGOPTIONS="-c work_mem=7MB -c search_path=public")
    equal(got, "7MB\n7MB\n")


@test
def libpq_sends_its_start_up_settings_from_the_environment(p):
    got = p.psql("SHOW TimeZone; SHOW DateStyle; SHOW application_name; SHOW client_encoding;\n", "-At",
                 PGTZ="Asia/Tokyo", PGDATESTYLE="German", PGAPPNAME="mine", PGCLIENTENCODING="UTF8")
    equal(got, "Asia/Tokyo\nGerman, DMY\nmine\nUTF8\n")


@test
def libpq_connects_by_all_its_ways_to_ask_for_encryption(p):
    for mode in ("disable", "allow", "prefer"):
        for gss in ("disable", "prefer"):
            got = p.psql("SELECT 1;\n", "-At", PGSSLMODE=mode, PGGSSENCMODE=gss)
            equal(got, "1\n", f"{mode} {gss}")
    assert "server does not support SSL" in p.psql("SELECT 1;\n", PGSSLMODE="require")


@test
def pg_isready_finds_shardward(p):
    result = p.run(clusters.BIN / "pg_isready", "-h", "127.0.0.1", "-p", p.port)
    equal(result.returncode, 0, result.stdout)
