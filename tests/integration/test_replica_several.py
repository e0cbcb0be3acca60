"""Reads over several shards on replicas: what they see, and who answers when a replica cannot."""

import contextlib

import wire
from replica_lab import FAR, REPLICAS, THIRD, THIRDS, lab, paused, value_of
from server import Refused, ask, until
from suite import equal, rows, test

PARTS = f"SELECT {THIRD}, id, balance FROM accounts WHERE id IN (5, {FAR})"
BOTH = f"{PARTS} ORDER BY id"
NEAR = f"SELECT {THIRD}, id, balance FROM accounts WHERE id = 5"
SUM = f"SELECT min({THIRD}), count(*), sum(balance) FROM accounts WHERE id IN (5, {FAR})"


def only(*statements):
    return list(statements)


def said(third):
    return "replica" if THIRDS[third] in REPLICAS else "primary"


def served(connection, sql=BOTH):
    return [said(row[0]) for row in ask(connection, sql)]


def write_both(connection, first, second):
    ask(connection, f"UPDATE accounts SET balance = {first} WHERE id = 5")
    ask(connection, f"UPDATE accounts SET balance = {second} WHERE id = {FAR}")


def values(connection, sql=BOTH):
    return [int(row[2]) for row in ask(connection, sql)]


# --- who may go there ---

WAYS = [
    ("two rows", only(BOTH), "replica"),
    ("all rows, as they come", only(PARTS), "replica"),
    ("some of them", only(f"{PARTS} LIMIT 1"), "replica"),
    ("groups", only(f"SELECT {THIRD}, count(*) FROM accounts GROUP BY 1"), "replica"),
    ("by EXECUTE", only(f"PREPARE s AS {BOTH}", "EXECUTE s"), "replica"),
    ("one snapshot by default", only("SET default_transaction_isolation = 'repeatable read'", BOTH), "replica"),
    ("... that no standby can give", only("SET default_transaction_isolation = serializable", BOTH), "primary"),
    ("a lock of rows", only(f"{PARTS} FOR UPDATE"), "refused"),
    ("a lock of the session beside it", only("SELECT pg_advisory_lock(1)", BOTH), "primary"),
    ("a temporary table beside it", only("CREATE TEMP TABLE mine (a int)", BOTH), "primary"),
    ("a transaction", only("BEGIN", BOTH), "primary"),
    ("a transaction that only reads", only("BEGIN READ ONLY", BOTH), "primary"),
    ("a cursor", only("BEGIN READ ONLY", f"DECLARE c CURSOR FOR {BOTH}", "FETCH ALL FROM c"), "primary"),
    ("not by its text", only("/* shardward: primary */ " + BOTH), "primary"),
    ("not in the session", only("SET shardward.read = 'primary'", BOTH), "primary"),
    ("settings go along", only("SET search_path = public", "SET work_mem = '5MB'", BOTH), "replica"),
]


@rows(WAYS)
def a_read_of_several_shards_goes_where_it_may(p, statements, where):
    with lab(p).connect("insists") as connection:
        *before, statement = statements
        for one in before:
            ask(connection, one)
        try:
            found = set(served(connection, statement))
        except Refused as refused:
            found = {"refused" if refused.code == "0A000" else refused.code}
        equal(found, {where})


@test
def what_is_finished_on_one_of_them_is_read_there_too(p):
    for _ in range(3):
        with lab(p).connect("insists") as connection:
            equal(served(connection, SUM), ["replica"])
            equal(served(connection, "/* shardward: primary */ " + SUM), ["primary"])


@test
def what_is_too_much_for_memory_is_finished_on_a_primary(p):
    """No standby makes tables."""
    large = f"SELECT min({THIRD}), max(length(t)), count(DISTINCT t) FROM (SELECT id, repeat(id::text, 8000) t FROM accounts) a"
    one = lab(p)
    one.stop()
    one.start(more="limits: {gather_memory: 1MB}\n")
    try:
        with one.connect("insists") as connection:
            for _ in range(3):
                found = ask(connection, large)
                equal((said(found[0][0]), found[0][2]), ("primary", "128"))
            until(lambda: set(served(connection)) == {"replica"}, "replicas are read")
    finally:
        one.stop()


@test
def a_session_says_so_for_several_shards_too(p):
    with lab(p).connect("bank") as connection:
        equal(served(connection), ["primary"] * 2)
        equal(served(connection, "/* shardward: replica */ " + BOTH), ["primary"] * 2)  # it has worked
        until(lambda: set(served(connection, "/* shardward: replica */ " + BOTH)) == {"replica"}, "replicas are read")
        equal(served(connection), ["primary"] * 2)
        ask(connection, "SET shardward.read = prefer_replica")
        until(lambda: set(served(connection)) == {"replica"}, "replicas are read")


def by_names(connection, sql):
    answers = connection.ask(wire.parse(sql, "s"), wire.bind([], "s"), wire.describe("P"), wire.execute(), wire.SYNC)
    connection.ask(wire.message("C", b"Ss\0"), wire.SYNC)
    return wire.rows_of(answers)


@test
def portals_of_several_shards_are_read_there(p):
    for _ in range(3):
        with lab(p).connect("prefers") as connection:
            equal([said(row[0]) for row in by_names(connection, BOTH)], ["replica"] * 2)


# --- what they see ---

KINDS = [
    ("rows in order", BOTH, values),
    ("rows as they come", PARTS, lambda c, sql: sorted(values(c, sql))),
    ("a sum", SUM, lambda c, sql: int(ask(c, sql)[0][2])),
]


@rows(KINDS)
def what_was_written_is_seen_on_all_shards(p, sql, look):
    one = lab(p)
    with one.connect() as connection:
        for turn in range(4):
            with paused(*one.replicas()):
                first, second = value_of(), value_of()
                write_both(connection, first, second)
                with one.connect() as other:
                    for third, _, balance in ask(other, BOTH):
                        equal((said(third), int(balance) in (first, second)), ("replica", False))
                expected = first + second if sql == SUM else [first, second]
                for _ in range(2):
                    equal(look(connection, sql), expected, f"turn {turn}")
                    equal(set(served(connection)), {"primary"})
            until(lambda: set(served(connection)) == {"replica"}, "replicas are read again")
            equal(look(connection, sql), expected, f"turn {turn}, on replicas")


@test
def a_write_of_one_shard_is_seen_with_those_of_others(p):
    """The clusters' places count, not the shards'; and one replica that is behind is enough."""
    one = lab(p)
    behind, ahead = one.replicas()
    with one.connect() as connection, paused(behind):
        for _ in range(20):
            value = value_of()
            ask(connection, f"UPDATE accounts SET balance = {value} WHERE id = {FAR}")
            until(lambda v=value: ahead.query(f"SELECT balance FROM accounts WHERE id = {FAR}", "s2")
                  == [[str(v)]], "the replica ahead replays")
            found = ask(connection, BOTH)
            equal(found[1][2], str(value), found)


@rows([("to one of them", NEAR), ("to all", BOTH)])
def what_several_shards_have_shown_does_not_vanish(p, later):
    """One replica stands still; who has been shown more by the other one is not given that."""
    one = lab(p)
    behind, ahead = one.replicas()
    shown_by = []
    with paused(behind), one.connect("bank") as writer:
        value = value_of()
        ask(writer, f"UPDATE accounts SET balance = {value} WHERE id = 5")
        until(lambda: ahead.query("SELECT balance FROM accounts WHERE id = 5", "s1") == [[str(value)]],
              "the replica ahead replays")
        for _ in range(8):
            with one.connect() as reader:
                who, _, shown = ask(reader, BOTH)[0]
                shown_by.append(THIRDS[who])
                for _ in range(3):
                    who, _, again = ask(reader, later)[0]
                    if int(again) < int(shown):
                        raise AssertionError(f"{shown_by[-1]} shows {shown}, then {THIRDS[who]} {again}")
    equal(set(shown_by), REPLICAS, "this test shows nothing")


@test
def a_transaction_that_reads_several_shards_keeps_to_its_servers(p):
    """It has begun on a replica of one shard, which goes on to answer for that one."""
    one = lab(p)
    with one.connect("insists") as connection:
        ask(connection, "BEGIN READ ONLY")
        [[who, _, value]] = ask(connection, NEAR)
        equal(said(who), "replica")
        with paused(*one.replicas()), one.connect("bank") as writer:
            ask(writer, f"UPDATE accounts SET balance = {value_of()} WHERE id = 5")
            for _ in range(2):
                found = ask(connection, BOTH)
                equal(found[0][0::2], [who, value])
                equal(said(found[1][0]), "primary")
        ask(connection, "COMMIT")


@test
def a_counter_is_read_with_others_as_it_was_written(p):
    """Under lag that comes and goes; the same reads without shardward are stale."""
    one = lab(p)
    behind, _ = one.replicas()
    stale, seen_by = 0, set()
    with one.connect() as connection, behind.connect("bank", "bank", "s1") as direct:
        for number in range(300):
            with paused(behind) if number % 40 == 0 else contextlib.nullcontext():
                value = value_of()
                ask(connection, f"UPDATE accounts SET balance = {value} WHERE id = 5")
                found = ask(connection, BOTH)
                equal(found[0][2], str(value), found)
                seen_by |= {said(row[0]) for row in found}
                stale += ask(direct, "SELECT balance FROM accounts WHERE id = 5") != [[str(value)]]
    if stale == 0 or seen_by != {"primary", "replica"}:
        raise AssertionError(f"nothing was behind, or nobody read there: {stale} stale, {seen_by}")


@test
def no_row_is_given_while_a_replica_may_be_behind(p):
    """It takes its time to say so, while the other one has rows at once."""
    one = lab(p)
    one.stop()
    one.start("    reads: {max_lag: 1h, wait: 300ms}\n")
    try:
        behind, ahead = one.replicas()
        with one.connect() as connection, paused(behind):
            for _ in range(6):
                value = value_of()
                ask(connection, f"UPDATE accounts SET balance = {value} WHERE id = {FAR}")
                until(lambda v=value: ahead.query(f"SELECT balance FROM accounts WHERE id = {FAR}", "s2")
                      == [[str(v)]], "the replica ahead replays")
                equal([row[2] for row in ask(connection, PARTS) if row[1] == str(FAR)], [str(value)])
    finally:
        one.stop()


# --- replicas that fail ---

SLOW = (f"SELECT {THIRD}, id, balance, pg_sleep(CASE WHEN {THIRD} {{}} THEN 60 ELSE 0 END) FROM accounts"
        f" WHERE id IN (5, {FAR}) ORDER BY id")
NAMED = {name: third for third, name in THIRDS.items()}


def is_read(node, shard="s%"):
    return node.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active'"
                      f" AND wait_event = 'PgSleep' AND datname LIKE '{shard}'")


@rows([("prefer_replica", "prefers"), ("replica", "insists")])
def a_replica_that_dies_is_left_by_all(p, user):
    one = lab(p)
    west, north = one.node("c1-west"), one.node("c1-north")
    with one.connect(user) as connection:
        connection.send(wire.query(SLOW.format(f"= '{NAMED[west.name]}'")))
        until(lambda: is_read(west), f"{west.name} is read")
        west.kill()
        try:
            found = wire.rows_of(connection.read_until("Z"))
            equal({THIRDS[row[0]] for row in found}, {north.name})
        finally:
            west.start()
            west.wait_ready()
            until(lambda: {one.who_serves("prefers") for _ in range(4)} == REPLICAS, "both replicas are read")


@test
def a_read_of_several_shards_that_replay_cancels_runs_on_the_primary(p):
    one = lab(p)
    for node in one.replicas():
        node.set(max_standby_streaming_delay="10ms", max_standby_archive_delay="10ms")
    for user, expected in (("prefers", {"c1-east"}), ("insists", "40001")):
        with one.connect(user) as connection:
            connection.send(wire.query(SLOW.format(f"<> '{NAMED['c1-east']}'")))
            # Before all of them read, what fails would be asked again on another replica.
            until(lambda: all(any(is_read(node, shard) for node in one.replicas()) for shard in ("s1", "s2")),
                  "replicas read")
            with one.node("c1-east").connect(dbname="s2") as owner:
                ask(owner, "BEGIN")
                ask(owner, "LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")
                ask(owner, "SELECT pg_switch_wal()")
                if user == "prefers":
                    until(lambda: one.node("c1-east").query(
                        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), "the primary reads")
                    ask(owner, "ROLLBACK")
                answers = connection.read_until("Z")
            found = wire.rows_of(answers)
            equal({THIRDS[row[0]] for row in found} or wire.error_of(answers)["C"], expected)
            until(lambda: set(served(connection)) == {"replica"}, "replicas are read again")


@test
def without_a_replica_several_shards_are_read_on_the_primary_or_it_is_said(p):
    one = lab(p)
    try:
        for node in one.replicas():
            node.kill()
        with one.connect("prefers") as connection:
            equal(served(connection), ["primary"] * 2)
        with one.connect("insists") as connection:
            def is_told():
                try:
                    ask(connection, BOTH)
                    return False
                except Refused as refused:
                    return refused.code == "57P03"

            until(is_told, "it is told that there is none")
    finally:
        one.stop()


@test
def columns_that_a_replica_does_not_have_yet_are_read_on_the_primary(p):
    one = lab(p)
    with one.connect("bank") as connection, paused(*one.replicas()):
        ask(connection, "ALTER TABLE accounts ADD COLUMN note text DEFAULT 'new'")
        wanted = BOTH.replace("balance", "balance, note")
        with one.connect("prefers") as other:
            equal([row[0::3] for row in ask(other, wanted)], [[NAMED["c1-east"], "new"]] * 2)
    with one.connect("bank") as connection:
        ask(connection, "ALTER TABLE accounts DROP COLUMN note")
