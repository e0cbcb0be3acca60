"""watching - what is told of a failover to those who watch: the console, the metrics, /readyz and the
page for people. Whether the failover itself is right is for the other tables to say."""

import time

import monitoring
from server import until
from stories import must_serve, world
from suite import equal
from table import scenario


def shown(w, command, *names):
    """The named columns of a console's rows, by its first column."""
    return [tuple(row[name] for name in names) for row in w.table(command)]


def ready(w):
    return monitoring.ask(w.lab.port, "/readyz")


def metric(w, name, **labels):
    return monitoring.metrics(w.lab.port).one(f"shardward_{name}", **labels)


@scenario(("somebody else has promoted", "follow quick", "follow"),
          ("shardward has", "managed", "managed"))
def a_failover_is_told_everywhere(lab, failover):
    with world(lab, failover) as w:
        w.load()
        old, new, other = w.c1.servers
        until(lambda: {row["state"] for row in w.table("SHOW NODES")} == {"up"}, "all nodes are up")
        equal(shown(w, "SHOW CLUSTERS", "cluster", "failover", "primary", "admission", "up"),
              [("c1", failover, old.name, "admits", "3"), ("c2", failover, w.clusters[1].servers[0].name,
                                                           "admits", "3")])
        equal([ready(w).status, metric(w, "cluster_events_total", cluster="c1", event="failover")], [200, 0])
        equal(metric(w, "node_primary", node=old.name), 1)

        killed_at = time.monotonic()
        old.kill()
        if failover == "follow":
            until(lambda: "cluster c1" in ready(w).text, "it is told while nobody is primary")
            equal((ready(w).status, "cluster c2" in ready(w).text), (200, False))
            new.promote()
            other.set(primary_conninfo=new.conninfo_for(other))
        must_serve(w, killed_at, "after the failover")
        primary = w.primary(w.c1)

        until(lambda: ready(w).text == "ready\n", "nothing is told any more")
        equal(monitoring.ask(w.lab.port, "/healthz").status, 200)
        equal([metric(w, "cluster_events_total", cluster="c1", event="failover"),
               metric(w, "cluster_events_total", cluster="c2", event="failover"),
               metric(w, "node_primary", node=old.name), metric(w, "node_primary", node=primary.name),
               metric(w, "cluster_admits", cluster="c1")], [1, 0, 0, 1, 1])
        until(lambda: metric(w, "node_up", node=old.name) == 0, "the old one is down")
        assert metric(w, "cluster_switched_timestamp_seconds", cluster="c1") > time.time() - 120
        assert 0 < metric(w, "cluster_switch_seconds", cluster="c1") < 120
        events = w.table("SHOW EVENTS")
        assert [row for row in events if row["event"] == "failover" and row["node"] == primary.name
                and row["cluster"] == "c1" and int(row["duration_ms"]) > 0], events
        cluster = next(row for row in w.table("SHOW CLUSTERS") if row["cluster"] == "c1")
        equal([cluster["primary"], cluster["admission"]], [primary.name, "admits"])
        assert cluster["switched"] and int(cluster["timeline"]) > 1, cluster
        nodes = {row["node"]: row for row in w.table("SHOW NODES")}
        equal([nodes[old.name]["role"], nodes[primary.name]["role"]], ["replica", "primary"])
        shards = {row["shard"]: row["node"] for row in w.table("SHOW SHARDS")}
        equal({shards[shard] for shard in w.c1.shards}, {primary.name})
        page = monitoring.ask(w.lab.port, "/").text
        assert "failover" in page and "says primary" not in page
        w.finish()


@scenario(("one of three is lost, then all", "follow quick"))
def one_cluster_that_is_failing_over_does_not_take_shardward_out(lab):
    with world(lab, "follow", clusters=1) as w:
        primary, *standbys = w.c1.servers
        equal((ready(w).status, ready(w).text), (200, "ready\n"))
        primary.kill()
        until(lambda: "cluster c1" in ready(w).text, "it is told")
        equal(ready(w).status, 200)
        for one in standbys:
            one.kill()
        until(lambda: ready(w).status == 503, "nothing can be used")
        assert "no cluster can be used" in ready(w).text and "cluster c1" in ready(w).text, ready(w).text
        for one in w.c1.servers:
            one.start()
        until(lambda: ready(w).text == "ready\n", "it is ready again")
