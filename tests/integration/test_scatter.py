"""Reads over several shards: one answer of many, and its end when one of them has none."""

import contextlib
import os
import signal
import threading

import wire
from guard import forget_memory_peak, has_own_memory, memory_peak
from suite import equal, rows, test
from test_batches import codes, cut, run, tags, update, visits
from test_cancel import CANCELLED, ask
from test_console import table
from test_extended import int8, kinds_of, patient_in_both, same
from test_pools import size
from test_transactions import eventually, sessions
from wire import FLUSH, SYNC, bind, close, describe, execute, parse, query

MB = 1024 * 1024
SHARDS = ["users_0", "users_1", "users_2", "users_3"]


def crowd(p, shards=("users_0", "users_0", "users_1", "users_3"), **columns):
    """Patients of a city of their own, on shards and in the oracle: the city, and the keys."""
    city = f"city {p.new_key()}"
    keys = [patient_in_both(p, shard, **{"city": city, "name": f"{shard} {i}", "visits": i + 1, **columns})
            for i, shard in enumerate(shards)]
    return city, keys


def of_city(city, what="name, visits"):
    return f"SELECT {what} FROM patients WHERE city = '{city}'"


def sorted_rows(answers):
    return sorted(wire.rows_of(answers), key=str)


@contextlib.contextmanager
def locked(p, shard, lock="TABLE patients IN ACCESS EXCLUSIVE MODE"):
    """Whoever reads the table on that shard waits."""
    with p.at_shard(shard) as conn:
        conn.execute("BEGIN")
        conn.execute(f"LOCK {lock}")
        yield conn
        conn.execute("ROLLBACK")


def waiting(p, shard):
    _, dbname = p.clusters.place(shard)
    return int(p.as_superuser(shard, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND"
                              f" datname = '{dbname}' AND wait_event_type = 'Lock'"))


def check_all_idle(p):
    for shard in SHARDS:
        eventually(lambda s=shard: sessions(p, s, "active") + sessions(p, s, "idle in tr%") == 0,
                   f"nobody is at work on {shard}")


# One answer

@test
def texts_that_differ_in_literals_have_answers_of_their_own(p):
    city, keys = crowd(p)
    with p.logged_in() as ours, p.oracle_wire() as theirs:
        for shape, literals in ((f"{of_city(city)} AND visits > %s", (0, 1, 2, 3, 4)),
                                ("SELECT name, visits FROM patients WHERE patient_id IN (%s)",
                                 [", ".join(map(str, some)) for some in (keys, keys[1:], keys[2:])]),
                                (f"{of_city(city)} AND name <> '%s'", ("x", "users_0 0", "users_3 3")),
                                (f"{of_city(city, 'city')} LIMIT %s", (1, 3, 2)),
                                (f"{of_city(city, 'city')} OFFSET %s", (1, 3, 2)),
                                (of_city(city, "%s"), (1, 3, "'x'", "2.5", "5000000000"))):
            for literal in literals:
                got, expected = ours.query(shape % literal), theirs.query(shape % literal)
                equal(sorted_rows(got), sorted_rows(expected), shape % literal)
                equal(wire.kinds(got), wire.kinds(expected), shape % literal)


@rows([("simple", lambda city: query(of_city(city)), "TDDDDCZ"),
       ("unnamed", lambda city: parse(of_city(city)) + bind() + describe("P") + execute() + SYNC,
        "12TDDDDCZ"),
       ("not described", lambda city: parse(of_city(city)) + bind() + execute() + SYNC, "12DDDDCZ"),
       ("not executed", lambda city: parse(of_city(city)) + bind() + describe("P") + SYNC, "12TZ"),
       ("closed", lambda city: parse(of_city(city)) + bind() + execute() + close("P") + SYNC,
        "12DDDD" "C3Z")])
def the_rows_of_all_shards_are_one_answer(p, flight, kinds):
    city, _ = crowd(p)
    with p.logged_in() as ours, p.oracle_wire() as theirs:
        for _ in range(3):      # the second time, everything is known of the statement
            got, expected = ours.ask(flight(city)), theirs.ask(flight(city))
            equal(wire.kinds(got), kinds)
            equal(sorted(wire.readable(got), key=str), sorted(wire.readable(expected), key=str))
    check_all_idle(p)


@test
def there_may_be_no_row_at_all(p):
    flight = of_city("nowhere")
    got = same(p, query(flight), run(flight) + SYNC,
               parse(flight) + bind() + describe("P") + execute() + SYNC)
    equal(kinds_of(got), ["TCZ", "12CZ", "12TCZ"])


@rows([("text", [], [], []), ("binary", [1], [1], [0, 1])])
def parameters_and_results_have_the_formats_that_were_asked_for(p, _, formats, results):
    _, keys = crowd(p, ["users_1"], name="Ada")
    sql = "SELECT name, visits FROM patients WHERE patient_id >= $1 AND patient_id <= $1"
    value = int8(keys[0]) if formats else str(keys[0])
    flight = bind([value], "s", formats=formats, results=results) + describe("P") + execute() + SYNC
    got = same(p, parse(sql, "s", [20]) + describe("S", "s") + SYNC, flight, flight)
    equal(kinds_of(got), ["1tTZ", "2TDCZ", "2TDCZ"])


@rows([("a join by another column", "SELECT p.name, q.visits FROM patients p JOIN patients q ON q.visits = p.visits + $2"
                                    " WHERE p.city = $1 AND q.city = $1"),
       ("two keys", "SELECT p.name, q.name FROM patients p, patients q WHERE p.patient_id = {a} AND q.patient_id = {b}"
                    " AND p.city = $1 AND p.visits >= $2"),
       ("an outer join", "SELECT p.name, q.name FROM patients p LEFT JOIN patients q ON q.city = $1 AND"
                         " q.visits = p.visits + $2 WHERE p.city = $1"),
       ("a subquery of other rows", "SELECT name, (SELECT sum(visits) FROM patients WHERE city = $1) FROM patients"
                                    " WHERE city = $1 AND visits > (SELECT min(visits) + $2 FROM patients WHERE city = $1)"),
       ("a correlated one", "SELECT name FROM patients p WHERE city = $1 AND NOT EXISTS"
                            " (SELECT FROM patients q WHERE q.city = p.city AND q.visits = p.visits + $2)"),
       ("a set operation", "SELECT visits FROM patients WHERE city = $1 EXCEPT SELECT $2"),
       ("groups of a primary key", "SELECT p.patient_id, p.name, count(q.visits) FROM patients p LEFT JOIN patients q"
                                   " ON q.city = p.city AND q.visits > p.visits + $2 WHERE p.city = $1 GROUP BY p.patient_id"),
       ("nothing is there", "SELECT p.* FROM patients p JOIN patients q ON q.visits = p.visits + $2"
                            " WHERE p.city = $1 || 'x' AND q.city = $1")])
def what_needs_rows_in_several_places_is_answered(p, sql):
    city, keys = crowd(p)
    sql = sql.format(a=keys[0], b=keys[3])
    plain = sql.replace("$1", f"'{city}'").replace("$2", "1")
    begun = parse(sql, "s", [25, 23]) + describe("S", "s") + SYNC
    with p.logged_in() as ours, p.oracle_wire() as theirs:
        for flight in (query(plain), begun, query("BEGIN"), *[run_of(city, formats) for formats in ([], [0, 1])],
                       query(plain), query("COMMIT")):
            got, expected = ours.ask(flight), theirs.ask(flight)
            equal(wire.kinds(got), wire.kinds(expected))
            equal(sorted(wire.readable(got), key=str), sorted(wire.readable(expected), key=str))
    check_all_idle(p)


def run_of(city, formats):
    number = (1).to_bytes(4, "big") if formats else "1"
    return bind([city, number], "s", formats=formats) + describe("P") + execute() + SYNC


@test
def too_many_formats_of_results_are_refused_as_by_postgresql(p):
    flight = parse("SELECT name FROM patients") + bind(results=[0, 0]) + execute() + SYNC
    equal(codes(same_codes(p, flight)), ["08P01"])


def same_codes(p, flight):
    with p.logged_in() as ours, p.oracle_wire() as theirs:
        got = ours.ask(flight)
        equal(codes(got), codes(theirs.ask(flight)))
        return got


@test
def asyncpgs_fetchrow_takes_one_row(p):
    city, _ = crowd(p, ["users_1", "users_2"], name="Ada", visits=5)
    same(p, parse(of_city(city)) + bind() + execute(1) + SYNC,
         parse(of_city(city)) + bind() + execute(7) + SYNC)


@test
def the_server_parses_a_statement_once(p):
    city, _ = crowd(p, ["users_0"])
    with p.logged_in() as client:
        client.ask(parse("SELECT name FROM patients WHERE city = $1", "s") + SYNC)
        for _ in range(3):
            equal(wire.kinds(client.ask(bind([city], "s") + execute() + SYNC)), "2DCZ")


# Beside others

@test
def a_pipeline_is_answered_in_order(p):
    city, keys = crowd(p, ["users_0"])
    one = f"SELECT name FROM patients WHERE patient_id = {keys[0]}"
    got = same(p, (run(of_city(city)) + SYNC + run(one) + SYNC + run(of_city(city)) + SYNC, 3),
               run(of_city(city)) + run(one) + SYNC, run(of_city(city)) + run(of_city(city)) + SYNC,
               (query(of_city(city)) + query(one), 2))
    equal(kinds_of(got), ["12DCZ" * 3, "12DC12DCZ", "12DC12DCZ", "TDCZ" * 2])


@test
def inside_a_transaction_a_batch_may_hold_what_it_likes(p):
    city, keys = crowd(p, ["users_2"])
    same(p, query("BEGIN"), run(update(keys[0])) + run(of_city(city)) + run(update(keys[0])) + SYNC,
         run(of_city(city)) + run("COMMIT") + SYNC)
    equal(visits(p, keys[0], "users_2"), 3)


@test
def behind_a_write_in_one_batch_it_is_refused(p):
    city, keys = crowd(p, ["users_2"])
    with p.logged_in() as client:
        got = client.ask(run(update(keys[0])) + run(of_city(city)) + SYNC)
        equal(codes(got), ["0A000"])
    equal(visits(p, keys[0], "users_2"), 1)


@test
def an_error_behind_it_comes_behind_its_rows(p):
    city, _ = crowd(p, ["users_2"])
    got = same(p, run(of_city(city)) + parse("SELEC 1") + SYNC, query(of_city(city)))
    equal(kinds_of(got), ["12DCEZ", "TDCZ"])


# Transactions

@test
def a_transaction_sees_on_all_shards_what_it_has_written(p):
    city, keys = crowd(p)
    same(p, query("BEGIN"), query(update(keys[2])), query(of_city(city) + " ORDER BY patient_id"),
         query(f"SELECT name FROM patients WHERE patient_id = {keys[0]}"), query("COMMIT"))
    check_all_idle(p)


@test
def after_it_a_transaction_writes_on_one_of_the_shards(p):
    city, keys = crowd(p)
    with p.logged_in() as client:
        client.query("BEGIN")
        equal(len(wire.rows_of(client.query(of_city(city)))), 4)
        equal(tags(client.query(update(keys[3]))), ["UPDATE 1"])
        equal(codes(client.query(update(keys[0]))), ["0A000"])
        client.query("ROLLBACK")
    check_all_idle(p)


@rows([(level, f"BEGIN ISOLATION LEVEL {level}") for level in ("REPEATABLE READ", "SERIALIZABLE")]
      + [("by default", "SET default_transaction_isolation = 'serializable'; BEGIN")])
def there_is_no_common_snapshot(p, begin):
    city, _ = crowd(p)
    with p.logged_in() as client:
        for sql in begin.split("; "):
            client.query(sql)
        answers = client.query(of_city(city))
        equal((codes(answers), wire.ready_status(answers)), (["0A000"], "E"))
        equal(wire.ready_status(client.query("ROLLBACK")), "I")
    check_all_idle(p)


@test
def a_failure_on_one_shard_leaves_the_savepoint_on_all(p):
    """The others are cancelled only when they have heard of the savepoint."""
    city, keys = crowd(p)
    division = of_city(city, f"1 / (patient_id - {keys[2]})")
    with p.logged_in() as client:
        for n in range(60):
            client.query("BEGIN")
            client.query("SAVEPOINT a")
            equal(codes(client.query(division)), ["22012"], n)
            answers = client.query("ROLLBACK TO a")
            equal((codes(answers), wire.ready_status(answers)), ([], "T"), n)
            equal(len(wire.rows_of(client.query(of_city(city)))), 4, n)
            equal(wire.ready_status(client.query("ROLLBACK")), "I", n)
    check_all_idle(p)


@test
def a_savepoint_brings_the_transaction_back(p):
    city, keys = crowd(p)
    division = of_city(city, f"1 / (patient_id - {keys[2]})")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(update(keys[1]))
        client.query("SAVEPOINT a")
        equal(codes(client.query(division)), ["22012"])
        equal(codes(client.query(of_city(city))), ["25P02"])
        equal(wire.ready_status(client.query("ROLLBACK TO a")), "T")
        equal(len(wire.rows_of(client.query(of_city(city)))), 4)
        equal(wire.ready_status(client.query("COMMIT")), "I")
    equal(visits(p, keys[1], "users_0"), 3)
    check_all_idle(p)


@test
def settings_hold_on_all_shards(p):
    city, _ = crowd(p)
    with p.logged_in() as client:
        client.query("SET extra_float_digits = 0")
        shown = of_city(city, "current_setting('extra_float_digits')")
        equal(wire.rows_of(client.query(shown)), [["0"]] * 4)
        client.query("BEGIN")
        client.query("SET LOCAL extra_float_digits = 2")
        equal(wire.rows_of(client.query(shown)), [["2"]] * 4)
        client.query("COMMIT")
        equal(wire.rows_of(client.query(shown)), [["0"]] * 4)


# Errors

@rows([("simple", lambda sql: query(sql), "TEZ"), ("extended", lambda sql: run(sql) + SYNC, "12EZ")])
def an_error_of_one_shard_is_the_answer(p, flight, kinds):
    city, keys = crowd(p)
    sql = of_city(city, f"1 / (patient_id - {keys[3]})")
    with p.logged_in() as client:
        for _ in range(3):
            answers = client.ask(flight(sql))
            equal((codes(answers), wire.ready_status(answers)), (["22012"], "I"))
            equal([k for k in wire.kinds(answers) if k != "D"], list(kinds))
        equal(len(wire.rows_of(client.query(of_city(city)))), 4)
    check_all_idle(p)


@rows([("column", "SELECT nme FROM patients"), ("type", "SELECT name + 1 FROM patients")])
def an_error_of_the_text_is_postgresqls(p, sql):
    same(p, query(sql))


@test
def a_bad_value_is_told_as_by_postgresql(p):
    sql = "SELECT name FROM patients WHERE visits = $1"
    got = same(p, parse(sql) + bind(["x"]) + execute() + SYNC, parse(sql, "s") + SYNC,
               bind(["x"], "s") + execute() + SYNC)
    equal(kinds_of(got), ["1EZ", "1Z", "EZ"])


# What is refused

READ = "SELECT name FROM patients WHERE visits >= 0"


@rows([("two in a string", [f"{READ}; {READ}"]),
       ("beside another", [f"SELECT 1; {READ}"]), ("row locks", [f"{READ} FOR UPDATE"]),
       ("INTO", [f"CREATE TEMP TABLE t AS {READ}"]),
       ("with a temporary table", ["CREATE TEMP TABLE t (name text)", f"{READ} AND name IN (SELECT name FROM t)"])])
def is_refused(p, statements):
    *before, last = statements
    with p.logged_in() as client:
        for sql in before:
            equal(codes(client.query(sql)), [], sql)
        answers = client.query(last)
        equal((wire.kinds(answers), codes(answers)), ("EZ", ["0A000"]))


@rows([("a fetch size", parse(READ) + bind(portal="p") + execute(1, "p") + SYNC),
       ("another Execute", parse(READ) + bind() + execute() + execute() + SYNC),
       ("Flush before Execute", parse(READ) + bind() + FLUSH + execute() + SYNC)])
def portals_that_would_have_to_stay_are_refused_outside_of_a_transaction(p, flight):
    with p.logged_in() as client:
        equal(codes(client.ask(flight)), ["0A000"])
        equal(codes(client.query("BEGIN")), [])
        equal(codes(client.ask(flight)), [])


# Its end before its time

@rows([("outside", []), ("inside", ["BEGIN"])])
def a_cancel_reaches_every_shard(p, begin):
    city, _ = crowd(p)
    with p.logged_in() as client, locked(p, "users_1"), locked(p, "users_3"):
        for sql in begin:
            client.query(sql)
        client.send(query(of_city(city)))
        for shard in ("users_1", "users_3"):
            eventually(lambda s=shard: waiting(p, s) == 1, "the statement waits")
        ask(p, client)
        answers = client.read_ready()
        fields = wire.error_of(answers)
        equal((fields["C"], fields["M"]), CANCELLED)
        equal(wire.ready_status(answers), "E" if begin else "I")
        equal([waiting(p, shard) for shard in SHARDS], [0] * 4)
        client.query("ROLLBACK")
    check_all_idle(p)


@test
def a_statement_timeout_is_told_as_one(p):
    city, _ = crowd(p)
    with p.another_shardward(("query: 0", "query: 300ms")) as other:
        with p.logged_in(other.port) as client, locked(p, "users_2"):
            fields = wire.error_of(client.query(of_city(city)))
            equal((fields["C"], fields["M"]),
                  ("57014", "canceling statement due to statement timeout"))
            equal(waiting(p, "users_2"), 0)
            equal(codes(client.query("SELECT 1")), [])


@test
def its_time_is_that_of_all_that_is_asked_for_it(p):
    """Each step by itself would be in time."""
    city, _ = crowd(p, ["users_0"])
    sql = f"SELECT count(*), pg_sleep(0.6) IS NULL FROM (SELECT name FROM patients WHERE city = '{city}'" \
        " AND pg_sleep(0.6) IS NOT NULL) AS slept"
    with p.another_shardward(("  query: 0 ", "  query: 1s ")) as other, p.logged_in(other.port) as client:
        answers = client.query(sql)
        equal((codes(answers), wire.ready_status(answers)), (["57014"], "I"))
        equal(wire.error_of(answers)["M"], "canceling statement due to statement timeout")
    check_all_idle(p)


@test
def a_client_that_leaves_leaves_no_shard_at_work(p):
    city, _ = crowd(p)
    with locked(p, "users_1"), locked(p, "users_3"):
        with p.logged_in() as client:
            client.send(query(of_city(city)))
            eventually(lambda: waiting(p, "users_3") == 1, "the statement waits")
        for shard in ("users_1", "users_3"):
            eventually(lambda s=shard: waiting(p, s) == 0, "the server has noticed")
    check_all_idle(p)


@rows([("outside", []), ("inside", ["BEGIN"])])
def a_server_that_is_lost_in_the_middle_is_an_error(p, begin):
    city, _ = crowd(p)
    with p.logged_in() as client:
        with locked(p, "users_2"):
            for sql in begin:
                client.query(sql)
            client.send(query(of_city(city)))
            eventually(lambda: waiting(p, "users_2") == 1, "the statement waits")
            with p.at_shard("users_2") as conn:
                pid = conn.execute("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                   " AND datname = current_database()").fetchone()[0]
            p.as_superuser("users_2", f"SELECT pg_terminate_backend({pid})")
            answers = client.read_ready()
            equal((codes(answers), wire.ready_status(answers)), (["57P01"], "E" if begin else "I"))
        client.query("ROLLBACK")
        equal(len(wire.rows_of(client.query(of_city(city)))), 4)
    check_all_idle(p)


@test
def servers_lost_while_idle_are_not_noticed(p):
    city, _ = crowd(p)
    with p.logged_in() as client:
        for _ in range(3):
            equal(len(wire.rows_of(client.query(of_city(city)))), 4)
            for shard in SHARDS:
                cut(p, shard)


# Pools

@test
def many_clients_share_one_connection_of_each_shard(p):
    city, _ = crowd(p)
    failures = []

    def work(port):
        with p.logged_in(port) as client:
            for _ in range(20):
                answers = client.query(of_city(city))
                if codes(answers) or len(wire.rows_of(answers)) != 4:
                    failures.append(answers)

    with p.another_shardward(size(1)) as other:
        threads = [threading.Thread(target=work, args=(other.port,)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    equal(failures, [])


@rows([(mode, mode) for mode in ("transaction", "session", "statement")])
def it_runs_in_all_pool_modes(p, mode):
    city, keys = crowd(p)
    one = f"SELECT name FROM patients WHERE patient_id = {keys[3]}"
    with p.another_shardward(("mode: transaction", f"mode: {mode}"), size(2)) as other:
        for _ in range(3):
            with p.logged_in(other.port) as client:
                equal(wire.kinds(client.query(one)), "TDCZ")
                for _ in range(2):
                    equal(len(wire.rows_of(client.query(of_city(city)))), 4)
                equal(tags(client.query("DISCARD ALL")), ["DISCARD ALL"])
                equal(len(wire.rows_of(client.query(of_city(city)))), 4)
                equal(wire.kinds(client.query(one)), "TDCZ")


@test
def who_waits_for_a_connection_is_told_of_its_end(p):
    city, keys = crowd(p)
    with p.another_shardward(size(1), ("lease: 5s", "lease: 300ms")) as other:
        with p.logged_in(other.port) as holder, p.logged_in(other.port) as client:
            equal(len(wire.rows_of(client.query(of_city(city)))), 4)
            holder.query("BEGIN")
            holder.query(f"SELECT name FROM patients WHERE patient_id = {keys[2]}")
            client.query("BEGIN")
            answers = client.query(of_city(city))
            equal((codes(answers), wire.ready_status(answers)), (["53300"], "E"))
            holder.query("COMMIT")
            client.query("ROLLBACK")
            equal(len(wire.rows_of(client.query(of_city(city)))), 4)


@test
def it_waits_for_the_end_of_a_pause(p):
    city, _ = crowd(p)
    with p.another_shardward() as other, p.console(other.port) as console:
        with p.logged_in(other.port) as client:
            console.execute("PAUSE")
            client.send(query(of_city(city)))
            eventually(lambda: [r["state"] for r in table(console, "SHOW CLIENTS")] == ["waiting"],
                       "it waits")
            console.execute("RESUME")
            equal(len(wire.rows_of(client.read_ready())), 4)


# Limits and large results

def rows_without_end(city):
    return f"SELECT repeat(name, 100), visits FROM patients WHERE city = '{city}' LIMIT 1"


@test
def shards_whose_rows_are_not_needed_are_cancelled(p):
    city, _ = crowd(p, ["users_0", "users_3"])
    with p.logged_in() as client:
        equal(len(wire.rows_of(client.query(rows_without_end(city)))), 1)
        for _ in range(3):
            with locked(p, "users_3"):
                answers = client.query(rows_without_end(city))
                equal((wire.kinds(answers), tags(answers)), ("TDCZ", ["SELECT 1"]))
                equal(waiting(p, "users_3"), 0)
    check_all_idle(p)


MOST_MB = 64


def large(city):
    """100 rows of 1 MB."""
    copies = ", ".join(f"({i})" for i in range(25))
    return (f"SELECT repeat(name, {MB // 9}), i FROM patients CROSS JOIN (VALUES {copies}) v (i)"
            f" WHERE city = '{city}'")


@rows([("outside", []), ("inside", ["BEGIN"])])
def a_large_result_that_is_read_slowly_costs_bounded_memory(p, begin):
    city, _ = crowd(p, SHARDS)
    with p.another_shardward() as other, p.logged_in(other.port) as client:
        for text in begin:
            client.query(text)
        before = forget_memory_peak(other)
        client.send(query(large(city)))
        client.read_until("D")
        with p.logged_in(other.port) as bystander:
            equal(wire.kinds(bystander.query("SELECT 1")), "TDCZ")
        answers = client.read_ready()
        grown = (memory_peak(other) - before) // MB
        equal((sum(answer.kind == "D" for answer in answers), tags(answers)), (99, ["SELECT 100"]))
        assert has_own_memory(p.program) or grown <= MOST_MB, f"{grown} MB more"


@test
def a_cancel_reaches_shards_whose_rows_are_not_read(p):
    city, _ = crowd(p, SHARDS)
    with p.logged_in() as client:
        client.send(query(large(city)))
        client.read_until("D")
        ask(p, client)
        equal(codes(client.read_ready()), ["57014"])
        equal(len(wire.rows_of(client.query(of_city(city)))), 4)
    check_all_idle(p)


@test
def a_frozen_server_holds_up_the_cancel_until_it_goes_on(p):
    city, _ = crowd(p)
    with p.logged_in() as client, locked(p, "users_2"):
        client.send(query(of_city(city)))
        eventually(lambda: waiting(p, "users_2") == 1, "the statement waits")
        with p.at_shard("users_2") as conn:
            pid = conn.execute("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                               " AND datname = current_database()").fetchone()[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            ask(p, client)
            with p.logged_in() as bystander:
                equal(wire.kinds(bystander.query("SELECT 1")), "TDCZ")
        finally:
            os.kill(pid, signal.SIGCONT)
        equal(codes(client.read_ready()), ["57014"])
    check_all_idle(p)


# What is told of it

@test
def it_is_counted_and_logged_as_one_of_several_shards(p):
    city, _ = crowd(p)
    with p.another_shardward(("slow: 0", "slow: 1ms")) as other:
        with p.logged_in(other.port) as client, p.console(other.port) as console:
            client.query(of_city(city))
            with locked(p, "users_1") as conn:
                client.send(query(of_city(city)))
                eventually(lambda: waiting(p, "users_1") == 1, "the statement waits")
                conn.execute("ROLLBACK; BEGIN")
                equal(len(wire.rows_of(client.read_ready())), 4)
            stats = {row["shard"]: row for row in table(console, "SHOW STATS")}
            equal(stats["4 shards"]["total_query_count"], 2)
            [statement] = [row for row in table(console, "SHOW STATEMENTS")
                           if "FROM patients" in row["statement"]]
            equal((statement["calls"], statement["rows"], statement["route"]), (2, 8, "4 shards"))
        assert 'event=slow-statement' in other.log() or 'slow-statement' in other.log(), other.log()
        assert '4 shards' in other.log(), other.log()
