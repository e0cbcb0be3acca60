"""world - one or two clusters, a shardward before them, clients that write histories, and a verdict.

A Lab lives as long as the program: the directory, the templates, the ports. A World lives for one
scenario; nothing of it is used again.
"""

import contextlib
import signal
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import history
import replicated
import server
import workloads
from replicated import (ACCOUNTS_OF_A_SHARD, APP_PASSWORD, APP_USER, FIRST_BALANCE, Cluster, Template)
from server import Failure, until

START_TIMEOUT_S = 20
WARM_UP_S = 1.0             # before a fault, and after its consequences
SETTLE_S = 30               # for all shards to take writes again; a failover takes a few seconds
LOG_LINES, LOG_WIDTH = 30, 240
SUMMARY = ("scenario", "mode", "s1 away", "s2 away", "unknown", "broken", "errors")
DIGEST = """
SELECT (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM ledger t),
    (SELECT md5(string_agg(t::text, ',' ORDER BY id, transfer)) FROM legs t),
    (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM accounts t),
    (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM counters t)
"""


class Lab:
    def __init__(self, program, directory, has_clouds=False, log_dir=None):
        self.has_clouds = has_clouds
        self.log_dir = Path(log_dir) if log_dir else None
        self.program = str(Path(program).resolve())
        self.dir = Path(directory)
        addresses = ["127.0.0.1", *(f"127.0.{c}.{n}" for c in (1, 2, 3) for n in (1, 2))]
        self.port = replicated.free_ports(25000, addresses)
        self.templates = {}
        self.worlds = 0
        self.scenario, self.summary = "", []        # its name; what clients saw of those that are over

    def mourn(self):
        """There is no shardward but that of a World."""

    def template(self, name):
        if name not in self.templates:
            number = int(name.removeprefix("c"))
            one = Template(name, {f"s{number}": number - 1}, self.dir / "templates" / name)
            one.make(f"127.0.1.{number}", self.port + 10 * number)
            self.templates[name] = one
        return self.templates[name]


class World:
    def __init__(self, lab, failover="managed", clusters=2, clouds=None, is_sync=None, lease="10s",
                 sections=None, nodes=3, prepare=None):
        """sections: of the YAML of each cluster; prepare: what is called with it before any server is started."""
        self.lab, self.failover, self.lease, self.clouds = lab, failover, lease, clouds
        lab.worlds += 1
        self.dir = lab.dir / f"world-{lab.worlds}"
        names = [f"c{n}" for n in range(1, clusters + 1)]
        with ThreadPoolExecutor() as pool:
            templates = list(pool.map(lab.template, names))
        is_sync = failover == "managed" if is_sync is None else is_sync
        self.clusters = [Cluster.of(template, self.dir / "nodes", lab.port + 10 * n, is_sync, nodes, clouds)
                         for n, template in enumerate(templates, 1)]
        self.config_file = self.dir / "bank.yaml"
        self.sections = {}
        self.write_config(**(sections or {}))
        self.history, self.clients, self.shardward = history.History(), [], None
        self.volume = self.links = self.clock = None
        self.variables = {}                         # of shardward's environment
        self.around = contextlib.ExitStack()        # what is to be closed behind the servers' end
        if prepare:
            prepare(self)

    def write_config(self, **sections):
        """With these sections beside those that are there."""
        self.sections.update(sections)
        self.config_file.write_text(replicated.config(self.clusters, self.lab.port, self.failover, self.lease,
                                                      sections=self.sections))

    # Parts

    @property
    def c1(self):
        return self.clusters[0]

    @property
    def shards(self):
        return [shard for cluster in self.clusters for shard in cluster.shards]

    @staticmethod
    def primary(cluster):
        """The one of the highest timeline that answers, or None."""
        found = cluster.primaries()
        return found[0] if found else None

    # Life

    def __enter__(self):
        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(Cluster.start, self.clusters))
            self._install()
            self.start_shardward()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.volume:
            self.volume.thaw()
        for client in self.clients:
            client.finish()
        self.stop_shardward(signal.SIGKILL)
        for cluster in self.clusters:
            cluster.end()
        self.around.close()
        if self.lab.log_dir:
            self._keep_logs(self.lab.log_dir / self.dir.name)
        shutil.rmtree(self.dir)

    def _keep_logs(self, into):
        into.mkdir(parents=True, exist_ok=True)
        for path in (*self.dir.glob("*.log"), *self.dir.glob("nodes/*.log"), self.config_file):
            shutil.copy(path, into)
        with open(into / "history", "w", encoding="utf-8") as file:
            file.writelines(f"{op}\n" for op in sorted(self.history.ops, key=lambda op: op.began))

    def _install(self):
        result = subprocess.run([self.lab.program, "install", "-c", self.config_file],
                                env=server.plain_env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
        if result.returncode != 0:
            raise Failure(f"shardward install:\n{result.stdout}")

    @property
    def log_file(self):
        return self.dir / "shardward.log"

    def log(self):
        """The end of it; what is said again and again, once."""
        lines = [line for line in self.log_file.read_text(errors="replace").splitlines()
                 if " dial-failed " not in line]
        return "\n".join(line[:LOG_WIDTH] for line in lines[-LOG_LINES:])

    def events(self, *names):
        """The lines of these events in the log, in their order."""
        lines = self.log_file.read_text(errors="replace").splitlines()
        return [line for line in lines if line.split(" ", 3)[2:3] and line.split(" ", 3)[2] in names]

    def spawn_shardward(self, **variables):
        """Start it, and do not wait until it serves."""
        with open(self.log_file, "ab") as log:
            self.shardward = subprocess.Popen(
                [self.lab.program, "run", "-c", str(self.config_file)], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=server.plain_env(**self.variables, **variables), start_new_session=True)
        return self.shardward

    def start_shardward(self, serves=None, **variables):
        """Returns when it serves these shards, or all."""
        self.spawn_shardward(**variables)
        until(lambda: self._serves(serves or self.shards), "shardward serves", START_TIMEOUT_S)

    def _serves(self, shards):
        if self.shardward.poll() is not None:
            raise Failure(f"shardward ended with {self.shardward.returncode}:\n{self.log()}")
        try:
            with self.connect() as connection:
                return all(server.ask(connection, f"SELECT count(*) FROM accounts WHERE id = {first}")
                           for first in self._firsts(shards))
        except (OSError, server.wire.Closed, server.Refused):
            return False

    def _firsts(self, shards):
        return [number * replicated.ROWS_OF_A_SHARD for cluster in self.clusters
                for name, number in cluster.shards.items() if name in shards]

    def stop_shardward(self, number=signal.SIGTERM):
        """Its exit status; None if there was none to stop."""
        if self.shardward is None or self.shardward.poll() is not None:
            return None
        self.shardward.send_signal(signal.SIGCONT)
        self.shardward.send_signal(number)
        return self.shardward.wait(START_TIMEOUT_S)

    # Asking it

    def connect(self, timeout_s=15):
        return server.connect("127.0.0.1", self.lab.port, APP_USER, APP_PASSWORD, replicated.DATABASE,
                              timeout_s=timeout_s)

    def console(self, command, timeout_s=60):
        """The rows of a command of the console."""
        with server.connect("127.0.0.1", self.lab.port + 1, "admin", "admin", "shardward",
                            timeout_s=timeout_s) as connection:
            return server.ask(connection, command)

    def table(self, command):
        """The same, each by the names of its columns."""
        with server.connect("127.0.0.1", self.lab.port + 1, "admin", "admin", "shardward") as connection:
            answers = connection.query(command)
        names = next(answer.names() for answer in answers if answer.kind == "T")
        return [dict(zip(names, row)) for row in server.wire.rows_of(answers)]

    # Clients

    def add(self, kind, shard, number, **options):
        place = options.pop("place", ("127.0.0.1", self.lab.port))
        client = kind(options.pop("history", self.history), shard, number, place, **options)
        self.clients.append(client)
        client.start()
        return client

    def load(self, kinds=(workloads.Ledger, workloads.Ledger, workloads.Bank, workloads.Counter,
                          workloads.Idle)):
        """Clients of every kind for every shard, until finish(); returns when all have begun."""
        for shard in self.shards:
            for number, kind in enumerate(kinds, 1):
                self.add(kind, shard, number)
        until(lambda: all(self.history.last_ok(shard) for shard in self.shards), "all shards are written to")
        time.sleep(WARM_UP_S)

    def settled(self, since, shards=None, timeout_s=SETTLE_S):
        """Wait until writes of all shards that were asked for after `since` are acknowledged. The
        shards of which none was."""
        waiting = set(shards or self.shards)
        deadline = time.monotonic() + timeout_s
        while waiting and time.monotonic() < deadline:
            waiting = {shard for shard in waiting if not any(
                op.shard == shard and op.outcome == history.OK and op.is_write() and op.began > since
                for op in self.history.ops[-2000:])}
            time.sleep(0.02)
        return sorted(waiting)

    def finish(self):
        """End all clients. What went wrong with any of them that is no answer."""
        for client in self.clients:
            client.finish()
        return [f"{type(client).__name__} {client.number} of {client.shard}: {trouble}"
                for client in self.clients if (trouble := client.wait())]

    # Judging

    def verdict(self):
        """What the tables at the primaries say about the history; see history. Clients are finished."""
        findings = []
        for cluster in self.clusters:
            primary = until(lambda c=cluster: self.primary(c), f"{cluster.name} has a primary")
            findings += [self._judge(shard, primary) for shard in cluster.shards]
            writes = [op for op in self.history.ops if op.shard in cluster.shards and op.is_write()]
            findings.append(history.check_writers(writes))
        return history.together(*findings)

    def _judge(self, shard, primary):
        of = lambda kind: self.history.of(kind, shard)      # noqa: E731 - a word for what follows
        rows = lambda sql: primary.query(sql, shard)        # noqa: E731
        ids = [int(key) for (key,) in rows("SELECT id FROM ledger")]
        legs = [tuple(map(int, row)) for row in rows("SELECT id, transfer, amount FROM legs")]
        balances = {int(key): int(value) for key, value in rows("SELECT id, balance FROM accounts")}
        counted = {int(key): int(value) for key, value in rows("SELECT id, n FROM counters")}
        # The table itself is what a last read would see.
        last = [history.Op("get", shard, key, float("inf"), float("inf"), history.OK, value=counted.get(key, 0),
                           node=primary.name) for key in {op.key for op in of("set")}]
        return history.together(
            history.check_ledger(of("insert"), ids),
            history.check_bank(of("transfer"), legs, balances, FIRST_BALANCE),
            history.check_sums(of("sum"), ACCOUNTS_OF_A_SHARD * FIRST_BALANCE),
            history.check_counters(of("set"), of("get") + last))

    def standbys_agree(self):
        """Wait until all standbys have replayed what the primaries have; their tables are then the same."""
        for cluster in self.clusters:
            primary = self.primary(cluster)
            [[lsn]] = primary.query("SELECT pg_current_wal_flush_lsn()")
            for one in cluster.servers:
                if one.is_running() and not one.is_primary():
                    until(lambda s=one, at=lsn: s.query(f"SELECT pg_last_wal_replay_lsn() >= '{at}'") == [["t"]],
                          f"{one.name} follows {primary.name} up to {lsn}")
                    for shard in cluster.shards:
                        ours, theirs = (s.query(DIGEST, shard) for s in (primary, one))
                        assert ours == theirs, f"{shard} at {primary.name} and {one.name}: {ours}, {theirs}"

    def summarise(self):
        """What clients saw, as a row for a table."""
        codes = ", ".join(f"{code} {count}" for code, count in sorted(self.history.codes().items()))
        self.lab.summary.append((self.lab.scenario, self.failover,
                                 *(f"{self.history.outage(shard):.2f}" for shard in self.shards),
                                 *[""] * (2 - len(self.shards)), str(self.history.unknown()),
                                 str(sum(self.history.broken.values())), codes))

    def timelines(self):
        """name of a cluster -> (name, timeline) of its primary, or None."""
        found = {}
        for cluster in self.clusters:
            primary = self.primary(cluster)
            found[cluster.name] = (primary.name, primary.timeline()) if primary else None
        return found
