"""Transactions over several shards: many may be read, one be written, all end together."""

import contextlib

import wire
from suite import equal, rows, test
from test_batches import SMALL_POOL, codes, cut, division, name_of, run, tags, update, visits
from test_extended import patient_in_both, same
from test_transactions import eventually, sessions
from wire import FLUSH, SYNC, bind, describe, execute, parse, query

SHARDS = ["users_0", "users_1", "users_3"]      # the last one is on another cluster
LOCK = 8421


def patients_in_both(p, shards=SHARDS):
    return [patient_in_both(p, shard) for shard in shards]


def patients(p, shards=SHARDS):
    return [p.new_patient(shard) for shard in shards]


def shown(key, *names):
    settings = ", ".join(f"current_setting('{name}')" for name in names)
    return f"SELECT {settings} FROM patients WHERE patient_id = {key}"


def lock(key):
    return f"SELECT name FROM patients WHERE patient_id = {key} FOR UPDATE"


def check_all_idle(p, shards=SHARDS):
    for shard in shards:
        eventually(lambda s=shard: sessions(p, s, "idle in transaction%") == 0,
                   f"nobody is left in a transaction on {shard}")


@contextlib.contextmanager
def deferred_trigger(p, shard, key, body):
    """What happens at the COMMIT of an update of one patient."""
    p.as_superuser(shard, f"""
        CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} END$$;
        CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON patients
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.patient_id = {key})
            EXECUTE FUNCTION at_commit()""")
    try:
        yield
    finally:
        p.as_superuser(shard, "DROP FUNCTION at_commit CASCADE")


# What it does

@test
def what_a_string_with_its_begin_has_written_counts(p):
    a, b, _ = patients_in_both(p)
    with p.logged_in() as conn:
        conn.ask(query(f"BEGIN; {update(a)}"))
        equal(codes(conn.ask(query(update(b)))), ["0A000"])
        conn.ask(query("ROLLBACK"))


@test
def a_transaction_reads_on_all_shards_and_writes_on_one(p):
    a, b, c = patients_in_both(p)
    same(p, query("BEGIN"), query(name_of(a)), query(update(b)), query(name_of(c)),
         query(update(b)), query("SELECT 1"), query("COMMIT"))
    equal(visits(p, b, "users_1"), 2)
    same(p, query("BEGIN"), query(name_of(a)), query(update(b)), query(name_of(c)),
         query("ROLLBACK"))
    equal(visits(p, b, "users_1"), 2)
    check_all_idle(p)


@test
def the_extended_protocol_does_the_same(p):
    a, b, c = patients_in_both(p)
    prepared = parse("SELECT name FROM patients WHERE patient_id = $1", "s")
    same(p, run("BEGIN") + SYNC, prepared + SYNC,
         *[bind([str(key)], "s") + execute() + SYNC for key in (a, b, c, a)],
         run(update(b)) + SYNC, bind([str(c)], "s") + describe("P") + execute() + SYNC,
         run("COMMIT") + SYNC, query(name_of(a)))
    equal(visits(p, b, "users_1"), 1)
    check_all_idle(p)


@test
def a_batch_inside_a_transaction_goes_from_shard_to_shard(p):
    a, b, c = patients_in_both(p)
    same(p, run("BEGIN") + run(name_of(a)) + run(update(b)) + run(name_of(c)) + run(name_of(a))
         + run("COMMIT") + run(name_of(c)) + SYNC,
         run("BEGIN") + SYNC, (run(name_of(a)) + run(name_of(b)) + SYNC + run(name_of(c)) + SYNC, 2),
         run("ROLLBACK") + SYNC,
         run("BEGIN") + run(name_of(a)) + run("SAVEPOINT s") + run(update(b)) + run(name_of(c))
         + run("ROLLBACK TO s") + run(f"SELECT visits FROM patients WHERE patient_id = {b}")
         + run("RELEASE s") + run("COMMIT") + SYNC)
    equal(visits(p, b, "users_1"), 1)
    check_all_idle(p)


@test
def an_error_in_the_middle_of_a_batch_skips_what_is_on_other_shards(p):
    a, b, c = patients_in_both(p)
    same(p, run("BEGIN") + run(update(a)) + run(division(b)) + run(name_of(c)) + run("COMMIT") + SYNC,
         query("SELECT 1"), run("COMMIT") + SYNC,
         run("BEGIN") + run(name_of(a)) + run("SELEKT") + run(name_of(c)) + SYNC, query("ROLLBACK"))
    equal(visits(p, a), 0)
    check_all_idle(p)


@test
def a_flush_may_stand_anywhere(p):
    a, b, c = patients_in_both(p)
    same(p, (run("BEGIN") + run(name_of(a)) + FLUSH, "D"), (run(name_of(b)) + FLUSH, "D"),
         run(update(c)) + SYNC, (run(name_of(a)) + FLUSH, "D"), query(name_of(b)), query("COMMIT"))
    equal(visits(p, c, "users_3"), 1)
    check_all_idle(p)


@test
def portals_live_on_their_shards(p):
    a, b, c = patients_in_both(p)

    def series(key):
        return f"SELECT generate_series(1, 5) + patient_id FROM patients WHERE patient_id = {key}"
    same(p, query("BEGIN"),
         *[parse(series(key)) + bind(portal=f"p{key}") + execute(2, f"p{key}") + SYNC
           for key in (a, b, c)],
         *[execute(2, f"p{key}") + SYNC for key in (c, a, b, b, a)],
         execute(1, f"p{c}") + execute(1, f"p{a}") + SYNC, query("ROLLBACK"))
    same(p, query("BEGIN"), parse(series(a)) + bind() + execute(2) + SYNC, execute(2) + SYNC,
         parse(series(b)) + bind() + execute(1) + SYNC, execute(1) + SYNC, query("COMMIT"),
         execute(1) + SYNC)


# What is refused

@rows([("in a query", lambda sql: query(sql)), ("in a batch", lambda sql: run(sql) + SYNC)])
def a_write_on_a_second_shard_fails_the_transaction(p, ask):
    a, b, c = patients(p)
    for reads in ([], [c]):
        with p.logged_in() as client:
            client.query("BEGIN")
            for key in reads:
                client.ask(ask(name_of(key)))
            equal(wire.ready_status(client.ask(ask(update(a)))), "T")
            answers = client.ask(ask(update(b)))
            equal((wire.error_of(answers)["C"], wire.ready_status(answers)), ("0A000", "E"))
            equal(codes(client.query(name_of(a))), ["25P02"])
            equal(tags(client.query("COMMIT")), ["ROLLBACK"])
    equal((visits(p, a), visits(p, b, "users_1")), (0, 0))
    check_all_idle(p)


@test
def a_write_that_was_rolled_back_leaves_the_other_shards_to_be_written(p):
    a, b, _ = patients_in_both(p)
    same(p, query("BEGIN"), query("SAVEPOINT s"), query(update(a)), query("ROLLBACK TO s"),
         query(update(b)), query("COMMIT"))
    equal((visits(p, a), visits(p, b, "users_1")), (0, 1))


@rows([("of BEGIN", ("BEGIN ISOLATION LEVEL REPEATABLE READ",)),
       ("of START TRANSACTION", ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY",)),
       ("of SET TRANSACTION", ("BEGIN", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")),
       ("of the session", ("SET default_transaction_isolation = 'repeatable read'", "BEGIN")),
       ("of characteristics", ("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL"
                               " SERIALIZABLE", "BEGIN"))])
def a_snapshot_of_several_shards_is_refused(p, begin):
    a, b, _ = patients(p)
    with p.logged_in() as client:
        for sql in begin:
            equal(codes(client.query(sql)), [], sql)
        equal(wire.ready_status(client.query(name_of(a))), "T")
        equal(wire.ready_status(client.query(name_of(a))), "T")
        answers = client.query(name_of(b))
        equal((wire.error_of(answers)["C"], wire.ready_status(answers)), ("0A000", "E"))
        equal(tags(client.query("COMMIT")), ["ROLLBACK"])
    check_all_idle(p)


@test
def the_servers_default_isolation_counts(p):
    a, b, _ = patients(p)
    _, dbname = p.clusters.place("users_0")
    change = f"ALTER DATABASE {dbname} {{}} default_transaction_isolation {{}}"
    p.as_superuser("users_0", change.format("SET", "= 'repeatable read'"))
    try:
        with p.another_shardward() as other, p.logged_in(other.port) as client:
            for sql in ("BEGIN", name_of(a)):
                equal(codes(client.query(sql)), [])
            equal(codes(client.query(name_of(b))), ["0A000"])
            client.query("ROLLBACK")
            client.query("BEGIN ISOLATION LEVEL READ COMMITTED")
            for key in (a, b):
                equal(codes(client.query(name_of(key))), [])
            client.query("ROLLBACK")
            # Who joins has the isolation of the first.
            client.query("BEGIN")
            equal(codes(client.query(name_of(b))), [])
            equal(wire.rows_of(client.query(shown(a, "transaction_isolation"))), [["read committed"]])
            client.query("ROLLBACK")
    finally:
        p.as_superuser("users_0", change.format("RESET", ""))


@test
def a_batch_over_several_shards_outside_of_a_transaction_is_refused(p):
    a, b, _ = patients(p)
    with p.logged_in() as client:
        answers = client.ask(run(update(a)) + run(name_of(b)) + SYNC)
        equal((codes(answers), wire.ready_status(answers)), (["0A000"], "I"))
    equal(visits(p, a), 0)


@rows([("commit", "COMMIT"), ("rollback", "ROLLBACK"), ("commit and more", "COMMIT; BEGIN")])
def control_in_a_string_is_refused_over_several_shards(p, control):
    a, b, _ = patients(p)
    with p.logged_in() as client:
        for sql in ("BEGIN", name_of(b), update(a)):
            client.query(sql)
        answers = client.query(f"{name_of(a)}; {control}")
        equal((codes(answers), wire.ready_status(answers)), (["0A000"], "E"))
        equal(tags(client.query("COMMIT")), ["ROLLBACK"])
    equal(visits(p, a), 0)
    check_all_idle(p)


# Who joins late

@test
def late_joiners_know_the_options_of_the_transaction(p):
    a, b, c = patients(p)
    with p.logged_in() as client:
        client.query("BEGIN READ ONLY")
        for key in (a, b, c):
            equal(wire.rows_of(client.query(shown(key, "transaction_read_only"))), [["on"]])
        equal(codes(client.query(update(b))), ["25006"])
        client.query("ROLLBACK")
        client.query("BEGIN")
        client.query(name_of(a))
        client.query("SET TRANSACTION READ ONLY")
        for key in (a, b, c):
            equal(wire.rows_of(client.query(shown(key, "transaction_read_only"))), [["on"]])
        client.query("ROLLBACK")


@test
def settings_reach_all_participants(p):
    a, b, c = patients_in_both(p)
    names = ("work_mem", "statement_timeout", "DateStyle")
    ask = [query(shown(key, *names)) for key in (a, b, c, b, a)]
    same(p, query("BEGIN"), query(name_of(a)), query("SET work_mem = '5MB'"), query(name_of(b)),
         query("SET LOCAL statement_timeout = '7s'"), *ask, query("SET DateStyle = 'German'"), *ask,
         query("SAVEPOINT s"), query("SET work_mem = '6MB'"), query(shown(c, *names)),
         query("ROLLBACK TO s"), *ask, query("RESET work_mem"), *ask, query("COMMIT"), *ask,
         query("SHOW DateStyle"))


@test
def settings_of_a_transaction_over_several_shards_go_with_it(p):
    keys = patients(p)
    names = ("work_mem", "statement_timeout")
    for end in ("ROLLBACK", "COMMIT"):
        with p.another_shardward(SMALL_POOL) as other:
            with p.logged_in(other.port) as client:
                for sql in ("BEGIN", name_of(keys[0]), "SET work_mem = '5MB'", name_of(keys[1]),
                            "SET LOCAL statement_timeout = '7s'", name_of(keys[2]), end):
                    equal(codes(client.query(sql)), [], sql)
                for key in keys:
                    equal(wire.rows_of(client.query(shown(key, *names))),
                          [["5MB" if end == "COMMIT" else "4MB", "0"]])
            with p.logged_in(other.port) as client:
                for key in keys:
                    equal(wire.rows_of(client.query(shown(key, *names))), [["4MB", "0"]])


@test
def a_reported_setting_that_was_local_is_reported_back(p):
    a, b, _ = patients(p)
    with p.logged_in() as client:
        before = client.status["DateStyle"]
        for end in ("COMMIT", "ROLLBACK"):
            for sql in ("BEGIN", name_of(a), name_of(b), "SET LOCAL DateStyle = 'German'", name_of(a),
                        name_of(b)):
                client.query(sql)
            equal(client.status["DateStyle"], "German, DMY")
            client.query(end)
            equal(client.status["DateStyle"], before)


@test
def savepoints_are_those_of_one_server(p):
    a, b, c = patients_in_both(p)
    ask = [query(f"SELECT visits FROM patients WHERE patient_id = {key}") for key in (a, b, c)]
    same(p, query("BEGIN"), query("SAVEPOINT early"), query(name_of(a)), query("SAVEPOINT s"),
         query(update(b)), query("SAVEPOINT s"), query(update(b)), *ask, query("ROLLBACK TO s"),
         *ask, query("RELEASE s"), query(update(b)), query("ROLLBACK TO s"), *ask,
         query("ROLLBACK TO nothing"), query("ROLLBACK TO early"), query(update(c)), *ask,
         query("COMMIT"))
    equal((visits(p, b, "users_1"), visits(p, c, "users_3")), (0, 1))
    check_all_idle(p)


@test
def an_error_fails_all_and_a_savepoint_brings_all_back(p):
    a, b, c = patients_in_both(p)
    same(p, query("BEGIN"), query(update(a)), query(name_of(b)), query("SAVEPOINT s"), query(update(a)),
         query(division(b)), query(name_of(a)), query(name_of(c)), query("COMMIT AND CHAIN"),
         query(name_of(a)), query("ROLLBACK"),
         query("BEGIN"), query(update(a)), query(name_of(b)), query("SAVEPOINT s"), query(update(a)),
         query(division(c)), query(name_of(a)), query("ROLLBACK TO s"), query(name_of(b)),
         query(name_of(c)), query("COMMIT"))
    equal(visits(p, a), 1)
    check_all_idle(p)


@test
def and_chain_keeps_the_options_for_whoever_joins(p):
    a, b, c = patients(p)
    with p.logged_in() as client:
        client.query("BEGIN READ ONLY")
        for end in ("COMMIT AND CHAIN", "ROLLBACK AND CHAIN"):
            for key in (a, b, c):
                equal(wire.rows_of(client.query(shown(key, "transaction_read_only"))), [["on"]])
            answers = client.query(end)
            equal((tags(answers), wire.ready_status(answers)), ([end.split()[0]], "T"))
        equal(wire.rows_of(client.query(shown(c, "transaction_read_only"))), [["on"]])
        client.query("COMMIT")
    check_all_idle(p)


# The end

@test
def a_commit_that_fails_rolls_everything_back(p):
    a, b, c = patients(p)
    with deferred_trigger(p, "users_1", b, "RAISE 'no' USING ERRCODE = '23514';"):
        for ask in (query, lambda sql: run(sql) + SYNC):
            with p.logged_in() as client:
                for sql in ("BEGIN", "SET work_mem = '5MB'", name_of(a), update(b), name_of(c)):
                    client.ask(ask(sql))
                answers = client.ask(ask("COMMIT"))
                equal((wire.error_of(answers)["C"], wire.ready_status(answers)), ("23514", "I"))
                equal(wire.rows_of(client.query("SHOW work_mem")), [["4MB"]])
    equal(visits(p, b, "users_1"), 0)
    check_all_idle(p)


@test
def row_locks_are_kept_until_the_writer_has_committed(p):
    a, b, _ = patients(p)
    with deferred_trigger(p, "users_1", b, f"PERFORM pg_advisory_xact_lock({LOCK}); RETURN NULL;"), \
            p.at_shard("users_1") as gate, p.at_shard("users_0") as rival, p.logged_in() as client:
        gate.execute(f"SELECT pg_advisory_lock({LOCK})")
        for sql in ("BEGIN", lock(a), update(b)):
            equal(codes(client.query(sql)), [], sql)
        client.send(query("COMMIT"))
        eventually(lambda: p.as_superuser("users_1", "SELECT count(*) FROM pg_stat_activity"
                                          " WHERE wait_event = 'advisory'").strip() == "1",
                   "the writer is at its commit")
        free = f"SELECT count(*) FROM (SELECT 1 FROM patients WHERE patient_id = {a}" \
               " FOR UPDATE SKIP LOCKED) AS rows"
        equal(rival.execute(free).fetchall(), [(0,)])
        gate.execute(f"SELECT pg_advisory_unlock({LOCK})")
        equal(tags(client.read_ready()), ["COMMIT"])
        equal(rival.execute(free).fetchall(), [(1,)])
    equal(visits(p, b, "users_1"), 1)


@test
def a_client_that_leaves_rolls_all_participants_back(p):
    a, b, c = patients(p)
    for farewell in (wire.TERMINATE, query(name_of(a)), b""):
        client = p.logged_in()
        for sql in ("BEGIN", name_of(a), update(b), name_of(c)):
            client.query(sql)
        client.send(farewell)
        client.close()
        check_all_idle(p)
        equal(visits(p, b, "users_1"), 0)


# Losses

@rows([("a reader", "users_0"), ("the writer", "users_1")])
def a_lost_participant_fails_the_transaction(p, lost):
    a, b, c = patients(p)
    for tell in (False, True):
        with p.logged_in() as client:
            for sql in ("BEGIN", name_of(a), "SAVEPOINT s", update(b), name_of(c)):
                equal(codes(client.query(sql)), [], sql)
            assert cut(p, lost) is None
            eventually(lambda s=lost: sessions(p, s, "%") == 0, "its backends are gone")
            if tell:
                eventually(lambda: codes(client.query("SELECT 1")) != [], "the loss is told")
                equal(codes(client.query("ROLLBACK TO s")), ["25P02"])
                answers = client.query("COMMIT")
                equal((tags(answers), wire.ready_status(answers)), (["ROLLBACK"], "I"))
            else:
                answers = client.query("COMMIT")
                equal((len(codes(answers)), wire.ready_status(answers)), (1, "I"))
                equal(tags(answers), [])
            equal(wire.rows_of(client.query(name_of(b))), [["Ada"]])
        equal(visits(p, b, "users_1"), 0)
        check_all_idle(p)


@test
def a_writer_lost_at_its_commit_leaves_it_unknown(p):
    a, b, _ = patients(p)
    with deferred_trigger(p, "users_1", b, f"PERFORM pg_advisory_xact_lock({LOCK}); RETURN NULL;"), \
            p.at_shard("users_1") as gate:
        gate.execute(f"SELECT pg_advisory_lock({LOCK})")
        for first in (name_of(a), lock(a)):
            with p.logged_in() as client:
                for sql in ("BEGIN", first, update(b)):
                    equal(codes(client.query(sql)), [], sql)
                client.send(query("COMMIT"))
                waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory'"
                eventually(lambda: p.as_superuser("users_1", waiting).strip() != "",
                           "the writer is at its commit")
                p.as_superuser("users_1", "SELECT pg_terminate_backend(pid, 10000) FROM"
                               " pg_stat_activity WHERE wait_event = 'advisory'")
                answers = client.read_ready()
                equal((codes(answers), wire.ready_status(answers)), (["08007"], "I"))
                equal(wire.rows_of(client.query(name_of(a))), [["Ada"]])
    equal(visits(p, b, "users_1"), 0)
    check_all_idle(p)


@test
def two_that_wait_for_each_others_connections_end_by_the_deadline(p):
    a, b, _ = patients(p)
    with p.another_shardward(SMALL_POOL, ("lease: 5s", "lease: 1s")) as other, \
            p.logged_in(other.port) as one, p.logged_in(other.port) as two:
        for client, first in ((one, a), (two, b)):
            client.query("BEGIN")
            equal(codes(client.query(name_of(first))), [])
        one.send(query(name_of(b)))
        two.send(query(name_of(a)))
        answers = [client.read_ready() for client in (one, two)]
        refused = [codes(each) for each in answers]
        assert ["53300"] in refused and all(each in ([], ["53300"]) for each in refused), answers
        for client in (one, two):
            client.query("ROLLBACK")
        for client in (one, two):
            for key in (a, b):
                equal(codes(client.query(name_of(key))), [])
