"""No proxy: pgbench talks to PostgreSQL itself."""

import clusters
from contender import Contender, first_line


class Direct(Contender):
    name = "direct"
    most_clients = 100
    idle_limit = 0
    idle_reason = "no proxy"

    def version(self):
        return first_line(clusters.BIN / "postgres", "--version")


def contenders():
    return [Direct()]
