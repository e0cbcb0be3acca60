"""Batches: what stands between two Syncs is one transaction, and what is told of it is true.

Control beside queries of other places, Flush in the middle, errors at every point, connections
lost in between; and clients that send without end.
"""

import contextlib
import os
import struct
import time

import wire
from suite import equal, rows, test
from test_extended import kinds_of, patient_in_both, same
from test_transactions import eventually
from wire import FLUSH, SYNC, bind, close, describe, execute, message, parse, query

SMALL_POOL = ("size: 20", "size: 1")
CATALOG = "SELECT count(*) > 0 FROM pg_class"
GROWTH_KB = 64 * 1024
SANITIZER = "detect_leaks=1:abort_on_error=0:exitcode=99:quarantine_size_mb=1"


def run(sql, values=()):
    return parse(sql) + bind(values) + execute()


def update(key):
    return f"UPDATE patients SET visits = visits + 1 WHERE patient_id = {key}"


def name_of(key):
    return f"SELECT name FROM patients WHERE patient_id = {key}"


def division(key):
    return f"SELECT 1/0 FROM patients WHERE patient_id = {key}"


def series(key, count=5):
    return f"SELECT generate_series(1, {count}) FROM patients WHERE patient_id = {key}"


def visits(p, key, shard="users_0"):
    return p.rows(shard, "SELECT visits FROM patients WHERE patient_id = %s", (key,))[0][0]


def tags(answers):
    return [answer.body[:-1].decode() for answer in answers if answer.kind == "C"]


def codes(answers):
    return [answer.fields()["C"] for answer in answers if answer.kind == "E"]


def open_transactions(p, shard):
    """How many backends of the shard's database are in a transaction, be it an implicit one."""
    _, dbname = p.clusters.place(shard)
    return int(p.as_superuser(shard, "SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT"
                              f" NULL AND usename = 'booking' AND datname = '{dbname}'"))


def working(p, shard, text):
    """The backends of the shard's database that are at a statement with this text."""
    _, dbname = p.clusters.place(shard)
    answer = p.as_superuser(shard, "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND"
                            f" usename = 'booking' AND datname = '{dbname}'"
                            f" AND query LIKE '%{text}%'")
    return answer.split()


def cut(p, shard):
    """Terminate all backends of a shard's database on its node."""
    _, dbname = p.clusters.place(shard)
    p.as_superuser(shard, "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
                   f" WHERE datname = '{dbname}' AND usename = 'booking'")


# Control beside statements of other places

def check_commits_as_told(p, client, key, answers):
    """Either the client was told COMMIT, and it is; or the transaction failed, and it is not."""
    if "COMMIT" in tags(answers):
        equal(wire.ready_status(answers), "I")
        equal(visits(p, key), 1)
    else:
        equal((codes(answers), wire.ready_status(answers)), (["0A000"], "E"), str(answers))
        equal(tags(client.query("COMMIT")), ["ROLLBACK"])
        equal(visits(p, key), 0)


@test
def commit_behind_a_query_without_tables_ends_the_transaction(p):
    key = patient_in_both(p, "users_0")
    same(p, run("BEGIN") + run("SELECT 1") + run("COMMIT") + SYNC, query(update(key)),
         run("BEGIN") + SYNC, run("SELECT 1") + run("COMMIT") + SYNC, query(update(key)),
         run("BEGIN") + run(CATALOG) + run("ROLLBACK") + SYNC, query(update(key)))
    equal(visits(p, key), 3)


@rows([("a catalog query", lambda there: run(CATALOG)),
       ("a query of the catalog that fails", lambda there: run(CATALOG + " HAVING 1/0 = 1")),
       ("a parse for another shard", lambda there: parse(name_of(there), "there")),
       ("a query of another shard", lambda there: run(name_of(there)))])
def commit_in_a_batch_before(p, behind):
    key, there = p.new_patient("users_0"), p.new_patient("users_1")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(update(key))
        answers = client.ask(run("COMMIT") + behind(there) + SYNC)
        check_commits_as_told(p, client, key, answers)


@rows([("a catalog query", CATALOG), ("a query without tables", "SELECT 1")])
def commit_in_a_string_behind(p, before):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(update(key))
        answers = client.query(f"{before}; COMMIT")
        check_commits_as_told(p, client, key, answers)


@test
def a_savepoint_before_a_catalog_query_is_one_or_fails_the_transaction(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(update(key))
        answers = client.ask(run("SAVEPOINT a") + run(CATALOG) + SYNC)
        assert codes(answers) in ([], ["0A000"]), answers
        equal(wire.ready_status(answers), "E" if codes(answers) else "T")
        answers = client.query("ROLLBACK TO a")
        if codes(answers):
            equal((codes(answers), wire.ready_status(answers)), (["3B001"], "E"))
            equal(tags(client.query("COMMIT")), ["ROLLBACK"])
        else:
            equal(tags(client.query("COMMIT")), ["COMMIT"])
            equal(visits(p, key), 1)


@test
def a_portal_goes_on_beside_a_catalog_query_or_the_transaction_fails(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(update(key))
        client.ask(parse(series(key)) + bind(portal="c") + execute(1, "c") + SYNC)
        answers = client.ask(execute(1, "c") + run(CATALOG) + SYNC)
        equal(wire.rows_of(answers)[:1], [["2"]])
        if codes(answers):
            check_commits_as_told(p, client, key, answers)
        else:
            equal(tags(client.query("COMMIT")), ["COMMIT"])
            equal(visits(p, key), 1)


# Failed transactions

@rows([("by its shard", division), ("by shardward", lambda key: "SELEKT"),
       ("by a wrong column", lambda key: f"SELECT nothing FROM patients WHERE patient_id = {key}")])
def a_string_with_commit_in_a_transaction_failed(p, wrong):
    key = p.new_patient("users_0")
    for begin in (("BEGIN",), ("BEGIN", update(key))):
        with p.logged_in() as client:
            for sql in (*begin, wrong(key)):
                client.query(sql)
            answers = client.query(f"{update(key)}; COMMIT")
            equal((codes(answers), wire.ready_status(answers)), (["25P02"], "E"))
            equal(tags(client.query("COMMIT")), ["ROLLBACK"])
            equal(visits(p, key), 0)


@test
def a_batch_may_begin_with_the_rollback_of_a_failed_transaction(p):
    key = patient_in_both(p, "users_0")
    got = same(p, query("BEGIN"), query(division(key)),
               run("ROLLBACK") + run(name_of(key)) + SYNC,
               query("BEGIN"), query("SELEKT"), run("ROLLBACK") + run(name_of(key)) + SYNC)
    equal(kinds_of(got)[2], "12C12DCZ")


@rows([("a release", "RELEASE nothing"), ("a rollback to a savepoint", "ROLLBACK TO nothing"),
       ("a choice of isolation", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")])
def a_batch_rolls_back_what_failed_by(p, wrong):
    key = patient_in_both(p, "users_0")
    got = same(p, query("BEGIN"), query(update(key)), run(wrong) + SYNC, run(wrong) + SYNC,
               run("ROLLBACK") + SYNC, query(name_of(key)))
    equal(kinds_of(got)[4], "12CZ")
    same(p, query("BEGIN"), query(update(key)), run("SAVEPOINT a") + SYNC, run(wrong) + SYNC,
         run("ROLLBACK TO a") + SYNC, run("COMMIT") + SYNC)
    equal(visits(p, key), 1)


@test
def a_name_in_use_is_no_matter_in_a_failed_transaction(p):
    key = patient_in_both(p, "users_0")
    same(p, parse(name_of(key), "s") + SYNC, query("BEGIN"), query(division(key)),
         parse(name_of(key), "s") + SYNC, query("ROLLBACK"), parse(name_of(key), "s") + SYNC)


# Flush

@test
def a_batch_left_open_is_rolled_back_when_its_client_goes(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.send(run(update(key)) + FLUSH)
        equal(wire.kinds(client.read_until("C")), "12C")
        equal(open_transactions(p, "users_0"), 1)
    eventually(lambda: open_transactions(p, "users_0") == 0, "the transaction is over")
    equal(visits(p, key), 0)
    with p.logged_in() as client:
        equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])
    equal(visits(p, key), 0)


@test
def an_empty_query_ends_a_batch_left_open(p):
    key = patient_in_both(p, "users_0")
    got = same(p, (run(update(key)) + FLUSH, "C"), query(";"), query(name_of(key)))
    equal(kinds_of(got)[:2], ["12C", "IZ"])
    equal(visits(p, key), 1)
    equal(open_transactions(p, "users_0"), 0)


@rows([("that is empty", lambda key: ";"), ("of its shard", name_of), ("that fails", division),
       ("that is wrong", lambda key: "SELEKT"), ("of control", lambda key: "ROLLBACK")])
def a_batch_without_sync_ends_with_a_query(p, last):
    key = patient_in_both(p, "users_0")
    same(p, run(update(key)) + query(last(key)),
         query(f"SELECT visits FROM patients WHERE patient_id = {key}"))


@test
def an_error_behind_a_flush_undoes_the_whole_batch(p):
    key = patient_in_both(p, "users_0")
    shown = f"SELECT visits, current_setting('work_mem') FROM patients WHERE patient_id = {key}"
    same(p, (run(update(key)) + run("SET work_mem = '5MB'") + run(name_of(key)) + FLUSH, "D"),
         run(division(key)) + SYNC, query("SHOW work_mem"), query(shown))
    equal(visits(p, key), 0)


@test
def a_server_lost_at_the_sync_behind_a_flush_leaves_it_unknown(p):
    key = p.new_patient("users_0")
    p.as_superuser("users_0", f"""
        CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN PERFORM pg_sleep(20); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER slow_commit AFTER UPDATE ON patients
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.patient_id = {key})
            EXECUTE FUNCTION slow_commit()""")
    try:
        with p.logged_in() as client:
            client.send(run(update(key)) + FLUSH)
            equal(wire.kinds(client.read_until("C")), "12C")
            client.send(SYNC)
            eventually(lambda: int(p.as_superuser(
                "users_0", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")),
                "the server is at its commit")
            cut(p, "users_0")
            answers = client.read_ready()
            equal((codes(answers), wire.ready_status(answers)), (["08007"], "I"))
            equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])
    finally:
        p.as_superuser("users_0", "DROP FUNCTION slow_commit CASCADE")


# Settings

@rows([("commit and an error in one batch",
        lambda key: (run("COMMIT") + run(division(key)) + SYNC,)),
       ("commit and chain", lambda key: (query("COMMIT AND CHAIN"),)),
       ("commit and chain in a batch with an error",
        lambda key: (run("COMMIT AND CHAIN") + run(division(key)) + SYNC,)),
       ("commit and an error in one string", lambda key: (query(f"COMMIT; {division(key)}"),)),
       ("commit, begin and an error in one string",
        lambda key: (query(f"COMMIT; BEGIN; {division(key)}"), query("ROLLBACK"))),
       ("an error and commit in one batch",
        lambda key: (run(division(key)) + run("COMMIT") + SYNC,))])
def a_setting_never_reaches_another_client_by(p, end):
    key = p.new_patient("users_0")
    shown = f"SELECT current_setting('work_mem') FROM patients WHERE patient_id = {key}"
    with p.another_shardward(SMALL_POOL) as other:
        with p.logged_in(other.port) as client:
            for sql in ("BEGIN", "SET work_mem = '1MB'", name_of(key)):
                client.query(sql)
            for flight in end(key):
                client.ask(flight)
        with p.logged_in(other.port) as client:
            equal(wire.rows_of(client.query(shown)), [["4MB"]])


@test
def a_setting_outlives_a_catalog_query_beside_its_transaction(p):
    key = patient_in_both(p, "users_0")
    same(p, query("BEGIN"), query(update(key)), query("SET work_mem = '3MB'"), query(CATALOG),
         query("COMMIT"), query("SHOW work_mem"),
         query(f"SELECT current_setting('work_mem') FROM patients WHERE patient_id = {key}"))


@test
def a_commit_and_an_error_in_one_batch_keep_what_was_set(p):
    key = patient_in_both(p, "users_0")
    same(p, query("BEGIN"), query("SET work_mem = '1MB'"), query(name_of(key)),
         run("COMMIT") + run(division(key)) + SYNC, query("SHOW work_mem"),
         query(f"SELECT current_setting('work_mem') FROM patients WHERE patient_id = {key}"))


@test
def a_reset_in_a_string_leads_back_to_the_start(p):
    key = patient_in_both(p, "users_0")
    shown = f"SELECT current_setting('work_mem') FROM patients WHERE patient_id = {key}"
    same(p, query(f"RESET work_mem; {name_of(key)}"), query(shown), query("SHOW work_mem"),
         query(f"SET work_mem = '6MB'; {name_of(key)}"), query(shown),
         query("RESET ALL; SELECT 7"), query(shown), query("SHOW work_mem"), work_mem="5MB")


# Errors, and what is skipped behind them

def function_call():
    return message("F", struct.pack("!IHHH", 1, 0, 0, 0))


@rows([("a query", lambda key: run(division(key)) + query("SELECT 5") + SYNC),
       ("a query behind a flush",
        lambda key: run(division(key)) + FLUSH + query("SELECT 5") + SYNC),
       ("a function call", lambda key: run(division(key)) + function_call() + SYNC),
       ("a wrong query", lambda key: run(division(key)) + query("SELEKT") + SYNC),
       ("a query behind control",
        lambda key: run(update(key)) + run("RELEASE a") + query("SELECT 5") + SYNC)])
def an_error_in_a_batch_skips(p, flight):
    key = patient_in_both(p, "users_0")
    # With one ReadyForQuery more than it should have, the first flight would answer for the second.
    same(p, flight(key), query("SELECT 7"), query(name_of(key)))


@test
def a_function_call_behind_a_batch_is_answered_behind_it(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        answers = client.ask(run(name_of(key)) + function_call() + SYNC, query("SELECT 7"), ready=3)
        equal(wire.kinds(answers), "12DCEZZTDCZ")
        equal(wire.rows_of(answers), [["Ada"], ["7"]])


@test
def an_error_skips_hundreds_of_named_statements(p):
    key = patient_in_both(p, "users_0")
    skipped = b"".join(parse(f"{name_of(key)} AND {n} = {n}", f"n{n}") for n in range(300))
    same(p, run(division(key)) + skipped + SYNC, describe("S", "n7") + SYNC,
         skipped + SYNC, bind((), "n7") + execute() + SYNC, query(name_of(key)))


@test
def a_skipped_unnamed_parse_leaves_the_statement_before(p):
    key = patient_in_both(p, "users_0")
    first, second = (f"SELECT {n} FROM patients WHERE patient_id = {key}" for n in (11, 12))
    same(p, parse(first) + SYNC, bind((), "nothing") + parse(second) + SYNC,
         bind() + execute() + SYNC,
         parse(f"SELECT 1/$1::int FROM patients WHERE patient_id = {key}", "z") + bind(["0"], "z")
         + execute() + parse(second) + SYNC, bind() + execute() + SYNC)


@test
def an_error_of_more_than_a_megabyte_passes(p):
    key = patient_in_both(p, "users_0")
    wrong = f"SELECT '{'x' * 1_500_000}'::text::int FROM patients WHERE patient_id = {key}"
    same(p, query(wrong), run(wrong) + SYNC, query(name_of(key)))


# Portals

@test
def a_portal_whose_bind_failed_is_none(p):
    key = patient_in_both(p, "users_0")
    same(p, query("BEGIN"), query(name_of(key)), query("SAVEPOINT a"),
         parse(f"SELECT $1::int FROM patients WHERE patient_id = {key}", "s")
         + bind(["x"], "s", "c") + SYNC, query("ROLLBACK TO a"),
         bind(["1"], "s", "c") + execute(0, "c") + SYNC)


@rows([("in the batch", lambda key: run("COMMIT")
        + bind((), "s", "c") + execute(0, "c") + SYNC, ()),
       ("in the batch, and chain", lambda key: run("COMMIT AND CHAIN")
        + bind((), "s", "c") + execute(0, "c") + SYNC, ()),
       ("in a batch of its own", lambda key: run("COMMIT") + SYNC, ("c",)),
       ("and chain", lambda key: query("COMMIT AND CHAIN"), ("c",)),
       ("of a rollback and chain", lambda key: query("ROLLBACK AND CHAIN"), ("c",))])
def a_portal_dies_by_the_end_of_its_transaction(p, end, again):
    key = patient_in_both(p, "users_0")
    same(p, query("BEGIN"), parse(series(key), "s") + bind((), "s", "c") + execute(1, "c") + SYNC,
         end(key), *[bind((), "s", name) + execute(2, name) + SYNC for name in again])


@test
def a_portal_dies_by_the_end_of_its_savepoint(p):
    key = patient_in_both(p, "users_0")
    open_it = bind((), "s", "c") + execute(1, "c") + SYNC
    same(p, query("BEGIN"), query("SAVEPOINT a"), parse(series(key), "s") + open_it,
         query("ROLLBACK TO a"), open_it, query("ROLLBACK TO a"), execute(1, "c") + SYNC,
         query("ROLLBACK"))


@test
def a_portal_of_control_has_a_name_of_its_own(p):
    key = patient_in_both(p, "users_0")
    same(p, parse("BEGIN") + bind((), "", "p") + execute(0, "p") + parse(update(key))
         + bind((), "", "p") + execute(0, "p") + SYNC, query("ROLLBACK"),
         query("BEGIN"), parse(update(key)) + bind((), "", "p") + parse("ROLLBACK")
         + bind((), "", "p") + SYNC, query("ROLLBACK"), query(f"{name_of(key)}"))
    equal(visits(p, key), 0)


@test
def a_portal_keeps_its_name_when_what_would_take_it_fails(p):
    key = patient_in_both(p, "users_0")
    same(p, query("BEGIN"), query(update(key)), parse(series(key), "s") + bind((), "s", "p")
         + execute(1, "p") + SYNC, query("SAVEPOINT a"), bind((), "s", "p") + SYNC,
         query("ROLLBACK TO a"), execute(1, "p") + SYNC,
         run(division(key)) + close("P", "p") + SYNC, query("ROLLBACK TO a"),
         execute(1, "p") + SYNC, query("COMMIT"))


@test
def a_portal_bound_behind_a_chain_lives_on(p):
    key = patient_in_both(p, "users_0")
    same(p, query("BEGIN"), query(update(key)), parse(series(key), "s") + run("COMMIT AND CHAIN")
         + bind((), "s", "p") + execute(1, "p") + SYNC, execute(1, "p") + SYNC, query("COMMIT"))


@test
def a_suspended_unnamed_portal_survives_control(p):
    key = patient_in_both(p, "users_0")
    same(p, query("BEGIN"), query(update(key)), parse(series(key)) + bind() + execute(2) + SYNC,
         parse("SAVEPOINT a", "sp") + bind((), "sp", "pp") + execute(0, "pp") + SYNC,
         execute(2) + SYNC, query("COMMIT"))


# Control that cannot be, and names

@test
def commit_and_chain_needs_a_transaction(p):
    same(p, query("COMMIT AND CHAIN"), query("ROLLBACK AND CHAIN"), run("COMMIT AND CHAIN") + SYNC)


@test
def discard_all_in_a_pipeline_is_an_error(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        answers = client.ask(run(update(key)) + run("DISCARD ALL") + SYNC)
        equal((wire.kinds(answers), codes(answers)), ("12C12EZ", ["25001"]))
        equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])
    equal(visits(p, key), 0)


@test
def deallocate_all_keeps_the_unnamed_statement(p):
    key = patient_in_both(p, "users_0")
    same(p, parse("DEALLOCATE ALL", "d") + parse(name_of(key), "s") + parse(name_of(key)) + SYNC,
         bind((), "d", "d") + execute(0, "d") + SYNC, bind() + execute() + SYNC,
         bind((), "s") + execute() + SYNC)


@rows([("of one", "DEALLOCATE s"), ("of all", "DEALLOCATE ALL"), ("of none", "DEALLOCATE nowhere")])
def deallocate_behind_an_error_is_skipped(p, sql):
    key = patient_in_both(p, "users_0")
    same(p, parse(name_of(key), "s") + parse("SELECT 2", "t") + SYNC,
         run(division(key)) + run(sql) + SYNC,
         bind((), "s") + execute() + bind((), "t") + execute() + SYNC,
         run(name_of(key)) + run(sql) + SYNC, bind((), "s") + execute() + SYNC)


# Loss beside a transaction

@test
def a_backend_lost_beside_a_catalog_query_fails_its_transaction(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query(update(key))
        client.send(query("SELECT pg_sleep(0.7) FROM (SELECT 1 FROM pg_class LIMIT 1) AS one"))
        eventually(lambda: working(p, "catalog", "pg_sleep(0.7)"), "the query beside is at work")
        cut(p, "users_0")
        equal(wire.kinds(client.read_ready()), "TDCZ")
        answers = client.query(name_of(key))
        assert codes(answers)[0][:2] in ("57", "08"), answers
        equal(wire.ready_status(answers), "E")
        equal(tags(client.query("COMMIT")), ["ROLLBACK"])
        equal(wire.rows_of(client.query(name_of(key))), [["Ada"]])
    equal(visits(p, key), 0)


# Memory

@contextlib.contextmanager
def frugal_shardward(p):
    """One more shardward; freed memory is not kept by a sanitizer, so that what counts shows."""
    before = os.environ.get("ASAN_OPTIONS")
    os.environ["ASAN_OPTIONS"] = SANITIZER
    try:
        with p.another_shardward() as other:
            yield other
    finally:
        del os.environ["ASAN_OPTIONS"]
        if before is not None:
            os.environ["ASAN_OPTIONS"] = before


def memory_kb(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def worked(process):
    """The processor time that a process has used."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[11:13]


def wait_until_idle(process):
    """Until it has done nothing for a while: it waits for its client, or has done all."""
    before = None
    while worked(process) != before:
        before = worked(process)
        time.sleep(0.3)


def send_without_reading(client, messages, times):
    client.socket.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        for _ in range(times):
            client.send(messages)


@test
def a_client_that_never_reads_costs_little(p):
    key = p.new_patient("users_0", phone="x" * 5_000)
    some = query(f"SELECT phone FROM patients WHERE patient_id = {key}") * 1_000
    with frugal_shardward(p) as other, p.logged_in(other.port) as client:
        client.query(name_of(key))
        before = memory_kb(other.process)
        send_without_reading(client, some, 60)
        wait_until_idle(other.process)
        grown = memory_kb(other.process) - before
        assert grown < GROWTH_KB, f"it has grown by {grown} kB"


@test
def millions_of_messages_before_a_sync_cost_little(p):
    with frugal_shardward(p) as other, p.logged_in(other.port) as client:
        client.query("SELECT 1")
        before = memory_kb(other.process)
        send_without_reading(client, close("S", "x") * 100_000, 30)
        wait_until_idle(other.process)
        grown = memory_kb(other.process) - before
        assert grown < GROWTH_KB, f"it has grown by {grown} kB"


@rows([("begun anew", "COMMIT", "BEGIN", "{update}"), ("begun anew after ROLLBACK", "ROLLBACK", "BEGIN", "{update}"),
       ("with a savepoint", "COMMIT", "BEGIN", "SAVEPOINT a", "{update}", "ROLLBACK TO a"),
       ("twice", "COMMIT", "BEGIN", "{update}", "COMMIT", "BEGIN", "{update}"), ("that fails", "COMMIT", "BEGIN", "SELECT 1/0"),
       ("a warning", "BEGIN", "{update}"), ("ended twice", "COMMIT", "COMMIT", "{update}")])
def a_transaction_that_is_ended_and_begun_in_one_batch(p, *texts):
    key = patient_in_both(p)
    batch = b"".join(run(sql.format(update=update(key))) for sql in texts)
    same(p, query("BEGIN"), query(update(key)), batch + SYNC, query(name_of(key)), query("ROLLBACK"),
         query(f"SELECT visits FROM patients WHERE patient_id = {key}"))
