"""Pool mode session: a database that is whole on one server, and a server for each client."""

import contextlib
import struct
import threading
import time

import guard
import psycopg
import wire
from platform_under_test import ORACLE
from suite import equal, rows, test
from test_cancel import CANCELLED, ask
from test_console import table
from test_pools import workers
from test_transactions import eventually
from wire import FLUSH, SYNC, TERMINATE, bind, close, describe, execute, message, parse, query

USERS = """users:
  direct:
    password: direct
    server: {user: booking, password: booking}
    pool: {mode: session, size: 3}
  reader:
    password: direct
    server: {user: booking, password: booking}
    read_only: true
    pool: {mode: session, size: 3}
"""
WHOLE = f"""databases:
  whole:
    catalog: {{cluster: c1, dbname: {ORACLE}}}
"""
EDITS = (("users:\n  booking:", f"{USERS}  booking:"), ("databases:\n", WHOLE))


def serving(p, *edits):
    return p.another_shardward(*EDITS, *edits)


def login(p, other, user="direct", database="whole", **params):
    client = p.wire(other.port)
    answers = client.login({"user": user, "database": database, **params}, "direct")
    assert answers[-1].kind == "Z", answers
    return client


def refusal(p, other, **options):
    with p.wire(other.port) as client:
        params = {"user": "direct", "database": "whole", **options}
        return wire.error_of(client.login(params, "direct"))


def copy_data(*lines):
    return b"".join(message("d", line.encode()) for line in lines)


COPY_DONE, COPY_FAIL = message("c"), message("f", b"enough\0")


def function_call(oid, *arguments):
    body = struct.pack("!IHH", oid, 0, len(arguments))
    for argument in arguments:
        body += struct.pack("!I", len(argument)) + argument
    return message("F", body + struct.pack("!H", 0))


# Flights, and how many ReadyForQuery answer them.
CONVERSATIONS = [
    ("queries", [(query("SELECT 1; SELECT 'a' AS b; SELECT 1/0; SELECT 2"), 1), (query(""), 1)]),
    ("pipelines and errors", [
        (parse("SELECT $1::int", "s") + SYNC, 1),
        (bind(["1"], "s") + execute() + SYNC + bind(["x"], "s") + execute() + SYNC
         + bind(["3"], "s") + execute() + SYNC + parse("nonsense") + SYNC, 4)]),
    ("portals that are suspended", [
        (query("BEGIN"), 1),
        (parse("SELECT generate_series(1, 5)", "g") + bind((), "g", "c") + execute(2, "c") + FLUSH
         + execute(2, "c") + describe("P", "c") + SYNC, 1),
        (execute(0, "c") + close("P", "c") + close("S", "g") + SYNC + query("COMMIT"), 2)]),
    ("cursors", [
        (query("BEGIN; DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT generate_series(1, 9)"), 1),
        (query("FETCH 3 FROM c; MOVE BACKWARD 2 IN c"), 1), (query("COMMIT"), 1),
        (query("FETCH 2 FROM c"), 1), (query("CLOSE c"), 1), (query("FETCH c"), 1)]),
    ("SQL PREPARE", [
        (query("PREPARE q(int) AS SELECT $1 + 1; EXECUTE q(41)"), 1), (bind(["1"], "q") + execute() + SYNC, 1),
        (query("DEALLOCATE q; EXECUTE q(1)"), 1)]),
    ("temporary tables", [
        (query("CREATE TEMP TABLE t (a int PRIMARY KEY, b text)"), 1),
        (query("INSERT INTO t VALUES (1, 'x'), (2, NULL) RETURNING *"), 1),
        (query("COPY t TO STDOUT"), 1), (query("COPY t (b) TO STDOUT CSV HEADER"), 1),
        (parse("COPY t TO STDOUT BINARY") + bind() + execute() + SYNC, 1)]),
    ("COPY IN", [
        (query("CREATE TEMP TABLE t (a int, b text)"), 1),
        (query("COPY t FROM STDIN") + copy_data("1\tx\n2\t", "y\n") + COPY_DONE, 1),
        (query("COPY t FROM STDIN") + copy_data("1\tx\n") + COPY_FAIL, 1),
        (query("COPY t FROM STDIN") + copy_data("x\tx\n") + COPY_DONE, 1),
        (parse("COPY t FROM STDIN") + bind() + execute() + SYNC + copy_data("3\tz\n") + COPY_DONE + SYNC, 1),
        (query("COPY nowhere FROM STDIN") + copy_data("x\n") + COPY_DONE, 1),
        (query("SELECT * FROM t ORDER BY a"), 1)]),
    ("procedures and notices", [
        (query("DO $$BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END$$"), 1),
        (query("DO $$BEGIN RAISE EXCEPTION 'three' USING ERRCODE = 'XX123'; END$$"), 1)]),
    ("functions called by the protocol", [(function_call(177, b"1", b"2"), 1)]),      # int4pl
    ("settings", [
        (query("SET work_mem = '3MB'; SHOW work_mem; SET LOCAL work_mem = '5MB'"), 1),
        (query("RESET work_mem; SHOW work_mem; SET datestyle = 'German'; SELECT date '2026-11-29'"), 1)]),
    ("notifications", [
        (query("LISTEN news"), 1), (query("NOTIFY news, 'read'"), 1), (query("UNLISTEN *"), 1)]),
    ("locks of the session", [
        (query("SELECT pg_advisory_lock(77), pg_try_advisory_lock(77)"), 1),
        (query("SELECT pg_advisory_unlock(77), count(*) FROM pg_locks WHERE locktype = 'advisory'"), 1),
        (query("DISCARD ALL; SELECT pg_advisory_unlock(77)"), 1)]),
    ("transactions", [
        (query("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; SAVEPOINT s; SELECT 1/0"), 1),
        (query("ROLLBACK TO s"), 1), (query("COMMIT AND CHAIN"), 1), (query("SHOW transaction_isolation"), 1),
        (query("PREPARE TRANSACTION 'x'"), 1), (query("ROLLBACK PREPARED 'x'"), 1)]),
    ("copies that nobody asked for", [(copy_data("x\n") + COPY_DONE + query("SELECT 1"), 1)]),
    ("what PostgreSQL does not know", [(message("p", b"x\0") + query("SELECT 1"), 0)]),
]


def talk(client, flights):
    """Every answer, with the process of the server written as the client knows it."""
    own, heard = client.key[:4], []
    for flight, ready in flights:
        client.send(flight)
        answers = client.read_ready(ready) if ready else client.read_to_end()
        heard.append([(kind, body.replace(own, b"pid!") if kind == "A" else body)
                      for kind, body in wire.readable(answers)])
    return heard


@rows(CONVERSATIONS)
def it_is_postgresql_message_by_message(p, flights):
    with p.oracle_wire() as client:
        expected = talk(client, flights)
    with serving(p) as other, login(p, other) as client:
        equal(talk(client, flights), expected)


@test
def the_process_and_the_parameters_are_the_servers(p):
    with serving(p) as other, p.oracle_wire() as one, login(p, other) as client:
        equal(client.status, one.status)
        pid = struct.unpack("!i", client.key[:4])[0]
        equal(wire.rows_of(client.query("SELECT pg_backend_pid()")), [[str(pid)]])


@test
def what_is_asked_for_at_the_start_is_what_reset_leads_to(p):
    params = {"application_name": "a \\ 'b", "DateStyle": "German", "options": "-c work_mem=7MB -c search_path=\"x\\ y\"",
              "client_encoding": "LATIN1", "extra_float_digits": "0"}
    asks = ["SHOW work_mem", "SHOW search_path", "SHOW application_name", "SELECT date '2026-11-29'",
            "SHOW client_encoding", "SHOW extra_float_digits"]
    spoil = ("SET work_mem = '1MB'; SET search_path = public; SET application_name = x; SET datestyle = ISO;"
             " SET client_encoding = UTF8; SET extra_float_digits = 3")
    with serving(p) as other, login(p, other, **params) as client, p.oracle_wire(**params) as one:
        for before in ("SELECT 1", f"{spoil}; RESET ALL", f"{spoil}; SELECT 1"):
            for session in (client, one):
                session.query(before)
            for sql in asks:
                equal(wire.readable(client.query(sql)), wire.readable(one.query(sql)), f"{before}: {sql}")
        for session in (client, one):
            session.query("DISCARD ALL")
        for sql in asks:
            equal(wire.readable(client.query(sql)), wire.readable(one.query(sql)), f"DISCARD ALL: {sql}")
        equal(client.status, one.status)


@rows([("a value", {"work_mem": "much"}, "22023"), ("a name", {"nonsense": "x"}, "42704"),
       ("a name with a value in it", {"work_mem=1MB": "x"}, "42704"),
       ("options", {"options": "-c search_path="}, None)])
def what_the_server_does_not_take_is_told_in_its_words(p, params, code):
    with serving(p) as other:
        if code is None:
            login(p, other, **params).close()
            return
        equal(refusal(p, other, **params)["C"], code)
        with login(p, other) as client:
            equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


@rows([("temporary tables", "CREATE TEMP TABLE leftover (a int)", "SELECT to_regclass('leftover')"),
       ("settings", "SET work_mem = '1MB'", "SHOW work_mem"),
       ("roles", "SET ROLE pg_read_all_data", "SELECT current_user"),
       ("statements", "PREPARE leftover AS SELECT 1", "SELECT count(*) FROM pg_prepared_statements"),
       ("cursors", "DECLARE leftover CURSOR WITH HOLD FOR SELECT 1", "SELECT count(*) FROM pg_cursors"),
       ("listening", "LISTEN leftover", "SELECT count(*) FROM pg_listening_channels()"),
       ("locks", "SELECT pg_advisory_lock(4711)", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
       ("transactions", "BEGIN; CREATE TABLE leftover (a int)", "SELECT to_regclass('leftover')")])
def the_next_client_meets_nothing_of_the_one_before(p, leave, look):
    with serving(p, ("size: 3}", "size: 1}")) as other:
        with login(p, other) as client:
            expected = wire.readable(client.query(look))
        for _ in range(3):
            with login(p, other) as client:
                client.query(leave)
            with login(p, other) as client:     # the server's process before may not quite have gone
                eventually(lambda: wire.readable(client.query(look)) == expected, f"nothing is left: {look}")


@test
def clients_beyond_the_size_wait_in_their_order(p):
    with serving(p, ("lease: 5s", "lease: 1s"), workers(2)) as other:
        held = [login(p, other) for _ in range(3)]
        equal(refusal(p, other)["C"], "53300")
        came = []

        def wait(name):
            with login(p, other) as client:
                client.query("SELECT 1")
                came.append(name)

        with serving_thread(wait, "late"):
            time.sleep(0.3)
            held.pop().close()
        equal(came, ["late"])
        for client in held:
            client.close()


@contextlib.contextmanager
def serving_thread(target, *args):
    thread = threading.Thread(target=target, args=args)
    thread.start()
    yield
    thread.join()


@rows([("1 worker", 1), ("2 workers", 2)])
def a_statement_is_cancelled_by_the_servers_process(p, count):
    with serving(p, workers(count)) as other, login(p, other) as one, login(p, other) as two:
        for client, neighbour in ((one, two), (two, one)):
            client.send(query("SELECT pg_sleep(60)"))
            eventually(lambda: p.rows("institutions", "SELECT 1 FROM pg_stat_activity WHERE query LIKE"
                                      " '%%pg_sleep(60)' AND state = 'active' AND pid <> pg_backend_pid()"), "at work")
            ask(p, neighbour, other.port)
            ask(p, client, other.port)
            fields = wire.error_of(client.read_ready())
            equal((fields["C"], fields["M"]), CANCELLED)
            for session in (one, two):
                ask(p, session, other.port)
                equal(wire.rows_of(session.query("SELECT 1")), [["1"]])


@test
def what_was_asked_for_before_terminate_is_done_and_answered(p):
    key = p.new_key()
    insert = f"INSERT INTO patients (patient_id, name) VALUES ({key}, 'Ada')"
    with serving(p) as other, login(p, other) as client:
        client.send(query(insert) + query("SELECT pg_sleep(0.1)") + TERMINATE + query("SELECT 1"))
        equal(wire.kinds(client.read_to_end()), "CZTDCZ")
    with p.oracle() as oracle:
        equal(oracle.execute(f"DELETE FROM patients WHERE patient_id = {key} RETURNING name").fetchall(), [("Ada",)])


@test
def the_end_of_the_server_is_told_in_its_words(p):
    with serving(p) as other, login(p, other) as client:
        pid = struct.unpack("!i", client.key[:4])[0]
        p.as_superuser("institutions", f"SELECT pg_terminate_backend({pid})")
        fields = wire.error_of(client.read_to_end())
        equal((fields["S"], fields["C"]), ("FATAL", "57P01"))
        with login(p, other) as again:
            equal(wire.rows_of(again.query("SELECT 1")), [["1"]])


@test
def statements_of_a_database_with_shards_and_of_a_user_with_less_than_all_are_read(p):
    with serving(p) as other:
        for options in ({"database": "booking"}, {"user": "reader"}):
            with login(p, other, **options) as client:
                equal(wire.rows_of(client.query("SELECT 1")), [["1"]])
                equal(wire.error_of(client.query("LOCK TABLE patients"))["C"], "0A000")


@test
def the_console_shows_who_has_which_server(p):
    with serving(p) as other, login(p, other) as client, p.console(other.port) as console:
        client.query("BEGIN")
        pid = struct.unpack("!i", client.key[:4])[0]
        shown = [row for row in table(console, "SHOW CLIENTS") if row["user"] == "direct"]
        server = [row for row in table(console, "SHOW SERVERS") if row["remote_pid"] == pid]
        equal([row["link"] for row in shown], [row["ptr"] for row in server])
        client.query("SELECT 1; SELECT 2")
        client.query("COMMIT")
        equal([row["pool_mode"] for row in table(console, "SHOW POOLS") if row["user"] == "direct"], ["session"])
        equal([row["pool_mode"] for row in table(console, "SHOW USERS") if row["name"] == "direct"], ["session"])
        stats = [row for row in table(console, "SHOW STATS") if row["user"] == "direct" and row["shard"]]
        equal(sum(row["total_query_count"] for row in stats), 3)
        equal(sum(row["total_xact_count"] for row in stats), 1)
        console.execute(f"KILL {shown[0]['id']}")
        equal(wire.error_of(client.read_to_end())["C"], "57P01")


@test
def sigterm_waits_for_an_open_transaction_alone(p):
    with serving(p) as other, login(p, other) as idle, login(p, other) as busy:
        busy.query("BEGIN")
        other.process.terminate()
        equal(wire.error_of(idle.read_to_end())["C"], "57P01")
        equal(wire.rows_of(busy.query("SELECT 1")), [["1"]])
        equal(wire.kinds(busy.query("COMMIT")), "CZ")
        equal(wire.error_of(busy.read_to_end())["C"], "57P01")


@test
def many_bytes_go_both_ways_and_slow_readers_are_waited_for(p):
    size, line = 40_000_000, "x" * 9_999 + "\n"
    with serving(p) as other, login(p, other) as client:
        client.query("CREATE TEMP TABLE t (a text)")
        before = guard.forget_memory_peak(other)
        client.send(query("COPY t FROM STDIN"))
        for _ in range(size // len(line) // 100):
            client.send(message("d", (line * 100).encode()))
        client.send(COPY_DONE)
        equal(wire.kinds(client.read_ready()), "GCZ")
        client.send(query("COPY t TO STDOUT"))
        equal(client.read().kind, "H")
        time.sleep(0.5)
        grown = guard.memory_peak(other) - before
        assert grown < 20_000_000 or guard.has_own_memory(p.program), f"{grown} bytes"
        answers = client.read_ready()
        equal(sum(len(answer.body) for answer in answers if answer.kind == "d"), size)


@test
def psql_and_pg_dump_work_as_ever(p):
    with serving(p) as other:
        where = ["-h", "127.0.0.1", "-p", other.port, "-U", "direct"]
        said = p.run("psql", "-X", *where, "-d", "whole", PGPASSWORD="direct",
                     stdin="\\d patients\n\\copy (SELECT 4711) TO STDOUT\n").stdout
        assert "patient_id" in said and "\n4711\n" in said, said
        dump = p.run("/usr/lib/postgresql/15/bin/pg_dump", *where, "-d", "whole", "--schema-only", PGPASSWORD="direct")
        equal(dump.returncode, 0, dump.stdout)
        assert "CREATE TABLE public.patients" in dump.stdout, dump.stdout


@test
def a_driver_listens(p):
    with serving(p) as other:
        where = {"host": "127.0.0.1", "port": other.port, "user": "direct", "password": "direct", "dbname": "whole",
                 "autocommit": True}
        with psycopg.connect(**where) as listener, psycopg.connect(**where) as teller:
            listener.execute("LISTEN news")
            teller.execute("NOTIFY news, 'read all about it'")
            notice = next(listener.notifies())
            equal((notice.channel, notice.payload, notice.pid),
                  ("news", "read all about it", teller.info.backend_pid))
