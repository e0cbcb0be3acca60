"""controls - the checkers can fail: each is shown what it must find, in made-up histories and in real ones
of clusters that nobody keeps from losing writes."""

import time

import history
import server
import workloads
from faults import cut_off
from history import FAIL, INFO, OK, Op
from stories import told, world
from suite import equal
from table import scenario


def op(kind, key, outcome, at=0.0, took=1.0, **more):
    return Op(kind, "s1", key, at, at + took, outcome, **more)


def wrong(findings):
    return {verdict for verdict, items in findings.items() if items}


@scenario(("all is well", "quick", [(1, OK), (2, FAIL), (3, INFO), (4, INFO)], [1, 3], set()),
          ("an acknowledged row is not there", "quick", [(1, OK)], [], {"lost"}),
          ("a row that failed is there", "quick", [(1, FAIL)], [1], {"undone"}),
          ("a row is there twice", "quick", [(1, OK)], [1, 1], {"dup"}),
          ("a row that nobody inserted", "quick", [(1, OK)], [1, 9], {"dup"}))
def the_ledger_is_checked(_lab, inserts, ids, expected):
    equal(wrong(history.check_ledger([op("insert", key, outcome) for key, outcome in inserts], ids)), expected)


@scenario(("all is well", "quick", OK, [(1, 7, -5), (2, 7, 5)], {1: 95, 2: 105}, set()),
          ("an acknowledged transfer is not there", "quick", OK, [], {1: 100, 2: 100}, {"lost"}),
          ("a transfer that failed is there", "quick", FAIL, [(1, 7, -5), (2, 7, 5)], {1: 95, 2: 105},
           {"undone"}),
          ("nobody knows, and half of it is there", "quick", INFO, [(1, 7, -5)], {1: 95, 2: 100}, {"torn"}),
          ("nobody knows, and it is not there", "quick", INFO, [], {1: 100, 2: 100}, set()),
          ("a balance that its legs do not explain", "quick", FAIL, [], {1: 99, 2: 100}, {"torn"}),
          ("legs that nobody asked for", "quick", FAIL, [(1, 8, -5), (2, 8, 5)], {1: 95, 2: 105}, {"dup"}))
def the_bank_is_checked(_lab, outcome, legs, balances, expected):
    equal(wrong(history.check_bank([op("transfer", 7, outcome)], legs, balances, 100)), expected)


@scenario(("the sum", "quick", 200, set()), ("another one", "quick", 195, {"torn"}))
def sums_are_checked(_lab, value, expected):
    equal(wrong(history.check_sums([op("sum", 0, OK, value=value)], 200)), expected)


@scenario(("the last write is read", "quick", [("set", 1, OK), ("get", 1, OK)], set()),
          ("an older value is read", "quick", [("set", 1, OK), ("set", 2, OK), ("get", 1, OK)], {"stale"}),
          ("nobody knows whether it was written", "quick",
           [("set", 1, OK), ("set", 2, INFO), ("get", 1, OK), ("get", 2, OK)], set()),
          ("back in time", "quick", [("set", 1, OK), ("set", 2, INFO), ("get", 2, OK), ("get", 1, OK)], {"stale"}),
          ("nobody wrote that", "quick", [("set", 1, OK), ("get", 3, OK)], {"stale"}))
def counters_are_checked(_lab, ops, expected):
    made = [op(kind, 5, outcome, at=float(i), value=value) for i, (kind, value, outcome) in enumerate(ops)]
    equal(wrong(history.check_counters([one for one in made if one.kind == "set"],
                                       [one for one in made if one.kind == "get"])), expected)


@scenario(("one after the other", "quick", [("a", 1, 0, 1), ("b", 2, 2, 1)], set()),
          ("one that was asked before", "quick", [("a", 1, 0, 5), ("b", 2, 2, 1)], set()),
          ("two of one timeline", "quick", [("a", 1, 0, 1), ("b", 1, 2, 1)], {"two_writers"}),
          ("the old one goes on", "quick", [("b", 2, 0, 1), ("a", 1, 2, 1)], {"two_writers"}))
def writers_are_checked(_lab, writes, expected):
    made = [op("insert", key, OK, at=float(at), took=float(took), node=node, tli=tli)
            for key, (node, tli, at, took) in enumerate(writes)]
    equal(wrong(history.check_writers(made)), expected)


@scenario(("the longest time between two acknowledged writes", "quick"))
def outages_are_measured(_lab):
    past = history.History()
    for at, outcome in ((0.0, OK), (1.0, OK), (2.0, FAIL), (4.5, OK), (5.0, OK)):
        past.add(op("insert", int(at), outcome, at=at, took=0.0))
    equal((past.outage("s1"), past.outage("s1", 4.6, 7.0), past.outage("s2")), (3.5, 2.0, 0.0))


# Real ones.

@scenario(("acknowledged writes are lost, and found to be", "quick"))
def asynchronous_replication_loses(lab):
    with world(lab, "off", clusters=1, lease="1s") as w:
        w.load((workloads.Ledger, workloads.Bank))
        old, new, _ = w.c1.servers
        cut_off(w.c1.servers[1:])
        since = time.monotonic()
        time.sleep(0.5)
        old.kill()
        w.finish()
        doomed = [o for o in w.history.ops if o.is_write() and o.outcome == OK and o.began > since]
        new.promote()
        found = w.verdict()
        assert doomed, "nothing was acknowledged after the standbys were cut off"
        assert len(found["lost"]) >= len(doomed), f"{len(doomed)} must be lost\n{told(found)}"
        equal({verdict for verdict, items in found.items() if items} - {"lost"}, set(), told(found))


@scenario(("a replica that stands still is found by its reader", "quick"))
def careless_reads_are_stale(lab):
    with world(lab, "off", clusters=1) as w:
        standby = w.c1.servers[1]

        def at_standby(sql):
            return standby.query(sql, "s1")

        counter = w.add(workloads.Counter, "s1", 1, reads_at=at_standby)
        server.until(lambda: w.history.of("get"), "something is read")
        standby.query("SELECT pg_wal_replay_pause()")
        since = time.monotonic()
        server.until(lambda: sum(o.began > since for o in w.history.of("get")) > 5, "more is read")
        w.finish()
        assert counter.trouble is None, counter.trouble
        assert w.verdict()["stale"], "nothing was stale"


@scenario(("two primaries are found by what they say", "quick"))
def a_promotion_behind_the_back_makes_two_writers(lab):
    with world(lab, "off", clusters=1) as w:
        w.load((workloads.Ledger,))
        new = w.c1.servers[1]
        new.promote()
        w.add(workloads.Ledger, "s1", 7, place=(new.address, new.port), dbname="s1")
        first = server.until(lambda: next((o for o in list(w.history.ops) if o.node == new.name and o.outcome == OK),
                                          None), "the new one is written to")
        server.until(lambda: any(o.node != new.name and o.outcome == OK and o.began > first.ended
                                 for o in list(w.history.ops)), "the old one still is")
        w.finish()
        found = w.verdict()
        assert found["two_writers"] and found["lost"], told(found)
