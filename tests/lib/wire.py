"""wire - a client that speaks PostgreSQL's protocol 3.0 message by message.

For tests of exact bytes: it sends what it is told and keeps every answer. Frontend messages are
functions that return bytes, so that a test can join several of them into one flight.
"""

import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct
from dataclasses import dataclass, field

SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSSENC_REQUEST = struct.pack("!II", 8, 80877104)
TIMEOUT_S = 15
END_TIMEOUT_S = 4       # for the end of a connection that the server has to close at once


# Frontend messages

def message(kind, body=b""):
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def text(value):
    return value.encode() + b"\0"


def startup(params, version=(3, 0)):
    body = struct.pack("!HH", *version)
    body += b"".join(text(k) + text(v) for k, v in params.items()) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def query(sql):
    return message("Q", text(sql))


def parse(sql, name="", types=()):
    return message("P", text(name) + text(sql) + struct.pack(f"!H{len(types)}I", len(types), *types))


def bind(values=(), statement="", portal="", formats=(), results=()):
    """Values are bytes, str or None; formats and results are lists of 0 (text) and 1 (binary)."""
    body = text(portal) + text(statement)
    body += struct.pack(f"!H{len(formats)}H", len(formats), *formats)
    body += struct.pack("!H", len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
        else:
            value = value.encode() if isinstance(value, str) else value
            body += struct.pack("!i", len(value)) + value
    return message("B", body + struct.pack(f"!H{len(results)}H", len(results), *results))


def describe(what, name=""):
    return message("D", what.encode() + text(name))


def execute(limit=0, portal=""):
    return message("E", text(portal) + struct.pack("!I", limit))


def close(what, name=""):
    return message("C", what.encode() + text(name))


SYNC = message("S")
FLUSH = message("H")
TERMINATE = message("X")


# Backend messages

@dataclass
class Message:
    kind: str
    body: bytes

    def fields(self):
        """The fields of an ErrorResponse or NoticeResponse, by their letter."""
        parts = self.body.rstrip(b"\0").split(b"\0")
        return {part[:1].decode(): part[1:].decode() for part in parts if part}

    def readable(self):
        """For comparison with another server: without what differs between two databases, and
        without the context, which a key that shardward itself refuses does not have."""
        if self.kind in "EN":
            return self.kind, {k: v for k, v in self.fields().items() if k not in "FLRW"}
        if self.kind == "T":
            return self.kind, self._columns()
        if self.kind == "D":
            return self.kind, self.values()
        return self.kind, self.body

    def _columns(self):
        columns, at = [], 2
        for _ in range(struct.unpack_from("!H", self.body)[0]):
            end = self.body.index(b"\0", at)
            table, *rest = struct.unpack_from("!IHIhih", self.body, end + 1)
            columns.append((self.body[at:end].decode(), table != 0, *rest))
            at = end + 19
        return columns

    def names(self):
        """Of the columns of a RowDescription."""
        return [column[0] for column in self._columns()]

    def values(self):
        values, at = [], 2
        for _ in range(struct.unpack_from("!H", self.body)[0]):
            length = struct.unpack_from("!i", self.body, at)[0]
            at += 4
            values.append(None if length < 0 else self.body[at:at + length])
            at += max(length, 0)
        return values


class Closed(Exception):
    """The server closed the connection."""


def tls_context(*protocols, certificate=None, version=None):
    """A client that takes every certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    if certificate:
        context.load_cert_chain(certificate.with_suffix(".crt"), certificate.with_suffix(".key"))
    if version:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    return context


@dataclass
class Wire:
    address: str
    port: int
    status: dict = field(default_factory=dict)      # ParameterStatus, as last reported
    key: bytes = b""                                # BackendKeyData

    def __post_init__(self):
        self.socket = socket.create_connection((self.address, self.port), TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def begin_tls(self, context=None):
        """The handshake, without an SSLRequest before it."""
        self.socket = (context or tls_context()).wrap_socket(self.socket)

    def request_tls(self, context=None):
        self.send(SSL_REQUEST)
        answer = self.read_bytes(1)
        assert answer == b"S", answer
        self.begin_tls(context)

    def send(self, *messages):
        self.socket.sendall(b"".join(messages))

    def read_bytes(self, count):
        data = bytearray()
        while len(data) < count:
            try:
                piece = self.socket.recv(count - len(data))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise Closed(f"after {len(data)} of {count} bytes")
            data += piece
        return bytes(data)

    def read(self):
        kind, length = struct.unpack("!cI", self.read_bytes(5))
        answer = Message(kind.decode(), self.read_bytes(length - 4))
        if answer.kind == "S":
            name, value, _ = answer.body.split(b"\0")
            self.status[name.decode()] = value.decode()
        return answer

    def read_until(self, kinds="Z"):
        answers = []
        while not answers or answers[-1].kind not in kinds:
            answers.append(self.read())
        return answers

    def read_ready(self, count=1):
        """Everything up to the count-th ReadyForQuery."""
        return [answer for _ in range(count) for answer in self.read_until("Z")]

    def read_to_end(self):
        self.socket.settimeout(END_TIMEOUT_S)
        answers = []
        try:
            while True:
                answers.append(self.read())
        except Closed:
            return answers

    def ask(self, *messages, ready=1):
        self.send(*messages)
        return self.read_ready(ready)

    def query(self, sql):
        return self.ask(query(sql))

    def login(self, params, password):
        """Start-up and SCRAM. The messages after AuthenticationOk, or the one ErrorResponse."""
        return self.start(startup(params), password)

    def start(self, packet, password):
        """The same with a start-up message of exact bytes. A NegotiateProtocolVersion comes first."""
        self.send(packet)
        answer = self.read()
        negotiated = []
        if answer.kind == "v":
            negotiated, answer = [answer], self.read()
        if answer.kind == "E":
            return [*negotiated, answer]
        if answer.body[:4] != struct.pack("!I", 0):
            failure = self._scram(answer, password)
            if failure:
                return [*negotiated, failure]
        answers = self.read_until("ZE")
        for answer in answers:
            if answer.kind == "K":
                self.key = answer.body
        return negotiated + answers

    def _scram(self, offer, password):
        """RFC 5802 and 7677, without channel binding. Returns an ErrorResponse or None."""
        assert offer.kind == "R" and offer.body[:4] == struct.pack("!I", 10), offer
        assert b"SCRAM-SHA-256\0" in offer.body, offer
        nonce = base64.b64encode(os.urandom(18)).decode()
        first = f"n=,r={nonce}"
        gs2_first = f"n,,{first}".encode()
        self.send(message("p", text("SCRAM-SHA-256") + struct.pack("!I", len(gs2_first)) + gs2_first))
        challenge = self.read()
        if challenge.kind == "E":
            return challenge
        server_first = challenge.body[4:].decode()
        attributes = dict(part.split("=", 1) for part in server_first.split(","))
        assert attributes["r"].startswith(nonce), server_first
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(),
                                     base64.b64decode(attributes["s"]), int(attributes["i"]))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        final = f"c=biws,r={attributes['r']}"
        auth = f"{first},{server_first},{final}".encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), auth, "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature))).decode()
        self.send(message("p", f"{final},p={proof}".encode()))
        outcome = self.read()
        if outcome.kind == "E":
            return outcome
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        verifier = base64.b64encode(hmac.digest(server_key, auth, "sha256")).decode()
        assert outcome.body[4:].decode() == f"v={verifier}", "the server does not know the password"
        assert self.read().body == struct.pack("!I", 0)
        return None


def readable(answers):
    """Messages as values that can be compared; the ParameterStatus ones in no order."""
    return [answer.readable() for answer in answers if answer.kind != "S"]


def kinds(answers):
    return "".join(answer.kind for answer in answers if answer.kind not in "SN")


def error_of(answers):
    """The fields of the one ErrorResponse among messages."""
    errors = [answer.fields() for answer in answers if answer.kind == "E"]
    assert len(errors) == 1, f"{len(errors)} errors in {answers}"
    return errors[0]


def rows_of(answers):
    """The text rows among messages, as lists of str or None."""
    return [[None if v is None else v.decode() for v in answer.values()]
            for answer in answers if answer.kind == "D"]


def types_of(described):
    """The oids in a ParameterDescription."""
    (count,) = struct.unpack_from("!H", described.body)
    return list(struct.unpack_from(f"!{count}I", described.body, 2))


def ready_status(answers):
    assert answers[-1].kind == "Z", answers
    return answers[-1].body.decode()
