"""TLS to servers: every sslmode of libpq, and raw protocol through it afterwards."""

import contextlib
import os
import signal
import socket
import threading
import time

import psycopg
import test_tls
import wire
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, test
from test_reload import Changing
from test_tls import MB, exchange, made
from test_transactions import eventually

NODE_NAMES = "DNS:localhost," + ",".join(f"IP:127.0.{n}.{m}" for n in (1, 2, 3) for m in (1, 2))


def give(p, node, name, content):
    """A file in the data directory, as PostgreSQL wants it."""
    path = p.clusters.nodes_dir / node.name / name
    path.write_bytes(content)
    path.chmod(0o600)
    p.clusters._give_to_server_user(path)


def primaries(p):
    return [p.clusters.primary(name) for name in ("c1", "c2")]


def has_tls(p, node):
    with contextlib.suppress(psycopg.OperationalError):
        with p.at_node("postgres", node, sslmode="prefer") as conn:
            return bool(conn.pgconn.ssl_in_use)
    return None


def configure(p, node, *settings):
    for setting in settings:
        p.clusters.psql(node, "postgres", "-c", f"ALTER SYSTEM {setting}")
    p.clusters.psql(node, "postgres", "-c", "SELECT pg_reload_conf()")


@contextlib.contextmanager
def nodes_with_tls(p, hba=""):
    """TLS at every primary; hba: lines before those of its pg_hba.conf."""
    own = made(p)
    if not own.path("node.crt").exists():
        own.make("node", "node", NODE_NAMES)
    before = {}
    for node in primaries(p):
        before[node.name] = (p.clusters.nodes_dir / node.name / "pg_hba.conf").read_bytes()
        for ours, theirs in (("node.crt", "server.crt"), ("node.key", "server.key"),
                             ("ca.crt", "root.crt")):
            give(p, node, theirs, own.path(ours).read_bytes())
        give(p, node, "pg_hba.conf", hba.encode() + before[node.name])
        configure(p, node, "SET ssl_ca_file = 'root.crt'", "SET ssl = on")
    try:
        for node in primaries(p):
            eventually(lambda n=node: has_tls(p, n) or hba != "", f"{node.name} has TLS")
        yield
    finally:
        for node in primaries(p):
            give(p, node, "pg_hba.conf", before[node.name])
            configure(p, node, "RESET ssl", "RESET ssl_ca_file")
            eventually(lambda n=node: has_tls(p, n) is False, f"{node.name} has no TLS")


def to_nodes(p, mode, **files):
    """The edits that put the section at every cluster."""
    own = made(p)
    section = "".join(f", {key}: {own.path(name)}" for key, name in files.items())
    return [(f"  {name}:\n    control:", f"  {name}:\n    tls: {{mode: {mode}{section}}}\n    control:")
            for name in ("c1", "c2")]


def ask_all_shards(p, port):
    for shard in p.shards("users"):
        key = p.new_patient(shard)
        with p.logged_in(port) as client:
            got = client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
            equal(wire.rows_of(got), [["Ada"]], str(got))


def servers(p, port):
    with p.console(port) as console:
        cursor = console.execute("SHOW SERVERS")
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]


CA = {"ca": "ca.crt"}


@rows([("disable", "disable", {}, False), ("allow", "allow", {}, False),
       ("prefer", "prefer", {}, True), ("require", "require", {}, True),
       ("verify-ca", "verify-ca", CA, True), ("verify-full", "verify-full", CA, True)])
def every_sslmode_connects_to_nodes_with_tls(p, mode, files, is_tls):
    with nodes_with_tls(p), p.another_shardward(*to_nodes(p, mode, **files)) as other:
        ask_all_shards(p, other.port)
        found = servers(p, other.port)
        assert len(found) >= 4, found
        equal({row["tls"] for row in found}, {"TLSv1.3/TLS_AES_256_GCM_SHA384" if is_tls else ""})
        for row in found:
            with p.at_node("postgres", row_node(p, row)) as conn:
                (ssl,) = conn.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = %s",
                                      (row["remote_pid"],)).fetchone()
                equal(ssl, is_tls)


def row_node(p, row):
    return next(node for node in p.clusters.nodes if node.name == row["node"])


def why_not(p, mode, **files):
    """What a client hears whose servers cannot be reached so."""
    with p.another_shardward(*to_nodes(p, mode, **files)) as other, p.wire(other.port) as client:
        answers = client.login({"user": USER, "database": DATABASE}, PASSWORD)
        return wire.error_of(answers)["M"] if answers[-1].kind == "E" else None


NO_TLS = "server does not support SSL"


@rows([("allow", "allow", {}, None), ("prefer", "prefer", {}, None),
       ("require", "require", {}, NO_TLS), ("verify-ca", "verify-ca", CA, NO_TLS),
       ("verify-full", "verify-full", CA, NO_TLS)])
def a_mode_that_needs_tls_refuses_nodes_without(p, mode, files, text):
    got = why_not(p, mode, **files)
    assert (got is None) == (text is None) and (text or "") in (got or ""), got


@test
def a_node_of_another_authority_is_refused(p):
    with nodes_with_tls(p):
        got = why_not(p, "verify-ca", ca="stranger.crt")
        assert "certificate verify failed" in got, got


@test
def a_node_of_another_name_is_refused_by_verify_full_alone(p):
    own = made(p)
    if not own.path("elsewhere.crt").exists():
        own.make("elsewhere", "elsewhere", "DNS:elsewhere")
    with nodes_with_tls(p):
        for node in primaries(p):
            for ours, theirs in (("elsewhere.crt", "server.crt"), ("elsewhere.key", "server.key")):
                give(p, node, theirs, own.path(ours).read_bytes())
            configure(p, node)
        time.sleep(0.5)
        equal(why_not(p, "verify-ca", ca="ca.crt"), None)
        got = why_not(p, "verify-full", ca="ca.crt")
        assert "does not match host name" in got, got


@test
def a_node_may_ask_for_our_certificate(p):
    hba = "hostssl all all all scram-sha-256 clientcert=verify-ca\n"
    own = {"ca": "ca.crt", "certificate": "client.crt", "key": "client.key"}
    with nodes_with_tls(p, hba):
        with p.another_shardward(*to_nodes(p, "verify-full", **own)) as other:
            ask_all_shards(p, other.port)
        got = why_not(p, "verify-full", ca="ca.crt")
        assert "client certificate" in got, got


@test
def what_is_long_goes_both_ways_in_tls(p):
    tls = test_tls.tls(p, "require")
    with nodes_with_tls(p), p.another_shardward(tls, *to_nodes(p, "require")) as other:
        with p.logged_in(other.port, wire.tls_context()) as client:
            exchange(client, MB)
            ten = min(exchange(client, 10 * MB) for _ in range(2))
            forty = exchange(client, 40 * MB)
            assert forty < 10 * ten + 1, f"{ten:.2f} s, {forty:.2f} s"
            got = client.query("SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g")
            equal([int(a.values()[0]) for a in got if a.kind == "D"], list(range(1, 20001)))


@test
def many_clients_share_servers_in_tls(p):
    """Connections go from worker to worker, too."""
    keys = [p.new_patient(shard) for shard in p.shards("users")]
    failures = []

    def work(port, key):
        try:
            with p.connect(port) as conn:
                for number in range(60):
                    with conn.transaction():
                        conn.execute("UPDATE patients SET visits = visits + 1 WHERE patient_id = %s",
                                     (key,))
                    if number % 10 == 0:
                        time.sleep(0.01)
        except psycopg.Error as error:
            failures.append(str(error))
    edits = [*to_nodes(p, "require"), ("workers: auto", "workers: 2"), ("size: 20", "size: 3")]
    with nodes_with_tls(p), p.another_shardward(*edits) as other:
        threads = [threading.Thread(target=work, args=(other.port, key)) for key in keys * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    equal(failures, [])
    for shard, key in zip(p.shards("users"), keys):
        equal(p.rows(shard, "SELECT visits FROM patients WHERE patient_id = %s", (key,)), [(240,)])


@test
def a_server_that_is_killed_in_tls_is_a_lost_server(p):
    with nodes_with_tls(p), p.another_shardward(*to_nodes(p, "require")) as other:
        with p.logged_in(other.port) as client:
            client.query("BEGIN")
            key = p.new_patient(p.shards("users")[0])
            client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
            for row in servers(p, other.port):
                p.clusters.psql(row_node(p, row), "postgres", "-c",
                                f"SELECT pg_terminate_backend({row['remote_pid']})")
            error = wire.error_of(client.query(f"SELECT name FROM patients WHERE patient_id = {key}"))
            assert error["C"] in ("57P01", "08006"), error
            client.query("ROLLBACK")
            got = client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
            equal(wire.rows_of(got), [["Ada"]])


@rows([("that takes both", ""), ("that takes nobody outside of TLS", "hostnossl all all all reject\n")])
def a_statement_of_a_server_in_tls_is_cancelled(p, hba):
    """The cancel goes to it outside of TLS, which PostgreSQL takes before it looks at pg_hba.conf."""
    key = p.new_patient(p.shards("users")[0])
    with nodes_with_tls(p, hba), p.another_shardward(*to_nodes(p, "require")) as other:
        with p.connect(other.port) as conn:
            timer = threading.Timer(0.5, conn.cancel)
            timer.start()
            try:
                conn.execute("SELECT pg_sleep(20) FROM patients WHERE patient_id = %s", (key,))
                assert False, "not cancelled"
            except psycopg.errors.QueryCanceled:
                pass
            timer.join()
            equal(conn.execute("SELECT 1").fetchone(), (1,))


@test
def a_reload_takes_the_servers_into_tls(p):
    with nodes_with_tls(p), p.another_shardward() as started:
        other = Changing(started)
        with p.logged_in(other.port) as client:
            key = p.new_patient(p.shards("users")[0])
            client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
            equal({row["tls"] for row in servers(p, other.port)}, {""})
            log = other.reload(*to_nodes(p, "require"))
            assert "tls disable -> tls require" in log or "disable -> require" in log, log
            got = client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
            equal(wire.rows_of(got), [["Ada"]])
            eventually(lambda: all(row["tls"] != "" for row in servers(p, other.port)),
                       "all are in TLS")


@test
def install_and_check_online_go_by_tls_too(p):
    hba = "hostnossl all all all reject\n"
    with nodes_with_tls(p, hba):
        file = p.edited_config(*to_nodes(p, "require"))
        got = p.run(p.program, "check", "--online", "-c", file)
        assert "could not be read" not in got.stdout and got.returncode == 0, got.stdout
        got = p.run(p.program, "install", "-c", file)
        equal(got.returncode, 0, got.stdout)


@test
def a_frozen_server_in_tls_holds_nobody_up(p):
    """The end of a connection whose server does not read is no affair of the loop's."""
    with nodes_with_tls(p), p.another_shardward(*to_nodes(p, "require"),
                                                ("workers: auto", "workers: 1")) as other:
        with p.logged_in(other.port) as client, p.logged_in(other.port) as bystander:
            key = p.new_patient(p.shards("users")[0])
            client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
            pid = next(row["remote_pid"] for row in servers(p, other.port)
                       if row["shard"] == p.shards("users")[0])
            try:
                os.kill(pid, signal.SIGSTOP)
                value = "x" * (32 * MB)
                sender = threading.Thread(target=send_quietly, args=(
                    client, wire.parse("SELECT name FROM patients WHERE patient_id = $1 AND name <> $2")
                    + wire.bind([str(key), value]) + wire.execute() + wire.SYNC))
                sender.start()
                time.sleep(1)
                client.socket.shutdown(socket.SHUT_RDWR)
                sender.join()
                began = time.monotonic()
                equal(wire.rows_of(bystander.query("SELECT 1")), [["1"]])
                assert time.monotonic() - began < 2
            finally:
                os.kill(pid, signal.SIGCONT)


def send_quietly(client, flight):
    with contextlib.suppress(OSError):
        client.send(flight)

