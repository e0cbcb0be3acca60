"""
What a client leaves behind is met by nobody. In every pool mode, with one server connection for each
shard: one client leaves everything that can be left, and goes; the next one, on the same server perhaps,
is told what a client of PostgreSQL is told that has just come.
"""

import contextlib
import json
import time

import wire
from platform_under_test import ORACLE
from suite import equal, rows
from test_extended import patient_in_both
from test_pools import workers
from wire import FLUSH, SYNC, bind, describe, execute, message, parse, query

# What a server still knows of somebody. Statements that shardward itself has prepared are not the
# client's; the settings are those that connections of both kinds have been opened with.
SEEN = """CREATE OR REPLACE FUNCTION public.seen() RETURNS json LANGUAGE sql AS $$
SELECT json_build_object(
  'settings', (SELECT json_object_agg(name, setting) FROM pg_settings
               WHERE category <> 'Customized Options'
                 AND name NOT IN ('client_connection_check_interval', 'application_name', 'transaction_read_only')),
  'application', coalesce(nullif(current_setting('application_name'), 'shardward'), ''),
  'users', json_build_array(current_user, session_user),
  'statements', (SELECT count(*) FROM pg_prepared_statements WHERE from_sql),
  'cursors', (SELECT count(*) FROM pg_cursors WHERE name <> '' AND statement !~ 'seen'),
  'locks', (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
  'channels', (SELECT count(*) FROM pg_listening_channels()),
  'temporary', (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()),
  'visible', (SELECT json_agg(relname) FROM pg_class WHERE relname ~ '^left' AND pg_table_is_visible(oid))) $$"""

FUNCTIONS = ("        tables:                           # {}: a single table",
             "        functions: {'seen()': {harmless: true}}\n        tables:                           # {}: a single table")
WHOLE = ("databases:\n", f"databases:\n  whole:\n    catalog: {{cluster: c1, dbname: {ORACLE}}}\n")


def users(mode):
    return ("users:\n  booking:", "users:\n  next:\n    password: next\n    server: {user: booking, password: booking}\n"
            f"    pool: {{mode: {mode}, size: 1}}\n  booking:")


def simple(*texts):
    return [query(text) for text in texts]


def extended(*texts):
    return [parse(text) + bind() + execute() + SYNC for text in texts]


# Of each flight everything up to one ReadyForQuery is read, unless it is the last one.
def left_on(key):
    read = f"SELECT name FROM patients WHERE patient_id = {key}"
    visit = f"UPDATE patients SET visits = 99 WHERE patient_id = {key}"
    row = f"{key}\tx\n".encode()
    return {
        "SET": simple("SET work_mem = '7MB'", read),
        "SET by the extended protocol": extended("SET work_mem = '7MB'", read),
        "SET in a transaction left open": simple("BEGIN", "SET work_mem = '7MB'", read),
        "SET in a transaction": simple("BEGIN", read, "SET work_mem = '7MB'", "COMMIT", read),
        "SET LOCAL": simple("BEGIN", read, "SET LOCAL work_mem = '7MB'", read),
        "SET in a string that fails": simple(f"SET work_mem = '7MB'; {read}; SELECT 1/0"),
        "set_config": simple("SELECT set_config('work_mem', '7MB', false)", read),
        "set_config beside a table": simple(f"SELECT set_config('work_mem', '7MB', false), name {read[11:]}", read),
        "settings of all kinds": simple(
            "SET TimeZone = 'Asia/Tokyo'", "SET DateStyle = German", "SET IntervalStyle = iso_8601", "SET extra_float_digits = 0",
            "SET application_name = 'left'", "SET search_path = information_schema, public", "SET statement_timeout = '50s'",
            "SET lock_timeout = '40s'", "SET idle_in_transaction_session_timeout = '30s'", "SET bytea_output = escape",
            "SET default_transaction_isolation = serializable", "SET default_transaction_read_only = on",
            "SET client_min_messages = error", "SET enable_seqscan = off", "SET session_replication_role = replica",
            "SET plan_cache_mode = force_generic_plan", read),
        "a short statement_timeout": simple("SET statement_timeout = '1ms'", read, read),
        "RESET to the start-up packet": simple("SET search_path = public", "RESET ALL", read),
        "SET ROLE": simple("SET ROLE booking", read, "SET ROLE pg_read_all_data", read),
        "SET SESSION AUTHORIZATION": simple("SET SESSION AUTHORIZATION booking", read),
        "SET SESSION CHARACTERISTICS": simple("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", read),
        "PREPARE": simple(f"PREPARE left_behind AS {read}", "EXECUTE left_behind"),
        "Parse": [parse(read, "left_behind") + describe("S", "left_behind") + bind((), "left_behind") + execute() + SYNC],
        "a portal": [query("BEGIN"), parse(read) + bind((), "", "left_behind") + execute(1, "left_behind") + FLUSH],
        "a cursor": simple("BEGIN", f"DECLARE left_behind CURSOR FOR {read}", "FETCH left_behind"),
        "a cursor WITH HOLD": simple(f"DECLARE left_behind CURSOR WITH HOLD FOR {read}", "FETCH left_behind"),
        "a cursor WITH HOLD, committed": simple("BEGIN", f"DECLARE left_behind CURSOR WITH HOLD FOR {read}", "COMMIT"),
        "a temporary table": simple("CREATE TEMP TABLE left_behind (a int)", "CREATE TEMP TABLE doctors (a int)"),
        "a temporary table of rows": simple(f"CREATE TEMP TABLE left_behind AS {read}", read),
        "a temporary table by SELECT INTO": simple(f"{read.replace(' FROM', ' INTO TEMP left_behind FROM')}", read),
        "a temporary table by the extended protocol": extended("CREATE TEMP TABLE left_behind (a int)", f"CREATE TEMP TABLE doctors AS {read}"),
        "a temporary table, with all that may belong to it": simple(
            f"CREATE TEMP TABLE left AS {read}", "CREATE INDEX left_index ON left (name)", "ALTER TABLE left ADD left_number serial",
            "ALTER TABLE left RENAME TO left_behind", "CREATE TEMP TABLE left_too (LIKE left_behind INCLUDING ALL)", read),
        **{f"a temporary table ON COMMIT {what}, {how}": simple(*before, f"CREATE TEMP TABLE left_behind ON COMMIT {what} AS {read}", *after)
           for what in ("PRESERVE ROWS", "DELETE ROWS", "DROP")
           for how, before, after in (("alone", (), ()), ("committed", ("BEGIN",), ("COMMIT",)), ("open", ("BEGIN",), ()),
                                      ("rolled back", ("BEGIN",), ("ROLLBACK",)), ("failed", ("BEGIN",), ("SELECT 1/0",)),
                                      ("back to a savepoint", ("BEGIN", "SAVEPOINT s"), ("ROLLBACK TO s", "COMMIT")))},
        "a temporary table that hides one": simple(f"CREATE TEMP TABLE patients AS SELECT 1::bigint AS patient_id, {key} AS visits, 'x' AS name",
                                                   f"PREPARE hidden AS {read}", "EXECUTE hidden", read),
        "a temporary table that hides one, on its shard": [
            *simple(f"CREATE TEMP TABLE patients AS SELECT {key}::bigint AS patient_id, name, 5 AS visits FROM patients WHERE patient_id = {key}"),
            parse(read, "hidden") + bind((), "hidden") + execute() + SYNC],
        "a temporary table, dropped": simple(f"CREATE TEMP TABLE left_behind AS {read}", "DROP TABLE left_behind", read),
        "a temporary table, discarded": simple(f"CREATE TEMP TABLE left_behind AS {read}", "DISCARD TEMP", read),
        "a temporary table, discarded, which was not committed": simple(
            f"CREATE TEMP TABLE left_behind AS {read}", "BEGIN", "DISCARD TEMP", "ROLLBACK", read),
        "a temporary table that could not be made": simple("CREATE TEMP TABLE left_behind AS SELECT 1/0"),
        "temporary tables on two servers": simple(f"CREATE TEMP TABLE left_behind AS {read}",
                                                  "CREATE TEMP TABLE left_too AS SELECT * FROM hospitals", "DISCARD TEMP", read),
        "half a COPY into a temporary table": simple("CREATE TEMP TABLE left_behind (a int)") +
                                              [query("COPY left_behind FROM STDIN") + message("d", b"1\n2")],
        "a batch with a temporary table, without its end": [parse(f"CREATE TEMP TABLE left_behind AS {read}") + bind() + execute() + FLUSH],
        "a lock of the session": simple("SELECT pg_advisory_lock(4711)", read),
        "a lock of the session by the extended protocol": extended("SELECT pg_try_advisory_lock(4711)", "SELECT 1"),
        "a lock in a failed transaction": simple("BEGIN", "SELECT pg_advisory_lock(4711)", "SELECT 1/0"),
        "a lock of the transaction": simple("BEGIN", "SELECT pg_advisory_xact_lock(4711)", read),
        "LISTEN": simple("LISTEN left_behind", read),
        "LISTEN in a transaction": simple("BEGIN", "LISTEN left_behind", "COMMIT"),
        "LISTEN, with news unread": simple("LISTEN left_behind", "NOTIFY left_behind"),
        "UNLISTEN that was undone": simple("LISTEN left_behind", "BEGIN", "UNLISTEN *", "ROLLBACK"),
        "an open transaction": simple("BEGIN", visit),
        "an open transaction of many shards": simple("BEGIN", read, "SELECT count(*) FROM hospitals", "SELECT seen()"),
        "a failed transaction": simple("BEGIN", read, "SELECT 1/0"),
        "a batch without its end": [parse(visit) + bind() + execute() + FLUSH],
        "half a COPY": [query("COPY doctors FROM STDIN") + message("d", b"1\t2")],
        "half a COPY of rows": [query("COPY patients (patient_id, name) FROM STDIN") + message("d", row)],
        "rows that nobody reads": [query(f"SELECT repeat('x', 100000) FROM patients, generate_series(1, 2000)"
                                         f" WHERE patient_id = {key}")],
        "numbers of a sequence": simple("SELECT shardward.next_id('appointments')", "SELECT nextval('left_behind')"),
        "everything": simple("SET work_mem = '7MB'", "LISTEN left_behind", "SELECT pg_advisory_lock(4711)", read, "BEGIN", read),
    }


# The last of their flights is not answered, or not in full.
UNANSWERED = ("a portal", "a batch without its end", "half a COPY", "half a COPY of rows", "rows that nobody reads",
              "half a COPY into a temporary table", "a batch with a temporary table, without its end")

PROBES = ("SHOW work_mem", "SHOW search_path", "SHOW TimeZone", "SHOW DateStyle", "SHOW statement_timeout", "SHOW role",
          "SHOW default_transaction_read_only", "SHOW application_name", "EXECUTE left_behind", "FETCH left_behind",
          "SELECT * FROM left_behind", "SELECT * FROM left_too", "SELECT count(*) FROM doctors WHERE doctor_id < 0",
          "SELECT name FROM patients WHERE patient_id = {key}", "SELECT pg_try_advisory_xact_lock(4711)", "SELECT pg_listening_channels()",
          "SELECT lastval()", "ROLLBACK", "SELECT visits, name FROM patients WHERE patient_id = {key}")


def login(p, other, database):
    client = p.wire(other.port)
    answers = client.login({"user": "next", "database": database}, "next")
    assert answers[-1].kind == "Z", answers
    return client


def outcome(answers):
    errors = [answer.fields()["C"] for answer in answers if answer.kind == "E"]
    return errors or wire.rows_of(answers)


def look(client, key):
    """What a client sees, and what its servers know."""
    seen = {sql: outcome(client.query(sql.format(key=key))) for sql in PROBES}
    seen["Bind"] = outcome(client.ask(bind((), "left_behind") + SYNC))
    seen["portal"] = outcome(client.ask(execute(0, "left_behind") + SYNC))
    seen["status"] = {name: client.status.get(name) for name in ("DateStyle", "TimeZone", "IntervalStyle", "application_name",
                                                                 "client_encoding", "standard_conforming_strings")}
    for name, sql in (("catalog", "SELECT seen()"), ("shard", f"SELECT seen() FROM patients WHERE patient_id = {key}")):
        answer = outcome(client.query(sql))
        seen[name] = json.loads(answer[0][0]) if isinstance(answer[0], list) else answer
    return seen


def unlike(client, key, expected):
    """
    What differs. What is refused is as good, as nobody can see it; and a server that was left by its
    client needs a moment to end, as PostgreSQL does, too.
    """
    deadline = time.monotonic() + 5
    while True:
        got = look(client, key)
        wrong = {name: (got[name], expected[name]) for name in expected
                 if got[name] != expected[name] and (got[name] != ["0A000"] or name not in PROBES)}
        if not wrong or time.monotonic() > deadline:
            return wrong
        time.sleep(0.05)


def leave(client, name, flights):
    for number, flight in enumerate(flights):
        client.send(flight)
        if name not in UNANSWERED or number + 1 < len(flights):
            client.read_ready()
        else:
            client.read()


def fresh(p, key):
    with p.oracle_wire(ORACLE) as client:
        return look(client, key)


@contextlib.contextmanager
def seen_everywhere(p):
    places = ("catalog", *p.shards("users"))
    for sql in (SEEN, "DROP FUNCTION public.seen()"):
        for shard in places:
            p.change(shard, sql)
        with p.oracle() as conn:
            conn.execute(sql)
        if sql == SEEN:
            yield


@rows([("transaction", "transaction", "booking"), ("session", "session", "booking"), ("statement", "statement", "booking"),
       ("session, servers of their own", "session", "whole")])
def the_next_client_meets_nothing(p, mode, database):
    with seen_everywhere(p):
        leave_all(p, mode, database)


def leave_all(p, mode, database):
    key = patient_in_both(p, "users_1")
    expected, met = fresh(p, key), {}
    with p.another_shardward(users(mode), FUNCTIONS, WHOLE, workers(1)) as other:
        for name, flights in left_on(key).items():
            if mode == "statement" and flights[0] == query("BEGIN"):
                continue        # refused, so that the rest would be something else
            for end in (wire.TERMINATE, b""):
                with login(p, other, database) as client:
                    leave(client, name, flights)
                    client.send(end)
                with login(p, other, database) as client:
                    wrong = unlike(client, key, expected)
                if wrong:
                    met[name, bool(end)] = wrong
    equal(met, {})
