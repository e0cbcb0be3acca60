"""auth_query: users that only PostgreSQL knows, looked up in the catalog database."""

import contextlib
import hashlib

import psycopg
import wire
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, test
from test_auth import MD5_ASKED, SASL, asked, md5_proof, password_message
from test_console import table
from test_pools import name_of, workers
from test_reload import changing

ASKER = "auth_asker"
OTHERS = 'users:\n  "*":\n    auth: {auth}\n    server: {{user: booking, password: booking}}\n{more}  booking:'
QUERY = "auth_query:\n  user: auth_asker\n  password: asker\n{more}"
SECRET = "correct horse"


def edit(auth="scram-sha-256", cache="1h", others="", query=""):
    section = QUERY.format(more=f"  cache: {cache}\n" + query)
    return "users:\n  booking:", section + OTHERS.format(auth=auth, more=others)


def md5_of(name, password):
    return "md5" + hashlib.md5(f"{password}{name}".encode()).hexdigest()


def sql(p, text):
    return p.clusters.psql(p.main_node, "booking", "-c", text)


@contextlib.contextmanager
def roles(p, *more):
    """Roles of the cluster with the catalog database: (name, options)."""
    names = []
    try:
        for name, options in ((ASKER, "SUPERUSER LOGIN PASSWORD 'asker'"), *more):
            names.append(name)
            sql(p, f'CREATE ROLE "{name}" {options}')
        yield
    finally:
        for name in names:
            sql(p, f'DROP ROLE "{name}"')


def outcome(p, other, user, password, **params):
    with p.wire(other.port) as client:
        answers = client.login({"user": user, "database": DATABASE, **params}, password)
        if answers[-1].kind == "Z":
            return "in"
        fields = wire.error_of(answers)
        return f"{fields['S']} {fields['C']}: {fields['M']}"


def refused(user):
    return f'FATAL 28P01: password authentication failed for user "{user}"'


@test
def a_role_of_postgresql_logs_in_by_its_scram_verifier(p):
    key = p.new_patient("users_0")
    with roles(p, ("alice", f"LOGIN PASSWORD '{SECRET}'")), p.another_shardward(workers(2), edit()) as other:
        for _ in range(2):
            with p.connect(other.port, user="alice", password=SECRET) as conn:
                equal(conn.execute(f"SELECT name FROM patients WHERE patient_id = {key}").fetchall(),
                      [("Ada",)])
            for wrong in ("wrong", PASSWORD, SECRET[:-1]):
                equal(outcome(p, other, "alice", wrong), refused("alice"))
        with p.logged_in(other.port) as client:     # those of the file are as ever
            equal(name_of(client, key), [["Ada"]])
        equal(outcome(p, other, USER, SECRET), refused(USER))
        assert SECRET not in other.log() and "SCRAM-SHA-256$" not in other.log()


@rows([("an md5 hash", MD5_ASKED, md5_of("bob", SECRET)), ("a SCRAM verifier", SASL, SECRET)])
def under_auth_md5_who_has(p, method, password):
    with roles(p, ("bob", f"LOGIN PASSWORD '{password}'")), p.another_shardward(edit("md5")) as other:
        with p.connect(other.port, user="bob", password=SECRET) as conn:
            equal(conn.execute("SELECT 1").fetchall(), [(1,)])
        for tried, ends_in in ((SECRET, "Z"), ("wrong", "E")):
            with p.wire(other.port) as client:
                code, salt = asked(client, "bob")
                equal(code, method)
                if method == MD5_ASKED:
                    client.send(password_message(md5_proof("bob", tried, salt)))
                    equal(client.read_until("ZE")[-1].kind, ends_in)
        for name in ("bob", "nobody"):
            with contextlib.suppress(psycopg.OperationalError):
                p.connect(other.port, user=name, password="wrong").close()
                raise AssertionError(f"{name} was let in")
        assert md5_of("bob", SECRET) not in other.log()


@rows([("an md5 hash under SCRAM", f"LOGIN PASSWORD '{md5_of('carol', SECRET)}'"),
       ("a password that is no longer valid", f"LOGIN PASSWORD '{SECRET}' VALID UNTIL '2020-01-01'"),
       ("no password", "LOGIN"), ("no right to log in", f"NOLOGIN PASSWORD '{SECRET}'")])
def as_an_unknown_user_is_refused_who_has(p, options):
    heard = []
    with roles(p, ("carol", options)), p.another_shardward(edit()) as other:
        for user in ("carol", "nobody", "*"):
            with p.wire(other.port) as client:
                equal(asked(client, user)[0], SASL)
            equal(outcome(p, other, user, SECRET), refused(user))
            with p.wire(other.port) as client:
                answers = client.login({"user": user, "database": DATABASE}, SECRET)
                heard.append([{k: v.replace(user, "?") for k, v in wire.error_of(answers).items()},
                              len(answers)])
    equal(heard[0], heard[1])
    equal(heard[0], heard[2])


@test
def a_password_that_was_changed_works_after_one_failure_and_at_once_without_a_cache(p):
    for cache, first in (("1h", refused("dave")), ("0", "in")):
        with roles(p, ("dave", f"LOGIN PASSWORD '{SECRET}'")), \
                p.another_shardward(workers(2), edit(cache=cache)) as other:
            equal(outcome(p, other, "dave", SECRET), "in")
            sql(p, "ALTER ROLE dave PASSWORD 'another one'")
            equal(outcome(p, other, "dave", "another one"), first)
            equal(outcome(p, other, "dave", "another one"), "in")
            equal(outcome(p, other, "dave", SECRET), refused("dave"))


@test
def nothing_that_a_client_sends_changes_what_is_asked(p):
    evil = f"x' UNION SELECT 'x', rolpassword FROM pg_authid WHERE rolname = '{ASKER}"
    sql(p, "CREATE SCHEMA evil")
    try:
        sql(p, "CREATE TABLE evil.pg_authid (rolname name, rolpassword text, rolvaliduntil timestamptz,"
               " rolcanlogin bool)")
        sql(p, "INSERT INTO evil.pg_authid SELECT 'erin', rolpassword, NULL, true FROM pg_authid"
               f" WHERE rolname = '{USER}'")
        with roles(p), p.another_shardward(edit(cache="0")) as other:
            for params in ({"search_path": "evil, pg_catalog"},
                           {"options": "-c search_path=evil,pg_catalog"}):
                equal(outcome(p, other, "erin", PASSWORD, **params), refused("erin"))
            equal(outcome(p, other, evil, "asker"), refused(evil))
    finally:
        sql(p, "DROP SCHEMA evil CASCADE")


@test
def a_query_of_ones_own_needs_no_superuser(p):
    function = """CREATE FUNCTION public.find_user(wanted name) RETURNS TABLE (name name, password text)
        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS
        'SELECT rolname, rolpassword FROM pg_authid WHERE rolname = wanted'"""
    own = edit(query="  query: SELECT * FROM public.find_user($1)\n")
    with roles(p, ("frank", f"LOGIN PASSWORD '{SECRET}'")):
        sql(p, f"ALTER ROLE {ASKER} NOSUPERUSER")
        with p.another_shardward(edit()) as other:
            equal(outcome(p, other, "frank", SECRET),
                  "FATAL 57P03: the user cannot be looked up at the moment")
            assert "auth-query-failed" in other.log() and "42501" in other.log(), other.log()
            equal(outcome(p, other, USER, PASSWORD), "in")
        sql(p, function)
        try:
            with p.another_shardward(own) as other:
                equal(outcome(p, other, "frank", SECRET), "in")
                equal(outcome(p, other, "nobody", SECRET), refused("nobody"))
        finally:
            sql(p, "DROP FUNCTION public.find_user(name)")


@test
def the_connection_that_asks_is_opened_again_when_it_is_lost(p):
    with roles(p, ("grace", f"LOGIN PASSWORD '{SECRET}'")), p.another_shardward(edit(cache="0")) as other:
        for _ in range(3):
            equal(outcome(p, other, "grace", SECRET), "in")
            sql(p, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                   f" WHERE usename = '{ASKER}'")


@test
def rights_pool_and_limits_are_those_of_the_others(p):
    key = p.new_patient("users_0")
    others = "    businesses: [users]\n    clients: 1\n    pool: {mode: transaction, size: 1}\n"
    with roles(p, ("heidi", f"LOGIN PASSWORD '{SECRET}'"), ("ivan", f"LOGIN PASSWORD '{SECRET}'")), \
            p.another_shardward(workers(2), edit(others=others)) as other:
        with p.connect(other.port, user="heidi", password=SECRET) as one, \
                p.connect(other.port, user="ivan", password=SECRET) as two, p.console(other.port) as admin:
            for conn in (one, two) * 3:
                equal(conn.execute(f"SELECT name FROM patients WHERE patient_id = {key}").fetchall(),
                      [("Ada",)])
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                one.execute("SELECT count(*) FROM hospitals")
                raise AssertionError("it may use hospitals")
            equal(outcome(p, other, "heidi", SECRET),
                  'FATAL 53300: too many connections for role "heidi"')
            equal(sorted(row["user"] for row in table(admin, "SHOW CLIENTS")), ["heidi", "ivan"])
            [pool] = [row for row in table(admin, "SHOW POOLS") if row["shard"] == "users_0"]
            equal((pool["user"], pool["sv_active"] + pool["sv_idle"]), ("*", 1))
            [user] = [row for row in table(admin, "SHOW USERS") if row["name"] == "*"]
            equal((user["pool_size"], user["current_client_connections"]), (1, 2))
            shown = {row["key"]: row["value"] for row in table(admin, "SHOW CONFIG")}
            equal((shown["auth_query.user"], shown["auth_query.password"]), (ASKER, "****"))


@test
def who_was_found_so_ends_with_the_section(p):
    with roles(p, ("judy", f"LOGIN PASSWORD '{SECRET}'")), changing(p) as other:
        equal(outcome(p, other, "judy", SECRET), refused("judy"))
        old, new = edit()
        log = other.reload((old, new))
        assert "auth_query: " in log and "asker" not in log.replace(ASKER, ""), log
        with p.wire(other.port) as client:
            answers = client.login({"user": "judy", "database": DATABASE}, SECRET)
            equal(answers[-1].kind, "Z")
            equal(wire.kinds(client.query("SELECT 1")), "TDCZ")
            other.reload()
            equal(wire.error_of(client.read_to_end())["C"], "57P01")
        equal(outcome(p, other, "judy", SECRET), refused("judy"))
