"""Unix-domain sockets: to clients, with what the kernel says of them, and to servers."""

import contextlib
import os
import pwd
import signal
import socket
import stat
import subprocess
import tempfile
import threading
from pathlib import Path

import psycopg
import wire
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, skip, test
from test_bad_config import FAULT
from test_pools import workers
from test_reload import DOORS, Changing
from test_tls import made, tls

PSQL = "/usr/lib/postgresql/15/bin/psql"
ADMIN_PORT = 1


class Folder:
    """A short one, as a socket's path must be."""

    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="sw-", dir="/tmp"))
        self.path.chmod(0o755)
        return self

    def __exit__(self, *_):
        for file in self.path.iterdir():
            file.unlink()
        self.path.rmdir()

    def edit(self, more=""):
        return ("workers: auto\n",
                f"workers: auto\nunix_socket: {{directory: {self.path}{more}}}\n")

    def socket(self, port):
        return self.path / f".s.PGSQL.{port}"


@contextlib.contextmanager
def with_socket(p, *edits, more=""):
    with Folder() as folder, p.another_shardward(folder.edit(more), *edits) as other:
        yield folder, Changing(other)


def connect(folder, port, **options):
    options = {"dbname": DATABASE, "user": USER, "password": PASSWORD, "autocommit": True, **options}
    return psycopg.connect(host=str(folder.path), port=port, connect_timeout=10, **options)


class LocalWire(wire.Wire):
    def __post_init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(wire.TIMEOUT_S)
        self.socket.connect(str(self.address))


@test
def a_client_comes_through_the_socket(p):
    with with_socket(p) as (folder, other), connect(folder, other.port) as conn:
        key = p.new_patient(p.shards("users")[0])
        row = conn.execute("SELECT name FROM patients WHERE patient_id = %s", (key,)).fetchone()
        equal(row, ("Ada",))
        equal(stat.S_IMODE(folder.socket(other.port).stat().st_mode), 0o777)
        said = p.run(PSQL, "-X", "-h", folder.path, "-p", other.port, "-U", USER, "-d", DATABASE, "-c",
                     r"\conninfo", PGPASSWORD=PASSWORD).stdout
        assert f'via socket in "{folder.path}"' in said, said


@test
def the_socket_has_the_mode_of_the_file_and_goes_at_the_end(p):
    with with_socket(p, more=", mode: 0710") as (folder, other):
        path = folder.socket(other.port)
        equal(stat.S_IMODE(path.stat().st_mode), 0o710)
        other.reload(("mode: 0710", "mode: 0700"))
        equal(stat.S_IMODE(path.stat().st_mode), 0o700)
        assert folder.socket(other.port + ADMIN_PORT).exists()
        other.other.stop()
        equal(list(folder.path.iterdir()), [])


@test
def the_socket_of_a_dead_process_is_taken_over_and_that_of_a_live_one_is_not(p):
    with Folder() as folder:
        edit = folder.edit()
        with p.another_shardward(edit) as other:
            path = folder.socket(other.port)
            other.process.send_signal(signal.SIGKILL)
            other.process.wait()
            assert path.exists()
            other.start()
            with connect(folder, other.port) as conn:
                equal(conn.execute("SELECT 1").fetchone(), (1,))
        with socket.socket(socket.AF_UNIX) as living:
            living.bind(str(path))
            living.listen()
            said = p.refuses_to_run(edit)
            assert f"cannot listen on {path}: another process does" in said, said
            assert path.exists()
        path.unlink()
        path.write_text("somebody's")
        said = p.refuses_to_run(edit)
        assert "it is there, and no socket" in said, said
        equal(path.read_text(), "somebody's")


@test
def a_path_that_another_has_taken_meanwhile_is_left_alone(p):
    with Folder() as folder:
        with p.another_shardward(folder.edit()) as other:
            path = folder.socket(other.port)
            path.unlink()
            with socket.socket(socket.AF_UNIX) as living:
                living.bind(str(path))
                other.stop()
                assert path.exists()


@rows(DOORS)
def a_reload_moves_the_socket(p, count):
    with with_socket(p, workers(count)) as (folder, other), Folder() as elsewhere:
        with connect(folder, other.port) as conn:
            log = other.reload((str(folder.path), str(elsewhere.path)))
            assert "unix_socket: " in log, log
            with connect(elsewhere, other.port) as moved:
                equal(moved.execute("SELECT 1").fetchone(), (1,))
            equal(conn.execute("SELECT 1").fetchone(), (1,))
            assert not folder.socket(other.port).exists()
            log = other.reload((str(folder.path), "/nowhere/at/all"))
            assert "reload-refused" in log and "cannot listen on /nowhere/at/all" in log, log
            with connect(elsewhere, other.port) as moved:
                equal(moved.execute("SELECT 1").fetchone(), (1,))
            other.reload((f"unix_socket: {{directory: {folder.path}}}\n", ""))
            assert not elsewhere.socket(other.port).exists()


@test
def there_is_no_tls_on_the_socket_and_none_is_required(p):
    made(p)
    with with_socket(p, tls(p, "require")) as (folder, other):
        with LocalWire(folder.socket(other.port), other.port) as client:
            client.send(wire.SSL_REQUEST)
            equal(client.read_bytes(1), b"N")
            equal(wire.kinds(client.login({"user": USER, "database": DATABASE}, PASSWORD)), "KZ")


@test
def the_console_is_on_a_socket_of_its_own(p):
    with with_socket(p) as (folder, other), connect(folder, other.port):
        with connect(folder, other.port + ADMIN_PORT, dbname="shardward", user="admin",
                     password="admin") as console:
            cursor = console.execute("SHOW CLIENTS")
            names = [column.name for column in cursor.description]
            (row,) = (dict(zip(names, row)) for row in cursor.fetchall())
            equal((row["addr"], row["port"]), ("unix", other.port))


# Peer

def me():
    return pwd.getpwuid(os.geteuid()).pw_name


def peer_user(name):
    return ("users:\n  booking:", f"users:\n  {name}:\n    auth: peer\n"
            "    server: {user: booking, password: booking}\n  booking:")


@test
def a_peer_needs_no_password_and_nobody_else_gets_in(p):
    with with_socket(p, peer_user(me())) as (folder, other):
        with connect(folder, other.port, user=me(), password="") as conn:
            equal(conn.execute("SELECT 1").fetchone(), (1,))
        with p.wire(other.port) as client:
            fields = wire.error_of(client.login({"user": me(), "database": DATABASE}, ""))
            equal((fields["C"], fields["M"]), ("28000", f'Peer authentication failed for user "{me()}"'))


@test
def another_user_of_the_system_is_no_peer(p):
    if os.geteuid() != 0:
        skip("only root can be two users")
    with with_socket(p, peer_user("postgres")) as (folder, other):
        try:
            connect(folder, other.port, user="postgres", password="")
            assert False, "root is not postgres"
        except psycopg.OperationalError as error:
            assert "Peer authentication failed" in str(error), error
        argv = [PSQL, "-X", "-h", str(folder.path), "-p", str(other.port), "-d", DATABASE, "-Atc", "SELECT 5"]
        done = subprocess.run(["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                               *argv], cwd="/", check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env={"PATH": os.environ["PATH"]})
        equal(done.stdout, "5\n")


# To servers

class Forwarder:
    """A server's Unix-domain socket: what comes there goes to a node by TCP."""

    def __init__(self, path, node):
        self.node, self.count = node, 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(50)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.count += 1
                server = socket.create_connection((self.node.address, self.node.port))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    @staticmethod
    def _carry(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@test
def a_node_is_reached_through_its_socket(p):
    node = p.main_node
    with Folder() as folder:
        forwarder = Forwarder(folder.socket(node.port), node)
        edit = (f"address: {node.address}, port: {node.port}",
                f"address: {folder.path}, port: {node.port}")
        with p.another_shardward(edit) as other, p.connect(other.port) as conn:
            for shard in p.shards("users"):
                key = p.new_patient(shard)
                row = conn.execute("SELECT name FROM patients WHERE patient_id = %s", (key,)).fetchone()
                equal(row, ("Ada",))
            with p.console(other.port) as console:
                cursor = console.execute("SHOW SERVERS")
                names = [column.name for column in cursor.description]
                found = [dict(zip(names, row)) for row in cursor.fetchall()]
            told = {(row["addr"], row["port"]) for row in found if row["node"] == node.name}
            equal(told, {("unix", node.port)})
            timer = threading.Timer(0.5, conn.cancel)
            timer.start()
            try:
                conn.execute("SELECT pg_sleep(20)")
                assert False, "not cancelled"
            except psycopg.errors.QueryCanceled:
                pass
            timer.join()
            assert forwarder.count > 2
        forwarder.close()


@test
def a_node_whose_socket_is_missing_is_told_of(p):
    node = p.main_node
    edit = (f"address: {node.address}, port: {node.port}", f"address: /nowhere, port: {node.port}")
    with p.another_shardward(edit) as other, p.wire(other.port) as client:
        fields = wire.error_of(client.login({"user": USER, "database": DATABASE}, PASSWORD))
        assert f"/nowhere/.s.PGSQL.{node.port}" in fields["M"], fields


# Faults

@rows([("a mode that is none", "{directory: /tmp, mode: rwx}", "write it as 0770"),
       ("a mode of the file system", "{directory: /tmp, mode: 1777}", "write it as 0770"),
       ("too long a directory", "{directory: /" + "d" * 100 + "}", "at most"),
       ("no directory", "{mode: 0770}", "needs the key 'directory'")])
def a_fault_is_told(p, section, text):
    file = p.edited_config(("workers: auto\n", f"workers: auto\nunix_socket: {section}\n"))
    said = p.run(p.program, "check", "-c", file).stdout
    faults = [m["text"] for m in map(FAULT.match, said.splitlines()) if m and "warning" not in m["text"]]
    equal(len(faults), 1, said)
    assert text in faults[0], faults


@rows([("nobody of that name", "nobody_of_that_name", True, "has no user"),
       ("no socket", "root", False, "needs Unix-domain sockets")])
def a_peer_that_cannot_be_is_a_fault(p, name, has_socket, text):
    edits = [peer_user(name)]
    if has_socket:
        edits.append(("workers: auto\n", "workers: auto\nunix_socket: {directory: /tmp}\n"))
    said = p.run(p.program, "check", "-c", p.edited_config(*edits)).stdout
    assert text in said, said
