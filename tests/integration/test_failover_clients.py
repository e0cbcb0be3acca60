"""What clients see while a primary is lost, is started anew, or becomes another node. Each test has
one cluster of two nodes of its own, and a shardward before it that follows."""

import atexit
import contextlib
import shutil
import sys
import time
from pathlib import Path

import wire
from suite import equal, rows, test

sys.path.append(str(Path(__file__).resolve().parents[1] / "faults"))

import replicated               # noqa: E402
from server import until        # noqa: E402
from world import Lab, World    # noqa: E402

LABS = {}
ROW = "INSERT INTO ledger (id, client) VALUES ({}, 1)"
COUNT = "SELECT count(*) FROM ledger WHERE id = {}"


def lab_of(p):
    if not LABS:
        directory = replicated.work_directory("shardward-clients-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        LABS[None] = Lab(p.program, directory)
    return LABS[None]


class Pair(World):
    """A primary and its standby."""

    def __init__(self, p, failover="follow", is_sync=False, edits=()):
        super().__init__(lab_of(p), failover, clusters=1, is_sync=is_sync)
        text = self.config_file.read_text()
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        self.config_file.write_text(text)
        self.old, self.new = self.c1.servers[:2]

    def fail_over(self):
        """The primary is dead, the standby is promoted."""
        self.old.kill()
        self.new.promote()


def code_of(answers):
    return wire.error_of(answers)["C"]


def prepared(client, key):
    """A client that has waited for nothing yet, and its row is not there."""
    equal(wire.rows_of(client.query(COUNT.format(key))), [["0"]])


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
