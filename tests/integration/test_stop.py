"""SIGTERM waits for open transactions, SIGINT does not; and what systemd is told."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import wire
from platform_under_test import Shardward
from suite import equal, rows, test
from test_console import table
from test_console_workers import until
from test_pools import workers
from test_reload import DOORS


def name_of(client, key):
    return wire.rows_of(client.query(f"SELECT name FROM patients WHERE patient_id = {key}"))


@contextlib.contextmanager
def one_more(p, *edits):
    """One more shardward that the test itself ends."""
    other = Shardward(p.program, p.edited_config(*edits), p.port + 3, p.dir / "shardward.log")
    other.start()
    try:
        yield other
    finally:
        if other.process.poll() is None:
            other.process.kill()
            other.process.wait()


def in_transaction(p, other, key):
    client = p.logged_in(other.port)
    client.query("BEGIN")
    equal(name_of(client, key), [["Ada"]])
    return client


@rows(DOORS)
def sigterm_lets_a_transaction_end_and_takes_no_new_clients(p, count):
    key = p.new_patient("users_0")
    with one_more(p, workers(count)) as other:
        with in_transaction(p, other, key) as busy, p.logged_in(other.port) as idle:
            other.process.terminate()
            equal(wire.error_of(idle.read_to_end())["C"], "57P01")
            try:
                p.wire(other.port).close()
                raise AssertionError("a new client was let in")
            except OSError:
                pass
            equal(wire.kinds(busy.query(
                f"UPDATE patients SET visits = 7 WHERE patient_id = {key}")), "CZ")
            equal(wire.kinds(busy.query("COMMIT")), "CZ")
            equal(wire.error_of(busy.read_to_end())["C"], "57P01")
        equal(other.process.wait(10), 0)
    equal(p.rows("users_0", "SELECT visits FROM patients WHERE patient_id = %s", (key,)), [(7,)])


@test
def a_second_sigterm_ends_it_at_once(p):
    key = p.new_patient("users_0")
    with one_more(p) as other:
        with in_transaction(p, other, key) as busy, p.logged_in(other.port) as idle:
            other.process.terminate()
            idle.read_to_end()
            other.process.terminate()
            equal(wire.error_of(busy.read_to_end())["C"], "57P01")
        equal(other.process.wait(10), 0)


@rows((
    ("SIGINT", signal.SIGINT, "drain: 30s"),
    ("no drain at all", signal.SIGTERM, "drain: 0"),
    ("the limit of the drain", signal.SIGTERM, "drain: 100ms")))
def it_ends_although_a_transaction_is_open(p, number, drain):
    key = p.new_patient("users_0")
    with one_more(p, ("drain: 30s", drain)) as other:
        with in_transaction(p, other, key) as busy:
            other.process.send_signal(number)
            equal(wire.error_of(busy.read_to_end())["C"], "57P01")
        equal(other.process.wait(10), 0)


@test
def a_pause_does_not_hold_up_the_drain(p):
    key = p.new_patient("users_0")
    with one_more(p, ("drain: 30s", "drain: 10min")) as other, p.console(other.port) as admin:
        with p.logged_in(other.port) as parked, p.logged_in(other.port) as begun, \
                p.logged_in(other.port) as idle:
            begun.query("BEGIN")
            admin.execute("PAUSE")
            parked.send(wire.query(f"UPDATE patients SET visits = 8 WHERE patient_id = {key}"))
            until(lambda: "waiting" in {c["state"] for c in table(admin, "SHOW CLIENTS")}, "it waits")
            other.process.terminate()
            for client in (parked, idle):
                equal(wire.error_of(client.read_to_end())["C"], "57P01")
            begun.send(wire.query(f"UPDATE patients SET visits = 9 WHERE patient_id = {key}"))
            equal(wire.error_of(begun.read_to_end())["C"], "57P01")
        equal(other.process.wait(20), 0)
    equal(p.rows("users_0", "SELECT visits FROM patients WHERE patient_id = %s", (key,)), [(0,)])


@test
def a_transaction_that_is_left_alone_ends(p):
    key = p.new_patient("users_0")
    with one_more(p, ("idle_in_transaction: 0", "idle_in_transaction: 300ms")) as other:
        with p.logged_in(other.port) as idle, in_transaction(p, other, key) as busy:
            lost = wire.error_of(busy.read_to_end())
            equal((lost["C"], lost["S"]), ("25P03", "FATAL"))
            equal(name_of(idle, key), [["Ada"]])    # outside of a transaction nothing ends


@test
def a_transaction_that_goes_on_does_not_end(p):
    key = p.new_patient("users_0")
    with one_more(p, ("idle_in_transaction: 0", "idle_in_transaction: 2s")) as other:
        with in_transaction(p, other, key) as busy:
            end = time.monotonic() + 2.5
            while time.monotonic() < end:
                equal(name_of(busy, key), [["Ada"]])
            equal(wire.kinds(busy.query("COMMIT")), "CZ")


@rows((("a path", False), ("an abstract name", True)))
def systemd_is_told(p, is_abstract):
    folder = Path(tempfile.mkdtemp(prefix="shardward-notify-"))
    name = f"@shardward-test-{os.getpid()}" if is_abstract else str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + name[1:] if is_abstract else name)
        ear.settimeout(20)
        os.environ["NOTIFY_SOCKET"] = name
        try:
            with one_more(p) as other:
                del os.environ["NOTIFY_SOCKET"]
                equal(ear.recv(1000).decode().splitlines(), ["READY=1", "STATUS=serving"])
                other.process.send_signal(signal.SIGHUP)
                told = ear.recv(1000).decode().splitlines()
                equal((told[0], told[1][:15]), ("RELOADING=1", "MONOTONIC_USEC="))
                equal(ear.recv(1000).decode().splitlines()[0], "READY=1")
                other.process.terminate()
                equal(ear.recv(1000).decode().splitlines()[0], "STOPPING=1")
                equal(other.process.wait(10), 0)
        finally:
            os.environ.pop("NOTIFY_SOCKET", None)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
