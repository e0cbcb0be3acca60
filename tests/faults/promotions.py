"""promotions - shardward promotes, and is cut off in the middle, ordered to, or kept from it."""

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import server
from faults import cut_off, fenced
from server import until
from stories import (Expect, conclude, must_serve, nobody_writes, story, until_grown, until_shrunk, until_stopped,
                     world)
from table import scenario
from world import WARM_UP_S

MOVED = Expect(moves=("c1",))
STAYED = Expect(stays=("c1",))
MOVED_BROKEN = Expect(moves=("c1",), may_break=True)
STAYED_BROKEN = Expect(stays=("c1",), may_break=True)
LOST = Expect(moves=("c1",), may_lose=True)

BEFORE_PROMOTING = ("after_recruit_one", "after_recruit_all", "after_repoint", "after_sync_names")


@scenario(*((point, "managed", point, STAYED_BROKEN) for point in BEFORE_PROMOTING),
          ("after_promote", "managed", "after_promote", MOVED_BROKEN))
def a_promotion_is_cut_off_and_the_primary_is_back(lab, point, expect):
    with story(lab, expect, stop_at=point, clusters=1) as w:
        primary, *_ = w.c1.servers
        primary.kill()
        until_stopped(w)
        primary.start()
        primary.wait_ready()
        w.start_shardward()
        must_serve(w, time.monotonic(), "when both are started again")
        if expect is MOVED_BROKEN:
            primary.rejoin(w.primary(w.c1))


@scenario(*((point, "managed", point) for point in BEFORE_PROMOTING))
def a_promotion_is_cut_off_and_a_standby_dies(lab, point):
    """The primary is back: it goes on with the other one, which would know if somebody had been promoted."""
    with story(lab, STAYED_BROKEN, stop_at=point, clusters=1) as w:
        primary, one, _ = w.c1.servers
        primary.kill()
        until_stopped(w)
        one.kill()
        primary.start()
        primary.wait_ready()
        w.start_shardward()
        must_serve(w, time.monotonic(), "with one standby")
        one.start()


@scenario(*((point, "managed", point) for point in ("after_promote", "before_epoch", "after_epoch")))
def a_promotion_is_cut_off_and_its_winner_dies(lab, point):
    """The old primary is back, and perhaps nobody can follow it any more: at the latest with the winner all goes on."""
    with story(lab, Expect(may_break=True), stop_at=point, clusters=1) as w:
        primary, *standbys = w.c1.servers
        primary.kill()
        until_stopped(w)
        winner = next(one for one in standbys if one.is_primary())
        winner.kill()
        primary.start()
        primary.wait_ready()
        w.spawn_shardward()
        time.sleep(4 * WARM_UP_S)
        winner.start()
        must_serve(w, time.monotonic(), "when all are back")
        new = w.primary(w.c1)
        for one in w.c1.servers:
            if one is not new and one.is_primary():
                until(lambda s=one: fenced(s), f"{one.name} is fenced")
                one.rejoin(new)


@scenario(("it is told, and finished when somebody can", "managed"))
def what_was_promoted_has_nobody_to_follow_it(lab):
    with story(lab, MOVED_BROKEN, stop_at="after_promote", clusters=1) as w:
        primary, *standbys = w.c1.servers
        primary.kill()
        until_stopped(w)
        new, other = sorted(standbys, key=lambda one: not one.is_primary())
        other.kill()
        w.spawn_shardward()
        since, said = time.monotonic(), f"{new.name} was promoted, and lacks its epoch: no standby is left"
        until(lambda: said in w.log(), "it is told")
        assert w.table("SHOW CLUSTERS")[0]["why"].startswith(said), w.table("SHOW CLUSTERS")
        term = new.query("SHOW shardward.term")
        nobody_writes(w, since)
        assert new.query("SHOW shardward.term") == term, "a term is taken for nothing"
        told = [row["detail"] for row in w.table("SHOW EVENTS") if row["event"] == "failover-refused"]
        assert len(told) == 1 and told[0].startswith(said), told
        other.start()
        must_serve(w, time.monotonic(), "with the other one")
        assert w.primary(w.c1) is new, w.timelines()
        primary.rejoin(new)


@scenario(("the primary before it goes on", "managed"))
def what_was_promoted_cannot_be_followed(lab):
    """The other standby has more than it."""
    with world(lab, "managed", clusters=1) as w:
        primary, stray, _ = w.c1.servers
        w.stop_shardward()
        cut_off([stray])
        [[lsn, xid]] = stray.query("SELECT pg_last_wal_replay_lsn() - '0/0',"
                                   " pg_snapshot_xmax(pg_current_snapshot())")
        stray.note(term=2, promise=f"2 promote {lsn} {xid}")
        stray.promote()
        primary.query("SELECT pg_logical_emit_message(true, 'test', 'more')")
        before = {"c1": (primary.name, primary.timeline())}
        w.start_shardward()
        until(lambda: fenced(stray), f"{stray.name} is fenced")
        stray.rejoin(primary)
        until_grown(primary, stray)
        w.load()
        conclude(w, before, STAYED)


@scenario(("after_recruit_all", "managed", "after_recruit_all"), ("after_sync_names", "managed", "after_sync_names"))
def a_switchover_is_cut_off(lab, point):
    with story(lab, STAYED_BROKEN, stop_at=point, clusters=1) as w:
        with contextlib.suppress(OSError, server.wire.Closed):
            w.console("SWITCHOVER c1 TO c1-north")
        until_stopped(w)
        w.start_shardward()
        must_serve(w, time.monotonic(), "when it is started again")


# Orders

@scenario(("it is promoted, and not the other one", "managed"))
def a_failover_to_a_node(lab):
    with story(lab, MOVED, clusters=1) as w:
        old, _, new = w.c1.servers
        w.console("MAINTENANCE ON c1")
        old.kill()
        nobody_writes(w, time.monotonic())
        w.console("FAILOVER c1 TO c1-north")
        must_serve(w, time.monotonic(), "after the order")
        assert w.primary(w.c1) is new, w.timelines()


@scenario(("nobody is promoted by itself", "managed"))
def a_cluster_in_maintenance(lab):
    with story(lab, MOVED, clusters=1) as w:
        w.console("MAINTENANCE ON")
        w.c1.servers[0].kill()
        nobody_writes(w, time.monotonic())
        w.console("MAINTENANCE OFF")
        must_serve(w, time.monotonic(), "after maintenance")


def refused(w, command, code):
    try:
        w.console(command)
    except server.Refused as refusal:
        assert refusal.code == code, f"{command}: {refusal}"
    else:
        raise AssertionError(f"{command} is obeyed")


@scenario(("with a reason", "managed"))
def orders_are_refused(lab):
    with story(lab, STAYED, clusters=1) as w:
        for command, code in (("SWITCHOVER c1 TO c1-east", "55000"), ("SWITCHOVER c1 TO c9-east", "42704"),
                              ("SWITCHOVER c1 c1-north now", "42601"), ("FAILOVER c9", "42704"),
                              ("FAILOVER c1 TO c1-east", "55000"), ("FENCE c1-east", "55000"),
                              ("FENCE c9-east", "42704"), ("MAINTENANCE maybe", "42601"),
                              ("MAINTENANCE ON c9", "42704")):
            refused(w, command, code)
        w.console("FENCE c1-west")
        until(lambda: "c1-west" not in w.primary(w.c1).query("SHOW synchronous_standby_names")[0][0],
              "who is fenced need not confirm")
        w.console("UNFENCE c1-west")
        until(lambda: "c1-west" in w.primary(w.c1).query("SHOW synchronous_standby_names")[0][0],
              "who is not fenced any more confirms again")


@scenario(("nobody would be left to confirm, and no client hears of it", "managed"))
def a_switchover_in_vain(lab):
    with story(lab, STAYED, clusters=1) as w:
        primary, west, _ = w.c1.servers
        west.kill()
        until_shrunk(primary, west)
        refused(w, "SWITCHOVER c1 TO c1-north", "55000")
        time.sleep(WARM_UP_S)
        assert not w.history.codes(), w.history.codes()
        west.start()


@scenario(("a transaction that is open is ended by its client", "managed"))
def a_switchover_drains(lab):
    with world(lab, "managed", clusters=1) as w, w.connect() as client, ThreadPoolExecutor() as pool:
        server.ask(client, "BEGIN")
        server.ask(client, "INSERT INTO ledger (id, client) VALUES (1, 0)")
        order = pool.submit(w.console, "SWITCHOVER c1 TO c1-north")
        until(lambda: w.table("SHOW CLUSTERS")[0]["admission"] == "drains", "the cluster drains")
        server.ask(client, "COMMIT")
        order.result()
        assert server.ask(client, "SELECT node FROM ledger WHERE id = 1") == [["c1-east"]]
        server.ask(client, "INSERT INTO ledger (id, client) VALUES (2, 0)")
        assert server.ask(client, "SELECT node FROM ledger WHERE id = 2") == [["c1-north"]]


@scenario(("a transaction that stays open is lost, and its client told", "managed"))
def a_switchover_does_not_wait_for_ever(lab):
    with world(lab, "managed", clusters=1) as w, w.connect() as client:
        server.ask(client, "BEGIN")
        server.ask(client, "INSERT INTO ledger (id, client) VALUES (1, 0)")
        w.console("SWITCHOVER c1 TO c1-north")
        try:
            server.ask(client, "COMMIT")
        except server.Refused as refusal:
            assert refusal.code in ("08006", "57P01"), refusal
        else:
            raise AssertionError("it is told that it has committed")
        server.ask(client, "ROLLBACK")
        assert server.ask(client, "SELECT node FROM ledger WHERE id = 1") == []


@scenario(("it is promoted, and what it lacks is told", "managed"))
def a_failover_by_force_to_one_that_lags(lab):
    with story(lab, LOST, clusters=1) as w:
        old, west, north = w.c1.servers
        w.console("MAINTENANCE ON")
        cut_off([north])
        time.sleep(WARM_UP_S)
        old.kill()
        nobody_writes(w, time.monotonic(), seconds=1)
        refused(w, "FAILOVER c1 TO c1-north", "55000")
        assert not w.table("SHOW LOSS")
        w.console("FAILOVER c1 TO c1-north FORCE")
        must_serve(w, time.monotonic(), "though the other one cannot follow it")
        assert w.primary(w.c1) is north, w.timelines()
        assert w.table("SHOW LOSS"), w.log()
        west.rejoin(north)
        until_grown(north, west)


# What an operator has done

@scenario(("nobody is promoted without an order", "managed"))
def synchronous_standby_names_that_were_cleared(lab):
    with story(lab, LOST, clusters=1) as w:
        primary = w.c1.servers[0]
        primary.set(synchronous_standby_names="")
        until(lambda: "not what is recorded" in w.log(), "it is told")
        assert primary.query("SHOW synchronous_standby_names") == [[""]], "it was mended without a word"
        primary.kill()
        nobody_writes(w, time.monotonic())
        w.console("FAILOVER c1 FORCE")
        must_serve(w, time.monotonic(), "after the order")


def set_promotion(w, words):
    """What stands under `promotion` in the YAML, from now on."""
    w.write_config(promotion=words)
    w.console("RELOAD")


@scenario(("nobody is promoted who lacks too much", "managed"))
def a_cluster_whose_commits_wait_for_nobody(lab):
    with story(lab, LOST, clusters=1) as w:
        set_promotion(w, "synchronous: false, max_lost: 0, shrink_after: 60s")
        primary, *standbys = w.c1.servers
        until(lambda: primary.query("SHOW synchronous_standby_names") == [[""]], "nobody is waited for")
        for one in standbys:
            one.stop()
        must_serve(w, time.monotonic(), "without standbys")
        time.sleep(WARM_UP_S)
        primary.kill()
        for one in standbys:
            one.start()
        nobody_writes(w, time.monotonic())
        until(lambda: "bytes of what the primary had written" in w.log(), "it is told")
        assert not w.console("SHOW LOSS"), "a loss is told of that nobody has allowed"
        w.console("FAILOVER c1 FORCE")
        must_serve(w, time.monotonic(), "after the order")
        assert w.console("SHOW LOSS"), "nothing is told of what was lost"


@scenario(("it is promoted", "managed"))
def a_standby_of_a_cluster_whose_commits_wait_for_nobody(lab):
    with story(lab, LOST, clusters=1) as w:
        set_promotion(w, "synchronous: false, max_lost: 1GB")
        primary = w.c1.servers[0]
        until(lambda: primary.query("SHOW synchronous_standby_names") == [[""]], "nobody is waited for")
        primary.kill()
        must_serve(w, time.monotonic(), "after the kill")


@scenario(("it goes on", "managed"))
def a_primary_that_may_go_on_alone(lab):
    with story(lab, STAYED, clusters=1) as w:
        set_promotion(w, "goes_on_alone: true, shrink_after: 1s")
        primary, *standbys = w.c1.servers
        for one in standbys:
            one.stop()
        must_serve(w, time.monotonic(), "without standbys")
        for one in standbys:
            one.start()
        for one in standbys:
            until(lambda s=one: s.name in primary.query("SHOW synchronous_standby_names")[0][0],
                  f"{one.name} confirms again")


@scenario(("the command that cuts it off is run", "managed"))
def a_former_primary_that_writes_again(lab):
    with story(lab, MOVED, clusters=1) as w:
        told = w.dir / "told"
        set_promotion(w, f"fence_command: 'echo $NODE $PRIMARY > {told}.new && mv {told}.new {told}'")
        old = w.c1.servers[0]
        old.kill()
        must_serve(w, time.monotonic(), "after the kill")
        new = w.primary(w.c1)
        old.start()
        until(told.exists, "the command is run")
        assert told.read_text().split() == [old.name, new.name], told.read_text()
        until(lambda: fenced(old), f"{old.name} is fenced")
        old.rejoin(new)


@contextlib.contextmanager
def sender_stopped(primary, standby):
    """While it says that it streams, be it for a millisecond."""
    seen = f"SELECT pid FROM pg_stat_replication WHERE application_name = '{standby.name}' AND state = 'streaming'"
    with primary.connect() as connection:
        deadline = time.monotonic() + 30
        while not (found := server.ask(connection, seen)):
            assert time.monotonic() < deadline, f"{standby.name} does not seem to stream"
        os.kill(int(found[0][0]), signal.SIGSTOP)
        assert server.ask(connection, seen) == found, "it was too late"
    try:
        yield
    finally:
        os.kill(int(found[0][0]), signal.SIGCONT)


@scenario(("it confirms nothing until it has been", "managed"))
def a_former_primary_is_back_without_being_rewound(lab):
    """What it has of its own would pass for what the new one has written."""
    with story(lab, MOVED, clusters=1) as w:
        old, *standbys = w.c1.servers
        # At the beginning of a file of WAL: a standby asks for the whole of that of its last position.
        old.query("SELECT pg_switch_wal()")
        for one in standbys:
            one.signal_backends("walreceiver", signal.SIGSTOP)
        with old.connect() as connection:
            server.ask(connection, "SET synchronous_commit = local")
            server.ask(connection, "SELECT pg_logical_emit_message(true, 'test', repeat('x', 13000000))")
        old.kill()
        for one in standbys:
            one.signal_backends("walreceiver", signal.SIGCONT)
        must_serve(w, time.monotonic(), "after the kill")
        new = w.primary(w.c1)
        old.become_standby_of(new)
        old.start()
        with sender_stopped(new, old):
            time.sleep(4 * WARM_UP_S)
        assert old.name not in new.query("SHOW synchronous_standby_names")[0][0], "it confirms"
        assert " rejoined " not in w.log(), "it is welcome"
        old.rejoin(new)
        until_grown(new, old)


@scenario(("it is told where the primary is", "managed"))
def a_former_primary_is_to_rejoin(lab):
    with story(lab, MOVED, clusters=1) as w:
        told = w.dir / "told"
        set_promotion(w, f"rejoin_command: 'env > {told}.new && mv {told}.new {told}'")
        old = w.c1.servers[0]
        old.kill()
        must_serve(w, time.monotonic(), "after the kill")
        until(told.exists, "the command is run")
        new = w.primary(w.c1)
        said = dict(line.split("=", 1) for line in told.read_text().splitlines())
        for name, value in (("CLUSTER", "c1"), ("NODE", old.name), ("ADDRESS", old.address), ("PORT", str(old.port)),
                            ("PRIMARY", new.name), ("PRIMARY_ADDRESS", new.address), ("PRIMARY_PORT", str(new.port))):
            assert said[name] == value, f"{name}: {said[name]}, not {value}"
        old.rejoin(new)
        until(lambda: " rejoined " in w.log(), "it is welcome")
        until(lambda: old.name in new.query("SHOW synchronous_standby_names")[0][0], "it confirms")
