"""What clients see while a primary is lost, is started anew, or becomes another node. Each test has
one cluster of two nodes of its own, and a shardward before it that follows."""

import atexit
import contextlib
import os
import shutil
import socket
import sys
import threading
import time
from pathlib import Path

import wire
from suite import SANITIZER_WORDS, equal, rows, test

sys.path.append(str(Path(__file__).resolve().parents[1] / "faults"))

import replicated               # noqa: E402
import server                   # noqa: E402
from server import until        # noqa: E402
from world import Lab, World    # noqa: E402

LABS = {}
ADDRESSES = ["127.0.0.1", *(f"127.0.{cloud}.{number}" for cloud in (1, 2, 3) for number in (1, 2))]
ROW = "INSERT INTO ledger (id, client) VALUES ({}, 1)"
CANCEL = 80877102
COUNT = "SELECT count(*) FROM ledger WHERE id = {}"


def lab_of(p):
    if not LABS:
        directory = replicated.work_directory("shardward-clients-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        LABS[None] = Lab(p.program, directory)
        LABS[None].port = replicated.free_ports(27000 + os.getpid() % 64 * 80, ADDRESSES)
    return LABS[None]


class Pair(World):
    """A primary and its standby."""

    def __init__(self, p, failover="follow", is_sync=False, clusters=1, edits=()):
        super().__init__(lab_of(p), failover, clusters=clusters, is_sync=is_sync)
        text = self.config_file.read_text()
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        self.config_file.write_text(text)
        self.old, self.new = self.c1.servers[:2]

    def __exit__(self, kind, *rest):
        status = self.stop_shardward()
        log = self.log()
        super().__exit__(kind, *rest)
        if kind is None:
            equal(status, 0, log[-3000:])
            assert not any(word in log for word in SANITIZER_WORDS), log[-3000:]

    def connect_with(self, **params):
        return server.connect("127.0.0.1", self.lab.port, "bank", "bank", "bank", **params)

    def fail_over(self):
        """The primary is dead, the standby is promoted."""
        self.old.kill()
        self.new.promote()


def code_of(answers):
    return wire.error_of(answers)["C"]


def prepared(client, key):
    """A client that has waited for nothing yet, and its row is not there."""
    equal(wire.rows_of(client.query(COUNT.format(key))), [["0"]])


@contextlib.contextmanager
def later(seconds, act):
    timer = threading.Timer(seconds, act)
    timer.start()
    try:
        yield
    finally:
        timer.join()


@rows([("a read", COUNT.format(7), "TDCZ"), ("a write", ROW.format(7), "CZ")])
def who_asks_without_a_primary_is_answered_by_the_next_one(p, sql, kinds):
    with Pair(p) as w, w.connect() as client, w.connect() as idle, w.connect() as begins:
        for one in (client, idle, begins):
            prepared(one, 7)
        w.old.kill()
        client.send(wire.query(sql))
        begins.send(wire.query("BEGIN"), wire.query(ROW.format(8)))
        w.new.promote()
        equal(wire.kinds(client.read_ready()), kinds)
        equal(wire.kinds(begins.read_ready(2)), "CZCZ")
        equal(wire.kinds(begins.query("COMMIT")), "CZ")
        equal(wire.rows_of(idle.query(COUNT.format(8))), [["1"]])
        equal(w.new.query("SELECT count(*) FROM ledger WHERE id = 8", "s1"), [["1"]])


@test
def a_number_for_a_new_row_is_waited_for_too(p):
    with Pair(p, edits=[("lease: 10s", "lease: 500ms"),
                        ("          counters:", "          drawn: {key: id, placement: by_id}\n          counters:")]) as w, \
            w.connect() as client:
        equal(wire.kinds(client.query("CREATE TABLE drawn (id bigserial PRIMARY KEY, n int)")), "CZ")
        # All that was drawn ahead is used, and the next ones are asked for.
        insert = "INSERT INTO drawn (n) VALUES " + ", ".join(["(1)"] * 33)
        equal(wire.kinds(client.query(insert)), "CZ")
        w.old.kill()
        client.send(wire.query(insert))
        time.sleep(1)       # longer than for a connection
        w.new.promote()
        equal(wire.kinds(client.read_ready()), "CZ")


@test
def an_open_transaction_is_aborted_and_its_session_lives(p):
    with Pair(p) as w, w.connect() as bound:
        bound.query("BEGIN")
        equal(wire.kinds(bound.query(ROW.format(1))), "CZ")
        w.fail_over()
        answers = bound.query(COUNT.format(1))
        fields = wire.error_of(answers)
        equal((fields["S"], wire.ready_status(answers)), ("ERROR", "E"))
        assert fields["C"] in ("57P01", "57P02", "08006"), fields
        equal(code_of(bound.query("SELECT 1")), "25P02")
        equal(bound.query("ROLLBACK")[0].body, b"ROLLBACK\0")
        equal(wire.rows_of(bound.query(COUNT.format(1))), [["0"]])


@test
def connections_to_a_frozen_node_do_not_hang(p):
    """It neither answers nor ends: those that are lent are given up when another one is followed."""
    with Pair(p) as w, w.connect() as reads, w.connect() as writes, w.connect() as bound:
        for one in (reads, writes):
            prepared(one, 3)
        bound.query("BEGIN")
        bound.query(ROW.format(5))
        w.old.freeze()
        reads.send(wire.query(COUNT.format(3)))
        writes.send(wire.query(ROW.format(3)))
        w.new.promote()
        equal(wire.rows_of(reads.read_ready()), [["0"]])
        equal(code_of(writes.read_ready()), "08007")
        answers = bound.query("SELECT 1 FROM ledger WHERE id = 5")
        equal((code_of(answers), wire.ready_status(answers)), ("57P01", "E"))
        equal(wire.kinds(bound.query("ROLLBACK")), "CZ")
        equal(wire.kinds(writes.query(ROW.format(4))), "CZ")
        equal(w.new.query("SELECT id FROM ledger", "s1"), [["4"]])


@rows([("fast", "fast"), ("immediate", "immediate")])
def a_restart_is_waited_for(p, how):
    with Pair(p) as w, w.connect() as client, w.connect() as bound:
        prepared(client, 2)
        bound.query("BEGIN")
        bound.query(ROW.format(3))
        w.old.stop(how)
        client.send(wire.query(ROW.format(2)))
        equal(wire.ready_status(bound.query("SELECT 1 FROM ledger WHERE id = 3")), "E")
        w.old.start()
        equal(wire.kinds(client.read_ready()), "CZ")
        equal(wire.kinds(bound.query("ROLLBACK")), "CZ")
        equal(wire.rows_of(bound.query(COUNT.format(2))), [["1"]])


@test
def who_waits_for_too_long_is_told_that_a_failover_is_in_progress(p):
    with Pair(p, edits=[("lease: 10s", "lease: 10s, failover: 500ms")]) as w, w.connect() as client:
        prepared(client, 2)
        w.old.kill()
        for _ in range(2):
            answers = client.query(COUNT.format(2))
            fields = wire.error_of(answers)
            equal((fields["C"], wire.ready_status(answers)), ("57P03", "I"), str(fields))
            assert fields["M"].startswith("failover in progress"), fields
            assert "timeouts.failover" in fields["H"], fields
        w.new.promote()
        until(lambda: "E" not in wire.kinds(client.query(COUNT.format(2))), "the next one is followed")


@test
def only_so_many_wait_for_a_primary(p):
    with Pair(p, edits=[("workers: 2", "workers: 2\nlimits: {failover_waiting: 2}")]) as w, \
            contextlib.ExitStack() as stack:
        clients = [stack.enter_context(w.connect()) for _ in range(5)]
        for one in clients:
            prepared(one, 2)
        w.old.kill()
        until(lambda: "admission=suspended" in w.log(), "the loss is noticed")
        for one in clients:
            one.send(wire.query(COUNT.format(2)))
        time.sleep(0.2)     # those who are refused are so by now; the others are not served yet
        w.new.promote()
        told = sorted(wire.kinds(one.read_ready()) for one in clients)
        equal(told, ["EZ"] * 3 + ["TDCZ"] * 2)
        for one in clients:
            equal(wire.rows_of(one.query(COUNT.format(2))), [["0"]])


def reload(w, *edits):
    text = w.config_file.read_text()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    w.config_file.write_text(text)
    w.console("RELOAD")


def waits(w, client, sql):
    """The statement waits for a primary that was killed, as long as it takes."""
    prepared(client, 7)
    w.old.kill()
    until(lambda: "admission=suspended" in w.log(), "the loss is noticed")
    client.send(wire.query(sql))
    until(lambda: any(int(row["cl_waiting"]) for row in w.table("SHOW POOLS")), "it waits")


@test
def who_waits_for_a_node_that_is_taken_out_is_answered_by_the_next_one(p):
    with Pair(p) as w, w.connect() as client, w.connect() as bound:
        prepared(bound, 8)
        equal(wire.kinds(bound.query("BEGIN")), "CZ")
        waits(w, client, ROW.format(7))
        line = next(line for line in w.config_file.read_text().splitlines(True) if f"name: {w.old.name}," in line)
        reload(w, (line, ""))
        w.new.promote()
        equal(wire.kinds(client.read_ready()), "CZ")
        equal(wire.rows_of(client.query(COUNT.format(7))), [["1"]])
        # A transaction of the configuration before goes by the new one, too.
        equal(wire.kinds(bound.query(ROW.format(8))), "CZ")
        equal(wire.kinds(bound.query("COMMIT")), "CZ")
        equal(w.new.query("SELECT count(*) FROM ledger WHERE id IN (7, 8)", "s1"), [["2"]])


@test
def who_waits_where_nothing_leads_any_more_is_told_so(p):
    with Pair(p) as w, w.connect() as client:
        waits(w, client, ROW.format(7))
        reload(w, ("users:\n  bank:", "users:\n  other:"))
        fields = wire.error_of(client.read_ready())
        equal(fields["C"], "57P03", str(fields))
        assert "any more" in fields["M"] and "Run it again" in fields["H"], fields


def in_session_mode(text):
    """The catalog database alone, whose clients have a server each."""
    user = "server: {user: bank, password: bank}"
    return (text[:text.index("    businesses:")] + "    businesses: {}\n").replace(
        user, user + "\n    pool: {mode: session}")


@test
def nor_is_it_one_for_who_has_a_server_for_himself(p):
    """He is told that nobody knows: what he sends is not read."""
    with Pair(p, is_sync=True) as w:
        w.config_file.write_text(in_session_mode(w.config_file.read_text()))
        w.console("RELOAD")
        with w.connect() as client:
            equal(wire.kinds(client.query(ROW.format(1))), "CZ")
            for standby in w.c1.servers[1:]:
                standby.stop()
            client.send(wire.query(ROW.format(2)))
            until(lambda: waiting(w.old), "it waits for a standby")
            w.old.query(f"SELECT pg_cancel_backend({waiting(w.old)[0][0]})")
            answers = client.read_to_end()
            fields = wire.error_of(answers)
            equal((wire.kinds(answers), fields["S"], fields["C"]), ("E", "FATAL", "08007"), str(answers))


@test
def who_has_a_server_for_himself_ends_with_it_and_may_come_again_at_once(p):
    with Pair(p) as w:
        w.config_file.write_text(in_session_mode(w.config_file.read_text()))
        w.console("RELOAD")
        with w.connect() as client:
            equal(wire.rows_of(client.query(COUNT.format(1))), [["0"]])
            w.old.freeze()
            w.new.promote()
            answers = client.read_to_end()
            fields = wire.error_of(answers)
            equal((fields["S"], fields["C"]), ("FATAL", "57P01"))
        with w.connect() as client:
            equal(wire.kinds(client.query(ROW.format(1))), "CZ")
            w.new.kill()
            client.read_to_end()
        with later(0.5, w.new.start), w.connect() as client:
            equal(wire.kinds(client.query(ROW.format(2))), "CZ")


# A COMMIT whose server is lost before it has answered. One of the standbys has to confirm commits,
# and none is there: so the COMMIT waits, and what becomes of it is in our hands.

def by_query(client):
    client.send(wire.query("COMMIT"))


def by_portal(client):
    client.send(wire.parse("COMMIT") + wire.bind() + wire.describe("P") + wire.execute() + wire.SYNC)


def behind_its_write(client):
    client.send(wire.parse("INSERT INTO legs (id, transfer, amount) VALUES (1, 1, 1)") + wire.bind()
                + wire.execute() + wire.parse("COMMIT") + wire.bind() + wire.execute() + wire.SYNC)


def waiting(one):
    return one.query("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'bank'")


@contextlib.contextmanager
def committing(p, commit=by_query, frozen=False, spare=False, reads=None, failover="follow", first=None, **options):
    """A Pair, and a client whose COMMIT waits; the standbys have ended, or are frozen and have in
    their buffers what they were sent. spare: there is one more connection to the primary. first,
    reads: what the client says before the transaction, and in it."""
    with Pair(p, failover, is_sync=True, **options) as w, w.connect() as client, w.connect() as other:
        prepared(client, 1)
        if spare:
            for one in (client, other):
                one.query("BEGIN")
                one.query("SELECT 1 FROM ledger WHERE id = 1")
            for one in (client, other):
                one.query("ROLLBACK")
            time.sleep(0.5)     # so much older than the COMMIT has to be what proves something
        for standby in w.c1.servers[1:]:
            if frozen:
                standby.freeze()
            else:
                standby.stop()
        if first:
            equal(wire.kinds(client.query(first)), "CZ")
        client.query("BEGIN")
        equal(wire.kinds(client.query(ROW.format(1))), "CZ")
        if reads:
            client.query(reads)
        commit(client)
        until(lambda: waiting(w.old), "the COMMIT waits for a standby")
        yield w, client


def promote(w):
    """The primary is dead; one of the others becomes it, and the other one follows."""
    w.old.kill()
    other = w.c1.servers[2]
    for one in (w.new, other):
        if one.is_running():
            one.thaw()
        else:
            one.start()
    w.new.wait_ready()
    w.new.set(synchronous_standby_names="")
    w.new.promote()


@rows([("of a simple query", by_query, "CZ"), ("of a portal", by_portal, "12nCZ")])
def a_commit_that_the_next_primary_has_is_a_success(p, commit, kinds):
    with committing(p, commit, frozen=True) as (w, client):
        promote(w)
        answers = client.read_ready()
        equal((wire.kinds(answers), wire.ready_status(answers)), (kinds, "I"), str(answers))
        equal(wire.rows_of(client.query(COUNT.format(1))), [["1"]])
        equal(w.new.query("SELECT id FROM ledger", "s1"), [["1"]])


@rows([("of a simple query", by_query), ("of a portal", by_portal), ("behind its write", behind_its_write)])
def a_commit_that_the_next_primary_lacks_is_a_serialization_failure(p, commit):
    with committing(p, commit) as (w, client):
        promote(w)
        answers = client.read_ready()
        fields = wire.error_of(answers)
        equal((fields["C"], wire.ready_status(answers)), ("40001", "I"), str(fields))
        equal(wire.rows_of(client.query(COUNT.format(1))), [["0"]])
        equal(wire.kinds(client.query(ROW.format(1))), "CZ")


@test
def what_stood_before_a_commit_in_its_batch_is_answered_before_it(p):
    with committing(p, behind_its_write, frozen=True) as (w, client):
        promote(w)
        equal(wire.kinds(client.read_ready()), "12C12CZ")
        equal(wire.rows_of(client.query("SELECT count(*) FROM legs WHERE id = 1")), [["1"]])


@test
def a_commit_that_its_server_has_after_a_crash_waits_for_its_standby(p):
    with committing(p) as (w, client):
        w.old.kill()
        w.old.start()
        w.old.wait_ready()
        for standby in w.c1.servers[1:]:
            standby.start()
        equal(wire.kinds(client.read_ready()), "CZ")
        equal(wire.rows_of(client.query(COUNT.format(1))), [["1"]])
        until(lambda: w.new.query("SELECT id FROM ledger", "s1") == [["1"]], "the standby has it")


def end_the_wait(w, client, how):
    """The row is there and seen by others; its client has not been answered."""
    w.old.query(f"SELECT {how}({waiting(w.old)[0][0]})")
    until(lambda: w.old.query("SELECT id FROM ledger", "s1") == [["1"]], "it is seen there")
    client.socket.settimeout(0.5)
    try:
        return client.socket.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return b""
    finally:
        client.socket.settimeout(15)


@test
def a_client_that_leaves_while_its_commit_is_asked_for_is_forgotten(p):
    with committing(p) as (w, client):
        w.old.kill()
        until(lambda: "server-lost" in w.log(), "the loss is noticed")
        client.close()
        until(lambda: len(w.console("SHOW CLIENTS")) == 1, "it is gone")
        w.old.start()
        for standby in w.c1.servers[1:]:
            standby.start()
        with w.connect() as other:
            equal(wire.rows_of(other.query(COUNT.format(1))), [["1"]])


@rows([("cancelled", "pg_cancel_backend"), ("terminated", "pg_terminate_backend")])
def a_commit_whose_wait_was_ended_is_no_success_before_a_standby_has_it(p, how):
    with committing(p, spare=True, edits=[("workers: 2", "workers: 1")]) as (w, client):
        equal(end_the_wait(w, client, how), b"")
        for standby in w.c1.servers[1:]:
            standby.start()
        equal(wire.kinds(client.read_ready()), "CZ")
        equal(wire.rows_of(client.query(COUNT.format(1))), [["1"]])


@test
def nor_where_the_session_does_not_wait_for_standbys_but_the_transaction_does(p):
    with committing(p, spare=True, first="SET synchronous_commit = off", reads="SET LOCAL synchronous_commit = on",
                    edits=[("workers: 2", "workers: 1")]) as (w, client):
        equal(end_the_wait(w, client, "pg_cancel_backend"), b"")
        for standby in w.c1.servers[1:]:
            standby.start()
        equal(wire.kinds(client.read_ready()), "CZ")


@test
def a_commit_is_of_unknown_outcome_if_its_server_may_have_crashed_meanwhile(p):
    """No connection of before is left that proves the opposite."""
    with committing(p) as (w, client):
        end_the_wait(w, client, "pg_terminate_backend")
        for standby in w.c1.servers[1:]:
            standby.start()
        answers = client.read_ready()
        equal((code_of(answers), wire.ready_status(answers)), ("08007", "I"))


@test
def a_commit_of_which_nobody_knows_in_time_is_of_unknown_outcome(p):
    with committing(p, edits=[("lease: 10s", "lease: 10s, failover: 500ms")]) as (w, client):
        w.old.kill()
        answers = client.read_ready()
        equal((code_of(answers), wire.ready_status(answers)), ("08007", "I"))


@test
def a_transaction_that_has_read_another_shard_is_told_of_its_commit_too(p):
    elsewhere = replicated.ROWS_OF_A_SHARD
    with committing(p, frozen=True, clusters=2, reads=f"SELECT 1 FROM ledger WHERE id = {elsewhere}") as (w, client):
        promote(w)
        equal(wire.kinds(client.read_ready()), "CZ")
        equal(wire.rows_of(client.query(COUNT.format(1))), [["1"]])


@test
def nor_is_it_a_success_when_the_next_primary_lacks_it(p):
    elsewhere = replicated.ROWS_OF_A_SHARD
    with committing(p, clusters=2, reads=f"SELECT 1 FROM ledger WHERE id = {elsewhere} FOR UPDATE") as (w, client):
        promote(w)
        answers = client.read_ready()
        equal((code_of(answers), wire.ready_status(answers)), ("40001", "I"))
        equal(wire.rows_of(client.query(COUNT.format(1))), [["0"]])


# Where shardward promotes, a commit is answered only when a standby has it. A cancel would end the
# wait, and PostgreSQL would tell a success.

def cancel(w, client):
    """As libpq does: until the other side closes, without a word."""
    with contextlib.closing(wire.Wire("127.0.0.1", w.lab.port)) as asker:
        asker.socket.sendall((16).to_bytes(4, "big") + CANCEL.to_bytes(4, "big") + client.key)
        equal(asker.socket.recv(1), b"")


def autocommit(client):
    client.query("ROLLBACK")
    client.send(wire.query(ROW.format(1)))


@rows([("a COMMIT", by_query, "CZ"), ("of a portal", by_portal, "12nCZ"),
       ("a write outside of a transaction", autocommit, "CZ")])
def a_cancel_does_not_reach_a_commit(p, commit, kinds):
    with committing(p, commit, frozen=True, failover="managed") as (w, client):
        for _ in range(3):
            cancel(w, client)
        assert waiting(w.old), "the wait has ended"
        for standby in w.c1.servers[1:]:
            standby.thaw()
        equal(wire.kinds(client.read_ready()), kinds)
        # Nor what comes next.
        equal(wire.rows_of(client.query(COUNT.format(1))), [["1"]])


@test
def the_time_of_a_statement_does_not_end_a_commit(p):
    with committing(p, frozen=True, failover="managed",
                    edits=[("lease: 10s", "lease: 10s, query: 300ms")]) as (w, client):
        client.socket.settimeout(1)
        try:
            assert not client.socket.recv(1), "it is answered"
        except TimeoutError:
            pass
        client.socket.settimeout(15)
        assert waiting(w.old), "the wait has ended"
        for standby in w.c1.servers[1:]:
            standby.thaw()
        equal(wire.kinds(client.read_ready()), "CZ")


SET_ALLOWED = ["SET synchronous_commit = on", "SET synchronous_commit TO remote_apply", "RESET synchronous_commit",
               "SET LOCAL synchronous_commit = 'on'", "SELECT set_config('synchronous_commit', 'remote_apply', false)",
               "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "SET work_mem = '5MB'",
               "SET client_min_messages = warning", "SET LOCAL client_min_messages TO debug1"]
SET_REFUSED = ["SET synchronous_commit = off", "SET Synchronous_Commit TO local", "SET synchronous_commit = remote_write",
               "SET SESSION synchronous_commit = false", "SET LOCAL synchronous_commit = 0",
               "SELECT set_config('synchronous_commit', 'off', false)",
               "SELECT set_config('synchronous_commit', 'o' || 'n', false)",
               "SELECT 1; SET synchronous_commit = off",
               "SET client_min_messages = error", "SET LOCAL Client_Min_Messages TO 'PANIC'",
               "SELECT set_config('client_min_messages', 'error', true)",
               "SET synchronous_standby_names = ''", "ALTER ROLE bank SET synchronous_commit = off",
               "ALTER DATABASE s1 SET synchronous_commit = off", "ALTER SYSTEM SET synchronous_standby_names = ''"]


@test
def commits_cannot_be_made_to_last_less_where_a_standby_may_be_promoted(p):
    with Pair(p, "managed") as w, w.connect() as client:
        for sql in SET_ALLOWED:
            assert "E" not in wire.kinds(client.query(sql)), sql
        for sql in SET_REFUSED:
            equal(code_of(client.query(sql)), "0A000", sql)
            if ";" not in sql:
                equal(code_of(client.ask(wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC)), "0A000", sql)
        answers = client.ask(wire.parse("SELECT set_config('synchronous_commit', $1, false)")
                             + wire.bind(["off"]) + wire.execute() + wire.SYNC)
        equal(code_of(answers), "0A000")
        equal(wire.rows_of(client.query("SHOW synchronous_commit")), [["remote_apply"]])
        for options in ({"synchronous_commit": "off"}, {"options": "-c synchronous_commit=local"},
                        {"client_min_messages": "error"}):
            try:
                w.connect_with(**options).close()
                raise AssertionError(f"logged in with {options}")
            except server.Refused as refused:
                equal(refused.code, "0A000")
        w.connect_with(synchronous_commit="remote_apply").close()


@rows([(setting, setting) for setting in ("synchronous_commit = off", "client_min_messages = error")])
def nor_by_what_a_role_was_given(p, setting):
    with Pair(p, "managed") as w:
        w.old.query(f"ALTER ROLE bank SET {setting}")
        equal(w.console("RECONNECT"), [])
        try:
            w.connect().close()
            raise AssertionError("logged in")
        except server.Refused as refused:
            equal(refused.code, "0A000")


UNLOGGED = ["ALTER TABLE ledger SET UNLOGGED", "CREATE UNLOGGED TABLE ledger (id int)",
            "CREATE UNLOGGED TABLE IF NOT EXISTS ledger (id int)"]


@rows([("managed, refused", "managed", "0A000"), ("follow, as PostgreSQL", "follow", None)])
def rows_that_no_standby_has_are_refused_where_one_may_be_promoted(p, failover, code):
    with Pair(p, failover) as w, w.connect() as client:
        for sql in UNLOGGED if code else UNLOGGED[:1]:
            answers = client.query(sql)
            equal(code_of(answers) if code else wire.kinds(answers), code or "CZ", sql)
        equal(wire.kinds(client.query("ALTER TABLE ledger SET LOGGED")), "CZ")


@test
def nor_by_who_has_a_server_for_himself(p):
    with Pair(p, "managed") as w:
        w.config_file.write_text(in_session_mode(w.config_file.read_text()))
        w.console("RELOAD")
        try:
            w.connect().close()
            raise AssertionError("logged in")
        except server.Refused as refused:
            equal(refused.code, "0A000")
