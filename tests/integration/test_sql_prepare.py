"""PREPARE, EXECUTE and DEALLOCATE in SQL: names of the session, statements of whatever server."""

import wire
from platform_under_test import ORACLE
from suite import equal, rows, test
from test_cursors import same_queries
from test_extended import UPDATE, patient_in_both, same
from wire import FLUSH, SYNC, bind, close, describe, execute, parse, query

PREPARE = "PREPARE s (bigint) AS SELECT name, visits FROM patients WHERE patient_id = $1"


@test
def execute_goes_where_its_arguments_lead(p):
    keys = [patient_in_both(p, shard, name=shard) for shard in p.shards("users")]
    for prepare in (PREPARE, PREPARE.replace(" (bigint)", ""), PREPARE.replace("bigint", "unknown"),
                    PREPARE.replace("bigint", "int8"), PREPARE.replace("bigint", "int")):
        got = same_queries(p, prepare, *(f"EXECUTE s({key})" for key in keys),
                           *(f"EXECUTE s('{key}')" for key in keys), "EXECUTE s(NULL)",
                           *(f"EXECUTE s('{key}'::bigint)" for key in keys), "DEALLOCATE s",
                           f"EXECUTE s({keys[0]})")
        equal([answers[1][1][0] for answers in got[1:5]], [s.encode() for s in p.shards("users")])


@test
def writes_run_and_say_how_many(p):
    keys = [patient_in_both(p, shard) for shard in p.shards("users")]
    same_queries(p, f"PREPARE u AS {UPDATE}", *(f"EXECUTE u({key})" for key in keys * 2),
                 "PREPARE d (bigint) AS DELETE FROM patients WHERE patient_id = $1",
                 *(f"EXECUTE d ( {key} ) ;" for key in keys), *(f"EXECUTE u({key})" for key in keys))
    for key, shard in zip(keys, p.shards("users")):
        equal(p.rows(shard, f"SELECT count(*) FROM patients WHERE patient_id = {key}"), [(0,)])
    new = [p.new_key("patients", shard) for shard in p.shards("users")]
    same_queries(p, "PREPARE i (bigint, text) AS INSERT INTO patients (patient_id, name) VALUES"
                    " ($1, $2) RETURNING name", *(f"EXECUTE i({key}, 'it''s {key}')" for key in new))
    for key, shard in zip(new, p.shards("users")):
        equal(p.rows(shard, f"SELECT name FROM patients WHERE patient_id = {key}"), [(f"it's {key}",)])


@test
def arguments_become_parameters_as_postgresql_makes_them(p):
    key = patient_in_both(p)
    same_queries(p, "PREPARE t (int, text, date, numeric, bool, int[], uuid) AS"
                    " SELECT $1, $2, $3, $4, $5, $6, $7",
                 "EXECUTE t(1.5, 'a', '2024-02-29', 1, 't', '{1,2}',"
                 " '00112233-4455-6677-8899-aabbccddeeff')",
                 "EXECUTE t(1 + 1, upper('b'), date '2024-02-28' + 1, '7', 1 = 1, ARRAY[1, 2], NULL)",
                 PREPARE, f"EXECUTE s(({key}))", f"EXECUTE s({key} + 0)",
                 "PREPARE n AS SELECT 1 WHERE $1::text = 'Ada'", "EXECUTE n('Ada')", "EXECUTE n(7)")


@rows((argument, argument) for argument in
      ("now()", "'x'", "true", "no_column", "$1", "1 +", "'9999999999999'", "1::text", "1/0"))
def an_argument_in_error_is_told_as_postgresql_tells_it(p, argument):
    """But for the columns, which the client may have heard of by then."""
    errors = []
    for client in (p.logged_in(), p.oracle_wire(ORACLE)):
        with client:
            equal(wire.kinds(client.query("PREPARE t (int) AS SELECT $1")), "CZ")
            errors.append(wire.readable(client.query(f"EXECUTE t({argument})"))[-2:])
            equal(wire.kinds(client.query("EXECUTE t(1)")), "TDCZ")
    equal(*errors)


@rows([("an unknown name", "EXECUTE nothing"), ("an unknown name with arguments", "EXECUTE nothing(1, 2)"),
       ("a name that is taken", "PREPARE s AS SELECT 1"),
       ("an unknown column", "PREPARE  \"schön\"  (int)  AS  SELECT name, nothing FROM patients"
        " WHERE patient_id = $1"),
       ("a type that does not fit", "PREPARE x (date) AS SELECT 1 FROM patients WHERE patient_id = $1"),
       ("a parameter that is not used", "PREPARE x (int, text) AS SELECT $2"),
       ("no statement", "PREPARE x AS"), ("DDL", "PREPARE x AS DROP TABLE patients"),
       ("an unknown name to deallocate", "DEALLOCATE x"), ("all of them", "DEALLOCATE ALL"),
       ("one that PREPARE names", "DEALLOCATE PREPARE s"), ("plans", "DISCARD PLANS"),
       ("temporary tables", "DISCARD TEMP"), ("sequences", "DISCARD SEQUENCES"),
       ("everything", "DISCARD ALL")])
def is_answered_in_the_words_of_postgresql(p, sql):
    key = patient_in_both(p)
    flight = parse(sql) + bind() + execute() + SYNC
    for ask in (query(sql), flight):
        same(p, query(PREPARE), ask, query(f"EXECUTE s({key})"), query("EXECUTE x(1, 'a')"))
        same(p, query(PREPARE), query("BEGIN"), ask, query(f"EXECUTE s({key})"), query("ROLLBACK"),
             query(f"EXECUTE s({key})"), query("DISCARD ALL"), query(f"EXECUTE s({key})"))


@rows([("none", "EXECUTE s", 0), ("too many", "EXECUTE s (1, 'x')", 2)])
def arguments_are_counted(p, sql, count):
    same_queries(p, PREPARE, sql)
    with p.logged_in() as client:
        client.query(PREPARE)
        fields = wire.error_of(client.ask(parse(sql) + bind() + execute() + SYNC))
        equal((fields["C"], fields["D"]), ("42601", f"Expected 1 parameters but got {count}."))


@test
def names_of_parse_and_of_prepare_are_the_same(p):
    key = patient_in_both(p)
    use = bind([str(key)], "s") + describe("P") + execute() + SYNC
    same(p, query(PREPARE), use, describe("S", "s") + SYNC, parse("SELECT 1", "s") + SYNC,
         close("S", "s") + SYNC, query(f"EXECUTE s({key})"),
         parse("SELECT name FROM patients WHERE patient_id = $1", "s") + SYNC,
         query(f"EXECUTE s({key})"), query(PREPARE), query("DEALLOCATE s"), use,
         query(PREPARE), query("DEALLOCATE ALL"), use)


@test
def the_extended_protocol_prepares_and_executes(p):
    keys = [patient_in_both(p, shard, name=shard) for shard in p.shards("users")]
    prepare = parse(PREPARE) + describe("S") + bind() + describe("P") + execute() + SYNC
    flights = [parse(f"EXECUTE s({key})", f"e{key}") + describe("S", f"e{key}") + bind((), f"e{key}", results=[1])
               + describe("P") + execute() + SYNC for key in keys]
    again = [bind((), f"e{key}") + execute() + SYNC for key in keys]
    update = "PREPARE s (bigint) AS UPDATE patients SET visits = visits + 1 WHERE patient_id = $1"
    same(p, prepare, *flights, *again, query("DEALLOCATE s"), again[0], query(update), *again,
         query("DEALLOCATE s"), prepare, *again)
    same(p, parse(PREPARE) + bind() + execute() + parse(f"EXECUTE s({keys[1]})") + bind() + describe("P")
         + execute() + SYNC, query(f"EXECUTE s({keys[2]})"))
    same(p, query("BEGIN"), (parse(PREPARE) + bind() + execute() + FLUSH, "C"),
         (parse(f"EXECUTE s({keys[1]})") + bind() + execute(1) + FLUSH, "Cs"), execute() + SYNC,
         query("COMMIT"))


@test
def what_a_server_skips_prepares_nothing(p):
    wrong = parse("SELECT 1/0") + bind() + execute()
    same(p, wrong + parse(PREPARE) + bind() + execute() + SYNC, query("EXECUTE s(1)"),
         query(PREPARE), wrong + parse("DEALLOCATE s") + bind() + execute() + SYNC,
         query("EXECUTE s(1)"), wrong + query("EXECUTE s(1)") + SYNC, query("EXECUTE s(1)"))


@test
def a_rollback_leaves_what_was_prepared_in_it(p):
    key = patient_in_both(p, "users_1")
    same_queries(p, "BEGIN", PREPARE, f"EXECUTE s({key})", "ROLLBACK", f"EXECUTE s({key})",
                 "BEGIN", f"EXECUTE s({key})", "SAVEPOINT a", "SELECT 1/0", f"EXECUTE s({key})",
                 "ROLLBACK TO a", f"EXECUTE s({key})", "COMMIT")


@test
def transactions_execute_on_several_shards_and_write_on_one(p):
    keys = [p.new_patient(shard, name=shard) for shard in p.shards("users")]
    with p.logged_in() as client:
        client.query(PREPARE)
        client.query(f"PREPARE u (bigint) AS {UPDATE}")
        client.query("BEGIN")
        for key in keys:
            equal(len(wire.rows_of(client.query(f"EXECUTE s({key})"))), 1)
        equal(wire.rows_of(client.query(f"EXECUTE u({keys[0]})")), [["1"]])
        fields = wire.error_of(client.query(f"EXECUTE u({keys[1]})"))
        equal(fields["C"], "0A000")
        client.query("ROLLBACK")
        client.query(f"EXECUTE u({keys[1]})")
    equal(p.rows("users_1", f"SELECT visits FROM patients WHERE patient_id = {keys[1]}"), [(1,)])


@test
def clients_share_servers_but_no_names(p):
    key = p.new_patient("users_0")
    with p.another_shardward(("size: 20", "size: 1")) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            one.query(PREPARE)
            two.query(PREPARE.replace("name, visits", "visits"))
            for _ in range(2):
                equal(wire.rows_of(one.query(f"EXECUTE s({key})")), [["Ada", "0"]])
                equal(wire.rows_of(two.query(f"EXECUTE s({key})")), [["0"]])
            two.query("DEALLOCATE ALL")
            equal(wire.rows_of(one.query(f"EXECUTE s({key})")), [["Ada", "0"]])
            equal(wire.error_of(two.query(f"EXECUTE s({key})"))["C"], "26000")


@test
def explain_execute_explains_it_where_it_would_run(p):
    key = p.new_patient("users_3")
    prepare = f"{PREPARE} AND {key} = {key}"    # a server may plan anew what it has run five times
    with p.logged_in() as client, p.at_shard("users_3") as shard:
        client.query(prepare)
        client.query(f"PREPARE u (bigint) AS {UPDATE}")
        shard.execute(prepare)
        for sql in (f"EXPLAIN EXECUTE s({key})", f"EXPLAIN (COSTS off, VERBOSE) EXECUTE s ({key})"):
            equal([row[0] for row in wire.rows_of(client.query(sql))],
                  [row[0] for row in shard.execute(sql).fetchall()])
        assert wire.rows_of(client.query(f"EXPLAIN ANALYZE EXECUTE u({key})"))
    equal(p.rows("users_3", f"SELECT visits FROM patients WHERE patient_id = {key}"), [(1,)])


@rows([("a key that only a server can tell", "EXECUTE s(random()::bigint)"),
       ("a key by a cast that may change it", "EXECUTE v('007'::int)"),
       ("an argument that asks a table", "EXECUTE s((SELECT 1))"),
       ("a type of one's own", "PREPARE x (mood) AS SELECT 1"),
       ("a number to be drawn", "PREPARE x AS INSERT INTO payments (patient_id, appointment_id, amount)"
        " VALUES ($1, 1, 1)"),
       ("several statements", "EXECUTE s(1); SELECT 1"), ("beside PREPARE", f"SELECT 1; {PREPARE}"),
       ("what is no query", "EXECUTE b"), ("a name of a server", "EXECUTE sw_0")])
def is_refused(p, sql):
    with p.logged_in() as client:
        client.query(PREPARE)
        client.query("PREPARE v (text) AS SELECT 1 FROM patients WHERE patient_id = $1::bigint")
        client.ask(parse("BEGIN", "b") + SYNC)
        fields = wire.error_of(client.query(sql))
        equal(fields["C"], "26000" if "sw_" in sql else "0A000")
        equal(wire.kinds(client.query("EXECUTE s(NULL)")), "TCZ")


@test
def types_have_the_oids_that_pg_type_says(p):
    with p.at_shard("users_0") as shard:
        types = shard.execute("SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace"
                              " AND typtype IN ('b', 'r') AND typelem = 0").fetchall()
    known = 0
    with p.logged_in() as client:
        for (name,) in types:
            for declared in (f'"{name}"', f'"{name}"[]'):
                answers = client.query(f"PREPARE x ({declared}) AS SELECT pg_typeof($1)::oid::regtype::text,"
                                       f" '{name}'")
                if wire.kinds(answers) != "CZ":
                    equal(wire.error_of(answers)["C"], "0A000")
                    continue
                known += 1
                answers = client.query("EXECUTE x(NULL)")
                with p.at_shard("users_0") as shard:
                    expected = shard.execute(f"SELECT '{declared}'::regtype::text").fetchone()[0]
                equal(wire.rows_of(answers), [[expected, name]])
                client.query("DEALLOCATE x")
    assert known > 60, known
