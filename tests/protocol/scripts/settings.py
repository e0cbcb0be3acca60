"""SET, RESET, SET LOCAL, SHOW and set_config: values, tags, ParameterStatus and its place."""

from script import ADA, CYD, SETTINGS, broken, each, name_of, queries, run
from wire import SYNC, parse, query

SEEN = f"SELECT {SETTINGS} FROM patients WHERE patient_id = {ADA}"

SCRIPTS = [
    *((name, *queries(*texts)) for name, *texts in [
        ("set and reset", "SET work_mem = '5MB'", "SHOW work_mem", SEEN, "RESET work_mem", "SHOW work_mem", SEEN),
        ("to default", "SET work_mem TO '5MB'", "SET work_mem TO DEFAULT", "SHOW work_mem"),
        ("reported", "SET application_name = 'a'", "SET DateStyle = German", "SET TimeZone = 'asia/tokyo'", "SET IntervalStyle = iso_8601", "RESET ALL"),
        ("reported in one string", "SET application_name = 'a'; SET DateStyle = German; SET TimeZone = 'utc'", "RESET ALL"),
        ("reported only when changed", "SET application_name = ''", "SET TimeZone = 'utc'", "SET TimeZone = 'UTC'", "SET DateStyle = 'iso'"),
        ("set twice in one string", "SET DateStyle = German; SET DateStyle = ISO"),
        ("rolled back", "BEGIN", "SET DateStyle = German", "SELECT date '2026-11-30'", "ROLLBACK", "SELECT date '2026-11-30'"),
        ("rolled back by an error", "BEGIN", "SET TimeZone = 'Asia/Tokyo'", "SELECT 1/0", "COMMIT", "SHOW TimeZone"),
        ("committed", "BEGIN", "SET TimeZone = 'Asia/Tokyo'", "COMMIT", SEEN),
        ("local", "BEGIN", "SET LOCAL DateStyle = German", "SHOW DateStyle", "COMMIT", "SHOW DateStyle"),
        ("local and not", "BEGIN", "SET work_mem = '5MB'", "SET LOCAL work_mem = '6MB'", "SHOW work_mem", "COMMIT", "SHOW work_mem", SEEN),
        ("local outside", "SET LOCAL work_mem = '5MB'", "SHOW work_mem"),
        ("savepoints", "BEGIN", "SET TimeZone = 'Asia/Tokyo'", "SAVEPOINT a", "SET TimeZone = 'UTC'", "ROLLBACK TO a", "SHOW TimeZone", "COMMIT", SEEN),
        ("savepoints released", "BEGIN", "SAVEPOINT a", "SET LOCAL TimeZone = 'UTC'", "RELEASE a", "SHOW TimeZone", "COMMIT", SEEN),
        ("to every place", "SET work_mem = '5MB'", SEEN, f"SELECT {SETTINGS} FROM patients WHERE patient_id = {CYD}", f"SELECT {SETTINGS} FROM hospitals", f"SELECT {SETTINGS}"),
        ("time zones", "SET TIME ZONE 'UTC'", "SHOW TIME ZONE", "SET TIME ZONE 3", "SHOW TIME ZONE", "SET TIME ZONE INTERVAL '-05:30' HOUR TO MINUTE", "SHOW TIME ZONE",
         "SET TIME ZONE LOCAL", "SET TIME ZONE DEFAULT", "SHOW TIME ZONE", "RESET TIME ZONE"),
        ("names", "SET NAMES 'UTF8'", "SHOW client_encoding", "SET client_encoding = 'utf-8'", "SET NAMES DEFAULT", "RESET client_encoding"),
        ("characteristics", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SHOW default_transaction_read_only", "SHOW transaction_read_only",
         "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "SHOW transaction_read_only"),
        ("search_path", "SET search_path = public, pg_catalog", "SHOW search_path", "SET search_path TO \"$user\", public", "SHOW search_path", "RESET search_path"),
        ("values that are wrong", "SET work_mem = 'much'", "SET work_mem = 1", "SET TimeZone = 'Nowhere'", "SET DateStyle = 'x'", "SET enable_hashjoin = 7.5", "SHOW work_mem",
         "SET client_encoding = klingon", "SET NAMES 'UTF16'", "SET client_encoding = ''", "BEGIN", "SET client_encoding TO 'no such'", "ROLLBACK"),
        ("names that are wrong", "SET nothing = 1", "SHOW nothing", "RESET nothing", "SET LOCAL nothing = 1", "SELECT current_setting('nothing')", "SET a.b.c = 1", "SET \"a b\".c = 1"),
        ("what may not be set", "SET max_connections = 7", "SET server_version = 'x'", "SET log_statement = 'all'", "RESET max_connections"),
        ("of one's own", "SET my.tenant = '7'", "SHOW my.tenant", "SELECT current_setting('my.tenant')", f"SELECT current_setting('my.tenant') FROM patients WHERE patient_id = {ADA}"),
        ("DISCARD ALL", "SET work_mem = '5MB'", "SET DateStyle = German", "DISCARD ALL", SEEN, "BEGIN", "DISCARD ALL", "ROLLBACK"),
        ("RESET ALL in a transaction", "SET DateStyle = German", "BEGIN", "RESET ALL", "SHOW DateStyle", "ROLLBACK", "SHOW DateStyle"),
        ("an error in the string", "SET DateStyle = German; SELECT 1/0", "SHOW DateStyle", "SET TimeZone = 'UTC'; SET nothing = 1", "SHOW TimeZone"),
        ("set_config", "SELECT set_config('work_mem', '5MB', false)", SEEN, "SELECT set_config('DateStyle', 'German', false)", "BEGIN",
         "SELECT set_config('work_mem', '6MB', true)", "SHOW work_mem", "COMMIT", "SHOW work_mem"),
        ("SHOW of many", "SHOW server_version", "SHOW server_encoding", "SHOW integer_datetimes", "SHOW standard_conforming_strings", "SHOW IS_SUPERUSER", "SHOW session_authorization",
         "SHOW transaction_isolation", "SHOW transaction isolation level", "SHOW max_identifier_length", "SHOW lc_collate", "SHOW \"work_mem\""),
        ("floats", "SET extra_float_digits = 0", "SELECT 0.1::float8 + 0.2", f"SELECT visits + 0.1::float8 + 0.2 FROM patients WHERE patient_id = {ADA}"),
        ("statement_timeout", "SET statement_timeout = 40", "SELECT pg_sleep(5)", "RESET statement_timeout"),
        ("client_min_messages", "SET client_min_messages = error", "COMMIT", "RESET client_min_messages", "COMMIT"),
        ("in a failed transaction", "BEGIN", broken(ADA), "SET work_mem = '5MB'", "RESET ALL", "SHOW work_mem", "ROLLBACK", "SHOW work_mem"),
    ]),
    ("by the extended protocol", *each("SET DateStyle = German", "SHOW DateStyle", "SELECT date '2026-11-30'", "RESET DateStyle", "SET nothing = 1", "SHOW nothing")),
    ("in one batch", run("SET DateStyle = German") + run("SET TimeZone = 'UTC'") + run("SELECT now() IS NULL, date '2026-11-30'") + SYNC, query(name_of(ADA))),
    ("in a batch that fails", run("SET DateStyle = German") + run("SELECT 1/0") + SYNC, query("SHOW DateStyle")),
    ("of a batch in a transaction", query("BEGIN"), run("SET DateStyle = German") + SYNC, run("ROLLBACK") + SYNC, query("SHOW DateStyle")),
    ("in flight", (b"".join(queries("SET work_mem = '5MB'", SEEN, "SET DateStyle = German", SEEN, "RESET ALL", SEEN)), 6)),
    ("parsed only", parse("SET DateStyle = German") + SYNC, query("SHOW DateStyle")),
]
