"""Large results of eight shards for a client that reads slowly: what they cost in memory.

SHARDWARD_SLOW_MB says how large they are; by default it is little enough for every day.
"""

import contextlib
import os
import socket
import subprocess

import clusters
import wire
from guard import forget_memory_peak, has_own_memory, memory_peak
from platform_under_test import USER, sanitizer_env
from suite import equal, rows
from test_batches import tags
from wire import query

MB = 1024 * 1024
SIZE_MB = int(os.environ.get("SHARDWARD_SLOW_MB", "96"))
ROW = 64 * 1024
MOST_MB = 64
SHARDS = [f"wide_{n}" for n in range(8)]
RECEIVED = 16 * 1024    # what the client's kernel takes ahead
DATABASE = "databases:\n  wide:\n    catalog: {cluster: c1, dbname: wide_catalog}\n    businesses:\n      wide:\n" \
    "        shards:\n" + "".join(f"          {s}: {{cluster: c1, dbname: {s}}}\n" for s in SHARDS) + \
    "        placements:\n          by_key:\n            hash: {type: bigint, buckets: 8}\n            map: {" + \
    ", ".join(f"{s}: {n}-{n}" for n, s in enumerate(SHARDS)) + "}\n        tables:\n" \
    "          pages: {key: page_id, placement: by_key}\n"


def make_databases(p):
    if p.clusters.psql(p.main_node, "postgres", "-c", "SELECT 1 FROM pg_database WHERE datname = 'wide_0'").strip() == "1":
        return
    for name in ["wide_catalog", *SHARDS]:
        p.clusters.psql(p.main_node, "postgres", "-c", f"CREATE DATABASE {name} OWNER {USER}")
        p.clusters.psql(p.main_node, "postgres", "-c", f"GRANT CREATE ON DATABASE {name} TO {clusters.CONTROL_USER}")
        with p.at_node(name) as conn:
            conn.execute("CREATE TABLE pages (page_id bigint PRIMARY KEY)")


@contextlib.contextmanager
def wide(p):
    """A shardward with eight shards, each of which has rows in the order of a common key."""
    make_databases(p)
    edits = [("databases:\n", DATABASE)]
    config = p.edited_config(*edits)
    answer = subprocess.run([p.program, "install", "-c", config], env=sanitizer_env(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
    with p.another_shardward(*edits) as other:
        for number, name in enumerate(SHARDS):
            with p.at_node(name) as conn:
                conn.execute("TRUNCATE pages")
                conn.execute(f"INSERT INTO pages SELECT n * 8 + {number} FROM generate_series(0,"
                             f" {SIZE_MB * MB // ROW // len(SHARDS) - 1}) n")
        yield other


def rows_and_rest(client):
    count, rest = 0, []
    while not rest or rest[-1].kind != "Z":
        answer = client.read()
        if answer.kind == "D":
            count += 1
        else:
            rest.append(answer)
    return count, rest


@rows([(f"{name}, {begin or 'outside'}", rest, begin) for name, rest in
       (("as they come", ""), ("sorted", "ORDER BY page_id"), ("sorted the other way", "ORDER BY page_id DESC"))
       for begin in ("", "BEGIN")])
def what_waits_for_the_client_is_bounded(p, rest, begin):
    total = SIZE_MB * MB // ROW // len(SHARDS) * len(SHARDS)
    with wide(p) as other, p.logged_in(other.port, database="wide") as client:
        if begin:
            client.query(begin)
        before = forget_memory_peak(other)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED)
        client.send(query(f"SELECT repeat('x', {ROW - 64}), page_id FROM pages {rest}"))
        client.read_until("D")
        with p.logged_in(other.port) as bystander:      # it holds up nobody
            equal(wire.kinds(bystander.query("SELECT 1")), "TDCZ")
        count, answers = rows_and_rest(client)
        grown = (memory_peak(other) - before) // MB
        equal((count + 1, tags(answers)), (total, [f"SELECT {total}"]))
        assert has_own_memory(p.program) or grown <= MOST_MB, f"{grown} MB more"
        if SIZE_MB > 500:
            print(f"      {SIZE_MB} MB: {grown} MB more")
