"""What the shards really hold is read, compared, and decides what may run."""

import asyncio
import contextlib

import psycopg
import wire
from suite import equal, test
from test_drivers import asyncpg_connect

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
        conn = await asyncpg_connect(p, port=port)
        await conn.execute("INSERT INTO moods (patient_id, mood) VALUES ($1, $2)", key, "glad")
        equal(await conn.fetchval("SELECT mood FROM moods WHERE patient_id = $1", key), "glad")
        await conn.close()

    with moods(p) as other:
        for key in patients_of_all_shards(p):
            asyncio.run(live(other.port, key))
