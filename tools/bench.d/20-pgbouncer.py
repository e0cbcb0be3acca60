"""PgBouncer, pooling by transaction; by session for pgbench's protocol "prepared", because
Debian's version forwards named statements only so."""

from contender import POOL_SIZE, Contender, first_line


class PgBouncer(Contender):
    name = "pgbouncer"
    program = "/usr/sbin/pgbouncer"
    as_server_user = True
    knows_tls = True
    checks_logins = True

    def instance_for(self, protocol):
        return "session" if protocol == "prepared" else "transaction"

    def command(self, place, instance):
        (place.dir / "users.txt").write_text(f'"{place.user}" "{place.verifier}"\n')
        config = place.dir / "pgbouncer.ini"
        tls = f"""client_tls_sslmode = require
client_tls_cert_file = {place.dir}/server.crt
client_tls_key_file = {place.dir}/server.key
""" if place.has_tls else ""
        config.write_text(f"""
[databases]
{place.dbname} = host={place.node_address} port={place.node_port} dbname={place.dbname}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {place.port}
unix_socket_dir =
auth_type = {"trust" if place.trusts else "scram-sha-256"}
auth_file = {place.dir}/users.txt
pool_mode = {instance}
default_pool_size = {POOL_SIZE}
max_client_conn = {place.max_clients + 100}
{tls}""")
        return [self.program, "-q", config]

    def version(self):
        return first_line(self.program, "--version")


def contenders():
    return [PgBouncer()]
