"""Whatever a client sends: a clear error to that client, and nobody else notices."""

import contextlib
import os
import random
import signal
import socket
import struct
import threading
import time

import clusters
import guard
import wire
from guard import unharmed
from suite import equal, rows, test

END_OF_STREAM = (wire.Closed, ConnectionError, TimeoutError)
SLOW_LOGIN_EDIT = ("login: 10s", "login: 1s")
MB = 1024 * 1024
KINDS = {kind: bytes([kind]) for kind in range(256)}
VALID = b"QPBDECHSXFdcf"         # what a logged-in client may send


def name_of(key):
    return f"SELECT name FROM patients WHERE patient_id = {key}"


def ends(client):
    """What came until shardward closed the connection. Fails when it does not close it."""
    client.socket.settimeout(wire.END_TIMEOUT_S)
    answers = []
    try:
        while True:
            answers.append(client.read())
    except (wire.Closed, ConnectionError):
        return answers


def is_told_and_ended(client, sqlstate):
    answers = ends(client)
    fields = wire.error_of(answers)
    equal((fields["S"], fields["C"]), ("FATAL", sqlstate), fields.get("M", ""))
    return fields


# The bytes of a start-up

def random_bytes(seed, count):
    dice = random.Random(seed)
    return bytes(dice.randrange(256) for _ in range(count))


@test
def random_bytes_instead_of_a_login_end_the_connection(p):
    with unharmed(p):
        for seed in range(25):
            with p.wire() as client:
                client.send(random_bytes(seed, 1 + seed * 17))
                client.socket.shutdown(socket.SHUT_WR)
                for answer in ends(client):
                    assert answer.kind in "EN", (seed, answer)


@test
def random_bytes_after_a_login_end_the_connection(p):
    with unharmed(p):
        for seed in range(25):
            with p.logged_in() as client:
                client.send(random_bytes(seed, 1 + seed * 27))
                client.socket.shutdown(socket.SHUT_WR)
                ends(client)


@test
def random_bodies_of_known_messages_are_answered_or_refused(p):
    """Right types and lengths, so that the readers behind them get the rubbish."""
    with unharmed(p):
        dice = random.Random(7)
        for _ in range(80):
            with p.logged_in() as client:
                kinds = [chr(dice.choice(b"QPBDEC")) for _ in range(4)]
                client.send(*(wire.message(kind, random_bytes(dice.random(), dice.randrange(40)))
                              for kind in kinds), wire.SYNC, wire.TERMINATE)
                answers = ends(client)
                assert "E" in wire.kinds(answers) or kinds == [], (kinds, answers)


@rows((f"length {length & 0xffffffff:#x}", length) for length in
      (0, 1, 3, 4, 7, 10_001, 2**31 - 1, 2**31, 2**32 - 1))
def a_start_up_packet_of_a_wrong_length_ends_the_connection(p, length):
    with unharmed(p), p.wire() as client:
        client.send(struct.pack("!I", length) + b"\0\3\0\0user\0x\0\0")
        client.socket.shutdown(socket.SHUT_WR)
        for answer in ends(client):
            equal(answer.kind, "E")


# The bytes after a login

@test
def every_unknown_message_type_is_fatal(p):
    with unharmed(p):
        for kind in sorted((set(range(0, 256, 7)) | set(b"pWRTZ@[`{")) - set(VALID)):
            with p.logged_in() as client:
                client.send(KINDS[kind] + struct.pack("!I", 4))
                fields = is_told_and_ended(client, "08P01")
                equal(fields["M"], f"invalid frontend message type {kind}")


@rows((f"{chr(kind)} {length:#x}", kind, length) for kind in b"QPBS"
      for length in (0, 3, 2**31, 2**32 - 1))
def a_message_of_an_impossible_length_is_fatal(p, kind, length):
    with unharmed(p), p.logged_in() as client:
        client.send(KINDS[kind] + struct.pack("!I", length) + b"x" * 100)
        is_told_and_ended(client, "08P01")


@rows((chr(kind), kind) for kind in b"DECHSX")
def a_long_message_that_is_always_short_is_fatal(p, kind):
    with unharmed(p), p.logged_in() as client:
        client.send(KINDS[kind] + struct.pack("!I", 65 * MB) + b"x" * 100)
        is_told_and_ended(client, "08P01")


BATCH = {
    "Query": wire.query("SELECT 1"),
    "Parse": wire.parse("SELECT $1::int8", "s", [20]),
    "Bind": wire.bind(["1"], results=[1]),
    "Describe": wire.describe("P"),
    "Execute": wire.execute(1),
    "Close": wire.close("S", "s"),
}


def changed_bodies(message):
    kind, body = message[:1], message[5:]
    yield "without its last byte", wire.message(kind.decode(), body[:-1])
    yield "with a byte too much", wire.message(kind.decode(), body + b"\0")
    yield "without a body", wire.message(kind.decode())
    yield "half", wire.message(kind.decode(), body[:len(body) // 2])


@rows(BATCH.items())
def a_body_that_does_not_fit_is_an_error_as_at_postgresql(p, whole):
    """The connection goes on as it does there; the words are our own."""
    prepare = wire.parse("SELECT $1::int8", "", [20])
    with unharmed(p), p.logged_in() as client, p.oracle_wire() as oracle:
        for what, message in changed_bodies(whole):
            flight = [prepare, message] + ([] if message[:1] == b"Q" else [wire.SYNC])
            seen = []
            for one in (client, oracle):
                answers = one.ask(*flight)
                seen.append([a.fields()["C"] if a.kind == "E" else a.kind for a in answers])
                equal(wire.rows_of(one.query("SELECT 2")), [["2"]], what)
            equal(seen[0], seen[1], what)


@test
def a_flight_may_break_off_behind_every_byte(p):
    key = p.new_patient("users_0")
    flight = (wire.parse(name_of("$1"), "s") + wire.bind([str(key)], "s") + wire.describe("P")
              + wire.execute() + wire.SYNC)
    with unharmed(p):
        for cut in range(len(flight)):
            with p.logged_in() as client:
                client.send(flight[:cut])
                if cut % 2:
                    reset(client)


@test
def a_login_may_break_off_behind_every_byte(p):
    packet = wire.startup({"user": "booking", "database": "booking"})
    with unharmed(p):
        for cut in range(len(packet)):
            with p.wire() as client:
                client.send(packet[:cut])
                if cut % 2:
                    reset(client)


# Clients that go in the worst moment

def reset(client):
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def wait_for(client, kind):
    while client.read().kind != kind:
        pass


STAGES = {
    "after the connection": (),
    "after half a start-up packet": (wire.startup({"user": "booking"})[:9],),
    "after a start-up packet": (wire.startup({"user": "booking"}),),
    "in the middle of SCRAM": (wire.startup({"user": "booking"}), "R"),
}


@rows((stage, *steps) for stage, steps in STAGES.items())
def a_reset_before_the_login_leaves_nothing(p, *steps):
    with unharmed(p):
        for _ in range(20):
            client = p.wire()
            for step in steps:
                if isinstance(step, bytes):
                    client.send(step)
                else:
                    wait_for(client, step)
            reset(client)


SESSION_STAGES = {
    "after the login": (),
    "after a query": ("name",),
    "in the middle of a query": (wire.query("SELECT 1")[:8],),
    "in an open transaction": (wire.query("BEGIN"), "Z", "update", "Z"),
    "in a transaction that runs": (wire.query("BEGIN"), "Z", "update"),
    "in a failed transaction": (wire.query("BEGIN"), "Z", "update", "Z", "wrong", "Z"),
    "behind COMMIT": (wire.query("BEGIN"), "Z", "update", "Z", wire.query("COMMIT")),
    "in a batch without Sync": ("parse", "bind", wire.execute()),
    "behind Flush": ("parse", "bind", wire.execute(), wire.FLUSH, "C"),
    "in the middle of a result": ("big", "D"),
}


@rows((stage, *steps) for stage, steps in SESSION_STAGES.items())
def a_reset_after_the_login_leaves_nothing(p, *steps):
    key = p.new_patient("users_0", phone="x" * MB)
    words = {
        "name": wire.query(name_of(key)),
        "update": wire.query(f"UPDATE patients SET visits = visits + 1 WHERE patient_id = {key}"),
        "wrong": wire.query(f"SELECT 1 / 0 FROM patients WHERE patient_id = {key}"),
        "parse": wire.parse(f"UPDATE patients SET visits = 7 WHERE patient_id = {key}"),
        "bind": wire.bind(),
        "big": big_result(key, 30),
    }
    with unharmed(p):
        for _ in range(10):
            client = p.logged_in()
            for step in steps:
                if isinstance(step, bytes) or step in words:
                    client.send(words.get(step, step))
                else:
                    wait_for(client, step)
            reset(client)
        # Nobody holds the row any more.
        with p.at_shard("users_0") as conn:
            conn.execute("SET lock_timeout = '5s'")
            conn.execute("UPDATE patients SET visits = 0 WHERE patient_id = %s", (key,))


def big_result(key, megabytes):
    values = ", ".join(f"({i})" for i in range(megabytes))
    return wire.query(f"SELECT p.phone, v.i FROM patients p CROSS JOIN (VALUES {values}) v (i)"
                      f" WHERE p.patient_id = {key}")


# Clients that take their time

@rows((
    ("nothing at all", b""),
    ("half a start-up packet", wire.startup({"user": "booking"})[:9]),
    ("a start-up packet, and no proof", wire.startup({"user": "booking"})),
    ("a request for TLS, and no more", wire.SSL_REQUEST),
))
def a_login_that_does_not_come_is_ended(p, sent):
    with p.another_shardward(SLOW_LOGIN_EDIT) as other, unharmed(p, other):
        with p.wire(other.port) as client:
            client.send(sent)
            if sent == wire.SSL_REQUEST:
                equal(client.read_bytes(1), b"N")
            answers = [answer for answer in ends(client) if answer.kind != "R"]
            assert answers, "it said nothing"
            equal(wire.error_of(answers)["S"], "FATAL")


@test
def a_login_of_a_byte_at_a_time_is_ended(p):
    packet = wire.startup({"user": "booking", "application_name": "x" * 1000})
    with p.another_shardward(SLOW_LOGIN_EDIT) as other, unharmed(p, other):
        with p.wire(other.port) as client:
            client.socket.settimeout(0.02)
            for byte in packet:
                client.send(bytes([byte]))
                with contextlib.suppress(TimeoutError):
                    if client.socket.recv(1):
                        break
            else:
                raise AssertionError("the login was never ended")


@test
def a_query_of_a_byte_at_a_time_is_answered(p):
    key = p.new_patient("users_0")
    with unharmed(p) as bystander, p.logged_in() as client:
        for byte in wire.query(name_of(key)):
            client.send(bytes([byte]))
            bystander.is_served()
        equal(wire.rows_of(client.read_ready()), [["Ada"]])


@test
def what_a_client_announces_costs_no_memory_before_it_is_sent(p):
    with unharmed(p):
        before = guard.forget_memory_peak(p.shardward)
        with contextlib.ExitStack() as stack:
            for _ in range(50):
                client = stack.enter_context(p.logged_in())
                client.send(b"Q" + struct.pack("!I", 60 * MB) + b"SELECT 1")
            stack.enter_context(p.logged_in()).query("SELECT 1")
            grown = guard.memory_peak(p.shardward) - before
        assert grown < 50 * MB or guard.has_own_memory(p.program), f"{grown} bytes"


@test
def a_client_that_does_not_read_costs_bounded_memory(p):
    key = p.new_patient("users_0", phone="x" * MB)
    with unharmed(p) as bystander:
        before = guard.forget_memory_peak(p.shardward)
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(p.logged_in()).send(big_result(key, 100))
            for _ in range(20):
                bystander.is_served()
            grown = guard.memory_peak(p.shardward) - before
        assert grown < 100 * MB or guard.has_own_memory(p.program), f"{grown} bytes"


# Too much of something

LONG = "SELECT 1 -- " + "x" * (100 * MB)


@rows((("a query", [wire.query(LONG)]),
       ("a query to prepare", [wire.parse(LONG), wire.bind(), wire.execute(), wire.SYNC]),
       ("a parameter", [wire.parse("SELECT $1::text"), wire.bind([LONG]), wire.execute(), wire.SYNC]),
       ("a query behind an error", [wire.parse("?"), wire.parse(LONG), wire.SYNC])))
def a_message_of_100_mb_is_refused_and_the_client_goes_on(p, flight):
    """It is dropped as it comes: it costs no memory."""
    key = p.new_patient("users_0")
    with unharmed(p):
        before = guard.forget_memory_peak(p.shardward)
        with p.logged_in() as client:
            fields = wire.error_of(client.ask(*flight))
            equal((fields["S"], fields["C"]), ("ERROR", "42601" if len(flight) == 3 else "54000"))
            assert len(flight) == 3 or "limits.message" in fields["M"], fields
            equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])
        grown = guard.memory_peak(p.shardward) - before
        assert grown < 20 * MB or guard.has_own_memory(p.program), f"{grown} bytes"


@test
def a_query_beyond_its_own_limit_is_refused_and_the_client_goes_on(p):
    key = p.new_patient("users_0")
    with unharmed(p), p.logged_in() as client:
        for flight in ([wire.query(name_of(key) + " -- " + "x" * (20 * MB))],
                       [wire.parse(name_of(key) + " -- " + "x" * (20 * MB)), wire.SYNC]):
            fields = wire.error_of(client.ask(*flight))
            equal((fields["S"], fields["C"]), ("ERROR", "54000"))
            assert "limits.query" in fields["M"], fields
            equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])


@test
def a_query_of_100_mb_works_when_the_limits_are_raised(p):
    key = p.new_patient("users_0")
    # Reading it takes longer than a lease may: the time to wait begins behind it.
    edits = ("message: 64MB", "message: 256MB"), ("query: 16MB", "query: 200MB"), ("lease: 5s", "lease: 200ms")
    with p.another_shardward(*edits) as other, unharmed(p, other):
        with p.logged_in(other.port) as client:
            client.socket.settimeout(50)
            answers = client.query(name_of(key) + " -- " + "x" * (100 * MB))
            equal(wire.rows_of(answers), [["Ada"]], [a.readable() for a in answers])


@test
def psql_shows_the_refusal_of_100_mb(p):
    shown = p.psql(name_of(1) + " -- " + "x" * (100 * MB) + "\n;", "-v", "VERBOSITY=verbose")
    assert "ERROR:  54000" in shown and "FATAL" not in shown, shown[-500:]


DEEP = {
    "10,000 parentheses": lambda key: "SELECT " + "(" * 10_000 + "1" + ")" * 10_000,
    "10,000 parentheses around a key":
        lambda key: name_of("(" * 10_000 + str(key) + ")" * 10_000),
    "10,000 casts": lambda key: name_of(str(key) + "::int8" * 10_000),
    "10,000 NOTs": lambda key: name_of(key) + " AND " + "NOT " * 10_000 + "true",
    "10,000 minus signs": lambda key: "SELECT " + "- " * 10_000 + "1",
    "5,000 nested subqueries": lambda key: "SELECT " + "(SELECT " * 5_000 + "1" + ")" * 5_000,
    "3,000 nested subqueries in FROM":
        lambda key: "SELECT * FROM (" * 3_000 + "SELECT 1" + ") q" * 3_000,
    "10,000 nested arrays": lambda key: "SELECT " + "ARRAY[" * 10_000 + "1" + "]" * 10_000,
    "10,000 nested functions": lambda key: "SELECT " + "abs(" * 10_000 + "1" + ")" * 10_000,
    "a million terms": lambda key: "SELECT 1" + "+1" * 1_000_000,
    "a million terms beside a key": lambda key: name_of(key) + " AND 0 < 1" + "+1" * 1_000_000,
    "100,000 ORs": lambda key: name_of(key) + " OR false" * 100_000,
    "100,000 UNIONs": lambda key: "SELECT 1" + " UNION SELECT 1" * 100_000,
    "10,000 JOINs": lambda key: "SELECT 1 FROM patients p" + "".join(
        f" JOIN patients p{i} USING (patient_id)" for i in range(10_000)),
    "a million statements": lambda key: ";" * 1_000_000,
    "10,000 statements": lambda key: "SELECT 1;" * 10_000,
    "parameter 2147483647": lambda key: name_of("$2147483647"),
    "parameter 99999999999": lambda key: name_of("$99999999999"),
    "a number of 10,000 digits": lambda key: name_of("9" * 10_000),
    "a million commas": lambda key: "SELECT " + "," * 1_000_000,
}
REFUSALS = {"54000", "54001", "0A000", "42601", "22003", "42P02", "42883", "42P01", "42703"}


@rows((what, text) for what, text in DEEP.items())
def too_much_in_a_statement_is_answered_or_refused(p, text):
    """As at PostgreSQL, or refused: never something else."""
    key = p.new_patient("users_0")
    with unharmed(p), p.logged_in() as client:
        client.socket.settimeout(50)
        for flight in ([wire.query(text(key))],
                       [wire.parse(text(key)), wire.bind(), wire.execute(), wire.SYNC]):
            answers = client.ask(*flight)
            errors = [a.fields()["C"] for a in answers if a.kind == "E"]
            assert not errors or (len(errors) == 1 and errors[0] in REFUSALS), errors
            if "D" in wire.kinds(answers) and "patients" in text(key):
                equal(wire.rows_of(answers), [["Ada"]])
            equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])


@test
def a_list_of_100_000_keys_of_one_shard_works(p):
    key = p.new_patient("users_0")
    with unharmed(p), p.logged_in() as client:
        answers = client.query(f"SELECT name FROM patients WHERE patient_id IN ("
                               + ", ".join([str(key)] * 100_000) + ")")
        equal(wire.rows_of(answers), [["Ada"]])


@test
def as_many_parameters_as_the_protocol_has_work(p):
    key = p.new_patient("users_0")
    names = ", ".join(f"${i}" for i in range(2, 65_536))
    sql = f"SELECT name FROM patients WHERE patient_id = $1 AND name IN ({names})"
    values = [str(key)] + ["Ada"] * 65_534
    with unharmed(p), p.logged_in() as client:
        client.socket.settimeout(50)
        answers = client.ask(wire.parse(sql), wire.bind(values), wire.execute(), wire.SYNC)
        equal(wire.rows_of(answers), [["Ada"]])


@rows((("one too many", 2), ("none", 0), ("65,535", 65_535)))
def another_number_of_parameters_is_08P01(p, count):
    key = str(p.new_patient("users_0"))
    with unharmed(p), p.logged_in() as client:
        answers = client.ask(wire.parse(name_of("$1")), wire.bind([key] * count), wire.execute(),
                             wire.SYNC)
        equal(wire.error_of(answers)["C"], "08P01")
        equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])


@test
def more_parameter_types_than_there_are_bytes_are_08P01(p):
    body = wire.text("") + wire.text("SELECT 1") + struct.pack("!H", 65_535) + b"\0" * 40
    with unharmed(p), p.logged_in() as client:
        equal(wire.error_of(client.ask(wire.message("P", body), wire.SYNC))["C"], "08P01")


# Bytes that are no text

BAD_TEXT = {"a lone byte": b"\xff", "half a character": b"\xc3", "a surrogate": b"\xed\xa0\x80",
            "an overlong slash": b"\xc0\xaf", "beyond Unicode": b"\xf4\x90\x80\x80"}


def bad_text_flights(key, bad):
    name = b"n" + bad + b"\0"
    sql = name_of(key).encode()
    bound = wire.bind([str(key)])
    return {
        "a query": [wire.message("Q", sql + b" -- " + bad + b"\0")],
        "a literal": [wire.message("Q", sql + b" AND name = '" + bad + b"'\0")],
        "a quoted name": [wire.message("Q", b'SELECT 1 AS "' + bad + b'"\0')],
        "a query to prepare": [wire.message("P", b"\0" + sql + b" -- " + bad + b"\0\0\0"), wire.SYNC],
        "a parameter": [wire.parse(name_of(key) + " AND name = $1"), wire.bind([bad]),
                        wire.execute(), wire.SYNC],
        "a statement's name": [wire.message("P", name + sql + b"\0\0\0"), wire.SYNC],
        "a portal's name": [wire.parse(name_of("$1")), wire.message("B", name + bound[6:]), wire.SYNC],
        "a name to describe": [wire.message("D", b"S" + name), wire.SYNC],
    }


@rows((where, where) for where in bad_text_flights(1, b"x"))
def text_that_is_not_utf8_is_refused_as_at_postgresql(p, where):
    key = p.new_patient("users_0")
    with unharmed(p), p.logged_in() as client, p.oracle_wire() as oracle:
        for what, bad in BAD_TEXT.items():
            flight = bad_text_flights(key, bad)[where]
            for one in (oracle, client):
                errors = [a.fields()["C"] for a in one.ask(*flight) if a.kind == "E"]
                equal(errors, ["22021"], what)
                equal(wire.rows_of(one.query("SELECT 2")), [["2"]], what)


@rows((("a text key", wire.bind([b"1\0"])), ("another parameter", wire.bind([b"1", b"a\0b"]))))
def a_zero_byte_in_a_text_parameter_is_22021(p, bound):
    sql = "SELECT name FROM patients WHERE patient_id = $1"
    sql += " AND name = $2" if b"a\0b" in bound else ""
    with unharmed(p), p.logged_in() as client:
        answers = client.ask(wire.parse(sql), bound, wire.execute(), wire.SYNC)
        assert wire.error_of(answers)["C"] in ("22021", "22P02"), answers
        equal(wire.rows_of(client.query("SELECT 2")), [["2"]])


@rows((("in a query", wire.message("Q", b"SELECT 1\0; SELECT 2\0")),
       ("instead of a query", wire.message("Q", b"\0\0\0"))))
def a_zero_byte_in_a_query_is_08P01(p, message):
    with unharmed(p), p.logged_in() as client:
        equal(wire.error_of(client.ask(message))["C"], "08P01")
        equal(wire.rows_of(client.query("SELECT 2")), [["2"]])


@rows((("simple", lambda sql: [wire.query(sql)]),
       ("extended", lambda sql: [wire.parse(sql), wire.SYNC])))
def an_unknown_table_is_42P01(p, flight):
    with unharmed(p), p.logged_in() as client:
        fields = wire.error_of(client.ask(*flight("SELECT * FROM no_such_table WHERE id = 1")))
        equal(fields["C"], "42P01")
        assert "no_such_table" in fields["M"], fields
        equal(wire.rows_of(client.query("SELECT 2")), [["2"]])


# Too many clients

@test
def a_flood_of_connections_is_survived(p):
    with unharmed(p) as bystander:
        flood = []
        try:
            for _ in range(3000):
                flood.append(socket.create_connection(("127.0.0.1", p.port), wire.TIMEOUT_S))
            bystander.is_served()
            with p.logged_in() as client:
                equal(wire.rows_of(client.query("SELECT 1")), [["1"]])
        finally:
            for connection in flood:
                connection.close()


@test
def a_flood_of_connections_that_go_at_once_is_survived(p):
    with unharmed(p):
        for _ in range(3000):
            connection = socket.create_connection(("127.0.0.1", p.port), wire.TIMEOUT_S)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()


@test
def without_files_left_it_serves_whom_it_has_and_recovers(p):
    with p.another_shardward() as other, unharmed(p, other) as bystander:
        with guard.file_limit(other, 5):
            crowd = [socket.create_connection(("127.0.0.1", other.port), wire.TIMEOUT_S)
                     for _ in range(30)]
            guard.eventually(lambda: "accept-failed" in other.log() or "it says nothing", "the log")
            bystander.is_served()
            before, began = guard.cpu_seconds(other), time.monotonic()
            time.sleep(0.5)         # a loop that spins would burn all of it
            share = (guard.cpu_seconds(other) - before) / (time.monotonic() - began)
            assert share < 0.8, f"it burns {share:.0%} of a core"
            for connection in crowd:
                connection.close()
        with p.logged_in(other.port) as client:
            equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


@test
def without_files_left_a_new_server_connection_is_an_error_to_one_client(p):
    key = p.new_patient("users_3")
    with p.another_shardward() as other, unharmed(p, other) as bystander:
        with p.logged_in(other.port) as client:
            with guard.file_limit(other, 0):
                fields = wire.error_of(client.query(name_of(key)))
                assert fields["C"][:2] in ("08", "53"), fields
                bystander.is_served()
            equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])


# Nodes that misbehave

def elsewhere(p):
    """Where the node of cluster c2 shall be, and the edits of the config that say so."""
    node = p.clusters.primary("c2")
    port = p.port + 19
    assert clusters.is_free(node.address, port), port
    return (node.address, port), (f"port: {node.port}", f"port: {port}"), ("connect: 5s", "connect: 1s")


@test
def a_node_that_refuses_is_an_error_to_whoever_needs_it(p):
    key = p.new_patient("users_2")
    _, *edits = elsewhere(p)
    with p.another_shardward(*edits) as other, unharmed(p, other):
        for _ in range(3):
            with p.logged_in(other.port) as client:
                fields = wire.error_of(client.query(name_of(key)))
                equal(fields["C"][:2], "08", fields["M"])
                equal(wire.rows_of(client.query("SELECT 2")), [["2"]])


@test
def a_node_that_accepts_and_then_says_nothing_is_an_error_in_bounded_time(p):
    place, *edits = elsewhere(p)
    key = p.new_patient("users_2")
    with socket.socket() as mute:
        mute.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        mute.bind(place)
        mute.listen(100)
        with p.another_shardward(*edits) as other, unharmed(p, other):
            with p.logged_in(other.port) as client:
                fields = wire.error_of(client.query(name_of(key)))
                equal(fields["C"][:2], "08", fields["M"])
                equal(wire.rows_of(client.query("SELECT 2")), [["2"]])


@rows((
    ("rubbish", b"\xff" * 1000),
    ("an answer that never ends", b"R" + struct.pack("!I", 2**31 - 1)),
    ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ("an unknown way to log in", b"R" + struct.pack("!II", 8, 4242)),
    ("an end", b""),
))
def a_node_that_is_no_postgresql_is_an_error(p, answer):
    place, *edits = elsewhere(p)
    key = p.new_patient("users_2")
    with talking(place, answer):
        with p.another_shardward(*edits) as other, unharmed(p, other):
            with p.logged_in(other.port) as client:
                fields = wire.error_of(client.query(name_of(key)))
                equal(fields["C"][:2], "08", fields["M"])
                equal(wire.rows_of(client.query("SELECT 2")), [["2"]])


@contextlib.contextmanager
def talking(place, answer):
    """A server that says this to everybody, whatever they say, and then closes."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(place)
    listener.listen(100)

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.recv(8192)
                connection.sendall(answer)
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(wire.TIMEOUT_S)


def pump(source, target):
    """Until one end is closed; then both are."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def relay(client, node, refused, answer):
    """Whoever starts with the word @refused is given @answer; all others speak with the node."""
    with client, contextlib.suppress(OSError), socket.create_connection(node) as server:
        begin = client.recv(8192)
        if refused in begin:
            client.sendall(answer)
            return
        server.sendall(begin)
        back = threading.Thread(target=pump, args=(server, client), daemon=True)
        back.start()
        pump(client, server)
        back.join()


@rows((("before PostgreSQL 14", "42704"), ("a kernel that cannot tell", "22023")))
def a_node_that_cannot_watch_its_clients_serves_all_the_same(p, sqlstate):
    place, *edits = elsewhere(p)
    node, key = p.clusters.primary("c2"), p.new_patient("users_2")
    words = f"SFATAL\0VFATAL\0C{sqlstate}\0Mno such parameter\0\0".encode()
    fatal = b"E" + struct.pack("!I", 4 + len(words)) + words
    refused = b"client_connection_check_interval"
    sql = f"SELECT current_setting('{refused.decode()}') FROM patients WHERE patient_id = {key}"
    with socket.create_server(place) as listener:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=relay, daemon=True, args=(
                        client, (node.address, node.port), refused, fatal)).start()

        threading.Thread(target=serve, daemon=True).start()
        with p.another_shardward(*edits) as other, p.logged_in(other.port) as client, \
                p.logged_in() as watched:
            equal(wire.rows_of(client.query(sql)), [["0"]])
            equal(wire.rows_of(watched.query(sql)), [["1s"]])
        listener.shutdown(socket.SHUT_RDWR)


def backend_of(p, shard, query):
    """The server process that runs a query which holds this text."""
    _, dbname = p.clusters.place(shard)
    found = p.as_superuser(shard, "SELECT pid FROM pg_stat_activity WHERE usename = 'booking'"
                           f" AND datname = '{dbname}' AND state = 'active'"
                           f" AND position('{query}' IN query) > 0").split()
    return int(found[0]) if found else None


@test
def a_backend_that_hangs_hurts_only_who_waits_for_it(p):
    key = p.new_patient("users_0", phone="x" * MB)
    with unharmed(p) as bystander, p.logged_in() as client:
        client.send(big_result(key, 50))
        wait_for(client, "D")
        pid = backend_of(p, "users_0", str(key))
        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(10):
                bystander.is_served()
            with p.logged_in() as another:
                equal(wire.rows_of(another.query(name_of(key))), [["Ada"]])
        finally:
            os.kill(pid, signal.SIGCONT)
        equal(wire.kinds(client.read_ready()), "D" * 49 + "CZ")


@test
def a_backend_that_dies_in_the_middle_of_a_result_never_makes_it_look_whole(p):
    """An error behind whole rows; or, when a part of a row has gone out, the end of the
    connection, because nothing else can stand inside a row. The log tells of it in any case."""
    key = p.new_patient("users_0", phone="x" * MB)
    logged = len(p.shardward.log())
    with unharmed(p), p.logged_in() as client:
        client.send(big_result(key, 100))
        wait_for(client, "D")
        pid = backend_of(p, "users_0", str(key))
        p.as_superuser("users_0", f"SELECT pg_terminate_backend({pid}, 5000)")
        answers = []
        with contextlib.suppress(wire.Closed):
            while not answers or answers[-1].kind != "Z":
                answers.append(client.read())
        whole = [a for a in answers if a.kind == "D"]
        assert len(whole) < 99 and "C" not in wire.kinds(answers), "it looks whole"
        assert all(len(a.values()[0]) == MB for a in whole), "a row was cut"
        if answers[-1].kind == "Z":
            assert wire.error_of(answers)["C"] in ("57P01", "08006"), answers[-2]
            equal(wire.ready_status(answers), "I")
        assert "server-lost" in p.shardward.log()[logged:], p.shardward.log()[logged:]
