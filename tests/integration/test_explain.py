"""EXPLAIN goes where the statement that it explains would go, and is answered there."""

import wire
from suite import equal, rows, test
from wire import SYNC, bind, describe, execute, parse

PLAIN = "(costs off, timing off, summary off, buffers off)"
RUN = "(analyze, costs off, timing off, summary off, buffers off)"


def lines(answers):
    assert "E" not in wire.kinds(answers), wire.error_of(answers)
    return [row[0] for row in wire.rows_of(answers)]


@rows([("a select", "SELECT name FROM patients WHERE patient_id = {key}"),
       ("an update", "UPDATE patients SET visits = 7 WHERE patient_id = {key}"),
       ("a delete", "DELETE FROM patients WHERE patient_id = {key}"),
       ("an insert", "INSERT INTO patients (patient_id, name) VALUES ({key}, 'x')"),
       ("a locking select", "SELECT 1 FROM patients WHERE patient_id = {key} FOR UPDATE"),
       ("a cursor", "DECLARE c CURSOR FOR SELECT name FROM patients WHERE patient_id = {key}")])
def is_answered_by_the_shard_and_changes_nothing(p, sql):
    key = p.new_patient("users_2")
    sql = f"EXPLAIN {PLAIN} {sql.format(key=key)}"
    with p.logged_in() as client, p.at_shard("users_2") as shard:
        expected = [row[0] for row in shard.execute(sql).fetchall()]
        equal(lines(client.query(sql)), expected)
        equal(lines(client.ask(parse(sql) + bind() + execute() + SYNC)), expected)
    equal(p.rows("users_2", f"SELECT name, visits FROM patients WHERE patient_id = {key}"),
          [("Ada", 0)])


@test
def analyze_runs_the_statement_on_its_shard(p):
    for shard in p.shards("users"):
        key = p.new_patient(shard)
        sql = f"EXPLAIN {RUN} UPDATE patients SET visits = visits + 1 WHERE patient_id = {key}"
        with p.logged_in() as client:
            assert "actual rows" in lines(client.query(sql))[0]
            lines(client.ask(parse(sql) + bind() + execute() + SYNC))
        equal(p.rows(shard, f"SELECT visits FROM patients WHERE patient_id = {key}"), [(2,)])


@test
def analyze_of_a_write_is_the_write_of_its_transaction(p):
    one, other = p.new_patient("users_0"), p.new_patient("users_3")
    with p.logged_in() as client:
        client.query("BEGIN")
        lines(client.query(f"EXPLAIN {RUN} DELETE FROM patients WHERE patient_id = {one}"))
        lines(client.query(f"EXPLAIN {PLAIN} DELETE FROM patients WHERE patient_id = {other}"))
        fields = wire.error_of(client.query(
            f"EXPLAIN {RUN} DELETE FROM patients WHERE patient_id = {other}"))
        equal(fields["C"], "0A000")
        client.query("ROLLBACK")
    for shard, key in (("users_0", one), ("users_3", other)):
        equal(p.rows(shard, f"SELECT count(*) FROM patients WHERE patient_id = {key}"), [(1,)])


@test
def parameters_of_the_extended_protocol_tell_the_shard(p):
    sql = f"EXPLAIN {RUN} UPDATE patients SET visits = 5 WHERE patient_id = $1"
    with p.logged_in() as client:
        client.ask(parse(sql, "s") + SYNC)
        for shard in p.shards("users"):
            key = p.new_patient(shard)
            answers = client.ask(bind([str(key)], "s") + describe("P") + execute() + SYNC)
            equal(wire.kinds(answers)[:2] + wire.kinds(answers)[-2:], "2TCZ")
            equal(p.rows(shard, f"SELECT visits FROM patients WHERE patient_id = {key}"), [(5,)])


@test
def an_insert_that_leaves_its_number_to_shardward_is_explained_with_one(p):
    with p.logged_in() as client:
        assert "Insert on payments" in lines(client.query(
            f"EXPLAIN {PLAIN} INSERT INTO payments (patient_id, appointment_id, amount)"
            " VALUES (1, 1, 1)"))[0]


@rows([("of what is refused", "CREATE TABLE t AS SELECT 1", "0A000"),
       ("of a setting", "SELECT set_config('work_mem', '5MB', false)", "0A000"),
       ("of a column that is not there", "SELECT nothing FROM patients WHERE patient_id = 1", "42703"),
       ("of an unknown table", "SELECT * FROM no_such_table", "42P01")])
def is_refused_like_the_statement(p, sql, sqlstate):
    with p.logged_in() as client:
        for flight in (wire.query(f"EXPLAIN {sql}"),
                       parse(f"EXPLAIN ANALYZE {sql}") + bind() + execute() + SYNC):
            equal(wire.error_of(client.ask(flight))["C"], sqlstate)
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


# Over several shards

SEVERAL = ["users_0", "users_1", "users_2", "users_3"]
CITY = "FROM patients WHERE city = 'nowhere'"


def plan_of(answers, shard, ending=":"):
    """The lines below the heading of a shard, without their indent."""
    whole = lines(answers)
    at = whole.index(f"{shard}{ending}") + 1
    end = at
    while end < len(whole) and whole[end].startswith("  "):
        end += 1
    return [line[2:] for line in whole[at:end]]


def named(answers):
    return dict(line.split(": ", 1) for line in lines(answers) if ": " in line and line[0] != " ")


@rows([("of plain rows", PLAIN, f"SELECT name {CITY}"), ("of merged ones", PLAIN, f"SELECT name {CITY} ORDER BY visits LIMIT 3"),
       ("without options", "", f"SELECT name {CITY}"), ("in old words", "VERBOSE", f"SELECT name {CITY}"),
       ("in parentheses", PLAIN, f"(SELECT name {CITY})"), ("with a comment", PLAIN + " /* ( */", f"SELECT ')' {CITY}")])
def of_several_shards_gives_the_plan_of_each(p, options, sql):
    with p.logged_in() as client:
        for answers in (client.query(f"EXPLAIN {options} {sql};"),
                        client.ask(parse(f"EXPLAIN {options} {sql}") + bind() + describe("P") + execute() + SYNC)):
            told = named(answers)
            equal((told["route"], told["shards"]), ("several shards", ", ".join(SEVERAL)))
            assert "finish" not in told, told
            for shard in SEVERAL:
                with p.at_shard(shard) as conn:
                    equal(plan_of(answers, shard),
                          [row[0] for row in conn.execute(f"EXPLAIN {options} {told['gather']}").fetchall()])
        with p.oracle_wire() as oracle:
            ours = client.ask(parse(f"EXPLAIN {options} {sql}") + bind() + describe("P") + execute() + SYNC)
            theirs = oracle.ask(parse(f"EXPLAIN {options} {sql}") + bind() + describe("P") + execute() + SYNC)
            equal([wire.readable([answer]) for answer in ours if answer.kind == "T"],
                  [wire.readable([answer]) for answer in theirs if answer.kind == "T"])
            equal(wire.kinds(ours).replace("D", ""), wire.kinds(theirs).replace("D", ""))


@rows([("planned", PLAIN, "never"), ("run", RUN, "actual rows=4")])
def what_is_finished_is_explained_with_its_last_query(p, options, rows_told):
    city = f"city {p.new_key()}"
    for shard in SEVERAL:
        p.new_patient(shard, city=city)
    with p.logged_in() as client:
        for begin in ("", "BEGIN"):
            if begin:
                client.query(begin)
            answers = client.query(f"EXPLAIN {options} SELECT count(*), avg(visits) FROM patients WHERE city = '{city}'")
            told = named(answers)
            assert "unnest($1" in told["finish"], told
            heading = [line for line in lines(answers) if line.endswith(", of what was gathered:")]
            equal(len(heading), 1)
            plan = plan_of(answers, heading[0][:-1])
            assert "Aggregate" in plan[0], plan
            assert ("actual rows=4" in "\n".join(plan)) == (rows_told != "never"), plan
            assert ("actual rows=1" in "\n".join(plan_of(answers, "users_2"))) == (rows_told != "never")
        client.query("ROLLBACK")


@test
def parameters_are_those_of_the_query(p):
    city = f"city {p.new_key()}"
    p.new_patient("users_1", city=city)
    sql = f"EXPLAIN {RUN} SELECT name FROM patients WHERE city = $1 ORDER BY name LIMIT $2"
    with p.logged_in() as client:
        client.ask(parse(sql, "s") + SYNC)
        for _ in range(2):
            answers = client.ask(bind([city, "5"], "s") + describe("P") + execute() + SYNC)
            equal(wire.kinds(answers)[:2] + wire.kinds(answers)[-2:], "2TCZ")
            assert "actual rows=1" in plan_of(answers, "users_1")[0]
            assert "actual rows=0" in plan_of(answers, "users_2")[0]
        equal(wire.kinds(client.ask(bind([city, "5"], "s") + describe("P") + SYNC)), "2TZ")


@test
def its_texts_have_the_literals_of_the_statement(p):
    with p.logged_in() as client:
        for name in ("one", "another one", "the third"):
            for flight in (wire.query(f"EXPLAIN {PLAIN} SELECT visits FROM patients WHERE name = '{name}'"),
                           wire.query(f"EXPLAIN {PLAIN} SELECT count(*) FROM patients WHERE name = '{name}'")):
                answers = client.ask(flight)
                assert f"'{name}'" in named(answers)["gather"], named(answers)
                assert f"'{name}'" in "\n".join(plan_of(answers, "users_3")), lines(answers)


@test
def the_console_says_where_the_texts_are_to_be_seen(p):
    with p.console() as console:
        of_all = dict(console.execute("EXPLAIN SELECT name FROM patients").fetchall())
        of_one = dict(console.execute("EXPLAIN SELECT name FROM patients WHERE patient_id = 1").fetchall())
    equal((of_all["route"], "EXPLAIN shows them" in of_all["texts"]), ("several shards", True))
    equal((of_one["route"], "texts" in of_one), ("one shard", False))


@rows([("of a column", f"SELECT no_column {CITY}"), ("of a function's value", "SELECT 1 / (visits - visits) FROM patients"),
       ("of an option", None), ("of a type", f"SELECT 'ü', name FROM patients WHERE visits = 'x'")])
def errors_are_those_of_postgresql(p, sql):
    p.new_patient("users_0")
    with p.oracle() as oracle:
        oracle.execute("INSERT INTO patients (patient_id, name) VALUES (%s, 'Ada')", (p.new_key(),))
    text = f"EXPLAIN {RUN} {sql}" if sql else f"EXPLAIN (words) SELECT name {CITY}"
    with p.logged_in() as client, p.oracle_wire() as oracle:
        for flight in (wire.query(text), parse(text) + bind() + describe("P") + execute() + SYNC):
            ours, theirs = client.ask(flight), oracle.ask(flight)
            equal(wire.kinds(ours), wire.kinds(theirs))
            equal([wire.error_of(ours).get(key) for key in "CMP"], [wire.error_of(theirs).get(key) for key in "CMP"])
        equal(wire.rows_of(client.query("SELECT 3")), [["3"]])


@rows([("another format", f"EXPLAIN (FORMAT json) SELECT name {CITY}"), ("a cursor", f"EXPLAIN DECLARE c CURSOR FOR SELECT name {CITY}"),
       ("a write", "EXPLAIN UPDATE patients SET visits = 0")])
def is_refused_over_several_shards(p, sql):
    with p.logged_in() as client:
        answers = client.query(sql)
        equal((wire.kinds(answers), wire.error_of(answers)["C"]), ("EZ", "0A000"))
        assert wire.error_of(answers).get("H"), wire.error_of(answers)
