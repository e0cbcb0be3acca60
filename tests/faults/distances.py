"""distances - nodes that are far away: whatever is said, and answered, takes its time."""

import time

from faults import killed
from links import Links
from stories import Expect, play
from table import scenario

MOVED = Expect(moves=("c1",), stays=("c2",))
STAYED = Expect(stays=("c1", "c2"))
SLOW_S = 20.0


def over_relays(w):
    w.links = Links([one for cluster in w.clusters for one in cluster.servers])
    w.around.callback(w.links.close)


@scenario(("300 ms there and back, give or take 300", "managed", 0.3, {}),
          ("600 ms, give or take 600, and the file says that it may be so", "managed", 0.6,
           {"sections": {"health": "status_timeout: 2s, connect_timeout: 6s, write_timeout: 6s"}}))
def links_are_slow(lab, most_s, options):
    def fault(w):
        w.links.delay(0, most_s)
        time.sleep(SLOW_S)
        assert not w.events("node-down"), w.log()
        return lambda: w.links.delay(0, 0)
    play(lab, "managed", fault, STAYED, prepare=over_relays, **options)


@scenario(("kill -9, 100 ms there and back, give or take 100", "managed", 0.1, killed))
def a_primary_over_slow_links(lab, most_s, fault):
    def slow_fault(w):
        w.links.delay(0, most_s)
        return fault(w)
    play(lab, "managed", slow_fault, MOVED, prepare=over_relays)
