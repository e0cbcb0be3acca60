"""client - a connection by hand: libpq would cost this process more than the proxy's is worth."""

import base64
import functools
import hashlib
import hmac
import os
import socket
import ssl
import struct

TIMEOUT_S = 60
READY = b"Z\0\0\0\5I"       # nothing else ends an answer outside of a transaction
PIECE = 1 << 20

SSL_REQUEST = struct.pack("!II", 8, 80877103)
ANY_SERVER = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ANY_SERVER.check_hostname, ANY_SERVER.verify_mode = False, ssl.CERT_NONE


@functools.lru_cache
def _salted(password, salt, iterations):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), iterations)


def _message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


class Client:
    def __init__(self, address, port, user, password, dbname, in_tls=False):
        self.password = password
        self.prepared = {}          # text -> name
        self.end = b""              # the last bytes of the answer that is being read
        self.socket = socket.create_connection((address, port), TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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

    def fileno(self):
        return self.socket.fileno()

    def send_query(self, text):
        self.end = b""
        self._send(b"Q", text.encode() + b"\0")

    def send_bound(self, text, value):
        """A statement with one parameter, which is prepared when it comes for the first time."""
        self.end, flight = b"", b""
        if text not in self.prepared:
            self.prepared[text] = f"s{len(self.prepared)}".encode()
            flight = _message(b"P", self.prepared[text] + b"\0" + text.encode() + b"\0\0\0")
        value = value.encode()
        self.socket.sendall(
            flight + _message(b"B", b"\0" + self.prepared[text] + struct.pack("!xHHI", 0, 1, len(value))
                              + value + struct.pack("!H", 0))
            + _message(b"E", struct.pack("!xI", 0)) + _message(b"S", b""))

    def read(self):
        """What has come of an answer. Whether it is whole."""
        piece = self.socket.recv(PIECE)
        if not piece:
            raise ConnectionError("the connection was closed")
        self.end = (self.end + piece[-256:])[-256:]
        return self.end.endswith(READY)

    def tag(self):
        """What a whole answer says of itself: "SELECT 10"."""
        before = self.end[:-len(READY)]
        kind, length, body = before.rpartition(b"C\0\0\0")
        if not kind or not length:
            raise ConnectionError(f"no answer: {before.decode(errors='replace')}")
        return body[1:-1].decode()

    def query(self, text):
        """The tag of the answer."""
        self.send_query(text)
        while not self.read():
            pass
        return self.tag()

    def close(self):
        self.socket.close()

    def _send(self, kind, body):
        self.socket.sendall(_message(kind, body))

    def _bytes(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("the connection was closed")
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
