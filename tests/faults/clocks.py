"""clocks - the time of day jumps, at a node or at shardward. Nothing of a failover hangs on it."""

import struct
import time
from pathlib import Path

import monitoring
from clouds import run
from stories import Expect, play
from table import scenario

STAYED = Expect(stays=("c1", "c2"))
HOUR_S = 3600
SHOWN_S = 6.0               # after a jump: longer than any question waits for its answer


class Clock:
    """Of the programs that are started with these variables; `told` is what one of them says."""

    def __init__(self, directory, told):
        self.told = told
        library, self.file = directory / "clock.so", directory / "clock"
        run("cc", "-shared", "-fPIC", "-o", library, Path(__file__).with_name("clock.c"))
        self.set(0)
        self.variables = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self.file)}

    def set(self, later_s):
        with open(self.file, "r+b" if self.file.exists() else "wb") as file:
            file.write(struct.pack("q", later_s))


def of_node(number):
    def prepare(w):
        node = w.c1.servers[number]
        w.clock = Clock(w.dir, lambda: node.query("SELECT extract(epoch FROM clock_timestamp())")[0][0])
        node.variables = w.clock.variables
    return prepare


def of_shardward(w):
    """It tells when it was started by what time it is, and how long ago that was."""
    w.clock = Clock(w.dir, lambda: monitoring.metrics(w.lab.port).one("process_start_time_seconds"))
    w.variables = w.clock.variables


def jumps(*hours):
    def fault(w):
        first = float(w.clock.told())
        for later in hours:
            w.clock.set(later * HOUR_S)
            time.sleep(SHOWN_S)
            assert abs(float(w.clock.told()) - first - later * HOUR_S) < HOUR_S / 10, "its clock does not jump"
        assert not w.events("node-down", "node-suspect"), w.log()
    return fault


@scenario(("of a primary", "managed", of_node(0)), ("of a standby", "managed", of_node(1)),
          ("of shardward", "managed", of_shardward))
def a_clock_jumps(lab, prepare):
    """An hour ahead, and from there two hours back."""
    play(lab, "managed", jumps(1, -1, 0), STAYED, prepare=prepare)
