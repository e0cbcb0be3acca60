"""What the shards really hold is read, compared, and decides what may run."""

import asyncio
import contextlib
import struct

import psycopg
import wire
from suite import equal, test

CONTROL = "control: {user: shardward, password: shardward}"


def refused(p, sql, state="0A000", port=None):
    """The error of a statement that must fail with that SQLSTATE."""
    with p.connect(port) as conn:
        try:
            conn.execute(sql)
        except psycopg.Error as error:
            equal(error.sqlstate, state, str(error))
            return error
    raise AssertionError(f"{sql} was not refused")


@contextlib.contextmanager
def changed(p, shards, do, undo):
    """Something done to shards behind shardward's back, and taken back."""
    try:
        for shard in shards:
            p.change(shard, do)
        yield
    finally:
        for shard in shards:
            p.change(shard, undo)


@contextlib.contextmanager
def declared(p, table, *more):
    """Another shardward, which knows one more table of business orders."""
    with p.another_shardward(("          appointments: {", f"          {table}\n"
                              "          appointments: {"), *more) as other:
        yield other


@test
def install_run_again_changes_nothing(p):
    said = p.clusters.install(p.program)
    equal(said.count("schema shardward is up to date"), len(p.clusters.shards))
    equal(said.count("the map is the one accepted"), len(p.clusters.shards) - 1)


@test
def a_table_that_differs_between_shards_is_refused_with_both_sides(p):
    with changed(p, ["orders_2"], "ALTER TABLE slots ADD COLUMN note text",
                 "ALTER TABLE slots DROP COLUMN note"):
        with p.another_shardward() as other:
            error = refused(p, "SELECT * FROM slots WHERE doctor_id = 1", port=other.port)
            assert "differs between orders_0 and orders_2" in str(error), error
            assert "column note text" in error.diag.message_detail, error.diag.message_detail
            with p.connect(other.port) as conn:
                conn.execute("SELECT * FROM appointments WHERE patient_id = 1")
            assert "table-differs" in other.log()


@test
def a_table_that_the_catalog_database_lacks_is_refused(p):
    everywhere = p.shards("orders")
    with changed(p, everywhere, "CREATE TABLE notes (patient_id bigint PRIMARY KEY)",
                 "DROP TABLE notes"):
        with declared(p, "notes: {key: patient_id, placement: by_patient}") as other:
            error = refused(p, "SELECT * FROM notes WHERE patient_id = 1", port=other.port)
            assert "the catalog database" in str(error), error


@test
def a_declared_table_that_is_a_view_is_refused(p):
    everywhere = ["catalog", *p.shards("orders")]
    with changed(p, everywhere, "CREATE VIEW booked AS SELECT * FROM appointments",
                 "DROP VIEW booked"):
        with declared(p, "booked: {key: patient_id, placement: by_patient}") as other:
            error = refused(p, "SELECT * FROM booked WHERE patient_id = 1", port=other.port)
            assert "it is a view" in str(error), error


@test
def a_control_user_that_cannot_log_in_keeps_nobody_from_starting(p):
    with p.another_shardward((CONTROL, "control: {user: nobody, password: wrong}")) as other:
        error = refused(p, "SELECT * FROM slots WHERE doctor_id = 1", "57P03", other.port)
        assert "not known yet" in str(error), error
        assert "shard-unread" in other.log()


@test
def without_a_control_user_the_map_is_trusted(p):
    with p.another_shardward((CONTROL, "# none")) as other:
        with p.connect(other.port) as conn:
            conn.execute("SELECT * FROM slots WHERE doctor_id = 1")


@test
def a_map_that_places_stored_rows_elsewhere_is_not_served(p):
    moved = ("map: {users_0: 0-255, users_1: 256-511,", "map: {users_0: 0-254, users_1: 255-511,")
    told = p.refuses_to_run(moved)
    assert "placement users.by_patient" in told, told
    assert "users_0 0-255" in told and "users_0 0-254" in told, told


@test
def two_shards_that_change_their_places_are_found_out(p):
    told = p.refuses_to_run(("orders_0: {cluster: c1, dbname: orders_0}",
                             "orders_0: {cluster: c1, dbname: orders_1}"),
                            ("orders_1: {cluster: c1, dbname: orders_1}",
                             "orders_1: {cluster: c1, dbname: orders_0}"))
    assert "booking.orders_0" in told and "booking.orders_1" in told, told


@test
def another_key_of_a_table_is_not_served(p):
    told = p.refuses_to_run(("slots: {key: doctor_id, placement: by_doctor}",
                             "slots: {key: slot_id, placement: by_doctor}"))
    assert "table public.slots" in told and "by_doctor(doctor_id)" in told, told


@test
def install_accepts_no_change_and_accept_does(p):
    edit = ("slots: {key: doctor_id, placement: by_doctor}",
            "slots: {key: slot_id, placement: by_doctor}")
    config = p.edited_config(edit)
    refused_by = p.run(p.program, "install", "-c", config)
    equal(refused_by.returncode, 1)
    assert "accepted was 'orders.by_doctor(doctor_id)'" in refused_by.stdout, refused_by.stdout
    try:
        accepted = p.run(p.program, "accept", "-c", config)
        equal(accepted.returncode, 0, accepted.stdout)
        assert "by_doctor(doctor_id) -> orders.by_doctor(slot_id)" in accepted.stdout
    finally:
        equal(p.run(p.program, "accept", "-c", p.clusters.config_file).returncode, 0)


@test
def install_says_which_rights_are_missing(p):
    p.as_superuser("users_0", "CREATE ROLE powerless LOGIN PASSWORD 'powerless'")
    try:
        said = p.run(p.program, "install", "-c",
                     p.edited_config((CONTROL, "control: {user: powerless, password: powerless}")))
        equal(said.returncode, 1)
        assert 'GRANT CONNECT, CREATE ON DATABASE "users_0" TO "powerless"' in said.stdout, said
    finally:
        p.as_superuser("users_0", "DROP ROLE powerless")


@test
def printed_sql_installs_too(p):
    p.as_superuser("users_0", "CREATE DATABASE printed")
    node, _ = p.clusters.place("users_0")
    try:
        sql = p.run(p.program, "install", "--print").stdout
        p.clusters.psql(node, "printed", sql=sql)
        version = p.clusters.psql(node, "printed", "-c", "SELECT max(version) > 0 FROM shardward.version")
        equal(version.strip(), "t")
    finally:
        p.as_superuser("users_0", "DROP DATABASE printed")


@test
def a_saved_catalog_holds_every_shard(p):
    saved = p.run(p.program, "catalog", "-c", p.clusters.config_file)
    equal(saved.returncode, 0, saved.stdout[-500:])
    found = [line.split("\t")[2] for line in saved.stdout.splitlines()
             if line.startswith("shard\t")]
    equal(sorted(found), sorted(shard.name for shard in p.clusters.shards))


@contextlib.contextmanager
def moods(p):
    """A table with an enum, which has another oid on each database; and who serves it."""
    everywhere = ["catalog", *p.shards("orders")]
    try:
        for number, shard in enumerate(everywhere):
            for other in range(number):
                p.change(shard, f"CREATE TYPE filler_{other} AS ENUM ('x')")
            p.change(shard, "CREATE TYPE mood AS ENUM ('sad', 'glad')")
            p.change(shard, "CREATE TABLE moods (patient_id bigint PRIMARY KEY, mood mood)")
        with declared(p, "moods: {key: patient_id, placement: by_patient}") as other:
            yield other
    finally:
        for number, shard in enumerate(everywhere):
            p.change(shard, "DROP TABLE IF EXISTS moods")
            p.change(shard, "DROP TYPE IF EXISTS mood")
            for other in range(number):
                p.change(shard, f"DROP TYPE IF EXISTS filler_{other}")


def patients_of_all_shards(p):
    return [p.new_key("appointments", shard) for shard in p.shards("orders")]


@test
def every_shard_calls_an_enum_as_the_catalog_database_does(p):
    with moods(p) as other:
        with p.connect(other.port) as conn:
            (oid,) = conn.execute("SELECT oid FROM pg_type WHERE typname = 'mood'").fetchone()
            for key in patients_of_all_shards(p):
                text = f"SELECT mood FROM moods WHERE patient_id = {key}"
                conn.execute(f"INSERT INTO moods (patient_id, mood) VALUES ({key}, 'glad')")
                equal(conn.execute(text).description[0].type_code, oid, "simple")
                found = conn.execute("SELECT mood FROM moods WHERE patient_id = %s", (key,),
                                     binary=True, prepare=True)
                equal(found.description[0].type_code, oid, "extended")
                equal(found.fetchone(), (b"glad",))


@test
def a_declared_enum_and_a_described_one_bear_the_catalogs_oid(p):
    with moods(p) as other:
        with p.connect(other.port) as conn:
            (oid,) = conn.execute("SELECT oid FROM pg_type WHERE typname = 'mood'").fetchone()
        insert = "INSERT INTO moods (patient_id, mood) VALUES ($1, $2) RETURNING mood"
        for key in patients_of_all_shards(p):
            with p.logged_in(other.port) as client:
                answers = client.ask(wire.parse(insert, "s", types=[20, oid]) + wire.describe("S", "s")
                                     + wire.bind([str(key), "sad"], "s") + wire.execute() + wire.SYNC)
                equal(wire.kinds(answers), "1tT2DCZ")
                equal(wire.types_of(answers[1]), [20, oid])


@test
def asyncpg_finds_the_type_of_an_enum_in_the_catalog_database(p):
    async def live(port, key):
        conn = await p.connect_asyncpg(port)
        await conn.execute("INSERT INTO moods (patient_id, mood) VALUES ($1, $2)", key, "glad")
        equal(await conn.fetchval("SELECT mood FROM moods WHERE patient_id = $1", key), "glad")
        await conn.close()

    with moods(p) as other:
        for key in patients_of_all_shards(p):
            asyncio.run(live(other.port, key))


@test
def check_warns_and_asks_the_shards_if_told_to(p):
    with changed(p, ["orders_2"], "ALTER TABLE slots ADD COLUMN note text",
                 "ALTER TABLE slots DROP COLUMN note"):
        said = p.run(p.program, "check", "--online", "-c", p.clusters.config_file)
        equal(said.returncode, 0, said.stdout)
        assert "warning: cluster c1 has one node" in said.stdout, said.stdout
        assert 'table "slots" differs between orders_0 and orders_2' in said.stdout, said.stdout
    silent = p.run(p.program, "check", "-c", p.clusters.config_file)
    assert "differs" not in silent.stdout and "no fault found" in silent.stdout, silent.stdout


@test
def explain_knows_what_a_saved_catalog_says(p):
    with changed(p, ["orders_2"], "ALTER TABLE slots ADD COLUMN note text",
                 "ALTER TABLE slots DROP COLUMN note"):
        saved = p.run(p.program, "catalog", "-c", p.clusters.config_file).stdout
    file = p.dir / "saved.catalog"
    file.write_text(saved)
    sql = "SELECT * FROM slots WHERE doctor_id = 1"
    told = p.run(p.program, "explain", "-c", p.clusters.config_file, "--catalog", file, sql)
    equal(told.returncode, 1)
    assert "differs between orders_0 and orders_2" in told.stdout, told.stdout
    equal(p.run(p.program, "explain", "-c", p.clusters.config_file, sql).returncode, 0)
    file.write_text("nonsense")
    told = p.run(p.program, "explain", "-c", p.clusters.config_file, "--catalog", file, sql)
    assert "begins with a shard's name" in told.stdout, told.stdout


# What a table of business orders may look like, what is said about it, and of which command.
# Each is made on every shard and in the catalog database; {t} is its name.
HELPERS = ["CREATE FUNCTION looks_around() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1'",
           "CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
           "CREATE TABLE anchor (patient_id bigint PRIMARY KEY, other int UNIQUE)"]
NO_HELPERS = ["DROP TABLE IF EXISTS anchor", "DROP FUNCTION IF EXISTS fires()",
              "DROP FUNCTION IF EXISTS looks_around()"]
READ, WRITE = "SELECT * FROM {t} WHERE patient_id = 1", \
    "INSERT INTO {t} (patient_id) VALUES (1)"
SHAPES = {
    "plain": ("CREATE TABLE {t} (patient_id int PRIMARY KEY, x int)", WRITE, None),
    "text_key": ("CREATE TABLE {t} (patient_id text PRIMARY KEY)", READ, "is of type text"),
    "no_key": ("CREATE TABLE {t} (id bigint)", READ, 'no column "patient_id"'),
    "unique_x": ("CREATE TABLE {t} (patient_id bigint, x int UNIQUE)", READ, "cannot hold"),
    "unique_index": ("CREATE TABLE {t} (patient_id bigint, x text);"
                     " CREATE UNIQUE INDEX ON {t} (lower(x))", READ, "cannot hold"),
    "unique_with_key": ("CREATE TABLE {t} (patient_id bigint, x int, UNIQUE (x, patient_id))",
                        WRITE, None),
    "exclusion": ("CREATE TABLE {t} (patient_id bigint, x int4range,"
                  " EXCLUDE USING gist (x WITH &&))", READ, "cannot hold"),
    "partition_unique": ("CREATE TABLE {t} (patient_id bigint, x int) PARTITION BY RANGE (x);"
                         " CREATE TABLE {t}_1 PARTITION OF {t} (UNIQUE (x)) FOR VALUES FROM (0)"
                         " TO (9)", READ, "cannot hold"),
    "foreign_key": ("CREATE TABLE {t} (patient_id bigint REFERENCES anchor)", READ, None),
    "foreign_key_past": ("CREATE TABLE {t} (patient_id bigint, x int REFERENCES anchor (other))",
                         READ, "may be on other shards"),
    "trigger": ("CREATE TABLE {t} (patient_id bigint); CREATE TRIGGER tr BEFORE INSERT ON {t}"
                " FOR EACH ROW EXECUTE FUNCTION fires()", WRITE, "may touch other tables"),
    "trigger_read": ("CREATE TABLE {t} (patient_id bigint); CREATE TRIGGER tr BEFORE INSERT ON"
                     " {t} FOR EACH ROW EXECUTE FUNCTION fires()", READ, None),
    "rule": ("CREATE TABLE {t} (patient_id bigint);"
             " CREATE RULE r AS ON INSERT TO {t} DO INSTEAD NOTHING", WRITE, "has rules"),
    "row_security": ("CREATE TABLE {t} (patient_id bigint);"
                     " ALTER TABLE {t} ENABLE ROW LEVEL SECURITY", READ, "has row security"),
    "default_looks": ("CREATE TABLE {t} (patient_id bigint, x int DEFAULT looks_around())", WRITE,
                      "calls public.looks_around()"),
    "check_looks": ("CREATE TABLE {t} (patient_id bigint, CHECK (looks_around() > 0))", WRITE,
                    "calls public.looks_around()"),
}


@test
def what_a_table_really_is_decides_what_may_run(p):
    everywhere = ["catalog", *p.shards("orders")]
    tables = {name: f"shape_{name}" for name in SHAPES}
    lines = ["anchor: {key: patient_id, placement: by_patient}"] + [
        f"{table}: {{key: patient_id, placement: by_patient}}" for table in tables.values()]
    make = HELPERS + [SHAPES[name][0].format(t=table) for name, table in tables.items()]
    drop = [f"DROP TABLE IF EXISTS {table}" for table in tables.values()] + NO_HELPERS
    with changed(p, everywhere, ";".join(make), ";".join(drop)):
        with declared(p, "\n          ".join(lines)) as other:
            for name, (_, command, reason) in SHAPES.items():
                sql = command.format(t=tables[name])
                if reason is None:
                    with p.connect(other.port) as conn:
                        conn.execute(sql)
                    continue
                error = refused(p, sql, port=other.port)
                assert reason in str(error), f"{name}: {error}"


@test
def functions_that_may_be_called_unseen_are_refused(p):
    unseen = {"CREATE FUNCTION lower(int) RETURNS int LANGUAGE sql AS 'SELECT $1'":
              ("DROP FUNCTION IF EXISTS lower(int)", "bears the name of one of PostgreSQL's own"),
              "CREATE FUNCTION same(int, text) RETURNS bool LANGUAGE sql AS 'SELECT true';"
              "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = text, FUNCTION = same)":
              ("DROP FUNCTION IF EXISTS same(int, text) CASCADE", "operator public.=== calls")}
    for make, (drop, reason) in unseen.items():
        with changed(p, p.shards("orders"), make, drop):
            with p.another_shardward() as other:
                error = refused(p, "SELECT * FROM slots WHERE doctor_id = 1", port=other.port)
                assert reason in str(error), error


FUNCTIONS = """        functions:
          visit(bigint, text): {key: 1, placement: by_patient}
          tame(integer): {harmless: true}
        placements:
          by_patient:
            hash: {type: bigint, buckets: 1024}
            map: {users_0"""
NO_FUNCTIONS = FUNCTIONS[FUNCTIONS.index("        placements"):]


@test
def a_declared_function_runs_where_its_key_is(p):
    everywhere = ["catalog", *p.shards("users")]
    make = ("CREATE FUNCTION visit(bigint, text) RETURNS int LANGUAGE sql AS $$"
            " UPDATE patients SET visits = visits + 1, city = $2 WHERE patient_id = $1"
            " RETURNING visits $$;"
            "CREATE FUNCTION tame(integer) RETURNS int LANGUAGE sql AS 'SELECT $1 + 1'")
    drop = "DROP FUNCTION IF EXISTS visit(bigint, text); DROP FUNCTION IF EXISTS tame(integer)"
    with changed(p, everywhere, make, drop):
        with p.another_shardward((NO_FUNCTIONS, FUNCTIONS)) as other:
            with p.connect(other.port) as conn:
                for shard in p.shards("users"):
                    key = p.new_patient(shard)
                    equal(conn.execute(f"SELECT visit({key}, 'Bern')").fetchone(), (1,))
                    equal(conn.execute("SELECT * FROM visit(%b, 'Rom')", (key,)).fetchone(), (2,))
                    equal(p.rows(shard, "SELECT visits, city FROM patients WHERE patient_id = %s",
                                 (key,)), [(2, "Rom")])
                equal(conn.execute("SELECT tame(1)").fetchone(), (2,))
            error = refused(p, "SELECT visit(NULL, 'x')", port=other.port)
            assert "its key is NULL" in str(error), error


@test
def an_overload_of_a_declared_function_is_refused(p):
    make = ("CREATE FUNCTION visit(bigint, text) RETURNS int LANGUAGE sql AS 'SELECT 1';"
            "CREATE FUNCTION visit(bigint, integer) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    drop = ("DROP FUNCTION IF EXISTS visit(bigint, text);"
            "DROP FUNCTION IF EXISTS visit(bigint, integer)")
    with changed(p, p.shards("users"), make, drop):
        with p.another_shardward((NO_FUNCTIONS, FUNCTIONS)) as other:
            error = refused(p, "SELECT visit(1, 'x')", port=other.port)
            assert "is ambiguous" in str(error), error


@test
def a_declared_function_that_no_shard_has_does_not_exist(p):
    with p.another_shardward((NO_FUNCTIONS, FUNCTIONS)) as other:
        refused(p, "SELECT visit(1, 'x')", "42883", other.port)


@test
def columns_name_their_table_as_the_catalog_database_does(p):
    with p.logged_in() as client:
        for table, key in (("patients", "patient_id"), ("payments", "patient_id"), ("hospitals", "hospital_id")):
            sql = f"SELECT {key}, 1 FROM {table} WHERE {key} = 1"
            expected = wire.rows_of(client.query(f"SELECT '{table}'::regclass::oid"))[0][0]
            for answers in (client.query(sql),
                            client.ask(wire.parse(sql), wire.describe("S"), wire.SYNC)):
                (row,) = [answer.body for answer in answers if answer.kind == "T"]
                equal(struct.unpack_from("!I", row, row.index(b"\0", 2) + 1)[0], int(expected), table)
                equal(struct.unpack_from("!I", row, row.index(b"?column?\0") + 9)[0], 0)


@test
def whether_shards_have_a_declared_function_is_not_known_before_they_are_read(p):
    with p.another_shardward((CONTROL, "control: {user: nobody, password: wrong}"),
                             (NO_FUNCTIONS, FUNCTIONS)) as other:
        error = refused(p, "SELECT visit(1, 'x')", "57P03", other.port)
        assert "not known yet" in str(error), error
