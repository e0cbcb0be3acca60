"""layouts - the same rows on one PostgreSQL, and behind one shardward in databases of different shape.

Each layout is a database of shardward with a catalog and shards of its own. The types of the shards
have other OIDs than those of the catalogs and of the oracle.
"""

import contextlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import clusters
from compare import Client
from placed_rows import KEYS, statements_to_load
from platform_under_test import PASSWORD, USER, Shardward, sanitizer_env

SCHEMA = Path(__file__).resolve().parent / "corpus" / "schema.sql"
ORACLE, MIRROR = "corpus_oracle", "corpus_mirror"
# The same rows on PostgreSQL once more, in another order, and with other plans: what is not the same there
# has more than one right answer.
_OTHER_PLANS = "-c enable_hashagg=off -c enable_hashjoin=off -c enable_indexscan=off"
BUCKETS = 16
_OTHER_OIDS = "".join(f"CREATE TYPE other_{n} AS ENUM ('a', 'b');\nDROP TYPE other_{n};\n" for n in range(9))
TABLES = ("patients", "visits", "bills", "refunds", "events", "nothing")


@dataclass
class Layout:
    name: str
    shard_count: int
    shards_with_rows: int
    keys: str = "hash"                           # or "list", with rows on `listed` alone
    listed: tuple = ()

    @property
    def shards(self):
        return [f"{self.name}_{number}" for number in range(self.shard_count)]

    @property
    def databases(self):
        """Of PostgreSQL, without the catalog."""
        return self.shards + ([f"{self.name}_staff"] if self.shard_count > 1 else [])

    def _map(self):
        if self.keys == "list":
            rest = [s for n, s in enumerate(self.shards) if n not in self.listed]
            places = {name: [str(900000 + n)] for n, name in enumerate(rest)}
            for number, key in enumerate(sorted(KEYS)):
                places.setdefault(self.shards[self.listed[number % len(self.listed)]], []).append(str(key))
            return [f"list: {{type: bigint}}",
                    "map: {" + ", ".join(f"{s}: [{', '.join(v)}]" for s, v in places.items()) + "}"]
        return [f"hash: {{type: bigint, buckets: {BUCKETS}}}", self._buckets()]

    def _buckets(self):
        size = BUCKETS / self.shard_count
        ends = [round(size * number) for number in range(self.shard_count + 1)]
        return "map: {" + ", ".join(f"{s}: {a}-{b - 1}" for s, a, b in zip(self.shards, ends, ends[1:])) + "}"

    def yaml(self):
        cluster = lambda number: f"c{1 + number % 2}"                   # noqa: E731
        shards = [f"            {shard}: {{cluster: {cluster(n)}, dbname: {shard}}}"
                  for n, shard in enumerate(self.shards)]
        lines = [f"  {self.name}:", f"    catalog: {{cluster: c1, dbname: {self.name}_catalog}}",
                 "    businesses:", "      care:", "        shards:",
                 *[line[2:] for line in shards], "        placements:",
                 "          by_patient:", *(f"            {line}" for line in self._map()),
                 "          by_code:", f"            hash: {{type: text, buckets: {BUCKETS}}}",
                 f"            {self._buckets()}", "        tables:",
                 *(f"          {table}: {{key: patient_id, placement: by_patient}}" for table in TABLES),
                 "          wards: {key: code, placement: by_code}", "          tariffs: {reference: true}"]
        if self.shard_count == 1:
            return lines + ["          doctors: {}"]
        return lines + ["      staff:", "        shards:",
                        f"          {self.name}_staff: {{cluster: c1, dbname: {self.name}_staff}}",
                        "        tables:", "          doctors: {}"]


LAYOUTS = [Layout("one", 1, 1), Layout("two", 2, 2), Layout("three", 3, 3), Layout("eight", 8, 8),
           Layout("all_on_one", 3, 1, "list", (1,)), Layout("one_empty", 3, 2, "list", (0, 2))]


class Layouts:
    """One shardward, with a client for each layout, and one of the oracle."""

    def __init__(self, platform):
        self.platform = platform
        self.config_file = platform.dir / "layouts.yaml"
        self.shardward = Shardward(platform.program, self.config_file, platform.port + 6,
                                   platform.dir / "layouts.log")
        self.clients = {layout.name: Client(lambda name=layout.name: platform.logged_in(
            self.shardward.port, database=name), None) for layout in LAYOUTS}
        self.oracle = Client(lambda: platform.oracle_wire(ORACLE), None)
        self.mirror = Client(lambda: platform.oracle_wire(MIRROR, options=_OTHER_PLANS), None)

    def _node_and_database(self, name):
        for layout in LAYOUTS:
            if name in layout.shards:
                return self.platform.clusters.primary(f"c{1 + layout.shards.index(name) % 2}"), name
        return self.platform.main_node, name

    def at_database(self, name):
        node, dbname = self._node_and_database(name)
        return self.platform.at_node(dbname, node)

    def shard_client(self, name):
        """Asks a shard behind shardward's back."""
        node, dbname = self._node_and_database(name)
        return Client(lambda: self.platform.wire_at(node, dbname), None)

    # Making

    def _create(self, node, template, names):
        psql = self.platform.clusters.psql
        psql(node, "postgres", sql="".join(
            f"CREATE DATABASE {name} TEMPLATE {template} OWNER {USER};\n"
            f"GRANT CREATE ON DATABASE {name} TO {clusters.CONTROL_USER};\n" for name in names))

    def _make_databases(self):
        psql = self.platform.clusters.psql
        schema = SCHEMA.read_text()
        c1, c2 = (self.platform.clusters.primary(name) for name in ("c1", "c2"))
        fronts = [ORACLE, MIRROR, *(f"{layout.name}_catalog" for layout in LAYOUTS)]
        backs = [name for layout in LAYOUTS for name in layout.databases]
        for node, template, before in ((c1, "corpus_front", ""), (c1, "corpus_back", _OTHER_OIDS),
                                       (c2, "corpus_back", _OTHER_OIDS * 2)):
            psql(node, "postgres", sql=f"CREATE DATABASE {template} OWNER {USER};\n")
            psql(node, template, user=USER, sql=before + schema)
        self._create(c1, "corpus_front", fronts)
        for node in (c1, c2):
            self._create(node, "corpus_back",
                         [name for name in backs if self._node_and_database(name)[0] is node])

    def _write_config(self):
        nodes = [f"  {node.cluster}:\n"
                 f"    control: {{user: {clusters.CONTROL_USER}, password: {clusters.CONTROL_PASSWORD}}}\n"
                 f"    nodes: [{{name: {node.name}, address: {node.address}, port: {node.port}, cloud: x}}]\n"
                 for node in self.platform.clusters.nodes if node.is_primary]
        databases = "\n".join(line for layout in LAYOUTS for line in layout.yaml())
        self.config_file.write_text(
            f"listen: 127.0.0.1:{self.shardward.port}\nworkers: 1\nclusters:\n{''.join(nodes)}"
            f"users:\n  {USER}:\n    password: {PASSWORD}\n"
            f"    server: {{user: {USER}, password: {PASSWORD}}}\n"
            f"    pool: {{mode: transaction, size: 3}}\ndatabases:\n{databases}\n")

    def _install(self):
        answer = subprocess.run([self.platform.program, "install", "-c", self.config_file],
                                env=sanitizer_env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
        assert answer.returncode == 0, answer.stdout

    def _load(self):
        """Through shardward, and directly; then see that the layouts are what they should be."""
        for sql in statements_to_load():
            for name, client in (("oracle", self.oracle), *self.clients.items()):
                answer = client.query(sql)
                assert not answer.code, f"{name}: {sql}\n{answer}"
        for sql in reversed(list(statements_to_load())):
            answer = self.mirror.query(sql)
            assert not answer.code, f"{sql}\n{answer}"
        for layout in LAYOUTS:
            counts = [self.count_of_patients(shard) for shard in layout.shards]
            assert sum(map(bool, counts)) == layout.shards_with_rows and sum(counts) == len(KEYS), \
                f"{layout.name}: patients on its shards are {counts}"

    def count_of_patients(self, shard):
        with self.at_database(shard) as conn:
            return conn.execute("SELECT count(*) FROM patients").fetchone()[0]

    def mourn(self):
        """If shardward died: how, and start another one."""
        if self.shardward.process.poll() is None:
            return None
        death = f"exit status {self.shardward.process.returncode}\n{self.shardward.log()[-4000:]}"
        for client in self.clients.values():
            client.close()
        self.shardward.start()
        return death

    def close(self):
        for client in (self.oracle, self.mirror, *self.clients.values()):
            client.close()


@contextlib.contextmanager
def laid_out(platform):
    layouts = Layouts(platform)
    layouts._make_databases()
    layouts._write_config()
    layouts._install()
    layouts.shardward.start()
    try:
        layouts._load()
        yield layouts
    finally:
        layouts.close()
        status = layouts.shardward.stop()
    assert status == 0, f"it ended with {status} after SIGTERM\n{layouts.shardward.log()[-3000:]}"
