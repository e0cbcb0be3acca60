"""What the console, the metrics and /readyz tell of clusters, nodes, shards and transactions."""

import contextlib
import datetime
import select
import signal

import monitoring
import wire
from guard import eventually
from platform_under_test import DATABASE
from suite import equal, rows, test
from test_console import table
from test_direct import login, serving
from test_pools import workers
from test_reload import changing

# OIDs, as pg_type has them.
BOOL, INT8, INT4, TEXT, TIMESTAMPTZ = 16, 20, 23, 25, 1184

FOLLOWED = ("  c1:\n", "  c1:\n    failover: follow\n"
            "    health: {status: 50ms, status_timeout: 500ms, connect: 200ms, connect_timeout: 500ms,"
            " fast: 50ms, min_down: 200ms}\n")


def types_of(conn, command):
    return {column.name: column.type_code for column in conn.execute(command).description}


# --- types ---

@rows([("clusters", "SHOW CLUSTERS", {"cluster": TEXT, "term": INT8, "timeline": INT4,
                                      "maintenance": BOOL, "switched": TIMESTAMPTZ}),
       ("nodes", "SHOW NODES", {"node": TEXT, "port": INT4, "lag_bytes": INT8, "since": TIMESTAMPTZ,
                                "reads": BOOL, "fenced": BOOL}),
       ("events", "SHOW EVENTS", {"number": INT8, "time": TIMESTAMPTZ, "duration_ms": INT8}),
       ("losses", "SHOW LOSS", {"time": TIMESTAMPTZ, "lost_bytes": INT8, "lost_writes": INT8}),
       ("shards", "SHOW SHARDS", {"shard": TEXT, "pools": INT4, "queries": INT8}),
       ("transactions", "SHOW TRANSACTIONS", {"client": INT8, "began": TIMESTAMPTZ, "age_ms": INT8}),
       ("what PgBouncer has too", "SHOW DATABASES", {"name": TEXT, "port": INT4, "paused": INT4})])
def columns_have_types(p, command, expected):
    with p.console() as conn:
        types = types_of(conn, command)
    equal({name: types.get(name) for name in expected}, expected)


@rows([("text", False), ("binary", True)])
def values_arrive_as_what_they_are(p, binary):
    key = p.new_patient("users_0")
    with p.console() as conn, p.logged_in(application_name="typed") as client:
        client.query("BEGIN")
        client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
        began = datetime.datetime.now(datetime.timezone.utc)
        cursor = conn.execute("SHOW TRANSACTIONS", binary=binary)
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row)) for row in cursor]
        found = [row for row in found if row["application_name"] == "typed"][0]
        assert abs(found["began"] - began) < datetime.timedelta(seconds=30), found
        assert isinstance(found["age_ms"], int) and isinstance(found["client"], int), found
        cursor = conn.execute("SHOW CLUSTERS", binary=binary)
        at = [column.name for column in cursor.description].index("maintenance")
        equal({row[at] for row in cursor}, {False})


# --- shards ---

def shard_row(conn, name):
    return [row for row in table(conn, "SHOW SHARDS") if row["shard"] == name][0]


@rows([("one worker", 1), ("three workers", 3)])
def a_shard_tells_what_it_does(p, count):
    key = p.new_patient("users_2")
    with p.another_shardward(workers(count)) as other, p.console(other.port) as conn:
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(p.logged_in(other.port)) for _ in range(4)]
            for client in clients:
                client.query("BEGIN")
                client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
            busy = shard_row(conn, "users_2")
            for client in clients:
                client.query("SELECT 1/0")
                client.query("ROLLBACK")
            idle = shard_row(conn, "users_2")
        quiet = shard_row(conn, "users_3")
    node, dbname = p.clusters.place("users_2")
    equal({name: busy[name] for name in ("database", "business", "cluster", "dbname", "node", "addr", "port")},
          {"database": DATABASE, "business": "users", "cluster": node.cluster, "dbname": dbname,
           "node": node.name, "addr": node.address, "port": node.port})
    equal([busy[name] for name in ("pools", "sv_active", "sv_idle", "queries", "errors")], [1, 4, 0, 4, 0])
    equal([idle[name] for name in ("pools", "sv_active", "sv_idle", "errors")], [1, 0, 4, 4])
    equal([quiet[name] for name in ("sv_active", "sv_idle", "queries", "query_time_p50")], [0, 0, 0, 0])
    assert busy["query_time"] > 0 < busy["query_time_p99"] >= busy["query_time_p50"], busy
    assert busy["received"] > 0 < busy["sent"], busy


# --- transactions ---

def transaction_of(conn, application):
    found = [t for t in table(conn, "SHOW TRANSACTIONS") if t["application_name"] == application]
    return found[0] if found else None


@test
def a_transaction_is_shown_from_begin_to_its_end(p):
    one, two = p.new_patient("users_0"), p.new_patient("users_1")
    shown = ("state", "activity", "shards", "written")

    def row(conn):
        found = transaction_of(conn, "shown")
        return found and [found[name] for name in shown]

    with p.console(user="stats") as conn, p.logged_in(application_name="shown") as client:
        equal(row(conn), None)
        client.query(f"SELECT name FROM patients WHERE patient_id = {one}")
        equal(row(conn), None)
        client.query("BEGIN")
        equal(row(conn), ["open", "idle", None, None])
        client.query(f"SELECT name FROM patients WHERE patient_id = {one}")
        equal(row(conn), ["open", "idle", "users_0", None])
        client.query(f"UPDATE patients SET visits = 1 WHERE patient_id = {two}")
        equal(row(conn), ["open", "idle", "users_0, users_1", "users_1"])
        first, again = (transaction_of(conn, "shown") for _ in range(2))
        equal(again["client"], first["client"])
        assert abs(again["began"] - first["began"]) < datetime.timedelta(milliseconds=1), (first, again)
        assert again["age_ms"] >= first["age_ms"] >= first["asked_ms"] >= 0, (first, again)
        client.query("SELECT 1/0")
        equal(row(conn)[0], "failed")
        client.query("ROLLBACK")
        equal(row(conn), None)


@test
def a_statement_of_a_transaction_is_active_and_who_waits_waits(p):
    key = p.new_patient("users_0")
    update = f"UPDATE patients SET visits = visits + 1 WHERE patient_id = {key}"
    with p.console() as conn, p.logged_in() as holder, p.logged_in(application_name="second") as client:
        holder.query("BEGIN")
        holder.query(update)
        client.query("BEGIN")
        client.send(wire.query(update))
        eventually(lambda: transaction_of(conn, "second")["activity"] == "active"
                   or transaction_of(conn, "second"), "it waits for a lock")
        holder.query("COMMIT")
        client.read_until()
        equal([transaction_of(conn, "second")[name] for name in ("activity", "written")],
              ["idle", "users_0"])
        client.query("COMMIT")
        equal(transaction_of(conn, "second"), None)


@test
def a_batch_without_its_end_is_a_transaction(p):
    key = p.new_patient("users_0")
    with p.console() as conn, p.logged_in(application_name="batch") as client:
        client.send(wire.parse(f"SELECT name FROM patients WHERE patient_id = {key}"), wire.bind(),
                    wire.execute(), wire.message("H"))
        client.read_until("C")
        equal(transaction_of(conn, "batch")["state"], "open")
        client.send(wire.SYNC)
        client.read_until()
        equal(transaction_of(conn, "batch"), None)


@test
def a_transaction_in_pool_mode_session_is_shown_too(p):
    with serving(p) as other, p.console(other.port) as conn, \
            login(p, other, application_name="direct") as client:
        client.query("SELECT 1")
        equal(transaction_of(conn, "direct"), None)
        client.query("BEGIN")
        found = transaction_of(conn, "direct")
        equal([found[name] for name in ("state", "activity", "shards", "written")],
              ["open", "idle", "catalog", None])
        client.query("SELECT 1/0")
        equal(transaction_of(conn, "direct")["state"], "failed")
        client.query("ROLLBACK")
        equal(transaction_of(conn, "direct"), None)


# --- WAIT_CLOSE ---

def is_answered(console):
    return bool(select.select([console.socket], [], [], 0)[0])


@rows([("all", ""), ("one database", f" {DATABASE}")])
def wait_close_waits_for_connections_that_are_to_be_replaced(p, database):
    key = p.new_patient("users_0")
    with p.another_shardward(workers(2)) as other, p.console_wire(other.port) as console, \
            p.console(other.port) as conn, p.logged_in(other.port) as client:
        equal(wire.kinds(console.query(f"WAIT_CLOSE{database}")), "CZ", "nothing is to be replaced")
        client.query("BEGIN")
        client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
        equal(wire.kinds(console.query("RECONNECT")), "CZ")
        equal([s["close_needed"] for s in table(conn, "SHOW SERVERS")], [1])
        console.send(wire.query(f"WAIT_CLOSE{database}"))
        for _ in range(20):                     # it has asked the workers again and again meanwhile
            equal([s["close_needed"] for s in table(conn, "SHOW SERVERS")], [1])
        assert not is_answered(console), "it has not waited"
        client.query("COMMIT")
        equal(wire.kinds(console.read_until()), "CZ")
        equal([s["close_needed"] for s in table(conn, "SHOW SERVERS")], [])


@test
def wait_close_waits_for_what_a_reload_has_moved(p):
    key = p.new_patient("users_0")
    with changing(p) as other, p.console_wire(other.port) as console, \
            p.console(other.port) as conn, p.logged_in(other.port) as client:
        client.query("BEGIN")
        client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
        other.reload(("  c1:\n", "  c1:\n    tls: {mode: prefer}\n"))
        eventually(lambda: [s["close_needed"] for s in table(conn, "SHOW SERVERS")] == [1]
                   or table(conn, "SHOW SERVERS"), "the workers have followed")
        console.send(wire.query("WAIT_CLOSE"))
        for _ in range(20):                     # it has asked the workers again and again meanwhile
            table(conn, "SHOW SERVERS")
        assert not is_answered(console), "it has not waited"
        client.query("COMMIT")
        equal(wire.kinds(console.read_until()), "CZ")
        equal([s["close_needed"] for s in table(conn, "SHOW SERVERS")], [])


@test
def a_console_that_waits_may_leave(p):
    key = p.new_patient("users_0")
    with p.another_shardward() as other, p.logged_in(other.port) as client:
        client.query("BEGIN")
        client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
        with p.console_wire(other.port) as console:
            console.query("RECONNECT")
            console.send(wire.query("WAIT_CLOSE"))
        equal(wire.kinds(client.query("COMMIT")), "CZ")
        with p.console_wire(other.port) as console:
            equal(wire.kinds(console.query("WAIT_CLOSE")), "CZ")
            equal(wire.error_of(console.query("WAIT_CLOSE nowhere"))["C"], "3D000")


# --- clusters, nodes, events ---

@test
def a_cluster_that_nobody_watches_has_its_first_node_as_primary(p):
    with p.console(user="stats") as conn:
        clusters = {row["cluster"]: row for row in table(conn, "SHOW CLUSTERS")}
        nodes = table(conn, "SHOW NODES")
        equal([table(conn, f"SHOW {what}") for what in ("EVENTS", "LOSS")], [[], []])
    for name, row in clusters.items():
        equal([row[key] for key in ("failover", "primary", "admission", "why", "up", "maintenance")],
              ["off", p.clusters.primary(name).name, "admits", None, None, False])
        equal(row["nodes"], sum(node["cluster"] == name for node in nodes))
    equal({node["state"] for node in nodes}, {"unknown"})


@contextlib.contextmanager
def frozen(p, node):
    """The server says nothing, but its connections stay: it is stopped as by a debugger."""
    p.clusters.signal_node(node, signal.SIGSTOP)
    try:
        yield
    finally:
        p.clusters.signal_node(node, signal.SIGCONT)


def ready(port):
    answer = monitoring.ask(port, "/readyz")
    return answer.status == 200 or answer.text


@test
def a_primary_that_says_nothing_is_seen_everywhere_and_so_is_its_way_back(p):
    node = p.clusters.primary("c1")
    with p.another_shardward(FOLLOWED) as other, p.console(other.port) as conn:
        def state():
            return [row["state"] for row in table(conn, "SHOW NODES") if row["node"] == node.name][0]

        eventually(lambda: state() == "up" or state(), "it is up")
        eventually(lambda: ready(other.port), "it has confirmed a write")
        found = monitoring.metrics(other.port)
        equal(found.one("shardward_node_up", node=node.name), 1)
        assert found.one("shardward_node_probe_seconds", node=node.name) > 0
        with frozen(p, node):
            eventually(lambda: state() == "down" or state(), "it is down")
            eventually(lambda: "cluster c1" in monitoring.ask(other.port, "/readyz").text or "not told", "it is told")
            answer = monitoring.ask(other.port, "/readyz")
            equal((answer.status, answer.text.split("\n")[0]), (200, "ready"))
            assert "cluster c2" not in answer.text, answer.text
            equal(monitoring.ask(other.port, "/healthz").status, 200)
            found = monitoring.metrics(other.port)
            equal([found.one("shardward_node_up", node=node.name),
                   found.one("shardward_cluster_admits", cluster="c1"),
                   found.one("shardward_cluster_admits", cluster="c2")], [0, 0, 1])
            cluster = [row for row in table(conn, "SHOW CLUSTERS") if row["cluster"] == "c1"][0]
            assert cluster["admission"] != "admits" and cluster["up"] == 0, cluster
        eventually(lambda: monitoring.ask(other.port, "/readyz").text == "ready\n" or "still told", "it is well again")
        eventually(lambda: state() == "up" or state(), "it is up again")
        events = table(conn, "SHOW EVENTS")
        kinds = [row["event"] for row in events if row["node"] == node.name]
        assert "node-down" in kinds and "node-up" in kinds[kinds.index("node-down"):], events
        equal([row["number"] for row in events], list(range(1, len(events) + 1)))
        found = monitoring.metrics(other.port)
        equal(found.one("shardward_cluster_events_total", cluster="c1", event="node-down"),
              kinds.count("node-down"))
        page = monitoring.ask(other.port, "/").text
        assert "node-down" in page and "Events" in page
