"""contender - one way from pgbench to the rows: a proxy, or none.

The files tools/bench.d/*.py describe the contenders; tools/bench.d/README.md says how.
"""

import importlib.util
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import clusters
import processes
import procs

DESCRIPTIONS = Path(__file__).resolve().parents[2] / "bench.d"
READY_TIMEOUT_S = 20
POOL_SIZE = 16              # server connections that a proxy which pools may have for a database


class Unavailable(Exception):
    """Why a contender does not take part."""


@dataclass
class Place:
    """Where an instance of a contender has to stand."""
    dir: Path               # its files; the program may write here
    port: int               # where it listens on 127.0.0.1; port + 1 is its own too
    node_address: str       # the PostgreSQL server, which trusts the user
    node_port: int
    user: str               # the one user, on both sides
    password: str           # what the user has to prove to the proxy, if the proxy asks
    verifier: str           # the same, as pg_authid keeps it
    dbname: str             # what pgbench asks for; on the server: all rows
    catalog: str            # a database with the tables, without rows
    shards: list            # databases on the server, each with all rows
    max_clients: int        # clients that will come at once
    shardward: str          # the program under test
    has_tls: bool           # clients come in TLS; server.crt and server.key are in dir
    trusts: bool            # clients need no password
    parts: list             # (shard, first key, the first one behind) of bench_visits; or none


class Contender:
    """What a file of tools/bench.d/ fills in; see its README.md."""

    name = ""
    program = None              # absolute path; None: pgbench connects to PostgreSQL itself
    as_server_user = False      # programs that refuse to run as root
    knows_tls = False           # takes part in --tls
    reads_several = False       # makes one answer of the rows of several shards, as place.parts says
    checks_logins = False       # by SCRAM; others leave that to the server, which trusts
    most_clients = None         # that run statements at once; None: as many as come
    idle_limit = None           # clients that an instance can hold idle; None: as many as come
    idle_reason = ""

    def instance_for(self, protocol):
        """Which instance serves a protocol of pgbench: any word; each has its own process."""
        del protocol
        return "one"

    def takes(self, case):
        """Whether a case of pgbench.CASES means something for it."""
        return ((self.most_clients is None or case.clients <= self.most_clients)
                and (self.checks_logins or not (case.is_login_each and case.login == "scram")))

    def command(self, place, instance):
        """Write what the program reads into place.dir; return its command line."""
        raise NotImplementedError

    def version(self):
        """One line for the report."""
        return ""


class Running:
    """A started instance."""

    def __init__(self, contender, instance, place):
        self.contender, self.place = contender, place
        self.address, self.port = "127.0.0.1", place.port
        self.pid_file = place.dir / "pid"
        self.log_file = place.dir / "log"
        self.process = None
        if contender.program is None:
            self.address, self.port = place.node_address, place.node_port
        else:
            self._start(instance)

    def _start(self, instance):
        as_user = clusters.server_user() if self.contender.as_server_user else {}
        argv = [str(a) for a in self.contender.command(self.place, instance)]
        if as_user:
            for path in (self.place.dir, *self.place.dir.rglob("*")):
                os.chown(path, as_user["user"], as_user["group"])
        self.process = processes.spawn(argv, self.pid_file, self.log_file,
                                       clusters.plain_env(), **as_user)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Unavailable(f"{self.contender.name} does not start:\n"
                                  f"{self.log_file.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def _listens(self):
        try:
            socket.create_connection((self.address, self.port), 1).close()
            return True
        except OSError:
            return False

    def pids(self):
        """The processes of the proxy."""
        return procs.family(self.process.pid) if self.process else []

    def stop(self):
        if self.process:
            processes.stop(self.pid_file)
            self.process.wait()


def _load(file):
    spec = importlib.util.spec_from_file_location(f"bench_d_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.contenders()


def read_all(shardward):
    """The contenders in the order of the files' names, and what is missing: (name, reason)."""
    found, missing = [], []
    for file in sorted(DESCRIPTIONS.glob("*.py")):
        for contender in _load(file):
            if contender.program == "shardward":
                contender.program = shardward
            if contender.program is None or os.access(contender.program, os.X_OK):
                found.append(contender)
            else:
                missing.append((contender.name, f"{contender.program} is not installed"))
    return found, missing


def first_line(*argv):
    """The first line that a program says, for version()."""
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
                            stderr=subprocess.STDOUT, text=True, env=clusters.plain_env())
    return (result.stdout.splitlines() or [""])[0].strip()
