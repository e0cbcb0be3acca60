"""CancelRequest: the statement that runs is cancelled, on whatever worker, and never a later one."""

import contextlib
import os
import signal
import struct
import threading
import time

import psycopg
import wire
from suite import equal, rows, test
from test_batches import working
from test_console import table
from test_filling import numbered
from test_pools import name_of, size, workers
from test_transactions import eventually

SLEEP = "SELECT pg_sleep(60) FROM patients WHERE patient_id = "
CANCELLED = ("57014", "canceling statement due to user request")


def ask(p, client, port=None):
    """Ask for a cancel as libpq does: until the other side closes, without a word."""
    with p.wire(port) as asker:
        asker.send(struct.pack("!II", 16, 80877102) + client.key)
        equal(asker.read_to_end(), [])


def sleeping(p, shard):
    return working(p, shard, "pg_sleep(60)")


def is_busy(console, client):
    number = struct.unpack_from("!I", client.key)[0]
    return any(row["id"] == number and row["state"] in ("active", "waiting")
               for row in table(console, "SHOW CLIENTS"))


def is_cancelled(answers):
    fields = wire.error_of(answers)
    equal((fields["C"], fields["M"]), CANCELLED)


def check_goes_on(client, key):
    equal(name_of(client, key), [["Ada"]])


@rows([("simple", lambda key: wire.query(f"{SLEEP}{key}")),
       ("extended", lambda key: wire.parse(f"{SLEEP}{key}") + wire.bind() + wire.execute() + wire.SYNC),
       ("with parameters", lambda key: wire.parse(f"{SLEEP}$1") + wire.bind([str(key)])
        + wire.describe("P") + wire.execute() + wire.SYNC)])
def a_statement_is_cancelled_and_the_session_goes_on(p, flight):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.send(flight(key))
        eventually(lambda: sleeping(p, "users_0"), "the statement is at work")
        ask(p, client)
        answers = client.read_ready()
        is_cancelled(answers)
        equal(wire.ready_status(answers), "I")
        check_goes_on(client, key)


@test
def a_cancel_between_two_statements_of_a_transaction_is_forgotten(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.query("BEGIN")
        check_goes_on(client, key)
        ask(p, client)
        check_goes_on(client, key)
        equal(wire.ready_status(client.query("COMMIT")), "I")


@test
def a_cancelled_transaction_has_failed_and_its_savepoint_lives(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(f"UPDATE patients SET visits = 3 WHERE patient_id = {key}")
        client.query("SAVEPOINT s")
        client.send(wire.query(f"{SLEEP}{key}"))
        eventually(lambda: sleeping(p, "users_0"), "the statement is at work")
        ask(p, client)
        answers = client.read_ready()
        is_cancelled(answers)
        equal(wire.ready_status(answers), "E")
        equal(wire.ready_status(client.query("ROLLBACK TO s")), "T")
        equal(wire.ready_status(client.query("COMMIT")), "I")
    equal(p.rows("users_0", "SELECT visits FROM patients WHERE patient_id = %s", (key,)), [(3,)])


@test
def drivers_and_psql_cancel(p):
    key = p.new_patient("users_0")
    with p.connect() as conn:
        timer = threading.Timer(0.5, conn.cancel)
        timer.start()
        try:
            conn.execute(f"{SLEEP}{key}")
            raise AssertionError("nobody cancelled")
        except psycopg.errors.QueryCanceled:
            pass
        equal(conn.execute(f"SELECT name FROM patients WHERE patient_id = {key}").fetchall(),
              [("Ada",)])


@test
def a_wrong_key_cancels_nothing(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        pid, secret = struct.unpack("!II", client.key)
        client.send(wire.query("SELECT pg_sleep(1), name FROM patients WHERE patient_id = "
                               f"{key}"))
        for wrong in ((pid, secret ^ 1), (pid + 64, secret), (0, secret), (0xffffffff, 0)):
            with p.wire() as asker:
                asker.send(struct.pack("!IIII", 16, 80877102, *wrong))
                equal(asker.read_to_end(), [])
        equal(wire.rows_of(client.read_ready()), [["", "Ada"]])


@test
def who_waits_for_a_connection_is_cancelled_without_one(p):
    key = p.new_patient("users_0")
    with p.another_shardward(workers(2), size(1)) as other:
        with p.logged_in(other.port) as holder, p.logged_in(other.port) as one, \
                p.logged_in(other.port) as two:
            holder.query("BEGIN")
            check_goes_on(holder, key)
            for client in (one, two):
                client.send(wire.query(f"{SLEEP}{key}"))
            time.sleep(0.3)
            for client in (one, two):
                ask(p, client, other.port)
                is_cancelled(client.read_ready())
            holder.query("COMMIT")
            check_goes_on(one, key)


@rows([("a query", SLEEP + "{key}"), ("DDL", "ALTER TABLE patients ADD COLUMN never int")])
def who_waits_for_the_end_of_a_pause_is_cancelled(p, sql):
    key = p.new_patient("users_0")
    with p.another_shardward() as other, p.logged_in(other.port) as client:
        with p.console(other.port) as console:
            console.execute("PAUSE")
            client.send(wire.query(sql.format(key=key)))
            time.sleep(0.3)
            ask(p, client, other.port)
            answers = client.read_ready()
            is_cancelled(answers)
            console.execute("RESUME")
        check_goes_on(client, key)


@test
def who_waits_for_the_numbers_of_new_rows_is_cancelled(p):
    insert = "INSERT INTO residents (city, number) VALUES ('Harbin', 1) RETURNING number"
    with numbered(p, "serial") as other, p.logged_in(other.port) as client:
        with p.console(other.port) as console:
            console.execute("PAUSE")
            client.send(wire.query(insert))
            eventually(lambda: is_busy(console, client), "it waits for the end of the pause")
            ask(p, client, other.port)
            is_cancelled(client.read_ready())
            console.execute("RESUME")
        with p.at_shard("catalog") as holder:
            holder.execute("BEGIN")
            holder.execute("ALTER SEQUENCE residents_seq CACHE 2")
            client.send(wire.query(insert))
            eventually(lambda: working(p, "catalog", "nextval"), "the block is being fetched")
            ask(p, client, other.port)
            is_cancelled(client.read_ready())
            holder.execute("ROLLBACK")
        equal(wire.rows_of(client.query(insert)), [["1"]])


@test
def ddl_that_waits_for_a_lock_is_cancelled_on_all_shards(p):
    key = p.new_patient("users_1")
    with p.logged_in() as client, p.logged_in() as holder:
        holder.query("BEGIN")
        holder.query(f"UPDATE patients SET visits = 1 WHERE patient_id = {key}")
        client.send(wire.query("ALTER TABLE patients ADD COLUMN never int"))
        eventually(lambda: working(p, "users_1", "ADD COLUMN never"), "it waits on users_1")
        ask(p, client)
        is_cancelled(client.read_ready())
        holder.query("ROLLBACK")
        for shard in p.shards("users"):
            equal(p.rows(shard, "SELECT count(*) FROM information_schema.columns"
                                " WHERE column_name = 'never'"), [(0,)], shard)
        check_goes_on(client, key)


@test
def a_commit_over_several_shards_that_waits_is_cancelled_whole(p):
    keys = [p.new_patient(shard) for shard in ("users_0", "users_1")]
    with p.logged_in() as client:
        client.query("BEGIN")
        check_goes_on(client, keys[0])
        client.query(f"UPDATE patients SET visits = 4 WHERE patient_id = {keys[1]}")
        ask(p, client)
        equal(wire.ready_status(client.query("COMMIT")), "I")
    equal(p.rows("users_1", "SELECT visits FROM patients WHERE patient_id = %s", (keys[1],)),
          [(4,)])


@rows([("1 worker", 1), ("2 workers", 2)])
def under_load_no_cancel_is_lost_and_none_hits_another_statement(p, count):
    """Clients share few servers. Each sleeps and is cancelled, and between that reads its row,
    which nobody may cancel: also not those whose cancel comes late."""
    keys = [p.new_patient("users_0") for _ in range(12)]
    wrong = []

    def work(other, key):
        try:
            with p.logged_in(other.port) as client, p.console(other.port) as console:
                for _ in range(8):
                    client.send(wire.query(f"{SLEEP}{key}"))
                    eventually(lambda: is_busy(console, client), "the statement waits or runs")
                    ask(p, client, other.port)
                    is_cancelled(client.read_ready())
                    for _ in range(5):
                        check_goes_on(client, key)
                for turn in range(40):      # late, or not at all
                    client.send(wire.query(f"SELECT name FROM patients WHERE patient_id = {key}"))
                    ask(p, client, other.port)
                    answers = client.read_ready()
                    if "E" in wire.kinds(answers):
                        is_cancelled(answers)
                    check_goes_on(client, key)
        except Exception as error:      # noqa: BLE001 - a thread has nobody to raise to
            wrong.append(repr(error))

    with p.another_shardward(workers(count), size(4)) as other:
        threads = [threading.Thread(target=work, args=(other, key)) for key in keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    equal(wrong, [])


@test
def a_setting_that_is_cancelled_leaves_nothing_behind(p):
    with p.another_shardward(workers(1), size(1)) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            for turn in range(60):
                one.send(wire.query(f"SET work_mem = '{3000 + turn}kB'"))
                time.sleep(0.0002 * (turn % 5))
                ask(p, one, other.port)
                answers = one.read_ready()
                if "E" in wire.kinds(answers):
                    is_cancelled(answers)
                    one.query("RESET work_mem")
                else:
                    equal(wire.rows_of(one.query("SHOW work_mem")), [[f"{3000 + turn}kB"]])
                equal(wire.rows_of(two.query("SHOW work_mem")), [["4MB"]])


@test
def a_client_too_many_may_still_cancel(p):
    key = p.new_patient("users_0")
    with p.another_shardward(("clients: 10000", "clients: 2")) as other:
        with p.logged_in(other.port) as client, p.logged_in(other.port):
            with p.wire(other.port) as third:
                answers = third.login({"user": "booking", "database": "booking"}, "booking")
                equal(wire.error_of(answers)["C"], "53300")
            client.send(wire.query(f"{SLEEP}{key}"))
            eventually(lambda: sleeping(p, "users_0"), "the statement is at work")
            ask(p, client, other.port)
            is_cancelled(client.read_ready())


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@test
def a_node_that_takes_no_cancel_holds_up_nobody_else(p):
    key, elsewhere = p.new_patient("users_0"), p.new_patient("users_1")
    node = p.clusters.place("users_0")[0]
    with p.another_shardward() as other, p.logged_in(other.port) as bystander:
        check_goes_on(bystander, elsewhere)
        with p.logged_in(other.port) as client:
            client.send(wire.query("SELECT pg_sleep(1), name FROM patients WHERE patient_id = "
                                   f"{key}"))
            eventually(lambda: working(p, "users_0", "pg_sleep(1)"), "it is at work")
            with stopped(p.clusters.postmaster_pid(node)):
                ask(p, client, other.port)
                check_goes_on(bystander, elsewhere)
                time.sleep(1.2)
            equal(wire.rows_of(client.read_ready()), [["", "Ada"]])


@test
def shardward_ends_while_a_node_takes_no_cancel(p):
    key = p.new_patient("users_0")
    node = p.clusters.place("users_0")[0]
    other = p.another("shardward.log")
    other.start()
    with p.logged_in(other.port) as client:
        client.send(wire.query(f"{SLEEP}{key}"))
        eventually(lambda: sleeping(p, "users_0"), "the statement is at work")
        with stopped(p.clusters.postmaster_pid(node)):
            ask(p, client, other.port)
            time.sleep(0.2)
            other.process.send_signal(signal.SIGINT)
            equal(other.process.wait(10), 0)
