"""flights - messages of the extended protocol that go to several shards beside others.

A flight ends with one Sync. Portals are left before their end, and statements come in pipelines.
"""

import wire

ORDERED = ["SELECT patient_id, name FROM patients ORDER BY patient_id",
           "SELECT visit_id, patient_id FROM visits ORDER BY at, patient_id, visit_id",
           "SELECT mood, count(*) FROM visits GROUP BY mood ORDER BY mood",
           "SELECT DISTINCT city FROM patients ORDER BY city",
           "SELECT count(*), sum(fee) FROM visits",
           "SELECT name FROM patients WHERE patient_id = 1",
           "SELECT patient_id FROM patients WHERE patient_id IN (1, 2, 3, 4) ORDER BY 1 DESC",
           "SELECT 1"]
FAILING = "SELECT 1 / (visit_id - 1) FROM visits"


def _one(sql, *executes, name=""):
    return (wire.parse(sql, name) + wire.bind(statement=name, portal=name) + wire.describe("P", name)
            + b"".join(executes or [wire.execute(0, name)]))


def left():
    """Portals that are closed, or forgotten, after some rows."""
    for sql in ORDERED:
        yield f"{sql}: two rows", _one(sql, wire.execute(2)) + wire.SYNC
        yield (f"{sql}: two rows, closed",
               wire.close("S", "p") + _one(sql, wire.execute(2, "p"), wire.close("P", "p"), name="p")
               + wire.SYNC)
        yield (f"{sql}: row by row", _one(sql, *[wire.execute(1)] * 5) + wire.SYNC)
        yield f"{sql}: none asked for", _one(sql, wire.FLUSH) + wire.SYNC


def pipelines(dice):
    """Several statements before one Sync; now and then one fails, and those behind it are left out."""
    for number in range(40):
        some = dice.choices(ORDERED, k=dice.randint(2, 5))
        if number % 4 == 0:
            some[dice.randrange(len(some))] = FAILING
        yield "; ".join(some), b"".join(map(_one, some)) + wire.SYNC
