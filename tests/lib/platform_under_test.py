"""platform_under_test - the throw-away clusters with one shardward before them.

Tests reach everything through one Platform: connections through shardward, connections to the
nodes behind its back (the oracle), and fresh keys on a shard of their choice. No two tests share
a key, so none has to clean up.
"""

import contextlib
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import psycopg

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))
import clusters    # noqa: E402
from topology import ADMIN_PORT, HTTP_PORT   # noqa: E402

from wire import Wire   # noqa: E402

USER, PASSWORD, DATABASE = clusters.APP_USER, clusters.APP_PASSWORD, "booking"
ORACLE = "oracle_one"           # one database with all tables, to compare answers with
READY_TIMEOUT_S = 20
STOP_TIMEOUT_S = 10
FIRST_KEY = 1_000_000


class Shardward:
    """One running shardward, in its own process."""

    def __init__(self, program, config_file, port, log_file):
        self.program, self.config_file, self.port = program, config_file, port
        self.log_file = Path(log_file)
        self.process = None

    def start(self, **variables):
        with open(self.log_file, "ab") as log:
            mark = log.tell()
            self.process = subprocess.Popen(
                [self.program, "run", "-c", self.config_file], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={**sanitizer_env(), **variables},
                start_new_session=True)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            try:
                Wire("127.0.0.1", self.port).close()
                break
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise clusters.Failure("shardward does not listen:\n" + self.log()) from error
                time.sleep(0.05)
        # A shard that is slow to answer, as on a machine with much to do, follows later.
        while self._misses_shards(mark) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _misses_shards(self, mark):
        said = self.log()[mark:]
        return ("it has not answered yet" in said
                and not re.search('version"?[=:]2', said) and self.process.poll() is None)

    def stop(self):
        """The exit status after SIGTERM, or None if it had to be killed."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                return None
        return self.process.returncode

    def log(self):
        return self.log_file.read_text(errors="replace")


def sanitizer_env():
    options = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
               "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99"}
    return clusters.plain_env(**{k: os.environ.get(k, v) for k, v in options.items()})


class Platform:
    def __init__(self, program, state_dir):
        self.program = str(Path(program).resolve())
        self.dir = Path(state_dir)
        self.clusters = clusters.Clusters(self.dir / "platform")
        self.shardward = None
        self.port = None
        self._keys = itertools.count(FIRST_KEY)
        self._places = {}

    # Life

    def start(self):
        self.port = clusters.free_base_port()
        self.clusters.start(self.port, fast=True)
        self.main_node = self.clusters.primary("c1")
        self.clusters.psql(self.main_node, "postgres", "-c",
                           f"CREATE DATABASE {ORACLE} OWNER {USER}")
        self.clusters.load_schema(self.main_node, ORACLE)
        self.clusters.install(self.program)
        self.shardward = Shardward(self.program, self.clusters.config_file, self.port,
                                   self.dir / "shardward.log")
        self.shardward.start()

    def stop(self):
        if self.shardward and self.shardward.process:
            self.shardward.stop()
        if self.clusters.is_ours():
            self.clusters.stop()

    def mourn(self):
        """If shardward died: how, and start another one for the tests that follow."""
        if self.shardward.process.poll() is None:
            return None
        log = self.shardward.log()
        death = f"exit status {self.shardward.process.returncode}\n{log[-4000:]}"
        self.shardward.start()
        return death

    def edited_config(self, *edits):
        """A file with pieces of the config replaced: edits are (old text, new text)."""
        text = self.clusters.config_file.read_text()
        port = self.port + 3
        moved = [(f"127.0.0.1:{self.port + more}", f"127.0.0.1:{port + more}")
                 for more in (0, ADMIN_PORT, HTTP_PORT)]
        for old, new in (*moved, *edits):
            assert old in text, f"{old!r} is not in the config"
            text = text.replace(old, new)
        config_file = self.dir / "another.yaml"
        config_file.write_text(text)
        return config_file

    def refuses_to_run(self, *edits):
        """What shardward says when it does not even start with that config."""
        answer = self.run(self.program, "run", "-c", self.edited_config(*edits),
                          timeout=READY_TIMEOUT_S)
        assert answer.returncode == 1, f"exit status {answer.returncode}\n{answer.stdout}"
        return answer.stdout

    def another(self, log_name, *edits):
        """One more, not yet started."""
        return Shardward(self.program, self.edited_config(*edits), self.port + 3,
                         self.dir / log_name)

    @contextlib.contextmanager
    def another_shardward(self, *edits, stop_at=None):
        """One more, with pieces of its config replaced. It may be one that dies at a stop
        point."""
        other = self.another("shardward.log", *edits)
        other.start(**({"SHARDWARD_STOP_AT": stop_at} if stop_at else {}))
        try:
            yield other
        finally:
            status = other.stop()
        expected = -signal.SIGKILL if stop_at else 0
        assert status == expected, f"it ended with {status} after SIGTERM"

    # Through shardward

    def connect(self, port=None, **options):
        options = {"autocommit": True, "dbname": DATABASE, "user": USER, "password": PASSWORD,
                   "connect_timeout": 10, **options}
        return psycopg.connect(host="127.0.0.1", port=port or self.port, **options)

    async def connect_asyncpg(self, port=None):
        return await asyncpg.connect(host="127.0.0.1", port=port or self.port, user=USER, password=PASSWORD,
                                     database=DATABASE, timeout=10, command_timeout=10, ssl=False)

    def wire(self, port=None):
        return Wire("127.0.0.1", port or self.port)

    def console(self, port=None, user="admin", **options):
        """A connection to the console of the shardward that listens on port."""
        options = {"autocommit": True, "connect_timeout": 10, "password": user, **options}
        return psycopg.connect(host="127.0.0.1", port=(port or self.port) + ADMIN_PORT, user=user,
                               dbname="shardward", **options)

    def console_wire(self, port=None):
        wire = self.wire((port or self.port) + ADMIN_PORT)
        answers = wire.login({"user": "admin", "database": "shardward"}, "admin")
        assert answers[-1].kind == "Z", f"no login: {answers}"
        return wire

    def console_psql(self, *options, stdin=None, user="admin"):
        return self.run(clusters.BIN / "psql", "-X", "-h", "127.0.0.1", "-p",
                        self.port + ADMIN_PORT, "-U", user, "-d", "shardward", *options,
                        stdin=stdin, PGPASSWORD=user, PGCONNECT_TIMEOUT="10").stdout

    def logged_in(self, port=None, tls=None, **params):
        """In TLS by a context of that, if there is one."""
        wire = self.wire(port)
        if tls:
            wire.request_tls(tls)
        answers = wire.login({"user": USER, "database": DATABASE, **params}, PASSWORD)
        assert answers[-1].kind == "Z", f"no login: {answers}"
        return wire

    # Behind its back

    def at_node(self, dbname, node=None, **options):
        node = node or self.main_node
        return psycopg.connect(host=node.address, port=node.port, dbname=dbname, user=USER,
                               password=PASSWORD, autocommit=True, connect_timeout=10, **options)

    def at_shard(self, shard):
        node, dbname = self.clusters.place(shard)
        return self.at_node(dbname, node)

    def oracle(self):
        return self.at_node(ORACLE)

    def wire_at(self, node, dbname, **params):
        wire = Wire(node.address, node.port)
        answers = wire.login({"user": USER, "database": dbname, **params}, PASSWORD)
        assert answers[-1].kind == "Z", f"no login: {answers}"
        return wire

    def oracle_wire(self, dbname=ORACLE, **params):
        return self.wire_at(self.main_node, dbname, **params)

    def rows(self, shard, sql, parameters=None):
        with self.at_shard(shard) as conn:
            return conn.execute(sql, parameters).fetchall()

    def shards(self, business):
        return [shard.name for shard in self.clusters.shards if shard.business == business]

    def change(self, shard, sql):
        with self.at_shard(shard) as conn:
            conn.execute(sql)

    def as_superuser(self, shard, sql):
        node, dbname = self.clusters.place(shard)
        return self.clusters.psql(node, dbname, "-c", sql)

    # Keys

    def locate(self, table, key):
        """The shard of a key, as `shardward locate` says."""
        if (table, key) not in self._places:
            answer = subprocess.run(
                [self.program, "locate", "-c", self.clusters.config_file, "-d", DATABASE, "--", table,
                 str(key)],
                env=sanitizer_env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, check=False)
            names = {shard.name for shard in self.clusters.shards}
            found = [w for w in re.findall(r"\w+", answer.stdout) if w in names]
            assert answer.returncode == 0 and found, f"locate {table} {key}: {answer.stdout}"
            self._places[table, key] = found[0]
        return self._places[table, key]

    def new_key(self, table=None, shard=None):
        """A key that no other test has; on a shard if one is named."""
        for key in self._keys:
            if shard is None or self.locate(table, key) == shard:
                return key

    def new_patient(self, shard, **columns):
        """A patient on a shard, put there behind shardward's back."""
        key = self.new_key("patients", shard)
        columns = {"patient_id": key, "name": "Ada", **columns}
        with self.at_shard(shard) as conn:
            conn.execute(f"INSERT INTO patients ({', '.join(columns)})"
                         f" VALUES ({', '.join(['%s'] * len(columns))})", tuple(columns.values()))
        return key

    # Programs

    def run(self, *argv, stdin=None, timeout=60, **env):
        return subprocess.run(
            [str(arg) for arg in argv], input=stdin, env=clusters.plain_env(**env),
            stdin=subprocess.DEVNULL if stdin is None else None, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False)

    def psql(self, sql, *options, node=None, dbname=DATABASE, **env):
        """The whole output of a psql session through shardward, or on a node."""
        address, port = (node.address, node.port) if node else ("127.0.0.1", self.port)
        return self.run(clusters.BIN / "psql", "-X", "-h", address, "-p", port, "-U", USER, "-d",
                        dbname, *options, stdin=sql, PGPASSWORD=PASSWORD, PGCONNECT_TIMEOUT="10",
                        **env).stdout
