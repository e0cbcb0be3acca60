"""Cursors live on the shard of their query, until their transaction ends."""

import psycopg

import wire
from suite import equal, rows, test
from test_extended import patient_in_both, same
from wire import FLUSH, SYNC, bind, close, describe, execute, parse, query

ONE = "DECLARE c CURSOR FOR SELECT name, visits FROM patients WHERE patient_id = {key}"
MANY = "CURSOR FOR SELECT n, 'row ' || n AS words FROM generate_series(1, 9) AS n"


def same_queries(p, *statements, **params):
    return same(p, *(query(sql) for sql in statements), **params)


@rows([("forward", "FETCH c", "FETCH 2 FROM c", "FETCH NEXT FROM c", "FETCH FORWARD 3 IN c",
        "MOVE 1 FROM c", "FETCH ALL c", "FETCH c", "MOVE c"),
       ("backward", "FETCH LAST c", "FETCH PRIOR c", "FETCH BACKWARD 2 c", "MOVE BACKWARD ALL c",
        "FETCH FIRST c", "FETCH ABSOLUTE 5 c", "FETCH RELATIVE -2 c", "FETCH ABSOLUTE -1 c",
        "MOVE ABSOLUTE 0 c", "FETCH 0 c", "FETCH -1 c", "FETCH BACKWARD ALL c")])
def fetches_in_every_direction(p, *statements):
    for declare in (f"DECLARE c SCROLL {MANY}", f"DECLARE c BINARY {MANY}",
                    f"DECLARE c INSENSITIVE NO SCROLL {MANY}"):
        for statement in statements:
            same_queries(p, "BEGIN", declare, *statements[:3], statement, "COMMIT")


@test
def a_cursor_lives_on_the_shard_of_its_rows(p):
    for shard in p.shards("users"):
        key = patient_in_both(p, shard)
        same_queries(p, "BEGIN", ONE.format(key=key), "FETCH c", "FETCH c", "MOVE BACKWARD 1 c",
                     "SELECT 1", "FETCH BACKWARD c", "FETCH 5 c", "CLOSE c", "FETCH c", "ROLLBACK")


@test
def cursors_of_several_shards_are_fetched_side_by_side(p):
    keys = {shard: patient_in_both(p, shard, name=shard) for shard in p.shards("users")}
    declares = [f"DECLARE {shard} CURSOR FOR SELECT name FROM patients WHERE patient_id = {key}"
                for shard, key in keys.items()]
    got = same_queries(p, "BEGIN", *declares, *(f"FETCH {shard}" for shard in keys),
                       *(f"FETCH {shard}" for shard in reversed(keys)),
                       *(f"CLOSE {shard}" for shard in keys), "COMMIT")
    equal([answers[1] for answers in got[5:9]], [("D", [shard.encode()]) for shard in keys])


@test
def the_row_of_a_cursor_is_updated_and_deleted(p):
    for shard in p.shards("users"):
        key, other = (patient_in_both(p, shard) for _ in range(2))
        declare = f"DECLARE c CURSOR FOR SELECT visits FROM patients WHERE patient_id = {key} FOR UPDATE"
        same_queries(p, "BEGIN", declare, "FETCH c",
                     "UPDATE patients SET visits = 41 WHERE CURRENT OF c RETURNING visits, name",
                     "UPDATE patients SET visits = visits + 1 WHERE CURRENT OF c", "COMMIT",
                     f"SELECT visits FROM patients WHERE patient_id = {key}",
                     "BEGIN", declare, "DELETE FROM patients WHERE CURRENT OF c", "ROLLBACK",
                     "BEGIN", declare, "MOVE c", "DELETE FROM patients WHERE CURRENT OF c",
                     "DELETE FROM patients WHERE CURRENT OF c", "COMMIT",
                     f"SELECT count(*) FROM patients WHERE patient_id = {key}",
                     f"SELECT count(*) FROM patients WHERE patient_id = {other}")
        equal(p.rows(shard, f"SELECT count(*) FROM patients WHERE patient_id = {key}"), [(0,)])


@test
def the_row_of_a_cursor_is_changed_by_the_extended_protocol(p):
    key = patient_in_both(p, "users_1")
    update = "UPDATE patients SET name = $1 WHERE CURRENT OF c RETURNING name"
    same(p, query("BEGIN"), query(ONE.format(key=key)), query("MOVE c"),
         parse(update, "u") + describe("S", "u") + SYNC,
         bind(["Eve"], "u") + describe("P") + execute() + SYNC,
         bind(["Zoe"], "u") + execute() + SYNC, query("COMMIT"),
         query(f"SELECT name FROM patients WHERE patient_id = {key}"))


@rows([("an unknown cursor", "FETCH c"), ("an unknown cursor to move", "MOVE c"),
       ("an unknown cursor to close", "CLOSE c"), ("every cursor", "CLOSE ALL"),
       ("an unknown cursor in a string", "SELECT 1; FETCH c; SELECT 2"),
       ("a cursor in a string of its own", f"DECLARE c {MANY}; FETCH 2 c; CLOSE c; FETCH c"),
       ("a row of an unknown cursor", "DELETE FROM patients WHERE CURRENT OF c"),
       ("a cursor outside of a transaction", f"DECLARE c {MANY}"),
       ("a name that is empty", f'DECLARE "" {MANY}'), ("an empty name", 'FETCH ""')])
def is_answered_in_the_words_of_postgresql(p, sql):
    same_queries(p, sql, "SELECT 1")
    same_queries(p, "BEGIN", sql, "SELECT 1", "ROLLBACK", "SELECT 1")
    if ";" not in sql:
        flight = parse(sql) + bind() + describe("P") + execute() + SYNC
        same(p, query("BEGIN"), flight, query("SELECT 1"), query("ROLLBACK"), flight)


@test
def a_name_is_taken_on_all_shards(p):
    keys = [patient_in_both(p, shard) for shard in p.shards("users")]
    flights = [query(ONE.format(key=key)) for key in keys]
    for second in flights[:2]:
        same(p, query("BEGIN"), flights[0], second, query("FETCH c"), query("ROLLBACK"))
        same(p, query("BEGIN"), flights[0], query("CLOSE c"), second, query("FETCH c"),
             query("ROLLBACK"))
        same(p, query("BEGIN"), flights[0], query("CLOSE ALL"), second, query("FETCH c"),
             query("ROLLBACK"))
    same(p, query("BEGIN"), flights[0], query("COMMIT"), query("BEGIN"), flights[1],
         query("FETCH c"), query("ROLLBACK AND CHAIN"), query("FETCH c"), query("ROLLBACK"))


@test
def a_cursor_goes_with_its_savepoint(p):
    keys = [patient_in_both(p, shard, name=shard) for shard in p.shards("users")]
    one, two = (query(ONE.format(key=key)) for key in keys[:2])
    for declare in (one, two):
        same(p, query("BEGIN"), query("SAVEPOINT a"), one, query("FETCH c"),
             query("ROLLBACK TO a"), declare, query("FETCH c"), query("COMMIT"))
        same(p, query("BEGIN"), one, query("SAVEPOINT a"), query("FETCH c"),
             query("ROLLBACK TO a"), query("FETCH c"), declare, query("ROLLBACK TO a"),
             query("FETCH BACKWARD c"), query("COMMIT"))
        same(p, query("BEGIN"), query("SAVEPOINT a"), query("SAVEPOINT b"), one,
             query("RELEASE b"), query("FETCH c"), query("SELECT 1/0"), query("ROLLBACK TO a"),
             query("SAVEPOINT x"), query("FETCH c"), query("ROLLBACK TO a"), declare,
             query("FETCH c"), query("COMMIT"))


@test
def a_cursor_without_tables_holds_its_transaction(p):
    key = patient_in_both(p, "users_1")
    for sql in ("SELECT nspname FROM pg_namespace WHERE nspname = 'public'", "SELECT 1"):
        same_queries(p, "BEGIN", f"DECLARE c CURSOR FOR {sql}", "SELECT 1", "FETCH c",
                     f"UPDATE patients SET visits = visits + 1 WHERE patient_id = {key}",
                     "FETCH c", "MOVE BACKWARD ALL c", "FETCH 2 c", "COMMIT", "FETCH c",
                     f"SELECT visits FROM patients WHERE patient_id = {key}")
    same_queries(p, "BEGIN; SELECT count(*) FROM doctors WHERE doctor_id = 0; DECLARE d CURSOR FOR"
                 " SELECT 2", "FETCH d", "COMMIT")


@test
def a_string_opens_and_closes_cursors(p):
    key = patient_in_both(p, "users_2")
    declare = ONE.format(key=key)
    same_queries(p, f"BEGIN; {declare}; FETCH c", "MOVE BACKWARD ALL c; FETCH c",
                 f"CLOSE c; {declare}", f"CLOSE c; FETCH c; {declare}", "ROLLBACK",
                 f"BEGIN; {declare}; COMMIT; BEGIN", "FETCH c", "ROLLBACK",
                 f"BEGIN; {declare}", f"COMMIT; SELECT visits FROM patients WHERE patient_id = {key}",
                 f"{declare}; FETCH c")


@test
def the_extended_protocol_declares_and_fetches(p):
    key = patient_in_both(p, "users_3")
    declare = "DECLARE c CURSOR FOR SELECT name, visits FROM patients WHERE patient_id = $1"
    fetch = parse("FETCH 2 FROM c") + bind(results=[1]) + describe("P") + execute() + SYNC
    same(p, query("BEGIN"), parse(declare) + bind([str(key)]) + describe("P") + execute() + SYNC,
         describe("P", "c") + SYNC, fetch, fetch, parse("MOVE BACKWARD ALL c") + bind() + execute()
         + SYNC, execute(1, "c") + SYNC, execute(0, "c") + SYNC, close("P", "c") + SYNC, fetch,
         query("ROLLBACK"))
    same(p, query("BEGIN"), parse(declare, "d") + bind([str(key)], "d") + execute()
         + parse("FETCH c", "f") + describe("S", "f") + bind((), "f") + execute() + describe("P", "c")
         + execute(0, "c") + SYNC, bind((), "f") + execute() + SYNC,
         bind([str(key)], "d") + execute() + SYNC, query("ROLLBACK"),
         parse("BEGIN") + bind() + execute() + bind([str(key)], "d") + execute()
         + bind((), "f") + execute() + SYNC, query("COMMIT"))
    same(p, query("BEGIN"), (parse(declare, "d") + bind([str(key)], "d") + execute() + FLUSH, "C"),
         (parse("FETCH c") + bind() + execute() + FLUSH, "C"),
         parse("CLOSE c") + bind() + execute() + SYNC, query("FETCH c"), query("COMMIT"))


@test
def what_a_server_skips_has_not_happened_to_cursors(p):
    key = patient_in_both(p, "users_0")
    declare = parse(ONE.format(key=key), "d") + bind((), "d") + execute()
    wrong = parse("SELECT 1/0") + bind() + execute()
    fetch = parse("FETCH c") + bind() + execute() + SYNC
    same(p, query("BEGIN"), query("SAVEPOINT a"), wrong + declare + SYNC,
         query("ROLLBACK TO a"), fetch, query("ROLLBACK TO a"),
         parse(ONE.format(key=key), "e") + bind((), "e") + execute() + SYNC,
         query("SAVEPOINT b"), wrong + parse("CLOSE c") + bind() + execute() + SYNC,
         query("ROLLBACK TO b"), fetch, query("ROLLBACK"))
    same(p, query("BEGIN"), query("SAVEPOINT a"), query(ONE.format(key=key)), query("SAVEPOINT b"),
         wrong + parse("CLOSE ALL") + bind() + execute() + SYNC, query("ROLLBACK TO b"), fetch,
         parse("CLOSE ALL") + bind() + execute() + SYNC, fetch, query("ROLLBACK"))


@test
def portals_and_cursors_share_their_names(p):
    key = str(patient_in_both(p, "users_1"))
    select = parse("SELECT name FROM patients WHERE patient_id = $1", "s")
    declare = query(ONE.format(key=key))
    same(p, query("BEGIN"), select + bind([key], "s", "c") + SYNC, query("FETCH c"),
         query("MOVE BACKWARD ALL c"), execute(0, "c") + SYNC, declare, query("ROLLBACK"),
         query("BEGIN"), declare, bind([key], "s", "c") + SYNC, query("ROLLBACK"),
         query("BEGIN"), bind([key], "s", "c") + SYNC, query("CLOSE c"), declare, query("FETCH c"),
         query("COMMIT"))


@test
def a_portal_without_tables_is_asked_for_more_rows_after_sync(p):
    catalog = parse("SELECT amname FROM pg_am ORDER BY 1", "s")
    same(p, query("BEGIN"), catalog + bind((), "s", "c") + execute(1, "c") + SYNC, execute(1, "c") + SYNC,
         query("FETCH c"), close("P", "c") + SYNC, query("FETCH c"), query("ROLLBACK"))


@rows([("close all of two shards", "CLOSE ALL", "0A000"),
       ("a row of another shard", "DELETE FROM doctors WHERE CURRENT OF a", "24000"),
       ("two cursors", "WITH x AS (DELETE FROM patients WHERE CURRENT OF a)"
        " DELETE FROM patients WHERE CURRENT OF b", "0A000"),
       ("a moved row", "UPDATE patients SET patient_id = 1 WHERE CURRENT OF a", "0A000")])
def what_cannot_be_done_with_cursors_is_refused(p, sql, sqlstate):
    with p.logged_in() as client:
        client.query("BEGIN")
        for name, shard in (("a", "users_0"), ("b", "users_1")):
            answers = client.query(f"DECLARE {name} CURSOR FOR SELECT 1 FROM patients WHERE patient_id"
                                   f" = {p.new_patient(shard)}")
            equal(wire.kinds(answers), "CZ")
        answers = client.query(sql)
        equal(wire.error_of(answers)["C"], sqlstate)
        equal(wire.ready_status(answers), "E")


@test
def a_write_at_a_cursor_is_the_one_write_of_its_transaction(p):
    keys = [p.new_patient(shard) for shard in ("users_0", "users_1")]
    with p.logged_in() as client:
        client.query("BEGIN")
        for name, key in zip("bc", keys):
            client.query(ONE.replace("DECLARE c", f"DECLARE {name}").format(key=key))
        client.query("FETCH c")
        equal(wire.kinds(client.query("DELETE FROM patients WHERE CURRENT OF c")), "CZ")
        fields = wire.error_of(client.query(f"DELETE FROM patients WHERE patient_id = {keys[0]}"))
        equal(fields["C"], "0A000")


@test
def psycopgs_named_cursors_scroll_and_stream(p):
    key = p.new_patient("users_2", name="Ada")
    with p.connect(autocommit=False) as conn:
        with conn.cursor("c", scrollable=True) as cursor:
            cursor.execute("SELECT n, name FROM patients, generate_series(1, 250) AS n"
                           " WHERE patient_id = %s ORDER BY n", (key,))
            cursor.itersize = 100
            equal([row[0] for row in cursor], list(range(1, 251)))
            cursor.scroll(0, mode="absolute")
            equal(cursor.fetchmany(2), [(1, "Ada"), (2, "Ada")])
        with conn.cursor("c", binary=True) as cursor:
            cursor.execute("SELECT 7, now() IS NULL")
            equal(cursor.fetchall(), [(7, False)])
        with conn.transaction(), conn.cursor("c") as cursor:
            cursor.execute("SELECT name FROM patients WHERE patient_id = %s", (key,))
            equal(cursor.fetchone(), ("Ada",))
        try:
            conn.execute("FETCH c")
            raise AssertionError("the cursor is still there")
        except psycopg.errors.InvalidCursorName as error:
            equal(str(error), 'cursor "c" does not exist')
