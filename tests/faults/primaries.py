"""primaries - a primary is lost, or seems to be."""

from faults import backend_killed, frozen, killed, nothing, refused_connections, restarted, standing_still, stopped
from stories import Expect, play
from table import scenario

MOVED = Expect(moves=("c1",), stays=("c2",))
STAYED = Expect(stays=("c1", "c2"))
EITHER = Expect(stays=("c2",))


@scenario(("nothing happens to it", "quick", "off", nothing, STAYED),
          ("nothing happens to it, and shardward would promote", "managed", "managed", nothing, STAYED),
          ("kill -9", "managed quick", "managed", killed, MOVED),
          ("stop -m fast", "managed", "managed", stopped("fast"), MOVED),
          ("stop -m immediate", "managed", "managed", stopped("immediate"), MOVED),
          ("restart -m fast", "managed", "managed", restarted("fast"), EITHER),
          ("restart -m immediate", "managed", "managed", restarted("immediate"), EITHER),
          ("kill -9 of a backend", "managed", "managed", backend_killed, EITHER),
          ("SIGSTOP", "managed", "managed", frozen(), MOVED),
          ("SIGSTOP of its postmaster", "managed", "managed", frozen(only_postmaster=True), MOVED),
          ("kill -9 of a backend, and nobody promotes", "", "off", backend_killed, STAYED),
          ("restart -m immediate, and nobody promotes", "", "off", restarted("immediate"), STAYED))
def a_primary(lab, failover, fault, expect):
    play(lab, failover, fault, expect)


@scenario(("all connections are taken", "managed", refused_connections),
          ("its walwriter and its checkpointer stand still", "managed", standing_still("walwriter", "checkpointer")))
def no_reason_to_promote(lab, fault):
    play(lab, "managed", fault, STAYED)
