"""stories - how a scenario goes: clients, a fault, what must come of it, and the verdict.

A fault is a function of a World that breaks something and returns what mends it, or None.
"""

import contextlib
import signal
import time
from dataclasses import dataclass

import clouds
import suite
from server import until
from world import SETTLE_S, WARM_UP_S, World

NOBODY_S = 4.0          # for which nobody may have been given a write, where none may be


@dataclass(frozen=True)
class Expect:
    """What must come of a fault, beside that nothing is lost."""
    moves: tuple = ()           # the clusters that have another primary afterwards
    stays: tuple = ()           # those that have the same
    serves: bool = True         # all shards take writes again before anything is mended
    may_lose: bool = False      # replication is asynchronous, and the fault takes what was not sent
    may_break: bool = False     # connections of clients may have been closed


@contextlib.contextmanager
def world(lab, failover, has_clouds=False, **options):
    if not has_clouds:
        with World(lab, failover, **options) as w:
            yield w
        return
    if not lab.has_clouds:
        suite.skip("needs root, and a kernel with network namespaces")
    with clouds.Clouds() as net, World(lab, failover, clouds=net, **options) as w:
        yield w


@contextlib.contextmanager
def story(lab, expect, failover="managed", stop_at=None, **options):
    """A World in which clients are at work; what the block does to it is followed by the verdict.
    stop_at: shardward dies at this point of the promotion that the block leads to."""
    with world(lab, failover, **options) as w:
        if stop_at:
            w.stop_shardward()
            w.start_shardward(SHARDWARD_STOP_AT=f"{stop_at}:1")
        w.load()
        before = w.timelines()
        yield w
        time.sleep(WARM_UP_S)
        conclude(w, before, expect)


def until_stopped(w):
    """Shardward has died where it was to."""
    status = w.shardward.wait(SETTLE_S)
    assert status == -signal.SIGKILL, f"it ended with {status}"


def play(lab, failover, fault, expect, has_clouds=False, **options):
    with world(lab, failover, has_clouds, **options) as w:
        w.load()
        before = w.timelines()
        mend = fault(w)
        broken_at = time.monotonic()
        if expect.serves:
            must_move(w, before, expect.moves)
            must_serve(w, broken_at, "after the fault")
            time.sleep(WARM_UP_S)
        else:
            nobody_writes(w, broken_at)
        if mend:
            mend()
            must_serve(w, time.monotonic(), "when all is mended")
            time.sleep(WARM_UP_S)
        conclude(w, before, expect)


def must_serve(w, since, when):
    waiting = w.settled(since)
    assert not waiting, (f"{', '.join(waiting)}: no write within {SETTLE_S} s {when};"
                         f" primaries: {w.timelines()}\n{w.log()}")


def must_move(w, before, names):
    """The shards of these clusters are written to at other nodes than before."""
    for cluster in w.clusters:
        for shard in cluster.shards if cluster.name in names else ():
            def moved(shard=shard, old=before[cluster.name][0]):
                return any(op.shard == shard and op.outcome == "ok" and op.node not in ("", old)
                           for op in w.history.ops[-500:] if op.is_write())
            deadline = time.monotonic() + SETTLE_S
            while not moved():
                assert time.monotonic() < deadline, f"{shard} stays at {before[cluster.name]}\n{w.log()}"
                time.sleep(0.02)


def nobody_writes(w, since, shards=("s1",), seconds=NOBODY_S):
    """No write of these shards that was asked for after `since` is acknowledged."""
    time.sleep(seconds)
    told = [op for op in list(w.history.ops) if op.shard in shards and op.is_write()
            and op.outcome == "ok" and op.began > since]
    assert not told, f"{len(told)} writes were acknowledged, as {told[0]}"


def conclude(w, before, expect):
    """End the clients, and see that all is as expected, and that who is written to is the primary."""
    must_serve(w, time.monotonic(), "at the end")
    trouble = w.finish()
    w.summarise()
    after = w.timelines()
    for cluster in w.clusters:
        for shard in cluster.shards:
            last = max((op for op in w.history.ops if op.shard == shard and op.is_write() and op.node),
                       key=lambda op: op.began)
            assert (last.node, last.tli) == after[cluster.name], f"{last}, and not to {after[cluster.name]}"
    for name in expect.moves:
        assert after[name] and after[name] != before[name], f"{name} stays: {after}\n{w.log()}"
        assert after[name][1] > before[name][1], f"{name}: {before[name]}, {after[name]}"
    for name in expect.stays:
        assert after[name] == before[name], f"{name} moves: {before[name]}, {after[name]}\n{w.log()}"
    assert not trouble, trouble
    found = {verdict: items for verdict, items in w.verdict().items() if items}
    if expect.may_lose:
        found.pop("lost", None)
        found.pop("stale", None)
    assert not found, told(found)
    w.standbys_agree()
    assert expect.may_break or not w.history.broken, f"connections of clients broke: {w.history.broken}"


def told(found):
    return "\n".join(f"{verdict}: {len(items)}, as {items[:3]}" for verdict, items in found.items())


def until_shrunk(standby, without, timeout_s=15):
    """Wait until a standby has the record that a commit may not wait for another one any longer."""
    until(lambda: standby.query(f"SELECT '{without.name}' = ANY (cohort) FROM shardward.cohort"
                                " ORDER BY term DESC, ver DESC LIMIT 1") == [["f"]],
          f"{standby.name} knows that {without.name} counts no more", timeout_s)


def until_grown(server, by, timeout_s=15):
    """Wait until a primary counts a standby among those whose word a commit may wait for."""
    until(lambda: by.name in server.query("SHOW synchronous_standby_names")[0][0],
          f"{server.name} waits for {by.name}", timeout_s)
