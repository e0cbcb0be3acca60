"""idle - many clients that have logged in, have run one query, and then do nothing."""

import base64
import functools
import hashlib
import hmac
import os
import socket
import ssl
import struct
import time

TIMEOUT_S = 20
SETTLE_S = 1.0          # without a change, after which memory counts as settled
SETTLE_LIMIT_S = 20
QUERY = b"SELECT abalance FROM pgbench_accounts WHERE aid = %d\0"


@functools.lru_cache
def _salted(password, salt, iterations):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), iterations)


SSL_REQUEST = struct.pack("!II", 8, 80877103)
ANY_SERVER = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ANY_SERVER.check_hostname, ANY_SERVER.verify_mode = False, ssl.CERT_NONE


class Client:
    """One connection, by hand: libpq would cost this process more than the proxy's is worth."""

    def __init__(self, address, port, user, password, dbname, in_tls):
        self.password = password
        self.socket = socket.create_connection((address, port), TIMEOUT_S)
        if in_tls:
            self._begin_tls()
        words = f"user\0{user}\0database\0{dbname}\0\0".encode()
        self.socket.sendall(struct.pack("!II", len(words) + 8, 196608) + words)
        self._read_until_ready()

    def _begin_tls(self):
        self.socket.sendall(SSL_REQUEST)
        if self._bytes(1) != b"S":
            raise ConnectionError("the proxy has no TLS")
        self.socket = ANY_SERVER.wrap_socket(self.socket)

    def query(self, aid):
        self._send(b"Q", QUERY % aid)
        self._read_until_ready()

    def close(self):
        self.socket.close()

    def _send(self, kind, body):
        self.socket.sendall(kind + struct.pack("!I", len(body) + 4) + body)

    def _bytes(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("the proxy closed the connection of an idle client")
            data += piece
        return data

    def _read_until_ready(self):
        kind = b""
        while kind != b"Z":
            kind, length = struct.unpack("!cI", self._bytes(5))
            body = self._bytes(length - 4)
            if kind == b"E":
                raise ConnectionError(body.replace(b"\0", b" ").decode(errors="replace"))
            if kind == b"R" and body[:4] == struct.pack("!I", 10):
                self._prove()

    def _prove(self):
        """SCRAM-SHA-256 (RFC 5802); whether the server knows the password is not asked here."""
        first = f"n=,r={base64.b64encode(os.urandom(18)).decode()}"
        message = f"n,,{first}".encode()
        self._send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(message)) + message)
        _, length = struct.unpack("!cI", self._bytes(5))
        challenge = self._bytes(length - 4)[4:].decode()
        attributes = dict(part.split("=", 1) for part in challenge.split(","))
        salted = _salted(self.password, attributes["s"], int(attributes["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        final = f"c=biws,r={attributes['r']}"
        signature = hmac.digest(hashlib.sha256(key).digest(),
                                f"{first},{challenge},{final}".encode(), "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
        self._send(b"p", f"{final},p={proof}".encode())


def settled(measure):
    """A figure that has not changed for a while."""
    value, since = measure(), time.monotonic()
    limit = since + SETTLE_LIMIT_S
    while time.monotonic() - since < SETTLE_S and time.monotonic() < limit:
        time.sleep(0.1)
        now = measure()
        if now != value:
            value, since = now, time.monotonic()
    return value


class Crowd:
    def __init__(self, connect):
        self.connect, self.clients = connect, []

    def grow(self, count):
        while len(self.clients) < count:
            client = self.connect()
            self.clients.append(client)
            client.query(len(self.clients))

    def leave(self):
        for client in self.clients:
            client.close()
        self.clients = []
