"""networks - clouds are cut off, one way or both, lose packets, or come and go."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

from faults import return_fenced
from replicated import CLOUDS
from server import ask, until
from stories import Expect, conclude, must_serve, nobody_writes, play, story, world
from suite import equal
from table import scenario
from world import WARM_UP_S

MOVED = Expect(moves=("c1",), stays=("c2",))
STAYED = Expect(stays=("c1", "c2"))
FLAPS = 6
LOSS_S = 10.0


def old_primary_returns(w, old, mend):
    """It is fenced when it is seen again, and then rejoins."""
    def finish():
        mend()
        return_fenced(w, old)
    return finish


def cut(to=True, back=True):
    """The cloud of c1's primary is not there any more for all others."""
    def fault(w):
        old = w.primary(w.c1)
        w.clouds.cut(old.cloud, to, back)
        return old_primary_returns(w, old, lambda: w.clouds.mend(old.cloud))
    return fault


def frozen_cloud(w):
    """All nodes of the cloud of c1's primary: that one, and a standby of c2."""
    old = w.primary(w.c1)
    lost = [one for cluster in w.clusters for one in cluster.servers if one.cloud == old.cloud]
    for one in lost:
        one.freeze()

    def thaw():
        for one in lost:
            one.thaw()
    return old_primary_returns(w, old, thaw)


def without_its_standbys(w):
    """Everybody hears c1's primary but its standbys: it takes writes, and confirms none."""
    old = w.primary(w.c1)
    others = [cloud for cloud in CLOUDS if cloud != old.cloud]
    for cloud in others:
        w.clouds.part(old.cloud, cloud)

    def join():
        for cloud in others:
            w.clouds.join(old.cloud, cloud)
    return old_primary_returns(w, old, join)


@scenario(("frozen", "managed", frozen_cloud, False), ("cut off", "managed", cut(), True),
          ("nothing reaches it", "managed", cut(back=False), True),
          ("nothing comes from it", "managed", cut(to=False), True),
          ("cut off from the others, but not from shardward", "managed", without_its_standbys, True))
def the_cloud_of_a_primary(lab, fault, has_clouds):
    play(lab, "managed", fault, MOVED, has_clouds)


@scenario(("another one is promoted", "managed"))
def a_primary_without_its_standbys_when_shardward_starts(lab):
    with story(lab, Expect(moves=("c1",), may_break=True), has_clouds=True, clusters=1) as w:
        w.stop_shardward(signal.SIGKILL)
        mend = without_its_standbys(w)
        w.spawn_shardward()
        must_serve(w, time.monotonic(), "without the primary")
        time.sleep(WARM_UP_S)
        mend()
        must_serve(w, time.monotonic(), "when all is mended")


@scenario(("both ways", "", {}), ("nothing reaches it", "", {"back": False}), ("nothing comes from it", "", {"to": False}))
def a_cut_is_a_cut(lab, ways):
    """Where nobody promotes, nobody writes to what is cut off; what is not goes on."""
    with world(lab, "off", has_clouds=True, lease="2s") as w:
        w.load()
        before, cloud = w.timelines(), w.c1.servers[0].cloud
        w.clouds.cut(cloud, **ways)
        since = time.monotonic()
        nobody_writes(w, since)
        assert not w.settled(since, ["s2"]), "the other cluster is cut off, too"
        w.clouds.mend(cloud)
        must_serve(w, time.monotonic(), "when the cloud is back")
        conclude(w, before, STAYED)


@scenario(("nobody is promoted by one that is left", "managed"))
def two_clouds_are_cut_off(lab):
    with world(lab, "managed", has_clouds=True) as w:
        w.load()
        old = w.primary(w.c1)
        lost = [cloud for cloud in CLOUDS if cloud != w.c1.servers[1].cloud]
        for cloud in lost:
            w.clouds.cut(cloud)
        nobody_writes(w, time.monotonic(), w.shards)
        for cloud in lost:
            w.clouds.mend(cloud)
        must_serve(w, time.monotonic(), "when the clouds are back")
        time.sleep(WARM_UP_S)
        assert old.is_running()
        conclude(w, w.timelines(), Expect())


@scenario(("one second there, one second away", "managed"))
def a_link_flaps(lab):
    with world(lab, "managed", has_clouds=True) as w:
        w.load()
        before, cloud = w.timelines(), w.c1.servers[0].cloud
        for _ in range(FLAPS):
            w.clouds.cut(cloud)
            time.sleep(1)
            w.clouds.mend(cloud)
            time.sleep(1)
        must_serve(w, time.monotonic(), "when the link is steady")
        time.sleep(WARM_UP_S)
        after = w.timelines()
        assert after["c1"][1] - before["c1"][1] <= 1, f"it went to and fro: {after}"
        conclude(w, before, Expect(stays=("c2",)))


@scenario(("5 % in each direction", "managed", "managed", 5), ("5 %, and nobody promotes", "", "off", 5))
def packets_are_lost(lab, failover, percent):
    def fault(w):
        for cloud in CLOUDS:
            w.clouds.lose(cloud, percent)
        time.sleep(LOSS_S)

        def mend():
            for cloud in CLOUDS:
                w.clouds.mend(cloud)
        return mend
    play(lab, failover, fault, STAYED, has_clouds=True)


@scenario(("the cloud of a primary is cut off", "managed", {}),
          ("nothing comes from it", "managed", {"to": False}))
def what_is_not_confirmed_makes_nodes_be_asked(lab, ways):
    """By itself shardward would ask much later."""
    seldom = "status: 10min, connect: 10min, write: 10min"
    with story(lab, Expect(moves=("c1",)), has_clouds=True, clusters=1, sections={"health": seldom}) as w:
        old = w.primary(w.c1)
        w.clouds.cut(old.cloud, **ways)
        until(lambda: w.events("server-unheard"), "a host that confirms nothing is noticed")
        first = w.events("server-unheard", "verdict", "connection-lost")
        first = next(line for line in first if f"node={old.name}" in line and "verdict=up" not in line)
        assert " server-unheard " in first, first
        must_serve(w, time.monotonic(), "with another primary")
        w.clouds.mend(old.cloud)
        return_fenced(w, old)
        old.wait_ready()


@scenario(("another connection's statement is slow", "managed"))
def one_connection_is_not_heard(lab):
    """What one connection sends does not arrive: it is given up, and that is no verdict."""
    with (world(lab, "managed", has_clouds=True, clusters=1, sections={"health": "unheard: 1s"}) as w,
          w.connect() as cut_off, w.connect() as slow, ThreadPoolExecutor() as pool):
        before, node = w.timelines(), w.primary(w.c1)
        ask(cut_off, "BEGIN")
        ask(cut_off, "SELECT balance AS cut_off FROM accounts WHERE id = 0")
        [[pid, port]] = node.query("SELECT pid, client_port FROM pg_stat_activity WHERE query LIKE '%cut_off%'"
                                   " AND state = 'idle in transaction'")
        sleeper = pool.submit(ask, slow, "SELECT pg_sleep(4) FROM accounts WHERE id = 0")
        w.clouds.deafen(node.cloud, port)
        answer = cut_off.query("SELECT 1 FROM accounts WHERE id = 0")[0].fields()
        equal((answer["C"], answer["M"]), ("08006", "server connection lost: its host confirms nothing"))
        equal(sleeper.result(), [[""]])
        equal([f"pid={pid} " in line for line in w.events("server-unheard")], [True])
        until(lambda: {row["state"] for row in w.table("SHOW NODES")} == {"up"}, "all nodes are up")
        equal([line for line in w.events("verdict") if "verdict=down" in line], [])
        equal(w.timelines(), before)
