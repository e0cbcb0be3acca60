"""Server connections of a pool that several workers share: lent, waited for, handed over."""

import threading

import wire
from suite import equal, rows, test
from test_transactions import eventually

CLUSTER = "  c1:\n"


def workers(count):
    return "workers: auto", f"workers: {count}"


def size(number):
    return "size: 20", f"size: {number}"


def name_of(client, key):
    return wire.rows_of(client.query(f"SELECT name FROM patients WHERE patient_id = {key}"))


def pids(p, shard):
    """The server processes of all shardwards' connections to the database of a shard."""
    return {row[0] for row in p.rows(
        shard, "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
               " AND backend_type = 'client backend' AND pid <> pg_backend_pid()")}


@test
def what_is_idle_at_one_worker_serves_the_clients_of_another(p):
    key = p.new_patient("users_0")
    before = pids(p, "users_0")
    with p.another_shardward(workers(2), size(1)) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            for client in (one, two) * 20:
                equal(name_of(client, key), [["Ada"]])
            equal(len(pids(p, "users_0") - before), 1)


@test
def what_a_server_has_prepared_goes_with_it_to_another_worker(p):
    key = p.new_patient("users_0")
    select = "SELECT name FROM patients WHERE patient_id = $1"
    with p.another_shardward(workers(2), size(1)) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            for client in (one, two):
                client.ask(wire.parse(select, "s") + wire.SYNC)
            for turn in range(20):
                client = (one, two)[turn % 2]
                got = client.ask(wire.bind([str(key)], "s") + wire.execute() + wire.SYNC)
                equal(wire.rows_of(got), [["Ada"]])


@test
def settings_are_brought_in_line_wherever_a_connection_comes_from(p):
    key = p.new_patient("users_0")
    with p.another_shardward(workers(2), size(1)) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            one.query("SET work_mem = '3MB'")
            for _ in range(10):
                for client, shown in ((one, "3MB"), (two, "4MB")):
                    got = client.query("SELECT current_setting('work_mem') FROM patients"
                                       f" WHERE patient_id = {key}")
                    equal(wire.rows_of(got), [[shown]])


def work(p, other, key, turns, wrong):
    try:
        with p.logged_in(other.port) as client:
            for _ in range(turns):
                client.query("BEGIN")
                equal(name_of(client, key), [["Ada"]])
                client.query("COMMIT")
    except Exception as error:      # noqa: BLE001 - a thread has nobody to raise to
        wrong.append(repr(error))


@rows((
    ("one connection, two workers", 2, 1, 12),
    ("one connection, four workers", 4, 1, 12),
    ("three connections, four workers", 4, 3, 16),
    ("five connections, two workers", 2, 5, 16)))
def all_clients_are_served_by_so_many_connections(p, worker_count, pool_size, clients):
    key = p.new_patient("users_0")
    before, wrong = pids(p, "users_0"), []
    with p.another_shardward(workers(worker_count), size(pool_size)) as other:
        threads = [threading.Thread(target=work, args=(p, other, key, 40, wrong))
                   for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(wrong, [])
        now = pids(p, "users_0") - before
        assert len(now) <= pool_size, f"{len(now)} connections"


@test
def who_waits_too_long_for_a_connection_of_another_worker_is_told_so(p):
    key = p.new_patient("users_0")
    with p.another_shardward(workers(2), size(1), ("lease: 5s", "lease: 200ms")) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            one.query("BEGIN")
            equal(name_of(one, key), [["Ada"]])
            refused = two.query(f"SELECT name FROM patients WHERE patient_id = {key}")
            equal(wire.error_of(refused)["C"], "53300")
            one.query("COMMIT")
            equal(name_of(two, key), [["Ada"]])


@test
def a_client_that_stops_waiting_is_forgotten(p):
    key = p.new_patient("users_0")
    with p.another_shardward(workers(2), size(1)) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as three:
            one.query("BEGIN")
            equal(name_of(one, key), [["Ada"]])
            with p.logged_in(other.port) as two:
                two.send(wire.query(f"SELECT name FROM patients WHERE patient_id = {key}"))
            one.query("COMMIT")
            for client in (one, three) * 5:
                equal(name_of(client, key), [["Ada"]])


@test
def a_minimum_is_opened_at_start_and_after_a_loss(p):
    before = pids(p, "users_1")
    with p.another_shardward(workers(2), ("min: 0", "min: 3")):
        eventually(lambda: len(pids(p, "users_1") - before) == 3, "three connections are open")
        lost = pids(p, "users_1")
        p.as_superuser("users_1", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                  " WHERE datname = 'users_1' AND pid <> pg_backend_pid()")
        eventually(lambda: len(pids(p, "users_1") - lost) == 3, "three others are open")


@test
def a_connection_is_replaced_when_it_has_lived_its_time(p):
    key = p.new_patient("users_0")
    before = pids(p, "users_0")
    with p.another_shardward(workers(1), size(1), ("lifetime: 1h", "lifetime: 300ms")) as other:
        with p.logged_in(other.port) as client:
            seen = set()

            def is_another():
                equal(name_of(client, key), [["Ada"]])
                now = pids(p, "users_0") - before
                assert len(now) <= 1, now
                seen.update(now)
                return len(seen) >= 2

            eventually(is_another, "another connection has answered")


@test
def an_unused_connection_is_closed(p):
    key = p.new_patient("users_1")
    before = pids(p, "users_1")
    with p.another_shardward(workers(1), ("idle: 10min", "idle: 500ms")) as other:
        with p.logged_in(other.port) as client:
            equal(name_of(client, key), [["Ada"]])
            eventually(lambda: not pids(p, "users_1") - before, "it is closed")


@test
def a_connection_that_was_unused_for_a_while_is_tried_first(p):
    key = p.new_patient("users_0")
    before = pids(p, "users_0")
    with p.another_shardward(workers(2), size(1), ("check: 30s", "check: 1ms")) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            for client in (one, two) * 20:
                equal(name_of(client, key), [["Ada"]])
            equal(len(pids(p, "users_0") - before), 1)


@test
def a_node_is_not_sent_more_connections_than_its_limit(p):
    keys = [p.new_patient(shard) for shard in ("users_0", "users_1")]
    limit = CLUSTER + "    connections: 2\n"

    def all_connections():
        return p.rows("users_0", "SELECT count(*) FROM pg_stat_activity"
                                 " WHERE backend_type = 'client backend'")[0][0]

    before = all_connections()
    with p.another_shardward(workers(2), (CLUSTER, limit)) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            for _ in range(5):
                for client in (one, two):
                    for key in keys:
                        equal(name_of(client, key), [["Ada"]])
                    equal(wire.kinds(client.query("SELECT count(*) FROM hospitals")), "TDCZ")
            assert all_connections() <= before + 2
