"""figures - how long writes are away: the longest time between two acknowledged writes of a shard, around
one fault, over many runs at a random moment. Clients without a pause, of one cluster unless a cloud is lost."""

import random
import statistics
import time
from dataclasses import dataclass, field

import disks
import history
import workloads
from stories import told, world
from table import show

KINDS = (workloads.Ledger, workloads.Ledger, workloads.Bank)
BEFORE_S, AFTER_S = 0.5, 1.0


def killed(w):
    w.c1.servers[0].kill()


def frozen(w):
    w.c1.servers[0].freeze()


def hung(w):
    w.volume.freeze()


def promoted_by_hand(w):
    """Counted from the promotion: how long it takes to find out is ours, the rest the operator's."""
    old, new, _ = w.c1.servers
    old.kill()
    new.promote()
    return time.monotonic()


def switched_over(w):
    w.console(f"SWITCHOVER c1 TO {w.c1.servers[1].name}")


def cloud_lost(w):
    """With the primary of one cluster, and a standby of the other."""
    w.clouds.cut(w.primary(w.c1).cloud)


@dataclass
class Figure:
    name: str
    failover: str
    fault: callable
    has_clouds: bool = False
    options: dict = field(default_factory=dict)     # of its World


FIGURES = (Figure("kill -9", "managed", killed), Figure("SIGSTOP", "managed", frozen),
           Figure("disk hangs", "managed", hung, options={"prepare": disks.its_log}),
           Figure("promoted by hand", "follow", promoted_by_hand),
           Figure("switchover", "managed", switched_over),
           Figure("cloud cut off", "managed", cloud_lost, has_clouds=True, options={"clusters": 2}))


@dataclass
class Run:
    outage_s: float
    errors: int
    unknown: int
    broken: int


def one_run(lab, figure):
    with world(lab, figure.failover, figure.has_clouds, **{"clusters": 1, **figure.options}) as w:
        w.load(KINDS)
        time.sleep(random.uniform(0, BEFORE_S))
        began = time.monotonic()
        since = figure.fault(w) or began
        waiting = w.settled(time.monotonic())
        assert not waiting, f"no write any more\n{w.log()}"
        time.sleep(AFTER_S)
        trouble = w.finish()
        assert not trouble, trouble
        found = {verdict: items for verdict, items in w.verdict().items() if items}
        if figure.failover == "follow":         # asynchronous: what was not sent is gone
            found.pop("lost", None)
        assert not found, told(found)
        moved = w.timelines()["c1"]
        assert moved and moved[1] > 1, f"nobody was promoted: {moved}"
        failed = sum(op.outcome == history.FAIL for op in w.history.ops)
        # A gap that began with the fault, or before it with the last write that was not caught up by one.
        return Run(w.history.outage("s1", since), failed, w.history.unknown(), sum(w.history.broken.values()))


def run(lab, report, runs, only):
    table = [("fault", "mode", "runs", "median s", "worst s", "errors", "unknown", "broken")]
    for figure in FIGURES:
        if only not in figure.name:
            continue
        done = []
        for number in range(1, runs + 1):
            name = f"figures.{figure.name}, run {number}"
            try:
                done.append(one_run(lab, figure))
                report.ok(name, done[-1].outage_s)
            except Exception as error:                      # noqa: BLE001 - the report tells it
                report.fail(name, f"{type(error).__name__}: {error}")
        if done:
            outages = [one.outage_s for one in done]
            table.append((figure.name, figure.failover, str(len(done)), f"{statistics.median(outages):.2f}",
                          f"{max(outages):.2f}", *(str(sum(getattr(one, what) for one in done))
                                                   for what in ("errors", "unknown", "broken"))))
    show(table)
