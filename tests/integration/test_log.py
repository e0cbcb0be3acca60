"""What shardward writes to stderr."""

import json

import wire
from platform_under_test import DATABASE, USER
from suite import equal, test


def events(log):
    return [json.loads(line) for line in log.splitlines()]


@test
def every_line_of_a_json_log_is_an_object_whatever_a_client_calls_itself(p):
    names = ["plain", 'quo"te', "back\\slash", "two\nlines", "\x01\x7f", "医院"]
    with p.another_shardward(("format: text", "format: json"),
                             ("connections: off", "connections: on")) as other:
        before = len(other.log())
        for name in names:
            with p.wire(other.port) as client:
                client.login({"user": name, "database": DATABASE}, "wrong")
        with p.wire(other.port) as client:
            client.send(wire.startup({"user": "A", "database": DATABASE}).replace(b"A", b"\xff"))
            client.read()
        p.logged_in(other.port).close()
    logged = events(other.log()[before:])
    equal([e["user"] for e in logged if e["event"] == "login-failed"], names)
    equal([(e["level"], e["user"], e["database"]) for e in logged
           if e["event"] in ("client-ready", "client-gone")], [("info", USER, DATABASE)] * 2)


@test
def connections_are_logged_only_when_asked_for(p):
    with p.another_shardward() as other:
        before = len(other.log())
        p.logged_in(other.port).close()
    assert "client-ready" not in other.log()[before:], other.log()[before:]


@test
def a_flood_of_failed_logins_fills_no_disk(p):
    with p.another_shardward(("format: text", "format: json")) as other:
        before = len(other.log())
        for _ in range(60):
            with p.wire(other.port) as client:
                client.login({"user": "nobody", "database": DATABASE}, "wrong")
    failed = [e for e in events(other.log()[before:]) if e["event"] == "login-failed"]
    assert len(failed) + sum(e.get("suppressed", 0) for e in failed) <= 60, failed
    per_second = {}
    for event in failed:
        per_second[event["time"][:19]] = per_second.get(event["time"][:19], 0) + 1
    # The limit's seconds are those of another clock.
    assert max(per_second.values()) <= 20, per_second
