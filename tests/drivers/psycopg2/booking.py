"""booking - psycopg2: client-side binding, named cursors, COPY, notifications, its pool."""

import datetime
import decimal
import io
import os
import select
import threading
import uuid

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras
import psycopg2.pool

KEYS = [int(key) for key in os.environ["KEYS"].split()]


def say(step, *seen):
    print(f"{step}:", *seen, flush=True)


def connect(**options):
    conn = psycopg2.connect("", connect_timeout=10, **options)
    conn.autocommit = True
    return conn


def rows_step(conn, cur):
    for key in KEYS:
        cur.execute("INSERT INTO patients (patient_id, name, phone) VALUES (%s, %s, %s)",
                    (key, "Zoë O'Brien \\", None))
        say("insert", cur.statusmessage, cur.rowcount)
    cur.execute("INSERT INTO hospitals VALUES (%s, 'St. Mary', 'Cork') RETURNING name", (KEYS[0],))
    say("single table", cur.fetchall())
    cur.execute("SELECT count(*) FROM hospitals WHERE hospital_id = %s", (KEYS[0],))
    say("single table", cur.fetchone())
    for key in KEYS:
        cur.execute("SELECT name, phone, visits FROM patients WHERE patient_id = %(key)s", {"key": key})
        say("select", cur.fetchone(), [column.name for column in cur.description],
            [column.type_code for column in cur.description])
    with conn.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as by_name:
        by_name.execute("SELECT name, city FROM patients WHERE patient_id = %s", (KEYS[1],))
        say("select", dict(by_name.fetchone()))
    cur.execute("UPDATE patients SET visits = visits + 1 WHERE patient_id = %s RETURNING visits", (KEYS[1],))
    say("update", cur.fetchone())
    cur.execute("DELETE FROM hospitals WHERE hospital_id = %s", (KEYS[0],))
    say("delete", cur.statusmessage)


def prepared_step(cur):
    cur.execute("PREPARE named (bigint) AS SELECT visits FROM patients WHERE patient_id = $1")
    say("prepared", cur.statusmessage)
    for key in KEYS:
        cur.execute("EXECUTE named (%s)", (key,))
        say("prepared", cur.fetchone())
    cur.execute("DEALLOCATE named")
    say("prepared", cur.statusmessage)


def batch_step(cur):
    row = "INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id) VALUES (%s, %s, 1, 1)"
    cur.executemany(row, [(KEYS[0], n) for n in range(10)])
    psycopg2.extras.execute_batch(cur, row, [(KEYS[0], n) for n in range(10, 50)], page_size=20)
    psycopg2.extras.execute_values(
        cur, "INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id) VALUES %s",
        [(KEYS[0], n, 1, 1) for n in range(50, 90)])
    cur.execute("SELECT count(*), sum(appointment_id) FROM appointments WHERE patient_id = %s", (KEYS[0],))
    say("batch", cur.fetchone())


def transaction_step(conn, cur):
    conn.autocommit = False
    cur.execute("UPDATE patients SET balance = 5 WHERE patient_id = %s", (KEYS[2],))
    say("transaction", conn.get_transaction_status() == psycopg2.extensions.TRANSACTION_STATUS_INTRANS)
    conn.rollback()
    with conn, conn.cursor() as inner:       # commits at its end
        inner.execute("UPDATE patients SET balance = balance + 1 WHERE patient_id = %s", (KEYS[2],))
    cur.execute("SELECT balance FROM patients WHERE patient_id = %s", (KEYS[2],))
    say("transaction", cur.fetchone())
    cur.execute("SAVEPOINT one")
    try:
        cur.execute("INSERT INTO patients (patient_id, name) VALUES (%s, 'again')", (KEYS[2],))
    except psycopg2.errors.UniqueViolation as error:
        say("savepoint", error.pgcode, error.diag.constraint_name)
    try:
        cur.execute("SELECT 1")
    except psycopg2.errors.InFailedSqlTransaction as error:
        say("savepoint", error.pgcode)
    cur.execute("ROLLBACK TO SAVEPOINT one")
    cur.execute("UPDATE patients SET balance = balance + 1 WHERE patient_id = %s RETURNING balance", (KEYS[2],))
    say("savepoint", cur.fetchone())
    conn.commit()
    conn.autocommit = True


def copy_step(cur):
    rows = "".join(f"{KEYS[1]}\t{n}\t7\t{n * 2}\n" for n in range(500))
    cur.copy_from(io.StringIO(rows), "appointments",
                  columns=("patient_id", "appointment_id", "doctor_id", "slot_id"))
    say("copy in", cur.rowcount)
    cur.copy_expert("COPY kinds (patient_id, n, word) FROM STDIN (FORMAT csv, HEADER)",
                    io.StringIO(f"patient_id,n,word\n{KEYS[1]},1,\"a, \"\"b\"\"\"\n{KEYS[1]},2,\n"))
    say("copy in", cur.rowcount)
    out = io.StringIO()
    cur.copy_expert("COPY (SELECT appointment_id, status FROM appointments"
                    f" WHERE patient_id = {KEYS[1]} ORDER BY 1) TO STDOUT", out)
    lines = out.getvalue().splitlines()
    say("copy out", len(lines), lines[:2], lines[-1], cur.rowcount)


def cursor_step(conn):
    conn.autocommit = False
    with conn.cursor("portions") as named:
        named.itersize = 7
        named.execute("SELECT appointment_id FROM appointments WHERE patient_id = %s ORDER BY 1", (KEYS[1],))
        say("cursor", sum(row[0] for row in named))
    with conn.cursor("everywhere") as named:
        named.itersize = 7
        named.execute("SELECT appointment_id FROM appointments WHERE patient_id IN %s ORDER BY 1", (tuple(KEYS),))
        say("cursor", "over shards", [row[0] for row in named])
    with conn.cursor("scrolled", scrollable=True) as named:
        named.execute("SELECT appointment_id FROM appointments WHERE patient_id = %s ORDER BY 1", (KEYS[1],))
        named.scroll(10)
        say("cursor", named.fetchmany(3))
        named.scroll(5, mode="absolute")
        say("cursor", named.fetchone())
    conn.commit()
    conn.autocommit = True


def types_step(conn, cur):
    psycopg2.extras.register_uuid()
    values = {
        "flag": True, "small": -7, "number": 7, "big": 2**62, "approx": 0.1, "exact": decimal.Decimal("12.500000"),
        "word": "a\\b'c", "bytes": b"\0\xff'\\", "day": datetime.date(2026, 7, 1),
        "hour": datetime.time(8, 30), "moment": datetime.datetime(2026, 7, 1, 8, 30, 1, 5),
        "instant": datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone.utc),
        "span": datetime.timedelta(days=1, hours=2), "token": uuid.UUID(int=5),
        "doc": psycopg2.extras.Json({"a": 1}), "docb": psycopg2.extras.Json([1, None]),
        "period": psycopg2.extras.DateRange(datetime.date(2026, 1, 1), datetime.date(2026, 2, 1)),
        "numbers": [1, None, 3], "words": ["a b", 'c"d'], "label": None}
    cur.execute(f"INSERT INTO kinds (patient_id, n, {', '.join(values)})"
                f" VALUES (%s, 3{', %s' * len(values)})", (KEYS[1], *values.values()))
    cur.execute(f"SELECT {', '.join(values)} FROM kinds WHERE patient_id = %s AND n = 3", (KEYS[1],))
    row = cur.fetchone()
    for name, value in zip(values, row):
        say("types", name, bytes(value) if isinstance(value, memoryview) else value)
    cur.execute("SELECT patient_id FROM kinds WHERE patient_id = ANY(%s) AND n = ANY(%s)", ([KEYS[1]], [1, 3]))
    say("types", len(cur.fetchall()))
    psycopg2.extras.register_composite("visit", conn)
    moods = psycopg2.extensions.new_array_type(
        (oid_of(cur, "_mood"),), "MOODS", psycopg2.STRING)
    psycopg2.extensions.register_type(moods, conn)
    cur.execute("INSERT INTO kinds (patient_id, n, mood, moods, score, visit) VALUES"
                " (%s, 4, %s, %s::mood[], %s, %s)",
                (KEYS[1], "glad", ["sad", "glad"], 99, (datetime.date(2026, 7, 1), "calm", ["x"])))
    cur.execute("SELECT mood, moods, score, visit FROM kinds WHERE patient_id = %s AND n = 4", (KEYS[1],))
    say("own types", cur.fetchone())


def oid_of(cur, name):
    cur.execute("SELECT oid FROM pg_type WHERE typname = %s", (name,))
    return cur.fetchone()[0]


def errors_step(conn, cur):
    for sql in (f"INSERT INTO patients (patient_id, name) VALUES ({KEYS[0]}, 'again')",
                f"INSERT INTO kinds (patient_id, n, score) VALUES ({KEYS[0]}, 1, 101)",
                "SELECT nothing FROM patients WHERE patient_id = 1", "SELEC 1", "SELECT * FROM no_such_table",
                "SELECT 1/0", f"SELECT name::int FROM patients WHERE patient_id = {KEYS[0]}"):
        try:
            cur.execute(sql)
            raise AssertionError(sql)
        except psycopg2.Error as error:
            say("errors", type(error).__name__, error.pgcode, error.diag.message_primary)
    cur.execute("SELECT 'goes on'")
    say("errors", cur.fetchone(), conn.notices)


def isolation_step(cur):
    with connect() as other:
        other.set_session(isolation_level="SERIALIZABLE", readonly=True, autocommit=False)
        with other.cursor() as inner:
            inner.execute("SHOW transaction_isolation")
            say("isolation", inner.fetchone())
            inner.execute("SHOW transaction_read_only")
            say("isolation", inner.fetchone())
            try:
                inner.execute("UPDATE patients SET visits = 0 WHERE patient_id = %s", (KEYS[0],))
            except psycopg2.errors.ReadOnlySqlTransaction as error:
                say("isolation", error.pgcode)
    other.close()
    cur.execute("SHOW transaction_isolation")
    say("isolation", cur.fetchone())


def cancel_step(conn, cur):
    def cancel(sql):
        watch = psycopg2.connect(os.environ["WATCH"])
        watch.autocommit = True
        with watch.cursor() as inner:
            while inner.rowcount != 1:      # until it runs
                inner.execute("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND md5(query) = md5(%s)", (sql,))
        watch.close()
        conn.cancel()

    for sql in ("SELECT pg_sleep(50) /* psycopg2 */",
                f"SELECT pg_sleep(50) FROM patients WHERE patient_id = {KEYS[0]} /* psycopg2 */"):
        canceller = threading.Thread(target=cancel, args=(sql,))
        canceller.start()
        try:
            cur.execute(sql)
        except psycopg2.errors.QueryCanceled as error:
            say("cancel", error.pgcode)
        canceller.join()
    cur.execute("SELECT 'goes on'")
    say("cancel", cur.fetchone())


def notify_step(conn, cur):
    cur.execute("LISTEN bookings_psycopg2")
    with connect() as other, other.cursor() as inner:
        inner.execute("NOTIFY bookings_psycopg2, 'slot 7'")
    other.close()
    while not conn.notifies:
        select.select([conn], [], [])
        conn.poll()
    say("notify", conn.notifies[0].channel, conn.notifies[0].payload)


def pool_step():
    pool = psycopg2.pool.ThreadedConnectionPool(2, 4, "")
    for key in KEYS:
        conn = pool.getconn()
        with conn.cursor() as cur:
            cur.execute("SET work_mem = '7MB'")
            cur.execute("SELECT name FROM patients WHERE patient_id = %s", (key,))
            say("pool", cur.fetchone())
        pool.putconn(conn)           # rolls back
    conn = pool.getconn()
    conn.reset()                     # ABORT, RESET ALL, SET SESSION AUTHORIZATION DEFAULT
    with conn.cursor() as cur:
        cur.execute("SHOW work_mem")
        say("pool", cur.fetchone())
    pool.putconn(conn)
    pool.closeall()


def ddl_step(cur):
    cur.execute("CREATE TABLE notes_psycopg2 (patient_id bigint PRIMARY KEY, note text)")
    cur.execute("INSERT INTO notes_psycopg2 VALUES (%s, 'seen') RETURNING note", (KEYS[3],))
    say("ddl", cur.fetchone())
    cur.execute("DROP TABLE notes_psycopg2")
    say("ddl", cur.statusmessage)


def main():
    conn = connect(application_name="psycopg2", options="-c work_mem=5MB")
    cur = conn.cursor()
    cur.execute("SHOW work_mem")
    say("connect", conn.server_version, conn.encoding, conn.get_parameter_status("DateStyle"),
        conn.info.protocol_version, cur.fetchone())
    rows_step(conn, cur)
    prepared_step(cur)
    batch_step(cur)
    transaction_step(conn, cur)
    copy_step(cur)
    cursor_step(conn)
    types_step(conn, cur)
    errors_step(conn, cur)
    isolation_step(cur)
    cancel_step(conn, cur)
    notify_step(conn, cur)
    pool_step()
    ddl_step(cur)
    conn.close()
    say("done", "all")


if __name__ == "__main__":
    main()
