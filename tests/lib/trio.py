"""trio - one cluster of three nodes in three clouds, which shardward promotes itself.

Its own platform, of its own directory: conf/booking.yaml with all shards on one cluster, whose
control user has been granted what `shardward install` asks for. Nodes are killed, stopped and
rebuilt at will.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "lib")]

import clusters   # noqa: E402
import topology   # noqa: E402

MANAGED = """    failover: managed
    promotion: {{{promotion}}}
    health: {{restart_grace: 0, {health}}}
"""
SETTINGS = {
    "wal_log_hints": "on", "wal_receiver_status_interval": "1s", "wal_receiver_timeout": "5s",
    "wal_sender_timeout": "5s", "wal_retrieve_retry_interval": "200ms", "max_replication_slots": "10",
}


class Trio(clusters.Clusters):
    """@promotion, @health: what stands under these keys in the YAML."""

    def __init__(self, state_dir, promotion="cooldown: 0, most_per_hour: 8", health="min_down: 500ms"):
        self.said = MANAGED.format(promotion=promotion, health=health)
        super().__init__(state_dir)

    def start(self, base_port, program):
        self._make_dirs()
        self.config_file.write_text(self.config(base_port))
        self._read_config()
        self._refuse_taken_ports()
        self._write_password()
        primary, *replicas = self.nodes
        self._make_primary(primary, False)
        self.psql(primary, "postgres", sql="CREATE ROLE replicator LOGIN REPLICATION PASSWORD 'replicator'")
        for node in replicas:
            self._make_replica(node)
        self.grant_and_install(program)

    def config(self, base_port):
        """The map of the booking platform on cluster c1 alone."""
        text = topology.config_for(base_port, only_primaries=False)
        text = re.sub(r"^  c2:\n(    .*\n)+", "", text, flags=re.M)
        text = text.replace("cluster: c2", "cluster: c1")
        return text.replace("  c1:\n", "  c1:\n" + self.said, 1)

    def start_node(self, node):
        settings = "".join(f" -c {name}={value}" for name, value in SETTINGS.items())
        self._run("pg_ctl", "start", "-w", "-s", "-t", clusters.START_TIMEOUT_S, "-D",
                  self.nodes_dir / node.name, "-l", self.nodes_dir / f"{node.name}.log", "-o",
                  f"-c listen_addresses={node.address} -c port={node.port}{settings}")

    def _make_replica(self, node, source=None):
        source = source or self.primary(node.cluster)
        self._run("pg_basebackup", "-D", self.nodes_dir / node.name, "-R", "-X", "stream",
                  "--checkpoint=fast", "--no-sync", "-d",
                  f"host={source.address} port={source.port} user=replicator password=replicator"
                  f" application_name={node.name}")
        self.start_node(node)

    def grant_and_install(self, program):
        """What `install` says that it lacks is granted, and nothing else."""
        try:
            self.install(program)
        except clusters.Failure as failure:
            grants = re.findall(r"^    (GRANT .*;)", str(failure), flags=re.M)
            if not grants:
                raise
            self.psql(self.nodes[0], "postgres", sql="\n".join(grants))
            self.grant_and_install(program)

    def ask(self, node, sql, dbname="postgres"):
        return self.psql(node, dbname, "-c", sql).strip()

    def is_standby(self, node):
        return self.ask(node, "SELECT pg_is_in_recovery()") == "t"


def run(program, config, log, **environment):
    """A shardward before the trio; its process."""
    return subprocess.Popen([str(program), "run", "-c", str(config)], stdin=subprocess.DEVNULL,
                            stdout=log, stderr=log, env=clusters.plain_env(**environment))
