"""encrypted - nodes that are reached by TLS alone, and who they are is proven: by shardward, its control
connections, and standbys. Only this program's own superuser is let in without."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import server
import workloads
from certificates import Certificates
from faults import come_back, killed, stopped
from server import until
from stories import Expect, must_serve, play, story, until_grown, world
from suite import equal
from table import scenario

MOVED = Expect(moves=("c1",), stays=("c2",))
HBA = """
host    all         postgres 127.0.0.0/8 scram-sha-256
hostssl all         all      127.0.0.0/8 scram-sha-256
hostssl replication all      127.0.0.0/8 scram-sha-256
"""


def by_tls(w):
    own = Certificates(w.dir / "tls")
    own.authority()
    root = own.path("ca.crt")
    for one in (one for cluster in w.clusters for one in cluster.servers):
        own.make(one.name, one.name, f"IP:{one.address}")
        server.give(own.path(f"{one.name}.key"))
        one.settings = {"ssl": "on", "ssl_cert_file": str(own.path(f"{one.name}.crt")),
                        "ssl_key_file": str(own.path(f"{one.name}.key"))}
        one.variables = {"HOME": str(w.dir)}        # where libpq looks for a certificate of its own
        one.by = f" sslmode=verify-full sslrootcert={root}"
        (one.data / "pg_hba.conf").write_text(HBA)
    for cluster in w.clusters:
        for one in cluster.servers[1:]:
            one.become_standby_of(cluster.servers[0])
    w.write_config(tls=f"mode: verify-full, ca: {root}")


def are_by_tls(w):
    """Whoever has a connection to the primary, and is not this program."""
    found = w.primary(w.c1).query("SELECT DISTINCT usename, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                                  " WHERE usename <> 'postgres' ORDER BY usename")
    equal(found, [["bank", "t"], ["replicator", "t"], ["shardward", "t"]])


@scenario(("kill -9", "managed", killed), ("stop -m fast", "managed", stopped("fast")))
def a_primary(lab, fault):
    def fault_by_tls(w):
        old = w.primary(w.c1)
        are_by_tls(w)
        mend = fault(w)

        def mend_by_tls():
            mend()
            until_grown(w.primary(w.c1), old)
        return mend_by_tls
    play(lab, "managed", fault_by_tls, MOVED, prepare=by_tls)


@scenario(("a statement", "managed"))
def a_cancel(lab):
    with world(lab, "managed", clusters=1, prepare=by_tls) as w, w.connect() as client, ThreadPoolExecutor() as pool:
        answer = pool.submit(server.ask, client, "SELECT pg_sleep(60) FROM accounts WHERE id = 0")
        until(lambda: w.primary(w.c1).query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), "it sleeps")
        workloads.cancel(("127.0.0.1", w.lab.port), client.key)
        try:
            answer.result()
        except server.Refused as refusal:
            equal(refusal.code, "57014")
        else:
            raise AssertionError("it sleeps to its end")


@scenario(("it waited for standbys when its primary was killed", "managed"))
def a_commit_is_resolved(lab):
    with story(lab, Expect(moves=("c1",)), clusters=1, prepare=by_tls) as w:
        primary, *standbys = w.c1.servers
        for one in standbys:
            one.signal_backends("walreceiver", signal.SIGSTOP)
        until(lambda: primary.query("SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'"),
              "a COMMIT waits")
        primary.kill()
        for one in standbys:
            one.signal_backends("walreceiver", signal.SIGCONT)
        must_serve(w, time.monotonic(), "after the kill")
        until(lambda: w.events("commit-resolved"), "its fate is told")
        come_back(w, primary)
        until_grown(w.primary(w.c1), primary)
