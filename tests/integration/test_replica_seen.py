"""Reads on replicas: what a session has seen does not vanish, and who may write after all
stays on the primary."""

import wire
from replica_lab import FAR, READ, WHO, lab, paused, said, value_of, write
from server import ask, until
from suite import equal, rows, test


def end_servers_of(node):
    """The servers that work in a transaction of a client end."""
    node.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 's1' AND xact_start "
               "IS NOT NULL AND usename = 'bank'")


def lose_a_transaction(one, reader):
    ask(reader, "BEGIN")
    seen = ask(reader, READ)[0][1]
    end_servers_of(one.node("c1-east"))
    reader.query("ROLLBACK")
    reader.query("ROLLBACK")
    return seen


def flush(reader, sql, until_kind):
    """A statement without a Sync."""
    reader.send(wire.parse(sql), wire.bind(), wire.execute(), wire.FLUSH)
    return reader.read_until(until_kind)


def begin_a_batch(reader):
    return wire.rows_of(flush(reader, "SELECT balance FROM accounts WHERE id = 5", "C"))[0][0]


def lose_a_batch(one, reader):
    seen = begin_a_batch(reader)
    end_servers_of(one.node("c1-east"))
    reader.ask(wire.SYNC)
    return seen


def fail_in_a_batch(_one, reader):
    seen = begin_a_batch(reader)
    flush(reader, "SELECT 1 / (balance - balance) FROM accounts WHERE id = 5", "E")
    reader.ask(wire.SYNC)
    return seen


@rows([("a transaction", lose_a_transaction), ("a batch", lose_a_batch),
       ("a batch that failed", fail_in_a_batch)])
def what_was_seen_before_its_server_was_lost_does_not_vanish(p, lose):
    one, value = lab(p), value_of()
    with one.connect("bank") as writer, one.connect() as reader, paused(*one.replicas()):
        write(writer, value)
        equal(lose(one, reader), str(value))
        equal(ask(reader, READ), [["c1-east", str(value)]])


@test
def what_another_has_committed_and_not_waited_for_does_not_vanish(p):
    """It is visible before it is in the log's files, and so before any replica can have it."""
    one = lab(p)
    one.node("c1-east").set(wal_writer_delay="10s", wal_writer_flush_after="0")
    try:
        with one.connect("bank") as writer, one.connect() as reader:
            ask(writer, "SET synchronous_commit = off")
            for _ in range(30):
                value = value_of()
                write(writer, value)
                ask(reader, "BEGIN")
                equal(ask(reader, READ), [["c1-east", str(value)]])
                ask(reader, "COMMIT")
                [[who, seen]] = ask(reader, READ)
                equal(seen, str(value), who)
    finally:
        one.node("c1-east").set(wal_writer_delay="200ms", wal_writer_flush_after="1MB")


ACCESS = [
    ("in a savepoint, rolled back", ["BEGIN", "SAVEPOINT a", "SET TRANSACTION READ ONLY", "ROLLBACK TO a", WHO]),
    ("in a savepoint, rolled back afterwards", ["BEGIN", "SAVEPOINT a", "SET TRANSACTION READ ONLY", WHO,
                                                "ROLLBACK TO a"]),
    ("in an inner savepoint", ["BEGIN", "SAVEPOINT a", "SAVEPOINT b", "SET TRANSACTION READ ONLY", "RELEASE b",
                               WHO, "ROLLBACK TO a"]),
    ("taken back", ["BEGIN READ ONLY", "SET TRANSACTION READ WRITE", WHO]),
    ("taken back by name", ["BEGIN READ ONLY", "SET transaction_read_only = off", WHO]),
    ("taken back by name, locally", ["BEGIN READ ONLY", "SET LOCAL transaction_read_only = off", WHO]),
]


@rows(ACCESS)
def a_transaction_that_may_write_after_all_writes(p, statements):
    one, value = lab(p), value_of()
    with one.connect("insists") as connection:
        for statement in statements:
            ask(connection, statement)
        write(connection, value)
        ask(connection, "COMMIT")
        equal(ask(connection, "/* shardward: primary */ " + READ), [["c1-east", str(value)]])


CHAINED = [
    ("a write, then only reads", ["BEGIN", "UPDATE accounts SET balance = {} WHERE id = 5", "SET TRANSACTION READ ONLY",
                                  "COMMIT AND CHAIN"]),
    ("... of two shards", ["BEGIN", f"SELECT balance FROM accounts WHERE id = {FAR}",
                           "UPDATE accounts SET balance = {} WHERE id = 5", "SET TRANSACTION READ ONLY",
                           "COMMIT AND CHAIN"]),
]


@rows(CHAINED)
def what_was_written_before_a_chained_transaction_is_seen(p, statements):
    one, value = lab(p), value_of()
    with one.connect() as connection, paused(*one.replicas()):
        equal(len(ask(connection, READ)), 1)
        for statement in statements:
            ask(connection, statement.format(value))
        equal(ask(connection, READ), [["c1-east", str(value)]])
        ask(connection, "COMMIT")


@test
def who_waits_for_a_lock_sees_what_was_written_under_it(p):
    one, value = lab(p), value_of()
    with one.connect("bank") as writer, one.connect() as reader, paused(*one.replicas()):
        write(writer, value)
        ask(reader, "BEGIN READ ONLY")
        ask(reader, "SELECT pg_advisory_xact_lock(7)")
        equal(ask(reader, READ), [["c1-east", str(value)]])
        ask(reader, "COMMIT")


FIRST = [
    ("a primary", f"/* shardward: primary */ SELECT served_by(), balance FROM accounts WHERE id = {FAR}"),
    ("a replica", f"SELECT served_by(), balance FROM accounts WHERE id = {FAR}"),
]


@rows(FIRST)
def what_one_shard_has_shown_in_a_transaction_is_not_ahead_of_another(p, first):
    """The account nearby is written before the one that is far, and so has to be seen by who has seen that."""
    one = lab(p)
    behind, ahead = one.replicas()
    shown = set()
    with one.connect("bank") as writer, paused(behind):
        for _ in range(6):
            value = value_of()
            write(writer, value)
            ask(writer, f"UPDATE accounts SET balance = {value} WHERE id = {FAR}")
            until(lambda v=value: ahead.query(f"SELECT balance FROM accounts WHERE id = {FAR}", "s2") == [[str(v)]],
                  "the replica ahead replays")
            with one.connect() as reader:
                ask(reader, "BEGIN READ ONLY")
                [[who, seen]] = ask(reader, first)
                [[by, then]] = ask(reader, READ)
                ask(reader, "COMMIT")
            shown.add(who)
            if int(then) < int(seen):
                raise AssertionError(f"{who} shows {seen}, then {by} {then}")
    equal(shown & {"c1-east", ahead.name}, shown - {behind.name})


@rows([("to a replica", "bank", "replica", "primary"), ("to the primary", "insists", "primary", "replica")])
def a_comment_before_execute_counts(p, user, hint, otherwise):
    with lab(p).connect(user) as connection:
        ask(connection, f"PREPARE s AS {WHO}")
        for _ in range(2):
            until(lambda: said(ask(connection, f"/* shardward: {hint} */ EXECUTE s")[0][0]) == hint, "it counts")
            equal(said(ask(connection, "EXECUTE s")[0][0]), otherwise)


@rows([("a transaction", "pg_advisory_xact_lock(8)"), ("a try", "pg_try_advisory_xact_lock(8)"),
       ("the session", "pg_advisory_lock(8)")])
def a_lock_behind_a_read_on_a_replica_is_refused(p, lock):
    with lab(p).connect("insists") as connection:
        ask(connection, "BEGIN READ ONLY")
        equal(said(ask(connection, WHO)[0][0]), "replica")
        equal(wire.error_of(connection.query(f"SELECT {lock}"))["C"], "0A000")
        ask(connection, "ROLLBACK")
