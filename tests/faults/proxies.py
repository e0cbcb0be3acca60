"""proxies - it is shardward itself that stands still, starves, or dies."""

import signal
import threading
import time

from replicated import CLOUDS
from stories import Expect, conclude, must_serve, play, story, until_grown, until_stopped, world
from table import scenario
from world import WARM_UP_S

STAYED = Expect(stays=("c1", "c2"))
BROKEN = Expect(stays=("c1", "c2"), may_break=True)
PAUSE_S = 3.0
soak_s = 20.0               # see run.py's --soak


def paused(w):
    w.shardward.send_signal(signal.SIGSTOP)
    time.sleep(PAUSE_S)
    w.shardward.send_signal(signal.SIGCONT)


def killed_and_started(w):
    w.stop_shardward(signal.SIGKILL)
    w.start_shardward()


@scenario(("SIGSTOP for 3 s", "managed", "managed", paused, STAYED),
          ("SIGSTOP for 3 s, and nobody promotes", "", "off", paused, STAYED),
          ("kill -9, and it is started again", "managed", "managed", killed_and_started, BROKEN),
          ("kill -9, and it is started again where nobody promotes", "quick", "off", killed_and_started, BROKEN))
def shardward_itself(lab, failover, fault, expect):
    play(lab, failover, fault, expect)


@scenario(*((f"at {point}", "managed", point) for point in (
    "after_recruit_one", "after_recruit_all", "after_repoint", "after_sync_names", "after_promote",
    "before_epoch", "after_epoch")))
def shardward_dies_in_a_promotion(lab, point):
    """The one that is started afterwards ends what it began, or begins anew."""
    with story(lab, Expect(moves=("c1",), stays=("c2",), may_break=True), stop_at=point) as w:
        w.c1.servers[0].kill()
        until_stopped(w)
        w.start_shardward(serves=("s2",))
        must_serve(w, time.monotonic(), "after the restart")


@scenario(("there and back", "managed"))
def a_switchover(lab):
    """Nobody hears of it: no error, no connection broken, nothing unknown."""
    with world(lab, "managed") as w:
        w.load()
        before = w.timelines()
        for one in (w.c1.servers[1], w.c1.servers[0]):
            old = w.primary(w.c1)
            w.console(f"SWITCHOVER c1 TO {one.name}")
            must_serve(w, time.monotonic(), "after the switch")
            time.sleep(WARM_UP_S)
            assert w.primary(w.c1) is one, w.timelines()
            old.rejoin(one)
            until_grown(one, old)
        conclude(w, before, Expect(moves=("c1",), stays=("c2",)))
        assert not w.history.codes(), f"clients heard of it: {w.history.codes()}"


def starve(process, is_over, run_s=0.005, stop_s=0.095):
    """It gets 5 % of a processor, in slices that come and go."""
    while not is_over.is_set():
        process.send_signal(signal.SIGSTOP)
        is_over.wait(stop_s)
        process.send_signal(signal.SIGCONT)
        is_over.wait(run_s)


@scenario(("little time, and 5 % of packets lost", "managed"))
def a_soak_in_which_nobody_is_replaced(lab):
    def fault(w):
        is_over = threading.Event()
        thread = threading.Thread(target=starve, args=(w.shardward, is_over))
        for cloud in CLOUDS:
            w.clouds.lose(cloud, 5)
        thread.start()
        try:
            time.sleep(soak_s)
        finally:
            is_over.set()
            thread.join()
            for cloud in CLOUDS:
                w.clouds.mend(cloud)
    play(lab, "managed", fault, STAYED, has_clouds=True)
