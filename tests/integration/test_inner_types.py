"""Arrays, composites and records in binary name their types by number, and each database has its
own numbers. The clients here know those of the catalog database: what they read through shardward
is byte for byte what that database would give for the same rows, and shards take what they write."""

import asyncio
import contextlib
import socket
import threading

import wire
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum
from psycopg.types.multirange import MultirangeInfo, register_multirange
from psycopg.types.range import Range, RangeInfo, register_range
from suite import equal, rows, test
from test_catalog import declared
from test_copy import DONE, data
from test_steady import QUERIES, STRAY, counted
from wire import FLUSH, SYNC, bind, close, describe, execute, parse

TABLE = "feelings: {key: patient_id, placement: by_patient}"
EDIT = ("          appointments: {", f"          {TABLE}\n          appointments: {{")
TYPES = ["CREATE TYPE mood AS ENUM ('sad', 'glad')",
         "CREATE DOMAIN kept AS mood",
         "CREATE TYPE visit AS (day date, mood mood, before mood[], kept kept)",
         "CREATE DOMAIN visits AS visit[]",
         "CREATE TYPE span AS RANGE (subtype = visit, multirange_type_name = spans)",
         "CREATE DOMAIN long_span AS span"]
NO_TYPES = ["DROP TABLE IF EXISTS feelings", "DROP DOMAIN IF EXISTS long_span",
            "DROP TYPE IF EXISTS span", "DROP DOMAIN IF EXISTS visits", "DROP TYPE IF EXISTS visit",
            "DROP DOMAIN IF EXISTS kept", "DROP TYPE IF EXISTS mood"]
COLUMNS = {"moods": "mood[]", "kepts": "kept[]", "visit": "visit", "list": "visits", "nested": "visit[]",
           "span": "span", "spans": "spans", "long": "long_span[]"}
CREATE = ("CREATE TABLE feelings (patient_id bigint, n serial, mood mood, doc text, "
          + ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items()) +
          ", PRIMARY KEY (patient_id, n))")
VISIT = "ROW('2026-07-01', 'glad', '{sad,NULL}', 'sad')::visit"
LATER = "ROW('2026-07-02', 'sad', '{}', NULL)::visit"
# One row of each kind: full, empty, NULL.
ROWS = [("'glad'", "'some text'", "'{sad,glad,NULL}'", "'{sad}'", VISIT, f"ARRAY[{VISIT}, NULL]",
         f"ARRAY[[{VISIT}], [{LATER}]]", f"span({VISIT}, {LATER})",
         f"spans(span(NULL, {VISIT}), span({LATER}, NULL, '[)'))",
         f"ARRAY[span({VISIT}, NULL), 'empty']"),
        ("'sad'", "''", "'{}'", "'{}'", "ROW(NULL, NULL, NULL, NULL)::visit", "'{}'", "'{}'", "'empty'",
         "'{}'", "'{}'"),
        ("NULL",) * 10]
QUERIES_OF_ALL = {
    "columns": "SELECT * FROM feelings WHERE patient_id = $1 ORDER BY n",
    "an aggregate": "SELECT array_agg(mood ORDER BY n) FROM feelings WHERE patient_id = $1",
    "a record": "SELECT ROW(n, mood, visit, moods) FROM feelings WHERE patient_id = $1 ORDER BY n",
    "records": "SELECT array_agg(ROW(mood, nested) ORDER BY n) FROM feelings WHERE patient_id = $1",
    "a row": "SELECT feelings FROM feelings WHERE patient_id = $1 ORDER BY n",
}


def fill(conn, key):
    for number, row in enumerate(ROWS):
        conn.execute(f"INSERT INTO feelings VALUES ({key}, {number}, {', '.join(row)})")


@contextlib.contextmanager
def numbered(p):
    """The types and the table, with other numbers on each database."""
    everywhere = ["catalog", *p.shards("orders")]
    try:
        for number, shard in enumerate(everywhere):
            with p.at_shard(shard) as conn:
                for other in range(number):
                    conn.execute(f"CREATE TYPE filler_{other} AS ENUM ('x')")
                for sql in [*TYPES, CREATE]:
                    conn.execute(sql)
        yield
    finally:
        for number, shard in enumerate(everywhere):
            with p.at_shard(shard) as conn:
                for sql in [*NO_TYPES, *(f"DROP TYPE IF EXISTS filler_{o}" for o in range(number))]:
                    conn.execute(sql)


@contextlib.contextmanager
def feelings(p):
    """Who serves that table; and keys of filled rows, one on each shard."""
    with numbered(p), declared(p, TABLE) as other:
        keys = [p.new_key("appointments", shard) for shard in p.shards("orders")]
        for shard, key in zip(p.shards("orders"), keys):
            with p.at_shard(shard) as conn, p.at_shard("catalog") as catalog:
                fill(conn, key)
                fill(catalog, key)
        yield other, [str(key) for key in keys]


def catalog_wire(p):
    node, dbname = p.clusters.place("catalog")
    client = wire.Wire(node.address, node.port)
    answers = client.login({"user": "booking", "database": dbname}, "booking")
    assert answers[-1].kind == "Z", answers
    return client


def readable(answers):
    """Messages as they are; errors without their places in the server's source."""
    return [answer.readable() if answer.kind in "EN" else (answer.kind, answer.body)
            for answer in answers if answer.kind != "S"]


def values(answers):
    return [answer.values() for answer in answers if answer.kind == "D"]


def one_flight(sql, key):
    return [parse(sql) + bind([key], results=[1]) + describe("P") + execute() + SYNC]


def described_statement(sql, key):
    return [parse(sql) + describe("S") + bind([key], results=[1]) + execute() + SYNC]


def described_before(sql, key):
    return [parse(sql, "s") + describe("S", "s") + SYNC,
            bind([key], "s", results=[1]) + execute() + SYNC, close("S", "s") + SYNC]


def never_described(sql, key):
    return [parse(sql) + bind([key], results=[1]) + execute() + SYNC]


def named_and_never_described(sql, key):
    again = bind([key], "s", results=[1]) + execute() + SYNC
    return [parse(sql, "s") + again, again, close("S", "s") + SYNC]


def several_in_a_batch(sql, key):
    """The unnamed portal takes turns, in text and in binary."""
    binary = bind([key], results=[1]) + execute()
    return [parse(sql) + binary + bind([key]) + execute() + binary + SYNC]


def portals_side_by_side(sql, key):
    return [wire.query("BEGIN"), parse(sql, "s") + bind([key], "s", "a", results=[1]) +
            bind([key], "s", "b") + bind([key], "s", "c", results=[0]) + SYNC,
            execute(1, "a") + execute(1, "b") + execute(1, "c") + SYNC, execute(0, "a") + close("P", "a") +
            bind([key], "s", "a") + execute(2, "b") + execute(0, "a") + SYNC, wire.query("COMMIT"),
            close("S", "s") + SYNC]


def behind_an_error(sql, key):
    """What was bound before the savepoint is there again."""
    return [wire.query("BEGIN"), parse(sql, "s") + bind([key], "s", "a", results=[1]) + SYNC,
            wire.query("SAVEPOINT s"), execute(1, "a") + bind([key], "s", "a") + execute(0, "a") + SYNC,
            wire.query("ROLLBACK TO s"), execute(1, "a") + SYNC,
            close("P", "a") + parse("SELECT") + parse("SELECT 1/0") + bind() + execute() + SYNC,
            wire.query("ROLLBACK"), close("S", "s") + SYNC]


def cursors(sql, key):
    """FETCH in text and in binary, in a simple query and by itself, of two cursors of one name, the
    one after the other, and of one that was a portal before."""
    declare = f" CURSOR FOR {sql.replace('$1', key)}"
    fetch = bind(statement="f", results=[1]) + execute() + SYNC
    return [wire.query("BEGIN"), wire.query(f"DECLARE c BINARY{declare}"), wire.query("FETCH c"),
            parse("FETCH c", "f") + fetch, wire.query("FETCH c; SELECT 1; MOVE c"), wire.query("CLOSE c"),
            wire.query(f"DECLARE c CURSOR FOR SELECT n, doc FROM feelings WHERE patient_id = {key}"),
            fetch, wire.query("FETCH c"), wire.query("CLOSE c"),
            parse(sql) + bind([key], portal="c", results=[1]) + execute(1, "c") + SYNC,
            wire.query("CLOSE c"),
            wire.query(f"DECLARE c BINARY{declare}"), describe("P", "c") + execute(1, "c") + SYNC,
            fetch, wire.query("COMMIT"), close("S", "f") + SYNC]


def in_two_parts(sql, key):
    return [(parse(sql) + bind([key], results=[1]) + FLUSH, "2"), execute() + SYNC]


def transcript(client, flights):
    answers = []
    for flight in flights:
        messages, until = flight if isinstance(flight, tuple) else (flight, None)
        client.send(messages)
        answers.append(client.read_until(until) if until else client.read_ready())
    return answers


WAYS = [one_flight, described_statement, described_before, never_described, named_and_never_described,
        several_in_a_batch, portals_side_by_side, behind_an_error, cursors, in_two_parts]


@test
def clients_read_the_numbers_of_the_catalog_database_whatever_they_describe(p):
    with feelings(p) as (other, keys), p.logged_in(other.port) as client, catalog_wire(p) as catalog:
        for way in WAYS:
            for name, sql in QUERIES_OF_ALL.items():
                for key in keys:
                    flights = way(sql, key)
                    got, expected = transcript(client, flights), transcript(catalog, flights)
                    for number, (here, there) in enumerate(zip(got, expected)):
                        equal(readable(here), readable(there), f"{way.__name__}: {name}, flight {number}")


@test
def formats_are_one_for_each_column(p):
    sql = f"SELECT mood, {', '.join(COLUMNS)} FROM feelings WHERE patient_id = $1 ORDER BY n"
    with feelings(p) as (other, keys), p.logged_in(other.port) as client, catalog_wire(p) as catalog:
        for formats in ([1, 0] * 4 + [1], [0, 1] * 4 + [0], [0] * 8 + [1], [1] * 8 + [0]):
            for key in keys:
                flight = parse(sql) + bind([key], results=formats) + execute() + SYNC
                equal(readable(client.ask(flight)), readable(catalog.ask(flight)), str(formats))


@test
def a_prepared_statement_is_right_on_every_shard(p):
    """One client describes it; the others bind on servers that it has and has not met."""
    with feelings(p) as (other, keys), catalog_wire(p) as catalog:
        sql = QUERIES_OF_ALL["columns"]
        expected = {}
        for key in keys:
            flight = parse(sql) + bind([key], results=[1]) + execute() + SYNC
            expected[key] = values(catalog.ask(flight))
        for describes in (True, False, False):
            with p.logged_in(other.port) as client:
                client.ask(parse(sql, "s") + (describe("S", "s") if describes else b"") + SYNC)
                for key in keys * 2:
                    answers = client.ask(bind([key], "s", results=[1]) + execute() + SYNC)
                    equal(values(answers), expected[key])


def binary_rows(catalog, key):
    """The values of the rows, as the catalog database writes them."""
    sql = f"SELECT mood, doc, {', '.join(COLUMNS)} FROM feelings WHERE patient_id = $1 ORDER BY n"
    return values(catalog.ask(parse(sql) + bind([key], results=[1]) + execute() + SYNC))


def parameter_types(p):
    names = ["int", "bigint", "mood", "text", *COLUMNS.values()]
    with p.at_shard("catalog") as conn:
        return [conn.execute("SELECT %s::regtype::oid::int", (name,)).fetchone()[0] for name in names]


NAMES = ["patient_id", "mood", "doc", *COLUMNS]
PLACES = [f"${i + 1}" for i in range(len(NAMES) + 1)]
INSERT = f"INSERT INTO feelings (n, {', '.join(NAMES)}) VALUES ({', '.join(PLACES)}) RETURNING moods"
FILLED = f"INSERT INTO feelings ({', '.join(NAMES)}) VALUES ({', '.join(PLACES[:-1])}) RETURNING moods"


@rows((("declared", INSERT, True), ("described", INSERT, False), ("declared, a number drawn", FILLED, True),
       ("described, a number drawn", FILLED, False)))
def shards_take_what_clients_write(p, sql, is_declared):
    with feelings(p) as (other, keys), p.logged_in(other.port) as client, catalog_wire(p) as catalog:
        types = parameter_types(p)[sql is FILLED:] if is_declared else ()
        client.ask(parse(sql, "s", types=types) + (b"" if is_declared else describe("S", "s")) + SYNC)
        for shard, key in zip(p.shards("orders"), keys):
            new = str(p.new_key("appointments", shard))
            for n, row in enumerate(binary_rows(catalog, key)):
                sent = [new, *row] if sql is FILLED else [str(n), new, *row]
                formats = [0] * (len(sent) - len(row)) + [1] * len(row)
                answers = client.ask(bind(sent, "s", formats=formats, results=[1]) + execute() + SYNC)
                equal(wire.kinds(answers), "2DCZ", str(answers))
                equal(values(answers), [[row[2]]])
            texts = [p.rows(shard, f"SELECT ROW({', '.join(NAMES[1:])})::text FROM feelings"
                            f" WHERE patient_id = {k} ORDER BY n") for k in (key, new)]
            equal(texts[0], texts[1])


@test
def a_broken_value_is_the_servers_to_refuse(p):
    with feelings(p) as (other, keys), p.logged_in(other.port) as client, catalog_wire(p) as catalog:
        for key in keys:
            moods = binary_rows(catalog, key)[0][2]
            for cut in (1, 4, 11, 15):
                client.ask(parse("SELECT n FROM feelings WHERE patient_id = $1 AND moods = $2", "s") +
                           describe("S", "s") + SYNC)
                answers = client.ask(bind([key, moods[:-cut]], "s", formats=[0, 1]) + execute() + SYNC)
                assert wire.error_of(answers)["C"] in ("08P01", "22P03"), answers
                client.ask(close("S", "s") + SYNC)


@contextlib.contextmanager
def tapped(node):
    """A port that leads to the node, and the bytes that went there so far."""
    heard = bytearray()

    def carry(source, sink, into):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                into.extend(piece)
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)

    def welcome():
        with contextlib.suppress(OSError):
            while True:
                client, server = listener.accept()[0], socket.create_connection((node.address, node.port))
                for ways in ((client, server, heard), (server, client, bytearray())):
                    threading.Thread(target=carry, args=ways, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=welcome, daemon=True).start()
        yield listener.getsockname()[1], heard
        listener.shutdown(socket.SHUT_RDWR)


@test
def a_server_is_asked_once_for_what_a_named_statement_gives(p):
    asked = describe("P")
    with numbered(p), tapped(p.main_node) as (port, heard):
        place = f"address: {p.main_node.address}, port: {p.main_node.port}"
        shard = next(s for s in p.shards("orders") if p.clusters.place(s)[0] == p.main_node)
        key = str(p.new_key("appointments", shard))
        with p.another_shardward(EDIT, (place, f"address: 127.0.0.1, port: {port}")) as other, \
                p.logged_in(other.port) as client:
            client.ask(parse(QUERIES_OF_ALL["columns"], "s") + SYNC)
            for results, count in (([], 0), ([0], 0), ([1], 1), ([1], 1), ([], 1)):
                for _ in range(5):
                    client.ask(bind([key], "s", results=results) + execute() + SYNC)
                equal(heard.count(asked), count, str(results))
            client.ask(*one_flight(QUERIES_OF_ALL["columns"], key))
            equal(heard.count(asked), 2, "the client's own")


@test
def a_query_for_arrays_costs_what_it_must(p):
    with numbered(p), counted(p, EDIT) as (other, counts):
        keys = [p.new_key("appointments", shard) for shard in p.shards("orders")]
        for shard, key in zip(p.shards("orders"), keys):
            with p.at_shard(shard) as conn:
                fill(conn, key)
        sql = "SELECT moods, nested FROM feelings WHERE patient_id = $1"
        ways = [one_flight, never_described,
                lambda sql, key: [bind([key], "s", results=[1]) + execute() + SYNC]]
        with p.logged_in(other.port) as client:
            client.ask(parse(sql, "s") + SYNC)
            for way in ways:
                for number in range(QUERIES):
                    client.ask(*way(sql, str(keys[number % len(keys)])))
                before = counts()
                for number in range(QUERIES):
                    client.ask(*way(sql, str(keys[number % len(keys)])))
                heap, _, sends, controls = (b - a for a, b in zip(before, counts()))
                assert heap <= STRAY, f"{heap} allocations in {QUERIES} queries"
                assert controls <= STRAY, f"{controls} epoll_ctl in {QUERIES} queries"
                assert sends <= 2 * QUERIES + STRAY, f"{sends} send in {QUERIES} queries"


@test
def a_long_row_is_read_whole_or_passed_on(p):
    """... if it names no types, be it as long as it may."""
    with feelings(p) as (other, keys), p.logged_in(other.port) as client:
        million = 1000 * 1000
        for key in keys[:2]:
            for megabytes, column, is_read in ((9, "moods", True), (70, "mood", True),
                                               (70, "moods", False)):
                sql = (f"SELECT {column}, repeat('x', {megabytes * million}) FROM feelings"
                       " WHERE patient_id = $1 AND n = 0")
                answers = client.ask(parse(sql) + bind([key], results=[1]) + execute() + SYNC)
                if is_read:
                    equal(wire.kinds(answers), "12DCZ")
                    equal(len(answers[2].values()[1]), megabytes * million)
                else:
                    error = wire.error_of(answers)
                    equal(error["C"], "08006")
                    assert "a row of more than 64 MB" in error["M"], error


@test
def asyncpg_reads_and_writes_arrays_and_composites(p):
    visit = ("2026-07-01", "glad", ["sad", None], "sad")

    async def live(port, known, new):
        conn = await p.connect_asyncpg(port)
        names = ", ".join(["mood", "moods", "visit", "list", "kepts"])
        row = await conn.fetchrow("SELECT mood, moods, visit, list[:1] AS list, kepts FROM feelings"
                                  " WHERE patient_id = $1 AND n = 0", int(known))
        equal(row["moods"], ["sad", "glad", None])
        equal(tuple(row["visit"])[1:], visit[1:])
        equal([found["before"] for found in row["list"]], [["sad", None]])
        await conn.execute(f"INSERT INTO feelings (patient_id, n, {names})"
                           " VALUES ($1, 0, $2, $3, $4, $5, $6)", new,
                           *{**row, "list": [dict(found) for found in row["list"]]}.values())
        again = await conn.fetchrow(f"SELECT {names} FROM feelings WHERE patient_id = $1", new)
        equal(again, row)
        record = await conn.fetchval("SELECT ROW(n, mood, visit) FROM feelings WHERE patient_id = $1", new)
        equal(tuple(record)[:2], (0, "glad"))
        equal(record[2], row["visit"])
        equal(await conn.fetchval("SELECT array_agg(mood) FROM feelings WHERE patient_id = $1", new),
              ["glad"])
        equal(await conn.fetchval("SELECT count(*) FROM feelings WHERE patient_id = $1 AND"
                                  " mood = ANY($2::mood[])", new, ["glad"]), 1)
        await conn.executemany("UPDATE feelings SET moods = $2 WHERE patient_id = $1 AND n = $3",
                               [(new, ["sad"] * number, 0) for number in range(1, 5)])
        equal(await conn.fetchval("SELECT moods FROM feelings WHERE patient_id = $1", new), ["sad"] * 4)
        await conn.close()

    with feelings(p) as (other, keys):
        for shard, key in zip(p.shards("orders"), keys):
            asyncio.run(live(other.port, key, p.new_key("appointments", shard)))


def register(conn):
    mood = EnumInfo.fetch(conn, "mood")
    register_enum(mood, conn)
    visit = CompositeInfo.fetch(conn, "visit")
    register_composite(visit, conn)
    register_range(RangeInfo.fetch(conn, "span"), conn)
    register_multirange(MultirangeInfo.fetch(conn, "spans"), conn)
    return mood.enum, visit.python_type


@test
def psycopg_reads_and_writes_arrays_and_composites_in_binary(p):
    with feelings(p) as (other, keys), p.connect(other.port) as conn:
        mood, visit_type = register(conn)
        for shard, key in zip(p.shards("orders"), keys):
            new = p.new_key("appointments", shard)
            cursor = conn.cursor(binary=True)
            row = cursor.execute("SELECT moods, visit, nested, span FROM feelings WHERE patient_id = %s"
                                 " AND n = 0", (key,)).fetchone()
            equal(row[0], [mood.sad, mood.glad, None])
            equal((row[1].mood, row[1].before), (mood.glad, [mood.sad, None]))
            equal([[v.mood for v in inner] for inner in row[2]], [[mood.glad], [mood.sad]])
            equal(row[3].lower, row[1])
            equal(type(row[3]), Range)
            equal(type(row[1]), visit_type)
            for n in range(8):      # more often than psycopg's threshold for named statements
                cursor.execute("INSERT INTO feelings (patient_id, n, moods) VALUES (%b, %b, %b)",
                               (new, n, row[0][:2]))
                again = cursor.execute("SELECT moods FROM feelings WHERE patient_id = %b AND n = %b",
                                       (new, n)).fetchone()
                equal(again, (row[0][:2],))


@test
def what_ddl_makes_is_known_behind_it(p):
    sql = "SELECT late FROM lateness WHERE patient_id = $1"

    def asks(how, key):
        with how as client:
            return values(client.ask(parse(sql) + bind([key], results=[1]) + execute() + SYNC))

    def drop():
        for shard in ["catalog", *p.shards("orders")]:
            p.change(shard, "DROP TABLE IF EXISTS lateness")
            p.change(shard, "DROP TYPE IF EXISTS late_mood")

    drop()
    with declared(p, "lateness: {key: patient_id, placement: by_patient}") as other:
        try:
            with p.connect(other.port) as conn:
                conn.execute("CREATE TYPE late_mood AS ENUM ('sad')")
                conn.execute("CREATE TABLE lateness (patient_id bigint PRIMARY KEY, late late_mood[])")
                keys = [p.new_key("appointments", shard) for shard in p.shards("orders")]
                for key in keys:
                    row = f"INSERT INTO lateness (patient_id, late) VALUES ({key}, '{{sad}}')"
                    conn.execute(row)
                    p.change("catalog", row)
                for type_ in (None, "text[]", "late_mood[]"):
                    if type_:
                        conn.execute("ALTER TABLE lateness ALTER COLUMN late TYPE"
                                     f" {type_} USING late::text::{type_}")
                    for key in map(str, keys):
                        equal(asks(p.logged_in(other.port), key), asks(catalog_wire(p), key), type_)
        finally:
            drop()


@test
def copy_takes_the_numbers_of_the_catalog_database_as_of_any_other(p):
    """PostgreSQL (14 and newer) insists only on the numbers of types that every server has alike."""
    sql = QUERIES_OF_ALL["columns"]
    with feelings(p) as (other, keys), p.logged_in(other.port) as client, catalog_wire(p) as catalog:
        for key in keys:
            copied = catalog.query(f"COPY (SELECT * FROM feelings WHERE patient_id = {key} ORDER BY n) TO STDOUT BINARY")
            content = b"".join(answer.body for answer in copied if answer.kind == "d")
            equal(wire.kinds(client.query(f"DELETE FROM feelings WHERE patient_id = {key}")), "CZ")
            client.send(wire.query("COPY feelings FROM STDIN BINARY") + data(content) + DONE)
            equal(wire.kinds(client.read_ready()), "GCZ")
            got, expected = (transcript(one, one_flight(sql, key)) for one in (client, catalog))
            equal([readable(answers) for answers in got], [readable(answers) for answers in expected])


@test
def copy_to_in_binary_would_name_types_by_the_numbers_of_the_shard(p):
    with feelings(p) as (other, keys), p.logged_in(other.port) as client:
        for sql in [f"COPY (SELECT * FROM feelings WHERE patient_id = {key}) TO STDOUT" for key in keys]:
            for form in (" BINARY", " WITH (FORMAT binary)"):
                equal(wire.error_of(client.query(sql + form))["C"], "0A000", sql + form)
            for form in ("", " WITH (FORMAT csv)"):
                assert "c" in wire.kinds(client.query(sql + form)), sql + form
        for key in keys:
            plain = f"COPY (SELECT n, patient_id FROM feelings WHERE patient_id = {key}) TO STDOUT BINARY"
            assert "c" in wire.kinds(client.query(plain)), plain
            answers = client.query(f"COPY (SELECT array_agg(n) FROM feelings WHERE patient_id = {key}) TO STDOUT BINARY")
            equal(wire.error_of(answers)["C"], "0A000")
