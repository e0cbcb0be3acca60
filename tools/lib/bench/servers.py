"""servers - the PostgreSQL server behind all contenders, and its rows.

It is there to be fast, not safe: no fsync, everything in memory. Every shard database holds all
rows, so that no loader has to know where a proxy looks for a key.
"""

import hashlib
import hmac
import base64
import os
import secrets
import subprocess

import clusters

USER, PASSWORD = "bench", secrets.token_hex(8)
DBNAME, CATALOG = "bench", "bench_catalog"
SHARDS = [f"bench_{i}" for i in range(4)]
ACCOUNTS, BRANCHES, TELLERS, ACCOUNTS_OF_A_BRANCH = 100_000, 1_000, 10, 100
SPARE_CONNECTIONS = 700

SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 256MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 1h
autovacuum = off
jit = off
huge_pages = off
"""

# Every key is the first column; the tables of one transaction share theirs.
SCHEMA = """
CREATE TABLE pgbench_accounts (aid bigint PRIMARY KEY, bid int, abalance int, filler char(84));
CREATE TABLE bench_branches (bid bigint PRIMARY KEY, bbalance bigint NOT NULL);
CREATE TABLE bench_tellers (bid bigint, tid int, tbalance bigint NOT NULL, PRIMARY KEY (bid, tid));
CREATE TABLE bench_accounts (bid bigint, aid int, abalance bigint NOT NULL, PRIMARY KEY (bid, aid));
CREATE TABLE bench_history (bid bigint, tid int, aid int, delta int, mtime timestamptz);
"""

ROWS = f"""
INSERT INTO pgbench_accounts SELECT i, 1, 0, '' FROM generate_series(1, {ACCOUNTS}) i;
INSERT INTO bench_branches SELECT b, 0 FROM generate_series(1, {BRANCHES}) b;
INSERT INTO bench_tellers SELECT b, t, 0
    FROM generate_series(1, {BRANCHES}) b, generate_series(1, {TELLERS}) t;
INSERT INTO bench_accounts SELECT b, a, 0
    FROM generate_series(1, {BRANCHES}) b, generate_series(1, {ACCOUNTS_OF_A_BRANCH}) a;
VACUUM ANALYZE;
CHECKPOINT;
"""


def verifier(password, salt=b"shardward-bench!", iterations=1):
    """A password as PostgreSQL keeps it (RFC 5802). The iterations are the work of clients alone,
    which would hide what logins cost a proxy."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    words = (base64.b64encode(word).decode() for word in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *words)


def make_certificate(directory):
    """server.crt and server.key, which only their owner may read."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "30", "-subj", "/CN=bench", "-keyout", directory / "server.key", "-out",
         directory / "server.crt"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    (directory / "server.key").chmod(0o600)


class Server:
    address = "127.0.0.1"

    def __init__(self, work_dir, port, max_clients):
        self.dir, self.port = work_dir / "node", port
        self.max_connections = max_clients + SPARE_CONNECTIONS

    def start(self):
        self.dir.mkdir(mode=0o700)
        if os.geteuid() == 0:
            owner = clusters.server_user()
            os.chown(self.dir, owner["user"], owner["group"])
        self._run("initdb", "-D", self.dir / "data", "-U", USER, "-E", "UTF8",
                  "--locale=C.UTF-8", "--auth=trust", "--no-sync")
        with open(self.dir / "data" / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"{SETTINGS}port = {self.port}\nmax_connections = {self.max_connections}\n")
        self._run("pg_ctl", "start", "-w", "-s", "-D", self.dir / "data", "-l", self.dir / "log")
        for dbname in (DBNAME, CATALOG, *SHARDS):
            self.create(dbname)
            self.run_sql(dbname, SCHEMA + ("" if dbname == CATALOG else ROWS))

    def create(self, dbname):
        self.run_sql("postgres", f"CREATE DATABASE {dbname}")

    def run_sql(self, dbname, sql):
        result = subprocess.run(
            [clusters.BIN / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.address,
             "-p", str(self.port), "-U", USER, dbname], env=clusters.plain_env(), input=sql,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if result.returncode != 0:
            raise clusters.Failure(f"psql, database {dbname}:\n{result.stdout}")

    def stop(self):
        if (self.dir / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", self.dir / "data")

    def _run(self, program, *args):
        result = subprocess.run(
            [clusters.BIN / program, *map(str, args)], **clusters.server_user(), cwd=self.dir,
            env=clusters.plain_env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False)
        if result.returncode != 0:
            log = self.dir / "log"
            raise clusters.Failure(f"{program}:\n{result.stdout}"
                                   f"{log.read_text()[-2000:] if log.exists() else ''}")
