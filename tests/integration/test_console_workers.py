"""What the console tells of the workers, and does to them, compared with what is true."""

import json
import threading
import time

import psycopg
import wire
from platform_under_test import DATABASE, USER
from suite import equal, rows, test
from test_console import refusal, table

DEADLINE_S = 20


def until(condition, what):
    """Wait for an event that only shows when it is looked for."""
    deadline = time.monotonic() + DEADLINE_S
    while not (seen := condition()):
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.01)
    return seen


def client_of(conn, application):
    found = [c for c in table(conn, "SHOW CLIENTS") if c["application_name"] == application]
    return found[0] if found else None


def stats_of(conn):
    return {r["shard"]: r for r in table(conn, "SHOW STATS")}


class Thread(threading.Thread):
    """A thread whose failure is that of the test that joins it."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target, self.error, self.result = target, None, None
        self.start()

    def run(self):
        try:
            self.result = self.target()
        except BaseException as error:      # noqa: BLE001 - told to whoever joins
            self.error = error

    def end(self):
        self.join(DEADLINE_S)
        assert not self.is_alive(), "still running"
        if self.error:
            raise self.error
        return self.result


@test
def clients_are_shown_with_what_they_do(p):
    key = p.new_patient("users_1")
    with p.console() as admin, p.connect(application_name="seen 'one'", autocommit=False) as conn:
        def state():
            return client_of(admin, "seen 'one'")["state"]

        equal(state(), "idle")
        conn.execute("SELECT 1 FROM patients WHERE patient_id = %s", (key,))
        one = client_of(admin, "seen 'one'")
        equal((one["user"], one["database"], one["type"], one["state"], one["shard"]),
              (USER, DATABASE, "C", "idle in transaction", "users_1"))
        equal((one["local_addr"], one["local_port"]), ("127.0.0.1", p.port))
        equal(one["id"], conn.info.backend_pid)
        assert one["sent"] > 0 and one["received"] > 0
        sleeper = Thread(lambda: conn.execute(
            "SELECT pg_sleep(1) FROM patients WHERE patient_id = %s", (key,)))
        until(lambda: state() == "active", "the client is active")
        sleeper.end()
        conn.rollback()
        equal(state(), "idle")
    with p.console() as admin:
        until(lambda: client_of(admin, "seen 'one'") is None, "the client has gone")


@test
def a_client_that_waits_for_a_server_is_shown_waiting(p):
    key = p.new_patient("users_1")
    sql = "SELECT 1 FROM patients WHERE patient_id = %s"
    with p.another_shardward(("size: 20", "size: 1"), ("lease: 5s", "lease: 30s")) as other:
        with p.console(other.port) as admin, p.connect(other.port, autocommit=False) as holder, \
                p.connect(other.port, application_name="waits") as waiter:
            holder.execute(sql, (key,))
            query = Thread(lambda: waiter.execute(sql, (key,)))
            until(lambda: client_of(admin, "waits")["state"] == "waiting", "it waits")
            holder.rollback()
            query.end()
            shown = stats_of(admin)["users_1"]
    assert shown["total_wait_time"] > 0, shown
    assert shown["total_query_time"] >= shown["total_wait_time"], shown


@test
def statistics_count_what_was_sent(p):
    places = {shard: p.new_patient(shard) for shard in ("users_0", "users_3")}
    sql = "SELECT name FROM patients WHERE patient_id = %s"
    with p.another_shardward() as other, p.console(other.port) as admin:
        with p.connect(other.port) as conn:
            for shard, count in (("users_0", 7), ("users_3", 5)):
                for i in range(count):
                    conn.execute(sql, (places[shard],), prepare=i % 2 == 0)
            with conn.transaction():
                for _ in range(3):
                    conn.execute(sql, (places["users_3"],))
            for bad in ("DELETE FROM patients", "SELEKT"):
                try:
                    conn.execute(bad)
                except psycopg.Error:
                    pass
            try:
                conn.execute("SELECT 1/(patient_id - patient_id) FROM patients WHERE patient_id = %s",
                             (places["users_0"],))
            except psycopg.errors.DivisionByZero:
                pass
        shown = stats_of(admin)
    equal([(shown[s]["database"], shown[s]["user"]) for s in places], [(DATABASE, USER)] * 2)
    equal(shown["users_0"]["node"], p.clusters.place("users_0")[0].name)
    # PREPARE's own round trips are queries too, hence "at least" there; failures count once.
    equal((shown["users_0"]["total_errors"], shown["users_3"]["total_errors"]), (1, 0))
    assert shown["users_0"]["total_query_count"] >= 8, shown["users_0"]
    assert shown["users_3"]["total_query_count"] >= 8, shown["users_3"]
    equal(shown["users_3"]["total_query_count"] - shown["users_3"]["total_xact_count"], 3,
          "three statements and COMMIT are one transaction")
    equal(shown[None]["total_refused"], 2)
    for row in shown.values():
        assert row["query_time_p50"] <= row["query_time_p90"] <= row["query_time_p99"], row
        assert row["total_xact_time"] >= 0 and row["total_sent"] > 0, row


@test
def simple_queries_are_counted_one_by_one(p):
    key = p.new_patient("users_2")
    with p.another_shardward() as other, p.console(other.port) as admin:
        with p.logged_in(other.port) as client:
            sent = [wire.query(f"SELECT 1 FROM patients WHERE patient_id = {key}")] * 100
            client.ask(*sent, ready=100)
            shown = stats_of(admin)["users_2"]
            equal((shown["total_query_count"], shown["total_xact_count"]), (100, 100))
            assert shown["total_received"] >= sum(map(len, sent)), shown
        transactions = [b"BEGIN", f"SELECT 1 FROM patients WHERE patient_id = {key}".encode(),
                        b"COMMIT"]
        with p.logged_in(other.port) as client:
            client.ask(*[wire.query(t.decode()) for t in transactions * 10], ready=30)
            shown = stats_of(admin)["users_2"]
    # BEGIN is kept until its shard is known, so it is counted where no server is needed.
    equal((shown["total_query_count"], shown["total_xact_count"]), (120, 110))


@test
def the_slow_log_names_the_route_and_no_value(p):
    key = p.new_patient("users_1")
    with p.another_shardward(("slow: 0", "slow: 200ms"), ("format: text", "format: json")) as other:
        before = len(other.log())
        with p.connect(other.port) as conn:
            conn.execute("SELECT 1 FROM patients WHERE patient_id = %s", (key,))
            conn.execute(f"SELECT 'seven77', pg_sleep(0.3)  FROM patients WHERE patient_id = {key}")
            conn.execute("SELECT pg_sleep(0.3), %s FROM patients WHERE patient_id = %s",
                         ("eight88", key))
    log = other.log()[before:]
    slow = [e for e in map(json.loads, log.splitlines()) if e["event"] == "slow-statement"]
    equal([(e["shard"], e["user"], e["database"], e["statement"]) for e in slow],
          [("users_1", USER, DATABASE, sql) for sql in
           ("SELECT ?, pg_sleep(?) FROM patients WHERE patient_id = ?",
            "SELECT pg_sleep(?), $1 FROM patients WHERE patient_id = $2")])
    assert all(300 <= e["ms"] and e["wait_ms"] <= e["ms"] for e in slow), slow
    assert "seven77" not in log and "eight88" not in log and str(key) not in log, log


@test
def kill_ends_one_client(p):
    key = p.new_patient("users_1")
    with p.console() as admin, p.connect(application_name="victim", autocommit=False) as victim, \
            p.connect() as bystander:
        victim.execute("UPDATE patients SET name = 'killed' WHERE patient_id = %s", (key,))
        admin.execute(f"KILL {client_of(admin, 'victim')['id']}")
        try:
            victim.execute("SELECT 1")
        except psycopg.OperationalError as error:
            assert "terminating connection due to administrator command" in str(error), error
        else:
            raise AssertionError("it lives")
        assert client_of(admin, "victim") is None
        equal(bystander.execute("SELECT 1").fetchone(), (1,))
    equal(p.rows("users_1", "SELECT name FROM patients WHERE patient_id = %s", (key,)), [("Ada",)])
    with p.at_shard("users_1") as conn:     # its locks are gone
        conn.execute("SET lock_timeout = '10s'; UPDATE patients SET name = name")


@rows([("a statement that works", "SELECT pg_sleep(600) FROM patients WHERE patient_id = {key}"),
       ("a transaction that waits for a lock",
        "BEGIN; UPDATE patients SET name = 'late' WHERE patient_id = {key}; COMMIT")])
def the_statement_of_a_killed_client_ends_at_the_server_too(p, sql):
    key = p.new_patient("users_1")
    others = {pid for pid, _ in server_connections(p, "users_1")}
    with p.another_shardward() as other, p.console(other.port) as admin, \
            p.at_shard("users_1") as holder, p.logged_in(other.port) as victim:
        holder.execute("BEGIN")
        holder.execute("SELECT 1 FROM patients WHERE patient_id = %s FOR UPDATE", (key,))
        victim.send(wire.query(sql.format(key=key)))
        busy = until(lambda: {pid for pid, state in server_connections(p, "users_1")
                              if state == "active"} - others, "a server works for it")
        admin.execute("KILL booking")
        equal(wire.error_of(victim.read_to_end())["C"], "57P01")
        until(lambda: not busy & {pid for pid, _ in server_connections(p, "users_1")},
              "the server's process has ended")
        holder.execute("COMMIT")
    equal(p.rows("users_1", "SELECT name FROM patients WHERE patient_id = %s", (key,)), [("Ada",)])


@rows([("a stranger", "KILL 2147483647"), ("nothing", "KILL 0"), ("a word", "KILL me"),
       ("a negative number", "KILL -1")])
def kill_of_somebody_who_is_not_there_is_an_error(p, command):
    with p.console() as conn:
        equal(refusal(conn, command)[0], "42704")


@test
def kill_ends_all_of_a_database(p):
    with p.another_shardward() as other, p.console(other.port) as admin:
        clients = [p.logged_in(other.port) for _ in range(5)]
        admin.execute("KILL booking")
        for client in clients:
            equal(wire.error_of(client.read_to_end())["C"], "57P01")
        equal(table(admin, "SHOW CLIENTS"), [])
        with p.connect(other.port) as conn:
            equal(conn.execute("SELECT 1").fetchone(), (1,))


def until_paused(conn):
    """A statement that waits does not show it: it may wait for a server."""
    until(lambda: [d["paused"] for d in table(conn, "SHOW DATABASES")] == [1], "the pause has begun")


def again_and_again(stop, conn, sql, key):
    while not stop.is_set():
        equal(conn.execute(sql, (key,)).fetchone(), (1,))


@test
def a_pause_waits_for_transactions_and_then_for_resume(p):
    key = p.new_patient("users_1")
    sql = "SELECT 1 FROM patients WHERE patient_id = %s"
    with p.another_shardward(("lease: 5s", "lease: 2s"), ("login: 10s", "login: 2s")) as other, \
            p.console(other.port) as admin, p.console(other.port) as second, \
            p.connect(other.port, autocommit=False) as holder, \
            p.connect(other.port, application_name="new") as new:
        holder.execute(sql, (key,))
        pause = Thread(lambda: admin.execute("PAUSE"))
        until_paused(second)
        stop = threading.Event()
        query = Thread(lambda: again_and_again(stop, new, sql, key))
        until(lambda: client_of(second, "new")["state"] == "waiting", "the new statement waits")
        login = Thread(lambda: p.connect(other.port).close())
        equal(holder.execute(sql, (key,)).fetchone(), (1,), "the open transaction goes on")
        assert pause.is_alive(), "the pause is over before the transaction"
        holder.commit()
        pause.end()
        # Longer than any of the deadlines that a pause suspends.
        until(lambda: client_of(second, "new")["wait"] >= 3, "three seconds of waiting")
        assert query.is_alive() and login.is_alive(), "they did not wait"
        second.execute("RESUME")
        stop.set()
        query.end()
        login.end()


@test
def a_pause_that_is_resumed_says_so(p):
    key = p.new_patient("users_1")
    sql = "SELECT 1 FROM patients WHERE patient_id = %s"
    with p.another_shardward() as other, p.console(other.port) as admin, \
            p.console(other.port) as second, p.connect(other.port, autocommit=False) as holder, \
            p.connect(other.port, application_name="new") as new:
        holder.execute(sql, (key,))
        pause = Thread(lambda: refusal(admin, "PAUSE booking"))
        stop = threading.Event()
        query = Thread(lambda: again_and_again(stop, new, sql, key))
        until_paused(second)
        until(lambda: client_of(second, "new")["state"] == "waiting", "the new statement waits")
        second.execute("RESUME booking")
        equal(pause.end()[0], "57014")
        stop.set()
        query.end()


@rows([("PAUSE", "PAUSE nowhere", "3D000"), ("RESUME", "RESUME nowhere", "3D000"),
       ("PAUSE with two names", "PAUSE a b", "42601")])
def a_pause_is_of_a_database_that_is_there(p, command, sqlstate):
    with p.console() as conn:
        equal(refusal(conn, command)[0], sqlstate)


@test
def nothing_is_lost_when_a_loaded_proxy_is_paused_again_and_again(p):
    keys = [p.new_patient(shard, balance=0) for shard in p.shards("users")]
    stop = threading.Event()
    with p.another_shardward() as other, p.console(other.port) as admin:
        def work(number):
            done = 0
            with p.connect(other.port) as conn:
                while not stop.is_set():
                    conn.execute("UPDATE patients SET balance = balance + 1 WHERE patient_id = %s",
                                 (keys[(number + done) % len(keys)],))
                    done += 1
            return done

        workers = [Thread(lambda n=n: work(n)) for n in range(8)]
        for _ in range(20):
            admin.execute("PAUSE")
            admin.execute("RESUME")
        stop.set()
        done = sum(worker.end() for worker in workers)
    stored = sum(p.rows(shard, "SELECT balance FROM patients WHERE patient_id = %s", (key,))[0][0]
                 for shard, key in zip(p.shards("users"), keys))
    equal(stored, done)
    assert done > 0


@test
def clients_that_leave_during_a_pause_leave_nothing_behind(p):
    key = p.new_patient("users_1")
    with p.another_shardward() as other, p.console(other.port) as admin:
        gone = [p.logged_in(other.port) for _ in range(4)]
        admin.execute("PAUSE booking")
        for client in gone:
            client.send(wire.query(f"SELECT 1 FROM patients WHERE patient_id = {key}"))
        until(lambda: [c["state"] for c in table(admin, "SHOW CLIENTS")] == ["waiting"] * 4, "they wait")
        admin.execute(f"KILL {table(admin, 'SHOW CLIENTS')[0]['id']}")
        for client in gone:
            client.close()
        until(lambda: not table(admin, "SHOW CLIENTS"), "they are gone")
        admin.execute("RESUME booking")
        with p.connect(other.port) as conn:
            equal(conn.execute("SELECT 1 FROM patients WHERE patient_id = %s", (key,)).fetchone(), (1,))
        admin.execute("PAUSE")
        login = Thread(lambda: p.logged_in(other.port))
        until(lambda: [c["database"] for c in table(admin, "SHOW CLIENTS")] == ["booking"], "it logs in")
        admin.execute("KILL booking")
        try:
            login.end()
        except (AssertionError, wire.Closed):
            pass


@test
def a_console_that_goes_while_it_waits_harms_nobody(p):
    key = p.new_patient("users_1")
    with p.another_shardward() as other, p.connect(other.port, autocommit=False) as holder:
        holder.execute("SELECT 1 FROM patients WHERE patient_id = %s", (key,))
        for _ in range(10):
            with p.console_wire(other.port) as console:
                console.send(wire.query("PAUSE"), wire.query("SHOW CLIENTS"))
        holder.rollback()
        with p.console(other.port) as admin:
            admin.execute("RESUME")
        equal(holder.execute("SELECT 1").fetchone(), (1,))


@test
def who_may_look_may_neither_pause_nor_kill(p):
    with p.console(user="stats") as conn:
        for command in ("PAUSE", "RESUME", "KILL booking", "KILL 1"):
            equal(refusal(conn, command)[0], "42501")
        assert table(conn, "SHOW STATS") is not None


def pools_of(conn):
    return {(r["database"], r["user"], r["shard"]): r for r in table(conn, "SHOW POOLS")}


def server_connections(p, shard):
    """What PostgreSQL itself knows of connections to a shard, the asking one apart."""
    return p.rows(shard, "SELECT pid, state FROM pg_stat_activity WHERE datname = current_database()"
                         " AND pid <> pg_backend_pid() AND usename = %s", (USER,))


@test
def pools_show_what_postgresql_sees(p):
    key = p.new_patient("users_1")
    sql = "SELECT 1 FROM patients WHERE patient_id = %s"
    before = {pid for pid, _ in server_connections(p, "users_1")}
    with p.another_shardward() as other, p.console(other.port) as admin:
        with p.connect(other.port, autocommit=False) as one, \
                p.connect(other.port, autocommit=False) as two, p.connect(other.port):
            for conn in (one, two):
                conn.execute(sql, (key,))
            shown = pools_of(admin)[DATABASE, USER, "users_1"]
            seen = [s for pid, s in server_connections(p, "users_1") if pid not in before]
            equal(sorted(seen), ["idle in transaction"] * 2)
            equal((shown["cl_active"], shown["sv_active"], shown["sv_idle"], shown["cl_waiting"]),
                  (2, 2, 0, 0))
            equal(pools_of(admin)[DATABASE, USER, None]["cl_active"], 1)
            equal((shown["pool_mode"], shown["pool_size"], shown["node"]),
                  ("transaction", 20, p.clusters.place("users_1")[0].name))
            one.commit()
            two.commit()
            shown = pools_of(admin)[DATABASE, USER, "users_1"]
            equal((shown["sv_active"], shown["sv_idle"]), (0, 2))
            equal(pools_of(admin)[DATABASE, USER, None]["cl_active"], 3)


@test
def reconnect_replaces_connections_as_they_are_released(p):
    key = p.new_patient("users_1")
    sql = "SELECT pg_sleep(0) FROM patients WHERE patient_id = %s"
    others = {pid for pid, _ in server_connections(p, "users_1")}

    def servers():
        return {pid for pid, _ in server_connections(p, "users_1")} - others

    with p.another_shardward() as other, p.console(other.port) as admin, \
            p.connect(other.port, autocommit=False) as holder, p.connect(other.port) as conn:
        holder.execute(sql, (key,))
        held = servers()
        conn.execute(sql, (key,))
        idle = servers() - held
        equal((len(held), len(idle)), (1, 1))
        admin.execute("RECONNECT booking")
        until(lambda: not idle & servers(), "the idle connection is closed")
        assert held <= servers(), "the lent one was closed"
        holder.commit()
        until(lambda: not held & servers(), "the lent one is closed when it is back")
        conn.execute(sql, (key,))
        equal(len(servers()), 1)


@test
def a_pause_closes_the_servers_connections(p):
    key = p.new_patient("users_1")
    others = {pid for pid, _ in server_connections(p, "users_1")}
    with p.another_shardward() as other, p.console(other.port) as admin:
        with p.connect(other.port) as conn:
            conn.execute("SELECT 1 FROM patients WHERE patient_id = %s", (key,))
            admin.execute("PAUSE booking")
            until(lambda: {pid for pid, _ in server_connections(p, "users_1")} <= others, "closed")
            equal([(d["name"], d["paused"]) for d in table(admin, "SHOW DATABASES")],
                  [(DATABASE, 1)])
            admin.execute("RESUME")
            equal([d["paused"] for d in table(admin, "SHOW DATABASES")], [0])
            conn.execute("SELECT 1 FROM patients WHERE patient_id = %s", (key,))


@test
def databases_and_lists_count_what_is_there(p):
    with p.another_shardward() as other, p.console(other.port) as admin:
        clients = [p.connect(other.port) for _ in range(3)]
        database = table(admin, "SHOW DATABASES")[0]
        node, dbname = p.clusters.place("catalog")
        equal((database["name"], database["host"], database["port"], database["database"]),
              (DATABASE, node.address, node.port, dbname))
        items = {r["list"]: r["items"] for r in table(admin, "SHOW LISTS")}
        shards = [s for s in p.clusters.shards if s.business]
        equal((items["databases"], items["users"], items["shards"], items["nodes"],
               items["used_clients"], items["login_clients"], items["consoles"]),
              (1, 1, len(shards), len(p.clusters.nodes), 3, 0, 1))
        equal(items["free_servers"] + items["used_servers"], database["current_connections"])
        equal((database["shards"], items["free_servers"] > 0), (len(shards), True))
        memory = table(admin, "SHOW MEM")
        equal(sum(r["items"] for r in memory if r["name"] == "clients"), 3)
        assert all(r["bytes"] > 0 for r in memory if r["name"].startswith("process")), memory
        for client in clients:
            client.close()


@test
def statements_are_counted_by_their_text_without_values(p):
    here, there = p.new_patient("users_1", name="Bea"), p.new_patient("users_2")
    with p.another_shardward() as other, p.console(other.port) as admin, p.connect(other.port) as conn:
        for i in range(10):
            conn.execute(f"SELECT name FROM patients WHERE patient_id = {here} AND name <> 'x{i}'")
        for key in (here, there, there):
            conn.execute("UPDATE patients SET balance = %s WHERE patient_id = %s", (5, key))
        for key in (here, here + 10**9):
            try:
                conn.execute(f"SELECT 1/(balance - balance), 'secret' FROM patients WHERE patient_id = {key}")
            except psycopg.errors.DivisionByZero:
                pass
        shown = {r["statement"]: r for r in table(admin, "SHOW STATEMENTS")}
        order = [r["total_time"] for r in table(admin, "SHOW STATEMENTS")]
    got = {text: (r["calls"], r["rows"], r["errors"], r["route"], r["database"], r["user"])
           for text, r in shown.items()}
    equal(got["SELECT name FROM patients WHERE patient_id = ? AND name <> ?"],
          (10, 10, 0, "users_1", DATABASE, USER))
    equal(got["UPDATE patients SET balance = $1 WHERE patient_id = $2"][:4], (3, 3, 0, "several"))
    equal(got["SELECT ?/(balance - balance), ? FROM patients WHERE patient_id = ?"][:3], (2, 0, 1))
    equal(order, sorted(order, reverse=True))
    for row in shown.values():
        assert row["total_time"] // row["calls"] == row["mean_time"] <= row["max_time"], row


@test
def a_flood_of_different_statements_takes_bounded_memory(p):
    key = p.new_patient("users_1")
    with p.another_shardward() as other, p.console(other.port) as admin, \
            p.logged_in(other.port) as client:
        def bytes_of(name):
            return sum(r["bytes"] for r in table(admin, "SHOW MEM") if r["name"] == name)

        def send(first, count):
            client.ask(*[wire.query(f"SELECT name AS n{i} FROM patients WHERE patient_id = {key}")
                         for i in range(first, first + count)], ready=count)

        send(0, 1500)
        size = bytes_of("statistics")
        send(1500, 1500)
        equal(bytes_of("statistics"), size)
        equal(len(table(admin, "SHOW STATEMENTS")), 100)


@test
def the_console_answers_while_all_workers_work_and_all_pools_are_full(p):
    key = p.new_patient("users_1")
    with p.another_shardward(("size: 20", "size: 1"), ("lease: 5s", "lease: 30s")) as other, \
            p.console(other.port) as admin:
        conns = [p.connect(other.port, application_name=f"n{i}") for i in range(6)]
        sleepers = [Thread(lambda c=c: c.execute(
            "SELECT pg_sleep(0.3) FROM patients WHERE patient_id = %s", (key,))) for c in conns]
        until(lambda: pools_of(admin).get((DATABASE, USER, "users_1"), {}).get("cl_waiting", 0) >= 2,
              "clients wait")
        until(lambda: pools_of(admin)[DATABASE, USER, "users_1"]["sv_active"] == 1, "one works")
        for sleeper in sleepers:
            sleeper.end()
        for conn in conns:
            conn.close()


@test
def every_show_answers_in_text_and_binary_and_says_the_same(p):
    with p.console() as admin:
        shows = [r["command"] for r in table(admin, "HELP") if r["command"].startswith("SHOW ")]
        assert len(shows) >= 14, shows
        for show in shows:
            texts = admin.execute(show)
            names = [c.name for c in texts.description]
            rows_as_text = texts.fetchall()
            binary = admin.cursor(binary=True).execute(show, prepare=True)
            equal([c.name for c in binary.description], names, show)
            if show in ("SHOW CONFIG", "SHOW VERSION", "SHOW SHARDS", "SHOW NODES", "SHOW HELP",
                        "SHOW TABLES", "SHOW USERS"):
                equal(binary.fetchall(), rows_as_text, show)


@test
def every_server_of_a_transaction_is_linked_with_its_client(p):
    keys = [p.new_patient(shard) for shard in ("users_0", "users_1", "users_3")]
    with p.another_shardward() as other, p.console(other.port) as admin, \
            p.connect(other.port, autocommit=False) as conn, p.connect(other.port):
        for key in keys:
            conn.execute("SELECT 1 FROM patients WHERE patient_id = %s", (key,))
        me = f"c{conn.info.backend_pid}"
        servers = table(admin, "SHOW SERVERS")
        equal(sorted(s["shard"] for s in servers if s["link"] == me), ["users_0", "users_1", "users_3"])
        equal(len({s["ptr"] for s in servers}), len(servers), "each has its own name")
        conn.commit()
        equal({s["link"] for s in table(admin, "SHOW SERVERS")}, {None})
        equal({c["link"] for c in table(admin, "SHOW CLIENTS")}, {None})


@test
def servers_are_those_that_postgresql_sees(p):
    key = p.new_patient("users_1")
    others = {pid for pid, _ in server_connections(p, "users_1")}
    with p.another_shardward() as other, p.console(other.port) as admin, \
            p.connect(other.port, autocommit=False) as conn, p.connect(other.port) as second:
        def shown():
            return {r["remote_pid"]: r for r in table(admin, "SHOW SERVERS") if r["shard"] == "users_1"}

        conn.execute("SELECT 1 FROM patients WHERE patient_id = %s", (key,))
        second.execute("SELECT 1 FROM patients WHERE patient_id = %s", (key,))
        seen = dict(server_connections(p, "users_1"))
        servers = shown()
        equal(set(servers), set(seen) - others)
        equal(sorted((servers[pid]["state"], seen[pid]) for pid in servers),
              [("active", "idle in transaction"), ("idle", "idle")])
        held = next(s for s in servers.values() if s["state"] == "active")
        holder = {c["ptr"]: c for c in table(admin, "SHOW CLIENTS")}[held["link"]]
        equal((holder["id"], holder["link"]), (conn.info.backend_pid, held["ptr"]))
        equal([s["link"] for s in servers.values() if s["state"] == "idle"], [None])
        node, dbname = p.clusters.place("users_1")
        for server in servers.values():
            equal((server["type"], server["user"], server["database"], server["addr"],
                   server["port"], server["dbname"], server["close_needed"]),
                  ("S", USER, DATABASE, node.address, node.port, dbname, 0))
        admin.execute("RECONNECT")
        equal([s["close_needed"] for s in shown().values()], [1])
        conn.commit()
        until(lambda: not shown(), "it is closed")
