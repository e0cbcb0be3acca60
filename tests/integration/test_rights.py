"""What a user may do: databases, businesses, and to read alone."""

import psycopg

import wire
from suite import equal, test
from test_batches import codes, run, visits
from test_catalog import CONTROL
from wire import SYNC, bind, execute, parse, query

USER = "    server: {user: booking, password: booking}"


def limited(p, *lines):
    return p.another_shardward((USER, "\n".join([USER, *(f"    {line}" for line in lines)])))


def update(key):
    return f"UPDATE patients SET visits = visits + 1 WHERE patient_id = {key}"


@test
def tables_of_other_businesses_are_denied(p):
    key = p.new_patient("users_0")
    with limited(p, "businesses: [users, orders]") as other, p.logged_in(other.port) as client:
        equal(codes(client.query(f"SELECT name FROM patients WHERE patient_id = {key}")), [])
        equal(codes(client.query(update(key))), [])
        for ask in (query("SELECT * FROM hospitals"), parse("SELECT * FROM hospitals") + SYNC,
                    query("INSERT INTO hospitals (hospital_id, name) VALUES (1, 'x')"),
                    query("ALTER TABLE hospitals ADD COLUMN note text")):
            answers = client.ask(ask)
            fields = wire.error_of(answers)
            equal((fields["S"], fields["C"]), ("ERROR", "42501"))
            assert fields["M"].startswith("permission denied for "), fields
        equal(wire.error_of(client.query("SELECT * FROM hospitals"))["M"],
              "permission denied for table hospitals")
        # The catalog is everybody's, as in PostgreSQL.
        equal(wire.rows_of(client.query("SELECT 'hospitals'::regclass::text")), [["hospitals"]])


@test
def a_user_who_only_reads_cannot_write_whatever_he_sets(p):
    key = p.new_patient("users_0")
    with limited(p, "read_only: true") as other:
        for before in ([], ["SET default_transaction_read_only = off"],
                       ["SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"],
                       ["BEGIN READ WRITE"], ["BEGIN", "SET TRANSACTION READ WRITE"],
                       ["RESET ALL"], ["DISCARD ALL"]):
            with p.logged_in(other.port) as client:
                for sql in before:
                    equal(codes(client.query(sql)), [], sql)
                equal(codes(client.query(f"SELECT name FROM patients WHERE patient_id = {key}")), [])
                answers = client.query(update(key))
                equal(wire.error_of(answers)["M"],
                      "cannot execute UPDATE in a read-only transaction")
                equal(codes(answers), ["25006"])
        with p.logged_in(other.port, options="-c default_transaction_read_only=off") as client:
            equal(codes(client.ask(parse(update("$1"), "s") + bind([str(key)], "s") + execute() + SYNC)),
                  ["25006"])
            equal(codes(client.ask(run(f"SELECT name FROM patients WHERE patient_id = {key} FOR SHARE")
                                   + SYNC)), ["25006"])
            equal(codes(client.query("CREATE SCHEMA mine")), ["25006"])
            equal(wire.rows_of(client.query("SHOW default_transaction_read_only")), [["on"]])
            equal(client.status["default_transaction_read_only"], "on")
    equal(visits(p, key), 0)


@test
def a_database_that_is_not_granted_is_denied(p):
    text = p.clusters.config_file.read_text()
    begin = text.index("databases:\n")
    second = text[begin:].replace("databases:\n", "", 1).replace("  booking:", "  second:", 1)
    # The shards were stored under the name of the first database: the second takes them on trust.
    with p.another_shardward((USER, f"{USER}\n    databases: [second]"), (CONTROL, "# none"),
                             (text[begin:], text[begin:] + second)) as other:
        with p.wire(other.port) as client:
            answers = client.login({"user": "booking", "database": "booking"}, "booking")
            fields = wire.error_of(answers)
            equal((fields["S"], fields["C"], fields["M"]),
                  ("FATAL", "42501", 'permission denied for database "booking"'))
        with p.logged_in(other.port, database="second") as client:
            equal(codes(client.query("SELECT 1")), [])
        try:
            p.connect(other.port).close()
        except psycopg.OperationalError as refusal:
            assert "permission denied" in str(refusal), refusal
        else:
            raise AssertionError("it was let in")
