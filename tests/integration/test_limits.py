"""Limits of numbers: clients and server connections of a user, a database and all; the reserve."""

import contextlib

import wire
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, test
from test_console import table
from test_pools import CLUSTER, name_of, pids, size, workers
from test_reload import changing
from test_transactions import eventually

OF_USER = "    pool:\n"
OF_DATABASE = "databases:\n  booking:\n"


def of_user(text):
    return OF_USER, f"    {text}\n{OF_USER}"


def of_database(text):
    return OF_DATABASE, f"{OF_DATABASE}    {text}\n"


@rows([("a user", of_user("clients: 2"), 'too many connections for role "booking"', 2),
       ("a database", of_database("clients: 2"), 'too many connections for database "booking"', 2),
       ("all", ("clients: 10000", "clients: 2"), "sorry, too many clients already", 2),
       ("all, of one worker", ("clients: 10000", "clients: 2"), "sorry, too many clients already", 1)])
def clients_are_counted_of(p, edit, words, count):
    with p.another_shardward(workers(count), edit) as other, p.logged_in(other.port) as one:
        for _ in range(3):
            with p.logged_in(other.port) as two:
                with p.wire(other.port) as three:
                    fields = wire.error_of(three.login({"user": USER, "database": DATABASE}, PASSWORD))
                equal((fields["S"], fields["C"], fields["M"]), ("FATAL", "53300", words))
                for client in (one, two):
                    equal(wire.kinds(client.query("SELECT 1")), "TDCZ")
            eventually(lambda: clients_of(p, other) == 1, "the second one has left")


def clients_of(p, other):
    with p.console(other.port) as admin:
        return len(table(admin, "SHOW CLIENTS"))


def all_pids(p):
    return {(shard, pid) for shard in ("users_0", "users_1", "users_2") for pid in pids(p, shard)}


@rows([(f"{what}, {count} of them", edit(count), count) for what, edit in (
    ("a user", lambda n: of_user(f"connections: {n}")),
    ("a database", lambda n: of_database(f"connections: {n}")),
    ("all", lambda n: ("connections: 0", f"connections: {n}"))) for count in (1, 2)])
def server_connections_are_limited_of(p, edit, most):
    keys = [p.new_patient(shard) for shard in ("users_0", "users_1", "users_2")]
    with p.another_shardward(workers(2), edit, ("lease: 5s", "lease: 20s")) as other:
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(p.logged_in(other.port)) for _ in range(4)]
            before = all_pids(p)
            for turn in range(6):
                for at, client in enumerate(clients):
                    client.send(wire.query("SELECT name FROM patients"
                                           f" WHERE patient_id = {keys[(turn + at) % 3]}"))
                for client in clients:
                    equal(wire.rows_of(client.read_ready()), [["Ada"]])
                new = all_pids(p) - before
                assert len(new) <= most, f"{len(new)} connections"


@test
def a_higher_limit_helps_those_who_wait_at_once(p):
    keys = [p.new_patient(shard) for shard in ("users_0", "users_1")]
    with changing(p, of_user("connections: 1"), ("lease: 5s", "lease: 20s")) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            one.query("BEGIN")
            equal(name_of(one, keys[0]), [["Ada"]])
            two.send(wire.query(f"SELECT name FROM patients WHERE patient_id = {keys[1]}"))
            log = other.reload(("connections: 1\n", "connections: 2\n"))
            assert "connections 1 -> connections 2" in log, log
            equal(wire.rows_of(two.read_ready()), [["Ada"]])
            one.query("COMMIT")


@rows([("a user", of_user("connections: 1"), "users.booking.connections"),
       ("a database", of_database("connections: 1"), "databases.booking.connections"),
       ("all", ("connections: 0", "connections: 1"), "limits.connections"),
       ("a node", (CLUSTER, f"{CLUSTER}    connections: 1\n"), "connections of the cluster of node c1-east"),
       ("a pool", size(1), "users.booking.pool.size")])
def who_waits_for_too_long_is_told_of_the_limit_of(p, edit, name):
    shards = ("users_0", "users_0" if edit == size(1) else "users_1")
    keys = [p.new_patient(shard) for shard in shards]
    with p.another_shardward(edit, ("lease: 5s", "lease: 2s")) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            one.query("BEGIN")
            equal(name_of(one, keys[0]), [["Ada"]])
            refused = two.query(f"SELECT name FROM patients WHERE patient_id = {keys[1]}")
            equal((wire.error_of(refused)["C"], wire.ready_status(refused)), ("53300", "I"))
            equal(wire.error_of(refused)["H"], f"Raise {name}, or timeouts.lease.")
            one.query("COMMIT")
            equal(name_of(two, keys[1]), [["Ada"]])


RESERVE = ("reserve: 0 ", "reserve: 1 "), ("reserve_after: 1s", "reserve_after: 200ms")


@rows([("one worker", 1), ("two workers", 2)])
def who_has_waited_for_long_gets_a_connection_of_the_reserve(p, count):
    key = p.new_patient("users_0")
    before = pids(p, "users_0")
    with p.another_shardward(workers(count), size(1), *RESERVE) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two, \
                p.logged_in(other.port) as three:
            one.query("BEGIN")
            equal(name_of(one, key), [["Ada"]])
            two.query("BEGIN")
            equal(name_of(two, key), [["Ada"]])     # or it would be 53300
            equal(len(pids(p, "users_0") - before), 2)
            refused = three.query(f"SELECT name FROM patients WHERE patient_id = {key}")
            equal(wire.error_of(refused)["C"], "53300")
            for client in (one, two):
                client.query("COMMIT")
            eventually(lambda: len(pids(p, "users_0") - before) == 1, "the reserve is closed")
            for client in (one, two, three):
                equal(name_of(client, key), [["Ada"]])
            equal(len(pids(p, "users_0") - before), 1)


@test
def who_is_served_soon_touches_no_reserve(p):
    key = p.new_patient("users_0")
    before = pids(p, "users_0")
    with p.another_shardward(workers(2), size(1), RESERVE[0], ("reserve_after: 1s", "reserve_after: 20s"),
                             ("lease: 5s", "lease: 30s")) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            for _ in range(20):
                for client in (one, two):
                    client.send(wire.query(f"SELECT name FROM patients WHERE patient_id = {key}"))
                for client in (one, two):
                    equal(wire.rows_of(client.read_ready()), [["Ada"]])
            equal(len(pids(p, "users_0") - before), 1)


@test
def the_console_shows_limits_and_numbers(p):
    key = p.new_patient("users_0")
    with p.another_shardward(workers(2), size(7), ("min: 0 ", "min: 1 "), RESERVE[0],
                             of_user("clients: 11\n    connections: 12"),
                             of_database("clients: 13\n    connections: 14")) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port), p.console(other.port) as admin:
            equal(name_of(one, key), [["Ada"]])
            [user] = table(admin, "SHOW USERS")
            [database] = table(admin, "SHOW DATABASES")
            open_ones = user.pop("current_connections")
            assert 1 <= open_ones <= 12, user
            equal({**user, "auth": None, "server_user": None}, {
                "name": "booking", "pool_mode": "transaction", "pool_size": 7, "min_pool_size": 1,
                "reserve_pool_size": 1, "max_user_connections": 12, "max_user_client_connections": 11,
                "current_client_connections": 2, "auth": None, "server_user": None})
            equal([database[name] for name in ("max_connections", "max_client_connections",
                                               "current_client_connections")], [14, 13, 2])
            pools = [row for row in table(admin, "SHOW POOLS") if row["shard"] == "users_0"]
            equal([(row["pool_size"], row["reserve_pool"]) for row in pools], [(7, 1)])


# Clients whose next statement is there already when the one before is answered: each waits all the
# time. The row that all of them change notes the order in which they were served.

CLIENTS, TURNS = 200, 10


def order_of_service(p, other, servers):
    key = p.new_patient("users_0", phone="")
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        holders = [enter(p.logged_in(other.port)) for _ in range(servers)]
        for holder in holders:
            holder.query("BEGIN")
            equal(name_of(holder, key), [["Ada"]])
        clients = [enter(p.logged_in(other.port)) for _ in range(CLIENTS)]
        admin = enter(p.console(other.port))
        for number, client in enumerate(clients):
            client.send(wire.query(f"UPDATE patients SET phone = phone || '{number} '"
                                   f" WHERE patient_id = {key}") * TURNS)
        eventually(lambda: CLIENTS == sum(row["cl_waiting"] for row in table(admin, "SHOW POOLS")),
                   "all wait")
        for holder in holders:
            holder.query("COMMIT")
        for client in clients:
            for _ in range(TURNS):
                equal(wire.kinds(client.read_ready()), "CZ")
    [(phone,)] = p.rows("users_0", "SELECT phone FROM patients WHERE patient_id = %s", (key,))
    return [int(number) for number in phone.split()]


@rows([("one server, one worker", 1, 1, 1), ("four servers, one worker", 4, 1, 2),
       ("four servers, two workers", 4, 2, 5)])
def who_waits_is_served_in_turn(p, servers, worker_count, most):
    """By one server, nobody has a turn before all others have had theirs. Several servers end what
    they were given in whatever order; several workers let each other go first by some time."""
    with p.another_shardward(workers(worker_count), size(servers), ("lease: 5s", "lease: 1min")) as other:
        order = order_of_service(p, other, servers)
    counts = [0] * CLIENTS
    for number in order:
        counts[number] += 1
        assert max(counts) - min(counts) <= most, f"{sum(counts)} turns: {counts}"
    equal(counts, [TURNS] * CLIENTS)
