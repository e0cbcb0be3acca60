"""SIGHUP: a new configuration, all of it or nothing, under clients that go on working."""

import contextlib
import signal
import socket
import threading

import psycopg
import wire
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, test
from test_pools import workers
from test_transactions import eventually

# One worker takes its clients in itself; of several the control thread chooses one.
DOORS = [("one worker", 1), ("two workers", 2)]
MORE_USERS = ("users:\n  booking:", "users:\n  second:\n    password: s3cret\n"
              "    server: {user: booking, password: booking}\n  booking:")


class Changing:
    """One more shardward, whose configuration is changed under it."""

    def __init__(self, other):
        self.other, self.port = other, other.port
        self.text = other.config_file.read_text()

    def log_since(self, mark):
        return self.other.log()[mark:]

    def reload(self, *edits, text=None):
        """Change the file, and wait for the end of the reload: what was logged of it."""
        if text is None:
            text = self.text
            for old, new in edits:
                assert old in text, f"{old!r} is not in the config"
                text = text.replace(old, new)
        self.other.config_file.write_text(text)
        mark = len(self.other.log())
        self.other.process.send_signal(signal.SIGHUP)
        eventually(lambda: any(f" {event} " in self.log_since(mark)
                               for event in ("reloaded", "reload-refused")), "the reload has ended")
        return self.log_since(mark)


@contextlib.contextmanager
def changing(p, *edits):
    with p.another_shardward(*edits) as other:
        yield Changing(other)


def login(p, port, user, password):
    with p.wire(port) as client:
        answers = client.login({"user": user, "database": DATABASE}, password)
        return wire.error_of(answers)["C"] if answers[-1].kind == "E" else "in"


def name_of(client, key):
    return wire.rows_of(client.query(f"SELECT name FROM patients WHERE patient_id = {key}"))


@test
def a_new_user_may_log_in_and_an_old_one_no_more(p):
    with changing(p) as other:
        equal(login(p, other.port, "second", "s3cret"), "28P01")
        log = other.reload(MORE_USERS)
        assert "user second: added" in log, log
        equal(login(p, other.port, "second", "s3cret"), "in")
        equal(login(p, other.port, USER, PASSWORD), "in")
        log = other.reload()
        assert "user second: removed" in log, log
        equal(login(p, other.port, "second", "s3cret"), "28P01")


@rows(DOORS)
def a_new_password_counts_for_the_next_login(p, count):
    with changing(p, workers(count)) as other:
        with p.logged_in(other.port) as client:
            log = other.reload(("    password: booking\n", "    password: changed\n"))
            assert "user booking: another password" in log and "changed\n" not in log, log
            equal(wire.rows_of(client.query("SELECT 1")), [["1"]])
        equal(login(p, other.port, USER, PASSWORD), "28P01")
        equal(login(p, other.port, USER, "changed"), "in")


@rows((
    ("a fault in the file", "size: 20", "size: many", "configuration-fault"),
    ("a port that is taken", "listen: 127.0.0.1:", "listen: 127.0.0.99:1 # ", "cannot listen"),
    ("buckets that move", "users_0: 0-255, users_1: 256-511,",
     "users_0: 0-254, users_1: 255-511,", "Rows would vanish")))
def what_cannot_be_is_refused_and_changes_nothing(p, old, new, why):
    if why == "cannot listen":
        old, new = "listen: 127.0.0.1:", "listen: 192.0.2.1:"     # an address that no one here has
    key = p.new_patient("users_0")
    with changing(p) as other:
        with p.logged_in(other.port) as client:
            log = other.reload((old, new), ("clients: 10000", "clients: 1"))
            assert "reload-refused" in log, log
            assert why in log or "accepted was" in log, log
            equal(name_of(client, key), [["Ada"]])
            equal(login(p, other.port, USER, PASSWORD), "in")     # one client more than the new limit


@test
def a_fault_is_told_with_its_place(p):
    with changing(p) as other:
        line = next(number for number, text in enumerate(other.text.splitlines(), 1)
                    if "size: 20" in text)
        log = other.reload(("size: 20", "size: many"))
        assert f"another.yaml:{line}:" in log, log


@test
def a_session_whose_user_has_gone_ends_when_it_is_outside_of_a_transaction(p):
    key = p.new_patient("users_0")
    with changing(p, MORE_USERS) as other:
        plain = other.text.replace(MORE_USERS[1], MORE_USERS[0])
        with p.wire(other.port) as idle, p.wire(other.port) as busy:
            for client in (idle, busy):
                client.login({"user": "second", "database": DATABASE}, "s3cret")
            busy.query("BEGIN")
            equal(name_of(busy, key), [["Ada"]])
            other.reload(text=plain)
            last = idle.read_to_end()
            equal(wire.error_of(last)["C"], "57P01")
            assert '"second" is no longer' in wire.error_of(last)["M"]
            equal(name_of(busy, key), [["Ada"]])
            equal(wire.kinds(busy.query("COMMIT")), "CZ")
            equal(wire.error_of(busy.read_to_end())["C"], "57P01")


@test
def the_console_shows_what_was_reloaded(p):
    with changing(p, MORE_USERS) as other:
        plain = other.text.replace(MORE_USERS[1], MORE_USERS[0])

        def users():
            with p.console(other.port) as console:
                return {row[0] for row in console.execute("SHOW USERS").fetchall()}

        equal(users(), {"second", USER})
        other.reload(text=plain)
        equal(users(), {USER})


@test
def limits_and_timeouts_follow(p):
    with changing(p) as other:
        with p.logged_in(other.port) as client:
            log = other.reload(("query: 16MB", "query: 1kB"))
            assert "limits.query" in log, log
            equal(wire.error_of(client.query("SELECT '" + "x" * 2000 + "'"))["C"], "54000")
            other.reload(("clients: 10000", "clients: 1"))
            equal(login(p, other.port, USER, PASSWORD), "53300")


@test
def a_pool_grows_under_those_who_wait_for_it(p):
    key = p.new_patient("users_0")
    with changing(p, ("size: 20", "size: 1"), ("lease: 5s", "lease: 20s")) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            one.query("BEGIN")
            equal(name_of(one, key), [["Ada"]])
            two.send(wire.query(f"SELECT name FROM patients WHERE patient_id = {key}"))
            other.reload(("size: 1 ", "size: 2 "))
            equal(wire.rows_of(two.read_ready()), [["Ada"]])
            one.query("COMMIT")


@rows(DOORS)
def clients_move_to_another_port(p, count):
    with changing(p, workers(count)) as other:
        old = f"listen: 127.0.0.1:{other.port}"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            new_port = free.getsockname()[1]
        with p.logged_in(other.port) as client:
            other.reload((old, f"listen: 127.0.0.1:{new_port}"))
            equal(wire.rows_of(client.query("SELECT 1")), [["1"]])
            equal(login(p, new_port, USER, PASSWORD), "in")
            try:
                p.wire(other.port).close()
                raise AssertionError("the old port is still open")
            except OSError:
                pass


@test
def prepared_statements_outlive_a_reload(p):
    key = p.new_patient("users_0")
    with changing(p) as other:
        with p.logged_in(other.port) as client:
            client.ask(wire.parse("SELECT name FROM patients WHERE patient_id = $1", "s") + wire.SYNC)
            for limit in ("9000", "8000"):
                other.reload(("clients: 10000", f"clients: {limit}"))
                got = client.ask(wire.bind([str(key)], "s") + wire.execute() + wire.SYNC)
                equal(wire.rows_of(got), [["Ada"]])


@test
def clients_that_work_do_not_notice_reloads(p):
    key = p.new_patient("users_0")
    wrong, is_over = [], threading.Event()

    def work(port):
        try:
            with p.connect(port) as conn:
                while not is_over.is_set():
                    with conn.transaction():
                        got = conn.execute("SELECT name FROM patients WHERE patient_id = %s",
                                           (key,)).fetchall()
                        assert got == [("Ada",)], got
        except (AssertionError, psycopg.Error) as error:
            wrong.append(repr(error))

    with changing(p, ("size: 20", "size: 3")) as other:
        threads = [threading.Thread(target=work, args=(other.port,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for turn in range(6):
            other.reload(("size: 3 ", f"size: {1 + turn % 3} "), ("clients: 10000", f"clients: {9000 + turn}"))
        is_over.set()
        for thread in threads:
            thread.join()
    equal(wrong, [])
