"""Logging in: by password, md5, SCRAM-SHA-256 or trust; nobody learns which users there are."""

import hashlib
import struct

import psycopg

import wire
from suite import equal, rows, test

USER = "    password: booking\n    server: {user: booking, password: booking}"
SERVER = "    server: {user: booking, password: booking}"
SECRET = "open-sesame"
MD5 = "md5" + hashlib.md5(f"{SECRET}booking".encode()).hexdigest()
VERIFIER = ("SCRAM-SHA-256$4096:MTIzNDU2Nzg5MDEyMzQ1Ng==$"
            "bNMHRhRvrH9QYzTPHOqTJ8MEK7YaSPN1vPbxLNVHqY0=:"
            "bNMHRhRvrH9QYzTPHOqTJ8MEK7YaSPN1vPbxLNVHqY0=")
OK, CLEARTEXT, MD5_ASKED, SASL = 0, 3, 5, 10


def users(p, auth, password):
    lines = [f"    auth: {auth}"] if auth else []
    return p.another_shardward((USER, "\n".join([*lines, f"    password: {password}", SERVER])))


def asked(client, user="booking", database="booking"):
    """The method and the salt that the server asks for."""
    client.send(wire.startup({"user": user, "database": database}))
    answer = client.read()
    equal(answer.kind, "R")
    return struct.unpack("!I", answer.body[:4])[0], answer.body[4:]


def password_message(text):
    return wire.message("p", wire.text(text))


def md5_proof(user, password, salt):
    inner = hashlib.md5((password + user).encode()).hexdigest()
    return "md5" + hashlib.md5(inner.encode() + salt).hexdigest()


@rows([("password", "password", SECRET), ("password by its hash", "password", MD5),
       ("md5", "md5", SECRET), ("md5 by its hash", "md5", MD5),
       ("scram", "scram-sha-256", SECRET), ("what is left out", "", SECRET)])
def drivers_log_in_with(p, auth, password):
    with users(p, auth, password) as other:
        with p.connect(other.port, password=SECRET) as conn:
            equal(conn.execute("SELECT 1").fetchall(), [(1,)])
        for wrong in ("wrong", MD5, "", SECRET[:-1], SECRET + "s"):
            try:
                p.connect(other.port, password=wrong).close()
            except psycopg.OperationalError as refusal:
                words = str(refusal)
                assert "password authentication failed" in words or "no password" in words \
                    or "empty password" in words, words
            else:
                raise AssertionError(f"{wrong!r} was let in")
        assert SECRET not in other.log() and MD5 not in other.log()


@rows([("password", "password", CLEARTEXT), ("md5", "md5", MD5_ASKED),
       ("scram", "scram-sha-256", SASL)])
def an_unknown_user_is_asked_and_refused_as_a_known_one(p, auth, method):
    with p.another_shardward(("auth: scram-sha-256", f"auth: {auth}")) as other:
        heard = []
        for user in ("booking", "nobody"):
            with p.wire(other.port) as client:
                code, salt = asked(client, user)
                equal(code, method)
                if method == SASL:
                    client.close()
                    client = p.wire(other.port)
                    answers = client.login({"user": user, "database": "booking"}, "wrong")
                    client.close()
                else:
                    proof = "wrong" if method == CLEARTEXT else md5_proof(user, "wrong", salt)
                    client.send(password_message(proof))
                    answers = client.read_to_end()
                fields = wire.error_of(answers)
                equal((fields["S"], fields["C"], fields["M"]),
                      ("FATAL", "28P01", f'password authentication failed for user "{user}"'))
                heard.append([{k: v.replace(user, "?") for k, v in fields.items()}, len(answers)])
        equal(heard[0], heard[1])


@test
def salts_are_new_for_each_login(p):
    with users(p, "md5", MD5) as other:
        salts = set()
        for _ in range(4):
            with p.wire(other.port) as client:
                method, salt = asked(client)
                equal((method, len(salt)), (MD5_ASKED, 4))
                salts.add(salt)
        equal(len(salts), 4)
        with p.wire(other.port) as client:
            _, salt = asked(client)
            client.send(password_message(md5_proof("booking", SECRET, salt)))
            equal(client.read().body, struct.pack("!I", OK))
            wire.ready_status(client.read_until("ZE"))


@rows([("an empty password", password_message(""), "28P01"),
       ("a message without its end", wire.message("p", b"booking"), "08P01"),
       ("a message with more behind it", wire.message("p", b"booking\0x"), "08P01"),
       ("a query", wire.query("SELECT 1"), "08P01")])
def a_login_is_refused_after(p, message, state):
    for auth in ("password", "md5"):
        with users(p, auth, SECRET) as other, p.wire(other.port) as client:
            asked(client)
            client.send(message)
            fields = wire.error_of(client.read_to_end())
            equal((fields["S"], fields["C"]), ("FATAL", state))


@rows([("md5 with a verifier", "md5", f"'{VERIFIER}'", "md5"),
       ("password with a verifier", "password", f"'{VERIFIER}'", "password"),
       ("scram with a hash", "scram-sha-256", MD5, "scram-sha-256"),
       ("an unknown method", "kerberos", "booking", "kerberos")])
def a_config_is_refused_with(p, auth, password, words):
    told = p.refuses_to_run((USER, f"    auth: {auth}\n    password: {password}\n{SERVER}"))
    assert words in told and MD5 not in told and VERIFIER not in told, told
