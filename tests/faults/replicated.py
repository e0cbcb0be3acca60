#!/usr/bin/python3
"""replicated - clusters of one primary and its streaming standbys, each in a cloud of its own.

    replicated.py [--nodes 3] [--clusters 1] [--sync] [--dir DIR] [--base-port N]

starts them, prints the YAML that shardward needs, and waits until it is interrupted; then nothing
is left. The tests use the classes. A cluster is a copy of a prepared data directory: a template
is made once, in some seconds, and a cluster of it stands in one.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import server                                                                   # noqa: E402
from server import BIN, REPLICATOR, SUPERUSER, SUPERUSER_PASSWORD, Server       # noqa: E402
from server import Failure, plain_env, run_as_server_user, until                # noqa: E402
import clusters as usual                                                        # noqa: E402
from clusters import CONTROL_PASSWORD, CONTROL_USER, claim, is_free             # noqa: E402

CLOUDS = ("east", "west", "north")
APP_USER = APP_PASSWORD = DATABASE = "bank"
ROWS_OF_A_SHARD = 1_000_000_000     # shard n (from 0) has the ids from n times this
ACCOUNTS_OF_A_SHARD = 64
FIRST_BALANCE = 1000
ROOM = 2 << 30                      # bytes that six servers and their logs never need

# Of two lines in a file the later one holds.
SETTINGS = usual.SETTINGS + """
max_connections = 80
superuser_reserved_connections = 10
dynamic_shared_memory_type = mmap
"""

HBA = usual.HBA + """
host all         all 10.0.0.0/8  scram-sha-256
host replication all 10.0.0.0/8  scram-sha-256
"""

ROLES = f"""
CREATE ROLE {REPLICATOR} LOGIN REPLICATION PASSWORD '{REPLICATOR}';
CREATE ROLE {APP_USER} LOGIN PASSWORD '{APP_PASSWORD}';
CREATE ROLE {CONTROL_USER} LOGIN REPLICATION PASSWORD '{CONTROL_PASSWORD}' IN ROLE {APP_USER};
"""

# Each row knows which server wrote it, and on which timeline. A read can say who has answered it.
SCHEMA = """
CREATE FUNCTION served_by() RETURNS text LANGUAGE sql STABLE AS $$SELECT current_setting('cluster_name')$$;
CREATE FUNCTION writer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.node := current_setting('cluster_name');
    NEW.tli := ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int;
    RETURN NEW;
END $$;
CREATE TABLE ledger (id bigint PRIMARY KEY, client int NOT NULL, node text, tli int);
CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL);
CREATE TABLE legs (id bigint, transfer bigint, amount bigint NOT NULL, node text, tli int, PRIMARY KEY (id, transfer));
CREATE TABLE counters (id bigint PRIMARY KEY, n bigint NOT NULL, node text, tli int);
CREATE TRIGGER writer BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION writer();
CREATE TRIGGER writer BEFORE INSERT ON legs FOR EACH ROW EXECUTE FUNCTION writer();
CREATE TRIGGER writer BEFORE INSERT OR UPDATE ON counters FOR EACH ROW EXECUTE FUNCTION writer();
"""


@dataclass
class Template:
    """A data directory to copy: roles, databases and tables are there, and the server is stopped."""
    name: str
    shards: dict                    # name of a shard, which is its database's too -> its number
    data: Path

    def make(self, address, port):
        self.data.parent.mkdir(parents=True, exist_ok=True)
        server.give(self.data.parent)
        password = self.data.with_name(self.data.name + ".password")
        password.write_text(SUPERUSER_PASSWORD)
        run_as_server_user([BIN / "initdb", "-D", self.data, "-U", SUPERUSER, "-E", "UTF8",
                            "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password}",
                            "--no-sync"], env=plain_env())
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(SETTINGS)
        (self.data / "pg_hba.conf").write_text(HBA)
        one = Server(self.name, "", address, port, self.data)
        one.start()
        try:
            one.wait_ready()
            self._fill(one)
        finally:
            one.stop()

    def _fill(self, one):
        one.query(ROLES + usual.RIGHTS)
        for dbname in (DATABASE, *self.shards):
            one.query(f"CREATE DATABASE {dbname} OWNER {APP_USER}")
            one.query(f"GRANT CREATE ON DATABASE {dbname} TO {CONTROL_USER}")
            with one.connect(APP_USER, APP_PASSWORD, dbname) as connection:
                server.ask(connection, SCHEMA)
                if dbname in self.shards:
                    first = self.shards[dbname] * ROWS_OF_A_SHARD
                    server.ask(connection, "INSERT INTO accounts SELECT id, "
                               f"{FIRST_BALANCE} FROM generate_series({first}, "
                               f"{first + ACCOUNTS_OF_A_SHARD - 1}) id")


@dataclass
class Cluster:
    """The first server is the one that begins as the primary."""
    name: str
    servers: list
    is_sync: bool
    shards: dict
    dir: Path

    @classmethod
    def of(cls, template, directory, port, is_sync, nodes=3, clouds=None):
        """clouds: a clouds.Clouds if each cloud is a network namespace."""
        number = int(template.name.removeprefix("c"))
        order = [CLOUDS[(number - 1 + i) % len(CLOUDS)] for i in range(nodes)]
        servers = []
        for i, cloud in enumerate(order):
            address = (clouds.address(cloud, number) if clouds
                       else f"127.0.{CLOUDS.index(cloud) + 1}.{number}")
            servers.append(Server(f"{template.name}-{cloud}", cloud, address, port + i,
                                  directory / f"{template.name}-{cloud}",
                                  clouds.within(cloud) if clouds else ()))
        one = cls(template.name, servers, is_sync, template.shards, directory)
        one._copy(template)
        return one

    def _copy(self, template):
        self.dir.mkdir(parents=True, exist_ok=True)
        server.give(self.dir)
        for one in self.servers:
            subprocess.run(["cp", "-a", "--reflink=auto", template.data, one.data], check=True)
        first, *others = self.servers
        first.write_auto_conf(**({"synchronous_standby_names": self.quorum_of(others)}
                                 if self.is_sync else {}))
        for one in others:
            one.become_standby_of(first)

    @staticmethod
    def quorum_of(standbys):
        names = ", ".join(f'"{one.name}"' for one in standbys)
        return f"ANY 1 ({names})" if standbys else ""

    def start(self):
        for one in self.servers:
            one.start()
        for one in self.servers:
            one.wait_ready()
        until(self.is_streaming, f"the standbys of {self.name} stream")

    def is_streaming(self):
        """Whether all standbys follow the first server."""
        return int(self.servers[0].query("SELECT count(*) FROM pg_stat_replication"
                                         " WHERE state = 'streaming'")[0][0]) == len(self.servers) - 1

    def end(self):
        """Nothing has to survive but the machine: a server that may end itself leaves no shared memory."""
        for one in self.servers:
            one.end()

    def primaries(self):
        """The servers that answer and would take writes, those of the highest timeline first."""
        found = []
        for one in self.servers:
            try:
                if one.is_running() and one.is_primary():
                    found.append((one.timeline(), one))
            except (OSError, server.wire.Closed, server.Refused):
                pass
        return [one for _, one in sorted(found, key=lambda pair: -pair[0])]

    def yaml(self, failover, sections=None):
        """sections: what stands under `health`, `promotion`, `tls` ..., without braces."""
        lines = [f"  {self.name}:", f"    failover: {failover}",
                 f"    control: {{user: {CONTROL_USER}, password: {CONTROL_PASSWORD}, dbname: postgres}}",
                 *(f"    {name}: {{{words}}}" for name, words in (sections or {}).items()), "    nodes:"]
        lines += [f"      - {{name: {one.name}, address: {one.address}, port: {one.port},"
                  f" cloud: {one.cloud}}}" for one in self.servers]
        return "\n".join(lines) + "\n"


def config(clusters, port, failover, lease="10s", cloud="east", sections=None):
    """The whole YAML of a bank on the shards of these clusters; sections: of each cluster."""
    shards = {name: (number, one.name) for one in clusters for name, number in one.shards.items()}
    last = max(number for number, _ in shards.values())
    ranges = []
    for name, (number, _) in shards.items():
        low = "null" if number == 0 else number * ROWS_OF_A_SHARD
        high = "null" if number == last else (number + 1) * ROWS_OF_A_SHARD
        ranges.append(f"{name}: [[{low}, {high}]]")
    places = ", ".join(f"{name}: {{cluster: {cluster}, dbname: {name}}}"
                       for name, (_, cluster) in shards.items())
    key = "key: id, placement: by_id"
    return f"""listen: 127.0.0.1:{port}
cloud: {cloud}
workers: 2
admin:
  listen: 127.0.0.1:{port + 1}
  users: [{{name: admin, password: admin}}]
http: 127.0.0.1:{port + 2}
timeouts: {{lease: {lease}, connect: 2s, drain: 2s}}
clusters:
{"".join(one.yaml(failover, sections) for one in clusters)}users:
  {APP_USER}:
    password: {APP_PASSWORD}
    server: {{user: {APP_USER}, password: {APP_PASSWORD}}}
databases:
  {DATABASE}:
    catalog: {{cluster: {clusters[0].name}, dbname: {DATABASE}}}
    businesses:
      bank:
        shards: {{{places}}}
        placements:
          by_id:
            range: {{type: bigint}}
            map: {{{", ".join(ranges)}}}
        tables:
          accounts: {{{key}}}
          ledger: {{{key}, triggers: local}}
          legs: {{{key}, triggers: local}}
          counters: {{{key}, triggers: local}}
        functions:
          served_by(): {{harmless: true}}
"""


def free_ports(first, addresses, count=40):
    """The first of so many ports that are free now on all these addresses."""
    for base in range(first, 60000, count):
        if (all(is_free(address, port) for address in addresses for port in range(base, base + count))
                and claim(base, count)):
            return base
    raise Failure("no free range of ports")


def work_directory(name, in_memory=True):
    """A new directory that the user of the servers can reach; in memory, if there is room: to copy a
    data directory is then a matter of milliseconds. What is lost with a process is the same there."""
    memory = Path("/dev/shm")
    has_room = in_memory and memory.is_dir() and shutil.disk_usage(memory).free > ROOM
    for parent in ([memory] if has_room else []) + [None, "/var/tmp"]:
        path = Path(tempfile.mkdtemp(prefix=name, dir=parent))
        path.chmod(0o755)
        reached = subprocess.run(["/usr/bin/test", "-x", path], cwd="/", check=False, **server.server_user())
        if reached.returncode == 0:
            return path
        path.rmdir()
    raise Failure("no directory that the user of the servers can reach")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--clusters", type=int, default=1, choices=(1, 2))
    parser.add_argument("--sync", action="store_true", help="ANY 1 of the standbys has each commit")
    parser.add_argument("--failover", default="managed", choices=("off", "follow", "managed"))
    parser.add_argument("--dir", help="a new directory for everything, removed at the end")
    parser.add_argument("--base-port", type=int)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if args.dir:
        directory = Path(args.dir).absolute()
        directory.mkdir(mode=0o755)
    else:
        directory = work_directory("shardward-clusters-")
    started = []
    try:
        _serve(args, directory, started)
    except KeyboardInterrupt:
        pass
    finally:
        for one in started:
            one.end()
        shutil.rmtree(directory)


def _serve(args, directory, started):
    addresses = ["127.0.0.1", *(f"127.0.{c}.{n}" for c in (1, 2, 3) for n in (1, 2))]
    port = args.base_port or free_ports(23000, addresses)
    templates = [Template(f"c{n}", {f"s{n}": n - 1}, directory / "templates" / f"c{n}")
                 for n in range(1, args.clusters + 1)]
    for number, template in enumerate(templates, 1):
        template.make(f"127.0.1.{number}", port + 10 * number)
        started.append(Cluster.of(template, directory / "nodes", port + 10 * number, args.sync, args.nodes))
    with ThreadPoolExecutor() as pool:
        list(pool.map(Cluster.start, started))
    file = directory / "bank.yaml"
    file.write_text(config(started, port, args.failover))
    print(file.read_text())
    for cluster in started:
        for one in cluster.servers:
            print(f"# {one.name}: postmaster {one.process.pid}, {one.data}, {one.log_file}")
    print(f"# {file}; next: shardward install -c {file}; shardward run -c {file}\n"
          f"# psql 'host={started[0].servers[0].address} port={started[0].servers[0].port} user={SUPERUSER}"
          f" password={SUPERUSER_PASSWORD}'\n# through shardward: psql -h 127.0.0.1 -p {port} -U {APP_USER} {DATABASE}"
          f" (password {APP_PASSWORD}); the console: -p {port + 1} -U admin shardward (admin)\n"
          "# Ctrl-C ends all of it", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"replicated: {failure}")
