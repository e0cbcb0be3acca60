"""HAProxy in TCP mode: what it costs to carry the bytes and to understand nothing. One thread, as
PgBouncer; every client has a server connection of its own."""

from contender import Contender, first_line


class HAProxy(Contender):
    name = "haproxy"
    program = "/usr/sbin/haproxy"
    most_clients = 100
    idle_limit = 1000
    idle_reason = "a server connection for each client"

    def command(self, place, instance):
        config = place.dir / "haproxy.cfg"
        config.write_text(f"""
global
    nbthread 1
    maxconn {min(place.max_clients, self.idle_limit) + 100}

defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h

frontend clients
    bind 127.0.0.1:{place.port}
    default_backend node

backend node
    server node {place.node_address}:{place.node_port}
""")
        return [self.program, "-db", "-f", config]

    def version(self):
        return first_line(self.program, "-v")


def contenders():
    return [HAProxy()]
