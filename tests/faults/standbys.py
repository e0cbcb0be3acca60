"""standbys - they are lost, alone or with the primary, or they lag."""

import signal
import time

import workloads
from faults import foreign_node, standby
from server import until
from stories import (Expect, conclude, must_serve, nobody_writes, play, story, until_grown, until_shrunk,
                     world)
from table import scenario
from world import WARM_UP_S

MOVED = Expect(moves=("c1",), stays=("c2",))
STAYED = Expect(stays=("c1", "c2"))
WAL_SENDER_TIMEOUT_S, SHRINK_S = 5, 3    # for so long a standby that hangs counts as one


@scenario(("kill -9", "managed", "managed", standby("kill")), ("SIGSTOP", "managed", "managed", standby("freeze")),
          ("stop -m fast", "managed", "managed", standby("stop")),
          ("another system behind its address", "managed", "managed", foreign_node),
          ("another system behind its address, where somebody else promotes", "follow", "follow", foreign_node),
          ("kill -9, and nobody promotes", "", "off", standby("kill")))
def a_standby(lab, failover, fault):
    play(lab, failover, fault, STAYED)


@scenario(("the one that is left waits for another one", "managed"))
def a_standby_and_later_the_primary(lab):
    """It has all that was acknowledged, and knows it; but nobody is there to confirm what it would write."""
    with story(lab, MOVED) as w:
        primary, one, other = w.c1.servers
        one.kill()
        until_shrunk(other, one)
        primary.kill()
        nobody_writes(w, time.monotonic())
        one.start()
        must_serve(w, time.monotonic(), "with the standby")


def back_while_the_other_one_hangs(w):
    """The only standby that counts hangs, and the other one, which streams again, is recorded."""
    primary, one, other = w.c1.servers
    other.kill()
    until_shrunk(one, other)
    until(lambda: other.name not in primary.query("SHOW synchronous_standby_names")[0][0], "it does not count")
    one.freeze()
    other.start()
    until(lambda: [other.name, "streaming"] in primary.query(
        "SELECT application_name, state FROM pg_stat_replication"), "it streams")
    return primary, one, other


def until_its_row_waits(primary):
    """The process that waits for standbys with a row of the cohort."""
    return until(lambda: primary.query("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND"
                                       " query LIKE 'INSERT INTO shardward.cohort%'"), "its row waits")[0][0]


def only_the_one_that_hangs_confirms(w, primary, one, other):
    nobody_writes(w, time.monotonic(), seconds=WAL_SENDER_TIMEOUT_S + SHRINK_S)
    one.thaw()
    must_serve(w, time.monotonic(), "when it goes on")
    until_grown(primary, other)


@scenario(("who has been away is not counted before the other one knows", "managed"))
def a_standby_is_back_while_the_other_one_hangs(lab):
    """Whoever knows that only the one that hangs counts would promote it, without what the other has confirmed."""
    with story(lab, Expect(stays=("c1",)), clusters=1) as w:
        only_the_one_that_hangs_confirms(w, *back_while_the_other_one_hangs(w))


@scenario(("PostgreSQL calls it recorded", "managed"))
def a_standby_is_back_and_its_record_is_cancelled(lab):
    with story(lab, Expect(stays=("c1",)), clusters=1) as w:
        servers = back_while_the_other_one_hangs(w)
        pid = until_its_row_waits(servers[0])
        assert servers[0].query(f"SELECT pg_cancel_backend({pid})") == [["t"]]
        only_the_one_that_hangs_confirms(w, *servers)


@scenario(("a later term was promised", "managed"))
def a_standby_is_back_while_the_other_one_hangs_and_the_primary_is_reinstated(lab):
    """Its lock ends who waits with the row, which was not there before."""
    with story(lab, Expect(stays=("c1",), may_break=True), clusters=1) as w:
        servers = back_while_the_other_one_hangs(w)
        until_its_row_waits(servers[0])
        w.stop_shardward(signal.SIGKILL)
        servers[2].note(term=2, promise="2 recruit")
        w.spawn_shardward()
        only_the_one_that_hangs_confirms(w, *servers)


@scenario(*((f"{seconds} s later", "managed", seconds) for seconds in (2.8, 3.2, 3.6, 4.0)))
def a_standby_and_in_the_midst_of_its_dismissal_the_primary(lab, seconds):
    """Whether the one that is left may be promoted depends on what it knows: if not, it waits."""
    with story(lab, MOVED) as w:
        primary, one, _ = w.c1.servers
        one.kill()
        time.sleep(seconds)
        primary.kill()
        time.sleep(2 * WARM_UP_S)
        one.start()
        must_serve(w, time.monotonic(), "with the standby")


@scenario(("nobody is promoted before the standby is back", "managed"))
def a_standby_and_the_primary_at_once(lab):
    with story(lab, MOVED) as w:
        primary, one, _ = w.c1.servers
        for lost in (one, primary):
            lost.kill()
        nobody_writes(w, time.monotonic())
        assert w.primary(w.c1) is None, w.timelines()
        one.start()
        must_serve(w, time.monotonic(), "with the standby")


@scenario(("nobody is promoted before all is replayed", "managed"))
def standbys_that_do_not_replay_and_the_primary(lab):
    with story(lab, MOVED) as w:
        primary, *standbys = w.c1.servers
        for one in standbys:
            one.query("SELECT pg_wal_replay_pause()")
        time.sleep(WARM_UP_S)
        primary.kill()
        nobody_writes(w, time.monotonic())
        for one in standbys:
            one.query("SELECT pg_wal_replay_resume()")
        must_serve(w, time.monotonic(), "when all is replayed")


@scenario(("what no standby has is not acknowledged", "managed"))
def clients_cancel_what_waits_for_standbys(lab):
    """PostgreSQL would call it a success, with a warning. Then the primary is lost."""
    with world(lab, "managed", has_clouds=True, clusters=1) as w:
        w.load((workloads.Ledger, workloads.Ledger, workloads.Bank))
        before = w.timelines()
        primary, *standbys = w.c1.servers
        for one in standbys:
            w.clouds.part(primary.cloud, one.cloud)
        until(lambda: int(primary.query("SELECT count(*) FROM pg_stat_activity"
                                        " WHERE wait_event = 'SyncRep'")[0][0]) >= 3, "all wait")
        for client in w.clients:
            client.cancel()
        time.sleep(WARM_UP_S)
        primary.kill()
        must_serve(w, time.monotonic(), "after the promotion")
        conclude(w, before, Expect(moves=("c1",)))


def read_at_standbys(w):
    """How many reads were answered by each node that began as a standby."""
    nodes = [op.node for op in w.history.of("get", "s1") if op.node]
    return {one.name: nodes.count(one.name) for one in w.c1.servers[1:]}


@scenario(("SIGSTOP of what replays", "reads", signal.SIGSTOP))
def a_replica_that_lags(lab, number):
    with world(lab, "managed", clusters=1) as w:
        for client in range(1, 5):
            w.add(workloads.Counter, "s1", client)
        one, other = w.c1.servers[1:]
        until(lambda: min(read_at_standbys(w)[s.name] for s in (one, other)) > 20, "both standbys are read")
        assert one.signal_backends("startup", number) == 1
        time.sleep(3 * WARM_UP_S)
        one.signal_backends("startup", signal.SIGCONT)
        since = read_at_standbys(w)[one.name]
        until(lambda: read_at_standbys(w)[one.name] > since + 20, "it is read again")
        conclude(w, w.timelines(), Expect(stays=("c1",)))


@scenario(("kill -9", "managed reads"))
def a_primary_while_replicas_are_read(lab):
    with world(lab, "managed", clusters=1) as w:
        for client in range(1, 5):
            w.add(workloads.Counter, "s1", client)
        w.add(workloads.Ledger, "s1", 9)
        until(lambda: sum(read_at_standbys(w).values()) > 100, "standbys are read")
        before = w.timelines()
        w.c1.servers[0].kill()
        must_serve(w, time.monotonic(), "after the kill")
        time.sleep(2 * WARM_UP_S)
        conclude(w, before, Expect(moves=("c1",)))
