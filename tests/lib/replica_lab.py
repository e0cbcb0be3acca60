"""replica_lab - a cluster of one primary and two standbys, followed, and a shardward before it whose
users read on replicas. Every read can tell by served_by() who has answered it.
"""

import atexit
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))

import replicated                                               # noqa: E402
import server                                                   # noqa: E402
import wire                                                     # noqa: E402
from server import Refused, ask, until                          # noqa: E402

USERS = """  prefers:
    read: prefer_replica
    password: bank
    server: {user: bank, password: bank}
  insists:
    read: replica
    password: bank
    server: {user: bank, password: bank}
"""
# Limits that no test meets by chance; one test has others.
LAGS = "    reads: {max_lag: 1h, max_lag_bytes: 1GB, wait: 0}\n"
WHO = "SELECT served_by() FROM accounts WHERE id = 5"
FAR = replicated.ROWS_OF_A_SHARD + 5        # an id of the other shard
# A read of several shards may not call served_by(): a third is written by each server in its own way.
DIGITS = {"c1-east": 1, "c1-west": 0, "c1-north": -1}
THIRD = "((id * 0 + 1)::float8 / 3)::text"
THIRDS = {"0." + "3" * (15 + digits): name for name, digits in DIGITS.items()}
REPLICAS = {"c1-west", "c1-north"}


class Lab:
    """One template for all; a cluster and a shardward that a test may spoil, and is given anew then."""

    def __init__(self, program):
        self.program = str(program)
        self.dir = replicated.work_directory("shardward-reads-")
        atexit.register(self.end)
        addresses = ["127.0.0.1", *(f"127.0.{c}.{n}" for c in (1, 2, 3) for n in (1, 2))]
        self.port = replicated.free_ports(29000, addresses)
        self.template = replicated.Template("c1", {"s1": 0, "s2": 1}, self.dir / "templates" / "c1")
        self.template.make("127.0.1.1", self.port + 10)
        self.cluster, self.shardward, self.number = None, None, 0
        self.start()

    def start(self, lags=LAGS, more=""):
        self.number += 1
        self.cluster = replicated.Cluster.of(self.template, self.dir / f"nodes-{self.number}",
                                             self.port + 10, False)
        self.cluster.start()
        for name, digits in DIGITS.items():
            self.node(name).set(extra_float_digits=digits)
        self.config = self.dir / "bank.yaml"
        text = replicated.config([self.cluster], self.port, "follow") + more
        text = text.replace("users:\n", "users:\n" + USERS, 1).replace("    nodes:\n", lags + "    nodes:\n", 1)
        self.config.write_text(text)
        self._run("install")
        with open(self.dir / "shardward.log", "ab") as log:
            self.shardward = subprocess.Popen([self.program, "run", "-c", str(self.config)],
                                              stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                              env=server.plain_env())
        until(lambda: {self.who_serves("prefers") for _ in range(4)} == REPLICAS, "both replicas are read")

    def _run(self, command):
        subprocess.run([self.program, command, "-c", str(self.config)], check=True, env=server.plain_env(),
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def who_serves(self, user):
        try:
            with self.connect(user) as connection:
                return ask(connection, WHO)[0][0]
        except (OSError, Refused, wire.Closed):
            return None

    def stop(self):
        if self.shardward is not None:
            self.shardward.send_signal(signal.SIGTERM)
            status = self.shardward.wait(15)
            self.shardward = None
            if status != 0:
                raise AssertionError(f"shardward ended with {status}\n{self.log()[-4000:]}")
        if self.cluster is not None:
            self.cluster.end()
            self.cluster = None

    def end(self):
        if self.shardward is not None:
            self.shardward.kill()
            self.shardward.wait()
        if self.cluster is not None:
            self.cluster.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def log(self):
        return (self.dir / "shardward.log").read_text(errors="replace")

    def connect(self, user="prefers", **params):
        return server.connect("127.0.0.1", self.port, user, "bank", "bank", **params)

    def console(self):
        return server.connect("127.0.0.1", self.port + 1, "admin", "admin", "shardward")

    def node(self, name):
        return next(one for one in self.cluster.servers if one.name == name)

    def replicas(self):
        return [self.node(name) for name in sorted(REPLICAS)]


_labs = []


def lab(p):
    if not _labs:
        _labs.append(Lab(p.shardward.program))
    one = _labs[0]
    if one.cluster is None:
        one.start()
    return one


def paused(*nodes):
    """While it lasts these replicas replay nothing."""
    class Pause:
        def __enter__(self):
            for node in nodes:
                node.query("SELECT pg_wal_replay_pause()")
                until(lambda n=node: n.query("SELECT pg_get_wal_replay_pause_state()")[0][0] == "paused",
                      "replay is paused")

        def __exit__(self, *_):
            for node in nodes:
                node.query("SELECT pg_wal_replay_resume()")

    return Pause()


def said(name):
    return "replica" if name in REPLICAS else "primary"


def write(connection, value):
    ask(connection, f"UPDATE accounts SET balance = {value} WHERE id = 5")


READ = "SELECT served_by(), balance FROM accounts WHERE id = 5"


def value_of(number=[10000]):   # noqa: B006 - a value that was never there
    number[0] += 1
    return number[0]


def start_reading(connection, sql, extended):
    """The thread that asks, and the list that its answers come to."""
    answers = []

    def read():
        answers.extend(connection.ask(wire.parse(sql), wire.bind(), wire.describe("P"), wire.execute(),
                                      wire.SYNC) if extended else connection.query(sql))

    thread = threading.Thread(target=read)
    thread.start()
    return thread, answers
