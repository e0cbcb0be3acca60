"""What cannot be answered as one PostgreSQL would is refused with 0A000, the reason and a hint."""

import wire
from suite import equal, rows, test

REFUSED = [
    # no key
    "UPDATE patients SET visits = 0",
    "UPDATE patients SET visits = 0 WHERE name = 'Ada'",
    "DELETE FROM patients",
    "DELETE FROM patients WHERE visits = 0",
    "SELECT * FROM patients FOR UPDATE",
    # a key that is not known before it is too late
    "INSERT INTO patients (patient_id, name) VALUES ((random() * 1000)::bigint, 'x')",
    "INSERT INTO patients (patient_id, name) VALUES ((SELECT 1), 'x')",
    "INSERT INTO patients (patient_id, name) VALUES (DEFAULT, 'x')",
    "INSERT INTO patients (patient_id, name) SELECT doctor_id, name FROM doctors",
    "INSERT INTO patients (patient_id, name) SELECT generate_series(1, 3), 'x'",
    "INSERT INTO patients (name) VALUES ('x')",
    "INSERT INTO patients DEFAULT VALUES",
    # keys of several shards
    "INSERT INTO patients (patient_id, name) VALUES ({a}, 'x'), ({b}, 'y')",
    "DELETE FROM patients WHERE patient_id IN ({a}, {b})",
    "UPDATE patients SET visits = 1 WHERE patient_id = {a};"
    " UPDATE patients SET visits = 1 WHERE patient_id = {b}",
    "SELECT * FROM patients WHERE patient_id = {a};"
    " SELECT * FROM patients WHERE patient_id = {b}",
    # businesses that share no shard
    "SELECT * FROM patients JOIN payments USING (patient_id) WHERE patient_id = {a}",
    "SELECT * FROM patients p, doctors d WHERE p.patient_id = {a} AND d.doctor_id = 1",
    "SELECT * FROM doctors d, sync_messages m",
    "SELECT name, (SELECT count(*) FROM payments WHERE patient_id = {a}) FROM patients"
    " WHERE patient_id = {a}",
    "SELECT * FROM doctors WHERE doctor_id IN (SELECT doctor_id FROM appointments"
    " WHERE patient_id = {a})",
    "WITH gone AS (DELETE FROM patients WHERE patient_id = {a} RETURNING patient_id)"
    " SELECT * FROM gone JOIN payments USING (patient_id)",
    "INSERT INTO payments (patient_id, payment_id, appointment_id, amount)"
    " SELECT patient_id, 1, 1, 1 FROM patients WHERE patient_id = {a}",
    "DELETE FROM patients WHERE patient_id = {a} AND EXISTS (SELECT 1 FROM doctors)",
    "UPDATE patients SET name = d.name FROM doctors d WHERE patient_id = {a} AND doctor_id = 1",
    "SELECT name FROM patients WHERE patient_id = {a} UNION SELECT name FROM doctors",
    # a row must not move
    "UPDATE patients SET patient_id = {b} WHERE patient_id = {a}",
    "UPDATE patients SET (patient_id, name) = ({b}, 'x') WHERE patient_id = {a}",
    "INSERT INTO patients (patient_id, name) VALUES ({a}, 'x')"
    " ON CONFLICT (patient_id) DO UPDATE SET patient_id = {b}",
    "MERGE INTO patients p USING (VALUES ({a})) v(id) ON p.patient_id = v.id"
    " WHEN MATCHED THEN DELETE",
    # functions may hide tables
    "SELECT no_such_function(1)",
    "SELECT no_such_function(patient_id) FROM patients WHERE patient_id = {a}",
    "SELECT nextval('x')",
    "SELECT query_to_xml('SELECT 1', true, true, '')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT * FROM patients WHERE patient_id = {a} AND no_such_function(1)",
    "SELECT lo_create(0)",
    "CALL something()",
    "DO $$ BEGIN DELETE FROM patients; END $$",
    # what needs a session of its own on a server
    "COPY patients (name) FROM STDIN",
    "COPY patients TO STDOUT; SELECT 1",
    "COPY (SELECT 1) TO '/tmp/a'",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "COPY doctors FROM '/tmp/a'",
    "COPY doctors FROM STDIN; SET work_mem = '1MB'",
    "EXECUTE s",
    "CREATE TEMP SEQUENCE s",
    "CREATE TEMP VIEW v AS SELECT 1",
    "CREATE TEMP TABLE t (a int) PARTITION BY LIST (a)",
    "CREATE TEMP TABLE t AS SELECT * FROM patients",
    "CREATE TEMP TABLE t AS SELECT * FROM hospitals, sync_messages",
    "CREATE TEMP TABLE t (LIKE payments INCLUDING DEFAULTS, LIKE hospitals)",
    "BEGIN; CREATE TEMP TABLE t (a int); COMMIT",
    "CREATE TABLE t (a int)",
    "SELECT 1 INTO t",
    "CREATE TABLE t AS SELECT 1",
    "ALTER TABLE patients RENAME TO people",
    "ALTER TABLE patients DROP COLUMN patient_id",
    "CREATE UNIQUE INDEX ON patients (name)",
    "DROP TABLE patients, appointments",
    "DROP INDEX no_such_index",
    "DROP SCHEMA shardward",
    "CREATE VIEW v AS SELECT 1",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE r",
    "LOCK TABLE patients",
    "CREATE DATABASE d",
    "ALTER SYSTEM SET work_mem = '1MB'",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "LOAD 'x'",
    "PREPARE TRANSACTION 'x'",
    "COMMIT PREPARED 'x'",
    # tables that the map does not know
    "SELECT * FROM no_such_table",
    "SELECT * FROM other.patients WHERE patient_id = {a}",
    "INSERT INTO no_such_table VALUES (1)",
]

# The answer of PostgreSQL itself is as good, where nothing can go wrong by it.
ALSO_FINE = {
    "SELECT no_such_function(1)": "42883",
    "SELECT no_such_function(patient_id) FROM patients WHERE patient_id = {a}": "42883",
    "SELECT * FROM patients WHERE patient_id = {a} AND no_such_function(1)": "42883",
    "SELECT * FROM no_such_table": "42P01",
    "SELECT * FROM other.patients WHERE patient_id = {a}": "42P01",
    "INSERT INTO no_such_table VALUES (1)": "42P01",
    "DROP INDEX no_such_index": "42704",
    "PREPARE TRANSACTION 'x'": "25P01",
    "EXECUTE s": "26000",
    "SET ROLE postgres": "42501",
}


def counts(p):
    tables = {"users": "patients", "orders": "slots", "institutions": "doctors"}
    return {shard: p.rows(shard, f"SELECT count(*), sum(hashtext(t::text)) FROM {table} t")
            for business, table in tables.items() for shard in p.shards(business)}


def keys(p):
    if not hasattr(p, "refusal_keys"):
        p.refusal_keys = {"a": p.new_patient("users_0"), "b": p.new_patient("users_3")}
        p.refusal_counts = counts(p)
    return p.refusal_keys


@rows((sql, sql) for sql in REFUSED)
def is_refused(p, sql):
    with p.logged_in() as client:
        answers = client.query(sql.format(**keys(p)))
        fields = wire.error_of(answers)
        assert fields["C"] in ("0A000", ALSO_FINE.get(sql)), fields
        equal(fields["S"], "ERROR")
        if fields["C"] == "0A000":
            assert len(fields["M"]) > 10, fields
        equal(wire.kinds(answers), "EZ")
        equal(wire.ready_status(answers), "I")
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


@rows((sql, sql) for sql in REFUSED if ";" not in sql and "$$" not in sql)
def is_refused_when_prepared(p, sql):
    with p.logged_in() as client:
        answers = client.ask(wire.parse(sql.format(**keys(p))) + wire.bind() + wire.execute() + wire.SYNC)
        fields = wire.error_of(answers)
        assert fields["C"] in ("0A000", ALSO_FINE.get(sql)), fields
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


@test
def nothing_of_what_was_refused_has_happened(p):
    keys(p)
    equal(counts(p), p.refusal_counts)


@rows([("two rows", "INSERT INTO patients (patient_id, name) VALUES ($1, 'x'), ($2, 'y')")])
def parameters_of_several_shards_are_refused(p, sql):
    values = [str(keys(p)["a"]), str(keys(p)["b"])]
    with p.logged_in() as client:
        answers = client.ask(wire.parse(sql) + wire.bind(values) + wire.execute() + wire.SYNC)
        equal(wire.error_of(answers)["C"], "0A000")


@test
def refusals_have_a_hint(p):
    with p.logged_in() as client:
        fields = wire.error_of(client.query("UPDATE patients SET name = name"))
        assert "patient_id" in fields.get("H", "") + fields.get("D", "") + fields["M"], fields


@test
def two_keys_in_and_of_different_shards_find_nothing_or_are_refused(p):
    with p.logged_in() as client:
        answers = client.query("SELECT * FROM patients WHERE patient_id = {a} AND"
                               " patient_id = {b}".format(**keys(p)))
        if wire.kinds(answers) != "TCZ":
            equal(wire.error_of(answers)["C"], "0A000")


@test
def a_null_key_is_not_inserted(p):
    with p.logged_in() as client:
        fields = wire.error_of(client.query("INSERT INTO patients (patient_id, name) VALUES (NULL, 'x')"))
        assert fields["C"] in ("23502", "0A000"), fields


@rows((sql, sql) for sql in (
    "SELECT * FROM nothing", "SELECT 'schön', * FROM  nothing n WHERE n.a = 'ü'", "SELECT 1 FROM other.nothing",
    'SELECT 1 FROM "not""hing"', "SELECT (SELECT 1 FROM nothing), 2", "WITH x AS (SELECT 1 FROM nothing) SELECT * FROM x",
    "SELECT * FROM hospitals h JOIN nothing USING (hospital_id)", "INSERT INTO nothing VALUES ('日本', 1)",
    "UPDATE nothing SET a = 1", "DELETE FROM\t nothing WHERE true", "DELETE FROM hospitals USING nothing",
    "SELECT 1; SELECT 2 FROM nothing", "DECLARE c CURSOR FOR SELECT * FROM nothing", "EXPLAIN SELECT * FROM nothing",
    "PREPARE s AS SELECT 'ü' FROM nothing", "COPY (SELECT * FROM nothing) TO STDOUT", "COPY nothing TO STDOUT",
    "COPY nothing FROM STDIN", "TRUNCATE nothing", "SELECT 'nothing' FROM hospitals, nothing, nothing AS m"))
def an_unknown_table_is_pointed_at_as_postgresql_does(p, sql):
    told = []
    with p.logged_in() as client, p.oracle_wire() as server:
        for one in (client, server):
            for text in (sql, sql, sql.replace("'", "'longer ", 1)):     # the last one has the skeleton of the others
                fields = wire.error_of(one.query(text))
                told.append([fields.get(name) for name in "SCMP"])
            if ";" not in sql:
                fields = wire.error_of(one.ask(wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC))
                told.append([fields.get(name) for name in "SCMP"])
    equal(told[:len(told) // 2], told[len(told) // 2:])
