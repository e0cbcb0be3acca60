"""Reads over several shards of which more is gathered than memory may hold: the rest goes to a
file, and becomes temporary tables where the answer is made."""

import contextlib
import os
import pathlib


import wire
from guard import forget_memory_peak, has_own_memory, memory_peak
from suite import equal, rows, test
from test_batches import codes, run, tags
from test_cancel import CANCELLED, ask
from test_reload import changing
from test_scatter import SHARDS, check_all_idle, crowd, of_city
from test_transactions import eventually, sessions
from wire import SYNC, bind, describe, execute, parse, query

MB = 1024 * 1024
NAME = 20 * 1024        # bytes of a name; so 4 patients, 200 times, are 16 MB
COPIES = 200
SMALL = ("gather_memory: 64MB", "gather_memory: 1MB")


def large_crowd(p):
    return crowd(p, name="n" * NAME)[0]


def many(city, what, rest="", copies=COPIES):
    copies = ", ".join(f"({i})" for i in range(copies))
    return f"SELECT {what} FROM patients CROSS JOIN (VALUES {copies}) v (i) WHERE city = '{city}' {rest}"


def of_open_files(shardward):
    """The files without a name that it has open."""
    found = []
    for entry in pathlib.Path(f"/proc/{shardward.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            target = os.readlink(entry)
            if target.endswith("(deleted)"):
                found.append(target)
    return found


def temporary_schemas(p):
    return [p.rows(shard, "SELECT count(*) FROM pg_class WHERE relname LIKE 'sw_gathered%'")[0][0] for shard in SHARDS]


SHAPES = [("distinct", "DISTINCT name, i", "ORDER BY i, name"),
          ("groups", "i % 3, count(DISTINCT name || i), sum(visits)", "GROUP BY i % 3 ORDER BY 1"),
          ("windows", "length(name), i, row_number() OVER (ORDER BY i, patient_id)", "ORDER BY i, patient_id"),
          ("all rows in one", "md5(string_agg(name || i, ',' ORDER BY i, patient_id))", ""),
          ("many rows", "name, visits, count(*)", "GROUP BY name, visits, i ORDER BY i, visits"),
          ("parts", "(SELECT count(*) FROM patients) > 0, count(DISTINCT name || i)", "")]


@rows([(f"{shape}, {begin or 'outside'}, {way}", what, rest, begin, way) for shape, what, rest in SHAPES
       for begin, way in (("", "simple"), ("", "binary"), ("BEGIN", "simple"))])
def the_answer_is_that_of_one_postgresql(p, what, rest, begin, way):
    city = large_crowd(p)
    sql = many(city, what, rest)
    flight = query(sql) if way == "simple" else parse(sql) + bind(results=[1]) + describe("P") + execute() + SYNC
    with p.another_shardward(SMALL) as other:
        with p.logged_in(other.port) as ours, p.oracle_wire() as theirs:
            for _ in range(2):
                for messages in ([query(begin)] if begin else []) + [flight] + ([query("COMMIT")] if begin else []):
                    got, expected = wire.readable(ours.ask(messages)), wire.readable(theirs.ask(messages))
                    assert got == expected, f"{len(got)} messages, and not {len(expected)}: {got!r:.500}"
            equal(of_open_files(other), [])
    equal(temporary_schemas(p), [0] * 4)
    check_all_idle(p)


@rows([("no file", ("gather_file: 4GB", "gather_file: 0"), [], "53400", "gather_memory"),
       ("a small file", ("gather_file: 4GB", "gather_file: 4MB"), [], "53400", "gather_file"),
       ("a transaction that reads", (), ["BEGIN READ ONLY"], "53400", "gather_memory"),
       ("no directory", ("gather_file: 4GB", "gather_file: 4GB\n  gather_directory: nowhere"), [], "58030", None)])
def what_cannot_be_put_aside_is_refused(p, edit, before, code, hint):
    city = large_crowd(p)
    with p.another_shardward(SMALL, *[edit] * bool(edit)) as other, p.logged_in(other.port) as client:
        for sql in before:
            client.query(sql)
        for _ in range(2):
            answers = client.query(many(city, *SHAPES[0][1:]))
            fields = wire.error_of(answers)
            equal((fields["C"], wire.ready_status(answers)), (code, "E" if before else "I"))
            assert hint is None or hint in fields["H"], fields
            if before:
                client.query("ROLLBACK")
                client.query(before[0])
        client.query("ROLLBACK")
        equal(len(wire.rows_of(client.query(of_city(city, "length(name)")))), 4)
        equal(of_open_files(other), [])


@rows([("outside", "", "I"), ("inside", "BEGIN", "E")])
def who_may_make_no_temporary_tables_is_told(p, before, status):
    city = large_crowd(p)
    for shard in SHARDS:
        p.as_superuser(shard, f"REVOKE TEMPORARY ON DATABASE {p.clusters.place(shard)[1]} FROM PUBLIC, booking")
    try:
        with p.another_shardward(SMALL) as other, p.logged_in(other.port) as client:
            client.query(before)
            answers = client.query(many(city, *SHAPES[0][1:]))
            fields = wire.error_of(answers)
            equal((fields["C"], wire.ready_status(answers)), ("53400", status))
            assert "gather_memory" in fields["H"], fields
            client.query("ROLLBACK")
            equal(len(wire.rows_of(client.query(of_city(city, "length(name)")))), 4)
            equal(of_open_files(other), [])
    finally:
        for shard in SHARDS:
            p.as_superuser(shard, f"GRANT TEMPORARY ON DATABASE {p.clusters.place(shard)[1]} TO PUBLIC, booking")


@test
def a_row_that_is_larger_than_memory_is_refused(p):
    city, _ = crowd(p, name="n" * (2 * MB))
    with p.another_shardward(SMALL) as other, p.logged_in(other.port) as client:
        equal(codes(client.query(of_city(city, "DISTINCT name"))), ["53400"])


@test
def it_may_be_read_where_transactions_only_read_unless_told(p):
    city = large_crowd(p)
    with p.another_shardward(SMALL) as other, p.logged_in(other.port) as client:
        client.query("SET default_transaction_read_only = on")
        equal(len(wire.rows_of(client.query(many(city, *SHAPES[0][1:])))), COPIES)
        equal(wire.rows_of(client.query("SHOW transaction_read_only")), [["on"]])


@rows([("outside", []), ("inside", ["BEGIN", "SAVEPOINT a"])])
def an_error_of_the_last_query_leaves_nothing(p, begin):
    city = large_crowd(p)
    sql = many(city, "name, i, count(*)", "GROUP BY name, i HAVING 1 / (max(i) - 100) > 5")
    with p.another_shardward(SMALL) as other, p.logged_in(other.port) as client:
        for _ in range(3):
            for text in begin:
                client.query(text)
            answers = client.query(sql)
            equal((codes(answers), wire.ready_status(answers)), (["22012"], "E" if begin else "I"))
            if begin:
                equal(wire.ready_status(client.query("ROLLBACK TO a")), "T")
                equal(len(wire.rows_of(client.query(many(city, *SHAPES[0][1:])))), COPIES)
                equal(tags(client.query(f"UPDATE patients SET visits = visits WHERE city = '{city}' AND false"
                                        " AND patient_id = 1")), ["UPDATE 0"])
                equal(wire.ready_status(client.query("COMMIT")), "I")
        equal(of_open_files(other), [])
    equal(temporary_schemas(p), [0] * 4)
    check_all_idle(p)


@test
def one_row_of_it_may_be_taken(p):
    city = large_crowd(p)
    sql = many(city, *SHAPES[0][1:])
    with p.another_shardward(SMALL) as other, p.logged_in(other.port) as ours, p.oracle_wire() as theirs:
        for _ in range(2):
            flight = parse(sql) + bind() + execute(1) + SYNC
            equal(wire.readable(ours.ask(flight)), wire.readable(theirs.ask(flight)))
    check_all_idle(p)


@test
def a_portal_that_goes_on_is_held_in_memory(p):
    city = large_crowd(p)
    with p.another_shardward(SMALL) as other, p.logged_in(other.port) as client:
        client.query("BEGIN")
        fields = wire.error_of(client.ask(parse(many(city, *SHAPES[0][1:])) + bind(portal="p") + execute(1, "p") + SYNC))
        assert fields["C"] == "53400" and "gather_memory" in fields["H"], fields
        client.query("ROLLBACK")
        equal(of_open_files(other), [])


@test
def it_can_be_explained_while_it_runs(p):
    city = large_crowd(p)
    sql = many(city, *SHAPES[0][1:])
    with p.another_shardward(SMALL) as other, p.logged_in(other.port) as client:
        for explain in ("EXPLAIN", "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF)"):
            answers = client.query(f"{explain} {sql}")
            equal(codes(answers), [])
            assert ("sw_gathered_1" in str(wire.rows_of(answers))) == ("ANALYZE" in explain), wire.rows_of(answers)
        equal(len(wire.rows_of(client.query(sql))), COPIES)


@contextlib.contextmanager
def while_a_file_is_there(p, other, client, sql):
    """One shard has not answered; of the others there are rows in a file."""
    with p.at_shard("users_3") as conn:
        conn.execute("BEGIN")
        conn.execute("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE")
        client.send(query(sql))
        eventually(lambda: len(of_open_files(other)) == 1, "there is a file")
        yield conn
        conn.execute("ROLLBACK")


@rows([("outside", []), ("inside", ["BEGIN"])])
def a_cancel_ends_it(p, begin):
    city = large_crowd(p)
    with p.another_shardward(SMALL) as other, p.logged_in(other.port) as client:
        for text in begin:
            client.query(text)
        with while_a_file_is_there(p, other, client, many(city, *SHAPES[0][1:])):
            ask(p, client, other.port)
            fields = wire.error_of(client.read_ready())
            equal((fields["C"], fields["M"]), CANCELLED)
            eventually(lambda: of_open_files(other) == [], "the file is gone")
        client.query("ROLLBACK")
        equal(len(wire.rows_of(client.query(of_city(city)))), 4)
    check_all_idle(p)


@test
def a_client_that_leaves_leaves_no_file(p):
    city = large_crowd(p)
    with p.another_shardward(SMALL) as other:
        with p.logged_in(other.port) as client:
            with while_a_file_is_there(p, other, client, many(city, *SHAPES[0][1:])):
                client.close()
                eventually(lambda: of_open_files(other) == [], "the file is gone")
    check_all_idle(p)


@test
def nobody_reads_the_file(p):
    """It has no name, and belongs to shardward alone."""
    city = large_crowd(p)
    with p.another_shardward(SMALL, ("gather_file: 4GB", f"gather_file: 4GB\n  gather_directory: {p.dir}")) as other:
        with p.logged_in(other.port) as client:
            before = set(os.listdir(p.dir))
            with while_a_file_is_there(p, other, client, many(city, *SHAPES[0][1:])) as conn:
                [name] = of_open_files(other)
                assert name.startswith(str(p.dir)), name
                equal(set(os.listdir(p.dir)), before)
                conn.execute("ROLLBACK; BEGIN")
                equal(len(wire.rows_of(client.read_ready())), COPIES)


@test
def much_costs_bounded_memory(p):
    city = large_crowd(p)
    with p.another_shardward(("gather_memory: 64MB", "gather_memory: 4MB")) as other:
        with p.logged_in(other.port) as client:
            before = forget_memory_peak(other)
            answers = client.query(many(city, "count(*), count(DISTINCT name || i)", copies=1000))
            grown = (memory_peak(other) - before) // MB
            equal(wire.rows_of(answers), [["4000", "1000"]])
            assert has_own_memory(p.program) or grown <= 64, f"{grown} MB more"


@test
def the_limits_hold_for_the_next_statement_after_a_reload(p):
    city = large_crowd(p)
    sql = many(city, *SHAPES[0][1:])
    with changing(p, SMALL) as other, p.logged_in(other.port) as client:
        equal(codes(client.query(sql)), [])
        other.reload(("gather_file: 4GB", "gather_file: 0"))
        equal(codes(client.query(sql)), ["53400"])
        other.reload(("gather_file: 4GB", "gather_file: 0"), ("gather_memory: 1MB", "gather_memory: 64MB"))
        equal(codes(client.query(sql)), [])
