"""Transactions on one shard are PostgreSQL's; a second shard is refused."""

import struct
import time

import wire
from suite import equal, rows, test


def balance(p, shard, key):
    return p.rows(shard, "SELECT balance FROM patients WHERE patient_id = %s", (key,))[0][0]


def update(key, value):
    return f"UPDATE patients SET balance = {value} WHERE patient_id = {key}"


def sessions(p, shard, state):
    """How many backends of the shard's database are in a state."""
    _, dbname = p.clusters.place(shard)
    answer = p.as_superuser(shard, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'booking'"
                            f" AND datname = '{dbname}' AND state LIKE '{state}'")
    return int(answer)


def eventually(condition, what, timeout_s=10):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)


@test
def commit_makes_a_shards_changes_visible_and_not_before(p):
    key = p.new_patient("users_1")
    with p.logged_in() as client:
        equal(wire.ready_status(client.query("BEGIN")), "T")
        equal(wire.ready_status(client.query(update(key, 5))), "T")
        equal(balance(p, "users_1", key), 0)
        equal(wire.ready_status(client.query("COMMIT")), "I")
        equal(balance(p, "users_1", key), 5)


@test
def rollback_undoes_a_shards_changes(p):
    key = p.new_patient("users_2")
    with p.logged_in() as client:
        for sql in ("BEGIN", update(key, 5), "ROLLBACK"):
            client.query(sql)
        equal(balance(p, "users_2", key), 0)


@test
def tables_of_one_shard_share_a_transaction(p):
    key = p.new_key("appointments", "orders_1")
    doctor = p.new_key("slots", "orders_1")
    with p.logged_in() as client:
        for sql in ("BEGIN",
                    "INSERT INTO slots (doctor_id, slot_id, starts_at, capacity)"
                    f" VALUES ({doctor}, 1, now(), 1)",
                    "INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id)"
                    f" VALUES ({key}, 1, {doctor}, 1)"):
            equal(wire.ready_status(client.query(sql)), "T", sql)
        client.query("ROLLBACK")
    count = "SELECT count(*) FROM {} WHERE {} = %s"
    equal(p.rows("orders_1", count.format("slots", "doctor_id"), (doctor,)), [(0,)])
    equal(p.rows("orders_1", count.format("appointments", "patient_id"), (key,)), [(0,)])


@test
def an_error_fails_the_transaction_and_commit_answers_rollback(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(update(key, 5))
        answers = client.query(f"SELECT 1/0 FROM patients WHERE patient_id = {key}")
        equal((wire.error_of(answers)["C"], wire.ready_status(answers)), ("22012", "E"))
        for sql in ("SELECT 1", f"SELECT name FROM patients WHERE patient_id = {key}",
                    "SET work_mem = '5MB'", "SHOW work_mem", "BEGIN", "SAVEPOINT a",
                    "SELECT * FROM patients"):
            answers = client.query(sql)
            equal((wire.error_of(answers)["C"], wire.ready_status(answers)), ("25P02", "E"), sql)
        answers = client.query("COMMIT")
        equal((answers[0].body, wire.ready_status(answers)), (b"ROLLBACK\0", "I"))
    equal(balance(p, "users_0", key), 0)


@test
def an_error_of_shardward_itself_fails_the_transaction_as_well(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        for wrong, state in (("DELETE FROM patients", "0A000"), ("SELEC 1", "42601")):
            client.query("BEGIN")
            client.query(update(key, 5))
            answers = client.query(wrong)
            equal((wire.error_of(answers)["C"], wire.ready_status(answers)), (state, "E"))
            equal(wire.error_of(client.query(update(key, 6)))["C"], "25P02")
            equal(client.query("COMMIT")[0].body, b"ROLLBACK\0")
    equal(balance(p, "users_0", key), 0)


@rows([("on another cluster", "users_0", "users_3"), ("on the same cluster", "users_0", "users_1")])
def a_second_shard_is_refused_and_fails_the_transaction(p, first, second):
    one, two = p.new_patient(first), p.new_patient(second)
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(update(one, 5))
        answers = client.query(update(two, 5))
        equal((wire.error_of(answers)["C"], wire.ready_status(answers)), ("0A000", "E"))
        equal(wire.error_of(client.query("SELECT 1"))["C"], "25P02")
        answers = client.query("COMMIT")
        equal((answers[0].body, wire.ready_status(answers)), (b"ROLLBACK\0", "I"))
    equal((balance(p, first, one), balance(p, second, two)), (0, 0))


@test
def a_second_business_is_refused_and_fails_the_transaction(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(update(key, 5))
        answers = client.query("INSERT INTO payments (patient_id, payment_id, appointment_id,"
                               f" amount) VALUES ({key}, 1, 1, 1)")
        equal((wire.error_of(answers)["C"], wire.ready_status(answers)), ("0A000", "E"))
        client.query("ROLLBACK")


@test
def a_statement_without_tables_does_not_bind_the_transaction(p):
    for shard in p.shards("users"):
        key = p.new_patient(shard)
        with p.logged_in() as client:
            for sql in ("BEGIN", "SELECT 1", "SHOW work_mem", update(key, 5), "SELECT 2"):
                answers = client.query(sql)
                equal(wire.ready_status(answers), "T", f"{sql}: {answers}")
            client.query("COMMIT")
        equal(balance(p, shard, key), 5)


@test
def begin_alone_holds_no_backend(p):
    key = p.new_patient("users_0")
    with p.another_shardward(("size: 20", "size: 1")) as other:
        idle = [p.logged_in(other.port) for _ in range(4)]
        for client in idle:
            equal(wire.ready_status(client.query("BEGIN")), "T")
        with p.logged_in(other.port) as client:
            equal(wire.kinds(client.query(f"SELECT 1 FROM patients WHERE patient_id = {key}")), "TDCZ")
        for client in idle:
            equal(wire.kinds(client.query("COMMIT")), "CZ")
            client.close()


@test
def options_of_begin_reach_the_shard(p):
    key = p.new_patient("users_3")
    shown = (" SELECT current_setting('transaction_isolation'),"
             f" current_setting('transaction_read_only') FROM patients WHERE patient_id = {key}")
    with p.logged_in() as client:
        for begin in ("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
                      "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY"):
            client.query(begin)
            equal(wire.rows_of(client.query(shown)), [["serializable", "on"]])
            equal(wire.error_of(client.query(update(key, 1)))["C"], "25006")
            client.query("ROLLBACK")
        client.query("BEGIN")
        client.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        equal(wire.rows_of(client.query(shown)), [["repeatable read", "off"]])
        client.query("COMMIT")
        equal(wire.rows_of(client.query(shown)), [["read committed", "off"]])


@test
def savepoints_of_a_shard_work_before_and_after_its_first_statement(p):
    key = p.new_patient("users_1")
    with p.logged_in() as client:
        for sql in ("BEGIN", "SAVEPOINT early", update(key, 1), "SAVEPOINT late", update(key, 2),
                    "ROLLBACK TO late"):
            equal(wire.ready_status(client.query(sql)), "T", sql)
        equal(wire.rows_of(client.query(f"SELECT balance FROM patients WHERE patient_id = {key}")),
              [["1"]])
        client.query("ROLLBACK TO early")
        equal(wire.rows_of(client.query(f"SELECT balance FROM patients WHERE patient_id = {key}")),
              [["0"]])
        client.query(update(key, 3))
        equal(client.query("COMMIT")[0].body, b"COMMIT\0")
    equal(balance(p, "users_1", key), 3)


@test
def rollback_to_a_savepoint_mends_a_failed_transaction(p):
    key = p.new_patient("users_2")
    with p.logged_in() as client:
        for sql in ("BEGIN", update(key, 1), "SAVEPOINT a"):
            client.query(sql)
        equal(wire.ready_status(client.query(f"SELECT 1/0 FROM patients WHERE patient_id = {key}")),
              "E")
        equal(wire.ready_status(client.query("ROLLBACK TO a")), "T")
        client.query("COMMIT")
    equal(balance(p, "users_2", key), 1)


@test
def a_client_that_leaves_in_a_transaction_leaves_nothing_behind(p):
    key = p.new_patient("users_1")
    for farewell in (wire.TERMINATE, b""):
        client = p.logged_in()
        client.query("BEGIN")
        client.query(update(key, 5))
        equal(sessions(p, "users_1", "idle in transaction%"), 1)
        if farewell:
            client.send(farewell)
        client.close()
        eventually(lambda: sessions(p, "users_1", "idle in transaction%") == 0, "the rollback")
        equal(balance(p, "users_1", key), 0)
    with p.logged_in() as client:
        equal(wire.kinds(client.query(update(key, 6))), "CZ")
    equal(balance(p, "users_1", key), 6)


@test
def several_statements_in_one_query_are_one_transaction(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        answers = client.query(f"{update(key, 5)}; SELECT 1/0 FROM patients WHERE patient_id = {key}")
        equal(wire.kinds(answers), "CEZ" if len(answers) == 3 else "CTEZ")
        equal(balance(p, "users_0", key), 0)
        answers = client.query(f"{update(key, 6)}; {update(key, 7)}")
        equal(wire.kinds(answers), "CCZ")
        equal(balance(p, "users_0", key), 7)


@test
def an_exclusive_lock_makes_others_wait_and_a_lock_timeout_ends_it(p):
    key = p.new_patient("users_0")
    with p.logged_in() as one, p.logged_in() as two:
        one.query("BEGIN")
        one.query(update(key, 1))
        two.query("SET lock_timeout = '100ms'")
        equal(wire.error_of(two.query(update(key, 2)))["C"], "55P03")
        one.query("COMMIT")
        equal(wire.kinds(two.query(update(key, 2))), "CZ")
    equal(balance(p, "users_0", key), 2)


@test
def a_pool_that_is_used_up_makes_clients_wait_and_then_refuses(p):
    key = p.new_patient("users_0")
    with p.another_shardward(("size: 20", "size: 1"), ("lease: 5s", "lease: 1s")) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            one.query("BEGIN")
            one.query(update(key, 1))
            two.send(wire.query(update(key, 2)))
            answers = two.read_ready()
            assert wire.error_of(answers)["C"].startswith(("53", "57")), answers
            two.send(wire.query(update(key, 3)))
            one.query("COMMIT")
            equal(wire.kinds(two.read_ready()), "CZ")
    equal(balance(p, "users_0", key), 3)


@test
def a_transaction_goes_on_behind_a_flush(p):
    key = p.new_patient("users_1")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.send(wire.parse(f"UPDATE patients SET visits = 7 WHERE patient_id = {key}")
                    + wire.bind() + wire.execute() + wire.FLUSH)
        equal([client.read().kind for _ in range(3)], ["1", "2", "C"])
        equal(wire.ready_status(client.ask(wire.SYNC)), "T")
        equal(client.query("COMMIT")[0].body, b"COMMIT\0")
    equal(p.rows("users_1", "SELECT visits FROM patients WHERE patient_id = %s", (key,)), [(7,)])
