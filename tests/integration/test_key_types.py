"""Keys of type text and uuid, over real shards; users by trust, by password and by verifier."""

import base64
import contextlib
import hashlib
import hmac
import random
import subprocess
import uuid

import psycopg
import wire
from platform_under_test import DATABASE, USER
from suite import equal, test
from wire import bind, execute, parse, SYNC

TABLES = {"tokens": "token uuid PRIMARY KEY, note text",
          "badges": "badge text COLLATE \"C\" PRIMARY KEY, note text"}
PATIENTS = "          patients: {key: patient_id, placement: by_patient}"
PLACEMENTS = "        placements:\n          by_patient:\n            hash: {type: bigint, buckets: 1024}\n            map: {users_0"
MAP = "{users_0: 0-3, users_1: 4-7, users_2: [8-10, 11], users_3: [12, 13-15]}"


@contextlib.contextmanager
def with_tables(p):
    """A shardward whose business users has the tables as well; gone at the end."""
    shards = ["catalog", *p.shards("users")]
    for shard in shards:
        for table, columns in TABLES.items():
            with p.at_shard(shard) as conn:
                conn.execute(f"CREATE TABLE {table} ({columns})")
    try:
        with p.another_shardward(
                (PLACEMENTS, PLACEMENTS.replace(
                    "placements:\n", "placements:\n"
                    f"          by_token:\n            hash: {{type: uuid, buckets: 16}}\n            map: {MAP}\n"
                    f"          by_badge:\n            hash: {{type: text, buckets: 16}}\n            map: {MAP}\n")),
                (PATIENTS, PATIENTS + "\n          tokens: {key: token, placement: by_token}"
                                      "\n          badges: {key: badge, placement: by_badge}")
        ) as other:
            yield other
    finally:
        for shard in shards:
            for table in TABLES:
                with p.at_shard(shard) as conn:
                    conn.execute(f"DROP TABLE {table}")


def locate(p, other, table, key):
    answer = subprocess.run([p.program, "locate", "-c", other.config_file, "--", table, key],
                            capture_output=True, text=True, check=True).stdout
    return answer.split()[1]


def places(p, table, key):
    return {row[0]: shard for shard in p.shards("users")
            for row in p.rows(shard, f"SELECT {key}::text FROM {table}")}


@test
def a_uuid_is_one_key_however_it_is_written(p):
    dice = random.Random(4)
    keys = [uuid.UUID(int=dice.getrandbits(128)) for _ in range(24)]
    with with_tables(p) as other, p.connect(other.port) as conn, p.logged_in(other.port) as raw:
        for number, key in enumerate(keys):
            spelling = ["{%s}" % str(key).upper(), key.hex, str(key)][number % 3]
            if number % 2:
                conn.execute("INSERT INTO tokens (token, note) VALUES (%b, 'n')", (key,))
            else:
                conn.execute(f"INSERT INTO tokens (token, note) VALUES ('{spelling}', 'n')")
            for condition in (f"token = '{key}'", f"token = '{spelling}'::uuid",
                              f"uuid '{key}' = token AND note = 'n'"):
                found = conn.execute(f"SELECT token FROM tokens WHERE {condition}").fetchall()
                equal(found, [(key,)], condition)
            answers = raw.ask(parse("SELECT note FROM tokens WHERE token = $1")
                              + bind([key.bytes], formats=[1]) + execute() + SYNC)
            equal(wire.rows_of(answers), [["n"]])
        equal(places(p, "tokens", "token"),
              {str(key): locate(p, other, "tokens", str(key)) for key in keys})
        answers = raw.query("SELECT * FROM tokens WHERE token = 'no uuid'")
        equal(wire.error_of(answers)["C"], "22P02")


@test
def a_text_is_its_bytes_and_never_a_number(p):
    keys = ["", " ", "a", "A", "a ", "Zoë", "123", "0123", "漢字", "it''s", "x" * 500, "'\\"]
    with with_tables(p) as other, p.connect(other.port) as conn:
        for key in keys:
            conn.execute("INSERT INTO badges (badge, note) VALUES (%s, %s)", (key, key[:3]))
            for value in ("%s", "%s::text", "%b", "%s::varchar"):
                found = conn.execute(f"SELECT badge FROM badges WHERE badge = {value}",
                                     (key,)).fetchall()
                equal(found, [(key,)], value)
        equal(places(p, "badges", "badge"),
              {key: locate(p, other, "badges", key) for key in keys})
        assert len(set(places(p, "badges", "badge").values())) > 1
        try:
            conn.execute("SELECT * FROM badges WHERE badge = 123")
        except psycopg.Error as error:
            equal(error.sqlstate, "42883")
        else:
            raise AssertionError("text = integer was answered")


def verifier(password, salt=b"0123456789abcdef", rounds=4096):
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt, stored, server = (base64.b64encode(b).decode() for b in (salt, stored, server))
    return f"SCRAM-SHA-256${rounds}:{salt}${stored}:{server}"


@test
def a_user_may_be_known_by_verifier_or_trusted(p):
    secret = p.dir / "secret"
    secret.write_text(verifier("from a file") + "\n")
    more = ("  by_verifier:\n"
            f"    password: \"{verifier('s3cret')}\"\n"
            "    server: {user: booking, password: booking}\n"
            "  by_file:\n    password_file: secret\n"
            "    server: {user: booking, password: booking}\n"
            "  trusted:\n    auth: trust\n    server: {user: booking, password: booking}\n")
    with p.another_shardward(("users:\n  booking:", f"users:\n{more}  booking:")) as other:
        for user, password, is_good in (("by_verifier", "s3cret", True),
                                        ("by_verifier", "secret", False),
                                        ("by_file", "from a file", True),
                                        ("by_file", "", False),
                                        ("trusted", "whatever", True),
                                        (USER, "whatever", False)):
            with p.wire(other.port) as client:
                answers = client.login({"user": user, "database": DATABASE}, password)
                if is_good:
                    equal(wire.rows_of(client.query("SELECT 1")), [["1"]], user)
                else:
                    equal(wire.error_of(answers)["C"], "28P01", user)
