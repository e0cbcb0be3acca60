"""Clients that vanish at work, read slowly or not at all: the next one finds a clean server, and memory
stays bounded in both directions."""

import contextlib
import socket
import struct

import wire
from guard import forget_memory_peak, has_own_memory, memory_peak, unharmed
from suite import equal, rows, test
from test_direct import EDITS, login
from test_pools import size, workers

MB = 1024 * 1024
MOST_MB = 32            # that a client may cost that does not read, or does not stop writing
SMALL = (workers(1), *EDITS, size(1), ("size: 3", "size: 1"), ("lease: 5s", "lease: 30s"))
COPY_IN = "COPY patients (patient_id, name) FROM STDIN"


def flights(key, new):
    """What is sent, and what is awaited before the client vanishes. The update is of the key."""
    update = f"UPDATE patients SET visits = 7 WHERE patient_id = {key}"
    many = ", ".join(f"({i})" for i in range(300))
    big = ("SELECT repeat(p.name, 100000), v.i FROM patients p"
           f" CROSS JOIN (VALUES {many}) v (i) WHERE p.patient_id = {key}")
    line = wire.message("d", f"{new}\tBob\n".encode())
    batch = wire.parse(update) + wire.bind() + wire.execute()
    return {
        "in a transaction": [(wire.query("BEGIN"), "Z"), (wire.query(update), "Z")],
        "in a failed transaction": [(wire.query("BEGIN"), "Z"), (wire.query(update), "Z"),
                                    (wire.query("SELECT 1/0"), "Z")],
        "in a statement": [(wire.query("BEGIN"), "Z"), (wire.query(update), "Z"),
                           (wire.query(f"SELECT pg_sleep(0.5) FROM patients WHERE patient_id = {key}"), "")],
        "in COPY IN": [(wire.query("BEGIN"), "Z"), (wire.query(update), "Z"),
                       (wire.query(COPY_IN), "G"), (line, "")],
        "in COPY OUT": [(wire.query("BEGIN"), "Z"), (wire.query(update), "Z"),
                        (wire.query(f"COPY ({big}) TO STDOUT"), "d")],
        "in a large result": [(wire.query("BEGIN"), "Z"), (wire.query(update), "Z"),
                              (wire.query(big), "D")],
        "in a pipeline": [(batch + wire.FLUSH, "C"), (batch, "")],
        "in a pipeline of many": [(wire.query("BEGIN"), "Z"),
                                  (batch + wire.SYNC + wire.query(big) + batch, "D")],
        "in half a message": [(wire.query("BEGIN"), "Z"), (wire.query(update), "Z"),
                              (wire.query(update)[:20], "")],
    }


def vanish(client, steps):
    for flight, awaited in steps:
        client.send(flight)
        if awaited:
            client.read_until(awaited)


def reset(client):
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@rows([(f"{where}, {how}", where, end) for where in flights(0, 0)
       for how, end in (("reset", reset), ("closed", wire.Wire.close))])
def who_vanishes_leaves_a_clean_server_to_the_next(p, where, end):
    key, new = p.new_patient("users_0"), p.new_key("patients", "users_0")
    settings = f"SELECT visits, current_setting('work_mem') FROM patients WHERE patient_id = {key}"
    with p.another_shardward(*SMALL) as other:
        for _ in range(2):
            client = p.logged_in(other.port)
            client.query("SET work_mem = '3MB'")
            vanish(client, flights(key, new)[where])
            end(client)
            with p.logged_in(other.port) as next_one:
                equal(wire.rows_of(next_one.query(settings)), [["0", "4MB"]])
                answers = next_one.query(f"UPDATE patients SET visits = 0 WHERE patient_id = {key}")
                equal((wire.kinds(answers), wire.ready_status(answers)), ("CZ", "I"))
                equal(wire.rows_of(next_one.query(
                    f"SELECT count(*) FROM patients WHERE patient_id = {new}")), [["0"]])


@rows([("in a transaction", [(wire.query("BEGIN; CREATE TEMP TABLE left_behind (i int)"), "Z")]),
       ("in a statement", [(wire.query("SELECT pg_sleep(0.5)"), "")]),
       ("in COPY IN", [(wire.query("CREATE TEMP TABLE left_behind (i int)"), "Z"),
                       (wire.query("COPY left_behind FROM STDIN"), "G")]),
       ("in COPY OUT", [(wire.query("COPY (SELECT repeat('x', 100000) FROM generate_series(1, 3000))"
                                    " TO STDOUT"), "d")]),
       ("in a large result", [(wire.query("SELECT repeat('x', 100000) FROM generate_series(1, 3000)"), "D")]),
       ("in a pipeline", [(wire.parse("SELECT 1") + wire.bind() + wire.execute() + wire.FLUSH, "C")])])
def in_pool_mode_session_the_next_one_gets_the_place(p, steps):
    with p.another_shardward(*SMALL) as other:
        for _ in range(2):
            client = login(p, other)
            vanish(client, steps)
            reset(client)
            with login(p, other) as next_one:
                answers = next_one.query("SELECT count(*) FROM pg_class WHERE relname = 'left_behind'"
                                         " AND pg_table_is_visible(oid)")
                equal((wire.rows_of(answers), wire.ready_status(answers)), ([["0"]], "I"))


@contextlib.contextmanager
def bounded(p, other):
    before = forget_memory_peak(other)
    yield
    grown = (memory_peak(other) - before) // MB
    assert has_own_memory(p.program) or grown <= MOST_MB, f"{grown} MB more"


def client_of(p, other, mode):
    return login(p, other) if mode == "session" else p.logged_in(other.port)


@rows([("pool mode transaction", "transaction"), ("pool mode session", "session")])
def a_result_of_200_mb_that_nobody_reads_costs_little(p, mode):
    key = p.new_patient("users_0")
    many = ", ".join(f"({i})" for i in range(200))
    big = (f"SELECT repeat(p.name, {MB // 3}), v.i FROM patients p"
           f" CROSS JOIN (VALUES {many}) v (i) WHERE p.patient_id = {key}")
    if mode == "session":
        big = f"SELECT repeat('Ada', {MB // 3}) FROM generate_series(1, 200)"
    with p.another_shardward(*SMALL[:3]) as other, unharmed(p, other) as bystander:
        with client_of(p, other, mode) as client, bounded(p, other):
            client.send(wire.query(big))
            client.read_until("D")
            bystander.is_served()
            equal(sum(len(answer.values()[0]) for answer in client.read_ready() if answer.kind == "D"),
                  199 * (MB // 3) * 3)


LINE_KB, LINES = 10, 10000


@rows([("pool mode transaction", "transaction"), ("pool mode session", "session")])
def who_writes_100_mb_before_it_reads_is_answered(p, mode):
    key = p.new_patient("users_0")
    statement = f"UPDATE patients SET visits = length($1) WHERE patient_id = {key}"
    if mode == "session":
        statement = "SELECT length($1)"
    with p.another_shardward(*SMALL[:3]) as other, unharmed(p, other) as bystander:
        with client_of(p, other, mode) as client, bounded(p, other):
            client.ask(wire.parse(statement, "s", [25]) + wire.SYNC)
            once = wire.bind([b"x" * (LINE_KB * 1024)], "s") + wire.execute() + wire.SYNC
            for _ in range(LINES // 100):
                client.send(once * 100)
            bystander.is_served()
            for _ in range(LINES):
                equal(wire.kinds(client.read_ready()).replace("D", ""), "2CZ")
