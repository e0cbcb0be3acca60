"""clusters - the throw-away PostgreSQL clusters of the booking platform.

    clusters.py start  --dir DIR --base-port N [--fast]
    clusters.py stop   --dir DIR
    clusters.py status --dir DIR

DIR holds everything, and a marker file that says so:

    DIR/.shardward-state    the marker; a directory without it is never touched
    DIR/booking.yaml        conf/booking.yaml with the ports of this instance
    DIR/nodes/NAME          the data directory of a node
    DIR/nodes/NAME.log      its log
    DIR/nodes/superuser     the password of the superuser 'postgres' on all nodes

PostgreSQL refuses to run as root; for root the nodes run as the system user 'postgres', and
where that user cannot reach DIR, DIR/nodes is a link into /var/tmp. A node is only ever stopped
through its own data directory. --fast: primaries only, and no fsync.
"""

import argparse
import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import processes  # noqa: E402
import topology   # noqa: E402

BIN = Path("/usr/lib/postgresql/15/bin")
MARKER = ".shardward-state"
APP_USER, APP_PASSWORD = "booking", "booking"
CONTROL_USER, CONTROL_PASSWORD = "shardward", "shardward"
START_TIMEOUT_S = 60

SETTINGS = """
shared_buffers = 16MB
max_connections = 200
max_prepared_transactions = 200
wal_level = replica
wal_log_hints = on
hot_standby = on
max_wal_senders = 10
wal_keep_size = 128MB
wal_sender_timeout = 5s
wal_receiver_timeout = 5s
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 200ms
max_wal_size = 256MB
min_wal_size = 32MB
jit = off
unix_socket_directories = ''
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
"""

HBA = """
host all         all 127.0.0.0/8 scram-sha-256
host replication all 127.0.0.0/8 scram-sha-256
"""

# What the control user of a managed cluster does beside reading: as `shardward install` says it.
RIGHTS = f"""
GRANT pg_monitor, pg_signal_backend TO {CONTROL_USER};
GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer), pg_reload_conf(), pg_show_all_file_settings()
    TO {CONTROL_USER};
GRANT SELECT ON pg_file_settings TO {CONTROL_USER};
GRANT SET, ALTER SYSTEM ON PARAMETER shardward.term, shardward.promise, shardward.restore_command,
    primary_conninfo, restore_command, synchronous_standby_names, default_transaction_read_only
    TO {CONTROL_USER};
GRANT CREATE ON DATABASE postgres TO {CONTROL_USER};
"""


class Failure(Exception):
    """What went wrong, as a text for the user."""


def plain_env(**extra):
    """The environment without anything that libpq would read from it."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
    return {**env, "LC_ALL": "C.UTF-8", **extra}


def server_user():
    """Whom a server runs as, for subprocess: ourselves, unless we are root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


class Clusters:
    def __init__(self, state_dir):
        self.dir = Path(state_dir).absolute()
        self.nodes_dir = (self.dir / "nodes").resolve()
        self.config_file = self.dir / "booking.yaml"
        self.nodes, self.shards = [], []
        if self.config_file.exists():
            self._read_config()

    def _read_config(self):
        self.nodes, self.shards = topology.read(self.config_file.read_text())

    def is_ours(self):
        return (self.dir / MARKER).exists()

    def node(self, name):
        return next(node for node in self.nodes if node.name == name)

    def primary(self, cluster):
        return next(n for n in self.nodes if n.cluster == cluster and n.is_primary)

    def place(self, shard_name):
        """The node to write to and the database of a shard ('catalog' for the catalog database)."""
        shard = next(shard for shard in self.shards if shard.name == shard_name)
        return self.primary(shard.cluster), shard.dbname

    # Programs of PostgreSQL

    def _run(self, program, *args, **extra_env):
        result = subprocess.run(
            [BIN / program, *map(str, args)], **server_user(),
            cwd=self.nodes_dir, env=plain_env(**extra_env), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if result.returncode != 0:
            raise Failure(f"{program} {' '.join(map(str, args))}:\n{result.stdout}")
        return result.stdout

    def superuser_password(self):
        return (self.nodes_dir / "superuser").read_text().strip()

    def psql(self, node, dbname, *args, user="postgres", sql=None):
        password = self.superuser_password() if user == "postgres" else APP_PASSWORD
        result = subprocess.run(
            [BIN / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", node.address, "-p",
             str(node.port), "-U", user, "-d", dbname, *map(str, args)],
            env=plain_env(PGPASSWORD=password), input=sql, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if result.returncode != 0:
            raise Failure(f"psql on {node.name}, database {dbname}:\n{result.stderr}")
        return result.stdout

    # Making

    def start(self, base_port, fast=False):
        self._make_dirs()
        self.config_file.write_text(topology.config_for(base_port, only_primaries=fast))
        self._read_config()
        self._refuse_taken_ports()
        self._write_password()
        with ThreadPoolExecutor() as pool:
            primaries = [node for node in self.nodes if node.is_primary]
            list(pool.map(lambda node: self._make_primary(node, fast), primaries))
            replicas = [node for node in self.nodes if not node.is_primary]
            list(pool.map(self._make_replica, replicas))

    def _make_dirs(self):
        if self.dir.exists() and not self.is_ours() and any(self.dir.iterdir()):
            raise Failure(f"{self.dir} holds files of somebody else; choose another --dir")
        if self.nodes_dir.exists():
            raise Failure(f"{self.dir} is in use; stop it first")
        self.dir.mkdir(parents=True, exist_ok=True)
        (self.dir / MARKER).touch()
        if os.geteuid() == 0 and not self._server_user_reaches(self.dir):
            self.nodes_dir = Path(tempfile.mkdtemp(prefix="shardward-", dir="/var/tmp"))
            (self.nodes_dir / MARKER).touch()
            (self.dir / "nodes").symlink_to(self.nodes_dir)
        self.nodes_dir.mkdir(mode=0o700, exist_ok=True)
        self._give_to_server_user(self.nodes_dir)

    def _server_user_reaches(self, path):
        return subprocess.run(["/usr/bin/test", "-x", path], cwd="/", check=False,
                              **server_user()).returncode == 0

    @staticmethod
    def _give_to_server_user(path):
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(path, account.pw_uid, account.pw_gid)

    def _refuse_taken_ports(self):
        for node in self.nodes:
            if not is_free(node.address, node.port):
                raise Failure(f"{node.address}:{node.port} is taken; choose another --base-port")

    def _write_password(self):
        path = self.nodes_dir / "superuser"
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16))
        self._give_to_server_user(path)

    def _make_primary(self, node, fast):
        data = self.nodes_dir / node.name
        self._run("initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                  "--auth=scram-sha-256", f"--pwfile={self.nodes_dir / 'superuser'}", "--no-sync")
        with open(data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(SETTINGS)
            if fast:
                conf.write("fsync = off\n")
        (data / "pg_hba.conf").write_text(HBA)
        self.start_node(node)
        self._make_databases(node)

    def _make_databases(self, node):
        # One session: they all copy template1, which allows one copier at a time.
        shards = [shard for shard in self.shards if shard.cluster == node.cluster]
        self.psql(node, "postgres", sql="".join(
            [f"CREATE ROLE {APP_USER} LOGIN PASSWORD '{APP_PASSWORD}';\n",
             # A member, so that it can repair what the application's role has changed.
             f"CREATE ROLE {CONTROL_USER} LOGIN REPLICATION PASSWORD '{CONTROL_PASSWORD}'"
             f" IN ROLE {APP_USER};\n{RIGHTS}",
             *(f"CREATE DATABASE {s.dbname} OWNER {APP_USER};\n"
               f"GRANT CREATE ON DATABASE {s.dbname} TO {CONTROL_USER};\n" for s in shards)]))
        for shard in shards:
            self.load_schema(node, shard.dbname, shard.business)

    def load_schema(self, node, dbname, business=""):
        """The tables of one business, or of all, owned by the application's role."""
        names = [business] if business else topology.businesses(self.shards)
        files = [arg for name in names for arg in ("-f", topology.SCHEMA / f"{name}.sql")]
        self.psql(node, dbname, "-1", *files, user=APP_USER)

    def install(self, program):
        """Schema shardward on every shard, and the map accepted."""
        result = subprocess.run([program, "install", "-c", self.config_file], env=plain_env(),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
        if result.returncode != 0:
            raise Failure(f"{program} install -c {self.config_file}:\n{result.stdout}")
        return result.stdout

    def _make_replica(self, node):
        primary = self.primary(node.cluster)
        self._run("pg_basebackup", "-D", self.nodes_dir / node.name, "-R", "-X", "stream",
                  "--checkpoint=fast", "--no-sync", "-h", primary.address, "-p", primary.port,
                  "-U", "postgres", PGPASSWORD=self.superuser_password(), PGAPPNAME=node.name)
        self.start_node(node)

    # A replica of another primary than before

    def conninfo(self, node, primary):
        """How a node reaches the primary that it follows."""
        return (f"host={primary.address} port={primary.port} user=postgres"
                f" password={self.superuser_password()} application_name={node.name} connect_timeout=2")

    def _term(self, node):
        """The newest term that a node has promised; what it has promised it may not forget."""
        lines = (self.nodes_dir / node.name / "postgresql.auto.conf").read_text()
        return max(map(int, re.findall(r"^shardward\.term = '(\d+)'", lines, re.M)), default=0)

    def follow(self, node, primary, term=0):
        """While it is stopped: it will be a replica of that primary."""
        data = self.nodes_dir / node.name
        term = max(term, self._term(node))
        settings = [f"primary_conninfo = '{self.conninfo(node, primary)}'\n"]
        settings += [f"shardward.term = '{term}'\n"] if term else []
        for path, text in ((data / "standby.signal", ""),
                           (data / "postgresql.auto.conf", "".join(settings))):
            path.touch(mode=0o600)
            path.write_text(text)
            self._give_to_server_user(path)

    def rewind(self, node, primary):
        """While it is stopped: what it has written that the primary has not is taken back."""
        # pg_rewind goes by the primary's last checkpoint, and that may be older than its promotion.
        self.psql(primary, "postgres", "-c", "CHECKPOINT")
        term = self._term(node)
        self._run("pg_rewind", "--no-sync", "-D", self.nodes_dir / node.name, "--source-server",
                  f"host={primary.address} port={primary.port} user=postgres dbname=postgres"
                  f" password={self.superuser_password()}")
        self.follow(node, primary, term)

    # Running

    def start_node(self, node):
        # The address is no line of postgresql.conf: a base backup would copy it to the replica.
        listen = f"-c listen_addresses={node.address} -c port={node.port}"
        try:
            self._run("pg_ctl", "start", "-w", "-s", "-t", START_TIMEOUT_S,
                      "-D", self.nodes_dir / node.name, "-l", self.nodes_dir / f"{node.name}.log",
                      "-o", listen)
        except Failure as failure:
            log = (self.nodes_dir / f"{node.name}.log").read_text()
            raise Failure(f"{failure}\n{log[-2000:]}") from failure

    def postmaster_pid(self, node):
        """The pid of a node's running server, or None; never that of another program."""
        data = self.nodes_dir / node.name
        try:
            pid = int((data / "postmaster.pid").read_text().split()[0])
            return pid if os.readlink(f"/proc/{pid}/cwd") == str(data) else None
        except (OSError, ValueError, IndexError):
            return None

    def processes(self, node):
        """The pids of a node's postmaster and its children; none if it does not run."""
        pid = self.postmaster_pid(node)
        return [pid, *self._children(pid)] if pid else []

    @staticmethod
    def _children(pid):
        try:
            return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []

    @staticmethod
    def _signal(pid, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def signal_node(self, node, number):
        """To all processes of a node, also those that are born meanwhile. Whether there were any."""
        done = set()
        while rest := [pid for pid in self.processes(node) if pid not in done]:
            for pid in rest:
                self._signal(pid, number)
            done.update(rest)
        return bool(done)

    def state(self, node):
        """down, frozen or running."""
        pid = self.postmaster_pid(node)
        if pid is None:
            return "down"
        letter = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return "frozen" if letter == "T" else "running"

    def stop_node(self, node, mode="fast"):
        if self.signal_node(node, signal.SIGCONT):
            self._run("pg_ctl", "stop", "-w", "-s", "-t", START_TIMEOUT_S, "-m", mode,
                      "-D", self.nodes_dir / node.name)

    def kill_node(self, node):
        """What a crash of the server is: SIGKILL to the postmaster, then to its children."""
        pid = self.postmaster_pid(node)
        victims = [pid, *self._children(pid)]
        for victim in victims:
            self._signal(victim, signal.SIGKILL)
        deadline = time.monotonic() + START_TIMEOUT_S
        while any(processes.started_at(victim) for victim in victims):
            if time.monotonic() > deadline:
                raise Failure(f"{node.name} survived its kill")
            time.sleep(0.02)
        # Where nobody collects the dead, PostgreSQL takes the zombie for a living postmaster.
        (self.nodes_dir / node.name / "postmaster.pid").unlink(missing_ok=True)

    def stop(self):
        """Stop all nodes and remove DIR."""
        if not self.is_ours():
            raise Failure(f"{self.dir} holds no platform of shardward")
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._stop_for_good, self.nodes))
        if (self.dir / "nodes").is_symlink() and (self.nodes_dir / MARKER).exists():
            shutil.rmtree(self.nodes_dir)
        shutil.rmtree(self.dir)

    def _stop_for_good(self, node):
        # Nothing has to survive: 'immediate' saves the last checkpoint.
        try:
            self.stop_node(node, "immediate")
        except Failure:
            self.stop_node(node, "fast")

    def status(self):
        """One line per node: name, address, role; 'down' or 'frozen' for one that does not answer."""
        for node in self.nodes:
            role = self.state(node)
            if role == "running":
                answer = self.psql(node, "postgres", "-c", "SELECT pg_is_in_recovery()")
                role = "replica" if answer.strip() == "t" else "primary"
            yield f"{node.name:10} {node.address}:{node.port}  {role}"


def is_free(address, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


UNIT = 20
_claims = []


def claim(base, count):
    """Keep these ports from other programs of this project, which may be about to use them too, until this
    process ends. False: somebody else has. Of each unit of ports, by a socket that has no file."""
    held = []
    for unit in range(base // UNIT, (base + count - 1) // UNIT + 1):
        held.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        try:
            held[-1].bind(f"\0shardward-ports-{unit}")
        except OSError:
            for one in held:
                one.close()
            return False
    _claims.extend(held)
    return True


def free_base_port(start=21000):
    """A base port whose whole range is free now on all the addresses of the platform."""
    nodes, _ = topology.read(topology.CONFIG.read_text())
    addresses = {"127.0.0.1", *(node.address for node in nodes)}
    first = start + UNIT * (os.getpid() % 400)
    for base in range(first, first + 100 * UNIT, UNIT):
        if all(is_free(a, p) for a in addresses for p in range(base, base + UNIT)) and claim(base, UNIT):
            return base
    raise Failure("no free range of ports")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["start", "stop", "status"])
    parser.add_argument("--dir", required=True)
    parser.add_argument("--base-port", type=int, default=topology.CONFIG_PORT)
    parser.add_argument("--fast", action="store_true")
    args = parser.parse_args()
    clusters = Clusters(args.dir)
    began = time.monotonic()
    if args.action == "start":
        clusters.start(args.base_port, args.fast)
        print(f"{len(clusters.nodes)} nodes in {time.monotonic() - began:.1f} s")
    elif args.action == "stop":
        clusters.stop()
    else:
        print(*clusters.status(), sep="\n")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"clusters: {failure}")
