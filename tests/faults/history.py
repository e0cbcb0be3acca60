"""history - what clients asked for and what they were told, and what must then be true of the tables.

A history is a list of Ops. An op is `ok` (told that it has happened), `fail` (told that it has not),
or `info` (not told: the connection broke, or 08007 said that nobody knows). The checkers are pure
functions of histories and rows; each names what it found:

    lost         acknowledged, and not there
    undone       told that it has not happened, and there
    dup          there more than once, or by nobody
    torn         one half of a transfer, or a sum that is not the sum
    stale        a read that does not know its own session's write, or goes back in time
    two_writers  two servers acknowledged writes of one timeline, or one of an older timeline than
                 was already acknowledged when it was asked for
"""

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass

OK, FAIL, INFO = "ok", "fail", "info"
VERDICTS = ("lost", "undone", "dup", "torn", "stale", "two_writers")


@dataclass
class Op:
    kind: str                   # insert, transfer, sum, set, get
    shard: str
    key: int
    began: float
    ended: float
    outcome: str
    code: str = ""              # the SQLSTATE of what was no success, or what broke
    value: int = 0              # of a counter, of a sum
    node: str = ""              # who wrote or answered
    tli: int = 0

    def is_write(self):
        return self.kind in ("insert", "transfer", "set")


class History:
    def __init__(self):
        self.ops, self.broken = [], Counter()
        self.refused_logins = Counter()
        self._lock = threading.Lock()

    def add(self, op):
        with self._lock:
            self.ops.append(op)

    def count(self, counter, word):
        with self._lock:
            counter[word] += 1

    def of(self, kind, shard=None):
        with self._lock:
            return [op for op in self.ops if op.kind == kind and shard in (None, op.shard)]

    def codes(self):
        with self._lock:
            return Counter(op.code for op in self.ops if op.outcome != OK)

    def unknown(self):
        with self._lock:
            return sum(op.outcome == INFO and op.is_write() for op in self.ops)

    def last_ok(self, shard):
        """The moment of the last acknowledged write, or None."""
        with self._lock:
            return next((op.ended for op in reversed(self.ops)
                         if op.shard == shard and op.outcome == OK and op.is_write()), None)

    def outage(self, shard, began=0.0, ended=float("inf")):
        """The longest time between two acknowledged writes of a shard, in seconds."""
        with self._lock:
            moments = sorted(op.ended for op in self.ops if op.shard == shard and op.outcome == OK
                             and op.is_write() and began <= op.ended <= ended)
        if began:
            moments.insert(0, began)
        if ended != float("inf"):
            moments.append(ended)
        return max((b - a for a, b in zip(moments, moments[1:])), default=0.0)


# Checkers: each returns {verdict: [what was found, ...]}.

def check_ledger(ops, ids):
    """ops: of kind insert; ids: those in the table, as often as they are there."""
    there = Counter(ids)
    found = defaultdict(list)
    asked = {}
    for op in ops:
        asked[op.key] = op.outcome
        if op.outcome == OK and op.key not in there:
            found["lost"].append(op.key)
        if op.outcome == FAIL and op.key in there:
            found["undone"].append(op.key)
    found["dup"] += [key for key, times in there.items() if times > 1 or key not in asked]
    return found


def check_bank(ops, legs, balances, first_balance):
    """legs: (account, transfer, amount); balances: account -> balance."""
    found, amounts = defaultdict(list), defaultdict(list)
    moved = Counter()
    for account, transfer, amount in legs:
        amounts[transfer].append(amount)
        moved[account] += amount
    for op in ops:
        halves = amounts.pop(op.key, [])
        if op.outcome == OK and not halves:
            found["lost"].append(op.key)
        elif op.outcome == FAIL and halves:
            found["undone"].append(op.key)
        if halves and (len(halves) != 2 or sum(halves) != 0):
            found["torn"].append(op.key)
    found["dup"] += list(amounts)
    found["torn"] += [f"account {account}: {balance}, its legs say {first_balance + moved[account]}"
                      for account, balance in balances.items()
                      if balance != first_balance + moved[account]]
    return found


def check_sums(ops, expected):
    """Each sum that was read, at whatever moment, is that of one snapshot."""
    return {"torn": [f"a sum of {op.value}" for op in ops if op.outcome == OK and op.value != expected]}


def check_counters(sets, gets):
    """One client per key, so its ops have an order. A read sees its last acknowledged write, nothing
    older than what was read before, and nothing that was not asked for."""
    stale = []
    for key in {op.key for op in gets}:
        least = most = 0
        for op in sorted((op for op in [*sets, *gets] if op.key == key), key=lambda op: op.began):
            if op.kind == "set":
                most = max(most, op.value)
                if op.outcome == OK:
                    least = op.value
            elif op.outcome == OK:
                if not least <= op.value <= most:
                    stale.append(f"counter {key} at {op.node}: {op.value}, not {least} to {most}")
                least = max(least, op.value)
    return {"stale": stale}


def check_writers(ops):
    """ops: acknowledged writes that know node and timeline, of one cluster."""
    found, nodes, since = [], {}, {}
    for op in sorted((op for op in ops if op.outcome == OK and op.tli), key=lambda op: op.ended):
        if nodes.setdefault(op.tli, op.node) != op.node:
            found.append(f"timeline {op.tli}: {nodes[op.tli]} and {op.node}")
        since.setdefault(op.tli, op.ended)
    for op in ops:
        if op.outcome == OK and op.tli:
            found += [f"{op.node} acknowledged {op.key} on timeline {op.tli}, asked for when"
                      f" {nodes[tli]} had written on {tli}"
                      for tli, moment in since.items() if tli > op.tli and op.began > moment]
    return {"two_writers": found}


def together(*findings):
    total = {verdict: [] for verdict in VERDICTS}
    for finding in findings:
        for verdict, items in finding.items():
            total[verdict] += items
    return total
