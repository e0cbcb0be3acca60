"""EXECUTE of statements over several shards that were prepared by SQL."""

import wire
from suite import equal, rows, test
from test_batches import codes, run
from test_cursors import same_queries
from test_extended import same
from test_scatter import check_all_idle, crowd
from test_scattered_portals import WAYS, cast
from wire import SYNC, bind, describe, execute, parse, query

BY_CITY = "SELECT name, visits FROM patients WHERE city = $1 AND visits > $2 ORDER BY patient_id LIMIT $3"


@rows([(way, way) for way in WAYS])
def execute_runs_what_was_prepared(p, way):
    _, _, ways = cast(p)
    prepare = f"PREPARE s AS {ways[way]}"
    same_queries(p, prepare, "EXECUTE s", "EXECUTE s", "BEGIN", "EXECUTE s", "SELECT 1/0", "EXECUTE s", "ROLLBACK",
                 "DEALLOCATE s", "EXECUTE s")
    same(p, query(prepare), parse("EXECUTE s", "e") + describe("S", "e") + SYNC,
         *(bind([], "e", results=results) + describe("P") + execute() + SYNC for results in ([], [1])),
         query("BEGIN"), bind([], "e", "p") + execute(2, "p") + SYNC, execute(0, "p") + SYNC, query("COMMIT"),
         run("EXECUTE s") + run("EXECUTE s") + SYNC)
    check_all_idle(p)


@test
def arguments_are_those_of_execute(p):
    city, _, _ = cast(p)
    for types in ("", " (text, int, bigint)"):
        same_queries(p, f"PREPARE s{types} AS {BY_CITY}", f"EXECUTE s ('{city}', 2, 3)", f"EXECUTE s ('{city}', '3', NULL)",
                     f"EXECUTE s ('{city}', NULL, 4)", f"EXECUTE s ('{city}', -1, 2::bigint)", "EXECUTE s ('nowhere', 0, 0)",
                     f"EXECUTE s ('{city}', 1)", f"EXECUTE s ('{city}', 1, -1)")
    same(p, parse(BY_CITY, "s") + describe("S", "s") + SYNC, query(f"EXECUTE s ('{city}', 2, 3)"), run(f"EXECUTE s ('{city}', 2, 3)") + SYNC,
         query("PREPARE n AS SELECT count(*) FROM patients WHERE visits > $1::numeric AND city = $2"),
         query(f"EXECUTE n (3, '{city}')"), query(f"EXECUTE n ('3.5', '{city}')"))


@test
def a_bad_argument_is_told_as_by_postgresql(p):
    with p.logged_in() as client:
        client.query(f"PREPARE s AS {BY_CITY}")
        fields = wire.error_of(client.query("EXECUTE s ('nowhere', 'x', 1)"))
        equal((fields["C"], fields["M"]), ("22P02", 'invalid input syntax for type integer: "x"'))


@rows([("an expression", "EXECUTE s (1 + random()::int)"), ("a constant of another type", "EXECUTE s (true)"),
       ("EXPLAIN", "EXPLAIN EXECUTE s (1)")])
def is_refused(p, sql):
    crowd(p, ["users_0"])
    with p.logged_in() as client:
        equal(codes(client.query("PREPARE s AS SELECT name FROM patients WHERE visits > $1")), [])
        equal(codes(client.query(sql)), ["0A000"])
        equal(wire.kinds(client.query("SELECT 1")), "TDCZ")
