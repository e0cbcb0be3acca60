"""Backends and whole servers go away; clients live on and hear of it in bounded time."""

import time

import wire
from suite import equal, rows, test
from test_direct import login, serving
from test_transactions import eventually

BOUND_S = 12


def cut(p, shard):
    """Terminate all backends of a shard's database on its node. How many there were."""
    _, dbname = p.clusters.place(shard)
    return int(p.as_superuser(shard, "SELECT count(pg_terminate_backend(pid, 10000))"
                              f" FROM pg_stat_activity WHERE datname = '{dbname}'"
                              " AND usename = 'booking'"))


def name_of(key):
    return f"SELECT name FROM patients WHERE patient_id = {key}"


@test
def a_backend_lost_while_idle_is_not_noticed(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        for _ in range(3):
            equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])
            assert cut(p, "users_0") >= 1
            time.sleep(0.2)     # the server says good-bye a moment after it was told to
            equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])


@test
def prepared_statements_survive_the_loss_of_an_idle_backend(p):
    key = str(p.new_patient("users_0"))
    run = wire.bind([key], "s") + wire.execute() + wire.SYNC
    with p.logged_in() as client:
        client.ask(wire.parse("SELECT name FROM patients WHERE patient_id = $1", "s") + wire.SYNC)
        equal(wire.kinds(client.ask(run)), "2DCZ")
        cut(p, "users_0")
        time.sleep(0.2)
        equal(wire.kinds(client.ask(run)), "2DCZ")


@test
def settings_survive_the_loss_of_an_idle_backend(p):
    key = p.new_patient("users_0")
    shown = f"SELECT current_setting('work_mem') FROM patients WHERE patient_id = {key}"
    with p.logged_in() as client:
        client.query("SET work_mem = '5MB'")
        equal(wire.rows_of(client.query(shown)), [["5MB"]])
        cut(p, "users_0")
        time.sleep(0.2)
        equal(wire.rows_of(client.query(shown)), [["5MB"]])


@test
def a_backend_lost_in_a_transaction_is_an_error_and_the_client_lives(p):
    key = p.new_patient("users_1")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(f"UPDATE patients SET visits = 1 WHERE patient_id = {key}")
        cut(p, "users_1")
        time.sleep(0.2)
        answers = client.query(name_of(key))
        fields = wire.error_of(answers)
        equal(fields["S"], "ERROR")
        assert fields["C"][:2] in ("57", "08"), fields
        if wire.ready_status(answers) == "E":
            equal(wire.error_of(client.query("SELECT 1"))["C"], "25P02")
            equal(client.query("COMMIT")[0].body, b"ROLLBACK\0")
        equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])
    equal(p.rows("users_1", "SELECT visits FROM patients WHERE patient_id = %s", (key,)), [(0,)])


WRITE = "UPDATE patients SET visits = 1 WHERE patient_id = {}"


@rows([("in a transaction", ["BEGIN"], WRITE, "57P01", "E"),
       ("with others in a transaction", ["BEGIN"], WRITE + "; SELECT 1", "57P01", "E"),
       ("before the COMMIT of its string", ["BEGIN"], WRITE + "; COMMIT", "08007", "E"),
       ("by itself", [], WRITE, "08007", "I")])
def a_write_lost_may_have_lasted_only_if_it_was_to_be_committed(p, before, sql, code, status):
    key = p.new_patient("users_1")
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with p.logged_in() as client, p.at_shard("users_1") as gate:
        gate.execute("BEGIN")
        gate.execute(WRITE.format(key))
        for begin in before:
            client.query(begin)
        client.send(wire.query(sql.format(key)))
        eventually(lambda: int(p.as_superuser("users_1", waits)) == 1, "the write waits")
        p.as_superuser("users_1", "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                       " WHERE wait_event_type = 'Lock'")
        answers = client.read_ready()
        equal((wire.error_of(answers)["C"], wire.ready_status(answers)), (code, status))
        gate.execute("ROLLBACK")
        equal(wire.kinds(client.query("ROLLBACK")), "CZ")
        equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])
    equal(p.rows("users_1", "SELECT visits FROM patients WHERE patient_id = %s", (key,)), [(0,)])


@test
def commit_after_the_loss_of_its_backend_is_no_success(p):
    key = p.new_patient("users_1")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(f"UPDATE patients SET visits = 1 WHERE patient_id = {key}")
        cut(p, "users_1")
        time.sleep(0.2)
        answers = client.query("COMMIT")
        if "E" not in wire.kinds(answers):
            equal(answers[0].body, b"ROLLBACK\0")
        equal(wire.ready_status(answers), "I")
        answers = client.query(name_of(key))
        equal(wire.rows_of(answers), [["Ada"]], str(answers))
    equal(p.rows("users_1", "SELECT visits FROM patients WHERE patient_id = %s", (key,)), [(0,)])


@test
def a_backend_lost_in_a_statement_is_an_error_and_the_client_lives(p):
    key = p.new_patient("users_2")
    with p.logged_in() as client:
        client.send(wire.query(f"SELECT pg_sleep(20) FROM patients WHERE patient_id = {key}"))
        time.sleep(0.5)
        assert cut(p, "users_2") >= 1
        answers = client.read_ready()
        fields = wire.error_of(answers)
        equal((fields["S"], wire.ready_status(answers)), ("ERROR", "I"))
        assert fields["C"][:2] in ("57", "08"), fields
        answers = client.query(name_of(key))
        equal(wire.rows_of(answers), [["Ada"]], str(answers))


@test
def a_flight_whose_backend_is_lost_is_answered_to_its_last_sync(p):
    key = str(p.new_patient("users_2"))
    flight = wire.parse("SELECT pg_sleep(20) FROM patients WHERE patient_id = $1") \
        + wire.bind([key]) + wire.execute() + wire.SYNC
    after = wire.parse("SELECT name FROM patients WHERE patient_id = $1") \
        + wire.bind([key]) + wire.execute() + wire.SYNC
    with p.logged_in() as client:
        client.send(flight, after)
        time.sleep(0.5)
        cut(p, "users_2")
        first, second = client.read_ready(), client.read_ready()
        equal(wire.error_of(first)["S"], "ERROR")
        equal(wire.kinds(second), "12DCZ")


@test
def the_loss_of_a_cluster_is_an_error_in_bounded_time_and_others_work(p):
    here, there = p.new_patient("users_0"), p.new_patient("users_3")
    lost = p.clusters.primary("c2")
    with p.logged_in() as client, p.logged_in() as bound:
        equal(wire.rows_of(client.query(name_of(there))), [["Ada"]])
        bound.query("BEGIN")
        bound.query(name_of(there))
        p.clusters.kill_node(lost)
        try:
            for _ in range(3):
                began = time.monotonic()
                answers = client.query(name_of(there))
                fields = wire.error_of(answers)
                assert fields["S"] == "ERROR" and fields["C"][:2] in ("08", "57"), fields
                assert time.monotonic() - began < BOUND_S, "too late"
                equal(wire.rows_of(client.query(name_of(here))), [["Ada"]])
            equal(wire.error_of(bound.query(name_of(there)))["S"], "ERROR")
            bound.query("ROLLBACK")
            equal(wire.rows_of(bound.query(name_of(here))), [["Ada"]])
            # New clients come in, whether or not all clusters are there.
            with p.logged_in() as late:
                equal(wire.rows_of(late.query(name_of(here))), [["Ada"]])
        finally:
            p.clusters.start_node(lost)
        eventually(lambda: wire.rows_of(client.query(name_of(there))) == [["Ada"]],
                   "the cluster is found again", 20)
        equal(wire.rows_of(bound.query(name_of(there))), [["Ada"]])


@test
def the_loss_of_the_cluster_with_the_catalog_leaves_the_others_working(p):
    here, there = p.new_patient("users_0"), p.new_patient("users_3")
    lost = p.clusters.primary("c1")
    with p.logged_in() as client:
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])
        p.clusters.kill_node(lost)
        try:
            equal(wire.error_of(client.query(name_of(here)))["S"], "ERROR")
            equal(wire.rows_of(client.query(name_of(there))), [["Ada"]])
        finally:
            p.clusters.start_node(lost)
        eventually(lambda: wire.rows_of(client.query(name_of(here))) == [["Ada"]],
                   "the cluster is found again", 20)
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


# A restart: pg_ctl restart, or a crash.

def restarting(p, node, how):
    """Takes the node away; what is returned brings it back."""
    if how == "kill":
        p.clusters.kill_node(node)
    else:
        p.clusters.stop_node(node, how)
    return lambda: p.clusters.start_node(node)


@rows([("fast", "fast"), ("immediate", "immediate"), ("a crash", "kill")])
def a_restart_disconnects_no_client(p, how):
    key = p.new_patient("users_0")
    node = p.clusters.primary("c1")
    with p.another_shardward(("lease: 5s", "lease: 30s"), ("login: 10s", "login: 40s")) as other:
        with p.logged_in(other.port) as idle, p.logged_in(other.port) as bound, \
                p.logged_in(other.port) as waits, p.logged_in(other.port) as begins, \
                p.wire(other.port) as late:
            for client in (idle, waits, begins):
                equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])
            bound.query("BEGIN")
            equal(wire.kinds(bound.query(WRITE.format(key))), "CZ")
            come_back = restarting(p, node, how)
            try:
                waits.send(wire.query(name_of(key)))
                begins.send(wire.query("BEGIN"), wire.query(WRITE.format(key)))
                late.send(wire.startup({"user": "booking", "database": "booking"}))
                answers = bound.query(name_of(key))
                fields = wire.error_of(answers)
                equal((fields["S"], wire.ready_status(answers)), ("ERROR", "E"))
                assert fields["C"] in ("57P01", "57P02", "08006"), fields
                equal(wire.kinds(bound.query("ROLLBACK")), "CZ")
                # The node is not there at the first try, nor at the second.
                time.sleep(0.6)
            finally:
                come_back()
            equal(wire.rows_of(waits.read_ready()), [["Ada"]])
            equal(wire.kinds(begins.read_ready(2)), "CZCZ")
            equal(wire.kinds(begins.query("COMMIT")), "CZ")
            equal(late.read().kind, "R")
            for client in (idle, bound, waits, begins):
                equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])
    equal(p.rows("users_0", "SELECT visits FROM patients WHERE patient_id = %s", (key,)), [(1,)])


@test
def who_waits_for_a_restart_waits_no_longer_than_for_a_connection(p):
    key = p.new_patient("users_0")
    with p.another_shardward(("lease: 5s", "lease: 1s")) as other, p.logged_in(other.port) as client:
        equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])
        come_back = restarting(p, p.clusters.primary("c1"), "fast")
        try:
            for _ in range(5):      # from the second on it is known to be away
                answers = client.query(name_of(key))
                equal((wire.error_of(answers)["C"], wire.ready_status(answers)), ("08006", "I"))
        finally:
            come_back()
        eventually(lambda: wire.rows_of(client.query(name_of(key))) == [["Ada"]], "it is found again", 20)


# A server that ends at once has time for a warning and no more, or for nothing: the rest is ours.
# After a crash it may still say that its postmaster is gone.
@rows([("fast", "fast", ["57P01"], None), ("immediate", "immediate", ["08006"], "57P01"),
       ("a crash", "kill", ["08006", "57P01"], None)])
def in_pool_mode_session_a_client_is_told_as_by_postgresql(p, how, codes, warning):
    with serving(p) as other, login(p, other) as client:
        equal(wire.kinds(client.query("SELECT 1")), "TDCZ")
        come_back = restarting(p, p.clusters.primary("c1"), how)
        try:
            answers = client.read_to_end()
        finally:
            come_back()
        fields = wire.error_of(answers)
        equal(fields["S"], "FATAL")
        assert fields["C"] in codes, fields
        equal([answer.fields()["C"] for answer in answers if answer.kind == "N"],
              [warning] if warning else [])
        with login(p, other) as next_one:
            equal(wire.kinds(next_one.query("SELECT 1")), "TDCZ")
