"""Reads over several shards whose columns change behind shardward's back, while it knows how it
has read them."""

import contextlib

import wire
from suite import equal, rows, test
from test_batches import codes, run
from test_extended import same
from test_scatter import SHARDS, check_all_idle, crowd, of_city
from wire import SYNC, bind, close, describe, execute, parse, query

SHAPES = [("as they come", "visits, name", ""), ("sorted", "visits, name", " ORDER BY visits, name"),
          ("sorted by what is not shown", "name", " ORDER BY visits, name"),
          ("limited", "name, visits", " ORDER BY visits DESC, name LIMIT 2"),
          ("distinct", "DISTINCT visits", " ORDER BY visits"), ("a sum", "sum(visits)", ""),
          ("groups", "visits, count(*)", " GROUP BY visits ORDER BY visits"),
          ("an average", "name, avg(visits)", " GROUP BY name ORDER BY name"),
          ("windows", "visits, rank() OVER (ORDER BY visits)", " ORDER BY 1"),
          ("all", "*", " ORDER BY visits, name")]
CHANGES = [("bigint", "binary"), ("text", "text"), ("numeric(9,2)", "simple")]


def crowd_of_visits(p):
    """Their numbers sort in another order as texts."""
    city, keys = crowd(p)
    for place in [p.at_shard(shard) for shard in SHARDS] + [p.oracle()]:
        with place as conn:
            conn.execute("UPDATE patients SET visits = 7 * (visits + 6),"
                         " created_at = '2026-11-30' WHERE city = %s", (city,))
    return city, keys


def on_all(p, sql, shards=SHARDS, oracle=True):
    for place in [p.at_shard(shard) for shard in shards] + [p.oracle()] * oracle:
        with place as conn:
            conn.execute(sql)


@contextlib.contextmanager
def altered(p, type, shards=SHARDS, oracle=True, column="visits"):
    """The column is of another type, but not for those who do not look."""
    with contextlib.ExitStack() as after:
        after.callback(on_all, p, f"ALTER TABLE patients ALTER {column} DROP DEFAULT, ALTER {column} TYPE integer"
                       f" USING {column}::numeric::integer, ALTER {column} SET DEFAULT 0")
        on_all(p, f"ALTER TABLE patients ALTER {column} DROP DEFAULT, ALTER {column} TYPE {type}"
                  f" USING {column}::{type}", shards, oracle)
        yield


def matrix():
    return [(f"{shape}, to {type}, {way}", what, rest, type, way)
            for shape, what, rest in SHAPES for type, way in CHANGES]


def flight_of(way, sql):
    if way == "simple":
        return query(sql)
    return parse(sql) + bind(results=[1] if way == "binary" else []) + describe("P") + execute() + SYNC


def order(answers, is_sorted):
    readable = wire.readable(answers)
    return readable if is_sorted else sorted(readable, key=str)


@rows(matrix())
def the_answer_has_the_new_type(p, what, rest, type, way):
    city, _ = crowd_of_visits(p)
    flight = flight_of(way, of_city(city, what) + rest)
    with p.logged_in() as ours, p.oracle_wire() as theirs:
        def check(moment):
            got, expected = ours.ask(flight), theirs.ask(flight)
            if codes(expected):     # a text that is known has its Parse answered before its Bind fails
                got = [answer for answer in got if answer.kind != "1"]
            equal(order(got, rest), order(expected, rest), moment)

        for _ in range(2):
            check("before")
        with altered(p, type):
            for _ in range(2):
                check("meanwhile")
        check("after")
    check_all_idle(p)


# What a client has prepared

def prepared(p, ours_and_theirs, sql):
    for client in ours_and_theirs:
        equal(codes(client.ask(parse(sql, "s") + describe("S", "s") + SYNC)), [])


@rows([("as they come", "visits, name", "", "0A000"), ("sorted", "visits, name", " ORDER BY visits", "0A000"),
       ("what is not shown", "name", " ORDER BY visits", None), ("a sum", "sum(visits)", "", "0A000"),
       ("groups", "visits, count(*)", " GROUP BY visits ORDER BY visits", "0A000"),
       ("a count of groups", "count(*)", " GROUP BY visits ORDER BY visits", None)])
def postgresql_keeps_the_columns_of_a_statement(p, what, rest, code):
    city, _ = crowd_of_visits(p)
    sql = of_city(city, what) + rest
    flights = {"run": bind(statement="s", results=[1]) + execute() + SYNC,
               "again": close("S", "s") + parse(sql, "s") + bind(statement="s", results=[1]) + describe("P") + execute() + SYNC}
    with p.logged_in() as ours, p.oracle_wire() as theirs:
        prepared(p, (ours, theirs), sql)

        def check(name, moment):
            got, expected = ours.ask(flights[name]), theirs.ask(flights[name])
            equal(order(got, rest), order(expected, rest), moment)
            return codes(got)

        for _ in range(2):
            equal(check("run", "before"), [])
        with altered(p, "numeric(9,2)"):
            for _ in range(2):
                equal(check("run", "meanwhile"), [code] if code else [])
            for _ in range(2):
                equal(check("again", "prepared again"), [])
            equal(check("run", "after that"), [])
    check_all_idle(p)


@test
def what_was_described_counts_and_not_what_was_run_first(p):
    """asyncpg and pgx read the rows by what the statement's description said."""
    city, _ = crowd_of_visits(p)
    sql = of_city(city, "visits") + " ORDER BY visits"
    with p.logged_in() as ours, p.logged_in() as another, p.oracle_wire() as theirs:
        prepared(p, (ours, theirs), sql)
        with altered(p, "bigint"):
            equal(codes(another.query(sql)), [])    # the recipe is a new one
            flight = bind(statement="s", results=[1]) + execute() + SYNC
            got, expected = ours.ask(flight), theirs.ask(flight)
            equal(wire.readable(got), wire.readable(expected))
            equal(codes(got), ["0A000"])


# Transactions, and shards that differ

@rows([("simple", "simple"), ("extended", "text")])
def it_is_noticed_inside_a_transaction(p, way):
    city, keys = crowd_of_visits(p)
    sql = of_city(city, "name, visits") + " ORDER BY visits, name"
    flights = [query("BEGIN"), flight_of(way, sql), query("COMMIT")]
    same(p, *flights, *flights)
    with altered(p, "text"):
        same(p, *flights, *flights)
    check_all_idle(p)


@rows([(f"{shape}, {way}", what, rest, way) for shape, what, rest in SHAPES[:7] for way in ("simple", "text")])
def shards_that_differ_are_an_error(p, what, rest, way):
    city, _ = crowd_of_visits(p)
    flight = flight_of(way, of_city(city, what) + rest)
    with p.logged_in() as client:
        equal(codes(client.ask(flight)), [])
        with altered(p, "bigint", ["users_2"], oracle=False):
            for _ in range(2):
                fields = wire.error_of(client.ask(flight))
                equal((fields["C"], fields["M"]), ("55000", "the shards differ in the columns of this statement"))
        equal(codes(client.ask(flight)), [])
    check_all_idle(p)


@test
def a_column_that_is_gone_is_told_as_by_postgresql(p):
    same(p, query("SELECT 1"))
    on_all(p, "ALTER TABLE patients ADD gone int")
    try:
        city, _ = crowd_of_visits(p)
        sql = of_city(city, "gone, count(*)") + " GROUP BY gone"
        with p.logged_in() as ours:
            equal(wire.rows_of(ours.query(sql)), [[None, "4"]])
    finally:
        on_all(p, "ALTER TABLE patients DROP gone")
    with p.logged_in() as ours, p.oracle_wire() as theirs:
        for flight in (query(sql), run(sql) + SYNC):
            equal(wire.readable(ours.ask(flight)), wire.readable(theirs.ask(flight)))


@test
def what_names_something_by_an_oid_of_its_shard_is_not_put_together(p):
    city, _ = crowd(p)
    on_all(p, "ALTER TABLE patients ADD about regclass")
    try:
        on_all(p, f"UPDATE patients SET about = 'patients' WHERE city = '{city}'")
        with p.logged_in() as client:
            equal(wire.rows_of(client.query(of_city(city, "about"))), [["patients"]] * 4)
            equal(wire.rows_of(client.query(of_city(city, "DISTINCT about::text"))), [["patients"]])
            for what, rest in (("DISTINCT about", ""), ("about, count(*)", " GROUP BY about"),
                               ("count(DISTINCT about)", "")):
                equal(codes(client.query(of_city(city, what) + rest)), ["0A000"], what)
    finally:
        on_all(p, "ALTER TABLE patients DROP about")
    check_all_idle(p)


@test
def many_clients_notice_it_at_once(p):
    city, _ = crowd_of_visits(p)
    sql = of_city(city, "visits, count(*)") + " GROUP BY visits ORDER BY visits"
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(p.logged_in()) for _ in range(8)]
        theirs = stack.enter_context(p.oracle_wire())
        for client in clients:
            equal(codes(client.query(sql)), [])
        with altered(p, "bigint"):
            for client in clients:
                client.send(query(sql) + run(sql) + SYNC)
            expected = [wire.rows_of(theirs.query(sql))] * 2
            for client in clients:
                equal([wire.rows_of(client.read_ready()) for _ in range(2)], expected)
    check_all_idle(p)


@rows([("as they come", ""), ("sorted", "ORDER BY name"), ("groups", "GROUP BY name ORDER BY name")])
def other_literals_have_their_own_types(p, rest):
    city, _ = crowd_of_visits(p)
    with p.logged_in() as ours, p.oracle_wire() as theirs:
        for literal in ("1", "10000000000", "1.5", "'a'", "1", "2", "10000000000", "'b'"):
            flight = query(of_city(city, f"name, {literal}") + f" {rest}")
            got, expected = ours.ask(flight), theirs.ask(flight)
            equal(order(got, rest), order(expected, rest), literal)
