"""shardward, with all rows on one shard, and with four that it finds by the literal or parameter;
with one worker thread, as PgBouncer has one, and with two. And in pool mode session, in which it looks
at nothing and PgBouncer takes prepared statements."""

from contender import POOL_SIZE, Contender, first_line

TABLES = {"pgbench_accounts": "aid", "bench_branches": "bid", "bench_tellers": "bid",
          "bench_accounts": "bid", "bench_history": "bid"}
BUCKETS = 1024


def proof(place):
    return "auth: trust" if place.trusts else f'password: "{place.verifier}"'


class Shardward(Contender):
    program = "shardward"
    knows_tls = True
    checks_logins = True

    def __init__(self, shards, workers):
        self.shards, self.workers = shards, workers
        self.name = f"shardward, {shards} shard{'s' if shards > 1 else ''}"
        self.reads_several = shards > 1 and workers == 1
        if workers > 1:
            self.name += f", {workers} workers"

    def command(self, place, instance):
        names = [place.dbname] if self.shards == 1 else place.shards[:self.shards]
        config = place.dir / "shardward.yaml"
        tls = ("tls: {mode: require, certificate: server.crt, key: server.key}"
               if place.has_tls else "")
        config.write_text(f"""
listen: 127.0.0.1:{place.port}
workers: {self.workers}
{tls}
limits: {{clients: {place.max_clients + 100}}}
clusters:
  c1: {{nodes: [{{name: n1, address: {place.node_address}, port: {place.node_port}}}]}}
users:
  {place.user}:
    {proof(place)}
    server: {{user: {place.user}}}
    pool: {{mode: transaction, size: {POOL_SIZE}}}
databases:
  {place.dbname}:
    catalog: {{cluster: c1, dbname: {place.catalog}}}
    businesses:
      bench:
        shards:
{self._shards(names)}
        placements:
          by_key:
            hash: {{type: bigint, buckets: {BUCKETS}}}
            map: {self._map(len(names))}
        tables:
{self._tables()}
{self._parts(place.parts)}
""")
        return [self.program, "run", "-c", config]

    @staticmethod
    def _shards(names):
        return "\n".join(f"          s{i}: {{cluster: c1, dbname: {name}}}"
                         for i, name in enumerate(names))

    @staticmethod
    def _map(count):
        each = BUCKETS // count
        ranges = (f"s{i}: {i * each}-{(i + 1) * each - 1}" for i in range(count))
        return "{" + ", ".join(ranges) + "}"

    @staticmethod
    def _parts(parts):
        if not parts:
            return ""
        shards = "".join(f"          {name}: {{cluster: c1, dbname: {name}}}\n" for name, _, _ in parts)
        ranges = ", ".join(f"{name}: [[{first}, {behind}]]" for name, first, behind in parts)
        return f"""      parts:
        shards:
{shards}        placements:
          by_patient: {{range: {{type: bigint}}, map: {{{ranges}}}}}
        tables:
          bench_visits: {{key: patient_id, placement: by_patient}}"""

    @staticmethod
    def _tables():
        return "\n".join(f"          {table}: {{key: {key}, placement: by_key}}"
                         for table, key in TABLES.items())

    def version(self):
        return first_line(self.program, "--version")


class ShardwardSession(Contender):
    name = "shardward, session"
    program = "shardward"
    checks_logins = True
    most_clients = 40
    idle_limit = 0
    idle_reason = "each client has a server connection"

    def command(self, place, instance):
        config = place.dir / "shardward.yaml"
        config.write_text(f"""
listen: 127.0.0.1:{place.port}
workers: 1
clusters:
  c1: {{nodes: [{{name: n1, address: {place.node_address}, port: {place.node_port}}}]}}
users:
  {place.user}:
    {proof(place)}
    server: {{user: {place.user}}}
    pool: {{mode: session, size: {self.most_clients}}}
databases:
  {place.dbname}:
    catalog: {{cluster: c1, dbname: {place.dbname}}}
""")
        return [self.program, "run", "-c", config]

    def version(self):
        return first_line(self.program, "--version")


def contenders():
    return [*(Shardward(shards, workers) for workers in (1, 2) for shards in (1, 4)), ShardwardSession()]
