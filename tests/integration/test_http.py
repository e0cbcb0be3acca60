"""The HTTP port: metrics that Prometheus can read, health, readiness, a page; and that nobody who
asks badly, slowly or too often harms anybody.
"""

import contextlib
import os
import random
import re
import signal
import socket
import threading
from html.parser import HTMLParser
from pathlib import Path

import guard
import monitoring
import wire
from guard import eventually, unharmed
from platform_under_test import DATABASE, USER
from suite import equal, rows, test
from test_pools import workers
from test_reload import changing
from test_stop import in_transaction, one_more
from topology import HTTP_PORT

ROOT = Path(__file__).resolve().parents[2]
CLIENTS_MOST = 64


def address(port):
    return ("127.0.0.1", port + HTTP_PORT)


def raw(port, request, timeout=20):
    """What comes back for these bytes, until the other end closes, or says nothing for so long."""
    found = b""
    with socket.create_connection(address(port), timeout) as client, \
            contextlib.suppress(OSError):
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        while more := client.recv(65536):
            found += more
    return found


# --- metrics ---

@test
def every_family_is_well_formed(p):
    with p.connect() as conn:
        conn.execute("SELECT count(*) FROM patients")
        found = monitoring.metrics(p.port)
    for name in found.types:
        assert name.startswith(("shardward_", "process_")), name
        assert found.helps[name].endswith("."), f"{name}: {found.helps[name]}"


def counted(p, port, work):
    """What work() adds to the metrics: their difference as a function of name and labels."""
    before = monitoring.metrics(port)
    work()
    after = monitoring.metrics(port)
    return lambda name, **labels: after.sum(name, **labels) - before.sum(name, **labels)


@rows([("one worker", 1), ("three workers", 3)])
def queries_are_counted_by_shard_and_user(p, count):
    key = p.new_patient("users_1")
    with p.another_shardward(workers(count)) as other:
        clients = [p.logged_in(other.port) for _ in range(6)]

        def work():
            for client in clients:
                client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
                client.query("BEGIN")
                client.query("SELECT count(*) FROM patients")
                client.query("SELECT 1/0")
                client.query("ROLLBACK")

        added = counted(p, other.port, work)
        for client in clients:
            client.close()
    mine = {"database": DATABASE, "user": USER}
    equal(added("shardward_queries_total", shard="users_1", **mine), 6)
    equal(added("shardward_queries_total", **mine), 30)
    equal(added("shardward_query_seconds_count", shard="users_1", database=DATABASE), 6)
    equal(added("shardward_query_seconds_count", shard="4 shards"), 6)
    equal(added("shardward_errors_total", **mine), 6)
    assert added("shardward_query_seconds_sum", shard="users_1") > 0
    assert added("shardward_received_bytes_total", **mine) > 30 * 10
    assert added("shardward_sent_bytes_total", **mine) > 30 * 10


CLASSES = [
    ("a read", "read", ["SELECT name FROM patients WHERE patient_id = {key}"]),
    ("a write", "write", ["UPDATE patients SET visits = 3 WHERE patient_id = {key}"]),
    ("a read over several shards", "several", ["SELECT count(*) FROM patients"]),
    ("an index is made", "ddl", ["CREATE INDEX of_a_class ON patients (name)", "DROP INDEX of_a_class"]),
    ("nothing for a server", "local", ["BEGIN", "ROLLBACK"]),
    ("the end of a transaction", "control",
     ["BEGIN", "SELECT name FROM patients WHERE patient_id = {key}", "COMMIT"]),
]


def copy_in(client, key):
    client.send(wire.query("COPY patients (patient_id, name) FROM STDIN"))
    client.read_until("G")
    client.send(wire.message("d", f"{key}\tcopied\n".encode()), wire.message("c"))
    equal(wire.kinds(client.read_until()), "CZ")


def classes_of(added):
    names = ("read", "write", "several", "copy", "ddl", "control", "session", "local")
    found = {name: int(added("shardward_class_queries_total", **{"class": name})) for name in names}
    return {name: count for name, count in found.items() if count}


@rows(CLASSES)
def a_query_is_counted_as_what_it_is(p, name, texts):
    key = p.new_patient("users_0")
    with p.another_shardward(workers(1)) as other, p.logged_in(other.port) as client:
        added = counted(p, other.port,
                        lambda: [client.query(text.format(key=key)) for text in texts])
    expected = {name: len(texts)}
    if name == "control":
        expected = {"control": 1, "read": 1, "local": 1}
    equal(classes_of(added), expected)
    measured = added("shardward_class_seconds_count", **{"class": name})
    equal(measured, 0 if name == "local" else expected[name])


@test
def copies_and_batches_are_counted_as_what_they_are(p):
    key, fresh = p.new_patient("users_0"), p.new_key("patients", "users_0")
    with p.another_shardward(workers(1)) as other, p.logged_in(other.port) as client:
        equal(classes_of(counted(p, other.port, lambda: copy_in(client, fresh))), {"copy": 1})
        added = counted(p, other.port, lambda: client.ask(
            wire.parse("BEGIN"), wire.bind(), wire.execute(),
            wire.parse(f"SELECT name FROM patients WHERE patient_id = {key}"), wire.bind(),
            wire.execute(), wire.parse("COMMIT"), wire.bind(), wire.execute(), wire.SYNC))
        assert classes_of(added) in ({"read": 1}, {"write": 1}), classes_of(added)


@rows([("a server's", "SELECT 1/0", "22"), ("one of ours", "UPDATE patients SET name = 1", "0A"),
       ("of several shards", "SELECT 1/(patient_id - patient_id) FROM patients", "22"),
       ("of the text", "SELEKT", "42")])
def errors_are_counted_by_class(p, text, sqlstate_class):
    p.new_patient("users_0")
    with p.logged_in() as client:
        added = counted(p, p.port, lambda: client.query(text))
    equal(added("shardward_sqlstates_total", **{"class": sqlstate_class}), 1)
    equal(added("shardward_sqlstates_total"), 1)


@test
def a_wrong_password_is_counted(p):
    def work():
        with p.wire() as client:
            client.login({"user": USER, "database": DATABASE}, "wrong")

    equal(counted(p, p.port, work)("shardward_sqlstates_total", **{"class": "28"}), 1)


@test
def what_is_refused_is_counted(p):
    with p.logged_in() as client:
        added = counted(p, p.port, lambda: client.query("UPDATE patients SET name = 1"))
    equal(added("shardward_refusals_total", database=DATABASE), 1)


@test
def clients_and_pools_are_counted_as_they_are_now(p):
    key = p.new_patient("users_0")
    with p.another_shardward(("size: 20", "size: 1"), workers(1)) as other:
        with p.logged_in(other.port) as busy, p.logged_in(other.port) as waits, \
                p.logged_in(other.port):
            ask = f"SELECT name FROM patients WHERE patient_id = {key}"
            busy.query("BEGIN")
            busy.query(ask)
            waits.send(wire.query(ask))
            pool = {"shard": "users_0", "user": USER, "database": DATABASE}

            def shown():
                found = monitoring.metrics(other.port)
                states = {labels["state"]: value for labels, value in
                          found.all("shardward_clients", database=DATABASE)}
                return ([states[state] for state in ("idle", "idle in transaction", "waiting")],
                        [found.one(f"shardward_pool_{name}", **pool)
                         for name in ("size", "lent", "idle", "waiting")])

            eventually(lambda: shown() == ([1, 1, 1], [1, 1, 0, 1]) or shown(), "one of each")
            assert monitoring.metrics(other.port).one("shardward_pool_longest_wait_seconds", **pool) > 0
            busy.query("COMMIT")
            equal(wire.kinds(waits.read_until()), "TDCZ")
            added = monitoring.metrics(other.port)
            assert added.sum("shardward_wait_seconds_total", shard="users_0") > 0
            equal(added.one("shardward_pool_idle", **pool), 1)


@test
def the_statement_cache_is_counted(p):
    with p.another_shardward(workers(1)) as other, p.logged_in(other.port) as client:
        text = "SELECT count(*) AS never_asked_before FROM hospitals"
        added = counted(p, other.port, lambda: [client.query(text) for _ in range(5)])
        equal(added("shardward_statement_cache_misses_total"), 1)
        equal(added("shardward_statement_cache_hits_total"), 4)
        assert added("shardward_statement_cache_bytes") > 0


@test
def each_node_of_each_cluster_is_there(p):
    found = monitoring.metrics(p.port)
    primaries = {(labels["cluster"], labels["node"]): value
                 for labels, value in found.all("shardward_node_primary")}
    with p.console() as conn:
        nodes = {(row[0], row[1]) for row in conn.execute("SHOW NODES")}
    equal(set(primaries), nodes)
    equal(sum(primaries.values()), len({cluster for cluster, _ in nodes}))
    equal({value for _, value in found.all("shardward_cluster_admits")}, {1.0})
    for cluster in {cluster for cluster, _ in nodes}:
        equal(found.one("shardward_cluster_events_total", cluster=cluster, event="failover"), 0)
        equal(found.one("shardward_lost_writes_total", cluster=cluster), 0)


@test
def the_process_is_described(p):
    found = monitoring.metrics(p.port)
    pid = p.shardward.process.pid
    started = os.stat(f"/proc/{pid}").st_ctime
    assert abs(found.one("process_start_time_seconds") - started) < 120
    assert found.one("process_resident_memory_bytes") > 1 << 20
    assert 5 < found.one("process_open_fds") < found.one("process_max_fds")
    assert 0 < found.one("process_cpu_seconds_total")
    equal(found.one("shardward_workers") + 1, len(found.all("shardward_loop_up")))


@test
def a_reload_and_a_refused_one_are_counted(p):
    with changing(p) as other:
        other.reload()
        equal(monitoring.metrics(other.port).one("shardward_last_reload_refused"), 0)
        other.reload(("size: 20", "size: many"))
        found = monitoring.metrics(other.port)
        equal(found.one("shardward_last_reload_refused"), 1)
        equal([found.one("shardward_reloads_total", result=word) for word in ("used", "refused")],
              [1, 1])


# --- the example rules ---

def rules():
    """name -> text of each rule; the text of an expression may go over several lines."""
    text = (ROOT / "conf" / "prometheus-alerts.yaml").read_text()
    return dict(re.findall(r"- alert: (\w+)\n(.*?)(?=\n +- alert: |\n  - name: |\Z)", text, re.S))


def families_of_the_source():
    text = "".join(path.read_text() for path in (ROOT / "src" / "admin").glob("metrics*.c"))
    return set(re.findall(r'"((?:shardward|process)_\w+)"', text))


@test
def every_metric_of_the_rules_exists_and_has_their_labels(p):
    with p.logged_in() as client:
        client.query("SELECT 1/0")
    known, found = families_of_the_source(), monitoring.metrics(p.port)
    equal(set(found.types) - known, set(), "families are found in the source")
    assert len(rules()) > 15, rules().keys()
    for name, text in rules().items():
        expression = re.search(r"expr: (.*?)\n +(?:for|labels):", text, re.S)[1]
        assert re.search(r"labels: \{severity: (page|ticket)\}", text), name
        assert re.search(r'annotations:\n +summary: "[^"]+"', text), name
        used = re.findall(r"((?:shardward|process)_\w+)(?:\{(\w+)=\"([^\"]+)\"\})?", expression)
        assert used or name == "ShardwardDown", name
        for metric, label, value in used:
            assert re.sub(r"_bucket$", "", metric) in known, f"{name}: {metric}"
            if label == "event":
                assert found.all(metric, event=value), f"{name}: {metric} {label}={value}"
            elif label:
                assert any(label in labels for labels, _ in found.all(metric)), f"{name}: {label}"
        for label in re.findall(r"\$labels\.(\w+)", text):
            assert label in ("instance", "cluster", "node", "loop", "database", "user", "shard"), name


# --- health and readiness ---

@test
def all_is_well(p):
    equal([(monitoring.ask(p.port, path).status, monitoring.ask(p.port, path).text)
           for path in ("/healthz", "/readyz")], [(200, "ok\n"), (200, "ready\n")])


def stuck(port, loop):
    """What /healthz says when that loop does not answer."""
    answer = monitoring.ask(port, "/healthz")
    return answer.status == 503 and re.fullmatch(rf"{loop} has not answered for \d+ ms\n",
                                                 answer.text) is not None or answer.text


@rows([("a worker", "worker 1", "worker 1"), ("the control thread", "shardward", "control")])
def a_thread_that_hangs_is_told_of_and_not_waited_for(p, thread, loop):
    with p.another_shardward(workers(2)) as other:
        before = monitoring.metrics(other.port)
        number = monitoring.thread_named(other.process.pid, thread)
        with monitoring.still(number):
            equal(stuck(other.port, loop), True)
            # Nobody waits for it again: a hundred seconds would be too long for a test.
            for _ in range(100):
                equal(monitoring.ask(other.port, "/healthz").status, 503)
            equal(monitoring.ask(other.port, "/readyz").status, 503)
            meanwhile = monitoring.metrics(other.port)
            equal(meanwhile.one("shardward_loop_up", loop=loop), 0)
            equal(meanwhile.sum("shardward_loop_up"), 2)
            assert meanwhile.sum("shardward_queries_total") >= before.sum("shardward_queries_total")
        eventually(lambda: monitoring.ask(other.port, "/healthz").status == 200 or "still ill",
                   "it is well again")
        equal(monitoring.metrics(other.port).sum("shardward_loop_up"), 3)


@test
def it_is_alive_but_not_ready_while_it_drains(p):
    key = p.new_patient("users_0")
    with one_more(p) as other, in_transaction(p, other, key) as busy:
        equal(monitoring.ask(other.port, "/readyz").status, 200)
        other.process.terminate()
        eventually(lambda: monitoring.ask(other.port, "/readyz").status == 503 or "ready", "draining")
        answer = monitoring.ask(other.port, "/readyz")
        assert "draining" in answer.text, answer.text
        equal(monitoring.ask(other.port, "/healthz").status, 200)
        equal(monitoring.metrics(other.port).one("shardward_draining"), 1)
        busy.query("COMMIT")
        equal(other.process.wait(10), 0)


# --- the page ---

class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        equal(self.open.pop(), tag, "tags are closed in their order")

    def handle_data(self, data):
        self.words.append(data)


@test
def the_page_shows_clusters_shards_and_pools_and_needs_nothing_else(p):
    with p.connect() as conn:
        conn.execute("SELECT count(*) FROM hospitals")
        answer = monitoring.ask(p.port, "/")
    equal((answer.status, answer.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
    page = Page(answer.text)
    equal(page.open, [], "all tags are closed")
    for word in ("ready", "institutions", "c1", "c1-east", USER):
        assert word in page.words, f"{word} is not in {page.words}"
    assert not [t for t, a in page.tags if t in ("script", "img", "link") or "src" in a], page.tags


# --- who asks badly ---

@rows([("an unknown path", "GET", "/nothing", 404), ("a path of files", "GET", "/../etc/passwd", 404),
       ("an unknown path, posted to", "POST", "/nothing", 404),
       ("a post", "POST", "/metrics", 405), ("a put", "PUT", "/", 405),
       ("a delete", "DELETE", "/healthz", 405), ("options", "OPTIONS", "/readyz", 405),
       ("a head", "HEAD", "/metrics", 200), ("a query behind the path", "GET", "/healthz?verbose=1", 200)])
def other_requests(p, method, path, status):
    answer = monitoring.ask(p.port, path, method)
    equal(answer.status, status)
    if status == 405:
        equal(answer.headers["Allow"], "GET, HEAD")
    if method == "HEAD":
        equal(answer.text, "")
        assert int(answer.headers["Content-Length"]) > 1000


@test
def a_body_is_not_taken_for_the_next_request(p):
    said = raw(p.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n"
                       b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
    equal(said.count(b"HTTP/1.1 "), 1, said)


@test
def requests_may_follow_one_another_on_one_connection(p):
    with socket.create_connection(address(p.port), 20) as client:
        for _ in range(3):
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            said = b""
            while not said.endswith(b"ok\n"):
                more = client.recv(65536)
                assert more, said
                said += more


BAD = [("nothing", b""), ("zeros", b"\0" * 1000), ("no line end", b"GET / HTTP/1.1"),
       ("PostgreSQL", b"\0\0\0\x08\x04\xd2\x16\x2f"), ("TLS", b"\x16\x03\x01\x02\x00\x01\x00"),
       ("a version of one's own", b"GET / HTTP/9.9\r\n\r\n"), ("no host", b"GET / HTTP/1.1\r\n\r\n"),
       ("a long path", b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n"),
       ("a long header", b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"),
       ("many headers", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20_000 + b"\r\n"),
       ("a length that is none", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
       ("a length beyond all", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"),
       ("chunks that are none", b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
       ("an escape in the path", b"GET /%00metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
       ("spaces", b" " * 5000 + b"\r\n\r\n")]


@rows(BAD)
def garbage_is_answered_or_cut_off(p, request):
    with unharmed(p, p.shardward):
        said = raw(p.port, request, timeout=0.3)
        assert not said or said.startswith(b"HTTP/1."), said[:200]
        assert b" 200 " not in said.split(b"\r\n")[0] or request.startswith(b"GET / HTTP/"), said[:200]
    equal(monitoring.ask(p.port, "/healthz").status, 200)


@test
def random_changes_of_good_requests_harm_nobody(p):
    chance = random.Random(7)
    good = [b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
            b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            b"POST /readyz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"]
    with unharmed(p, p.shardward):
        for _ in range(400):
            request = bytearray(chance.choice(good) * chance.randint(1, 3))
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(len(request))
                kind = chance.randrange(3)
                if kind == 0:
                    request[at] = chance.randrange(256)
                elif kind == 1:
                    del request[at:at + chance.randint(1, 9)]
                else:
                    request[at:at] = bytes(chance.choices(b"\r\n\0 :%", k=chance.randint(1, 5)))
                request = request or bytearray(b"\r")
            raw(p.port, bytes(request), timeout=0.3)
    equal(monitoring.ask(p.port, "/healthz").status, 200)


# --- who is slow, and who are many ---

@test
def slow_clients_do_not_keep_others_out(p):
    """As many as there may be, who never end their request: the next one is served all the same."""
    with contextlib.ExitStack() as stack, unharmed(p):
        slow = [stack.enter_context(socket.create_connection(address(p.port), 20))
                for _ in range(CLIENTS_MOST)]
        for client in slow:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        for _ in range(3):
            equal(monitoring.ask(p.port, "/healthz").status, 200)
        equal(slow[0].recv(1), b"", "the oldest has made room")
        slow[-1].sendall(b"no\r\n\r\n")
        assert slow[-1].recv(100).startswith(b"HTTP/1.1 200"), "the youngest is served"


@test
def a_thousand_connections_are_not_kept(p):
    with contextlib.ExitStack() as stack, unharmed(p):
        for _ in range(1000):
            stack.enter_context(socket.create_connection(address(p.port), 20))
        equal(monitoring.ask(p.port, "/readyz").status, 200)
        eventually(lambda: open_sockets(p) <= CLIENTS_MOST + 1 or open_sockets(p), "few are kept")
    eventually(lambda: open_sockets(p) == 1 or open_sockets(p), "all have gone")


def open_sockets(p):
    """The sockets of shardward at the HTTP port, the one that listens among them."""
    ours = set(guard.files_of(p.shardward.process.pid))
    return sum(f"socket:[{inode}]" in ours
               for inode in guard.sockets_at("127.0.0.1", p.port + HTTP_PORT))


@test
def who_knocks_while_no_file_is_left_is_answered_later(p):
    with contextlib.ExitStack() as stack:
        with guard.file_limit(p.shardward, 0):
            clients = [stack.enter_context(socket.create_connection(address(p.port), 20))
                       for _ in range(3)]
            for client in clients:
                client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            eventually(lambda: "http-accept-failed" in p.shardward.log() or "not yet", "it has tried")
        for client in clients:
            assert client.recv(100).startswith(b"HTTP/1.1 200"), "it is answered"


@test
def many_who_ask_at_once_are_all_answered(p):
    statuses, lock = [], threading.Lock()

    def work():
        for _ in range(20):
            status = monitoring.ask(p.port, "/metrics").status
            with lock:
                statuses.append(status)

    threads = [threading.Thread(target=work) for _ in range(8)]
    with unharmed(p):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    equal(statuses, [200] * 160)


# --- reload ---

def is_open(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


@test
def another_address_is_used_after_a_reload(p):
    with changing(p) as other:
        here, there = other.port + HTTP_PORT, other.port + HTTP_PORT + 1
        log = other.reload((f"http: 127.0.0.1:{here}", f"http: 127.0.0.1:{there}"))
        assert f"http: 127.0.0.1:{here} -> 127.0.0.1:{there}" in log, log
        equal((is_open(here), is_open(there)), (False, True))
        equal(monitoring.ask(other.port + 1, "/readyz").status, 200)
        log = other.reload((f"http: 127.0.0.1:{here}", ""))
        assert "http: removed" in log, log
        equal((is_open(here), is_open(there)), (False, False))
        other.reload()
        equal(is_open(here), True)
        equal(monitoring.metrics(other.port).one("shardward_reloads_total", result="used"), 3)


@test
def an_address_that_is_taken_refuses_the_reload(p):
    with changing(p) as other, socket.create_server(("127.0.0.1", other.port + HTTP_PORT + 1)):
        here, there = other.port + HTTP_PORT, other.port + HTTP_PORT + 1
        log = other.reload((f"http: 127.0.0.1:{here}", f"http: 127.0.0.1:{there}"))
        assert "reload-refused" in log and f"127.0.0.1:{there}" in log, log
        equal(monitoring.ask(other.port, "/healthz").status, 200)


@test
def an_address_that_is_taken_is_an_error_at_start(p):
    with socket.create_server(("127.0.0.1", p.port + 3 + HTTP_PORT)):
        said = p.refuses_to_run()
    assert f"cannot listen on 127.0.0.1:{p.port + 3 + HTTP_PORT}" in said, said


@test
def a_question_under_way_does_not_keep_it_from_ending(p):
    with one_more(p, workers(2)) as other, \
            socket.create_connection(address(other.port), 20) as client:
        with monitoring.still(monitoring.thread_named(other.process.pid, "worker 0")):
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            other.process.send_signal(signal.SIGINT)
        equal(other.process.wait(10), 0)
