"""faults - what can happen to a node: functions of a World that break something and return what mends it,
or None if it mends itself. All of it happens to cluster c1."""

import os
import signal
import time

import workloads
from server import until

STANDSTILL_S = 6.0          # longer than any question waits for its answer, and asked again


def nothing(_w):
    return None


def fenced(server):
    """Whether somebody has made it refuse writes and their acknowledgement."""
    return (server.query("SHOW default_transaction_read_only") == [["on"]]
            and "shardward" in server.query("SHOW synchronous_standby_names")[0][0])


def come_back(w, old):
    """A lost primary comes back with whatever it had, and follows the new one."""
    old.rejoin(w.primary(w.c1))


def return_fenced(w, old):
    """It is there again all the time, and fenced before anything else."""
    until(lambda: fenced(old), f"{old.name} is fenced")
    come_back(w, old)


def beside_shardward(w, primary):
    """A client on it that knows nothing of shardward, and writes."""
    w.add(workloads.Ledger, "s1", 7, place=(primary.address, primary.port), dbname="s1")
    until(lambda: any(op.key // 1_000_000 == 7 for op in w.history.of("insert", "s1")), "it writes")


def cut_off(standbys):
    """Their receivers end: what the primary writes from now on, they have not."""
    for one in standbys:
        one.set(primary_conninfo="")
        until(lambda s=one: not s.backends("walreceiver"), f"{one.name} receives nothing")


def killed(w):
    primary = w.primary(w.c1)
    primary.kill()
    return lambda: come_back(w, primary)


def stopped(mode):
    """pg_ctl stop -m MODE of the primary."""
    def fault(w):
        primary = w.primary(w.c1)
        primary.stop(mode)
        return lambda: come_back(w, primary)
    return fault


def restarted(mode):
    """pg_ctl restart -m MODE of the primary."""
    def fault(w):
        primary = w.primary(w.c1)
        primary.stop(mode)
        primary.start()
    return fault


def backend_killed(w):
    """kill -9 of one backend, which ends all: PostgreSQL starts anew by itself."""
    victim = w.primary(w.c1).query("SELECT pid FROM pg_stat_activity WHERE datname = 's1'"
                                   " AND usename = 'bank' LIMIT 1")
    os.kill(int(victim[0][0]), signal.SIGKILL)


def frozen(only_postmaster=False):
    """SIGSTOP, with a client on it that knows nothing of shardward. It goes on as if nothing had
    happened, and must then be fenced before anything else."""
    def fault(w):
        primary = w.primary(w.c1)
        beside_shardward(w, primary)
        primary.freeze(only_postmaster)
        if only_postmaster:     # who has a session goes on
            until(lambda: any(one.is_primary() for one in w.c1.servers if one is not primary),
                  f"another one than {primary.name} is promoted")

        def mend():
            primary.thaw()
            return_fenced(w, primary)
        return mend
    return fault


def standing_still(*kinds):
    """SIGSTOP of those of its processes that write for others. Commits flush the log by themselves."""
    def fault(w):
        primary = w.primary(w.c1)
        for kind in kinds:
            assert primary.signal_backends(kind, signal.SIGSTOP) == 1
        time.sleep(STANDSTILL_S)
        return primary.thaw
    return fault


def standby(what):
    """One standby is killed, or frozen, as `what` names the method."""
    def fault(w):
        one = w.c1.servers[1]
        getattr(one, what)()
        return {"kill": one.start, "freeze": one.thaw, "stop": one.start}[what]
    return fault


def refused_connections(w):
    """Somebody takes all connections that the primary has to give."""
    primary = w.primary(w.c1)
    taken = []
    try:
        while len(taken) < 200:
            taken.append(primary.connect("bank", "bank", "s1"))
    except Exception as error:                              # noqa: BLE001 - 53300 is what is wanted
        assert getattr(error, "code", "") == "53300", error
    else:
        raise AssertionError("it takes connections for ever")

    def mend():
        for connection in taken:
            connection.close()
    return mend


def foreign_node(w):
    """Behind the address of a standby stands another system: a primary, and empty. It is left alone."""
    one, other = w.c1.servers[1], w.lab.template("c2")
    one.kill()
    one.replace_data(other.data)
    one.write_auto_conf()
    one.start()
    one.wait_ready()

    def see():
        assert not fenced(one), "somebody else's primary was fenced"
    return see
