"""Portals over several shards that go on: fetch sizes, and cursors, inside of a transaction."""

import contextlib

import wire
from guard import forget_memory_peak, has_own_memory, memory_peak
from suite import equal, rows, test
from test_batches import codes, cut, run, tags, update
from test_cancel import ask
from test_catalog import NO_FUNCTIONS, changed
from test_extended import int8, kinds_of, same
from test_scatter import MB, SHARDS, check_all_idle, crowd, locked, of_city, waiting
from test_transactions import eventually
from wire import FLUSH, SYNC, bind, close, describe, execute, parse, query

MANY = [shard for shard in SHARDS for _ in range(5)]


def ordered(city, what="name, visits"):
    return of_city(city, what) + " ORDER BY patient_id"


def cast(p, shards=MANY, **columns):
    """A crowd, and the statements about it that are put together in each way."""
    city, keys = crowd(p, shards, **columns)
    return city, keys, {
        "merged": ordered(city),
        "limited": ordered(city) + " LIMIT 13 OFFSET 3",
        "finished": f"SELECT visits % 7 AS v, count(*), round(avg(visits), 2) FROM patients WHERE city = '{city}'"
                    " GROUP BY 1 ORDER BY 1",
        "distinct": f"SELECT DISTINCT left(name, 7) AS n FROM patients WHERE city = '{city}' ORDER BY n",
        "nothing": ordered("nowhere"),
    }


WAYS = ["merged", "limited", "finished", "distinct", "nothing"]


def of_portal(sql, limits, portal="p", **formats):
    """One flight with the Bind and the first Execute, and one for each further Execute."""
    first, *others = limits
    yield parse(sql, "s" + portal) + bind([], "s" + portal, portal, **formats) + describe("P", portal) \
        + execute(first, portal) + SYNC
    for limit in others:
        yield execute(limit, portal) + SYNC


# Row limits

@rows([(f"{way}, {name}", way, limits) for way in WAYS
       for name, limits in [("one by one", [1] * 25), ("a few", [3] * 9), ("most", [19, 19]), ("exactly all", [20, 20, 20]),
                            ("then all", [2, 0, 0]), ("at once", [1000, 1]), ("all, then again", [0, 0, 3])]])
def rows_come_as_many_at_a_time_as_were_asked_for(p, way, limits):
    _, _, statements = cast(p)
    for portal in ("", "p"):
        same(p, query("BEGIN"), *of_portal(statements[way], limits, portal), query("COMMIT"))
        same(p, query("BEGIN"), *of_portal(statements[way], limits, portal, results=[1]), query("ROLLBACK"))
    check_all_idle(p)


@rows([(way, way) for way in WAYS])
def a_batch_may_execute_again_and_again(p, way):
    _, _, statements = cast(p)
    begun = parse(statements[way]) + bind(portal="p") + describe("P", "p")
    same(p, query("BEGIN"), begun + execute(2, "p") + execute(3, "p") + execute(0, "p") + execute(1, "p") + SYNC,
         query("COMMIT"))
    same(p, query("BEGIN"), begun + execute(2, "p") + close("P", "p") + execute(1, "p") + SYNC, query("ROLLBACK"))
    same(p, query("BEGIN"), begun + execute(2, "p") + run("SELECT 1") + execute(2, "p") + close("P", "p") + SYNC,
         execute(1, "p") + SYNC, query("ROLLBACK"))


@rows([(way, way) for way in WAYS])
def flush_comes_between(p, way):
    _, _, statements = cast(p)
    sql = statements[way]
    full = way != "nothing"
    until = "s" if full else "C"
    same(p, query("BEGIN"), (parse(sql) + bind() + describe("P") + FLUSH, "T"), (execute(2) + FLUSH, until),
         (execute(1) + FLUSH, until), execute(0) + SYNC, query("COMMIT"))
    same(p, query("BEGIN"), parse(sql) + bind(portal="p") + SYNC, describe("P", "p") + SYNC, execute(2, "p") + SYNC,
         describe("P", "p") + execute(1, "p") + SYNC, query("COMMIT"))


@test
def portals_are_used_in_turns_beside_other_statements(p):
    city, keys, statements = cast(p)
    flights = [query("BEGIN")]
    portals = {name: of_portal(sql, [2] * 12, name) for name, sql in statements.items()}
    for turn in range(12):
        for name, flight in portals.items():
            flights.append(next(flight))
        flights += [query(update(keys[7])), query(f"SELECT visits FROM patients WHERE patient_id = {keys[turn]}"),
                    query(ordered(city, "count(*)").split(" ORDER")[0])]
    same(p, *flights, query("ROLLBACK"))
    check_all_idle(p)


@test
def a_portal_of_one_shard_stays_beside_them(p):
    _, keys, statements = cast(p, SHARDS)
    for way in ("merged", "finished"):
        for key in keys:
            one = f"SELECT name, n FROM patients, generate_series(1, 5) n WHERE patient_id = {key}"
            same(p, query("BEGIN"), *list(of_portal(statements[way], [1])), parse(one) + bind() + execute(1) + SYNC,
                 execute(1) + SYNC, execute(2, "p") + SYNC, execute(1) + SYNC, execute(1, "p") + SYNC,
                 close("P", "p") + SYNC, execute(0) + SYNC, query("COMMIT"))


@test
def a_portal_shows_what_was_there_at_its_bind(p):
    city, keys, _ = cast(p)
    sums = f"SELECT sum(visits), max(name) FROM patients WHERE city = '{city}'"
    for sql in (ordered(city), sums):
        same(p, query("BEGIN"), parse(sql) + bind(portal="p") + SYNC, query(update(keys[0])), execute(1, "p") + SYNC,
             query(f"DELETE FROM patients WHERE patient_id = {keys[1]}"), execute(3, "p") + SYNC, execute(0, "p") + SYNC,
             parse(sql) + bind(portal="q") + execute(3, "q") + SYNC, query("ROLLBACK"))


@test
def values_are_bound_once(p):
    city, _, _ = cast(p)
    sql = "SELECT name, visits FROM patients WHERE city = $1 AND visits > $2 ORDER BY patient_id LIMIT $3 OFFSET $4"
    for limit in ("7", None):
        same(p, query("BEGIN"), parse(sql, "s") + bind([city, "1", limit, "2"], "s", "p") + execute(2, "p") + SYNC,
             execute(3, "p") + SYNC, execute(2, "p") + SYNC, execute(0, "p") + SYNC, query("COMMIT"))
    got = same(p, query("BEGIN"), parse(sql, "s") + bind([city, "x", "1", "2"], "s", "p") + SYNC, query("ROLLBACK"))
    equal(kinds_of(got)[1:], ["1EZ", "CZ"])


@test
def without_an_order_every_row_comes_once(p):
    city, _, _ = cast(p)
    with p.logged_in() as client:
        client.query("BEGIN")
        seen, kinds = [], ""
        for flight in of_portal(of_city(city, "name"), [3] * 7):
            answers = client.ask(flight)
            seen += wire.rows_of(answers)
            kinds += wire.kinds(answers)[-2]
        equal((len(seen), len({name for [name] in seen}), kinds), (20, 20, "ssssssC"))
        client.query("COMMIT")


@test
def columns_may_be_more_than_the_client_has_to_read_first(p):
    """400 of them, told 14 times, are 450 KB before the first row."""
    city, _, _ = cast(p)
    sql = ordered(city, ", ".join(f"visits AS {'c' * 58}{i}" for i in range(400)))
    begun = parse(sql) + bind() + 14 * describe("P")
    same(p, begun + execute() + SYNC, query("BEGIN"), begun + execute(2) + SYNC,
         14 * describe("P") + execute(2) + SYNC, 14 * describe("P") + execute(0) + SYNC, query("COMMIT"))


SETTINGS = ["SET LOCAL datestyle = 'German'", "SET bytea_output = 'escape'", "RESET ALL",
            "SELECT set_config('timezone', 'Asia/Tokyo', true)"]
DATED = "'2020-01-01 00:00Z'::timestamptz, name::bytea"


@rows([(change, change) for change in SETTINGS])
def rows_of_two_settings_do_not_come_as_one_answer(p, change):
    """They would, where some of them wait here that were computed before."""
    city, _, _ = cast(p)
    sums = f"SELECT min(to_char(now(), 'TZ') || name) FROM patients WHERE city = '{city}' GROUP BY visits"
    dated = ordered(city, DATED)
    before = parse(dated) + bind(portal="p") + SYNC
    same(p, query("BEGIN"), before, query(change), execute(0, "p") + SYNC, query("ROLLBACK"))
    same(p, query("BEGIN"), query(change), before, execute(2, "p") + SYNC, execute(0, "p") + SYNC, query("ROLLBACK"))
    same(p, query("BEGIN"), before, execute(2, "p") + SYNC, query("SAVEPOINT a"), query(change), query("ROLLBACK TO a"),
         query("SET LOCAL statement_timeout = '1min'"), execute(0, "p") + SYNC, query("ROLLBACK"))
    with p.logged_in() as client:
        for sql, first in ((dated, execute(2, "p")), (sums, b"")):
            client.query("BEGIN")
            client.ask(parse(sql) + bind(portal="p") + first + SYNC)
            client.query("SAVEPOINT a")
            client.query(change)
            answers = client.ask(execute(0, "p") + SYNC)
            equal((codes(answers), wire.rows_of(answers), wire.ready_status(answers)), (["0A000"], [], "E"))
            client.query("ROLLBACK")
        client.query("BEGIN")
        for text in (f"DECLARE c CURSOR FOR {dated}", "FETCH 2 c", change):
            client.query(text)
        equal(codes(client.query("FETCH ALL c")), ["0A000"])
        client.query("ROLLBACK")


# The end of a portal

@rows([("Close", close("P", "p") + SYNC), ("COMMIT", query("COMMIT")), ("ROLLBACK", query("ROLLBACK")),
       ("an error", query("SELECT 1/0")), ("COMMIT in a batch", run("COMMIT") + SYNC)])
def a_portal_ends(p, end):
    _, _, statements = cast(p)
    for way in ("merged", "finished"):
        same(p, query("BEGIN"), *of_portal(statements[way], [1, 1]), end, execute(1, "p") + SYNC, query("ROLLBACK"))
    check_all_idle(p)


@test
def its_name_is_taken_until_then(p):
    _, _, statements = cast(p)
    begun = list(of_portal(statements["merged"], [1]))[0]
    again = bind([], "sp", "p") + execute(1, "p") + SYNC
    same(p, query("BEGIN"), begun, close("P", "p") + SYNC, again, again, query("ROLLBACK"))


WATCHING = NO_FUNCTIONS.replace("        placements", "        functions: {open_portals(): {harmless: true}}\n        placements")


@contextlib.contextmanager
def watching(p, keys):
    """Through shardward, who calls open_portals() sees how many there are on the shard of each key."""
    make = ("CREATE FUNCTION open_portals() RETURNS bigint LANGUAGE sql AS"
            " $$ SELECT count(*) FROM pg_cursors WHERE name LIKE 'sw_portal%' $$")
    with changed(p, ["catalog", *SHARDS], make, "DROP FUNCTION IF EXISTS open_portals()"):
        with p.another_shardward((NO_FUNCTIONS, WATCHING)) as other, p.logged_in(other.port) as client:
            yield client, lambda: [wire.rows_of(client.query(f"SELECT open_portals() FROM patients WHERE patient_id = {key}"))
                                   for key in keys]


@test
def the_portals_of_the_shards_end_with_it(p):
    _, keys, statements = cast(p, SHARDS)
    with watching(p, keys) as (client, count):
        client.query("BEGIN")
        client.ask(parse(statements["merged"], "s") + SYNC)
        for name in ("a", "b"):
            client.ask(bind([], "s", name) + execute(1, name) + SYNC)
        for _ in range(3):          # the one without a name takes the place of the one before
            client.ask(bind([], "s") + execute(1) + SYNC)
        equal(count(), [[["3"]]] * 4)
        for expected, name in (("2", "a"), ("1", "b")):
            client.ask(close("P", name) + SYNC)
            equal(count(), [[[expected]]] * 4)
        client.ask(parse(statements["finished"]) + bind(portal="c") + execute(1, "c") + SYNC)
        equal(sorted(count()), [[["1"]]] * 3 + [[["2"]]])
        client.ask(close("P", "c") + SYNC)
        equal(count(), [[["1"]]] * 4)
        client.query("COMMIT")
    check_all_idle(p)


@test
def a_portal_goes_with_its_savepoint(p):
    _, _, statements = cast(p)
    for way in ("merged", "finished"):
        sql = statements[way]
        first, second = of_portal(sql, [2, 2])
        same(p, query("BEGIN"), query("SAVEPOINT a"), first, query("ROLLBACK TO a"), second,
             query("ROLLBACK TO a"), bind([], "sp", "p") + execute(1, "p") + SYNC, query("COMMIT"))
        same(p, query("BEGIN"), first, query("SAVEPOINT a"), second, query("ROLLBACK TO a"), second,
             query("RELEASE a"), second, query("COMMIT"))
        same(p, query("BEGIN"), first, query("SAVEPOINT a"), query("SELECT 1/0"), second, query("ROLLBACK TO a"),
             second, query("COMMIT"))


@test
def a_portal_that_has_failed_cannot_be_run_again(p):
    city, keys = crowd(p, ["users_0"] * 3)
    division = ordered(city, f"visits, 1 / (patient_id - {keys[2]})")
    with p.logged_in() as client:
        client.query("BEGIN")
        answers = client.ask(parse(division) + bind(portal="p") + SYNC)
        equal(wire.kinds(answers), "12Z")
        client.query("SAVEPOINT a")
        answers = client.ask(execute(3, "p") + SYNC)
        equal((codes(answers), wire.ready_status(answers)), (["22012"], "E"))
        equal(codes(client.ask(execute(1, "p") + SYNC)), ["25P02"])
        client.query("ROLLBACK TO a")
        fields = wire.error_of(client.ask(execute(1, "p") + SYNC))
        equal((fields["C"], fields["M"]), ("55000", 'portal "p" cannot be run'))
        equal(wire.ready_status(client.query("ROLLBACK")), "I")
    check_all_idle(p)


@rows([("merged", "merged"), ("finished", "finished")])
def a_lost_server_fails_the_transaction(p, way):
    _, _, statements = cast(p)
    with p.logged_in() as client:
        client.query("BEGIN")
        first, second = of_portal(statements[way], [2, 2])
        client.ask(first)
        for shard in SHARDS:
            cut(p, shard)
        equal(codes(client.ask(second))[0][:2], "57")
        equal(codes(client.ask(second)), ["25P02"])
        equal(wire.ready_status(client.query("ROLLBACK")), "I")
        equal(wire.kinds(client.query("SELECT 1")), "TDCZ")
    check_all_idle(p)


# Cancel, and large results

@test
def a_cancel_reaches_a_portal_that_waits(p):
    city, keys = crowd(p, SHARDS)
    with p.logged_in() as client, locked(p, "users_2"):
        client.query("BEGIN")
        client.send(parse(ordered(city)) + bind(portal="p") + execute(1, "p") + SYNC)
        eventually(lambda: waiting(p, "users_2") == 1, "the statement waits")
        ask(p, client)
        answers = client.read_ready()
        equal((codes(answers), wire.ready_status(answers)), (["57014"], "E"))
        client.query("ROLLBACK")
    check_all_idle(p)


def large(city):
    """100 rows of 1 MB."""
    copies = ", ".join(f"({i})" for i in range(25))
    return (f"SELECT repeat(name, {MB // 9}), i FROM patients CROSS JOIN (VALUES {copies}) v (i)"
            f" WHERE city = '{city}' ORDER BY patient_id, i")


@test
def a_cancel_reaches_one_whose_rows_are_not_read(p):
    city, _ = crowd(p, SHARDS)
    with p.logged_in() as client:
        client.query("BEGIN")
        client.ask(parse(large(city)) + bind(portal="p") + execute(1, "p") + SYNC)
        client.send(execute(0, "p") + SYNC)
        client.read_until("D")
        ask(p, client)
        equal(codes(client.read_ready()), ["57014"])
        client.query("ROLLBACK")
    check_all_idle(p)


@test
def rows_that_become_large_do_not_fill_memory(p):
    """Of the first ones, which are small, a hundred thousand would fit; 400 MB are to come."""
    city, _ = crowd(p, SHARDS)
    growing = (f"SELECT repeat('x', CASE WHEN i < 30 THEN 1 ELSE 100000 END) FROM patients CROSS JOIN generate_series(1, 1030) i"
               f" WHERE city = '{city}' ORDER BY i, patient_id")
    with p.another_shardward() as other, p.logged_in(other.port) as client:
        client.query("BEGIN")
        client.ask(parse(growing) + bind(portal="p") + execute(30, "p") + SYNC)
        before = forget_memory_peak(other)
        client.send(execute(0, "p") + SYNC)
        client.read_until("D")
        equal(tags(client.read_ready()), ["SELECT 4090"])
        grown = (memory_peak(other) - before) // MB
        assert has_own_memory(p.program) or grown <= 200, f"{grown} MB more"
        client.query("COMMIT")


@test
def other_rows_than_those_of_its_fetch_size_are_not_fetched(p):
    """Of a row that is an error PostgreSQL tells when it comes to it."""
    city, keys = crowd(p, ["users_1"] * 9)
    division = of_city(city, f"1 / (patient_id - {keys[8]})")
    with p.logged_in() as client:
        client.query("BEGIN")
        answers = client.ask(parse(division) + bind(portal="p") + execute(2, "p") + SYNC)
        equal(wire.kinds(answers)[-2:], "sZ")
        client.query("ROLLBACK")


@test
def a_string_of_values_in_binary(p):
    _, keys, _ = cast(p)
    sql = "SELECT name, visits FROM patients WHERE patient_id >= $1 AND patient_id <= $2 ORDER BY patient_id"
    values = [int8(min(keys)), int8(max(keys))]
    same(p, query("BEGIN"), parse(sql, "s", [20, 20]) + bind(values, "s", "p", formats=[1], results=[0, 1])
         + describe("P", "p") + execute(4, "p") + SYNC, execute(0, "p") + SYNC, query("COMMIT"))


@test
def tags_count_the_rows_of_each_execute(p):
    _, _, statements = cast(p)
    with p.logged_in() as client:
        client.query("BEGIN")
        got = [tags(client.ask(flight)) for flight in of_portal(statements["merged"], [15, 15, 15])]
        equal(got, [[], ["SELECT 5"], ["SELECT 0"]])
        client.query("COMMIT")
