"""topology - what conf/booking.yaml says about nodes, shards and tables.

Reads the lines of that one file by their indentation, so that the tools need nothing but
python3's own library. It is no YAML parser: for another layout of the file, change it here.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "conf" / "booking.yaml"
SCHEMA = ROOT / "sql" / "booking"
CONFIG_PORT = 6432          # the port that CONFIG listens on; the others are relative to it
ADMIN_PORT = 1              # the console's, behind it
HTTP_PORT = 2               # that of monitoring

NODE = re.compile(r"^\s+- \{name: ([\w-]+),\s+address: ([\d.]+), port: (\d+), cloud: (\w+)\}")
PLACE = re.compile(r"^\s+(\w+): \{cluster: (\w+), dbname: (\w+)\}")


@dataclass
class Node:
    name: str
    address: str
    port: int
    cluster: str
    is_primary: bool        # when the platform begins
    cloud: str


@dataclass
class Shard:
    name: str
    cluster: str
    dbname: str
    business: str           # "" for the catalog database, which holds all businesses


def read(text):
    """The nodes and shards of a config text; the catalog database comes as shard 'catalog'."""
    nodes, shards, path = [], [], []
    for line in text.splitlines():
        node, place = NODE.match(line), PLACE.match(line)
        if node:
            name, address, port, cloud = node.groups()
            cluster = path[1][1]
            is_primary = all(other.cluster != cluster for other in nodes)
            nodes.append(Node(name, address, int(port), cluster, is_primary, cloud))
        elif place:
            name, cluster, dbname = place.groups()
            business = "" if name == "catalog" else [word for _, word in path][-2]
            shards.append(Shard(name, cluster, dbname, business))
        elif key := re.match(r"^(\s*)(\w+):\s*(#.*)?$", line):
            indent = len(key.group(1))
            path = [(depth, word) for depth, word in path if depth < indent]
            path.append((indent, key.group(2)))
    return nodes, shards


# Who breaks a platform to see it mend itself does not want to wait between two failures.
MANAGED = """    failover: managed
    promotion: {cooldown: 1s, most_per_hour: 8}
"""


def config_for(base_port, only_primaries):
    """CONFIG with the ports moved to base_port and up; if asked without the replicas, else with
    shardward to promote them."""
    lines, clusters_seen, cluster = [], set(), None
    for line in CONFIG.read_text().splitlines(keepends=True):
        if key := re.match(r"^  (\w+):", line):
            cluster = key.group(1)
        if line.startswith("    nodes:") and not only_primaries:
            lines.append(MANAGED)
        if NODE.match(line):
            if cluster in clusters_seen and only_primaries:
                continue
            clusters_seen.add(cluster)
        line = re.sub(r"(?<=port: )(\d+)", lambda m: str(int(m[1]) - CONFIG_PORT + base_port), line)
        lines.append(re.sub(
            rf"(127\.0\.0\.1:)({CONFIG_PORT}|{CONFIG_PORT + ADMIN_PORT}|{CONFIG_PORT + HTTP_PORT})",
            lambda m: f"{m[1]}{int(m[2]) - CONFIG_PORT + base_port}", line))
    return "".join(lines)


def businesses(shards):
    return sorted({shard.business for shard in shards if shard.business})
