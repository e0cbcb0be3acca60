"""DDL runs on all shards of its business and on the catalog database, or on none."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import psycopg
from guard import eventually
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, test

RULE = "patients: {key: patient_id, placement: by_patient}"


def with_tables(p, *rules):
    """A shardward whose YAML has more tables of business users: "name: {...}"."""
    lines = "".join(f"\n          {rule}" for rule in rules)
    return p.another_shardward((RULE, RULE + lines))


def places(p, business="users"):
    return [*p.shards(business), "catalog"]


def on_each(p, sql, business="users"):
    return {shard: p.rows(shard, sql) for shard in places(p, business)}


def exists(p, name, business="users"):
    """On which of the places the relation is."""
    found = on_each(p, f"SELECT to_regclass('public.{name}') IS NOT NULL", business)
    return [shard for shard, answer in found.items() if answer == [(True,)]]


def drop_everywhere(p, *names):
    for shard in places(p):
        with p.at_shard(shard) as conn:
            for name in names:
                conn.execute(f"DROP TABLE IF EXISTS {name} CASCADE")


def error_of(function, *arguments):
    try:
        function(*arguments)
    except psycopg.Error as error:
        return error
    raise AssertionError("no error")


@test
def a_table_is_made_altered_used_and_dropped_on_all_shards(p):
    with with_tables(p, "visits: {key: patient_id, placement: by_patient}") as other:
        with p.connect(port=other.port) as conn:
            conn.execute("CREATE TABLE visits (patient_id bigint, visit_id bigint, note text,"
                         " PRIMARY KEY (patient_id, visit_id))")
            equal(exists(p, "visits"), places(p))
            conn.execute("ALTER TABLE visits ADD COLUMN at date, ALTER COLUMN note SET NOT NULL")
            conn.execute("CREATE INDEX visits_at ON visits (at)")
            equal(exists(p, "visits_at"), places(p))
            key = p.new_key()
            conn.execute("INSERT INTO visits (patient_id, visit_id, note, at)"
                         " VALUES (%s, 1, 'x', '2026-01-01')", (key,))
            equal(conn.execute("SELECT note, at::text FROM visits WHERE patient_id = %s", (key,))
                  .fetchall(), [("x", "2026-01-01")])
            conn.execute("COMMENT ON TABLE visits IS 'seen'")
            equal(on_each(p, "SELECT obj_description('visits'::regclass)"),
                  {shard: [("seen",)] for shard in places(p)})
            conn.execute("TRUNCATE visits")
            equal(conn.execute("SELECT * FROM visits WHERE patient_id = %s", (key,)).fetchall(), [])
            conn.execute("DROP TABLE visits")
        equal(exists(p, "visits"), [])


@test
def a_driver_with_the_extended_protocol_and_psql_may_both_change_the_schema(p):
    with with_tables(p, "visits: {key: patient_id, placement: by_patient}") as other:
        with p.connect(port=other.port) as conn:
            cursor = conn.execute("CREATE TABLE visits (patient_id bigint)", prepare=True)
            equal(cursor.statusmessage, "CREATE TABLE")
            cursor = conn.execute("ALTER TABLE visits ADD a int", prepare=True, binary=True)
            equal(cursor.statusmessage, "ALTER TABLE")
            equal(conn.execute("SELECT a FROM visits WHERE patient_id = 1").fetchall(), [])
        said = p.run("psql", "-X", "-h", "127.0.0.1", "-p", other.port, "-U", USER, "-d", DATABASE,
                     "-c", "DROP TABLE IF EXISTS visits", PGPASSWORD=PASSWORD).stdout
        equal(said.strip(), "DROP TABLE")
        equal(exists(p, "visits"), [])


def answer_alike(p, port, script):
    """Do shardward and the oracle answer each statement with the same messages?"""
    ours, theirs = p.logged_in(port=port), p.oracle_wire()
    for sql in script:
        equal(*([m.readable() for m in link.query(sql)] for link in (ours, theirs)), sql)
    ours.close()
    theirs.close()


@test
def command_tags_and_notices_are_those_of_one_postgresql(p):
    script = [
        "CREATE TABLE IF NOT EXISTS visits (patient_id bigint PRIMARY KEY, a int)",
        "CREATE TABLE IF NOT EXISTS visits (patient_id bigint PRIMARY KEY, a int)",
        "ALTER TABLE visits RENAME a TO b",
        "ALTER TABLE visits RENAME CONSTRAINT visits_pkey TO visits_key",
        "ALTER TABLE visits DROP COLUMN IF EXISTS nothing",
        "COMMENT ON COLUMN visits.b IS 'x'",
        "GRANT SELECT ON visits TO PUBLIC",
        "REVOKE ALL ON visits FROM PUBLIC",
        "CREATE INDEX visits_b ON visits (b); CREATE INDEX IF NOT EXISTS visits_b ON visits (b)",
        "CLUSTER visits USING visits_b",
        "COMMENT ON INDEX visits_b IS 'x'",
        "ALTER INDEX visits_b SET (fillfactor = 70)",
        "ALTER INDEX visits_b RESET (fillfactor)",
        "REINDEX INDEX visits_b",
        "ALTER INDEX visits_b RENAME TO visits_c",
        "DROP INDEX visits_b",
        "DROP INDEX IF EXISTS visits_b",
        "ALTER INDEX visits_b RENAME TO visits_d",
        "ALTER INDEX IF EXISTS visits_b RENAME TO visits_d",
        "REINDEX INDEX visits_b",
        "COMMENT ON INDEX visits_b IS 'x'",
        "DROP INDEX visits",
        "DROP INDEX visits_key",
        "DROP INDEX IF EXISTS visits_c",
        "REINDEX TABLE visits",
        "TRUNCATE visits",
        "DROP TABLE visits, visits",
        "CREATE TABLE visits (patient_id bigint, patient_id int)",
        "CREATE TABLE visits (patient_id bigint, b nothing)",
        "CREATE INDEX ON visits (nothing)",
        "CREATE TYPE ddl_mood AS ENUM ('a')",
        "ALTER TYPE ddl_mood ADD VALUE IF NOT EXISTS 'a'",
        "ALTER TYPE ddl_mood ADD VALUE 'b'",
        "ALTER TYPE ddl_mood RENAME TO ddl_temper",
        "CREATE DOMAIN ddl_name AS text CHECK (VALUE <> '')",
        "ALTER DOMAIN ddl_name SET NOT NULL",
        "DROP DOMAIN ddl_name",
        "DROP TYPE ddl_temper",
        "CREATE SCHEMA ddl_rooms",
        "DROP SCHEMA IF EXISTS ddl_rooms, ddl_nothing",
    ]

    with with_tables(p, "visits: {key: patient_id, placement: by_patient}") as other:
        answer_alike(p, other.port, script)
    drop_everywhere(p, "visits")


@test
def sequences_are_changed_in_the_words_of_one_postgresql(p):
    answer_alike(p, p.port, [
        "CREATE SEQUENCE ddl_numbers",
        "CREATE SEQUENCE IF NOT EXISTS ddl_numbers",
        "ALTER SEQUENCE ddl_numbers RESTART WITH 5",
        "ALTER SEQUENCE ddl_numbers MINVALUE 9",
        "COMMENT ON SEQUENCE ddl_numbers IS 'x'",
        "DROP TABLE ddl_numbers",
        "DROP SEQUENCE ddl_numbers",
        "DROP SEQUENCE ddl_numbers",
        "DROP SEQUENCE IF EXISTS ddl_numbers",
        "ALTER SEQUENCE ddl_numbers RESTART",
        "ALTER SEQUENCE IF EXISTS ddl_numbers RESTART",
        "DROP TABLE IF EXISTS ddl_nothing",
    ])


@test
def what_fails_on_one_shard_happens_on_none(p):
    drop_everywhere(p, "visits")
    with p.at_shard("users_2") as conn:
        conn.execute("CREATE TABLE visits (other int)")
    with with_tables(p, "visits: {key: patient_id, placement: by_patient}") as other:
        with p.connect(port=other.port) as conn:
            error = error_of(conn.execute, "CREATE TABLE visits (patient_id bigint)")
            equal((error.sqlstate, error.diag.context), ("42P07", 'shard "users_2"'))
            equal(exists(p, "visits"), ["users_2"])
            equal(conn.execute("SELECT 1").fetchall(), [(1,)], "the session lives")
            error = error_of(conn.execute, "ALTER TABLE visits ADD a int")
            equal(error.sqlstate, "42P01")
    drop_everywhere(p, "visits")


@test
def a_lock_that_cannot_be_had_leaves_no_shard_changed(p):
    with p.at_shard("users_3") as holder, p.connect() as conn:
        with holder.transaction():
            holder.execute("LOCK TABLE patients IN ACCESS SHARE MODE")
            conn.execute("SET lock_timeout = '200ms'")
            error = error_of(conn.execute, "ALTER TABLE patients ADD ddl_a int")
            equal((error.sqlstate, error.diag.context), ("55P03", 'shard "users_3"'))
    equal(on_each(p, "SELECT count(*) FROM pg_attribute WHERE attname = 'ddl_a'"),
          {shard: [(0,)] for shard in places(p)})


@test
def without_a_lock_timeout_of_the_client_there_is_one(p):
    with p.another_shardward(("  ddl_lock: 10s", "  ddl_lock: 100ms")) as other:
        with p.at_shard("users_1") as holder, p.connect(port=other.port) as conn:
            with holder.transaction():
                holder.execute("LOCK TABLE patients IN ACCESS SHARE MODE")
                equal(error_of(conn.execute, "ALTER TABLE patients ADD ddl_a int").sqlstate, "55P03")
            equal(conn.execute("SHOW lock_timeout").fetchall(), [("0",)])


@test
def a_shard_that_waits_for_the_others_is_not_idle(p):
    with p.at_shard("users_3") as holder, p.connect() as conn:
        with holder.transaction():
            holder.execute("LOCK TABLE patients IN ACCESS SHARE MODE")
            conn.execute("SET idle_in_transaction_session_timeout = '100ms'")
            conn.execute("SET lock_timeout = '700ms'")
            equal(error_of(conn.execute, "ALTER TABLE patients ADD ddl_a int").sqlstate, "55P03")


END_THE_IDLE = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE '%ddl_a%'"""


@test
def a_server_that_ends_while_it_waits_for_the_others_spoils_the_ddl_alone(p):
    with p.another_shardward() as other, p.connect(port=other.port) as conn, \
            p.at_shard("users_3") as holder, ThreadPoolExecutor(1) as aside:
        with holder.transaction():
            holder.execute("LOCK TABLE patients IN ACCESS SHARE MODE")
            before = len(other.log())
            change = aside.submit(error_of, conn.execute, "ALTER TABLE patients ADD ddl_a int")
            eventually(lambda: "1" in p.as_superuser("users_0", END_THE_IDLE), "users_0 waits")
            eventually(lambda: "server-lost shard=users_0" in other.log()[before:], "the loss is noticed")
        equal(change.result(10).sqlstate, "08006")
        equal(conn.execute("SELECT 1").fetchall(), [(1,)], "the session lives")
    equal(on_each(p, "SELECT count(*) FROM pg_attribute WHERE attname = 'ddl_a'"),
          {shard: [(0,)] for shard in places(p)})


LOOK_AT_COMMIT = """
CREATE TABLE shardward.seen (statement_timeout text);
CREATE FUNCTION shardward.look() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    $$BEGIN INSERT INTO shardward.seen VALUES (current_setting('statement_timeout')); RETURN NULL; END$$;
CREATE FUNCTION shardward.defer() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN SET CONSTRAINTS shardward.look DEFERRED; RETURN NULL; END';
CREATE CONSTRAINT TRIGGER look AFTER INSERT ON shardward.ddl DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION shardward.look();
CREATE TRIGGER defer BEFORE INSERT ON shardward.ddl EXECUTE FUNCTION shardward.defer();
"""


@test
def no_statement_timeout_comes_between_two_commits(p):
    p.as_superuser("users_2", LOOK_AT_COMMIT)
    try:
        with p.connect() as conn:
            conn.execute("SET statement_timeout = '50s'")
            conn.execute("COMMENT ON TABLE patients IS NULL")
            equal(conn.execute("SHOW statement_timeout").fetchone(), ("50s",))
        equal(p.as_superuser("users_2", "SELECT * FROM shardward.seen").split(), ["0"])
    finally:
        p.as_superuser("users_2", "DROP FUNCTION shardward.look, shardward.defer CASCADE;"
                                  " DROP TABLE shardward.seen")


@test
def two_changes_of_one_table_come_one_after_the_other(p):
    """Both lock the catalog database's copy first, so that they cannot wait in a circle."""
    commands = [["psql", "-X", "-h", "127.0.0.1", "-p", p.port, "-U", USER, "-d", DATABASE, "-c",
                 f"ALTER TABLE patients ADD ddl_{n} int"] for n in range(6)]
    working = [subprocess.Popen([str(w) for w in c], env={**os.environ, "PGPASSWORD": PASSWORD},
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
               for c in commands]
    equal([w.communicate()[0].strip() for w in working], ["ALTER TABLE"] * 6)
    with p.connect() as conn:
        conn.execute("ALTER TABLE patients " + ", ".join(f"DROP ddl_{n}" for n in range(6)))


@test
def each_change_leaves_the_same_note_on_each_of_its_shards(p):
    sql = "ALTER TABLE patients ADD ddl_note int; ALTER TABLE public.patients DROP ddl_note -- 'x'"
    with p.connect() as conn:
        conn.execute(sql)
    notes = {p.as_superuser(shard, "SELECT id, by, database, places, tables, statement"
                                   " FROM shardward.ddl ORDER BY at DESC LIMIT 1")
             for shard in places(p)}
    equal(len(notes), 1, str(notes))
    equal(notes.pop().strip().split("|")[1:],
          [USER, DATABASE, "{catalog,users_0,users_1,users_2,users_3}",
           "{public.patients,public.patients}", sql])


@test
def several_statements_of_one_string_are_one_change(p):
    with p.connect() as conn:
        sql = "ALTER TABLE patients ADD ddl_a int; /* é */ ALTER TABLE patients ADD b nothing"
        error = error_of(conn.execute, sql)
        equal((error.sqlstate, int(error.diag.statement_position)),
              ("42704", sql.index("nothing") + 1))
        equal(on_each(p, "SELECT count(*) FROM pg_attribute WHERE attname = 'ddl_a'"),
              {shard: [(0,)] for shard in places(p)})


REFUSED = [
    ("ALTER TABLE patients ADD a int; SELECT 1", "0A000"),
    ("SELECT 1; ALTER TABLE patients ADD a int", "0A000"),
    ("ALTER TABLE patients ADD a int; ALTER TABLE slots ADD a int", "0A000"),
    ("BEGIN; ALTER TABLE patients ADD a int; COMMIT", "0A000"),
    ("CREATE INDEX CONCURRENTLY ON patients (name); SELECT 1", "25001"),
    ("VACUUM patients; VACUUM patients", "25001"),
    ("ALTER TABLE patients ADD a int DEFAULT $1", "42P02"),
]


@rows([(sql, sql, state) for sql, state in REFUSED])
def ddl_beside_other_things_is_refused(p, sql, state):
    link = p.logged_in()
    answers = link.query(sql)
    equal([m.fields()["C"] for m in answers if m.kind == "E"], [state])
    equal(answers[-1].body, b"I")
    link.close()


@test
def ddl_in_a_transaction_is_refused_with_the_way_out_of_it(p):
    with p.connect(autocommit=False) as conn:
        error = error_of(conn.execute, "ALTER TABLE patients ADD a int")
        equal((error.sqlstate, error.diag.message_primary),
              ("0A000", "DDL on several shards inside a transaction block is not supported"))
        for words in ("query string of DDL", "Django", "Rails", "Flyway", "Alembic"):
            assert words in error.diag.message_hint, error.diag.message_hint
        conn.rollback()
        conn.autocommit = True
        conn.execute("ALTER TABLE patients ADD ddl_a int; ALTER TABLE patients DROP ddl_a")


@test
def an_index_is_built_concurrently_shard_by_shard_and_told_so(p):
    notices = []

    def keep(notice):
        notices.append((notice.severity, notice.message_detail))

    with p.connect() as conn:
        conn.add_notice_handler(keep)
        cursor = conn.execute("CREATE INDEX CONCURRENTLY ddl_names ON patients (name)")
        equal(cursor.statusmessage, "CREATE INDEX")
        equal(notices, [("NOTICE", "Done on: catalog, users_0, users_1, users_2, users_3.")])
        equal(exists(p, "ddl_names"), places(p))
        conn.execute("REINDEX INDEX CONCURRENTLY ddl_names")
        cursor = conn.execute("DROP INDEX CONCURRENTLY ddl_names")
        equal(cursor.statusmessage, "DROP INDEX")
        equal(notices[1:], [("NOTICE", "Done on: users_0, users_1, users_2, users_3."), notices[0]])
    equal(exists(p, "ddl_names"), [])


@test
def an_index_that_some_shards_lack_is_dropped_where_it_is_if_exists_is_said(p):
    for shard in ["users_1", "users_3"]:
        with p.at_shard(shard) as conn:
            conn.execute("CREATE INDEX ddl_names ON patients (name)")
    with p.another_shardward() as other:
        with p.connect(port=other.port) as conn:
            error = error_of(conn.execute, "DROP INDEX ddl_names")
            equal((error.sqlstate, error.diag.context), ("42704", 'shard "catalog"'))
            equal(exists(p, "ddl_names"), ["users_1", "users_3"])
            conn.execute("DROP INDEX IF EXISTS ddl_names")
    equal(exists(p, "ddl_names"), [])


@test
def the_index_of_a_partition_is_found_by_the_table_it_is_of(p):
    with with_tables(p, "visits: {key: patient_id, placement: by_patient}") as other:
        with p.connect(port=other.port) as conn:
            conn.execute("CREATE TABLE visits (patient_id bigint, a int)"
                         " PARTITION BY RANGE (a)")
            conn.execute("CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (9)")
            conn.execute("CREATE INDEX visits_a ON visits (a)")
            conn.execute("ALTER INDEX visits_1_a_idx RENAME TO visits_1_a")
            equal(exists(p, "visits_1_a"), places(p))
            conn.execute("DROP INDEX visits_a")
            equal(exists(p, "visits_1_a"), [])
            conn.execute("DROP TABLE visits")


@test
def partitions_come_and_go_on_all_shards(p):
    with with_tables(p, "visits: {key: patient_id, placement: by_patient}") as other:
        with p.connect(port=other.port) as conn:
            conn.execute("CREATE TABLE visits (patient_id bigint, a int) PARTITION BY RANGE (a)")
            for n in range(3):
                conn.execute(f"CREATE TABLE visits_{n} PARTITION OF visits"
                             f" FOR VALUES FROM ({n}) TO ({n + 1})")
            equal(exists(p, "visits_1"), places(p))
            key = p.new_key()
            conn.execute("INSERT INTO visits (patient_id, a) VALUES (%s, 0), (%s, 1), (%s, 2)",
                         (key, key, key))
            for sql in ["SELECT * FROM visits_1 WHERE patient_id = 1", "DELETE FROM visits_1",
                        "INSERT INTO visits_1 (patient_id, a) VALUES (1, 1)"]:
                error = error_of(conn.execute, sql)
                equal((error.sqlstate, error.diag.message_primary),
                      ("0A000", '"visits_1" is a partition of table "visits"'), sql)

            def left():
                return conn.execute("SELECT a FROM visits WHERE patient_id = %s ORDER BY a",
                                    (key,)).fetchall()

            conn.execute("DROP TABLE visits_0")
            equal(exists(p, "visits_0"), [])
            equal(left(), [(1,), (2,)])
            conn.execute("ALTER TABLE visits DETACH PARTITION visits_1")
            equal(left(), [(2,)])
            equal(error_of(conn.execute, "SELECT * FROM visits_1").sqlstate, "42P01")
            conn.execute("ALTER TABLE visits ATTACH PARTITION visits_1 FOR VALUES FROM (1) TO (2)")
            equal(left(), [(1,), (2,)])
            conn.execute("TRUNCATE visits_2")
            equal(left(), [(1,)])
            conn.execute("ALTER TABLE visits_2 RENAME TO visits_two")
            equal(exists(p, "visits_two"), places(p))
            conn.execute("ALTER TABLE visits DETACH PARTITION visits_1")
            conn.execute("DROP TABLE visits_1")
            equal(exists(p, "visits_1"), [])
            conn.execute("DROP TABLE visits")
            equal(exists(p, "visits_two"), [])


@test
def a_partition_that_one_shard_lacks_is_dropped_on_none(p):
    with with_tables(p, "visits: {key: patient_id, placement: by_patient}") as other:
        with p.connect(port=other.port) as conn:
            conn.execute("CREATE TABLE visits (patient_id bigint, a int) PARTITION BY RANGE (a)")
            conn.execute("CREATE TABLE visits_0 PARTITION OF visits DEFAULT")
            with p.at_shard("users_2") as shard:
                shard.execute("DROP TABLE visits_0")
            error = error_of(conn.execute, "DROP TABLE visits_0")
            equal((error.sqlstate, error.diag.context), ("42P01", 'shard "users_2"'))
            equal(exists(p, "visits_0"), [s for s in places(p) if s != "users_2"])
            conn.execute("DROP TABLE IF EXISTS visits_0")
            equal(exists(p, "visits_0"), [])
            conn.execute("DROP TABLE visits")


@test
def sequences_of_no_table_are_made_changed_and_dropped_everywhere(p):
    with p.connect() as conn:
        conn.execute("CREATE SEQUENCE ddl_ids")
        try:
            equal(exists(p, "ddl_ids"), places(p))
            conn.execute("ALTER SEQUENCE ddl_ids INCREMENT BY 10 RESTART WITH 500")
            conn.execute("ALTER SEQUENCE ddl_ids RENAME TO ddl_tickets")
            drawn = [conn.execute("SELECT shardward.next_id('ddl_tickets')").fetchone()[0]
                     for _ in range(2)]
            equal(drawn, [500, 510])
            conn.execute("ALTER SEQUENCE ddl_tickets RENAME TO ddl_ids")
        finally:
            conn.execute("DROP SEQUENCE ddl_ids")
        equal({s: exists(p, "ddl_ids", s) for s in ("users", "orders")},
              {"users": [], "orders": []})


@test
def the_sequence_of_a_table_is_changed_where_the_table_is(p):
    with with_tables(p, "visits: {key: patient_id, placement: by_patient}") as other:
        with p.connect(port=other.port) as conn:
            conn.execute("CREATE TABLE visits (patient_id bigint)")
            conn.execute("CREATE SEQUENCE ddl_ids OWNED BY visits.patient_id")
            equal(exists(p, "ddl_ids"), places(p))
            equal(exists(p, "ddl_ids", "orders"), ["catalog"])
            conn.execute("ALTER SEQUENCE ddl_ids RESTART WITH 1000")
            equal(conn.execute("SELECT shardward.next_id('visits')").fetchone(), (1000,))
            equal(on_each(p, "SELECT last_value FROM ddl_ids"),
                  {shard: [(1000,)] for shard in places(p)})
            error = error_of(conn.execute, "ALTER SEQUENCE ddl_ids OWNED BY slots.doctor_id")
            equal(error.sqlstate, "0A000")
            conn.execute("ALTER SEQUENCE ddl_ids OWNED BY NONE")
            conn.execute("DROP TABLE visits")
            conn.execute("DROP SEQUENCE ddl_ids")
            equal(exists(p, "ddl_ids"), [])


@test
def a_table_whose_unique_constraints_are_local_may_be_given_one_without_the_key(p):
    rule = "visits: {key: patient_id, placement: by_patient, unique: local}"
    with with_tables(p, rule) as other:
        with p.connect(port=other.port) as conn:
            conn.execute("CREATE TABLE visits (patient_id bigint, a int)")
            conn.execute("CREATE UNIQUE INDEX visits_a ON visits (a)")
            conn.execute("ALTER TABLE visits ADD UNIQUE (a)")
            equal(exists(p, "visits_a"), places(p))
            equal(conn.execute("SELECT a FROM visits WHERE patient_id = 1").fetchall(), [])
            conn.execute("DROP INDEX visits_a")
            equal(exists(p, "visits_a"), [])
            conn.execute("DROP TABLE visits")


@test
def a_concurrent_index_that_fails_on_one_shard_says_where_it_is(p):
    with p.at_shard("users_1") as conn:
        conn.execute("CREATE INDEX ddl_names ON patients (name)")
    notices = []

    def keep(notice):
        notices.append((notice.severity, notice.message_detail))

    with p.connect() as conn:
        conn.add_notice_handler(keep)
        error = error_of(conn.execute, "CREATE INDEX CONCURRENTLY ddl_names ON patients (name)")
        equal((error.sqlstate, error.diag.context), ("42P07", 'shard "users_1"'))
        equal(notices, [("WARNING", "Done on: users_0. Failed on: users_1."
                                    " Not begun on: catalog, users_2, users_3.")])
    for shard in exists(p, "ddl_names"):
        with p.at_shard(shard) as conn:
            conn.execute("DROP INDEX ddl_names")


@test
def upkeep_runs_on_all_shards(p):
    with p.connect() as conn:
        for sql in ["ANALYZE patients", "VACUUM (ANALYZE) patients, patients", "VACUUM"]:
            equal(conn.execute(sql).statusmessage, sql.split()[0])
        conn.execute("CREATE TABLE IF NOT EXISTS patients (patient_id bigint)")


@test
def a_table_without_a_rule_is_answered_with_the_lines_to_write(p):
    with p.connect() as conn:
        error = error_of(conn.execute, "CREATE TABLE visits (patient_id bigint, note text)")
        equal(error.sqlstate, "0A000")
        lines = error.diag.message_hint.splitlines()
        equal(lines[1].strip(), "visits: {key: patient_id, placement: by_patient}")
        assert "users" in lines[0], lines


def crash(p, sql, commit):
    """DDL whose shardward dies before that COMMIT (from 0; the catalog database has the last)."""
    with p.another_shardward(stop_at=f"ddl-commit:{commit}") as other:
        with p.connect(port=other.port) as conn:
            equal(error_of(conn.execute, sql).sqlstate, None)
        other.process.wait(10)


def with_note(p, sql):
    return [shard for shard in places(p)
            if "1" in p.as_superuser(shard, "SELECT count(*) FROM shardward.ddl WHERE statement ="
                                            f" $${sql}$$")]


@rows([("before the first", 0, []), ("in the middle", 2, ["users_0", "users_1"]),
       ("before the catalog database's", 4, ["users_0", "users_1", "users_2", "users_3"])])
def what_a_crash_between_commits_leaves_is_refused_until_it_is_repaired(p, commit, done):
    sql = "ALTER TABLE patients ADD ddl_crash int -- é"
    crash(p, sql, commit)
    equal(with_note(p, sql), done)
    with p.another_shardward() as other:
        with p.connect(port=other.port) as conn:
            if done:
                error = error_of(conn.execute, "SELECT name FROM patients WHERE patient_id = 1")
                lacking = ", ".join(s for s in ["catalog", *p.shards("users")] if s not in done)
                equal((error.sqlstate, error.diag.message_primary, error.diag.message_detail),
                      ("0A000", 'a change of table "patients" was not finished',
                       f"It was made on {', '.join(done)}, and not on {lacking}."))
            else:
                conn.execute("SELECT name FROM patients WHERE patient_id = 1")
        said = p.run(p.program, "repair", "-c", other.config_file)
        equal(said.returncode, 0, said.stdout)
        equal(said.stdout.count(": done"), len(places(p)) - len(done) if done else 0, said.stdout)
        equal(p.run(p.program, "repair", "-c", other.config_file).stdout, "nothing is unfinished\n")
    equal(with_note(p, sql), places(p) if done else [])
    with p.another_shardward() as other:
        with p.connect(port=other.port) as conn:
            conn.execute("SELECT name FROM patients WHERE patient_id = 1")
            conn.execute("ALTER TABLE patients DROP COLUMN IF EXISTS ddl_crash")
    for shard in places(p):
        p.as_superuser(shard, f"DELETE FROM shardward.ddl WHERE statement = $${sql}$$")


@test
def the_console_tells_what_is_unfinished_and_repairs_it(p):
    sql = "ALTER TABLE patients ADD ddl_crash int"
    crash(p, sql, 2)
    with p.another_shardward() as other, p.console(other.port) as admin, \
            p.connect(port=other.port) as conn:
        def refused():
            return {row[3]: row[8] for row in admin.execute("SHOW TABLES")}["patients"]

        assert "was not finished" in refused(), refused()
        error = error_of(conn.execute, "SELECT name FROM patients WHERE patient_id = 1")
        equal(error.sqlstate, "0A000")
        said = [line for line, in admin.execute("REPAIR")]
        equal(sum(line.endswith(": done") for line in said), len(places(p)) - 2, said)
        equal(refused(), None)
        conn.execute("SELECT ddl_crash FROM patients WHERE patient_id = 1")
        equal(admin.execute("REPAIR").fetchall(), [("nothing is unfinished",)])
        with p.console(other.port, user="stats") as looker:
            equal(error_of(looker.execute, "REPAIR").sqlstate, "42501")
        conn.execute("ALTER TABLE patients DROP COLUMN ddl_crash")
    for shard in places(p):
        p.as_superuser(shard, f"DELETE FROM shardward.ddl WHERE statement = $${sql}$$")


@test
def shards_made_equal_by_hand_are_served_again(p):
    sql = "ALTER TABLE patients ADD ddl_crash int"
    crash(p, sql, 3)
    for shard in places(p):
        with p.at_shard(shard) as conn:
            conn.execute("ALTER TABLE patients DROP COLUMN IF EXISTS ddl_crash")
    with p.another_shardward() as other, p.connect(port=other.port) as conn:
        conn.execute("SELECT name FROM patients WHERE patient_id = 1")
    for shard in places(p):
        p.as_superuser(shard, f"DELETE FROM shardward.ddl WHERE statement = $${sql}$$")


@test
def a_change_that_no_shape_shows_is_refused_until_it_is_repaired(p):
    with with_tables(p, "visits: {key: patient_id, placement: by_patient}") as other:
        with p.connect(port=other.port) as conn:
            conn.execute("CREATE TABLE visits (patient_id bigint)")
    rules = (RULE, RULE + "\n          visits: {key: patient_id, placement: by_patient}")
    with p.another_shardward(rules, stop_at="ddl-commit:1") as other:
        with p.connect(port=other.port) as conn:
            equal(error_of(conn.execute, "TRUNCATE visits").sqlstate, None)
        other.process.wait(10)
    with p.another_shardward(rules) as other:
        with p.connect(port=other.port) as conn:
            error = error_of(conn.execute, "SELECT * FROM visits WHERE patient_id = 1")
            equal(error.diag.message_primary, 'a change of table "visits" was not finished')
        said = p.run(p.program, "repair", "-c", other.config_file)
        equal(said.returncode, 0, said.stdout)
    with p.another_shardward(rules) as other, p.connect(port=other.port) as conn:
        conn.execute("SELECT * FROM visits WHERE patient_id = 1")
        conn.execute("DROP TABLE visits")


def with_mark(p, sql):
    return [shard for shard in places(p)
            if "1" in p.as_superuser(shard, "SELECT count(finished_at) FROM shardward.ddl"
                                            f" WHERE statement = $${sql}$$")]


def make_old(p, sql, *shards):
    for shard in shards:
        p.as_superuser(shard, "UPDATE shardward.ddl SET finished_at = finished_at - interval"
                              f" '31 days' WHERE statement = $${sql}$$")


@test
def a_note_is_deleted_a_month_after_all_shards_were_seen_to_have_it(p):
    sql = "COMMENT ON TABLE patients IS 'ddl: a note'"
    with p.connect() as conn:
        conn.execute(sql)
        eventually(lambda: with_mark(p, sql) == places(p), "the note is marked everywhere")
        make_old(p, sql, "users_0", "users_1")
        for _ in range(2):  # the second reading begins when the first has pruned
            conn.execute("COMMENT ON TABLE patients IS NULL")
        equal(with_note(p, sql), places(p))
        make_old(p, sql, "users_2", "users_3", "catalog")
        conn.execute("COMMENT ON TABLE patients IS NULL")
        eventually(lambda: with_note(p, sql) == [], "the note is gone")


@test
def a_crash_while_notes_are_deleted_leaves_nothing_unfinished(p):
    sql = "TRUNCATE visits -- ddl: a crash"
    rule = "visits: {key: patient_id, placement: by_patient}"
    with with_tables(p, rule) as other, p.connect(port=other.port) as conn:
        conn.execute("CREATE TABLE visits (patient_id bigint)")
        conn.execute(sql)
        conn.execute("COMMENT ON TABLE visits IS 'x'")
        eventually(lambda: with_mark(p, sql) == places(p), "the note is marked everywhere")
    key = p.new_patient("users_3")
    with p.at_shard("users_3") as shard:
        shard.execute("INSERT INTO visits VALUES (%s)", (key,))
    rules = (RULE, f"{RULE}\n          {rule}")
    with p.another_shardward(rules, stop_at="journal-delete:2") as other:
        make_old(p, sql, *places(p))
        with p.connect(port=other.port) as conn:
            conn.execute("COMMENT ON TABLE visits IS NULL")
        other.process.wait(10)
    equal(len(with_note(p, sql)), len(places(p)) - 2)
    with p.another_shardward(rules) as other, p.connect(port=other.port) as conn:
        said = p.run(p.program, "repair", "-c", other.config_file)
        equal((said.returncode, said.stdout), (0, "nothing is unfinished\n"))
        equal(conn.execute("SELECT * FROM visits WHERE patient_id = %s", (key,)).fetchall(),
              [(key,)])
        eventually(lambda: with_note(p, sql) == [], "the note is gone")
        conn.execute("DROP TABLE visits")


@test
def who_prepares_a_statement_after_ddl_gets_its_new_shape_on_every_connection(p):
    key = p.new_patient("users_0")
    sql = "SELECT * FROM patients WHERE patient_id = %s"
    with p.connect() as before, p.connect() as conn:
        for _ in range(3):
            shape = [c.name for c in before.execute(sql, (key,), prepare=True).description]
        conn.execute("ALTER TABLE patients ADD ddl_shape int")
        try:
            with p.connect() as after:
                for _ in range(3):
                    equal([c.name for c in after.execute(sql, (key,), prepare=True).description],
                          [*shape, "ddl_shape"])
        finally:
            conn.execute("ALTER TABLE patients DROP ddl_shape")


@test
def the_next_statement_of_the_client_is_planned_by_what_it_has_changed(p):
    with with_tables(p, "visits: {key: patient_id, placement: by_patient}") as other:
        with p.connect(port=other.port) as conn:
            conn.execute("CREATE TABLE visits (patient_id bigint, a int)")
            conn.execute("INSERT INTO visits (patient_id, a) VALUES (1, 2)")
            equal(conn.execute("SELECT a FROM visits WHERE patient_id = 1").fetchall(), [(2,)])
            conn.execute("ALTER TABLE visits ADD b int")
            conn.execute("INSERT INTO visits (patient_id, a, b) VALUES (1, 2, 3)")
            conn.execute("DROP TABLE visits")
            assert error_of(conn.execute, "SELECT a FROM visits WHERE patient_id = 1").sqlstate
