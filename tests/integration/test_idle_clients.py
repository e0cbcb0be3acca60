"""What clients cost that are connected and say nothing."""

import resource

from platform_under_test import DATABASE
from suite import test
from test_transactions import eventually

MOST_KB = 3         # of memory for each
TRUSTED = ("users:\n  booking:", "users:\n  trusted:\n    auth: trust\n"
           "    server: {user: booking, password: booking}\n  booking:")


def resident_kb(process):
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() // 1024


def is_sanitized(p):
    """A sanitizer's own memory is many times that of what it watches."""
    with open(p.program, "rb") as program:
        text = program.read()
    return b"__asan_init" in text or b"__tsan_init" in text


def enter(p, port):
    client = p.wire(port)
    client.login({"user": "trusted", "database": DATABASE}, "")
    return client


@test
def an_idle_client_costs_three_kilobytes_that_are_given_back(p):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients, count, most_kb = [], 10000, MOST_KB
    if is_sanitized(p):
        count, most_kb = 1000, 60
    try:
        with p.another_shardward(TRUSTED) as other:
            for client in [enter(p, other.port) for _ in range(200)]:    # what the first ones cost
                client.close()
            before = resident_kb(other.process)
            clients = [enter(p, other.port) for _ in range(count)]
            cost = (resident_kb(other.process) - before) / count
            assert cost <= most_kb, f"{cost:.2f} kB each"
            for client in clients:
                client.close()
            eventually(lambda: is_sanitized(p) or
                       resident_kb(other.process) - before < count * cost / 4,
                       "three quarters are given back", 20)
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
