"""PREPARE, EXECUTE and DEALLOCATE beside the names of the protocol."""

from script import ADA, CYD, each, name_of, queries
from wire import SYNC, bind, close, describe, execute, parse, query

PREPARE = "PREPARE s (bigint) AS SELECT name, visits FROM patients WHERE patient_id = $1"
GO = bind((), "s") + execute() + SYNC

SCRIPTS = [
    ("by SQL", *queries("PREPARE s AS SELECT 1", "EXECUTE s", "EXECUTE s", "DEALLOCATE s", "EXECUTE s", "DEALLOCATE s")),
    ("on shards", *queries(PREPARE, f"EXECUTE s({ADA})", f"EXECUTE s({CYD})", "EXECUTE s(NULL)", "DEALLOCATE s")),
    ("run by Bind", query("PREPARE s AS SELECT 1 AS one"), describe("S", "s") + GO, GO, close("S", "s") + SYNC, query("EXECUTE s")),
    ("run by Bind on a shard", query(PREPARE), describe("S", "s") + bind([str(ADA)], "s") + describe("P") + execute() + SYNC,
     bind([str(CYD)], "s") + execute() + SYNC),
    ("of Parse, run by SQL", parse("SELECT $1::int + 1", "s") + SYNC, query("EXECUTE s(1)"), query("EXECUTE s"), query("DEALLOCATE s"), GO),
    ("a name of Parse", parse("SELECT 1", "s") + SYNC, query("PREPARE s AS SELECT 2"), GO, query("DEALLOCATE s"), query("PREPARE s AS SELECT 2"), GO),
    ("a name of SQL", query("PREPARE s AS SELECT 1"), parse("SELECT 2", "s") + SYNC, query("EXECUTE s")),
    ("all gone", query("PREPARE s AS SELECT 1"), parse("SELECT 2", "t") + SYNC, query("DEALLOCATE ALL"), GO, describe("S", "t") + SYNC),
    ("all gone by DISCARD", query("PREPARE s AS SELECT 1"), query("DISCARD ALL"), GO),
    ("DEALLOCATE keeps the unnamed one", parse("SELECT 1") + SYNC, parse("DEALLOCATE ALL", "t") + bind((), "t") + execute() + SYNC, bind() + execute() + SYNC),
    ("names in capitals", *queries("PREPARE Abc AS SELECT 1", "EXECUTE ABC", "EXECUTE \"Abc\"", "PREPARE \"Abc\" AS SELECT 2",
                                   "EXECUTE \"Abc\"", "DEALLOCATE PREPARE abc", "EXECUTE abc")),
    ("by the extended protocol", *each("PREPARE s AS SELECT 1 AS one", "EXECUTE s", "DEALLOCATE s", "EXECUTE s")),
    ("in a failed transaction", *queries("BEGIN", "PREPARE s AS SELECT 1", "SELECT 1/0", "EXECUTE s", "DEALLOCATE s", "ROLLBACK", "EXECUTE s")),
    ("errors", *queries("PREPARE s AS SELEC", "PREPARE s AS SELECT nothing", "PREPARE s (int) AS SELECT $1",
                        "EXECUTE s(1, 2)", "PREPARE s AS SELECT 2", "EXECUTE nothing", "DEALLOCATE nothing")),
    ("a write", *queries(f"PREPARE s AS UPDATE patients SET visits = visits + 1 WHERE patient_id = {ADA}", "EXECUTE s", "BEGIN", "EXECUTE s",
                         "ROLLBACK", name_of(ADA))),
    ("explained", *queries("PREPARE s AS SELECT 1", "EXPLAIN (COSTS off) EXECUTE s")),
    ("arguments that are wrong", *queries("PREPARE s (int) AS SELECT $1", "EXECUTE s('x')", "EXPLAIN EXECUTE nothing")),
]
