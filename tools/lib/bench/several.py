"""several - reads of one table whose rows lie on eight shards, and the same rows on one server.

Each statement is asked in three ways, in turn: of one PostgreSQL that has all rows, of shardward, and
of those of the shards that have rows for it directly, all at once, until the last of them has answered: what no proxy can do
faster, for then nobody has made one answer of eight.
"""

import random
import selectors
import statistics
import time
from dataclasses import dataclass, field

import client
import clusters
import procs
import servers

SHARDS = [f"bench_part_{i}" for i in range(8)]
VISITS_OF_A_PATIENT = 10
PATIENTS, QUICK_PATIENTS = 100_000, 800

SCHEMA = """
CREATE TABLE bench_visits (patient_id bigint, visit_id bigint NOT NULL, city int NOT NULL,
    price int NOT NULL, PRIMARY KEY (patient_id, visit_id));
"""

# Visits in an order that has nothing to do with that of patients.
ROWS = """
INSERT INTO bench_visits
    SELECT p, (n * 7919) % {visits}, n % 11, (n * 104729) % 999983
    FROM generate_series({first}, {last}) p, generate_series(0, {each} - 1) v,
        LATERAL (SELECT p::bigint * {each} + v) t(n);
CREATE INDEX ON bench_visits (visit_id);
CREATE INDEX ON bench_visits (price, visit_id);
VACUUM ANALYZE bench_visits;
"""


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    times: int              # a round
    keys: int = 0           # patients, {keys} in the text
    is_prepared: bool = False       # they are its parameter, an array

    def send(self, to, keys):
        if self.is_prepared:
            to.send_bound(self.text, f"{{{keys}}}")
        else:
            to.send_query(self.text.format(keys=keys))


CASES = [
    Case("point select", "SELECT visit_id, price FROM bench_visits WHERE patient_id = {keys}", 300,
         keys=1),
    Case("IN of 10 keys",
         "SELECT patient_id, count(*), sum(price) FROM bench_visits WHERE patient_id IN ({keys})"
         " GROUP BY patient_id", 200, keys=10),
    Case("IN of 10 keys, prepared",
         "SELECT patient_id, count(*), sum(price) FROM bench_visits WHERE patient_id = ANY ($1::bigint[])"
         " GROUP BY patient_id", 200, keys=10, is_prepared=True),
    Case("count", "SELECT count(*) FROM bench_visits", 15),
    Case("top 10",
         "SELECT visit_id, price FROM bench_visits ORDER BY price DESC, visit_id DESC LIMIT 10", 200),
    Case("group by",
         "SELECT city, count(*), sum(price), avg(price) FROM bench_visits GROUP BY city"
         " ORDER BY city", 8),
    Case("sorted export", "SELECT visit_id, patient_id, price FROM bench_visits ORDER BY visit_id", 2),
]


@dataclass
class Figures:
    """Of one case; times of all rounds, in microseconds."""
    direct: list = field(default_factory=list)
    legs: list = field(default_factory=list)
    shardward: list = field(default_factory=list)
    cpu: list = field(default_factory=list)     # of the proxy, for a statement
    rows: int = 0                               # of the answer

    def median(self, name):
        return statistics.median(getattr(self, name))


class Parts:
    """The rows: of all patients in one database, and of an eighth in each of SHARDS."""

    def __init__(self, is_quick):
        self.patients = QUICK_PATIENTS if is_quick else PATIENTS

        self.each = self.patients // len(SHARDS)

    def ranges(self):
        """(shard, first patient, the first one behind)"""
        return [(shard, i * self.each, (i + 1) * self.each) for i, shard in enumerate(SHARDS)]

    def load(self, server):
        server.run_sql(servers.CATALOG, SCHEMA)
        for shard, first, behind in [(servers.DBNAME, 0, self.patients), *self.ranges()]:
            if shard != servers.DBNAME:
                server.create(shard)
            server.run_sql(shard, SCHEMA + ROWS.format(
                first=first, last=behind - 1, each=VISITS_OF_A_PATIENT,
                visits=self.patients * VISITS_OF_A_PATIENT))

    def keys(self, case):
        """Some to ask for, and the places of the shards that have them."""
        keys = random.sample(range(self.patients), case.keys)
        places = {key // self.each for key in keys} or range(len(SHARDS))
        return ", ".join(map(str, keys)), places


def _ask(case, clients, keys):
    """Ask all at once; return the answers' tags when the last one has answered."""
    with selectors.DefaultSelector() as waiting:
        for one in clients:
            waiting.register(one, selectors.EVENT_READ)
        for one in clients:
            case.send(one, keys)
        while waiting.get_map():
            for key, _ in waiting.select():
                if key.fileobj.read():
                    waiting.unregister(key.fileobj)
    return [one.tag() for one in clients]


def _timed(case, clients, keys):
    began = time.monotonic_ns()
    tags = _ask(case, clients, keys)
    return tags, (time.monotonic_ns() - began) / 1000


class Several:
    def __init__(self, parts, server, running, is_quick):
        def connect(address, port, dbname):
            return client.Client(address, port, servers.USER, servers.PASSWORD, dbname)
        self.parts, self.running, self.is_quick = parts, running, is_quick
        self.direct = connect(server.address, server.port, servers.DBNAME)
        self.legs = [connect(server.address, server.port, shard) for shard in SHARDS]
        self.ours = connect(running.address, running.port, servers.DBNAME)
        self.figures = {}

    def close(self):
        for one in (self.direct, self.ours, *self.legs):
            one.close()

    def round(self, case):
        figures = self.figures.setdefault(case.name, Figures())
        times = 2 if self.is_quick else case.times
        keys = [self.parts.keys(case) for _ in range(times)]
        for one in (self.direct, self.ours, *self.legs):    # whatever has to be prepared
            _ask(case, [one], keys[0][0])
        tags = []
        for some, _ in keys:
            tag, spent = _timed(case, [self.direct], some)
            tags.append(tag)
            figures.direct.append(spent)
        figures.rows = int(tags[0][0].split()[-1])
        before = procs.cpu_ns(self.running.pids())
        for (some, _), expected in zip(keys, tags):
            tag, spent = _timed(case, [self.ours], some)
            figures.shardward.append(spent)
            if tag != expected:
                raise clusters.Failure(f"{case.text}, {some}: {tag}, but one server says {expected}")
        figures.cpu.append((procs.cpu_ns(self.running.pids()) - before) / 1000 / times)
        for some, places in keys:
            _, spent = _timed(case, [self.legs[place] for place in places], some)
            figures.legs.append(spent)
