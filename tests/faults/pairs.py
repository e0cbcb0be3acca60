"""pairs - a primary and one standby. Whoever of them is alone has nobody to confirm what is written, so that
nothing is, unless `goes_on_alone` allows it."""

import time

from faults import come_back
from stories import Expect, must_serve, nobody_writes, story, until_grown
from table import scenario
from world import WARM_UP_S

MOVED = Expect(moves=("c1",))
STAYED = Expect(stays=("c1",))
ALONE = {"promotion": "goes_on_alone: true, shrink_after: 1s"}


def a_pair(lab, expect, sections=None):
    return story(lab, expect, clusters=1, nodes=2, sections=sections)


@scenario(("nobody is promoted, and it goes on when it is back", "managed"))
def a_primary_of_two(lab):
    with a_pair(lab, STAYED) as w:
        primary = w.c1.servers[0]
        primary.kill()
        nobody_writes(w, time.monotonic())
        assert w.primary(w.c1) is None, w.timelines()
        primary.start()
        must_serve(w, time.monotonic(), "when it is back")


@scenario(("nobody confirms, and it goes on when it is back", "managed"))
def a_standby_of_two(lab):
    with a_pair(lab, STAYED) as w:
        standby = w.c1.servers[1]
        standby.kill()
        nobody_writes(w, time.monotonic())
        standby.start()
        must_serve(w, time.monotonic(), "when it is back")


@scenario(("the standby is promoted, and writes alone", "managed"))
def a_primary_of_two_where_one_may_be_alone(lab):
    with a_pair(lab, MOVED, ALONE) as w:
        primary = w.c1.servers[0]
        primary.kill()
        must_serve(w, time.monotonic(), "after the kill")
        time.sleep(WARM_UP_S)
        come_back(w, primary)
        until_grown(w.primary(w.c1), primary)


@scenario(("what it wrote alone is on it alone: nobody else is promoted", "managed"))
def a_standby_of_two_and_later_the_primary(lab):
    with a_pair(lab, STAYED, ALONE) as w:
        primary, standby = w.c1.servers
        standby.kill()
        must_serve(w, time.monotonic(), "without the standby")
        time.sleep(WARM_UP_S)
        primary.kill()
        standby.start()
        standby.wait_ready()
        nobody_writes(w, time.monotonic())
        primary.start()
        must_serve(w, time.monotonic(), "when it is back")
        until_grown(primary, standby)
