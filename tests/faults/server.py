"""server - one PostgreSQL server that is a child of this program, and what can happen to it.

The postmaster is our own child, never pg_ctl's: after a SIGKILL we collect it, so that no zombie
makes PostgreSQL believe that the data directory is still in use. A server is signalled by the pids
that we know to be its own, the postmaster's and its children's, and by nothing else.
"""

import contextlib
import os
import pwd
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "tools" / "lib")]

import wire                                                     # noqa: E402
from clusters import BIN, Failure, plain_env, server_user       # noqa: E402

READY_TIMEOUT_S = 30
ASK_TIMEOUT_S = 15
SUPERUSER, SUPERUSER_PASSWORD = "postgres", "postgres"
REPLICATOR = "replicator"           # who the standbys are to their primary


class Refused(Exception):
    """An ErrorResponse; `code` is its SQLSTATE."""

    def __init__(self, fields):
        super().__init__(f"{fields['C']}: {fields['M']}")
        self.code = fields["C"]


def connect(address, port, user, password, dbname, timeout_s=ASK_TIMEOUT_S, **params):
    """A logged-in Wire whose every read is limited in time. Raises OSError, wire.Closed, Refused."""
    connection = wire.Wire(address, port)
    connection.socket.settimeout(timeout_s)
    try:
        answers = connection.login({"user": user, "database": dbname, **params}, password)
        if answers[-1].kind != "Z":
            raise Refused(answers[-1].fields())
    except BaseException:
        connection.close()
        raise
    return connection


def ask(connection, sql):
    """The rows of one simple query; the first ErrorResponse raises Refused."""
    answers = connection.query(sql)
    for answer in answers:
        if answer.kind == "E":
            raise Refused(answer.fields())
    return wire.rows_of(answers)


def run_as_server_user(argv, **options):
    result = subprocess.run([str(arg) for arg in argv], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                            cwd="/", **server_user(), **options)
    if result.returncode != 0:
        raise Failure(f"{' '.join(map(str, argv))}:\n{result.stdout}")
    return result.stdout


def until(condition, what, timeout_s=READY_TIMEOUT_S):
    """Wait until condition() is true, and return what it said."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {timeout_s} s")
        time.sleep(0.02)


def _state_of(pid):
    """The letter of a process's state in /proc, or None."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def _signal(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@dataclass
class Server:
    name: str
    cloud: str
    address: str
    port: int
    data: Path
    within: tuple = ()              # the words that run a program in a network namespace
    behind: int = 0                 # where it listens, if a relay has its port; see links
    variables: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)    # which pg_rewind does not take from another node
    by: str = ""                    # more words of how it reaches its primary
    process: subprocess.Popen = field(default=None, repr=False)

    @property
    def log_file(self):
        return self.data.with_name(self.data.name + ".log")

    # Life

    def start(self):
        """Start the postmaster and return; see wait_ready()."""
        argv = [BIN / "postgres", "-D", self.data, "-c", f"listen_addresses={self.address}",
                "-c", f"port={self.behind or self.port}", "-c", f"cluster_name={self.name}",
                *(word for setting in self.settings.items() for word in ("-c", "=".join(setting)))]
        account = server_user()
        if self.within and account:
            name = pwd.getpwuid(account["user"]).pw_name
            argv = [*self.within, "setpriv", f"--reuid={name}", f"--regid={account['group']}",
                    "--init-groups", *argv]
            account = {}
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [str(arg) for arg in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=plain_env(**self.variables), cwd="/", start_new_session=True, **account)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def wait_ready(self, timeout_s=READY_TIMEOUT_S):
        until(self._answers, f"{self.name} answers", timeout_s)

    def _answers(self):
        if not self.is_running():
            raise Failure(f"{self.name} ended:\n{self.log_file.read_text(errors='replace')[-2000:]}")
        try:
            return self.query("SELECT 1") == [["1"]]
        except (OSError, wire.Closed, Refused):
            return False

    def stop(self, mode="fast"):
        """What `pg_ctl stop -m fast` or `-m immediate` does."""
        if self.is_running():
            self.thaw()
            _signal(self.process.pid, {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])
            self.process.wait(READY_TIMEOUT_S)

    def end(self):
        try:
            self.stop("immediate")
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        """SIGKILL to the postmaster and all its children, with nobody left to notice in between."""
        if not self.is_running():
            return
        _signal(self.process.pid, signal.SIGSTOP)
        children = self.children()
        for pid in (self.process.pid, *children):
            _signal(pid, signal.SIGKILL)
        self.process.wait()
        until(lambda: all(self._is_gone(pid) for pid in children), f"{self.name} is dead")

    @staticmethod
    def _is_gone(pid):
        # Whoever adopts orphans may be us: then they are ours to collect.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        return _state_of(pid) in (None, "Z", "X")

    # Parts of it

    def children(self):
        pid = self.process.pid
        try:
            return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []

    def freeze(self, only_postmaster=False):
        """SIGSTOP: its connections stay open, the kernel acknowledges what is sent to it."""
        _signal(self.process.pid, signal.SIGSTOP)
        stopped = {self.process.pid}
        while not only_postmaster and (rest := set(self.children()) - stopped):
            for pid in rest:
                _signal(pid, signal.SIGSTOP)
            stopped |= rest
        until(lambda: all(_state_of(pid) in (None, "T", "Z") for pid in stopped), f"{self.name} stops")

    def thaw(self):
        for pid in (*self.children(), self.process.pid):
            _signal(pid, signal.SIGCONT)

    def backends(self, kind):
        """The pids of its processes of a backend_type, as 'walreceiver' or 'startup'."""
        return [int(pid) for (pid,) in self.query(
            f"SELECT pid FROM pg_stat_activity WHERE backend_type = '{kind}'")]

    def signal_backends(self, kind, number):
        """How many processes of that backend_type were sent the signal."""
        pids = self.backends(kind)
        for pid in pids:
            _signal(pid, number)
        return len(pids)

    # Questions

    def connect(self, user=SUPERUSER, password=SUPERUSER_PASSWORD, dbname="postgres", **options):
        return connect(self.address, self.behind or self.port, user, password, dbname, **options)

    def query(self, sql, dbname="postgres", **options):
        with self.connect(dbname=dbname, **options) as connection:
            return ask(connection, sql)

    def is_primary(self):
        return self.query("SELECT pg_is_in_recovery()") == [["f"]]

    def timeline(self):
        """Of a primary: that of what it writes."""
        return int(self.query("SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))"
                              "::bit(32)::int")[0][0])

    def set(self, **settings):
        """ALTER SYSTEM and a reload; the value None is RESET."""
        with self.connect() as connection:
            for name, value in settings.items():
                word = f"RESET {name}" if value is None else f"SET {name} = '{value}'"
                ask(connection, f"ALTER SYSTEM {word}")
            ask(connection, "SELECT pg_reload_conf()")

    def note(self, **values):
        """Durable settings of shardward's own, as a coordinator would leave them."""
        with self.connect() as connection:
            for name, value in values.items():
                ask(connection, f"SET shardward.{name} = '{value}'")
                ask(connection, f"ALTER SYSTEM SET shardward.{name} = '{value}'")

    def promote(self):
        """By hand, as an operator would: nobody else is asked or told."""
        with self.connect(timeout_s=READY_TIMEOUT_S) as connection:
            assert ask(connection, "SELECT pg_promote(true, 20)") == [["t"]], f"{self.name}: pg_promote"

    def replace_data(self, source):
        """While it is stopped: by a copy of another data directory."""
        subprocess.run(["rm", "-rf", self.data], check=True)
        subprocess.run(["cp", "-a", "--reflink=auto", source, self.data], check=True)

    # As a standby

    def conninfo_for(self, standby):
        """How a standby reaches this server."""
        return (f"host={self.address} port={self.port} user={REPLICATOR} password={REPLICATOR}"
                f" application_name={standby.name} connect_timeout=2{standby.by}")

    def write_auto_conf(self, **settings):
        lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
        path = self.data / "postgresql.auto.conf"
        path.write_text("".join(lines))
        os.chmod(path, 0o600)
        give(path)

    def become_standby_of(self, primary):
        """While it is stopped: the files that make it one."""
        signal_file = self.data / "standby.signal"
        signal_file.touch()
        give(signal_file)
        term = self._auto_conf_term()
        self.write_auto_conf(primary_conninfo=primary.conninfo_for(self),
                             **({"shardward.term": term} if term else {}))

    def _auto_conf_term(self):
        found = re.findall(r"^shardward\.term\s*=\s*'(\d+)'",
                           (self.data / "postgresql.auto.conf").read_text(), re.M)
        return int(found[-1]) if found else 0

    def rejoin(self, primary):
        """Stopped or not, and whatever it has written that the primary has not: rewound, and started
        as the primary's standby."""
        if self.is_running():
            self.stop()
        term = self._auto_conf_term()
        # pg_rewind goes by the primary's last checkpoint, and that may be older than its promotion.
        primary.query("CHECKPOINT")
        run_as_server_user([BIN / "pg_rewind", "-D", self.data, "--source-server",
                            f"host={primary.address} port={primary.port} user={SUPERUSER}"
                            f" password={SUPERUSER_PASSWORD} dbname=postgres"], env=plain_env())
        term = max(term, self._auto_conf_term())
        self.write_auto_conf(**({"shardward.term": term} if term else {}))
        self.become_standby_of(primary)
        self.start()

    def rebuild(self, primary):
        """The same from a base backup: pg_rewind takes two timelines of the same number that began at the
        same place for one, and two promotions of equal standbys make such."""
        if self.is_running():
            self.stop()
        subprocess.run(["rm", "-rf", self.data], check=True)
        run_as_server_user([BIN / "pg_basebackup", "-D", self.data, "-X", "stream", "--checkpoint=fast",
                            "--no-sync", "-h", primary.address, "-p", primary.port, "-U", SUPERUSER],
                           env=plain_env(PGPASSWORD=SUPERUSER_PASSWORD))
        self.become_standby_of(primary)
        self.start()


def give(path):
    """Let the user that servers run as have a file or directory."""
    account = server_user()
    if account:
        os.chown(path, account["user"], account["group"])
