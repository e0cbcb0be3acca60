"""COPY goes where its rows are."""

import asyncio
import contextlib
import io
import itertools
import select
import struct
import time
import uuid

import asyncpg
import psycopg

import guard
import placed_tables
import wire
from platform_under_test import DATABASE, FIRST_KEY, PASSWORD, USER
from suite import equal, rows, test
from test_cancel import ask
from test_rights import USER as CUSTOMER
from test_server_loss import cut
from wire import FLUSH, SYNC, bind, describe, execute, message, parse, query

HARBIN = "SELECT patient_id, name, phone FROM patients WHERE patient_id = {key}"


def copied(answers):
    """What CopyData brought, in one piece."""
    return b"".join(answer.body for answer in answers if answer.kind == "d")


def extended(sql):
    return parse(sql) + bind() + describe("P") + execute() + SYNC


@rows([("text", "COPY ({query}) TO STDOUT"),
       ("csv", "COPY ({query}) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *)"),
       ("binary", "COPY ({query}) TO STDOUT BINARY"),
       ("old words", "COPY ({query}) TO STDOUT WITH CSV DELIMITER ';' NULL 'x'"),
       ("no table", "COPY (SELECT 1, 'a' UNION VALUES (2, E'b\\nc') ORDER BY 1) TO STDOUT"),
       ("the catalog", "COPY (SELECT nspname FROM pg_namespace WHERE oid = 11) TO STDOUT"),
       ("a bad option", "COPY ({query}) TO STDOUT (FORMAT words)"),
       ("a bad column", "COPY (SELECT no_column FROM patients WHERE patient_id = {key}) TO STDOUT"),
       ("an error among rows",
        "COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) n) TO STDOUT"),
       ("several statements", "SELECT 1; COPY ({query}) TO STDOUT; COPY (SELECT 7) TO STDOUT;"
        " SELECT 2"),
       ("an error behind", "COPY ({query}) TO STDOUT; SELECT 1/0; SELECT 2")])
def rows_to_the_client_are_those_of_postgresql(p, sql):
    key = p.new_patient("users_2", name="A\tB \\ \"quoted\"\nnext", phone=None)
    with p.oracle() as oracle:
        oracle.execute("INSERT INTO patients (patient_id, name, phone) VALUES (%s, %s, %s)",
                       (key, "A\tB \\ \"quoted\"\nnext", None))
    sql = sql.format(query=HARBIN, key=key).format(key=key)
    flights = [query(sql)] if ";" in sql and "SELECT 2" in sql else [query(sql), extended(sql)]
    for flight in flights:
        with p.logged_in() as client, p.oracle_wire() as oracle:
            equal(wire.readable(client.ask(flight)), wire.readable(oracle.ask(flight)), sql)
            equal(wire.rows_of(client.query("SELECT 3")), [["3"]])


@test
def a_single_table_is_read_whole(p):
    key = p.new_key()
    for place in (p.at_shard("institutions"), p.oracle()):
        with place as conn:
            conn.execute(f"INSERT INTO hospitals VALUES ({key}, 'A', 'Harbin')")
    for sql in ("COPY hospitals TO STDOUT", "COPY public.hospitals (city, name) TO STDOUT CSV"):
        with p.logged_in() as client, p.at_shard("institutions") as shard:
            answers = client.query(sql)
            equal(wire.kinds(answers).replace("d", ""), "HcCZ")
            with shard.cursor().copy(sql) as copy:
                equal(copied(answers), b"".join(bytes(data) for data in copy))


@test
def in_a_transaction_its_shard_takes_part(p):
    one, other = p.new_patient("users_0"), p.new_patient("users_3")
    with p.logged_in() as client:
        client.query("BEGIN ISOLATION LEVEL READ COMMITTED")
        client.query(f"UPDATE patients SET name = 'Eve' WHERE patient_id = {one}")
        for key, name in ((one, b"Eve\n"), (other, b"Ada\n")):
            answers = client.query(
                f"COPY (SELECT name FROM patients WHERE patient_id = {key}) TO STDOUT")
            equal((copied(answers), wire.ready_status(answers)), (name, "T"))
        equal(wire.ready_status(client.query("COPY (SELECT 1/0) TO STDOUT")), "E")
        equal(wire.error_of(client.query("COPY hospitals TO STDOUT"))["C"], "25P02")
        equal(wire.ready_status(client.query("ROLLBACK")), "I")


@test
def parameters_are_unknown_to_it(p):
    sql = "COPY (SELECT name FROM patients WHERE patient_id = $1) TO STDOUT"
    with p.logged_in() as client:
        equal(wire.error_of(client.ask(parse(sql) + bind(["1"]) + execute() + SYNC))["C"], "42P02")


@test
def a_cancel_ends_it_in_the_middle(p):
    sql = "COPY (SELECT repeat('x', 1000), generate_series(1, 100000000)) TO STDOUT"
    with p.logged_in() as client:
        client.send(query(sql))
        equal(client.read().kind, "H")
        for _ in range(1000):
            equal(client.read().kind, "d")
        ask(p, client)
        answers = client.read_ready()
        equal(wire.kinds(answers).lstrip("d"), "EZ")
        equal(wire.error_of(answers)["C"], "57014")
        equal(wire.rows_of(client.query("SELECT 3")), [["3"]])


@test
def a_slow_reader_stops_the_server(p):
    sql = "COPY (SELECT repeat('x', 100000), generate_series(1, 2000)) TO STDOUT"
    with p.logged_in() as client, p.logged_in() as bystander:
        before = guard.forget_memory_peak(p.shardward)
        client.send(query(sql))
        equal(client.read().kind, "H")
        for _ in range(200):
            equal(wire.rows_of(bystander.query("SELECT 1")), [["1"]])
        grown = guard.memory_peak(p.shardward) - before
        assert grown < 20_000_000 or guard.has_own_memory(p.program), f"{grown} bytes"
        answers = client.read_ready()
        equal(copied(answers).count(b"\n"), 2000)


# From the client

DONE = message("c")
INTO = "COPY hospitals FROM STDIN"


def data(content):
    return message("d", content if isinstance(content, bytes) else content.encode())


def fail(why):
    return message("f", wire.text(why))


def binary(*tuples, end=b"\xff\xff"):
    """Tuples of values in binary form, as COPY BINARY has them."""
    rows_of_it = b"".join(
        struct.pack("!H", len(values)) + b"".join(struct.pack("!i", len(v)) + v for v in values)
        for values in tuples)
    return b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0) + rows_of_it + end


def into(sql=INTO):
    """By the extended protocol; what ends the batch is not in it."""
    return parse(sql) + bind() + describe("P") + execute()


def filled(flight, key, other):
    """Messages whose bodies hold the keys in place of their names."""
    flight = flight(key) if callable(flight) else flight
    escaped = f"{ord(str(key)[0]):x}{str(key)[1:]}"
    out, at = b"", 0
    while at < len(flight):
        (length,) = struct.unpack_from("!I", flight, at + 1)
        body = flight[at + 5:at + 1 + length]
        for name, value in ((b"{key}", key), (b"{other}", other), (b"{hex}", escaped)):
            body = body.replace(name, str(value).encode())
        out += message(chr(flight[at]), body)
        at += 1 + length
    return out


def same_answers(p, flights, key, other):
    """Send the flights, without waiting, through shardward and to PostgreSQL."""
    seen = []
    for connect in (p.logged_in, p.oracle_wire):
        with connect() as client:
            for flight in flights:
                client.send(*(filled(piece, key, other) for piece in flight))
            client.send(query("SELECT 'the end'"))
            answers = []
            while not answers or wire.rows_of(answers)[-1:] != [["the end"]]:
                answers += client.read_ready()
            seen.append(wire.readable(answers))
    equal(*seen)


ROW = "{key}\tA\tHarbin\n"


@rows([
    ("as libpq does", [[query(INTO)], [data(ROW), data("{other}\tB\t\\N\n".replace("\\N", "x"))], [DONE]]),
    ("in one flight", [[query(INTO), data(ROW), DONE, query("SELECT 1")]]),
    ("rows that cross frames", [[query(INTO), *(data(c) for c in ROW), data(""), DONE]]),
    ("a row without its end", [[query(INTO), data(ROW.strip()), DONE]]),
    ("no row", [[query(INTO), DONE]]),
    ("columns", [[query("COPY public.hospitals (city, hospital_id, name) FROM STDIN"),
                  data("Harbin\t{key}\tA\n"), DONE]]),
    ("csv", [[query("COPY hospitals FROM STDIN (FORMAT csv, HEADER match)"),
              data("hospital_id,name,city\n{key},\"a\n\"\"b\"\"\",x\n"), DONE]]),
    ("binary", [[query("COPY hospitals FROM STDIN BINARY"),
                 lambda key: data(binary((struct.pack("!q", key), b"A", b"B"))), DONE]]),
    ("a condition", [[query("COPY hospitals FROM STDIN WHERE hospital_id > {key}"),
                      data(ROW + "{other}\tB\ty\n"), DONE]]),
    ("the extended protocol", [[into(), SYNC], [data(ROW), DONE, SYNC]]),
    ("the extended protocol in one flight", [[into(), SYNC, data(ROW), DONE, SYNC]]),
    ("without the sync in between", [[into(), data(ROW), DONE, SYNC]]),
    ("flush and sync among data", [[into(), FLUSH, SYNC, data(ROW), SYNC, FLUSH, DONE, FLUSH, SYNC]]),
    ("refused before its data", [[into("COPY hospitals (nothing) FROM STDIN"), SYNC, data(ROW), DONE, SYNC]]),
    ("refused, simple", [[query("COPY hospitals (nothing) FROM STDIN"), data(ROW), DONE, query("SELECT 1")]]),
    ("frozen", [[query("COPY hospitals FROM STDIN (FREEZE)"), data(ROW), DONE, query("SELECT 1")]]),
    ("a bad row", [[query(INTO), data("x\ty\tz\n")], [data(ROW * 3), DONE, query("SELECT 1")]]),
    ("a bad row, extended", [[into(), SYNC, data("x\ty\tz\n")], [data(ROW * 3), DONE, SYNC]]),
    ("two rows with one key", [[query(INTO), data(ROW * 2), DONE, query("SELECT 1")]]),
    ("too few columns", [[query(INTO), data("{key}\n"), DONE]]),
    ("a bad signature", [[query("COPY hospitals FROM STDIN BINARY"), data("nothing of that"), DONE]]),
    ("the client fails", [[query(INTO), data(ROW), fail("no more"), query("SELECT 1")]]),
    ("the client fails, extended", [[into(), SYNC, data(ROW), fail("no more"), SYNC]]),
    ("rows behind the end", [[query(INTO), data(ROW), data("\\.\n"), data("more\n"), DONE]]),
    ("two in a string", [[query(f"SELECT 1; {INTO}; SELECT 2; {INTO}; SELECT 3")],
                         [data(ROW), DONE, data("{other}\tB\ty\n"), DONE]]),
    ("two in a string, the first fails",
     [[query(f"SELECT 1; {INTO}; SELECT 2; {INTO}"), data(ROW), fail("x"), data("a"), DONE]]),
    ("an error behind it", [[query(f"{INTO}; SELECT 1/0"), data(ROW), DONE]]),
    ("data that nobody wants", [[data("a"), DONE, fail("x"), query("SELECT 1")],
                                [data("a"), SYNC, DONE, SYNC]]),
    ("other statements in its batch",
     [[parse("SELECT 1"), bind(), execute(), into()], [data(ROW), DONE],
      [parse("SELECT 2"), bind(), execute(), SYNC]]),
    ("an error behind it in its batch",
     [[into()], [data(ROW), DONE, parse("SELECT 1/0"), bind(), execute(), SYNC]]),
    ("a query in its batch", [[into()], [data(ROW), DONE, query("SELECT 1")]]),
    ("in a transaction", [[query("BEGIN")], [query(INTO), data(ROW), DONE], [query("COMMIT")]]),
    ("rolled back", [[query("BEGIN"), into(), data(ROW), DONE, SYNC, query("ROLLBACK")]]),
    ("savepoints", [[query("BEGIN"), query("SAVEPOINT a"), query(INTO), data("x\n"), DONE,
                     query("SELECT 1"), query("ROLLBACK TO a"), query(INTO), data(ROW), DONE,
                     query("RELEASE a"), query("COMMIT")]]),
])
def rows_from_the_client_are_taken_as_by_postgresql(p, flights):
    key = p.new_key()
    other = p.new_key()
    same_answers(p, flights, key, other)
    with p.at_shard("institutions") as shard, p.oracle() as oracle:
        sql = f"SELECT * FROM hospitals WHERE hospital_id IN ({key}, {other}) ORDER BY 1"
        equal(shard.execute(sql).fetchall(), oracle.execute(sql).fetchall())


# From the client, into a sharded table

SHARDED = "COPY patients (patient_id, name, phone) FROM STDIN"
BINARY = "COPY patients (name, patient_id) FROM STDIN BINARY"
ONE = "{key}\tA\t\\N\n"
OTHER = "{other}\tB\tx\n"


def csv(more=""):
    return query(f"COPY patients (name, patient_id) FROM STDIN (FORMAT csv{more})")


def in_binary(form="!q", **more):
    return lambda key: data(binary((b"A", struct.pack(form, key)), **more))


@rows([
    ("as libpq does", [[query(SHARDED)], [data(ONE), data(OTHER)], [DONE]]),
    ("in one flight", [[query(SHARDED), data(ONE), DONE, query("SELECT 1")]]),
    ("rows that cross frames", [[query(SHARDED), *(data(c) for c in ONE), data(""), DONE]]),
    ("a row without its end", [[query(SHARDED), data(ONE.strip()), DONE]]),
    ("no row", [[query(SHARDED), DONE]]),
    ("no row, extended", [[into(SHARDED), SYNC], [DONE, SYNC]]),
    ("escapes", [[query(SHARDED), data("\\x{hex}\ta\\\tb\\\nc\tx\r\n{other}\t\ty\r\n"), DONE]]),
    ("old words", [[query("COPY patients (patient_id, name) FROM STDIN WITH DELIMITER '|' NULL 'x'"),
                    data("{key}|a\\|b\n"), DONE]]),
    ("csv", [[csv(", HEADER"), data('name,"a\n",b\n"a\n""b"", {other},",{key}\nc,"{other}"\n'), DONE]]),
    ("csv of its own", [[csv(", QUOTE '''', ESCAPE '!', DELIMITER ';', NULL 'no'"),
                         data("'a!'!!;1';'{key}'\nb;{other}"), DONE]]),
    ("the end of csv by a mark", [[csv(), data("a,{key}\r\n\\.\r\n"), DONE]]),
    ("rows behind the end", [[query(SHARDED), data(ONE + "\\.\n"), data("more\n"), DONE]]),
    ("a bad end", [[query(SHARDED), data(ONE + "\\.x\n"), DONE]]),
    ("binary", [[query(BINARY), in_binary(), DONE]]),
    ("binary in pieces", [[query(BINARY), lambda key: b"".join(
        data(bytes([c])) for c in binary((b"A", struct.pack("!q", key)))), DONE]]),
    ("binary without a trailer", [[query(BINARY), in_binary(end=b""), DONE]]),
    ("binary, torn", [[query(BINARY), in_binary(end=b"\0"), DONE]]),
    ("binary behind its trailer", [[query(BINARY), in_binary(end=b"\xff\xffx"), DONE]]),
    ("binary with a key of another width", [[query(BINARY), in_binary("!i"), DONE]]),
    ("a bad signature", [[query(BINARY), data("nothing of that"), data("more of it"), DONE]]),
    ("a condition", [[query(SHARDED + " WHERE patient_id > {key}"), data(ONE), DONE]]),
    ("the extended protocol", [[into(SHARDED), SYNC], [data(ONE), DONE, SYNC]]),
    ("the extended protocol in one flight", [[into(SHARDED), SYNC, data(ONE), DONE, SYNC]]),
    ("a named statement, twice",
     [[parse(SHARDED, "s"), describe("S", "s"), SYNC],
      [bind(statement="s"), execute(), data(ONE), DONE, SYNC],
      [bind(statement="s"), execute(), data(OTHER), DONE, SYNC]]),
    ("flush and sync among data",
     [[into(SHARDED), FLUSH, SYNC, data(ONE), SYNC, FLUSH, DONE, FLUSH, SYNC]]),
    ("a key that is none",
     [[query(SHARDED), data(ONE + "x\ty\tz\n"), data(ONE * 3), DONE, query("SELECT 1")]]),
    ("a first key that is none",
     [[query(SHARDED), data("x\ty\tz\n")], [data(ONE * 3), DONE, query("SELECT 1")]]),
    ("a first key that is none, extended",
     [[into(SHARDED), SYNC, data("x\ty\tz\n")], [data(ONE * 3), DONE, SYNC]]),
    ("a key that is none, at the end", [[query(SHARDED), data("x\ty\tz"), DONE]]),
    ("a key out of range", [[query(SHARDED), data("9223372036854775808\ty\tz\n"), DONE]]),
    ("too few columns", [[csv(), data("a\n"), DONE]]),
    ("too few columns at the end", [[csv(), data("a"), DONE]]),
    ("too many columns", [[query(SHARDED), data("{key}\ta\tb\tc\n"), DONE]]),
    ("an empty line", [[csv(), data("\n"), DONE]]),
    ("a quote without an end", [[csv(), data('"a,{key}\n'), DONE]]),
    ("newlines of two kinds", [[query(SHARDED), data(ONE + "{other}\ta\tb\r\n"), DONE]]),
    ("two rows with one key", [[query(SHARDED), data(ONE * 2), DONE, query("SELECT 1")]]),
    ("the client fails", [[query(SHARDED), data(ONE), fail("no more"), query("SELECT 1")]]),
    ("the client fails at once", [[query(SHARDED), fail("no more"), query("SELECT 1")]]),
    ("the client fails at once, extended", [[into(SHARDED), SYNC, fail("no more"), SYNC]]),
    ("in a transaction", [[query("BEGIN")], [query(SHARDED), data(ONE), DONE], [query("COMMIT")]]),
    ("rolled back", [[query("BEGIN"), into(SHARDED), data(ONE), DONE, SYNC, query("ROLLBACK")]]),
    ("savepoints", [[query("BEGIN"), query("SAVEPOINT a"), query(SHARDED), data("x\n"), DONE,
                     query("SELECT 1"), query("ROLLBACK TO a"), query(SHARDED), data(ONE), DONE,
                     query("RELEASE a"), query("COMMIT")]]),
    ("other statements in its batch",
     [[parse("SELECT name FROM patients WHERE patient_id = {key}"), bind(), execute(), into(SHARDED)],
      [data(ONE), DONE], [parse("SELECT 2"), bind(), execute(), SYNC]]),
    ("in a batch of a transaction",
     [[query("BEGIN")], [parse("SELECT 1"), bind(), execute(), into(SHARDED), data(ONE), DONE,
                         parse("SELECT 2"), bind(), execute(), SYNC], [query("COMMIT")]]),
    ("an error behind it in its batch",
     [[into(SHARDED)], [data(ONE), DONE, parse("SELECT 1/0"), bind(), execute(), SYNC]]),
    ("in a failed transaction", [[query("BEGIN"), query("SELECT 1/0"), query(SHARDED), data(ONE), DONE,
                                  into(SHARDED), SYNC, query("ROLLBACK")]]),
])
def rows_find_their_shard_and_are_taken_as_by_postgresql(p, flights):
    key = p.new_key()
    other = p.new_key("patients", p.locate("patients", key))
    same_answers(p, flights, key, other)
    sql = f"SELECT patient_id, name, phone FROM patients WHERE patient_id IN ({key}, {other}) ORDER BY 1"
    with p.oracle() as oracle:
        equal(p.rows(p.locate("patients", key), sql), oracle.execute(sql).fetchall())


def hospitals(p, *keys):
    return p.rows("institutions", "SELECT hospital_id, city FROM hospitals WHERE hospital_id = ANY (%s)"
                  " ORDER BY 1", (list(keys),))


def servers(p):
    """The processes that serve shardward there, with what they are in."""
    return dict(p.rows("institutions", "SELECT pid, state FROM pg_stat_activity WHERE datname ="
                       " current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"))


@rows([("simple", [query(INTO)]), ("extended", [into(), SYNC]),
       ("in a transaction", [query("BEGIN"), query(INTO)])])
def of_a_client_that_is_gone_nothing_stays(p, flight):
    key = p.new_key()
    with p.logged_in() as client:
        client.send(*flight)
        client.read_until("G")
        client.send(data(ROW.format(key=key) * 1000))
    guard.eventually(lambda: set(servers(p).values()) <= {"idle"}, "the server is not idle")
    equal(hospitals(p, key), [])


@test
def its_server_connection_serves_the_next(p):
    key, served = p.new_key(), set()
    for flight in ([query(INTO)], [into(), SYNC]) * 4:
        with p.logged_in() as client:
            client.send(*flight)
            client.read_until("G")
            client.send(data(ROW.format(key=key)))
            served |= {pid for pid, state in servers(p).items() if state == "active"}
        guard.eventually(lambda: set(servers(p).values()) <= {"idle"}, "the server is not idle")
    assert len(served) <= 2, served    # one of each worker
    equal(hospitals(p, key), [])


@test
def a_lost_server_is_an_error_and_nothing_of_it_stays(p):
    for flight, end in (([query(INTO)], []), ([into(), SYNC], [SYNC])):
        key = p.new_key()
        with p.logged_in() as client:
            client.send(*flight)
            client.read_until("G")
            client.send(data(ROW.format(key=key)))
            (pid,) = [pid for pid, state in servers(p).items() if state == "active"]
            p.as_superuser("institutions", f"SELECT pg_terminate_backend({pid})")
            fields = wire.error_of(client.read_until("E"))
            equal((fields["S"], fields["C"]), ("ERROR", "57P01"))
            client.send(data(ROW.format(key=key)), DONE, *end)
            equal(wire.kinds(client.read_ready()), "Z")
            equal(wire.rows_of(client.query("SELECT 3")), [["3"]])
        equal(hospitals(p, key), [])


@test
def a_cancel_ends_it_with_its_next_data(p):
    key = p.new_key()
    with p.logged_in() as client:
        client.send(query(INTO))
        client.read_until("G")
        ask(p, client)
        while not select.select([client.socket], [], [], 0.05)[0]:
            client.send(data(ROW.format(key=key)))
            key = p.new_key()
        client.send(data(ROW.format(key=key)), DONE)
        equal(wire.error_of(client.read_ready())["C"], "57014")
        equal(wire.rows_of(client.query("SELECT 3")), [["3"]])
    equal(hospitals(p, key), [])


@contextlib.contextmanager
def locked(p, key):
    """Whoever adds that row waits, until the block is over; there is no such row then."""
    with p.at_shard("institutions") as conn:
        conn.execute("BEGIN")
        conn.execute(f"INSERT INTO hospitals VALUES ({key}, 'A', 'B')")
        yield
        conn.execute("ROLLBACK")


@test
def a_slow_server_stops_the_client(p):
    key = p.new_key()
    with p.logged_in() as client, p.logged_in() as bystander:
        before = guard.forget_memory_peak(p.shardward)
        with locked(p, key):
            client.send(query(INTO))
            client.read_until("G")
            client.send(data(ROW.format(key=key)))
            client.socket.settimeout(2)
            sent, row = 0, data(f"{key}\t" + "x" * 1_000_000 + "\t\n")
            with contextlib.suppress(TimeoutError):
                while sent < 200:
                    client.socket.sendall(row)
                    sent += 1
            assert sent < 100, "shardward takes what the server does not"
            equal(wire.rows_of(bystander.query("SELECT 1")), [["1"]])
            grown = guard.memory_peak(p.shardward) - before
            assert grown < 10_000_000 or guard.has_own_memory(p.program), f"{grown} bytes"


@test
def a_slow_server_gets_all_in_the_end(p):
    key, count = p.new_key(), 200
    with p.logged_in() as client:
        content = b"".join(data(f"{key + 1000000 + n}\t{'x' * 100_000}\tcity\n") for n in range(count))
        content = data(ROW.format(key=key)) + content + DONE
        with locked(p, key):
            client.send(query(INTO))
            client.read_until("G")
            client.socket.setblocking(False)
            sent = 0
            guard.eventually(lambda: set(servers(p).values()) >= {"active"}, "not active")
            with contextlib.suppress(BlockingIOError):
                while True:
                    sent += client.socket.send(content[sent:])
            client.socket.setblocking(True)
        client.socket.sendall(content[sent:])
        answers = client.read_ready()
        equal((wire.kinds(answers), answers[0].body), ("CZ", b"COPY %d\0" % (count + 1)))
    p.change("institutions", f"DELETE FROM hospitals WHERE hospital_id > {key + 999999} AND city = 'city'")


@test
def one_message_may_be_longer_than_any_other(p):
    key, count = p.new_key(), 80
    content = "".join(f"{key + 2000000 + n}\t{'x' * 1_000_000}\tlong\n" for n in range(count))
    with p.logged_in() as client:
        before = guard.forget_memory_peak(p.shardward)
        equal(wire.kinds(client.ask(query(INTO), data(content), DONE)), "GCZ")
        grown = guard.memory_peak(p.shardward) - before
        assert grown < 10_000_000 or guard.has_own_memory(p.program), f"{grown} bytes"
        # Also one that comes too late.
        equal(wire.kinds(client.ask(query(INTO), data("x\n" + content), DONE, query("SELECT 1"),
                                    ready=2)), "GEZTDCZ")
        equal(wire.kinds(client.ask(data(content), query("SELECT 1"))), "TDCZ")
    p.change("institutions", "DELETE FROM hospitals WHERE city = 'long'")


@rows([("a query", query("SELECT 1")), ("a parse", parse("SELECT 1")), ("an unknown one", message("?")),
       ("a long done", message("c", b"x")), ("a short data", b"d\0\0\0\3"),
       ("a failure without an end", message("f", b"why"))])
def any_other_message_ends_the_session(p, flight):
    key = p.new_key()
    with p.logged_in() as client:
        client.send(query(INTO))
        client.read_until("G")
        client.send(data(ROW.format(key=key)), flight)
        fields = wire.error_of(client.read_to_end())
        equal((fields["S"], fields["C"]), ("FATAL", "08P01"))
    equal(hospitals(p, key), [])


@test
def terminate_ends_the_session_without_a_word(p):
    key = p.new_key()
    with p.logged_in() as client:
        client.send(query(INTO))
        client.read_until("G")
        client.send(data(ROW.format(key=key)), wire.TERMINATE)
        equal(client.read_to_end(), [])
    equal(hospitals(p, key), [])


@test
def it_is_the_write_of_its_transaction(p):
    key, patient = p.new_key(), p.new_patient("users_0")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(f"SELECT name FROM patients WHERE patient_id = {patient}")
        equal(wire.kinds(client.ask(query(INTO), data(ROW.format(key=key)), DONE)), "GCZ")
        equal(wire.rows_of(client.query(f"SELECT city FROM hospitals WHERE hospital_id = {key}")),
              [["Harbin"]])
        write = f"UPDATE patients SET name = 'Eve' WHERE patient_id = {patient}"
        equal(wire.error_of(client.query(write))["C"], "0A000")
        client.query("ROLLBACK")
        equal(hospitals(p, key), [])
        client.query("BEGIN")
        client.query(write)
        for flight in ([query(INTO), data("x"), DONE], [into(), SYNC, data("x"), DONE, SYNC]):
            client.send(*flight)
            equal(wire.error_of(client.read_ready())["C"][:2], "0A" if flight[0] == query(INTO) else "25")
        equal(client.ask(query("ROLLBACK"), ready=2)[-2].body, b"ROLLBACK\0")


@test
def a_user_who_only_reads_may_not(p):
    with p.another_shardward((CUSTOMER, f"{CUSTOMER}\n    read_only: true")) as other:
        with p.logged_in(other.port) as client:
            for flight in ([query(INTO)], [parse(INTO), SYNC]):
                fields = wire.error_of(client.ask(*flight))
                equal((fields["C"], fields["M"]),
                      ("25006", "cannot execute COPY FROM in a read-only transaction"))
            equal(wire.kinds(client.query("COPY (SELECT 1) TO STDOUT")), "HdcCZ")


@test
def psql_copies_to_and_fro(p):
    key = p.new_key()
    file = p.dir / "hospitals.csv"
    file.write_text(f'{key},"a\n""b""",Harbin\n')
    sql = (f"\\copy hospitals from '{file}' csv\n"
           f"\\copy (select * from hospitals where hospital_id = {key}) to '{file}.out' csv\n"
           f"COPY hospitals FROM STDIN;\n{key + 1000000}\tB\tpsql\n\\.\n"
           f"COPY (SELECT city FROM hospitals WHERE hospital_id = {key + 1000000}) TO STDOUT;\n")
    equal(p.psql(sql), "COPY 1\nCOPY 1\nCOPY 1\npsql\n")
    equal((p.dir / "hospitals.csv.out").read_text(), file.read_text())


@test
def psycopg_copies_rows(p):
    first = p.new_key()
    some = [(first + 3000000 + n, f"name\t{n}", "psycopg") for n in range(1000)]
    for form in ("", " (FORMAT binary)"):
        with p.connect(autocommit=False) as conn:
            cursor = conn.cursor()
            with cursor.copy(f"COPY hospitals (hospital_id, name, city) FROM STDIN{form}") as copy:
                copy.set_types(["int8", "text", "text"])
                for row in some:
                    copy.write_row(row)
            equal(cursor.rowcount, 1000)
            sql = "SELECT hospital_id, name, city FROM hospitals WHERE city = 'psycopg' ORDER BY 1"
            with cursor.copy(f"COPY ({sql}) TO STDOUT{form}") as copy:
                copy.set_types(["int8", "text", "text"])
                equal(list(copy.rows()), some)
            with contextlib.suppress(psycopg.errors.QueryCanceled):
                with cursor.copy("COPY hospitals FROM STDIN") as copy:
                    copy.write_row((first, "a", "b"))
                    raise ZeroDivisionError
            conn.rollback()
            equal(conn.execute(sql).fetchall(), [])


@test
def asyncpg_copies_records(p):
    first = p.new_key()
    some = [(first + 4000000 + n, f"name {n}", "asyncpg") for n in range(1000)]

    async def session():
        conn = await asyncpg.connect(host="127.0.0.1", port=p.port, user=USER, password=PASSWORD,
                                     database=DATABASE)
        try:
            equal(await conn.copy_records_to_table("hospitals", records=some), "COPY 1000")
            out = io.BytesIO()
            await conn.copy_from_query("SELECT hospital_id FROM hospitals WHERE city = $1", "asyncpg",
                                       output=out)
            equal(len(out.getvalue().split()), 1000)
        finally:
            await conn.close()

    asyncio.run(session())
    p.change("institutions", "DELETE FROM hospitals WHERE city = 'asyncpg'")


def patients(p, *keys):
    """Of these, those that are anywhere: with the shard, in the order of the keys."""
    return [(key, shard) for key in keys for shard in p.shards("users")
            if p.rows(shard, f"SELECT 1 FROM patients WHERE patient_id = {key}")]


def copy(client, sql, content, *more):
    return client.ask(query(sql), data(content), DONE, *more)


@test
def rows_of_several_shards_are_refused_and_nothing_stays(p):
    one, other = p.new_key("patients", "users_0"), p.new_key("patients", "users_3")
    some = ONE.format(key=one) + OTHER.format(other=other)
    for flight in ([query(SHARDED), data(some), DONE],
                   [query(SHARDED), data(ONE.format(key=one)), data(OTHER.format(other=other)), DONE],
                   [into(SHARDED), SYNC, data(some), DONE, SYNC]):
        with p.logged_in() as client:
            client.send(*flight)
            answers = client.read_ready()
            fields = wire.error_of(answers)
            equal((fields["C"], fields["M"], fields["D"]),
                  ("0A000", 'COPY into "patients" needs more than one shard',
                   "Row 1 is for users_0, row 2 for users_3."))
            assert "locate" in fields["H"], fields
            equal(wire.kinds(answers).lstrip("12n"), "GEZ")
            equal(wire.rows_of(client.query("SELECT 3")), [["3"]])
    equal(patients(p, one, other), [])
    for key in (one, other):
        with p.logged_in() as client:
            equal(wire.kinds(copy(client, SHARDED, ONE.format(key=key))), "GCZ")
    equal(patients(p, one, other), [(one, "users_0"), (other, "users_3")])


@test
def into_a_sharded_table_it_is_the_write_of_its_transaction(p):
    one, other = p.new_key("patients", "users_0"), p.new_key("patients", "users_3")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(f"SELECT name FROM patients WHERE patient_id = {other}")
        equal(wire.kinds(copy(client, SHARDED, ONE.format(key=one))), "GCZ")
        equal(wire.rows_of(client.query(f"SELECT name FROM patients WHERE patient_id = {one}")), [["A"]])
        answers = copy(client, SHARDED, ONE.format(key=other))
        equal((wire.error_of(answers)["C"], wire.ready_status(answers)), ("0A000", "E"))
        client.query("ROLLBACK")
        client.query("BEGIN")
        equal(wire.kinds(copy(client, INTO, ROW.format(key=one))), "GCZ")
        equal(wire.kinds(client.query(SHARDED)), "EZ")      # no shard of it may be written to
        client.query("ROLLBACK")
    equal(patients(p, one, other), [])
    equal(hospitals(p, one), [])


@test
def a_participant_that_is_lost_meanwhile_is_told(p):
    one, other = p.new_key("patients", "users_0"), p.new_patient("users_3")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(f"SELECT name FROM patients WHERE patient_id = {other}")
        client.send(query(SHARDED))
        client.read_until("G")
        cut(p, "users_3")
        time.sleep(0.2)
        client.send(data(ONE.format(key=one)), DONE)
        answers = client.read_ready()
        assert wire.error_of(answers)["C"][:2] in ("57", "08"), answers
        equal(wire.ready_status(answers), "E")
    equal(patients(p, one), [])


@test
def without_a_list_the_columns_are_those_of_the_catalog(p):
    key = p.new_key()
    row = f"{key}\tA\t\\N\tHarbin\t1\t2\t2026-01-01 00:00:00+00\n"
    with p.logged_in() as client:
        for flight in ([query("COPY patients FROM STDIN"), data(row), DONE],
                       [into("COPY public.patients FROM STDIN"), SYNC, data(row), DONE, SYNC]):
            client.send(*flight)
            answers = client.read_ready()
            equal([a.body for a in answers if a.kind == "G"], [b"\0\0\7" + bytes(14)])
        equal(wire.error_of(answers)["C"], "23505")
    sql = f"SELECT name, city, visits, balance FROM patients WHERE patient_id = {key}"
    equal(p.rows(p.locate("patients", key), sql), [("A", "Harbin", 1, 2)])


@rows([("an option", "COPY patients (patient_id, name) FROM STDIN (FORMAT csv, FORCE_NULL (name))", "0A000"),
       ("an encoding", "COPY patients (patient_id, name) FROM STDIN (ENCODING 'latin1')", "0A000"),
       ("no key", "COPY patients (name) FROM STDIN", "0A000"),
       ("a sequence", "COPY payments (patient_id, appointment_id, amount) FROM STDIN", "0A000"),
       ("several statements", "SELECT 1; COPY patients (patient_id, name) FROM STDIN", "0A000"),
       ("no such table", "COPY nothing FROM STDIN", "42P01"),
       ("a function", "COPY patients (patient_id, name) FROM STDIN WHERE nothing(patient_id)", "0A000")])
def is_refused_before_its_data(p, sql, sqlstate):
    with p.logged_in() as client:
        for flight in ([query(sql), data("x"), DONE, query("SELECT 1")],
                       [parse(sql), bind(), execute(), SYNC, data("x"), DONE, SYNC]):
            if ";" in sql and flight[0] != query(sql):
                continue
            answers = client.ask(*flight, ready=2)
            equal(wire.error_of(answers)["C"], sqlstate)
            equal(wire.kinds(answers)[:2], "EZ")


@rows([("null", "\\N", "23502"), ("a bad column", "1", "42703")])
def is_refused_by_the_server(p, value, sqlstate):
    column = "nothing" if sqlstate == "42703" else "phone"
    with p.logged_in() as client:
        for end in ("\n", ""):
            answers = copy(client, f"COPY patients (patient_id, name, {column}) FROM STDIN",
                           f"{value}\tA\tB{end}")
            equal((wire.error_of(answers)["C"], wire.kinds(answers)), (sqlstate, "GEZ"))


@test
def a_cancel_before_the_first_row_ends_it_at_once(p):
    for flight, end in (([query(SHARDED)], []), ([into(SHARDED), SYNC], [SYNC])):
        with p.logged_in() as client:
            client.send(*flight)
            client.read_until("G")
            ask(p, client)
            equal(wire.error_of(client.read_until("E"))["C"], "57014")
            client.send(data("x"), DONE, *end)
            equal(wire.kinds(client.read_ready()), "Z")
            equal(wire.rows_of(client.query("SELECT 3")), [["3"]])


@test
def of_a_client_that_is_gone_nothing_stays_on_a_shard(p):
    key = p.new_key("patients", "users_1")
    for content in (None, "1", ONE.format(key=key), ONE.format(key=key) * 10000):
        for flight in ([query(SHARDED)], [into(SHARDED), SYNC], [query("BEGIN"), query(SHARDED)]):
            with p.logged_in() as client:
                client.send(*flight)
                client.read_until("G")
                if content:
                    client.send(data(content))
    guard.eventually(lambda: p.rows("users_1", "SELECT count(*) FROM pg_stat_activity WHERE datname ="
                                    " current_database() AND state <> 'idle' AND pid <> pg_backend_pid()")
                     == [(0,)], "the server is not idle")
    equal(patients(p, key), [])


@test
def many_rows_cost_bounded_memory(p):
    first = p.new_key("patients", "users_2")
    keys = [first]
    while len(keys) < 50:
        keys.append(p.new_key("patients", "users_2"))
    with p.logged_in() as client:
        before = guard.forget_memory_peak(p.shardward)
        client.send(query(SHARDED))
        for key in keys:
            client.send(data(f"{key}\t" + "x" * 2_000_000 + "\tmany\n"))
        client.send(DONE)
        equal(client.read_ready()[-2].body, b"COPY 50\0")
        grown = guard.memory_peak(p.shardward) - before
        assert grown < 20_000_000 or guard.has_own_memory(p.program), f"{grown} bytes"
        answers = copy(client, "COPY patients (name, patient_id) FROM STDIN", "x" * 100_000_000)
        equal(wire.error_of(answers)["C"], "54000")
    p.change("users_2", "DELETE FROM patients WHERE phone = 'many'")


VALUES = {"city": ["Harbin", "Changchun", "Guangzhou", "Pa\tris", "", "\\x"], "id": [1, 2, -5],
          "day": ["2025-12-31", "2026-01-01", "infinity"], "level": [-3, 1, 50], "token": [str(uuid.UUID(int=n)) for n in range(6)],
          "at": ["2025-12-31 23:59:59.999999+00", "2026-01-01T00:00Z", "-infinity"]}
TYPES = {"id": "int8", "level": "int2", "day": "date", "token": "uuid", "number": "int4"}


def copied_rows(conn, places, table, form):
    """Each in a COPY of its own, so that it may be on any shard; a row without a place in none."""
    placement, key = placed_tables.TABLES[table]
    columns = ["number", *reversed(key)]
    for number, values in enumerate(itertools.product(*(VALUES[c] for c in reversed(key)))):
        expected = places.locate(table, tuple(str(v) for v in reversed(values)))
        sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT {form})"
        try:
            with conn.cursor().copy(sql) as copying:
                if form == "csv":
                    copying.write(",".join(f'"{v}"' for v in (number, *values)) + "\n")
                else:
                    copying.write_row((number, *values))
            assert expected, (table, values)
        except psycopg.errors.InvalidParameterValue:
            assert not expected, (table, values)


@test
def keys_of_every_type_find_the_shard_that_locate_names(p):
    with placed_tables.placed(p) as other, p.connect(other.port, options="-c timezone=UTC") as conn:
        places = placed_tables.Places(p, other)
        for table in placed_tables.TABLES:
            for form in ("text", "csv"):
                copied_rows(conn, places, table, form)
            equal(places.misplaced(table), [])
        for table, values in (("levels", (1, 7)), ("residents", ("Harbin", 3, 7)), ("tokens", (uuid.UUID(int=9), 7))):
            key = placed_tables.TABLES[table][1]
            with conn.cursor().copy(f"COPY {table} ({', '.join(key)}, number) FROM STDIN BINARY") as copying:
                copying.set_types([*key.values(), "int4"])
                copying.write_row(values)
            equal(places.misplaced(table), [])


@test
def what_depends_on_settings_is_refused_and_stays_nowhere(p):
    with placed_tables.placed(p) as other, p.logged_in(other.port) as client:
        for table, value in (("visits", "01/02/2026"), ("zoned", "2026-01-01 00:00"), ("moments", "yesterday")):
            column = next(iter(placed_tables.TABLES[table][1]))
            answers = copy(client, f"COPY {table} ({column}, number) FROM STDIN", f"{value}\t1\n")
            equal((wire.error_of(answers)["C"], wire.kinds(answers)), ("0A000", "GEZ"), value)
            for shard in p.shards("users"):
                equal(p.rows(shard, f"SELECT count(*) FROM {table}"), [(0,)])
        answers = copy(client, "COPY known_clinics (city, number) FROM STDIN", "Nowhere\t1\n")
        equal((wire.error_of(answers)["C"], wire.kinds(answers)), ("22023", "GEZ"))


@test
def psql_and_drivers_copy_into_a_sharded_table(p):
    key = p.new_key("patients", "users_1")
    more = [p.new_key("patients", "users_1") for _ in range(3)]
    file = p.dir / "patients.csv"
    file.write_text(f'{key},"a\n""b"""\n')
    equal(p.psql(f"\\copy patients (patient_id, name) from '{file}' csv\n"
                 f"COPY patients (patient_id, name) FROM STDIN CSV;\n{more[0]},B\n\\.\n"),
          "COPY 1\nCOPY 1\n")
    with p.connect() as conn:
        with conn.cursor().copy("COPY patients (patient_id, name) FROM STDIN (FORMAT binary)") as copying:
            copying.set_types(["int8", "text"])
            copying.write_row((more[1], "C"))

    async def session():
        conn = await asyncpg.connect(host="127.0.0.1", port=p.port, user=USER, password=PASSWORD,
                                     database=DATABASE)
        equal(await conn.copy_to_table("patients", source=io.BytesIO(f"{more[2]}\tD\n".encode()),
                                       columns=["patient_id", "name"]), "COPY 1")
        await conn.close()

    asyncio.run(session())
    equal(patients(p, key, *more), [(k, "users_1") for k in (key, *more)])


@test
def nothing_of_these_tests_stays(p):
    """Other tests compare the whole of the single tables."""
    for place in (p.at_shard("institutions"), p.oracle()):
        with place as conn:
            conn.execute("DELETE FROM hospitals WHERE hospital_id >= %s", (FIRST_KEY,))
            equal(conn.execute("SELECT count(*) FROM hospitals").fetchone(), (0,))
