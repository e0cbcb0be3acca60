"""What a client leaves behind makes its session keep the server; pool modes session and statement."""

import time

import wire
from suite import equal, rows, test
from test_cancel import ask
from test_console import table
from test_cursors import same_queries
from test_extended import patient_in_both, same
from test_pools import size, workers
from test_reload import MORE_USERS, changing
from test_transactions import eventually
from wire import SYNC, bind, execute, parse, query

USERS = """users:
  keeper:
    password: keeper
    server: {user: booking, password: booking}
    pool: {mode: session, size: 2}
  brief:
    password: brief
    server: {user: booking, password: booking}
    pool: {mode: statement, size: 2}
"""
EDIT = ("users:\n  booking:", f"{USERS}  booking:")
LISTENS, UNLISTENS = "LISTEN news", "UNLISTEN *"


def login(p, other, user, database="booking"):
    client = p.wire(other.port)
    answers = client.login({"user": user, "database": database}, user)
    assert answers[-1].kind == "Z", answers
    return client


def lent(p, other, shard, user="booking"):
    with p.console(other.port) as console:
        return sum(row["sv_active"] for row in table(console, "SHOW POOLS")
                   if row["shard"] == shard and row["user"] == user)


def one(client, sql):
    return wire.rows_of(client.query(sql))[0][0]


def code(client, sql):
    return wire.error_of(client.query(sql))["C"]


# Locks of the session

@rows([("a lock is counted", "SELECT pg_advisory_lock(41), pg_try_advisory_lock(41)", "SELECT pg_advisory_unlock(41)",
        "SELECT pg_advisory_unlock(41)", "SELECT pg_advisory_unlock(41)"),
       ("two keys", "SELECT pg_advisory_lock_shared(4, 2)", "SELECT pg_advisory_unlock_shared(4, 2)",
        "SELECT pg_advisory_unlock(4, 2)"),
       ("all at once", "SELECT pg_advisory_lock(43)", "SELECT pg_advisory_unlock_all()", "SELECT pg_advisory_unlock(43)"),
       ("it outlives ROLLBACK", "BEGIN", "SELECT pg_advisory_lock(44)", "ROLLBACK", "SELECT pg_advisory_unlock(44)"),
       ("of a transaction", "BEGIN", "SELECT pg_advisory_xact_lock(45)", "SELECT pg_advisory_unlock(45)", "COMMIT",
        "SELECT pg_advisory_unlock(45)"),
       ("of a savepoint", "BEGIN", "SAVEPOINT s", "SELECT pg_try_advisory_xact_lock_shared(46)", "ROLLBACK TO s",
        "SELECT pg_try_advisory_xact_lock(46)", "COMMIT"),
       ("DISCARD ALL", "SELECT pg_advisory_lock(47)", "DISCARD ALL", "SELECT pg_advisory_unlock(47)"),
       ("prepared", "PREPARE l AS SELECT pg_try_advisory_lock($1)", "EXECUTE l(49)", "SELECT pg_advisory_unlock(49)",
        "SELECT pg_advisory_unlock(49)", "BEGIN", "EXECUTE l(49)", "ROLLBACK", "SELECT pg_advisory_unlock(49)"),
       ("in a cursor", "BEGIN", "DECLARE c CURSOR FOR SELECT pg_advisory_lock(50)", "FETCH c", "COMMIT",
        "SELECT pg_advisory_unlock(50)"),
       ("in strings", "SELECT pg_advisory_lock(48); SELECT pg_advisory_unlock(48); SELECT 1/0", "SELECT 1"),
       ("nothing is listened to", "SELECT * FROM pg_listening_channels()", "LISTEN a", "LISTEN \"B c\"",
        "SELECT * FROM pg_listening_channels() ORDER BY 1", "UNLISTEN a", "SELECT pg_listening_channels()", "UNLISTEN *",
        "SELECT pg_listening_channels()"),
       ("listening follows the transaction", "BEGIN", "LISTEN a", "ROLLBACK", "SELECT pg_listening_channels()",
        "BEGIN; LISTEN a; COMMIT", "SELECT pg_listening_channels()", "BEGIN; UNLISTEN *; ROLLBACK",
        "SELECT pg_listening_channels()", "DISCARD ALL", "SELECT pg_listening_channels()"),
       ("errors", "LISTEN", "NOTIFY a, 'b', 'c'", "SELECT pg_notify('', 'x')", "SELECT pg_notify(NULL, 'x')",
        "SELECT pg_advisory_lock()", "SELECT pg_advisory_lock('x')")])
def answers_as_postgresql(p, *statements):
    same_queries(p, *statements)
    same(p, *(parse(sql) + bind() + execute() + SYNC for sql in statements if ";" not in sql))


@test
def locks_are_met_by_all_clients(p):
    with p.logged_in() as holder, p.logged_in() as other:
        equal(one(holder, "SELECT pg_try_advisory_lock(51)"), "t")
        holder.query("SELECT 1")
        equal(one(other, "SELECT pg_try_advisory_lock(51)"), "f")
        equal(one(other, "SELECT pg_try_advisory_xact_lock(51)"), "f")
        equal(one(other, "SELECT pg_advisory_unlock(51)"), "f")
        equal(one(holder, "SELECT pg_try_advisory_lock(51)"), "t")
        equal(one(holder, "SELECT pg_advisory_unlock(51)"), "t")
        equal(one(other, "SELECT pg_try_advisory_lock(51)"), "f")
        holder.query("DISCARD ALL")
        equal(one(other, "SELECT pg_try_advisory_lock(51)"), "t")


@test
def locks_end_with_their_client(p):
    for end in ("terminate", "vanish", "in a transaction"):
        with p.logged_in() as holder:
            equal(one(holder, "SELECT pg_try_advisory_lock(52)"), "t")
            if end == "in a transaction":
                holder.query("BEGIN")
                equal(one(holder, "SELECT pg_try_advisory_lock(52)"), "t")
            if end == "terminate":
                holder.send(wire.TERMINATE)
        with p.logged_in() as other:
            eventually(lambda c=other: one(c, "SELECT pg_try_advisory_xact_lock(52)") == "t", end)


@test
def a_lock_of_the_transaction_is_kept_until_what_was_written_elsewhere_is_committed(p):
    key = p.new_patient("users_1")
    with p.logged_in() as writer, p.logged_in() as other:
        for sql in ("BEGIN", "SELECT pg_advisory_xact_lock(53)",
                    f"UPDATE patients SET visits = 7 WHERE patient_id = {key}"):
            equal(wire.ready_status(writer.query(sql)), "T")
        other.query("BEGIN")
        other.send(query("SELECT pg_advisory_xact_lock(53)"))
        writer.query("COMMIT")
        equal(wire.rows_of(other.read_ready()), [[""]])
        equal(one(other, f"SELECT visits FROM patients WHERE patient_id = {key}"), "7")
        other.query("COMMIT")


@test
def locks_beside_tables_are_refused(p):
    key = p.new_patient("users_1")
    with p.logged_in() as client:
        for sql in (f"SELECT pg_advisory_lock(visits) FROM patients WHERE patient_id = {key}",
                    f"UPDATE patients SET visits = 1 WHERE patient_id = {key} AND pg_try_advisory_lock(1)",
                    "SELECT pg_notify('a', name) FROM doctors",
                    "SELECT pg_advisory_unlock_all() FROM doctors",
                    f"SELECT pg_listening_channels(), name FROM patients WHERE patient_id = {key}",
                    "CREATE TABLE locked (a int DEFAULT pg_advisory_lock(1))"):
            equal(code(client, sql), "0A000", sql)


# Keeping

@test
def a_server_is_kept_until_nothing_is_left_behind_for_sure(p):
    with p.another_shardward(EDIT, workers(1)) as other, p.logged_in(other.port) as client:
        for leaves, takes in ((LISTENS, UNLISTENS), ("SELECT pg_advisory_lock(61)", "SELECT pg_advisory_unlock_all()"),
                              ("SELECT pg_advisory_lock(61)", "SELECT pg_advisory_unlock(61)"),
                              ("SELECT pg_advisory_lock_shared(6, 1)", "SELECT 1; SELECT pg_advisory_unlock_shared(6, 1)"),
                              ("SELECT pg_advisory_lock(61)", "SELECT pg_advisory_unlock(61); SET work_mem = '3MB'"),
                              (LISTENS, "DISCARD ALL"),
                              (LISTENS, "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL")):
            client.query(leaves)
            equal(lent(p, other, "catalog"), 1, leaves)
            client.query("SELECT 1")
            equal(lent(p, other, "catalog"), 1, leaves)
            client.query(takes)
            equal(lent(p, other, "catalog"), 0, takes)


@rows([("a lock that is unlocked perhaps", "SELECT pg_advisory_lock(62)", "SELECT pg_advisory_unlock_all() WHERE false"),
       ("unlocked by no row", "SELECT pg_advisory_lock(62)", "SELECT pg_advisory_unlock_all() LIMIT 0"),
       ("locked twice", "SELECT pg_advisory_lock(62), pg_advisory_lock(62)", "SELECT pg_advisory_unlock(62)"),
       ("two locks", "SELECT pg_advisory_lock(62), pg_advisory_lock_shared(63)", "SELECT pg_advisory_unlock(62)"),
       ("unlocked, and locked again", "SELECT pg_advisory_lock(62)",
        "SELECT pg_advisory_unlock(62); SELECT pg_advisory_lock(62)"),
       ("another kind of lock", "SELECT pg_advisory_lock(62)", "SELECT pg_advisory_unlock_shared(62)"),
       ("another kind", "SELECT pg_advisory_lock(62)", "UNLISTEN *"),
       ("one channel of several", LISTENS, "UNLISTEN other"),
       ("a string that fails", LISTENS, "UNLISTEN *; SELECT 1/0"),
       ("a string that is rolled back", LISTENS, "BEGIN; UNLISTEN *; ROLLBACK"),
       ("a transaction", LISTENS, "BEGIN", "UNLISTEN *", "ROLLBACK")])
def a_server_is_kept_while_something_may_be_left(p, leaves, *takes):
    with p.another_shardward(EDIT, workers(1)) as other, p.logged_in(other.port) as client:
        client.query(leaves)
        for sql in takes:
            client.query(sql)
        equal(lent(p, other, "catalog"), 1)


@test
def a_portal_that_is_not_executed_takes_nothing_away(p):
    with p.another_shardward(EDIT, workers(1)) as other, p.logged_in(other.port) as client:
        client.query("SELECT pg_advisory_lock(63)")
        client.send(parse("SELECT pg_advisory_unlock_all()") + bind() + SYNC)
        client.read_ready()
        equal(lent(p, other, "catalog"), 1)
        client.send(bind() + execute() + SYNC)
        client.read_ready()
        client.send(parse("SELECT pg_advisory_unlock_all()") + bind() + execute() + SYNC)
        client.read_ready()
        equal(lent(p, other, "catalog"), 0)
        client.query("SELECT pg_advisory_lock(63)")
        client.send(parse("SELECT pg_advisory_unlock($1)") + bind(["63"]) + execute() + SYNC)
        client.read_ready()
        equal(lent(p, other, "catalog"), 0)


@test
def the_server_of_a_listener_goes_to_nobody_else(p):
    with p.another_shardward(EDIT, workers(1), size(1)) as other:
        with p.logged_in(other.port) as client:
            client.query(LISTENS)
            client.query("SELECT pg_advisory_lock(64)")
        with p.logged_in(other.port) as after:
            equal(wire.rows_of(after.query("SELECT pg_listening_channels()")), [])
            eventually(lambda: one(after, "SELECT pg_try_advisory_xact_lock(64)") == "t", "unlocked")


@test
def the_loss_of_a_kept_server_ends_the_session(p):
    pid = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 65"
    for where in ("idle", "in a transaction", "elsewhere"):
        with p.logged_in() as client:
            client.query("SELECT pg_advisory_lock(65)")
            if where == "in a transaction":
                client.query("BEGIN")
                client.query("SELECT pg_advisory_lock(65)")
            if where == "elsewhere":
                client.query("BEGIN")
                client.query(f"SELECT 1 FROM patients WHERE patient_id = {p.new_patient('users_1')}")
            p.as_superuser("institutions", pid)
            equal(wire.error_of(client.read_to_end())["C"], "57P01", where)


@test
def a_drain_does_not_wait_for_kept_servers(p):
    with p.another_shardward(EDIT, workers(1)) as other, p.logged_in(other.port) as client:
        client.query(LISTENS)
        other.process.terminate()
        equal(wire.error_of(client.read_to_end())["C"], "57P01")


@test
def a_pause_waits_for_kept_servers(p):
    with p.another_shardward(EDIT, workers(1)) as other, p.logged_in(other.port) as client, \
            p.console_wire(other.port) as console:
        client.query(LISTENS)
        console.send(query("PAUSE"))
        time.sleep(0.2)
        equal(one(client, "SELECT 7"), "7")
        client.query(UNLISTENS)
        equal(console.read_ready()[0].kind, "C")
        console.query("RESUME")


@test
def a_cancel_leaves_what_is_kept(p):
    with p.logged_in() as holder, p.logged_in() as client:
        holder.query("SELECT pg_advisory_lock(66)")
        client.query("SELECT pg_advisory_lock(67)")
        client.query(LISTENS)
        for sql in ("SELECT pg_advisory_lock(66)", "SELECT pg_sleep(60)"):
            client.send(query(sql))
            time.sleep(0.2)
            ask(p, client)
            equal(wire.error_of(client.read_ready())["C"], "57014")
        equal(one(client, "SELECT pg_listening_channels()"), "news")
        equal(one(client, "SELECT pg_advisory_unlock(67)"), "t")


@test
def what_is_kept_outlives_a_reload_if_its_shard_does(p):
    key = p.new_patient("users_1")
    with changing(p, workers(1)) as other, p.logged_in(other.port) as client, p.logged_in(other.port) as elsewhere:
        elsewhere.query(LISTENS)
        client.query(LISTENS)
        client.query(f"DECLARE c CURSOR WITH HOLD FOR SELECT name FROM patients WHERE patient_id = {key}")
        other.reload(MORE_USERS)
        equal(one(client, "SELECT pg_listening_channels()"), "news")
        equal(wire.rows_of(client.query("FETCH c")), [["Ada"]])
        other.reload(("    pool:\n", "    businesses: [institutions]\n    pool:\n"))
        equal(wire.error_of(client.read_to_end())["C"], "57P01")
        equal(one(elsewhere, "SELECT pg_listening_channels()"), "news")
        other.reload(("mode: transaction", "mode: session"))
        equal(one(elsewhere, "SELECT pg_listening_channels()"), "news")
        equal(wire.rows_of(elsewhere.query(f"SELECT name FROM patients WHERE patient_id = {key}")), [["Ada"]])
        other.reload()
        equal(wire.rows_of(elsewhere.query(f"SELECT name FROM patients WHERE patient_id = {key}")), [["Ada"]])
        equal(one(elsewhere, "SELECT pg_listening_channels()"), "news")


# Notifications

def notes(answers):
    return [m.body[4:].split(b"\0")[:2] for m in answers if m.kind == "A"]


@test
def a_notification_comes_at_once(p):
    with p.logged_in() as listener, p.logged_in() as teller:
        listener.query(LISTENS)
        for sql in ("NOTIFY news, 'one'", "SELECT pg_notify('news', 'two')", "BEGIN; NOTIFY news, 'three'; COMMIT"):
            teller.query(sql)
        got = [m for _ in range(3) for m in listener.read_until("A")]
        equal(notes(got), [[b"news", b"one"], [b"news", b"two"], [b"news", b"three"]])
        teller.query("BEGIN; NOTIFY news, 'never'; ROLLBACK")
        teller.query("NOTIFY news")
        equal(notes(listener.read_until("A")), [[b"news", b""]])


@test
def a_notification_waits_for_the_end_of_the_transaction(p):
    key = p.new_patient("users_1")
    with p.logged_in() as listener, p.logged_in() as teller:
        listener.query(LISTENS)
        for begin in ("BEGIN", f"BEGIN; SELECT 1 FROM patients WHERE patient_id = {key}"):
            listener.query(begin)
            teller.query("NOTIFY news, 'x'")
            equal(notes(listener.query("SELECT 1")), [])
            time.sleep(0.2)
            answers = listener.query("COMMIT")
            equal("".join(m.kind for m in answers), "CAZ")


@test
def what_one_sends_oneself_bears_ones_own_number(p):
    with p.connect() as conn:
        got = []
        conn.add_notify_handler(got.append)
        conn.execute(LISTENS)
        conn.execute("NOTIFY news, 'mine'")
        equal([(note.channel, note.payload, note.pid) for note in got], [("news", "mine", conn.info.backend_pid)])


@test
def notifications_arrive_between_rows_of_other_shards(p):
    key = patient_in_both(p, "users_1")
    with p.logged_in() as listener, p.logged_in() as teller:
        listener.query(LISTENS)
        listener.send(query(f"SELECT repeat('x', 100000) FROM patients, generate_series(1, 300) WHERE patient_id = {key}"))
        for number in range(50):
            teller.query(f"NOTIFY news, '{number}'")
        answers = listener.read_ready()
        equal(len(wire.rows_of(answers)), 300)
        got = notes(answers)
        while len(got) < 50:
            got += notes(listener.read_until("A"))
        equal(got, [[b"news", str(number).encode()] for number in range(50)])


@test
def a_listener_that_does_not_read_costs_little_and_loses_nothing(p):
    with p.logged_in() as listener, p.connect() as teller:
        listener.query(LISTENS)
        for number in range(200):
            with teller.transaction():
                for part in range(20):
                    teller.execute("SELECT pg_notify('news', %s)", (f"{number} {part} {'x' * 7000}",))
        got = []
        while len(got) < 4000:
            got += notes(listener.read_until("A"))
        equal([note[1].split()[:2] for note in got],
              [[str(n).encode(), str(m).encode()] for n in range(200) for m in range(20)])


@test
def notify_counts_as_a_write(p):
    key, other_key = p.new_patient("users_1"), p.new_patient("users_2")
    update = "UPDATE patients SET visits = 1 WHERE patient_id = {}"
    with p.logged_in() as listener, p.logged_in() as client:
        listener.query(LISTENS)
        for steps, last in (((f"SELECT 1 FROM patients WHERE patient_id = {key}", "NOTIFY news, 'read'"), "C"),
                            ((update.format(key), "NOTIFY news"), "E"), (("NOTIFY news", update.format(key)), "E"),
                            (("LISTEN x", update.format(other_key)), "E")):
            client.query("BEGIN")
            for sql in steps[:-1]:
                equal(wire.ready_status(client.query(sql)), "T")
            answers = client.query(steps[-1])
            equal(answers[0].kind, last, steps)
            if last == "E":
                equal(wire.error_of(answers)["C"], "0A000")
            client.query("COMMIT")
        equal(notes(listener.read_until("A")), [[b"news", b"read"]])


# Pool mode session

@test
def pool_mode_session_keeps_what_it_has_used(p):
    keys = {shard: p.new_patient(shard) for shard in ("users_1", "users_2")}
    with p.another_shardward(EDIT, workers(1)) as other:
        with login(p, other, "keeper") as client:
            for shard, key in keys.items():
                equal(lent(p, other, shard, "keeper"), 0)
                for _ in range(3):
                    equal(wire.rows_of(client.query(f"SELECT name FROM patients WHERE patient_id = {key}")), [["Ada"]])
                    equal(lent(p, other, shard, "keeper"), 1)
            client.query("BEGIN")
            for key in keys.values():
                client.query(f"SELECT name FROM patients WHERE patient_id = {key} FOR UPDATE")
            client.query("COMMIT")
            client.query(f"UPDATE patients SET visits = 2 WHERE patient_id = {keys['users_1']}")
            equal([lent(p, other, shard, "keeper") for shard in keys], [1, 1])
        eventually(lambda: [lent(p, other, shard, "keeper") for shard in keys] == [0, 0], "closed")


@test
def pool_mode_session_refuses_and_routes_as_mode_transaction(p):
    with p.another_shardward(EDIT) as other, login(p, other, "keeper") as client:
        for sql in ("DELETE FROM patients", "CREATE TABLE t (a int)", "LOCK TABLE patients"):
            equal(code(client, sql), "0A000", sql)
        client.query("SET work_mem = '3MB'")
        client.query(f"SELECT name FROM patients WHERE patient_id = {p.new_patient('users_1')}")
        equal(one(client, "SHOW work_mem"), "3MB")


@test
def ddl_runs_on_servers_that_are_kept(p):
    with p.another_shardward((EDIT[0], EDIT[1].replace("size: 2", "size: 1"))) as other, \
            login(p, other, "keeper") as client:
        for shard in p.shards("users"):
            client.query(f"SELECT 1 FROM patients WHERE patient_id = {p.new_patient(shard)}")
        client.query("SELECT pg_advisory_lock(71)")
        answers = client.query("CREATE INDEX kept_index ON patients (visits)")
        equal(answers[-2].kind, "C", answers)
        equal(client.query("DROP INDEX kept_index")[-2].kind, "C")
        equal(one(client, "SELECT pg_advisory_unlock(71)"), "t")


@test
def clients_of_pool_mode_session_wait_for_one_another(p):
    key = p.new_patient("users_1")
    read = f"SELECT name FROM patients WHERE patient_id = {key}"
    with p.another_shardward(EDIT, workers(1)) as other:
        first, second, third = (login(p, other, "keeper") for _ in range(3))
        with first, second, third:
            first.query(read)
            second.query(read)
            third.send(query(read))
            first.send(wire.TERMINATE)
            equal(wire.rows_of(third.read_ready()), [["Ada"]])


# Pool mode statement

@test
def pool_mode_statement_refuses_what_needs_a_server_for_longer(p):
    key = p.new_patient("users_1")
    with p.another_shardward(EDIT, workers(1)) as other, login(p, other, "brief") as client:
        for sql in ("BEGIN", "START TRANSACTION READ ONLY", "SELECT 1; BEGIN", "BEGIN; SELECT 1; COMMIT"):
            for answers in (client.query(sql), client.ask(parse(sql) + bind() + execute() + SYNC)
                            if ";" not in sql else client.query(sql)):
                fields = wire.error_of(answers)
                equal((fields["C"], fields["M"]),
                      ("0A000", "transaction blocks not allowed in statement pooling mode"), sql)
                equal(wire.ready_status(answers), "I")
        for sql in (LISTENS, "SELECT pg_advisory_lock(1)"):
            equal(code(client, sql), "0A000", sql)
        for sql in ("NOTIFY news", "SELECT pg_advisory_xact_lock(1)", "SET work_mem = '3MB'", "COMMIT", "UNLISTEN *",
                    f"UPDATE patients SET visits = 1 WHERE patient_id = {key}"):
            equal(client.query(sql)[-2].kind, "C", sql)
            equal(lent(p, other, "users_1", "brief"), 0)
        equal(one(client, "SHOW work_mem"), "3MB")
        with p.console(other.port) as console:
            equal({row["pool_mode"] for row in table(console, "SHOW POOLS") if row["user"] == "brief"}, {"statement"})


@test
def drivers_listen_and_lock(p):
    with p.connect() as listener, p.connect() as teller:
        listener.execute(LISTENS)
        with teller.transaction():
            teller.execute("SELECT pg_advisory_xact_lock(%s)", (81,))
            teller.execute("SELECT pg_notify(%s, %s)", ("news", "by a driver"))
        note = next(listener.notifies())
        equal((note.channel, note.payload), ("news", "by a driver"))
