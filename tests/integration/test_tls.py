"""TLS to clients: who gets it, who must have it, what is shown, and that nobody is harmed by who
does it wrong."""

import asyncio
import base64
import contextlib
import hashlib
import os
import random
import socket
import ssl
import struct
import threading
import time

import asyncpg
import certificates
import psycopg
import wire
from guard import unharmed
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, test
from test_bad_config import FAULT
from test_idle_clients import is_sanitized, resident_kb
from test_pools import workers
from test_reload import DOORS, Changing
from test_transactions import eventually

MB = 1024 * 1024
AS = {"user": USER, "database": DATABASE}
HANDSHAKE = b"\x16\x03\x01"


def made(p):
    """The certificates of this run, made once."""
    if not hasattr(p, "certificates"):
        p.certificates = certificates.make_all(p.dir / "certificates")
    return p.certificates


def tls(p, mode="prefer", server="server", more=""):
    """The edit that adds the section."""
    own = made(p)
    ca = f"ca: {own.path('ca.crt')}, " if mode.startswith("verify") else ""
    return ("workers: auto\n",
            f"workers: auto\ntls: {{mode: {mode}, certificate: {own.path(server + '.crt')}, {ca}"
            f"key: {own.path(server + '.key')}{more}}}\n")


@contextlib.contextmanager
def with_tls(p, *edits, mode="prefer", more="", server="server"):
    with p.another_shardward(tls(p, mode, server, more), *edits) as other:
        yield Changing(other)


def libpq(p, other, sslmode, **options):
    """(in TLS?, None) of a connection that answers a query, or (None, what libpq said)."""
    own = made(p)
    options = {"sslrootcert": own.path("ca.crt"), "sslcert": p.dir / "none",
               "sslcrl": p.dir / "none", "gssencmode": "disable", **options}
    if sslmode in ("prefer", "require", "allow", "disable"):
        options["sslrootcert"] = p.dir / "none"
    try:
        with p.connect(other.port, sslmode=sslmode, **options) as conn:
            equal(conn.execute("SELECT 1").fetchone(), (1,))
            return bool(conn.pgconn.ssl_in_use), None
    except psycopg.OperationalError as error:
        return None, str(error)


# Modes

MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
NO = "no"       # no connection
# What becomes of a client of each sslmode, in the order of MODES; of those that verify, the client
# shows a certificate of the authority.
OUTCOMES = {
    "disable": [False, False, False, NO, NO, NO],
    "allow": [False, False, True, True, True, True],
    "prefer": [False, False, True, True, True, True],
    "require": [NO, True, True, True, True, True],
    "verify-ca": [NO, True, True, True, True, True],
    "verify-full": [NO, True, True, True, True, True],
}


@rows([(mode, mode, outcomes) for mode, outcomes in OUTCOMES.items()])
def every_sslmode_of_libpq_gets_what_the_mode_says(p, mode, outcomes):
    own = made(p)
    shown = {"sslcert": own.path("client.crt"), "sslkey": own.path("client.key")}
    with with_tls(p, mode=mode) as other:
        for sslmode, outcome in zip(MODES, outcomes):
            options = shown if mode.startswith("verify") and sslmode != "disable" else {}
            got, why = libpq(p, other, sslmode, **options)
            equal(NO if got is None else got, outcome, f"sslmode {sslmode}: {why}")


@test
def who_comes_without_tls_where_it_is_required_is_told(p):
    with with_tls(p, mode="require") as other, p.wire(other.port) as client:
        fields = wire.error_of(client.login(AS, PASSWORD))
        equal((fields["S"], fields["C"], fields["M"]), ("FATAL", "28000", "SSL required"))
        assert "sslmode=require" in fields["H"], fields


@test
def a_client_is_verified_by_its_certificate(p):
    own = made(p)
    with with_tls(p, mode="verify-ca") as other:
        for name, is_let_in in (("client", True), ("false", False), (None, False)):
            shown = {} if name is None else {"sslcert": own.path(f"{name}.crt"),
                                             "sslkey": own.path(f"{name}.key")}
            got, why = libpq(p, other, "require", **shown)
            equal(got, True if is_let_in else None, f"{name}: {why}")
        log = other.other.log()
        assert "tls-handshake-failed" in log, log[-2000:]


@test
def a_server_is_verified_by_its_name(p):
    with with_tls(p) as other:
        got, why = libpq(p, other, "verify-full")
        equal(got, True, why)
        got, why = libpq(p, other, "verify-ca", sslrootcert=made(p).path("stranger.crt"))
        equal(got, None)
        assert "certificate verify failed" in why, why


# Versions and protocols

@rows([("TLS 1.2", ssl.TLSVersion.TLSv1_2, "", "TLSv1.2"),
       ("TLS 1.3", ssl.TLSVersion.TLSv1_3, "", "TLSv1.3"),
       ("TLS 1.1, which is too old", ssl.TLSVersion.TLSv1_1, "", None),
       ("TLS 1.2, where 1.3 is the least", ssl.TLSVersion.TLSv1_2, ", min_version: 1.3", None)])
def a_version_is_taken_or_refused(p, version, more, expected):
    with with_tls(p, more=more) as other, p.wire(other.port) as client:
        try:
            client.request_tls(wire.tls_context(version=version))
        except (ssl.SSLError, ConnectionError):
            equal(None, expected)
            return
        equal(client.socket.version(), expected)
        equal(wire.kinds(client.login(AS, PASSWORD)), "KZ")


@test
def the_ciphers_of_the_file_are_those_of_tls_1_2(p):
    cipher = "ECDHE-ECDSA-AES128-GCM-SHA256"
    context = wire.tls_context(version=ssl.TLSVersion.TLSv1_2)
    with with_tls(p, more=f", ciphers: {cipher}") as other, p.wire(other.port) as client:
        client.request_tls(context)
        equal(client.socket.cipher()[0], cipher)


@rows([("postgresql", ("postgresql",), "postgresql"), ("postgresql and others",
       ("http/1.1", "postgresql"), "postgresql"), ("none", (), None), ("others", ("http/1.1",), NO)])
def a_protocol_may_be_named_behind_a_request(p, protocols, chosen):
    with with_tls(p) as other, p.wire(other.port) as client:
        try:
            client.request_tls(wire.tls_context(*protocols))
        except ssl.SSLError:
            equal(NO, chosen)
            return
        equal(client.socket.selected_alpn_protocol(), chosen)
        equal(wire.kinds(client.login(AS, PASSWORD)), "KZ")


@test
def tls_may_begin_at_once_as_in_postgresql_17(p):
    with with_tls(p, mode="require") as other, p.wire(other.port) as client:
        client.begin_tls(wire.tls_context("postgresql"))
        equal(client.socket.selected_alpn_protocol(), "postgresql")
        equal(wire.kinds(client.login(AS, PASSWORD)), "KZ")
        equal(wire.rows_of(client.query("SELECT 7")), [["7"]])


@rows([("no protocol", ()), ("another protocol", ("http/1.1",))])
def tls_at_once_needs_the_protocol_postgresql(p, protocols):
    with with_tls(p) as other, p.wire(other.port) as client:
        try:
            client.begin_tls(wire.tls_context(*protocols))
            client.send(wire.startup(AS))
            equal(client.read_to_end(), [])
        except (ssl.SSLError, ConnectionError):
            pass
        assert "tls-handshake-failed" in other.other.log()


@test
def tls_at_once_where_there_is_none_ends_the_connection(p):
    with p.wire() as client:
        try:
            client.begin_tls(wire.tls_context("postgresql"))
            assert False, "a handshake"
        except (ssl.SSLError, ConnectionError):
            pass


# Before and inside of the handshake

@test
def bytes_behind_the_request_are_refused(p):
    with with_tls(p) as other, p.wire(other.port) as client:
        client.send(wire.SSL_REQUEST + wire.startup(AS))
        fields = wire.error_of(client.read_to_end())
        equal((fields["S"], fields["C"]), ("FATAL", "08P01"))


@rows([("for TLS", wire.SSL_REQUEST, "5679"), ("for GSS encryption", wire.GSSENC_REQUEST, "5680")])
def a_request_inside_of_tls_is_fatal(p, request, minor):
    with with_tls(p) as other, p.wire(other.port) as client:
        client.request_tls()
        client.send(request)
        fields = wire.error_of(client.read_to_end())
        equal((fields["S"], fields["C"]), ("FATAL", "0A000"))
        equal(fields["M"],
              f"unsupported frontend protocol 1234.{minor}: server supports 3.0 to 3.0")


@test
def a_request_for_gss_encryption_gets_n_and_then_tls_begins(p):
    with with_tls(p) as other, p.wire(other.port) as client:
        client.send(wire.GSSENC_REQUEST)
        equal(client.read_bytes(1), b"N")
        client.request_tls()
        equal(wire.kinds(client.login(AS, PASSWORD)), "KZ")


@test
def a_cancel_request_inside_of_tls_is_as_good_as_one_outside(p):
    key = p.new_patient(p.shards("users")[0])
    sleep = wire.query(f"SELECT pg_sleep(20) FROM patients WHERE patient_id = {key}")
    with with_tls(p) as other, p.logged_in(other.port, wire.tls_context()) as client:
        for begin in (wire.Wire.request_tls, lambda _: None):
            client.send(sleep)
            time.sleep(0.3)
            with p.wire(other.port) as canceller:
                begin(canceller)
                canceller.send(struct.pack("!II", 16, 80877102) + client.key)
                equal(canceller.read_to_end(), [])
            equal(wire.error_of(client.read_ready())["C"], "57014")
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


@test
def half_handshakes_and_rubbish_harm_nobody_and_end_with_the_login_time(p):
    hello = client_hello()
    dice = random.Random(7)
    starts = ([wire.SSL_REQUEST + b"", HANDSHAKE, hello[:50], hello]
              + [HANDSHAKE + dice.randbytes(1 + 40 * n) for n in range(10)])
    with with_tls(p, ("login: 10s", "login: 1s")) as other, unharmed(p):
        clients = []
        for start in starts:
            for asks_first in (True, False):
                client = p.wire(other.port)
                clients.append(client)
                if asks_first:
                    client.send(wire.SSL_REQUEST)
                    equal(client.read_bytes(1), b"S")
                client.send(start)
        with p.logged_in(other.port, wire.tls_context()) as bystander:
            equal(wire.rows_of(bystander.query("SELECT 1")), [["1"]])
            began = time.monotonic()
            for client in clients:
                to_the_end(client)
            assert time.monotonic() - began < 5
            equal(wire.rows_of(bystander.query("SELECT 1")), [["1"]])


def client_hello():
    """The first flight of a client that names the protocol."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        wire.tls_context("postgresql").wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def to_the_end(client):
    client.socket.settimeout(wire.TIMEOUT_S)
    with contextlib.suppress(ConnectionError):
        while client.socket.recv(65536):
            pass
    client.close()


@test
def rubbish_behind_a_handshake_ends_that_client_alone(p):
    with with_tls(p) as other, unharmed(p):
        for seed in range(10):
            client = p.wire(other.port)
            client.request_tls()
            raw = socket.socket(fileno=os.dup(client.socket.fileno()))
            raw.settimeout(wire.TIMEOUT_S)
            raw.sendall(random.Random(seed).randbytes(1 + 1000 * seed))
            raw.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while raw.recv(65536):
                    pass
            raw.close()
            client.socket.detach()
        with p.logged_in(other.port, wire.tls_context()) as client:
            equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


# Bytes

def exchange(client, size):
    """A value of that size goes to a server and comes back; the seconds that took."""
    value = ("0123456789abcdef" * (size // 16)).encode()
    flight = (wire.parse("SELECT $1::text", types=[25]) + wire.bind([value]) + wire.execute()
              + wire.SYNC)
    began = time.monotonic()
    client.send(flight)
    answers = client.read_ready()
    took = time.monotonic() - began
    got = [a.values()[0] for a in answers if a.kind == "D"]
    assert got == [value], f"{len(got)} rows, {answers[-2:]!r:.300}"
    return took


@test
def a_row_of_forty_megabytes_takes_four_times_as_long_as_one_of_ten(p):
    with with_tls(p) as other, p.logged_in(other.port, wire.tls_context()) as client:
        exchange(client, MB)
        ten = min(exchange(client, 10 * MB) for _ in range(2))
        forty = exchange(client, 40 * MB)
        assert forty < 10 * ten + 1, f"{ten:.2f} s, {forty:.2f} s"


@rows([("all at once", 1 << 30), ("in pieces of 1,000 bytes", 1000), ("in pieces of 16,385", 16385)])
def a_long_flight_is_answered_whole(p, piece):
    """Far more than shardward reads at a time, so that TLS holds bytes that no poll tells of."""
    count, filler = 400, "x" * 3000
    flight = b"".join(wire.parse(f"SELECT {n} /* {filler} */") + wire.bind() + wire.execute()
                      + wire.SYNC for n in range(count))
    with with_tls(p) as other, p.logged_in(other.port, wire.tls_context()) as client:
        for at in range(0, len(flight), piece):
            client.send(flight[at:at + piece])
        answers = client.read_ready(count)
        equal(wire.rows_of(answers), [[str(n)] for n in range(count)])


@test
def a_client_that_reads_slowly_costs_no_memory_and_gets_all(p):
    size, count = 1000, 100_000
    with with_tls(p) as other, p.logged_in(other.port, wire.tls_context()) as client:
        client.query("SELECT 1")
        before = resident_kb(other.other.process)
        client.send(wire.query(f"SELECT g, repeat('x', {size}) FROM generate_series(1, {count}) g"))
        time.sleep(1)
        grown = resident_kb(other.other.process) - before
        assert is_sanitized(p) or grown < 8 * 1024, f"{grown} kB"
        with p.logged_in(other.port, wire.tls_context()) as bystander:
            equal(wire.rows_of(bystander.query("SELECT 1")), [["1"]])
        answers = client.read_ready()
        equal([int(a.values()[0]) for a in answers if a.kind == "D"], list(range(1, count + 1)))


@test
def the_end_of_a_client_is_told_inside_of_tls(p):
    """libpq would complain of an unexpected end otherwise."""
    with with_tls(p) as other, p.logged_in(other.port, wire.tls_context()) as client:
        client.send(wire.TERMINATE)
        equal(client.socket.recv(1), b"")


# Drivers

@test
def psql_says_that_the_connection_is_in_tls(p):
    with with_tls(p) as other:
        got = p.run("/usr/lib/postgresql/15/bin/psql", "-X", "-h", "127.0.0.1", "-p", other.port,
                    "-U", USER, "-d", DATABASE, "-c", r"\conninfo", PGPASSWORD=PASSWORD,
                    PGSSLMODE="require").stdout
        assert "SSL connection (protocol: TLSv1.3" in got, got


@test
def asyncpg_works_in_tls(p):
    context = ssl.create_default_context(cafile=made(p).path("ca.crt"))
    keys = [p.new_patient(shard) for shard in p.shards("users")]

    async def live(port):
        async with asyncpg.create_pool(host="127.0.0.1", port=port, user=USER, password=PASSWORD,
                                       database=DATABASE, ssl=context, min_size=2,
                                       max_size=4) as pool:
            names = await asyncio.gather(*(
                pool.fetchval("SELECT name FROM patients WHERE patient_id = $1", key)
                for key in keys * 10))
            equal(set(names), {"Ada"})
    with with_tls(p) as other:
        asyncio.run(live(other.port))


@test
def many_clients_in_tls_do_their_work_at_once(p):
    keys = [p.new_patient(shard) for shard in p.shards("users")]
    failures = []

    def work(port, key):
        try:
            with p.connect(port, sslmode="require") as conn:
                for _ in range(50):
                    conn.execute("UPDATE patients SET visits = visits + 1 WHERE patient_id = %s",
                                 (key,))
        except psycopg.Error as error:
            failures.append(str(error))
    with with_tls(p) as other:
        threads = [threading.Thread(target=work, args=(other.port, key)) for key in keys * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    equal(failures, [])
    for shard, key in zip(p.shards("users"), keys):
        equal(p.rows(shard, "SELECT visits FROM patients WHERE patient_id = %s", (key,)), [(200,)])


# SCRAM-SHA-256-PLUS

def first_message(client, mechanism, message):
    """What a client's first SASL message is answered with."""
    client.send(wire.startup(AS))
    offer = client.read()
    client.send(wire.message("p", wire.text(mechanism) + struct.pack("!I", len(message)) + message))
    return offer, client.read()


BIND = b"p=tls-server-end-point,,"
PLAIN, PLUS = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"


@rows([("n", PLAIN, b"n,,", None), ("y", PLAIN, b"y,,", "28000"), ("p", PLAIN, BIND, "08P01"),
       ("n with PLUS", PLUS, b"n,,", "08P01"), ("y with PLUS", PLUS, b"y,,", "08P01"),
       ("p with PLUS", PLUS, BIND, None), ("another type", PLUS, b"p=tls-unique,,", "08P01"),
       ("no type", PLUS, b"p,,", "08P01"), ("an unknown mechanism", "SCRAM-SHA-1", b"n,,", "08P01")])
def channel_binding_is_negotiated_as_postgresql_does(p, mechanism, header, refused):
    with with_tls(p) as other, p.wire(other.port) as client:
        client.request_tls()
        offer, answer = first_message(client, mechanism, header + b"n=,r=abcdefgh")
        equal(offer.body[4:], b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")
        equal(answer.fields()["C"] if answer.kind == "E" else None, refused, str(answer))


@test
def without_tls_no_binding_is_offered_and_y_is_fine(p):
    with with_tls(p) as other, p.wire(other.port) as client:
        offer, answer = first_message(client, PLAIN, b"y,,n=,r=abcdefgh")
        equal((offer.body[4:], answer.kind), (b"SCRAM-SHA-256\0\0", "R"))


@rows([("an elliptic curve", "server"), ("RSA", "renewed")])
def libpq_may_require_channel_binding(p, server):
    with with_tls(p, server=server) as other:
        got, why = libpq(p, other, "require", channel_binding="require")
        equal(got, True, why)
        got, why = libpq(p, other, "disable", channel_binding="require")
        equal(got, None, why)


@test
def another_channel_than_ours_is_noticed(p):
    with with_tls(p) as other, p.wire(other.port) as client:
        client.request_tls()
        _, answer = first_message(client, PLUS, BIND + b"n=,r=abcdefgh")
        nonce = answer.body[4:].decode().split(",")[0]
        binding = base64.b64encode(BIND + hashlib.sha256(b"another certificate").digest()).decode()
        client.send(wire.message("p", f"c={binding},{nonce},p={'A' * 43}=".encode()))
        fields = wire.error_of(client.read_to_end())
        equal((fields["C"], fields["M"]), ("28000", "SCRAM channel binding check failed"))


# Reload

def print_shown(port):
    context = wire.tls_context("postgresql")
    with socket.create_connection(("127.0.0.1", port), wire.TIMEOUT_S) as plain:
        with context.wrap_socket(plain) as client:
            return hashlib.sha256(client.getpeercert(binary_form=True)).hexdigest()


def print_of(p, name):
    text = made(p).path(f"{name}.crt").read_text()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest()


@rows(DOORS)
def a_reload_brings_another_certificate_and_drops_nobody(p, count):
    own = made(p)
    certificate, key = own.path("live.crt"), own.path("live.key")

    def put(name):
        certificate.write_bytes(own.path(f"{name}.crt").read_bytes())
        key.write_bytes(own.path(f"{name}.key").read_bytes())
        key.chmod(0o600)
    put("server")
    with with_tls(p, workers(count), server="live") as other:
        with p.logged_in(other.port, wire.tls_context()) as client:
            equal(print_shown(other.port), print_of(p, "server"))
            put("renewed")
            equal(print_shown(other.port), print_of(p, "server"))
            log = other.reload()
            assert "tls: certificate" in log, log
            equal(print_shown(other.port), print_of(p, "renewed"))
            equal(wire.rows_of(client.query("SELECT 1")), [["1"]])
            certificate.write_text("no certificate")
            log = other.reload()
            line = next(n for n, text in enumerate(other.text.splitlines(), 1) if "tls:" in text)
            assert f"another.yaml:{line}:" in log and "cannot use the certificate" in log, log
            equal(print_shown(other.port), print_of(p, "renewed"))
            equal(wire.rows_of(client.query("SELECT 1")), [["1"]])
            assert " reloaded " not in log, log


@test
def a_reload_brings_tls_and_takes_it_away(p):
    with p.another_shardward() as started:
        other = Changing(started)
        edit = tls(p, "require")
        with p.logged_in(other.port) as plain:
            equal(libpq(p, other, "prefer"), (False, None))
            log = other.reload(edit)
            assert "tls: disable -> require" in log, log
            equal(libpq(p, other, "prefer"), (True, None))
            equal(wire.rows_of(plain.query("SELECT 1")), [["1"]])
            with p.logged_in(other.port, wire.tls_context()) as client:
                other.reload()
                equal(libpq(p, other, "prefer"), (False, None))
                equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


# Faults

def faults_of(p, section):
    file = p.edited_config(("workers: auto\n", f"workers: auto\ntls: {section}\n"))
    result = p.run(p.program, "check", "-c", file)
    return [(int(m["line"]), int(m["column"]), m["text"])
            for m in map(FAULT.match, result.stdout.splitlines()) if m and "warning" not in m["text"]]


def section_of(p, **changed):
    own = made(p)
    keys = {"mode": "prefer", "certificate": own.path("server.crt"), "key": own.path("server.key"),
            **changed}
    return "{" + ", ".join(f"{k}: {v}" for k, v in keys.items() if v is not None) + "}"


@rows([("a missing certificate", {"certificate": "gone.crt"}, "certificate", "No such file"),
       ("a missing key", {"key": "gone.key"}, "key", "No such file"),
       ("a key of another certificate", {"key": "renewed.key"}, "key", "is not the key of the certificate"),
       ("a key that others may read", {"key": "open.key"}, "key", "0600"),
       ("a key with a pass phrase", {"key": "locked.key"}, "key", "cannot use the key"),
       ("a certificate that is none", {"certificate": "server.key"}, "certificate", "no start line"),
       ("a root that is none", {"mode": "verify-ca", "ca": "server.key"}, "ca", "no certificate"),
       ("ciphers that are none", {"ciphers": "\"no such\""}, "ciphers", "no cipher match"),
       ("a mode that is none", {"mode": "maybe"}, "mode", "write disable, allow"),
       ("a version that is none", {"min_version": "1.1"}, "min_version", "1.2 or 1.3"),
       ("a root without use", {"ca": "ca.crt"}, "ca", "no use"),
       ("verify-ca without roots", {"mode": "verify-ca"}, None, "needs 'ca'"),
       ("no certificate", {"certificate": None}, None, "needs 'certificate' and 'key'"),
       ("no mode", {"mode": None}, None, "needs the key 'mode'")])
def a_fault_is_told_at_its_place(p, changed, key, text):
    own = made(p)
    own.path("open.key").write_bytes(own.path("server.key").read_bytes())
    own.path("open.key").chmod(0o644)
    if not own.path("locked.key").exists():
        p.run("openssl", "ec", "-in", own.path("server.key"), "-aes256", "-passout", "pass:x",
              "-out", own.path("locked.key"))
        own.path("locked.key").chmod(0o600)
    changed = {k: own.path(v) if v and k in ("certificate", "key", "ca") else v
               for k, v in changed.items()}
    section = section_of(p, **changed)
    faults = faults_of(p, section)
    equal(len(faults), 1, str(faults))
    assert text in faults[0][2], faults
    if key:
        equal(faults[0][1], len("tls: ") + section.index(f"{key}: ") + len(f"{key}: ") + 1)


# The console

@test
def the_console_has_tls_and_tells_who_has_it(p):
    with with_tls(p, mode="require") as other:
        with p.connect(other.port, sslmode="require", application_name="in tls"):
            with p.console(other.port, sslmode="require", channel_binding="require") as console:
                assert console.pgconn.ssl_in_use
                found = console.execute("SHOW CLIENTS").fetchall()
                names = [c.name for c in console.execute("SHOW CLIENTS").description]
                found = [dict(zip(names, row)) for row in found]
                told = [row["tls"] for row in found if row["application_name"] == "in tls"]
                equal(told, ["TLSv1.3/TLS_AES_256_GCM_SHA384"])
        try:
            p.console(other.port, sslmode="disable")
            assert False, "no TLS, and let in"
        except psycopg.OperationalError as error:
            assert "SSL required" in str(error), error


# Memory

TRUSTED = ("users:\n  booking:", "users:\n  trusted:\n    auth: trust\n"
           "    server: {user: booking, password: booking}\n  booking:")
MOST_KB = 18


@test
def an_idle_client_in_tls_costs_eighteen_kilobytes_that_are_given_back(p):
    context, clients, count = wire.tls_context(), [], 1000

    def enter(port):
        client = p.wire(port)
        client.request_tls(context)
        client.login({"user": "trusted", "database": DATABASE}, "")
        return client
    try:
        with with_tls(p, TRUSTED) as other:
            process = other.other.process
            for client in [enter(other.port) for _ in range(100)]:
                client.close()
            before = resident_kb(process)
            clients = [enter(other.port) for _ in range(count)]
            cost = (resident_kb(process) - before) / count
            assert is_sanitized(p) or cost <= MOST_KB, f"{cost:.2f} kB each"
            print(f"    an idle client in TLS: {cost:.2f} kB")
            for client in clients:
                client.close()
            eventually(lambda: is_sanitized(p) or
                       resident_kb(process) - before < count * cost / 4,
                       "three quarters are given back", 20)
    finally:
        for client in clients:
            client.close()
