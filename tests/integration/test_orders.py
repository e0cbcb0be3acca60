"""How PostgreSQL sorts: the table that the golden test believes is what a server says, and texts under
a locale of libc are compared as a server does, where this machine has what it takes to make one."""

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import clusters
import orders
import psycopg
from suite import equal, rows, skip, test

GOLDEN = orders.ROOT / "tests" / "golden" / "orders.txt"
SOURCES = Path("/usr/share/i18n/locales")


@test
def the_golden_orders_are_those_of_the_server(p):
    with p.oracle() as conn:
        got = orders.table(conn).splitlines()
    expected = GOLDEN.read_text().splitlines()
    equal([line for line in got if line not in set(expected)], [], "not in the table")
    equal(got, expected, "the table")


@test
def c_utf8_of_this_server_is_bytewise(p):
    with p.oracle() as conn:
        equal(orders.table(conn, orders.COLLATED, '"C.utf8"'), orders.table(conn, orders.COLLATED), "C.utf8")
        equal(conn.execute(r"SELECT U&'\0378' < U&'\0391' COLLATE " '"C.utf8"').fetchone(), (True,))


@contextlib.contextmanager
def server_with(locale):
    """Who connects to a server of its own, that knows @locale; and the environment to know it, too."""
    with tempfile.TemporaryDirectory(prefix="orders-") as name:
        directory = Path(name)
        user = clusters.server_user()
        if user:
            shutil.chown(directory, user["user"], user["group"])
        env = clusters.plain_env(LOCPATH=name)

        def run(*argv):
            subprocess.run([str(word) for word in argv], check=True, stdout=subprocess.DEVNULL, env=env,
                           cwd=name, **user)

        run("localedef", "-i", locale, "-f", "UTF-8", directory / f"{locale}.UTF-8")
        run(clusters.BIN / "initdb", "-D", directory / "data", "-U", "postgres", "-E", "UTF8", "-A", "trust",
            "--locale=C.UTF-8", "--no-sync")
        run(clusters.BIN / "pg_ctl", "-D", directory / "data", "-w", "-l", directory / "log", "-o",
            f"-c listen_addresses='' -k {name} -c fsync=off", "start")
        try:
            with psycopg.connect(host=name, user="postgres", dbname="postgres") as conn:
                yield conn, directory, env
        finally:
            run(clusters.BIN / "pg_ctl", "-D", directory / "data", "-m", "immediate", "stop")


@rows([("en_US", "en_US"), ("cs_CZ", "cs_CZ")])
def texts_are_compared_as_under(p, locale):
    program = Path(p.program).parent / "tests" / "golden" / "golden_orders"
    if not (SOURCES / locale).exists() or not program.exists():
        skip("no source of the locale, or the program that compares is not built")
    with server_with(locale) as (conn, directory, env):
        conn.execute(f"CREATE COLLATION tested (PROVIDER = libc, LOCALE = '{locale}.UTF-8')")
        (version,) = conn.execute("SELECT pg_collation_actual_version('tested'::regcollation)").fetchone()
        file = directory / "orders.txt"
        file.write_text(orders.table(conn, orders.COLLATED, "tested"))
        env = {**env, "ASAN_OPTIONS": "detect_leaks=0"}    # libc itself keeps what LOCPATH says
        answer = subprocess.run([program, "--collation", f"{locale}.UTF-8", version, file], env=env,
                                stdout=subprocess.PIPE, text=True, check=False)
        equal(answer.returncode, 0, answer.stdout)
