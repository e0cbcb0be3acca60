"""Reads over several shards that need more server connections than pools may have together."""

import wire
from suite import equal, rows, test
from test_limits import of_database, of_user
from test_pools import CLUSTER
from test_scatter import SHARDS, check_all_idle, crowd, large, of_city

FOR_EVER = ("lease: 5s", "lease: 0")      # who waits, waits
LIMITS = [("a user", of_user("connections: 3"), "users.booking.connections"),
          ("a database", of_database("connections: 3"), "databases.booking.connections"),
          ("all", ("connections: 0", "connections: 3"), "limits.connections")]


def refusal(answers):
    fields = wire.error_of(answers)
    return fields["C"], fields["M"], fields["H"]


def too_many(needed, allowed, name):
    return ("53300", f"{needed} server connections are needed at the same time, and only {allowed} are allowed",
            f"Raise {name}.")


@rows([(f"{name}, {where}", edit, setting, begin) for name, edit, setting in LIMITS
       for where, begin in (("outside", []), ("inside", ["BEGIN"]))])
def it_does_not_wait_for_itself(p, edit, setting, begin):
    """Sorted, the rows of three shards wait for those of the fourth one."""
    city, _ = crowd(p, SHARDS)
    sql = large(city).replace("SELECT ", "SELECT patient_id, ") + " ORDER BY i"
    with p.another_shardward(edit, FOR_EVER) as other, p.logged_in(other.port) as client:
        for _ in range(2):
            for text in begin:
                client.query(text)
            answers = client.query(sql)
            equal(refusal(answers), too_many(4, 3, setting))
            equal(wire.ready_status(answers), "E" if begin else "I")
            client.query("ROLLBACK")
        if begin:           # each keeps its own to the end
            client.query("BEGIN")
            equal(refusal(client.query(of_city(city))), too_many(4, 3, setting))
            client.query("ROLLBACK")
        else:               # one after the other, they have enough
            equal(len(wire.rows_of(client.query(of_city(city)))), 4)
            equal(len(wire.rows_of(client.query(of_city(city) + " ORDER BY visits LIMIT 2"))), 2)
    check_all_idle(p)


@rows([("a node", (CLUSTER, f"{CLUSTER}    connections: 1\n"))])
def those_of_a_node_are_counted_by_themselves(p, edit):
    city, _ = crowd(p, SHARDS)
    sql = large(city).replace("SELECT ", "SELECT patient_id, ") + " ORDER BY i"
    with p.another_shardward(edit, FOR_EVER) as other, p.logged_in(other.port) as client:
        code, message, hint = refusal(client.query(sql))
        equal((code, hint), ("53300", "Raise connections of the cluster of node c1-east."))
        assert message.startswith("2 server connections"), message
        equal(len(wire.rows_of(client.query(of_city(city)))), 4)
    check_all_idle(p)


@test
def what_fits_is_read(p):
    """As many as there are shards: sorted, large, and in a transaction."""
    city, _ = crowd(p, SHARDS)
    sql = large(city).replace("SELECT ", "SELECT patient_id, ") + " ORDER BY i"
    with p.another_shardward(of_user("connections: 4"), FOR_EVER) as other, p.logged_in(other.port) as client:
        for begin in ([], ["BEGIN"]):
            for text in begin:
                client.query(text)
            equal(len(wire.rows_of(client.query(sql))), 100)
            client.query("ROLLBACK")
    check_all_idle(p)
