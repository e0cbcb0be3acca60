"""idle - many clients that have logged in, have run one query, and then do nothing."""

import time

SETTLE_S = 1.0          # without a change, after which memory counts as settled
SETTLE_LIMIT_S = 20
QUERY = "SELECT abalance FROM pgbench_accounts WHERE aid = {}"


def settled(measure):
    """A figure that has not changed for a while."""
    value, since = measure(), time.monotonic()
    limit = since + SETTLE_LIMIT_S
    while time.monotonic() - since < SETTLE_S and time.monotonic() < limit:
        time.sleep(0.1)
        now = measure()
        if now != value:
            value, since = now, time.monotonic()
    return value


class Crowd:
    def __init__(self, connect):
        self.connect, self.clients = connect, []

    def grow(self, count):
        while len(self.clients) < count:
            client = self.connect()
            self.clients.append(client)
            client.query(QUERY.format(len(self.clients)))

    def leave(self):
        for client in self.clients:
            client.close()
        self.clients = []
