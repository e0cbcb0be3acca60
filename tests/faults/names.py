"""names - nodes that are known by their names, and a name server that falls silent."""

import os
import socket
import struct
import tempfile
import threading
import time

import suite
from clouds import run
from following import received, repoint
from server import until
from stories import Expect, conclude, must_serve, world
from table import scenario
from world import WARM_UP_S

NAME_SERVER = "127.0.0.53"
# As patient as the C library can be: 90 s for a name.
RESOLVER = f"nameserver {NAME_SERVER}\noptions timeout:30 attempts:3\n"
A, HEADER = 1, 12


class NameServer:
    """Answers for the names in `addresses`, until it is silent. (RFC 1035, section 4.)"""
    def __init__(self):
        self.addresses, self.is_silent, self.unanswered = {}, False, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        if os.geteuid() != 0:
            suite.skip("needs root, to have a name server of its own")
        self.socket.bind((NAME_SERVER, 53))
        self.thread.start()
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(RESOLVER)
            file.flush()
            os.chmod(file.name, 0o644)
            run("mount", "--bind", file.name, "/etc/resolv.conf")
        return self

    def __exit__(self, *_):
        run("umount", "/etc/resolv.conf")
        self.is_silent = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (NAME_SERVER, 53))
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while True:
            packet, client = self.socket.recvfrom(512)
            if not packet:
                return
            if self.is_silent:
                self.unanswered += 1
            else:
                self.socket.sendto(self._answer(packet), client)

    def _answer(self, packet):
        labels, at = [], HEADER
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += 1 + packet[at]
        question, (kind,) = packet[HEADER:at + 5], struct.unpack_from("!H", packet, at + 1)
        address = self.addresses.get(".".join(labels))
        found = address is not None and kind == A
        record = struct.pack("!HHHIH4s", 0xC00C, A, 1, 1, 4, socket.inet_aton(address)) if found else b""
        flags = 0x8180 if address else 0x8183       # NXDOMAIN
        return packet[:2] + struct.pack("!HHHHH", flags, 1, int(found), 0, 0) + question + record


def by_name(server):
    """Makes a World's shardward know all nodes by their names alone."""
    def prepare(w):
        text = w.config_file.read_text()
        for cluster in w.clusters:
            for one in cluster.servers:
                server.addresses[f"{one.name}.test"] = one.address
                text = text.replace(f"name: {one.name}, address: {one.address},",
                                    f"name: {one.name}, address: {one.name}.test,")
        w.config_file.write_text(text)
    return prepare


@scenario(("somebody else promotes meanwhile", "follow"))
def a_name_server_is_silent(lab):
    """Nobody waits for it: nodes are where they were."""
    with NameServer() as names, world(lab, "follow", clusters=1, prepare=by_name(names)) as w:
        w.load()
        before = w.timelines()
        names.is_silent = True
        until(lambda: names.unanswered > len(names.addresses), "the name server is asked in vain")
        old, *standbys = w.c1.servers
        old.kill()
        until(lambda: not any(one.query("SELECT FROM pg_stat_wal_receiver") for one in standbys),
              "the standbys have read what was under way")
        new, other = sorted(standbys, key=received, reverse=True)
        new.promote()
        repoint(other, new)
        must_serve(w, time.monotonic(), "at the new primary")
        time.sleep(WARM_UP_S)
        old.rejoin(new)
        until(lambda: {row["state"] for row in w.table("SHOW NODES")} == {"up"}, "all nodes are up")
        conclude(w, before, Expect(moves=("c1",), may_lose=True))
