"""
What stays on a server beyond the transaction: locks of the session, channels that are listened to. Each
script ends so that nothing is left, and the server free for the next client.
"""

from script import ADA, each, queries, visit

HELD = f"DECLARE c CURSOR WITH HOLD FOR SELECT n, name FROM patients, generate_series(1, 9) n WHERE patient_id = {ADA}"

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
    ("locks by the extended protocol", *each("SELECT pg_try_advisory_lock(77)", "SELECT pg_advisory_unlock(77)", "DISCARD ALL")),
]
