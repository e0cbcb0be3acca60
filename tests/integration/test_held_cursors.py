"""Cursors WITH HOLD: they stay when their transaction is committed, on a server that the session keeps."""

import wire
from suite import equal, rows, test
from test_console import table
from test_cursors import same_queries
from test_extended import patient_in_both, same
from test_keeping import EDIT, code, lent, login, one
from test_pools import size, workers
from wire import SYNC, TERMINATE, bind, close, describe, execute, parse, query

ROWS = "SELECT name, n FROM patients, generate_series(1, 9) AS n WHERE patient_id = {key}"
HOLD = f"DECLARE c CURSOR WITH HOLD FOR {ROWS}"
SERIES = "DECLARE {} SCROLL CURSOR WITH HOLD FOR SELECT generate_series(1, 9) AS n"


@rows([("outside", HOLD, "FETCH 2 c", "SELECT 1", "FETCH 2 c", "MOVE 1 c", "CLOSE c", "FETCH c", "CLOSE c"),
       ("committed", "BEGIN", HOLD, "FETCH 2 c", "COMMIT", "FETCH 2 c", "CLOSE c", "FETCH c"),
       ("rolled back", "BEGIN", HOLD, "FETCH 2 c", "ROLLBACK", "FETCH c", HOLD, "FETCH c", "CLOSE c"),
       ("failed", "BEGIN", HOLD, "SELECT 1/0", "COMMIT", "FETCH c", HOLD, "CLOSE ALL"),
       ("back to a savepoint", "BEGIN", "SAVEPOINT s", HOLD, "ROLLBACK TO s", "FETCH c", HOLD, "COMMIT", "FETCH c", "CLOSE c"),
       ("in a later transaction", HOLD, "BEGIN", "FETCH 2 c", "ROLLBACK", "FETCH 2 c", "BEGIN", "SAVEPOINT s", "FETCH c",
        "ROLLBACK TO s", "FETCH c", "CLOSE c", "ROLLBACK", "FETCH c"),
       ("the name is taken", HOLD, HOLD, "BEGIN", HOLD, "ROLLBACK", "FETCH c", "CLOSE c"),
       ("beside others", HOLD, "BEGIN", HOLD.replace("c C", "d C").replace("WITH HOLD ", ""), "FETCH d", "COMMIT", "FETCH d",
        "FETCH c", "CLOSE ALL", "FETCH c"),
       ("without tables", SERIES.format("c"), "FETCH LAST c", "FETCH PRIOR c", "MOVE FIRST c", "FETCH ALL c", "CLOSE c"),
       ("strings", f"{HOLD}; FETCH 2 c", "FETCH c; CLOSE c", f"{HOLD}; SELECT 1/0", "FETCH c", f"{HOLD}; CLOSE c", "FETCH c"),
       ("FOR UPDATE", f"{HOLD} FOR UPDATE", "FETCH c"),
       ("of a query that fails at COMMIT", "BEGIN", f"DECLARE c CURSOR WITH HOLD FOR SELECT 1/(5 - n) FROM ({ROWS}) x",
        "FETCH 2 c", "COMMIT", "FETCH c", HOLD, "FETCH c", "CLOSE c"),
       ("a row to change", HOLD, "FETCH c", "UPDATE patients SET visits = 1 WHERE CURRENT OF c", "CLOSE c"),
       ("DISCARD ALL", HOLD, "DISCARD ALL", "FETCH c", HOLD, "FETCH c", "CLOSE c"),
       ("chained", "BEGIN", HOLD, "COMMIT AND CHAIN", "FETCH c", "ROLLBACK", "FETCH c", "CLOSE c"),
       ("read only", "BEGIN READ ONLY", HOLD, "COMMIT", "FETCH c", "CLOSE c")])
def answers_as_postgresql(p, *statements):
    key = patient_in_both(p, "users_1")
    texts = [sql.format(key=key) for sql in statements]
    same_queries(p, *texts)
    same(p, *(parse(sql) + bind() + describe("P") + execute() + SYNC for sql in texts if ";" not in sql))


@test
def portals_of_the_protocol_reach_it(p):
    key = patient_in_both(p, "users_1")
    same(p, query(HOLD.format(key=key)), describe("P", "c") + SYNC, execute(2, "c") + SYNC, query("SELECT 1"),
         execute(2, "c") + SYNC, query("BEGIN"), describe("P", "c") + execute(1, "c") + SYNC, query("COMMIT"),
         bind((), "", "c") + SYNC, close("P", "c") + SYNC, execute(1, "c") + SYNC)
    same(p, parse(HOLD.format(key=key)) + bind() + execute() + parse("SELECT 1/0") + bind() + execute() + SYNC,
         query("FETCH c"), parse(HOLD.format(key=key)) + bind() + execute() + SYNC, query("FETCH c"),
         query("CLOSE c"))


@test
def one_on_each_shard(p):
    keys = {shard: patient_in_both(p, shard, name=shard) for shard in p.shards("users")}
    declares = [HOLD.replace("c C", f"{shard} C").format(key=key) for shard, key in keys.items()]
    same_queries(p, *declares, *(f"FETCH {shard}" for shard in keys), "BEGIN", *(f"FETCH {shard}" for shard in keys),
                 "COMMIT", *(f"CLOSE {shard}" for shard in keys))


@test
def a_held_cursor_counts_as_a_write(p):
    keys = [p.new_patient(shard) for shard in ("users_1", "users_2")]
    update = f"UPDATE patients SET visits = 1 WHERE patient_id = {keys[1]}"
    with p.logged_in() as client:
        for steps in ((HOLD.format(key=keys[0]), update), (update, HOLD.format(key=keys[0]))):
            client.query("BEGIN")
            equal(wire.ready_status(client.query(steps[0])), "T")
            equal(code(client, steps[1]), "0A000")
            client.query("ROLLBACK")
            equal(code(client, "FETCH c"), "34000")
        for sql in (f"BEGIN; {HOLD}; COMMIT", f"{HOLD}; COMMIT"):
            equal(code(client, sql.format(key=keys[0])), "0A000", sql)


@test
def its_server_is_kept_as_long_as_it_is_there(p):
    key = p.new_patient("users_1")
    with p.another_shardward(EDIT, workers(1), size(1)) as other:
        with p.logged_in(other.port) as client:
            for ends in (("CLOSE c",), ("BEGIN", "CLOSE c", "COMMIT"), ("CLOSE ALL",), ("DISCARD ALL",)):
                client.query(HOLD.format(key=key))
                client.query(ROWS.format(key=key))
                equal(lent(p, other, "users_1"), 1)
                for sql in ends:
                    client.query(sql)
                equal(lent(p, other, "users_1"), 0, ends)
            client.query("BEGIN")
            client.query(HOLD.format(key=key))
            client.query("ROLLBACK")
            equal(lent(p, other, "users_1"), 0)
            client.query(HOLD.format(key=key))
            client.send(TERMINATE)
        with p.logged_in(other.port) as after:
            equal(one(after, f"SELECT name FROM patients WHERE patient_id = {key}"), "Ada")
            equal(code(after, "FETCH c"), "34000")
        with login(p, other, "brief") as brief:
            equal(code(brief, HOLD.format(key=key)), "0A000")
        with p.console(other.port) as console:
            assert table(console, "SHOW POOLS")


@test
def a_driver_holds_one(p):
    key = p.new_patient("users_1")
    with p.connect(autocommit=False) as conn:
        cursor = conn.cursor("held", withhold=True)
        cursor.execute(ROWS.format(key=key))
        conn.commit()
        equal([row[1] for row in cursor.fetchmany(4)], [1, 2, 3, 4])
        conn.commit()
        equal([row[1] for row in cursor.fetchall()], [5, 6, 7, 8, 9])
        cursor.close()
        conn.commit()
