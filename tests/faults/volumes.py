"""volumes - a directory of a server on a file system of its own, that can be frozen, or filled to its brim.

It is ext4 in a file. The mount is seen by this program and what it starts, and ends with it. What is
frozen does not: a write into it cannot be killed, and nobody could reach it any more. So whoever
freezes gives a descriptor of it to the program outside of the namespace (see run.py), which thaws it
when this one has ended, however that was, or when it was frozen for too long.
"""

import contextlib
import fcntl
import itertools
import os
import select
import shutil
import socket
import subprocess
import threading

import suite
from clouds import run
from server import give, until

FREEZE, THAW = 0xC0045877, 0xC0045878       # FIFREEZE, FITHAW of linux/fs.h
SIZE = 512 << 20                            # sparse: what is written takes memory
TOO_LONG_S = 150
keeper = None                               # a socket: the one outside; None: there is none


def thaw(fd):
    with contextlib.suppress(OSError):      # it is thawed already
        fcntl.ioctl(fd, THAW, 0)
    os.close(fd)


def keep(ours):
    """Outside: for each descriptor that is given, say so; thaw it when its giver is gone, or forgets it."""
    while True:
        word, fds, *_ = socket.recv_fds(ours, 1, 1)
        if not word:
            return
        ours.send(b"k")
        select.select([ours], [], [], TOO_LONG_S)
        for fd in fds:
            thaw(fd)
        if ours.recv(1):
            ours.send(b"t")


def start_keeper():
    """The socket that the program inside is to have, and the thread that ends with it."""
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=keep, args=(ours,), daemon=True)
    thread.start()
    return theirs, thread


class Volume:
    """A server's data directory, or one in it, is moved into it, with all that it holds. The server is stopped."""

    def __init__(self, server, name=""):
        if keeper is None or not os.path.exists("/dev/loop-control"):
            suite.skip("needs root, and a kernel with namespaces and loop devices")
        self.directory, self.fd = server.data / name, None
        self.image = server.data.with_name(f"{server.name}.image")
        self._make(self.directory, server.data.with_name(f"{server.name}.aside"))

    def _make(self, directory, aside):
        directory.rename(aside)
        with open(self.image, "wb") as image:
            image.truncate(SIZE)
        run("mkfs.ext4", "-q", "-m", "0", self.image)
        directory.mkdir()
        run("mount", "-o", "loop", self.image, directory)
        (directory / "lost+found").rmdir()
        run("cp", "-a", f"{aside}/.", directory)
        directory.chmod(0o700)
        give(directory)
        shutil.rmtree(aside)

    def freeze(self):
        """Who writes waits, and cannot be killed; what is in memory can be read."""
        self.fd = os.open(self.directory, os.O_RDONLY)
        socket.send_fds(keeper, [b"f"], [self.fd])
        assert keeper.recv(1) == b"k", "nobody would thaw it"
        fcntl.ioctl(self.fd, FREEZE, 0)

    def thaw(self):
        if self.fd is None:
            return
        thaw(self.fd)
        self.fd = None
        keeper.send(b"t")
        keeper.recv(1)

    def fill(self):
        """Nothing has room there any more."""
        with open(self.ballast, "wb") as ballast:
            for step in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    for at in itertools.count(os.fstat(ballast.fileno()).st_size, step):
                        os.posix_fallocate(ballast.fileno(), at, step)
        room = os.statvfs(self.directory)
        assert room.f_bavail * room.f_frsize < 1 << 16, f"{room.f_bavail} blocks are left"

    @property
    def ballast(self):
        return self.directory / "ballast"

    def make_room(self):
        self.ballast.unlink(missing_ok=True)

    def close(self):
        """Behind its server's end."""
        self.thaw()
        until(lambda: subprocess.run(["umount", self.directory], check=False,
                                     stderr=subprocess.DEVNULL).returncode == 0, f"{self.directory} is unmounted")
        self.image.unlink()
