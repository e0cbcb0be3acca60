"""
What stays on a server beyond the transaction: locks of the session, channels that are listened to, temporary
tables. Each script ends so that nothing is left, and the server free for the next client.
"""

from script import ADA, COPY_DONE, data, each, queries, run, shown, visit
from wire import FLUSH, SYNC, bind, describe, execute, parse, query

HELD = f"DECLARE c CURSOR WITH HOLD FOR SELECT n, name FROM patients, generate_series(1, 9) n WHERE patient_id = {ADA}"

MADE, FILLED = "CREATE TEMP TABLE t (a int PRIMARY KEY, b text)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')"
ALL, GONE = "SELECT * FROM t ORDER BY a", "DROP TABLE t"
TAKEN = f"CREATE TEMP TABLE t AS SELECT patient_id AS a, name AS b FROM patients WHERE patient_id = {ADA}"

SCRIPTS = [
    *((name, *queries(*texts)) for name, *texts in [
        ("LISTEN and UNLISTEN", "LISTEN news", "LISTEN news", "UNLISTEN other", "UNLISTEN news", "UNLISTEN *"),
        ("NOTIFY", "NOTIFY news", "NOTIFY news, 'read'", "SELECT pg_notify('news', 'read')"),
        ("channels", "SELECT pg_listening_channels()", "LISTEN news", "SELECT pg_listening_channels()", "UNLISTEN *"),
        ("LISTEN in a transaction", "BEGIN", "LISTEN news", "SELECT pg_listening_channels()", "COMMIT",
         "SELECT pg_listening_channels()", "BEGIN", "UNLISTEN *", "ROLLBACK", "SELECT pg_listening_channels()", "UNLISTEN *"),
        ("NOTIFY in a transaction", "BEGIN", "NOTIFY news", "SAVEPOINT a", "NOTIFY news, 'b'", "ROLLBACK TO a", "COMMIT"),
        ("strings", "LISTEN news; NOTIFY other; UNLISTEN *", "BEGIN; LISTEN news; COMMIT", "LISTEN a; SELECT 1/0", "UNLISTEN *"),
        ("errors", "LISTEN", "NOTIFY news, 1", "NOTIFY news, ''", f"NOTIFY {'x' * 64}", "SELECT pg_notify('', 'x')"),
        ("locks", "SELECT pg_advisory_lock(77), pg_try_advisory_lock(77)", "SELECT pg_advisory_unlock(77)",
         "SELECT pg_advisory_unlock(77)", "SELECT pg_advisory_unlock(77)", "SELECT pg_advisory_unlock_all()"),
        ("locks of transactions", "BEGIN", "SELECT pg_advisory_xact_lock(7, 8)", "SELECT pg_advisory_unlock(7, 8)", "COMMIT"),
        ("what pools send", "LISTEN news", "SELECT pg_advisory_lock(77)",
         "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL", "SELECT pg_advisory_unlock(77)"),
        ("cursors WITH HOLD", HELD, "FETCH 2 c", "BEGIN", "FETCH c", "ROLLBACK", "FETCH c", "CLOSE c", "FETCH c"),
        ("cursors WITH HOLD, committed", "BEGIN", HELD, "COMMIT", "FETCH 3 c", HELD, "CLOSE ALL"),
        ("cursors WITH HOLD, rolled back", "BEGIN", HELD, "ROLLBACK", "FETCH c", "BEGIN", HELD, "SELECT 1/0", "COMMIT", "FETCH c"),
        ("DISCARD ALL", "LISTEN news", "SET work_mem = '5MB'", "DISCARD ALL", "SHOW work_mem", "SELECT pg_listening_channels()"),
        ("beside tables of a transaction", "BEGIN", "SELECT pg_advisory_xact_lock(77)", visit(ADA), "COMMIT"),
    ]),
    ("LISTEN by the extended protocol", *each("LISTEN news", "SELECT pg_listening_channels()", "UNLISTEN *")),
    ("cursors WITH HOLD by the extended protocol", *each(HELD, "FETCH 2 c", "FETCH c", "CLOSE c", "FETCH c")),
    *((f"temporary tables: {name}", *queries(*texts)) for name, *texts in [
        ("of columns", MADE, FILLED, ALL, "UPDATE t SET b = 'z' RETURNING *", "DELETE FROM t", GONE),
        ("of a query", TAKEN, ALL, f"SELECT t.b, p.visits FROM t JOIN patients p ON p.patient_id = a WHERE p.patient_id = {ADA}", GONE),
        ("SELECT INTO", f"SELECT name AS b, 1 AS a INTO TEMP t FROM patients WHERE patient_id = {ADA}", ALL, GONE),
        ("in a transaction", "BEGIN", MADE, FILLED, "COMMIT", ALL, "BEGIN", GONE, "ROLLBACK", ALL, GONE),
        ("rolled back", "BEGIN", TAKEN, "SELECT 1/0", ALL, "ROLLBACK", "DROP TABLE IF EXISTS t"),
        ("savepoints", "BEGIN", MADE, "SAVEPOINT a", GONE, "ROLLBACK TO a", FILLED, ALL, "RELEASE a", "ROLLBACK"),
        ("ON COMMIT DROP", "BEGIN", MADE + " ON COMMIT DROP", FILLED, ALL, "COMMIT", "DROP TABLE IF EXISTS t"),
        ("ON COMMIT DELETE ROWS", MADE + " ON COMMIT DELETE ROWS", FILLED, ALL, "DISCARD TEMP"),
        ("that hide others", f"CREATE TEMP TABLE patients AS SELECT {ADA} AS patient_id, 'mine' AS name, 7 AS visits",
         f"SELECT name FROM patients WHERE patient_id = {ADA}", "DROP TABLE patients", f"SELECT name FROM patients WHERE patient_id = {ADA}"),
        ("changed", MADE, "ALTER TABLE t ADD c serial", "CREATE INDEX i ON t (b)", FILLED, "TRUNCATE t", "ALTER TABLE t RENAME TO u", "ANALYZE u",
         "SELECT * FROM u", "DROP TABLE u"),
        ("in strings", f"{MADE}; {FILLED}; {ALL}", f"{ALL}; {GONE}", f"{MADE}; SELECT 1/0", f"{MADE}; {GONE}"),
        ("errors", MADE, MADE, "INSERT INTO t VALUES ('x')", "SELECT c FROM t", "CREATE TEMP TABLE public.u (a int)", "DISCARD ALL")]),
    *((f"temporary tables by the extended protocol: {name}", *flights) for name, *flights in [
        ("one by one", *each(MADE, FILLED, ALL, TAKEN.replace("TABLE t", "TABLE u"), "SELECT * FROM u", "DROP TABLE u", GONE)),
        ("one flight", shown(MADE) + shown(FILLED) + shown(ALL) + shown(GONE) + SYNC),
        ("one flight that fails", shown(MADE) + shown("SELECT 1/0") + shown(ALL) + SYNC, *each(MADE, GONE)),
        ("a transaction in a flight", run("BEGIN") + run(MADE) + run(FILLED) + run("COMMIT") + run(ALL) + SYNC, *each(GONE)),
        ("Flush", run(MADE) + FLUSH + run(FILLED) + FLUSH + run(ALL) + run(GONE) + SYNC),
        ("a statement with a name", query(MADE), parse("INSERT INTO t VALUES ($1, $2) RETURNING *", "s") + describe("S", "s") + SYNC,
         *(bind([n, "x"], "s") + execute() + SYNC for n in "12"), query(GONE), query(MADE), bind(["3", "x"], "s") + execute() + SYNC, query(GONE)),
        ("a portal", query("BEGIN"), query(MADE), query(FILLED), parse(ALL) + bind((), "", "p") + execute(1, "p") + SYNC, execute(1, "p") + SYNC,
         query("ROLLBACK"))]),
    ("COPY of temporary tables", query(MADE), (query("COPY t FROM STDIN"), "G"), data("1\tx\n", "2\ty\n") + COPY_DONE,
     query("COPY t TO STDOUT"), (query("COPY t FROM STDIN"), "G"), data("x\tx\n") + COPY_DONE, query(GONE)),
    ("locks by the extended protocol", *each("SELECT pg_try_advisory_lock(77)", "SELECT pg_advisory_unlock(77)", "DISCARD ALL")),
]
