#!/usr/bin/python3
"""run.py --shardward PATH [--cache DIR]: PostgreSQL's own regression tests through shardward.

Runs them on a throw-away server, twice directly and once in pool mode session, and compares what psql
said. Each test is a test here, which passes if it said the same through shardward. The tests come
from Debian's source package of postgresql-15, which is kept in the cache.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "tools" / "lib")]
sys.dont_write_bytecode = True

import clusters                                         # noqa: E402
from clusters import BIN, plain_env, server_user        # noqa: E402
from platform_under_test import Shardward               # noqa: E402

PG_REGRESS = BIN.parent / "lib" / "pgxs" / "src" / "test" / "regress" / "pg_regress"
INCLUDES = ("/usr/include/postgresql/15/server", "/usr/include/postgresql")
NODE, USER, PASSWORD, DBNAME = "127.0.1.9", "postgres", "regress", "regression"
LEAST = 190             # tests that there must be, and that say what PostgreSQL expects
CLIENTS = 40            # a group of the schedule runs at once

SETTINGS = """
max_connections = 100
max_prepared_transactions = 10
fsync = off
autovacuum = off
unix_socket_directories = ''
"""


def run(*argv, user=False, **options):
    result = subprocess.run([str(arg) for arg in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False,
                            **(server_user() if user else {}), **options)
    if result.returncode != 0:
        raise clusters.Failure(f"{' '.join(map(str, argv))}:\n{result.stdout}")
    return result.stdout


# What to run

def fetch(cache):
    """The directory src/test/regress of Debian's source package."""
    found = list(cache.glob("postgresql-15*/src/test/regress"))
    if found:
        return found[0]
    lists = cache / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    sources = cache / "debian.sources"
    sources.write_text("Types: deb-src\nURIs: http://deb.debian.org/debian\nSuites: bookworm\nComponents: main\n"
                       "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n")
    apt = ["apt-get", "-q", "-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=/dev/null",
           "-o", f"Dir::State::lists={lists}", "-o", "APT::Sandbox::User=root"]
    run(*apt, "update", cwd=cache)
    run(*apt, "source", "--download-only", "postgresql-15", cwd=cache)
    archive = next(cache.glob("postgresql-15_*.orig.tar.*"))
    run("tar", "xf", archive, "--wildcards", "*/src/test/regress/*", cwd=cache)
    return next(cache.glob("postgresql-15*/src/test/regress"))


def build_library(source, into):
    run("cc", "-O1", "-fPIC", "-shared", *(f"-I{path}" for path in INCLUDES), source / "regress.c", "-o",
        into / "regress.so")


# Where to run it

@contextlib.contextmanager
def server(work):
    data, port = work / "node", clusters.free_base_port()
    work.joinpath("password").write_text(PASSWORD)
    run(BIN / "initdb", "-D", data, "-U", USER, "-E", "UTF8", "--locale=C", "--auth=scram-sha-256",
        f"--pwfile={work / 'password'}", "--no-sync", user=True, env=plain_env(), cwd=work)
    with open(data / "postgresql.conf", "a", encoding="utf-8") as conf:
        conf.write(f"{SETTINGS}listen_addresses = '{NODE}'\nport = {port}\n")
    (data / "pg_hba.conf").write_text("host all all 127.0.0.0/8 scram-sha-256\n")
    control = [BIN / "pg_ctl", "-w", "-s", "-D", data, "-l", work / "node.log"]
    run(*control, "start", user=True, env=plain_env(), cwd=work)
    try:
        yield port
    finally:
        run(*control, "-m", "immediate", "stop", user=True, env=plain_env(), cwd=work)


@contextlib.contextmanager
def shardward(program, work, node_port):
    port = clusters.free_base_port()
    config = work / "regress.yaml"
    config.write_text(f"""
listen: 127.0.0.1:{port}
timeouts: {{lease: 60s}}
clusters:
  c1: {{nodes: [{{name: n1, address: {NODE}, port: {node_port}}}]}}
users:
  {USER}: {{password: {PASSWORD}, server: {{user: {USER}, password: {PASSWORD}}}, pool: {{mode: session, size: {CLIENTS}}}}}
databases:
  {DBNAME}: {{catalog: {{cluster: c1, dbname: {DBNAME}}}}}
""")
    one = Shardward(program, config, port, work / "shardward.log")
    one.start()
    try:
        yield port
    finally:
        one.stop()


def fresh_database(node_port):
    """As pg_regress makes it, and without the roles of an earlier run."""
    psql = [BIN / "psql", "-XqAt", "-h", NODE, "-p", node_port, "-U", USER]
    env = plain_env(PGPASSWORD=PASSWORD)
    run(*psql, "-d", "postgres", "-c", f"DROP DATABASE IF EXISTS {DBNAME} (FORCE)", env=env)
    for role in run(*psql, "-d", "postgres", "-c", "SELECT rolname FROM pg_roles WHERE rolname LIKE 'regress%'",
                    env=env).split():
        run(*psql, "-d", "postgres", "-c", f'DROP ROLE "{role}"', env=env)
    run(*psql, "-d", "postgres", "-c", f"CREATE DATABASE {DBNAME} TEMPLATE template0 LOCALE 'C'", env=env)
    run(*psql, "-d", DBNAME, *(word for name in ("lc_messages", "lc_monetary", "lc_numeric", "lc_time") for word in
                               ("-c", f"ALTER DATABASE {DBNAME} SET {name} TO 'C'")),
        "-c", f"ALTER DATABASE {DBNAME} SET bytea_output TO 'hex'",
        "-c", f"ALTER DATABASE {DBNAME} SET timezone_abbreviations TO 'Default'", env=env)


def regress(source, library, into, host, port):
    """What each test said, as text by its name."""
    into.mkdir()
    shutil.copytree(source, into / "in")
    for path in (into, *(into / "in").rglob("*")):
        os.chmod(path, 0o777 if path.is_dir() else 0o666)
    subprocess.run([PG_REGRESS, "--use-existing", f"--inputdir={into / 'in'}", f"--outputdir={into}",
                    f"--bindir={BIN}", f"--dlpath={library}", f"--host={host}", f"--port={port}", f"--user={USER}",
                    f"--dbname={DBNAME}", f"--schedule={into / 'in' / 'parallel_schedule'}",
                    f"--max-connections={CLIENTS // 2}"],
                   env=plain_env(PGPASSWORD=PASSWORD), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                   stderr=subprocess.STDOUT, text=True, check=False, cwd=into, **server_user())
    return {path.stem: path.read_text(errors="replace").replace(str(into), "DIR")
            for path in (into / "results").glob("*.out")}


# What came of it

def difference(direct, through):
    with tempfile.TemporaryDirectory() as where:
        for name, text in (("direct", direct), ("through", through)):
            Path(where, name).write_text(text)
        return subprocess.run(["diff", "-U2", "direct", "through"], cwd=where, stdout=subprocess.PIPE, text=True,
                              check=False).stdout


def is_expected(source, name, text):
    return any(path.read_text(errors="replace") == text for path in (source / "expected").glob(f"{name}*.out"))


def report(source, direct, again, through):
    """What differs between two direct runs, too, says nothing."""
    passed, failed, unsteady = 0, 0, []
    for name in sorted(direct):
        if direct[name] != again.get(name):
            unsteady.append(name)
        elif through.get(name) == direct[name]:
            passed += 1
        else:
            failed += 1
            print(f"FAIL  {name}")
            print(re.sub("^", "      ", difference(direct[name], through.get(name, ""))[:4000], flags=re.M))
    expected = sum(is_expected(source, name, text) for name, text in direct.items())
    print(f"{len(direct)} tests: {passed} say the same through shardward; not the same even "
          f"directly: {' '.join(unsteady) or 'none'}; as PostgreSQL expects it directly: {expected}")
    if len(direct) < LEAST or expected < LEAST:
        failed += 1
        print("FAIL  there is too little to compare")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shardward", required=True)
    parser.add_argument("--cache", required=True, type=Path, help="where the source package is kept")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args.cache.mkdir(parents=True, exist_ok=True)
    source = fetch(args.cache.resolve())
    with tempfile.TemporaryDirectory(prefix="shardward-regress-", dir="/var/tmp") as name:
        work = Path(name)
        os.chmod(work, 0o777)
        build_library(source, work)
        with server(work) as node_port:
            said = []
            for turn in ("one", "two"):
                fresh_database(node_port)
                said.append(regress(source, work, work / turn, NODE, node_port))
            fresh_database(node_port)
            with shardward(str(Path(args.shardward).resolve()), work, node_port) as port:
                said.append(regress(source, work, work / "three", "127.0.0.1", port))
        good = report(source, *said)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
