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


@rows([("of several shards", "SELECT * FROM patients", "0A000"),
       ("of what is refused", "CREATE TABLE t AS SELECT 1", "0A000"),
       ("of a setting", "SELECT set_config('work_mem', '5MB', false)", "0A000"),
       ("of a column that is not there", "SELECT nothing FROM patients WHERE patient_id = 1", "42703"),
       ("of an unknown table", "SELECT * FROM no_such_table", "42P01")])
def is_refused_like_the_statement(p, sql, sqlstate):
    with p.logged_in() as client:
        for flight in (wire.query(f"EXPLAIN {sql}"),
                       parse(f"EXPLAIN ANALYZE {sql}") + bind() + execute() + SYNC):
            equal(wire.error_of(client.ask(flight))["C"], sqlstate)
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])
