"""terms - who comes late: a shardward that slept while another one promoted, a primary that was one before the last."""

import contextlib
import os
import signal
import subprocess
import time

import replicated
import server
import workloads
from faults import fenced
from server import until
from stories import Expect, conclude, must_serve, nobody_writes, story, until_grown, until_shrunk, world
from table import scenario
from world import WARM_UP_S

MOVED = Expect(moves=("c1",), may_break=True)
BESIDE = 20                 # the ports of a second shardward stand so far from those of the first


@contextlib.contextmanager
def another_shardward(w):
    """With the same clusters, until the end of the block."""
    file = w.config_file.with_name("beside.yaml")
    file.write_text(replicated.config(w.clusters, w.lab.port + BESIDE, w.failover))
    with open(w.dir / "beside.log", "ab") as log:
        process = subprocess.Popen([w.lab.program, "run", "-c", str(file)], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, env=server.plain_env(), start_new_session=True)
    try:
        until(lambda: " ready " in (w.dir / "beside.log").read_text(errors="replace"), "another shardward is ready")
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def locked(node, cluster):
    """The node's lock is held by a coordinator that stands still, until the end of the block."""
    with node.connect(replicated.CONTROL_USER, replicated.CONTROL_PASSWORD) as holder:
        [[pid]] = server.ask(holder, "SELECT pg_backend_pid() FROM"
                                     f" pg_advisory_lock(hashtextextended('shardward:{cluster}', 0))")
        os.kill(int(pid), signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(int(pid), signal.SIGCONT)


@scenario(("what it has begun is ended", "managed"))
def a_node_is_promoted_while_another_one_waits_for_its_lock(lab):
    """The first one noted what it was about, and has sent its last word, when its line is ended."""
    with story(lab, MOVED, clusters=1) as w:
        old, *standbys = w.c1.servers
        with contextlib.ExitStack() as locks:
            for one in standbys:
                locks.enter_context(locked(one, "c1"))
            old.kill()
            for one in standbys:
                until(lambda s=one: s.query("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND"
                                            " query LIKE 'SELECT pg_terminate_backend(pid, 1000)%'"),
                      f"shardward waits for the lock of {one.name}")
            new = max(standbys, key=lambda s: int(s.query("SELECT pg_last_wal_receive_lsn() - '0/0'")[0][0]))
            [[lsn, xid]] = new.query("SELECT pg_last_wal_replay_lsn() - '0/0',"
                                     " pg_snapshot_xmax(pg_current_snapshot())")
            new.note(promise=f"2 promote {lsn} {xid}")
            new.promote()
        must_serve(w, time.monotonic(), "after both")
        assert w.primary(w.c1) is new, w.timelines()
        old.rejoin(new)


def killed(old):
    old.kill()
    return lambda: (old.start(), old.wait_ready())


def frozen(old):
    old.freeze()
    return old.thaw


@scenario(("the old primary was killed", "managed", killed), ("the old primary stood still", "managed", frozen))
def shardward_sleeps_while_another_one_promotes(lab, fault):
    with story(lab, MOVED, clusters=1) as w:
        old = w.c1.servers[0]
        w.shardward.send_signal(signal.SIGSTOP)
        with another_shardward(w):
            mend = fault(old)
            new = until(lambda: next((one for one in w.c1.servers[1:] if one.is_primary()), None), "one is promoted")
            until(lambda: new.query("SELECT count(*) FROM shardward.epoch")[0][0] == "2", "its epoch is confirmed")
            mend()
            until(lambda: fenced(old), f"{old.name} is fenced")
            w.shardward.send_signal(signal.SIGCONT)
            must_serve(w, time.monotonic(), "when it wakes")
            time.sleep(4 * WARM_UP_S)
            assert not fenced(new), f"{new.name} is fenced: {w.log()}"
        old.rejoin(new)


@scenario(("what was confirmed since is with those that are away", "managed"))
def the_last_primary_but_one_is_there_alone(lab):
    with story(lab, MOVED, clusters=1) as w:
        old, *standbys = w.c1.servers
        old.kill()
        must_serve(w, time.monotonic(), "after the kill")
        new = w.primary(w.c1)
        other = next(one for one in standbys if one is not new)
        time.sleep(WARM_UP_S)
        for lost in (new, other):
            lost.kill()
        old.start()
        old.wait_ready()
        nobody_writes(w, time.monotonic())
        for lost in (other, new):
            lost.start()
        must_serve(w, time.monotonic(), "when they are back")
        until(lambda: fenced(old), f"{old.name} is fenced")
        old.rejoin(w.primary(w.c1))


@scenario(("its primary was killed", "managed", killed), ("its primary stood still", "managed", frozen))
def a_cluster_of_two_shardwards(lab, fault):
    """They disturb one another, and agree in the end."""
    with world(lab, "managed", clusters=1) as w, another_shardward(w) as beside:
        w.load()
        before, old = w.timelines(), w.c1.servers[0]
        mend = fault(old)
        must_serve(w, time.monotonic(), "after the fault")
        mend()
        until(lambda: fenced(old), f"{old.name} is fenced")
        new = w.primary(w.c1)
        place = ("127.0.0.1", w.lab.port + BESIDE)
        w.add(workloads.Ledger, "s1", 8, place=place)
        until(lambda: any(op.key // 1_000_000 == 8 and op.outcome == "ok" for op in w.history.of("insert", "s1")),
              "the other one serves, too")
        assert not fenced(new) and beside.poll() is None
        old.rejoin(new)
        time.sleep(WARM_UP_S)
        conclude(w, before, MOVED)


def forced_alone(w, has_shrunk):
    """The old primary and a standby are dead; the other one is ordered to go on with nobody to confirm."""
    old, other, new = w.c1.servers
    w.console("MAINTENANCE ON")
    other.kill()
    if has_shrunk:
        until_shrunk(new, other)
    old.kill()
    w.console(f"FAILOVER c1 TO {new.name} FORCE")
    w.console("MAINTENANCE OFF")
    return old, other, new


@scenario(("shardward has gone on", "managed", False), ("shardward was started anew", "managed", True))
def the_others_are_back_after_a_failover_by_force(lab, anew):
    """What the one that is left has written stays, though it alone knows of its term."""
    with world(lab, "managed", clusters=1) as w:
        w.load()
        before = w.timelines()
        old, other, new = forced_alone(w, has_shrunk=True)
        must_serve(w, time.monotonic(), "alone")
        time.sleep(WARM_UP_S)
        if anew:
            w.stop_shardward(signal.SIGKILL)
        for one in (old, other):
            one.start()
            one.wait_ready()
        if anew:
            w.start_shardward()
        must_serve(w, time.monotonic(), "when they are back")
        assert w.primary(w.c1) is new, w.timelines()
        until(lambda: fenced(old), f"{old.name} is fenced")
        # The standby has followed the old one until then, and may have more of its timeline.
        for one in (old, other):
            one.rejoin(new)
            until_grown(new, one)
        conclude(w, before, MOVED)


@scenario(("what they have confirmed stays, and what it has lost is told", "managed"))
def who_was_forced_to_go_on_alone_is_back_after_the_others(lab):
    with world(lab, "managed", clusters=1) as w:
        old, other, new = forced_alone(w, has_shrunk=False)
        with w.connect() as client:
            server.ask(client, "INSERT INTO ledger (id, client) VALUES (1, 0)")
        w.stop_shardward(signal.SIGKILL)
        new.kill()
        for one in (old, other):
            one.start()
            one.wait_ready()
        w.start_shardward()
        w.load()
        before = w.timelines()
        new.start()
        new.wait_ready()
        until(lambda: fenced(new), f"{new.name} is fenced")
        must_serve(w, time.monotonic(), "when it is back")
        assert [row["node"] for row in w.table("SHOW LOSS")] == [new.name], w.table("SHOW LOSS")
        new.rejoin(old)
        until_grown(old, new)
        conclude(w, before, Expect(stays=("c1",)))
