"""pgpool-II as a pooler: no replication, no balancing."""

from contender import Contender, first_line


CHILDREN = 32


class Pgpool(Contender):
    name = "pgpool-II"
    program = "/usr/sbin/pgpool"
    as_server_user = True
    most_clients = CHILDREN
    idle_limit = 0
    idle_reason = "a process and a server connection for each client"

    def command(self, place, instance):
        config = place.dir / "pgpool.conf"
        config.write_text(f"""
backend_clustering_mode = 'raw'
listen_addresses = '127.0.0.1'
port = {place.port}
socket_dir = '{place.dir}'
pcp_listen_addresses = '127.0.0.1'
pcp_port = {place.port + 1}
pcp_socket_dir = '{place.dir}'
backend_hostname0 = '{place.node_address}'
backend_port0 = {place.node_port}
num_init_children = {CHILDREN}
max_pool = 1
child_life_time = 0
load_balance_mode = off
pid_file_name = '{place.dir}/pgpool.pid'
logdir = '{place.dir}'
work_dir = '{place.dir}'
""")
        for name in ("pcp.conf", "pool_hba.conf"):
            (place.dir / name).touch()
        return [self.program, "-n", "-f", config, "-F", place.dir / "pcp.conf",
                "-a", place.dir / "pool_hba.conf"]

    def version(self):
        return first_line(self.program, "--version")


def contenders():
    return [Pgpool()]
