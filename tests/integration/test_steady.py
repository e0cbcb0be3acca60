"""In the steady state a query costs no memory, no epoll_ctl, and one recv and one send per
direction: counted by a library that is preloaded (tests/lib/counting.c)."""

import contextlib
import mmap
import struct
import subprocess
from pathlib import Path

from suite import rows
from test_tls import tls
from test_tls_servers import nodes_with_tls, to_nodes
from wire import SYNC, bind, describe, execute, parse, query, tls_context

SOURCE = Path(__file__).resolve().parents[1] / "lib" / "counting.c"
QUERIES, KEYS = 500, 5
# Other threads look at the servers from time to time.
STRAY = QUERIES // 10
OPENSSL = 12


def is_sanitized(program):
    return b"__asan_init" in Path(program).read_bytes()


@contextlib.contextmanager
def counted(p, *edits):
    """A shardward whose calls are counted, and a function that returns the counts so far."""
    library, file = p.dir / "counting.so", p.dir / "counts"
    sanitized = is_sanitized(p.program)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", *(["-DSOCKETS_ONLY"] if sanitized else []),
                    "-o", library, SOURCE, "-ldl"], check=True)
    file.write_bytes(bytes(32))
    other = p.another("counting.log", *edits)
    other.start(LD_PRELOAD=str(library), COUNTING_FILE=str(file),
                **({"ASAN_OPTIONS": "verify_asan_link_order=0:exitcode=99"} if sanitized else {}))
    try:
        with open(file, "r+b") as shared, mmap.mmap(shared.fileno(), 32) as memory:
            yield other, lambda: struct.unpack("4Q", memory[:])
    finally:
        assert other.stop() == 0


def literal(key, _):
    return query(f"SELECT name FROM patients WHERE patient_id = {key} AND name <> 'it''s'")


def unnamed(key, _):
    return (parse("SELECT name FROM patients WHERE patient_id = $1") + bind([str(key)]) +
            describe("P") + execute() + SYNC)


def named(key, is_first):
    return ((parse("SELECT name FROM patients WHERE patient_id = $1", "s") if is_first else b"") +
            bind([str(key)], "s") + describe("P") + execute() + SYNC)


@rows((("simple queries with literals", literal), ("the unnamed statement", unnamed),
       ("a named statement", named)))
def a_query_costs_what_it_must(p, flight):
    count(p, flight)


@rows((("simple queries with literals", literal), ("a named statement", named)))
def a_query_costs_no_more_in_tls(p, flight):
    """But for OpenSSL's memory: of each of the four records its buffer, and what it writes it by."""
    with nodes_with_tls(p):
        count(p, flight, tls(p, "require"), *to_nodes(p, "require"), context=tls_context(),
              memory=OPENSSL)


@rows((("simple queries with literals", literal), ("a named statement", named)))
def a_query_on_a_server_that_is_kept_costs_no_more(p, flight):
    count(p, flight, ("mode: transaction", "mode: session"))


def count(p, flight, *edits, context=None, memory=0):
    keys = [p.new_key() for _ in range(KEYS)]
    with counted(p, *edits) as (other, counts), p.logged_in(other.port, context) as client:
        client.ask(flight(keys[0], True))
        for number in range(QUERIES):
            client.ask(flight(keys[number % KEYS], False))
        before = counts()
        for number in range(QUERIES):
            client.ask(flight(keys[number % KEYS], False))
        heap, recvs, sends, controls = (b - a for a, b in zip(before, counts()))
    assert heap <= memory * QUERIES + STRAY, f"{heap} allocations in {QUERIES} queries"
    assert controls <= STRAY, f"{controls} epoll_ctl in {QUERIES} queries"
    assert 2 * QUERIES <= recvs <= 2 * QUERIES + STRAY, f"{recvs} recv in {QUERIES} queries"
    assert 2 * QUERIES <= sends <= 2 * QUERIES + STRAY, f"{sends} send in {QUERIES} queries"
