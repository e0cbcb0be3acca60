"""Limits of time: clients that ask for nothing, statements that take too long; in PostgreSQL's words."""

import contextlib
import os
import signal
import time

import wire
from suite import equal, rows, test
from test_batches import working
from test_direct import EDITS, login
from test_pools import name_of, pids, size, workers
from test_reload import changing
from test_transactions import eventually

IDLE_SESSION = "terminating connection due to idle-session timeout"
IDLE_IN_TRANSACTION = "terminating connection due to idle-in-transaction timeout"
TOO_LONG = "canceling statement due to statement timeout"
IDLE = "idle_session: 0", "idle_session: 300ms"
QUERY = "  query: 0", "  query: 300ms"
SLEEP = "SELECT pg_sleep(60)"


@contextlib.contextmanager
def client_of(p, mode, *edits):
    """A client of a shardward of one worker and pools of one server."""
    with p.another_shardward(workers(1), *EDITS, size(1), ("size: 3", "size: 1"), *edits) as other:
        if mode == "session":
            with login(p, other) as client:
                yield other, client
        else:
            with p.logged_in(other.port) as client:
                yield other, client


def end_of(client):
    fields = wire.error_of(client.read_to_end())
    return fields["S"], fields["C"], fields["M"]


MODES = [("pool mode transaction", "transaction"), ("pool mode session", "session")]


@rows(MODES)
def a_client_that_asks_for_nothing_is_closed(p, mode):
    with client_of(p, mode, IDLE) as (other, client):
        with p.logged_in(other.port) as busy:
            equal(wire.kinds(client.query("SELECT 1")), "TDCZ")
            end = time.monotonic() + 1
            while time.monotonic() < end:
                equal(wire.kinds(busy.query("SELECT 1")), "TDCZ")
            equal(end_of(client), ("FATAL", "57P05", IDLE_SESSION))


@test
def a_client_that_never_asks_is_closed_and_one_at_work_or_in_a_transaction_is_not(p):
    key = p.new_patient("users_0")
    with p.another_shardward(IDLE) as other:
        with p.logged_in(other.port) as silent, p.logged_in(other.port) as open_one, \
                p.logged_in(other.port) as waits:
            open_one.query("BEGIN")
            waits.send(wire.query(f"SELECT pg_sleep(1), name FROM patients WHERE patient_id = {key}"))
            equal(end_of(silent), ("FATAL", "57P05", IDLE_SESSION))
            equal(wire.kinds(waits.read_ready()), "TDCZ")
            equal(name_of(open_one, key), [["Ada"]])


@test
def a_client_that_sends_a_long_message_slowly_is_not_idle(p):
    with p.another_shardward(IDLE) as other, p.logged_in(other.port) as client:
        for byte in wire.query("SELECT 'slow'"):
            client.send(bytes([byte]))
            time.sleep(0.05)
        equal(wire.rows_of(client.read_ready()), [["slow"]])


@rows([(f"{mode}, {what}", mode, *statements) for mode in ("transaction", "session")
       for what, *statements in (("begun", "BEGIN"), ("at work", "BEGIN", "SELECT 1"),
                                 ("failed", "BEGIN", "SELECT 1/0"))])
def a_transaction_that_is_left_alone_is_closed(p, mode, *statements):
    with client_of(p, mode, ("idle_in_transaction: 0", "idle_in_transaction: 300ms")) as (_, client):
        for statement in statements:
            assert wire.ready_status(client.query(statement)) in "TE"
        equal(end_of(client), ("FATAL", "25P03", IDLE_IN_TRANSACTION))


@test
def a_batch_that_is_left_open_holds_no_server_for_ever(p):
    key = p.new_patient("users_0")
    limit = ("idle_in_transaction: 0", "idle_in_transaction: 300ms")
    with client_of(p, "transaction", limit) as (other, client), p.logged_in(other.port) as next_one:
        client.send(wire.parse(f"SELECT name FROM patients WHERE patient_id = {key}")
                    + wire.bind() + wire.execute() + wire.FLUSH)
        equal(wire.kinds(client.read_until("C")), "12DC")
        equal(name_of(next_one, key), [["Ada"]])
        equal(end_of(client), ("FATAL", "25P03", IDLE_IN_TRANSACTION))


def is_too_long(answers, status):
    fields = wire.error_of(answers)
    equal((fields["S"], fields["C"], fields["M"]), ("ERROR", "57014", TOO_LONG))
    equal(wire.ready_status(answers), status)


FLIGHTS = [("simple", lambda sql: wire.query(sql)),
           ("extended", lambda sql: wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC)]


@rows([(f"{name}, {where}", flight, begins) for name, flight in FLIGHTS
       for where, begins in (("alone", False), ("in a transaction", True))])
def a_statement_that_takes_too_long_is_cancelled(p, flight, begins):
    key = p.new_patient("users_0")
    before = pids(p, "users_0")
    with client_of(p, "transaction", QUERY) as (other, client):
        equal(name_of(client, key), [["Ada"]])
        ours = pids(p, "users_0") - before
        if begins:
            client.query("BEGIN")
        is_too_long(client.ask(flight(f"{SLEEP} FROM patients WHERE patient_id = {key}")),
                    "E" if begins else "I")
        if begins:
            equal(wire.error_of(client.query("SELECT 1"))["C"], "25P02")
            equal(wire.kinds(client.query("COMMIT")), "CZ")
        with p.logged_in(other.port) as next_one:
            for one in (client, next_one):
                equal(name_of(one, key), [["Ada"]])
        equal(pids(p, "users_0") - before, ours)    # the server is the same


@test
def what_is_behind_it_in_a_pipeline_goes_on(p):
    key = p.new_patient("users_0")
    ask = FLIGHTS[1][1]
    with client_of(p, "transaction", QUERY) as (_, client):
        client.send(ask(f"{SLEEP} FROM patients WHERE patient_id = {key}"),
                    ask(f"SELECT name FROM patients WHERE patient_id = {key}"))
        is_too_long(client.read_ready(), "I")
        equal(wire.rows_of(client.read_ready()), [["Ada"]])


@test
def no_setting_of_a_client_gives_it_more_time(p):
    key = p.new_patient("users_0")
    with client_of(p, "transaction", QUERY) as (_, client):
        client.query("SET statement_timeout = '1min'")
        is_too_long(client.query(f"{SLEEP} FROM patients WHERE patient_id = {key}"), "I")


@test
def many_short_statements_may_take_long(p):
    key = p.new_patient("users_0")
    with client_of(p, "transaction", QUERY) as (_, client):
        client.query("BEGIN")
        end = time.monotonic() + 1
        while time.monotonic() < end:
            equal(name_of(client, key), [["Ada"]])
        equal(wire.kinds(client.query("COMMIT")), "CZ")


@test
def waiting_for_a_server_and_for_a_pause_does_not_count(p):
    key = p.new_patient("users_0")
    with client_of(p, "transaction", QUERY) as (other, client), p.logged_in(other.port) as waits, \
            p.console(other.port) as admin:
        client.query("BEGIN")
        equal(name_of(client, key), [["Ada"]])
        waits.send(wire.query(f"SELECT name FROM patients WHERE patient_id = {key}"))
        time.sleep(0.2)
        client.query("COMMIT")
        equal(wire.rows_of(waits.read_ready()), [["Ada"]])
        admin.execute("PAUSE")
        waits.send(wire.query(f"SELECT name FROM patients WHERE patient_id = {key}"))
        time.sleep(0.6)
        admin.execute("RESUME")
        equal(wire.rows_of(waits.read_ready()), [["Ada"]])


@test
def ddl_that_waits_for_a_lock_is_cancelled(p):
    with p.another_shardward(QUERY) as other, p.logged_in(other.port) as client, \
            p.at_shard("users_0") as holder:
        holder.autocommit = False
        holder.execute("LOCK TABLE patients IN ACCESS SHARE MODE")
        answers = client.query("ALTER TABLE patients ADD COLUMN never int")
        equal((wire.error_of(answers)["C"], wire.ready_status(answers)), ("57014", "I"))
        holder.rollback()


@test
def in_pool_mode_session_a_statement_is_cancelled_as_by_the_client(p):
    with client_of(p, "session", QUERY) as (_, client):
        fields = wire.error_of(client.query(SLEEP))
        equal((fields["S"], fields["C"]), ("ERROR", "57014"))
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])
        for _ in range(10):
            equal(wire.kinds(client.query("SELECT pg_sleep(0.05)")), "TDCZ")


@test
def a_server_that_does_not_cancel_is_given_up(p):
    key = p.new_patient("users_0")
    before = pids(p, "users_0")
    with client_of(p, "transaction", QUERY) as (other, client):
        equal(name_of(client, key), [["Ada"]])
        [pid] = pids(p, "users_0") - before
        client.send(wire.query(f"{SLEEP} FROM patients WHERE patient_id = {key}"))
        eventually(lambda: working(p, "users_0", "pg_sleep(60)"), "it is at work")
        os.kill(pid, signal.SIGSTOP)
        try:
            fields = wire.error_of(client.read_until("E"))
            equal((fields["S"], fields["C"]), ("FATAL", "57014"))
            with p.logged_in(other.port) as next_one:
                equal(name_of(next_one, key), [["Ada"]])
        finally:
            os.kill(pid, signal.SIGCONT)


@test
def new_limits_hold_for_clients_that_are_there(p):
    with changing(p) as other, p.logged_in(other.port) as client:
        equal(wire.kinds(client.query("SELECT 1")), "TDCZ")
        other.reload(IDLE)
        equal(end_of(client), ("FATAL", "57P05", IDLE_SESSION))
