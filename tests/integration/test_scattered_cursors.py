"""Cursors over several shards: DECLARE, FETCH and MOVE forward, CLOSE, until their transaction ends."""

import asyncio

import psycopg

import wire
from suite import equal, rows, test
from test_batches import codes, run, tags, update
from test_cursors import same_queries
from test_extended import same
from test_scatter import check_all_idle, crowd
from test_scattered_portals import WAYS, cast, ordered
from wire import SYNC, bind, close, describe, execute, parse, query

ALL = ["FETCH c"] * 25
MIXED = ["FETCH c", "FETCH NEXT FROM c", "MOVE c", "FETCH 2 FROM c", "MOVE FORWARD 2 IN c", "FETCH FORWARD 3 c",
         "FETCH RELATIVE 2 FROM c", "MOVE RELATIVE 1 c", "FETCH BACKWARD -2 c", "FETCH ALL c", "FETCH c", "MOVE c", "MOVE 0 c",
         "FETCH 0 c"]


@rows([(f"{way}, {name}", way, statements) for way in WAYS
       for name, statements in [("one by one", ALL), ("mixed", MIXED), ("all", ["FETCH ALL c", "FETCH ALL c", "MOVE ALL c"]),
                                ("moved", ["MOVE 0 c", "MOVE 3 c", "MOVE 0 c", "FETCH 2 c", "MOVE ALL IN c", "MOVE 0 c", "FETCH c"]),
                                ("none", ["FETCH 0 c", "FETCH FORWARD 0 c", "FETCH c"]),
                                ("exactly all", ["FETCH 20 c", "MOVE 0 c", "FETCH 1 c", "MOVE 0 c"]),
                                ("relative", ["MOVE RELATIVE 18 c", "FETCH RELATIVE 3 c", "FETCH c"])]])
def rows_are_fetched_forward(p, way, statements):
    _, _, ways = cast(p)
    for kind in ("", "NO SCROLL ", "BINARY ", "INSENSITIVE NO SCROLL "):
        same_queries(p, "BEGIN", f"DECLARE c {kind}CURSOR FOR {ways[way]}", *statements, "CLOSE c", "FETCH c", "ROLLBACK")
    check_all_idle(p)


@rows([(way, way) for way in WAYS])
def the_extended_protocol_declares_and_fetches(p, way):
    _, _, ways = cast(p)
    declare = run(f"DECLARE c CURSOR FOR {ways[way]}") + SYNC
    texts = parse("FETCH 2 FROM c") + bind() + describe("P") + execute() + SYNC
    binary = parse("FETCH 3 FROM c") + bind(results=[1]) + describe("P") + execute() + SYNC
    same(p, query("BEGIN"), declare, texts, texts, describe("P", "c") + SYNC, run("MOVE c") + SYNC,
         parse("MOVE c") + bind() + describe("P") + execute() + SYNC, run("FETCH ALL c") + SYNC, run("CLOSE c") + SYNC,
         texts, query("ROLLBACK"))
    same(p, query("BEGIN"), declare, binary, binary, binary, run("CLOSE ALL") + SYNC, query("COMMIT"))
    same(p, query("BEGIN"), declare, parse("FETCH 2 FROM c", "f") + describe("S", "f") + SYNC,
         bind([], "f") + execute() + SYNC, bind([], "f") + execute(3) + SYNC, close("P", "c") + SYNC,
         bind([], "f") + execute() + SYNC, query("ROLLBACK"))
    same(p, query("BEGIN"), run(f"DECLARE c CURSOR FOR {ways[way]}") + run("FETCH 2 FROM c") + run("MOVE c")
         + run("FETCH c") + run("CLOSE c") + SYNC, query("COMMIT"))


@test
def values_are_those_of_the_declaration(p):
    city, _, _ = cast(p)
    declare = ("DECLARE c CURSOR FOR SELECT name, visits FROM patients WHERE city = $1 AND visits > $2"
               " ORDER BY patient_id LIMIT $3")
    for results in ([], [1]):
        same(p, query("BEGIN"), parse(declare, "d") + describe("S", "d") + SYNC,
             bind([city, "1", "9"], "d", results=results) + describe("P") + execute() + SYNC, query("FETCH 4 c"),
             query("FETCH ALL c"), query("COMMIT"))


@test
def formats_are_those_of_the_first_fetch_while_rows_are_here(p):
    _, _, ways = cast(p)
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(f"DECLARE c CURSOR FOR {ways['merged']}")
        equal(len(wire.rows_of(client.query("FETCH 2 c"))), 2)
        answers = client.ask(parse("FETCH 2 c") + bind(results=[1]) + execute() + SYNC)
        equal((codes(answers), wire.ready_status(answers)), (["0A000"], "E"))
        client.query("ROLLBACK")


@test
def a_cursor_shows_what_was_there_when_it_was_declared(p):
    city, keys, ways = cast(p)
    for sql in (ways["merged"], f"SELECT sum(visits), max(name) FROM patients WHERE city = '{city}'"):
        same_queries(p, "BEGIN", f"DECLARE c CURSOR FOR {sql}", update(keys[0]), "FETCH c",
                     f"DELETE FROM patients WHERE patient_id = {keys[1]}", "FETCH 3 c", "FETCH ALL c",
                     f"DECLARE d CURSOR FOR {sql}", "FETCH 3 d", "CLOSE ALL", "FETCH d", "ROLLBACK")
    check_all_idle(p)


@test
def cursors_are_fetched_side_by_side(p):
    city, keys, ways = cast(p)
    one = f"SELECT name FROM patients WHERE patient_id = {keys[3]}"
    declares = [f"DECLARE {way} CURSOR FOR {sql}" for way, sql in ways.items()]
    turns = [f"FETCH 2 {way}" for _ in range(6) for way in [*ways, "one"]]
    same_queries(p, "BEGIN", *declares, f"DECLARE one CURSOR FOR {one}", *turns, "CLOSE merged", "FETCH merged", "ROLLBACK")
    same_queries(p, "BEGIN", *declares, f"DECLARE one CURSOR FOR {one}", "FETCH one", "CLOSE ALL", "FETCH one", "ROLLBACK")
    same_queries(p, "BEGIN", *declares, "CLOSE ALL", *declares, "FETCH merged", "COMMIT", "FETCH merged")
    check_all_idle(p)


NAMES = ordered("nowhere", "name")


@rows([("a name that is taken", ["BEGIN", f"DECLARE c CURSOR FOR {NAMES}", f"DECLARE c CURSOR FOR {NAMES}"]),
       ("a name that was taken", ["BEGIN", f"DECLARE c CURSOR FOR {NAMES}", "CLOSE c", f"DECLARE c CURSOR FOR {NAMES}", "FETCH c"]),
       ("taken by one shard's", ["BEGIN", "DECLARE c CURSOR FOR SELECT 1", f"DECLARE c CURSOR FOR {NAMES}"]),
       ("taken from it", ["BEGIN", f"DECLARE c CURSOR FOR {NAMES}", "DECLARE c CURSOR FOR SELECT 1"]),
       ("no transaction", [f"DECLARE c CURSOR FOR {NAMES}"]), ("an empty name", ["BEGIN", f'DECLARE "" CURSOR FOR {NAMES}']),
       ("a name in quotation marks", ["BEGIN", f'DECLARE "for CURSOR" CURSOR FOR {NAMES}', 'FETCH "for CURSOR"']),
       ("a comment", ["BEGIN", f"DECLARE c /* for */ CURSOR -- for\n FOR {NAMES}", "FETCH c"]),
       ("an error in the query", ["BEGIN", "DECLARE c CURSOR FOR SELECT nme FROM patients"]),
       ("backward", ["BEGIN", f"DECLARE c NO SCROLL CURSOR FOR {NAMES}", "FETCH PRIOR c"]),
       ("chained", ["BEGIN", f"DECLARE c CURSOR FOR {NAMES}", "COMMIT AND CHAIN", "FETCH c"])])
def is_answered_in_the_words_of_postgresql(p, statements):
    same_queries(p, *statements, "ROLLBACK", "SELECT 1")
    same(p, *(flight for sql in statements for flight in (run(sql) + SYNC,)), query("ROLLBACK"))


@test
def a_cursor_goes_with_its_savepoint(p):
    _, _, ways = cast(p)
    for way in ("merged", "finished"):
        declare = f"DECLARE c CURSOR FOR {ways[way]}"
        same_queries(p, "BEGIN", "SAVEPOINT a", declare, "FETCH c", "ROLLBACK TO a", declare, "FETCH c", "COMMIT")
        same_queries(p, "BEGIN", "SAVEPOINT a", declare, "FETCH c", "ROLLBACK TO a", "FETCH c", "ROLLBACK")
        same_queries(p, "BEGIN", declare, "SAVEPOINT a", "FETCH c", "ROLLBACK TO a", "FETCH c", "SELECT 1/0",
                     "ROLLBACK TO a", "FETCH c", "COMMIT")
    check_all_idle(p)


@test
def an_error_of_a_row_ends_it(p):
    city, keys = crowd(p, ["users_0"] * 3)
    declare = "DECLARE c CURSOR FOR " + ordered(city, f"visits, 1 / (patient_id - {keys[0]})")
    same_queries(p, "BEGIN", declare, "SAVEPOINT a", "FETCH c", "FETCH c", "ROLLBACK TO a", "FETCH c", "ROLLBACK")
    same(p, query("BEGIN"), query(declare), run("FETCH c") + SYNC, query("ROLLBACK"))
    check_all_idle(p)


@rows([("WITH HOLD", [f"DECLARE c CURSOR WITH HOLD FOR {NAMES}"]), ("SCROLL", [f"DECLARE c SCROLL CURSOR FOR {NAMES}"]),
       ("backward", [f"DECLARE c CURSOR FOR {NAMES}", "FETCH BACKWARD 1 c"]),
       ("a place", [f"DECLARE c CURSOR FOR {NAMES}", "FETCH ABSOLUTE 1 c"]),
       ("its row", [f"DECLARE c CURSOR FOR {NAMES}", "DELETE FROM patients WHERE CURRENT OF c"]),
       ("row locks", [f"DECLARE c CURSOR FOR {NAMES} FOR UPDATE"])])
def is_refused(p, statements):
    *before, last = statements
    with p.logged_in() as client:
        client.query("BEGIN")
        for sql in before:
            equal(codes(client.query(sql)), [], sql)
        answers = client.query(last)
        equal((codes(answers), wire.ready_status(answers)), (["0A000"], "E"))
        client.query("ROLLBACK")


@test
def without_an_order_every_row_comes_once(p):
    city, _, _ = cast(p)
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(f"DECLARE c CURSOR FOR SELECT name FROM patients WHERE city = '{city}'")
        seen = [name for _ in range(7) for [name] in wire.rows_of(client.query("FETCH 3 c"))]
        equal((len(seen), len(set(seen))), (20, 20))
        equal(tags(client.query("FETCH 3 c")), ["FETCH 0"])
        client.query("COMMIT")


# By drivers

@test
def psycopg_reads_by_cursors_of_its_own(p):
    city, _, ways = cast(p)
    for binary in (False, True):
        got = []
        for conn in (p.connect(), p.oracle()):
            with conn, conn.transaction(), conn.cursor("seen", binary=binary) as cursor:
                cursor.itersize = 3
                cursor.execute("SELECT name, visits FROM patients WHERE city = %s ORDER BY patient_id", (city,))
                got.append(([column.name for column in cursor.description], cursor.fetchone(), list(cursor)))
        equal(got[0], got[1])
    with p.connect() as conn, conn.transaction():
        cursor = psycopg.ServerCursor(conn, "other")
        cursor.execute(ways["finished"])
        equal(len(cursor.fetchmany(2)), 2)
        cursor.close()
    check_all_idle(p)


@test
def asyncpg_reads_by_portals(p):
    city, _, _ = cast(p)

    async def read():
        conn = await p.connect_asyncpg()
        try:
            async with conn.transaction():
                sql = "SELECT name FROM patients WHERE city = $1 ORDER BY patient_id"
                seen = [row["name"] async for row in conn.cursor(sql, city, prefetch=3)]
                cursor = await conn.cursor(sql, city)
                first = [row["name"] for row in await cursor.fetch(4)]
                await cursor.forward(2)
                return seen, first, (await cursor.fetchrow())["name"]
        finally:
            await conn.close()

    seen, first, then = asyncio.run(read())
    equal((len(set(seen)), first, then), (20, seen[:4], seen[6]))
