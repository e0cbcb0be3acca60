"""following - somebody else promotes, and shardward finds who it was. Replication is asynchronous here:
what was not sent is lost with its primary, and no proxy can help it."""

import time

from server import until
from stories import Expect, conclude, must_serve, nobody_writes, story, world
from table import scenario
from world import WARM_UP_S

MOVED = Expect(moves=("c1",), stays=("c2",), may_lose=True)


def repoint(standby, primary):
    standby.set(primary_conninfo=primary.conninfo_for(standby))


def received(standby):
    """How far it has the log of its primary; who is promoted had better be the first in that."""
    return int(standby.query("SELECT pg_last_wal_receive_lsn() - '0/0'")[0][0])


@scenario(("kill -9, and a standby is promoted", "follow quick", True),
          ("a standby is promoted beside it", "follow", False))
def a_primary(lab, is_killed):
    with story(lab, MOVED, "follow") as w:
        old, *standbys = w.c1.servers
        if is_killed:
            old.kill()
            until(lambda: not any(one.query("SELECT FROM pg_stat_wal_receiver") for one in standbys),
                  "the standbys have read what was under way")
        new, other = sorted(standbys, key=received, reverse=True)
        new.promote()
        if is_killed:
            repoint(other, new)
        must_serve(w, time.monotonic(), "after the promotion")
        time.sleep(WARM_UP_S)
        for one in (old,) if is_killed else (old, other):
            one.rejoin(new)         # who has heard more of the old one than the new one has is rewound
        time.sleep(WARM_UP_S)
        assert w.primary(w.c1) is new, w.timelines()


@scenario(("nobody is written to until one of them is gone", "follow"))
def two_standbys_are_promoted(lab):
    with story(lab, MOVED, "follow") as w:
        old, one, other = w.c1.servers
        old.kill()
        # Each on its own, so that they do not follow one another.
        other.set(primary_conninfo="")
        one.promote()
        other.promote()
        time.sleep(WARM_UP_S)           # who was promoted first may have been followed
        nobody_writes(w, time.monotonic())
        # Who has confirmed something stays.
        if any(op.node == other.name for op in w.history.ops if op.is_write()):
            one, other = other, one
        other.rebuild(one)
        must_serve(w, time.monotonic(), "when one of them follows the other")


@scenario(("it is not written to", "managed"))
def a_standby_is_promoted_by_hand_where_shardward_promotes(lab):
    with world(lab, "managed") as w:
        w.load()
        primary, one, _ = w.c1.servers
        one.promote()
        since = time.monotonic()
        must_serve(w, since, "after the promotion")
        time.sleep(2 * WARM_UP_S)
        astray = [op for op in w.history.ops if op.node == one.name and op.is_write()]
        assert not astray, astray[:3]
        one.rejoin(primary)
        conclude(w, {"c1": (primary.name, 1), "c2": w.timelines()["c2"]}, Expect(stays=("c1", "c2")))


def generations(w):
    return [int(line.split("generation=")[1].split()[0]) for line in w.events("cluster") if "admission=admits" in line]


@scenario(("its manager leaves it", "managed follow"))
def a_cluster_is_handed_to_somebody_else(lab):
    """From now on he promotes: no line of ours, which may hold the lock of a node, stays. It is handed
    back: the number of a generation, by which connections are told apart, does not come again."""
    def has_line():
        return primary.query("SELECT FROM pg_stat_activity WHERE application_name = 'shardward failover'")

    with world(lab, "managed", clusters=1) as w:
        primary = w.c1.servers[0]
        until(has_line, "it is managed")
        w.failover = "follow"
        w.write_config()
        w.console("RELOAD")
        until(lambda: not has_line(), "it is left alone")
        for start in range(2, 4):
            primary.stop()
            primary.start()
            until(lambda start=start: generations(w)[-1] == start, "it takes writes as another generation")
        w.failover = "managed"
        w.write_config()
        w.console("RELOAD")
        until(lambda: has_line() and generations(w)[-1] > 3, "its number is a new one")
