"""Temporary tables: made of columns or of a query, they live on one server, which the session keeps."""

import random
import re

import wire
from platform_under_test import ORACLE
from suite import equal, rows, test
from test_extended import patient_in_both
from test_keeping import EDIT, code, lent, login
from test_pools import size, workers
from wire import FLUSH, SYNC, bind, describe, execute, parse, query

MADE = "CREATE TEMP TABLE t (a int PRIMARY KEY, b text)"
FILLED = "INSERT INTO t VALUES (1, 'x'), (2, 'y')"
ALL = "SELECT * FROM t ORDER BY 1"
TAKEN = "CREATE TEMP TABLE t AS SELECT patient_id, name, visits FROM patients WHERE patient_id = {key}"

ROWS = [
    ("of columns", MADE, FILLED, ALL, "UPDATE t SET b = 'z' WHERE a = 1", "DELETE FROM t WHERE a = 2 RETURNING b", ALL,
     "DROP TABLE t", ALL),
    ("of a query", TAKEN, ALL, "INSERT INTO t SELECT patient_id, 'again', 2 FROM patients WHERE patient_id = {key}", ALL,
     "DROP TABLE t", "SELECT 1 FROM t"),
    ("SELECT INTO", "SELECT patient_id, name INTO TEMP t FROM patients WHERE patient_id = {key}", ALL, "DROP TABLE t"),
    ("SELECT INTO of several arms", "SELECT 1 AS a INTO TEMPORARY TABLE t UNION SELECT 2", ALL, "DROP TABLE t"),
    ("without rows", TAKEN + " WITH NO DATA", ALL, "INSERT INTO t VALUES (1, 'x', 2)", ALL, "DROP TABLE t"),
    ("of no table", "CREATE TEMP TABLE t AS VALUES (1, 'x'), (2, 'y')", ALL, "CREATE TEMP TABLE u AS SELECT generate_series(1, 3) AS a",
     "SELECT column1, column2 FROM t JOIN u ON a = column1", "DROP TABLE t, u"),
    ("joined with what is there", TAKEN, "SELECT p.name, t.visits FROM patients p JOIN t USING (patient_id) WHERE p.patient_id = {key}",
     "UPDATE patients p SET visits = t.visits + 5 FROM t WHERE t.patient_id = p.patient_id AND p.patient_id = {key}",
     "SELECT visits FROM patients WHERE patient_id = {key}", "DROP TABLE t"),
    ("errors", MADE, MADE, "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES ('x')", "SELECT c FROM t",
     "CREATE TEMP TABLE t (c int)", "CREATE TEMP TABLE IF NOT EXISTS t (c int)", "CREATE TEMP TABLE u (a nothing)", ALL,
     "DROP TABLE t", "DROP TABLE t", "DROP TABLE IF EXISTS t"),
    ("in pg_temp", "CREATE TABLE pg_temp.t (a int)", "INSERT INTO pg_temp.t VALUES (1)", "SELECT * FROM pg_temp.t, t AS x",
     "DROP TABLE pg_temp.t", "SELECT * FROM pg_temp.t"),
    ("it hides another", "CREATE TEMP TABLE doctors (a int)", "INSERT INTO doctors VALUES (1)", "SELECT * FROM doctors",
     "SELECT count(*) FROM public.doctors WHERE doctor_id < 0", "WITH doctors AS (SELECT 7) SELECT * FROM doctors",
     "ALTER TABLE doctors RENAME TO t", "SELECT count(*) FROM doctors WHERE doctor_id < 0", ALL, "DROP TABLE t"),
    ("committed", "BEGIN", MADE, FILLED, "COMMIT", ALL, "BEGIN", "DROP TABLE t", "ROLLBACK", ALL, "DROP TABLE t"),
    ("rolled back", "BEGIN", MADE, FILLED, "ROLLBACK", ALL, MADE, ALL, "DROP TABLE t"),
    ("failed", "BEGIN", MADE, "SELECT 1/0", "COMMIT", ALL, MADE, "DROP TABLE t"),
    ("back to a savepoint", "BEGIN", "SAVEPOINT s", MADE, "ROLLBACK TO s", ALL, "ROLLBACK TO s", MADE, "SAVEPOINT r", "DROP TABLE t",
     "ROLLBACK TO r", ALL, "COMMIT", ALL, "DROP TABLE t"),
    ("ON COMMIT DROP", "BEGIN", MADE + " ON COMMIT DROP", FILLED, ALL, "COMMIT", ALL, MADE + " ON COMMIT DROP", ALL,
     "BEGIN", TAKEN.replace("t AS", "t ON COMMIT DROP AS"), ALL, "COMMIT AND CHAIN", ALL, "ROLLBACK"),
    ("ON COMMIT DELETE ROWS", MADE + " ON COMMIT DELETE ROWS", FILLED, ALL, "BEGIN", FILLED, ALL, "COMMIT", ALL, "DROP TABLE t"),
    ("ON COMMIT PRESERVE ROWS", "BEGIN", MADE + " ON COMMIT PRESERVE ROWS", FILLED, "COMMIT", ALL, "DROP TABLE t"),
    ("changed", MADE, "ALTER TABLE t ADD COLUMN c int DEFAULT 7", FILLED, "CREATE INDEX i ON t (b)", "CREATE UNIQUE INDEX ON t (c, a)",
     "ALTER INDEX i RENAME TO j", "DROP INDEX j", "DROP INDEX pg_temp.t_c_a_idx", "COMMENT ON TABLE t IS 'x'", "ANALYZE t", "VACUUM t",
     "ALTER TABLE t RENAME COLUMN c TO d", ALL, "TRUNCATE t", ALL, "ALTER TABLE t RENAME TO u", "SELECT * FROM u", "DROP TABLE u"),
    ("numbered", "CREATE TEMP TABLE t (a serial, b int GENERATED ALWAYS AS IDENTITY, c text)", "INSERT INTO t (c) VALUES ('x'), ('y') RETURNING *",
     "TRUNCATE t RESTART IDENTITY", "INSERT INTO t (c) VALUES ('z') RETURNING *", "DROP TABLE t"),
    ("LIKE another", "CREATE TEMP TABLE t (LIKE hospitals INCLUDING ALL)", "INSERT INTO t VALUES (1, 'x', 'y')", ALL,
     "SELECT count(*) FROM t JOIN hospitals USING (hospital_id) WHERE hospital_id < 0", "CREATE TEMP TABLE u (LIKE t INCLUDING ALL, n int)", "SELECT * FROM u", "DROP TABLE u, t"),
    ("LIKE one of many shards", "CREATE TEMP TABLE patients (LIKE patients INCLUDING DEFAULTS)", "INSERT INTO patients VALUES (1, 'x')",
     "SELECT patient_id, name, visits FROM patients", "DROP TABLE patients", "SELECT name FROM patients WHERE patient_id = {key}"),
    ("foreign keys", "CREATE TEMP TABLE t (a int PRIMARY KEY, up int REFERENCES t)", "INSERT INTO t VALUES (1, NULL), (2, 1)",
     "INSERT INTO t VALUES (3, 9)", "CREATE TEMP TABLE u (a int REFERENCES t ON DELETE CASCADE)", "INSERT INTO u VALUES (1)", "DROP TABLE t",
     "DELETE FROM t WHERE up = 1", "DELETE FROM t", "SELECT * FROM u", "DROP TABLE t CASCADE", "DROP TABLE u",
     "CREATE TEMP TABLE t (a bigint REFERENCES hospitals)"),
    ("DISCARD TEMP", MADE, "CREATE TEMP TABLE u (a int)", "DISCARD TEMP", ALL, "SELECT * FROM u", MADE, ALL, "DISCARD TEMP"),
    ("DISCARD TEMP in a transaction", MADE, "BEGIN", "DISCARD TEMP", "ROLLBACK", ALL, "BEGIN", "DISCARD TEMPORARY", "COMMIT", ALL),
    ("DISCARD ALL", MADE, "DISCARD ALL", ALL, MADE, FILLED, ALL, "DISCARD ALL"),
    ("a cursor", MADE, FILLED, "BEGIN", "DECLARE c CURSOR FOR SELECT * FROM t ORDER BY 1", "FETCH c", "DROP TABLE t", "ROLLBACK", "BEGIN",
     "DECLARE c CURSOR FOR SELECT * FROM t FOR UPDATE", "FETCH c", "UPDATE t SET b = 'w' WHERE CURRENT OF c", "COMMIT", ALL,
     "DECLARE h CURSOR WITH HOLD FOR SELECT * FROM t ORDER BY 1", "FETCH h", "CLOSE h", "DROP TABLE t"),
    ("PREPARE", MADE, "PREPARE i (int) AS INSERT INTO t VALUES ($1, 'p')", "EXECUTE i (5)", "EXECUTE i (6)", ALL, "DROP TABLE t", "EXECUTE i (7)",
     MADE, "EXECUTE i (8)", ALL, "DEALLOCATE i", "DROP TABLE t"),
    ("EXPLAIN", MADE, "EXPLAIN (COSTS off) SELECT * FROM t WHERE b = 'x'", "EXPLAIN (COSTS off) UPDATE t SET b = 'x'", "DROP TABLE t"),
    ("isolation", "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT name FROM patients WHERE patient_id = {key}", MADE, FILLED,
     "SELECT name, b FROM patients, t WHERE patient_id = {key} ORDER BY 2", "COMMIT", "DROP TABLE t"),
    ("of the transaction's shard", "BEGIN", "UPDATE patients SET visits = 3 WHERE patient_id = {key}", MADE, FILLED,
     "SELECT name, b FROM patients, t WHERE patient_id = {key} ORDER BY 2", "COMMIT",
     "SELECT name, b FROM patients, t WHERE patient_id = {key} ORDER BY 2", "DROP TABLE t"),
    ("read only", MADE, "BEGIN READ ONLY", FILLED, ALL, "CREATE TEMP TABLE u (a int)", "ROLLBACK", ALL, "DROP TABLE t"),
    ("hidden and written to", "CREATE TEMP TABLE patients (LIKE patients INCLUDING DEFAULTS)", "INSERT INTO patients VALUES ({key}, 'mine'), (1, 'x')",
     "UPDATE patients SET name = 'y'", "SELECT patient_id, name, visits FROM patients ORDER BY 1", "DELETE FROM patients",
     "SELECT name FROM public.patients WHERE patient_id = {key}", "TRUNCATE patients", "DROP TABLE patients",
     "SELECT name FROM patients WHERE patient_id = {key}"),
    ("strings that end a transaction", "BEGIN", MADE, "ROLLBACK; SELECT 1", ALL, "BEGIN", MADE, f"COMMIT; {ALL}", "BEGIN",
     "DROP TABLE t", f"ROLLBACK; {ALL}", "BEGIN", "CREATE TEMP TABLE u (a int) ON COMMIT DROP", "COMMIT; SELECT 2", "SELECT * FROM u",
     "DROP TABLE t"),
    ("strings", f"{MADE}; {FILLED}; {ALL}", "DROP TABLE t; SELECT 1", ALL, f"{MADE}; SELECT 1/0", ALL, f"{MADE}; DROP TABLE t; {MADE}", ALL,
     "CREATE INDEX i ON t (b); TRUNCATE t", "ALTER TABLE t RENAME TO u; SELECT * FROM u; DROP TABLE u", "SELECT * FROM u"),
]


# Of a prepared statement shardward does not tell where in it an unknown table stands, and it has a hint of its own; of
# which number a temporary schema is, is the server's affair.
UNTOLD = {"42P01": "PH"}


def comparable(answer):
    kind, content = answer
    if kind != "E":
        return answer
    fields = {name: value for name, value in content.items() if name not in UNTOLD.get(content["C"], "")}
    if fields.get("s", "").startswith("pg_temp"):
        fields["s"] = "pg_temp"
    return kind, fields


def settled(answers):
    """That a table is not known shardward may tell before PostgreSQL does."""
    errors = [answer for answer in answers if answer[0] == "E" and answer[1]["C"] == "42P01"]
    return errors + answers[-1:] if errors else answers


def told(client, flights):
    with client:
        return [settled([comparable(answer) for answer in wire.readable(client.ask(flight))]) for flight in flights]


def same(p, flights, **params):
    """Send each flight, which brings one ReadyForQuery, to both, and compare the answers."""
    expected = told(p.oracle_wire(ORACLE, **params), flights)
    for number, (got, wanted) in enumerate(zip(told(p.logged_in(**params), flights), expected)):
        equal(got, wanted, f"flight {number}: {flights[number]}")


@rows(ROWS)
def answers_as_postgresql(p, *statements):
    key = patient_in_both(p, "users_1")
    texts = [sql.format(key=key) for sql in statements]
    same(p, [query(sql) for sql in texts])
    split = [one for sql in texts for one in sql.split("; ")]
    same(p, [parse(sql) + bind() + describe("P") + execute() + SYNC for sql in split])


def run(sql, values=(), statement=""):
    return (parse(sql) if not statement else b"") + bind(values, statement) + execute()


@rows([("made and used", [MADE, FILLED, ALL, "DROP TABLE t"], [ALL]),
       ("made in a batch that fails", [MADE, "SELECT 1/0", ALL], [ALL], [MADE, ALL], ["DROP TABLE t", "SELECT 1/0"], [ALL]),
       ("committed in the middle", [MADE, "COMMIT", "SELECT 1/0"], [ALL], ["DROP TABLE t"]),
       ("rolled back in the middle", [MADE, "ROLLBACK", "SELECT 1"], [ALL]),
       ("a transaction within", ["BEGIN", MADE, FILLED, "COMMIT", ALL], [ALL], ["BEGIN", "DROP TABLE t", "ROLLBACK", ALL]),
       ("a transaction that is begun late", [MADE, "BEGIN", FILLED], ["COMMIT"], [ALL], ["DROP TABLE t", "BEGIN"], ["ROLLBACK"], [ALL]),
       ("a savepoint", ["BEGIN"], ["SAVEPOINT s", MADE, FILLED], ["ROLLBACK TO s"], [MADE, ALL, "COMMIT"], [ALL]),
       ("ON COMMIT DROP", [MADE + " ON COMMIT DROP", FILLED, ALL], [ALL], ["BEGIN", MADE + " ON COMMIT DROP", "COMMIT", "SELECT 1"], [ALL]),
       ("a name that is used again", [MADE, FILLED, "ALTER TABLE t RENAME TO u", MADE, ALL, "SELECT * FROM u ORDER BY 1"],
        ["SELECT * FROM t, u"]),
       ("DISCARD TEMP", [MADE, "DISCARD TEMP"], [ALL], [MADE], ["DISCARD TEMP", "SELECT 1/0"], [ALL])])
def batches_answer_as_postgresql(p, *batches):
    same(p, [b"".join(run(sql) for sql in batch) + SYNC for batch in batches])
    same(p, [b"".join(run(sql) + FLUSH for sql in batch) + SYNC for batch in batches])


@rows([("while it is there", MADE, "!INSERT INTO t VALUES ($1::int, 'v')", "=1", "=2", ALL, "DROP TABLE t", "=3", MADE, "=4", ALL),
       ("with another shape", MADE, FILLED, "!SELECT * FROM t WHERE a = $1::int", "=1", "DROP TABLE t",
        "CREATE TEMP TABLE t (a int, b text)", "INSERT INTO t VALUES (1, 'other')", "=1"),
       ("that it hid a table is over", "CREATE TEMP TABLE hospitals (hospital_id bigint)",
        "!SELECT hospital_id FROM hospitals WHERE hospital_id = $1::bigint - 1000000000", "INSERT INTO hospitals VALUES (-999999999)",
        "=1", "BEGIN", "DROP TABLE hospitals", "ROLLBACK", "=1", "DROP TABLE hospitals", "=1"),
       ("of a query", MADE, "!CREATE TEMP TABLE u AS SELECT a + $1::int AS c FROM t", FILLED, "=5", "SELECT c FROM u ORDER BY 1",
        "=6", "DROP TABLE u", "=6", "SELECT c FROM u ORDER BY 1"),
       ("DDL", MADE, "!ALTER TABLE t ADD COLUMN IF NOT EXISTS c int", "=", "=", ALL, "DROP TABLE t", MADE, "=", ALL)])
def prepared_statements_answer_as_postgresql(p, *steps):
    """!text prepares it, =value runs it."""
    for name in ("", "s"):
        flights, prepared = [], ""
        for step in steps:
            if step.startswith("!"):
                prepared = step[1:]
                flights.append(parse(prepared, name) + describe("S", name) + SYNC)
            elif step.startswith("="):
                # PostgreSQL forgets the unnamed one with the next Query.
                again = b"" if name else parse(prepared)
                flights.append(again + bind([step[1:]] if step[1:] else (), name) + describe("P") + execute() + SYNC)
            else:
                flights.append(query(step))
        same(p, flights)


# Where they live

def table_on(p, shard, name="t"):
    key = p.new_patient(shard)
    return key, f"CREATE TEMP TABLE {name} AS SELECT patient_id, name FROM patients WHERE patient_id = {key}"


@rows([("of no shard", [], "catalog"), ("of a single table", ["CREATE TEMP TABLE t (LIKE hospitals)"], "institutions"),
       ("of rows", ["{made}"], "users_1"), ("beside another", ["{made}", "CREATE TEMP TABLE u (a int)"], "users_1"),
       ("in a transaction", ["BEGIN", "{read}", "CREATE TEMP TABLE u (a int)", "COMMIT"], "users_1"),
       ("where the transaction has written", ["BEGIN", "SELECT count(*) FROM hospitals WHERE hospital_id < 0", "{write}",
                                              "CREATE TEMP TABLE u (a int)", "COMMIT"], "users_1"),
       ("in a string", ["{read}; CREATE TEMP TABLE u (a int)"], "users_1"),
       ("LIKE a table of many shards", ["BEGIN", "{read}", "CREATE TEMP TABLE u (LIKE patients)", "COMMIT"], "users_1")])
def a_table_is_made_where_its_rows_will_be_wanted(p, steps, shard):
    key, made = table_on(p, "users_1")
    with p.another_shardward(workers(1)) as other, p.logged_in(other.port) as client:
        for sql in [step.format(made=made, read=f"SELECT name FROM patients WHERE patient_id = {key}",
                                write=f"UPDATE patients SET visits = 1 WHERE patient_id = {key}") for step in steps] or ["CREATE TEMP TABLE t ()"]:
            equal([answer for answer in client.query(sql) if answer.kind == "E"], [], sql)
        equal([place for place in ("catalog", "institutions", *p.shards("users"))
               if lent(p, other, place)], [shard])


@test
def tables_on_several_shards(p):
    keys = {name: table_on(p, shard, name) for name, shard in (("t", "users_1"), ("u", "users_2"))}
    with p.logged_in() as client:
        for _, made in keys.values():
            client.query(made)
        for name, (key, _) in keys.items():
            equal(wire.rows_of(client.query(f"SELECT patient_id FROM {name}")), [[str(key)]])
        for sql in ("SELECT * FROM t, u", "DROP TABLE t, u", "DISCARD TEMP", "TRUNCATE t, u", "INSERT INTO t SELECT * FROM u",
                    f"SELECT * FROM t, patients p WHERE p.patient_id = {keys['u'][0]}", "SELECT * FROM t, hospitals",
                    "DROP TABLE t, doctors", "CREATE TEMP TABLE v (LIKE t, LIKE u INCLUDING ALL)", "SELECT 1 FROM t; SELECT 1 FROM u",
                    "DROP INDEX no_index", "ALTER INDEX doctors_pkey RENAME TO x", "DROP SEQUENCE t_a_seq", "DROP TYPE t",
                    "ALTER TABLE t SET SCHEMA public", "CREATE TEMP TABLE IF NOT EXISTS t AS SELECT * FROM hospitals",
                    "ALTER TABLE t INHERIT u", "CREATE TABLE doctors (LIKE t)", "SELECT current_database() FROM t"):
            equal(code(client, sql), "0A000", sql)
        equal(wire.rows_of(client.query(f"SELECT name FROM t JOIN patients USING (name) WHERE patients.patient_id = {keys['t'][0]}")), [["Ada"]])
        client.query("BEGIN")
        client.query("INSERT INTO t VALUES (1, 'x')")
        equal(wire.rows_of(client.query("SELECT count(*) FROM u")), [["1"]])
        equal(code(client, "DELETE FROM u"), "0A000")
        client.query("ROLLBACK")
        client.query("DROP TABLE u")
        client.query("DISCARD TEMP")
        equal(code(client, "SELECT 1 FROM t"), "42P01")


@test
def a_table_is_a_type_and_may_hide_one(p):
    with p.logged_in() as client:
        client.query("CREATE TEMP TABLE hospitals (a int)")
        for sql in ("SELECT ROW(1)::hospitals", "SELECT NULL::pg_temp.hospitals", "SELECT NULL::hospitals[] FROM doctors",
                    "CREATE TEMP TABLE u (a hospitals)", "ALTER TABLE doctors ADD h hospitals"):
            equal(code(client, sql), "0A000", sql)
            equal(wire.error_of(client.ask(run(sql) + SYNC))["C"], "0A000", sql)
        equal(wire.rows_of(client.query("SELECT NULL::public.hospitals, 1::int, 'x'::text")), [[None, "1", "x"]])


@test
def a_string_may_not_make_tables_and_end_transactions(p):
    with p.logged_in() as client:
        for sql in (f"BEGIN; {MADE}; COMMIT", f"{MADE}; COMMIT", f"COMMIT; {MADE}"):
            equal(code(client, sql), "0A000", sql)
        client.query(MADE)
        for sql in ("DROP TABLE t; COMMIT", "BEGIN; DISCARD TEMP", "BEGIN; ALTER TABLE t RENAME TO u"):
            equal(code(client, sql), "0A000", sql)
        equal(wire.rows_of(client.query(ALL)), [])


# The server

@rows([("dropped", ["{made}", "DROP TABLE t"]), ("discarded", ["{made}", "DISCARD TEMP"]), ("DISCARD ALL", ["{made}", "DISCARD ALL"]),
       ("rolled back", ["BEGIN", "{made}", "ROLLBACK"]), ("failed", ["BEGIN", "{made}", "SELECT 1/0", "COMMIT"]),
       ("not made", ["{made} AND 1/0 = 1"]), ("until commit", ["BEGIN", "{until}", "COMMIT"]), ("until its own commit", ["{until}"]),
       ("dropped in a transaction", ["{made}", "BEGIN", "DROP TABLE t", "COMMIT"]),
       ("of several shards, until commit", ["BEGIN", "{until}", "SELECT count(*) FROM hospitals WHERE hospital_id < 0", "COMMIT"]),
       ("back to a savepoint", ["BEGIN", "SAVEPOINT s", "{made}", "ROLLBACK TO s", "COMMIT"]),
       ("in a string", ["{made}; DROP TABLE t"])])
def a_server_is_kept_no_longer_than_the_table(p, steps):
    key, made = table_on(p, "users_1")
    with p.another_shardward(size(1)) as other, p.logged_in(other.port) as client, p.logged_in(other.port) as next_one:
        for extended in (False, True):
            for step in steps:
                sql = step.format(made=made, until=made.replace("t AS", "t ON COMMIT DROP AS"))
                client.ask(run(sql) + SYNC if extended and ";" not in sql else query(sql))
            equal(lent(p, other, "users_1"), 0)
            equal(wire.rows_of(next_one.query(f"SELECT name FROM patients WHERE patient_id = {key}")), [["Ada"]])
            equal(wire.rows_of(client.query(f"SELECT name FROM patients WHERE patient_id = {key}")), [["Ada"]])


@rows([("dropped, undone", ["{made}", "BEGIN", "DROP TABLE t", "ROLLBACK"]), ("discarded, undone", ["{made}", "BEGIN", "DISCARD TEMP", "ROLLBACK"]),
       ("one of two", ["{made}", "CREATE TEMP TABLE u (a int)", "DROP TABLE u"]), ("renamed", ["{made}", "ALTER TABLE t RENAME TO u"])])
def a_server_is_kept_as_long_as_a_table(p, steps):
    key, made = table_on(p, "users_1")
    with p.another_shardward(size(1)) as other, p.logged_in(other.port) as client:
        for step in steps:
            client.query(step.format(made=made))
        equal(lent(p, other, "users_1"), 1)
        equal(wire.rows_of(client.query(f"SELECT name FROM patients WHERE patient_id = {key}")), [["Ada"]])
        equal(lent(p, other, "users_1"), 1)
        client.query("DISCARD TEMP")
        equal(lent(p, other, "users_1"), 0)


@test
def a_lost_server_ends_the_session(p):
    _, made = table_on(p, "users_1")
    for idle in (True, False):
        with p.logged_in() as client:
            client.query(made.replace("TABLE t", "TABLE to_be_lost"))
            if not idle:
                client.query("BEGIN")
                client.query("SELECT * FROM to_be_lost")
            p.as_superuser("users_1", "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                           " WHERE query ~ 'to_be_lost' AND pid <> pg_backend_pid()")
            answers = client.read_until("E") if idle else client.ask(query("SELECT 1"), ready=0) + client.read_until("E")
            equal(answers[-1].fields()["S"], "FATAL", answers)


# Other clients

@test
def what_a_name_means_is_each_clients_own_affair(p):
    key = p.new_patient("users_1")
    sql, hidden = f"SELECT name FROM patients WHERE patient_id = {key}", f"CREATE TEMP TABLE patients AS SELECT {key}::bigint AS patient_id, 'mine' AS name"
    asked = "SELECT name FROM patients WHERE patient_id = $1::bigint"
    with p.another_shardward(workers(1)) as other, p.logged_in(other.port) as client, p.logged_in(other.port) as another:
        for one in (client, another):
            one.ask(parse(asked, "s") + bind([str(key)], "s") + execute() + SYNC)
        client.query(hidden)
        for _ in range(3):
            equal(wire.rows_of(client.query(sql)), [["mine"]])
            equal(wire.rows_of(another.query(sql)), [["Ada"]])
            equal(wire.rows_of(client.ask(parse(asked) + bind([str(key)]) + execute() + SYNC)), [["mine"]])
            equal(wire.rows_of(another.ask(bind([str(key)], "s") + execute() + SYNC)), [["Ada"]])
        equal(wire.error_of(client.ask(bind([str(key)], "s") + execute() + SYNC))["C"], "0A000")
        client.query("ALTER TABLE patients RENAME TO patients_of_mine")
        equal(wire.rows_of(client.ask(bind([str(key)], "s") + execute() + SYNC)), [["Ada"]])


@test
def a_server_looks_anew_for_a_name_that_a_second_table_takes(p):
    """PostgreSQL itself does not always: see RevalidateCachedQuery()."""
    with p.logged_in() as client:
        client.query("CREATE TEMP TABLE t AS SELECT * FROM hospitals WHERE hospital_id < 0")
        asked = "SELECT count(*) FROM hospitals WHERE hospital_id = -5"
        equal(wire.rows_of(client.ask(parse(asked, "s") + bind((), "s") + execute() + SYNC)), [["0"]])
        client.query("CREATE TEMP TABLE hospitals AS SELECT -5 AS hospital_id FROM t RIGHT JOIN (SELECT 1) x ON true")
        equal(wire.rows_of(client.ask(parse(asked, "r") + bind((), "r") + execute() + SYNC)), [["1"]])
        client.query("DROP TABLE hospitals")
        equal(wire.rows_of(client.ask(bind((), "s") + execute() + SYNC)), [["0"]])
        equal(wire.rows_of(client.ask(bind((), "r") + execute() + SYNC)), [["0"]])


# Pool modes

@rows(ROWS)
def in_pool_mode_session_answers_as_postgresql(p, *statements):
    key = patient_in_both(p, "users_1")
    texts = [sql.format(key=key) for sql in statements]
    expected = told(p.oracle_wire(ORACLE), [query(sql) for sql in texts])
    with p.another_shardward(EDIT) as other:
        equal(told(login(p, other, "keeper"), [query(sql) for sql in texts]), expected)


@test
def pool_mode_statement_refuses_them(p):
    with p.another_shardward(EDIT) as other, login(p, other, "brief") as client:
        for sql in (MADE, "CREATE TEMP TABLE t AS SELECT 1", "SELECT 1 INTO TEMP t"):
            equal(code(client, sql), "0A000")
        equal(wire.error_of(client.ask(run(MADE) + SYNC))["M"], "temporary tables are not allowed in statement pooling mode")


# COPY

@test
def copy_in_and_out(p):
    key = p.new_patient("users_1")
    for made in ("CREATE TEMP TABLE copied (a bigint, b text)", f"CREATE TEMP TABLE copied AS SELECT patient_id AS a, name AS b FROM patients"
                 f" WHERE patient_id = {key} AND visits < 0"):
        with p.connect() as conn:
            conn.execute(made)
            with conn.cursor() as cursor:
                with cursor.copy("COPY copied FROM STDIN") as copy:
                    for number in range(1000):
                        copy.write_row((number, f"row {number}"))
                with cursor.copy("COPY (SELECT b FROM copied ORDER BY a DESC LIMIT 2) TO STDOUT") as copy:
                    equal(b"".join(bytes(part) for part in copy), b"row 999\nrow 998\n")
                with cursor.copy("COPY copied (a) TO STDOUT (FORMAT binary)") as copy:
                    assert sum(len(part) for part in copy) > 14000
            equal(conn.execute("SELECT count(*), max(a) FROM copied").fetchone(), (1000, 999))


@test
def rows_that_were_copied_go_on_to_a_table(p):
    with p.connect() as conn, conn.transaction():
        conn.execute("CREATE TEMP TABLE staging (LIKE hospitals INCLUDING DEFAULTS) ON COMMIT DROP")
        with conn.cursor() as cursor, cursor.copy("COPY staging FROM STDIN") as copy:
            for number in range(3):
                copy.write_row((p.new_key() + number, f"staged {number}", "Harbin"))
        equal(conn.execute("INSERT INTO hospitals SELECT * FROM staging ON CONFLICT DO NOTHING").rowcount, 3)
        equal(conn.execute("SELECT count(*) FROM hospitals h JOIN staging s USING (hospital_id)").fetchone(), (3,))
        conn.execute("DELETE FROM hospitals WHERE name LIKE 'staged _'")


# Whatever comes and goes

NAMES = ("t", "u", "hospitals")


def anything(choose):
    """A statement about temporary tables, or their transaction."""
    name, other = choose.choice(NAMES), choose.choice(NAMES)
    return choose.choice((
        f"CREATE TEMP TABLE {name} (a int)", f"CREATE TEMP TABLE IF NOT EXISTS {name} (a int, b int)",
        f"CREATE TEMP TABLE {name} ON COMMIT DROP AS SELECT {choose.randrange(9)} AS a", f"SELECT {choose.randrange(9)} AS a INTO TEMP {name}",
        f"DROP TABLE pg_temp.{name}", f"ALTER TABLE pg_temp.{name} RENAME TO {other}", f"INSERT INTO pg_temp.{name} VALUES ({choose.randrange(9)})",
        "BEGIN", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "SAVEPOINT r", "ROLLBACK TO s", "ROLLBACK TO r", "RELEASE s", "SELECT 1/0",
        "DISCARD TEMP", f"CREATE INDEX i ON pg_temp.{name} (a)"))


LOOK = [f"SELECT count(*), min(a) FROM pg_temp.{name}" for name in NAMES] + ["SELECT count(*) FROM hospitals WHERE hospital_id < 0"]


CONTROL = re.compile("BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE")     # and tables do not mix in a string


def is_in_error(answers):
    """The schema pg_temp is not there before its first table."""
    return [answer.fields()["C"].replace("3F000", "42P01") for answer in answers if answer.kind == "E"]


@rows([(f"seed {seed}", seed) for seed in range(12)])
def lists_follow_the_server(p, seed):
    choose = random.Random(seed)
    with p.logged_in() as client, p.oracle_wire(ORACLE) as oracle:
        said = []
        for _ in range(150):
            batch = [anything(choose) for _ in range(choose.choice((1, 1, 1, 2, 3)))]
            way = choose.choice(("batch", "batch with Flush", "string"))
            if way == "string" and len(batch) > 1:
                batch = [sql for sql in batch if not CONTROL.match(sql)] or ["SELECT 1"]
            flight = query("; ".join(batch)) if way == "string" else \
                b"".join(run(sql) + (FLUSH if "Flush" in way else b"") for sql in batch) + SYNC
            said.append((batch, way))
            got, expected = (is_in_error(one.ask(flight)) for one in (client, oracle))
            # Of several errors in a string shardward tells another one, before it runs.
            equal(expected if expected and got and way == "string" else got, expected, said[-12:])
            for sql in LOOK:
                # A failed statement would end the transaction.
                status = [wire.ready_status(one.query("SELECT 1")) for one in (client, oracle)]
                equal(status[0], status[1], said[-12:])
                if status[0] == "E":
                    continue
                asked = [query("SAVEPOINT look"), query(sql), query("ROLLBACK TO look")] if status[0] == "T" else [query(sql)]
                answers = [[one.ask(flight) for flight in asked] for one in (client, oracle)]
                shown = [[wire.rows_of(part) if not is_in_error(part) else is_in_error(part) for part in parts] for parts in answers]
                equal(shown[0], shown[1], said[-12:])
        client.query("ROLLBACK")
