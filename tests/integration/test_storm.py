"""Thousands of clients that come at once, and such that say nothing: others are served meanwhile."""

import asyncio
import base64
import hashlib
import hmac
import resource
import struct

import wire
from guard import Bystander, client_count, eventually, forget_memory_peak, has_own_memory
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, test
from test_pools import workers

CLIENTS = 5000
SILENT = 1000
ITERATIONS = 16
PATIENT = ("lease: 5s", "lease: 50s"), ("login: 10s", "login: 50s")
MB = 1024 * 1024
MB_KEPT = 16            # by the C library, and for what a worker has learned meanwhile
KB_OF_SILENT = 8


def verifier(password):
    salt = b"0123456789abcdef"
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f'"SCRAM-SHA-256${ITERATIONS}:{text[0]}${text[1]}:{text[2]}"'


def room_for(clients):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < clients + 200:
        raise AssertionError(f"this process may open only {hard} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, clients + 200), hard))


class Caller:
    """A client that logs in and asks once, as one of many in a loop."""

    def __init__(self, port, key):
        self.port, self.key = port, key

    async def read(self):
        kind, length = struct.unpack("!cI", await self.reader.readexactly(5))
        return wire.Message(kind.decode(), await self.reader.readexactly(length - 4))

    async def read_ready(self):
        answers = []
        while not answers or answers[-1].kind not in "ZE":
            answers.append(await self.read())
        assert answers[-1].kind == "Z", answers[-1].fields()
        return answers

    async def scram(self):
        first = "n=,r=rOprNGfwEbeRWgbNEkqO"
        self.writer.write(wire.message("p", wire.text("SCRAM-SHA-256")
                                       + struct.pack("!I", len(first) + 3) + f"n,,{first}".encode()))
        challenge = (await self.read()).body[4:].decode()
        parts = dict(part.split("=", 1) for part in challenge.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), base64.b64decode(parts["s"]),
                                     int(parts["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        final = f"c=biws,r={parts['r']}"
        signature = hmac.digest(hashlib.sha256(key).digest(), f"{first},{challenge},{final}".encode(),
                                "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
        self.writer.write(wire.message("p", f"{final},p={proof}".encode()))

    async def come(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(wire.startup({"user": USER, "database": DATABASE}))
        answer = await self.read()
        equal(answer.kind, "R")
        if answer.body[:4] != struct.pack("!I", 0):
            await self.scram()
        await self.read_ready()
        self.writer.write(wire.query(f"SELECT name FROM patients WHERE patient_id = {self.key}"))
        equal(wire.rows_of(await self.read_ready()), [["Ada"]])

    async def leave(self):
        self.writer.close()


async def storm(port, key, while_all_are_here):
    callers = [Caller(port, key) for _ in range(CLIENTS)]
    await asyncio.gather(*(caller.come() for caller in callers))
    while_all_are_here()
    await asyncio.gather(*(caller.leave() for caller in callers))


TRUST = ("users:\n  booking:", "hba: [{type: host, method: trust}]\nusers:\n  booking:")
SCRAM = (f"    password: {PASSWORD}\n    server:", f"    password: {verifier(PASSWORD)}\n    server:")


@rows([("by trust", TRUST, 2), ("by SCRAM", SCRAM, 2), ("by SCRAM, to one worker", SCRAM, 1)])
def thousands_of_clients_come_at_once(p, how, count):
    room_for(CLIENTS)
    key = p.new_patient("users_0")
    with p.another_shardward(workers(count), how, *PATIENT) as other:
        bystander = Bystander(p, other.port)
        bystander.is_served()
        before = forget_memory_peak(other)
        # Not one of them was refused, and others were answered while they came.
        seen = bystander.answers
        asyncio.run(storm(other.port, key, bystander.is_served))
        assert bystander.answers > seen, "nobody else was served"
        if not has_own_memory(p.program):
            eventually(lambda: forget_memory_peak(other) <= before + MB_KEPT * MB
                       or f"{before // MB} MB before, {forget_memory_peak(other) // MB} MB now",
                       "memory is given back")
        bystander.stop()


@test
def silent_clients_cost_little_count_and_are_sent_away(p):
    room_for(SILENT)
    with p.another_shardward(workers(1), ("clients: 10000", f"clients: {SILENT + 1}"),
                             ("login: 10s", "login: 15s")) as other:
        bystander = Bystander(p, other.port)
        bystander.is_served()
        before = forget_memory_peak(other)
        silent = [p.wire(other.port) for _ in range(SILENT)]
        with p.wire(other.port) as late:
            fields = wire.error_of(late.login({"user": USER, "database": DATABASE}, PASSWORD))
            equal((fields["S"], fields["C"]), ("FATAL", "53300"))
        bystander.is_served()
        if not has_own_memory(p.program):
            each = (forget_memory_peak(other) - before) / SILENT
            assert each <= KB_OF_SILENT * 1024, f"{each} bytes for each"
        for client in silent:
            equal(client.read().fields()["S"], "FATAL")
            client.close()
        eventually(lambda: client_count(other) == 1 or client_count(other), "all have gone")
        with p.logged_in(other.port) as client:
            equal(wire.kinds(client.query("SELECT 1")), "TDCZ")
        bystander.stop()
