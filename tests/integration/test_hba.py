"""hba: who may come from where, in PostgreSQL's words."""

import psycopg
import wire
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, test
from test_reload import Changing
from test_tls import made, tls
from test_unix_sockets import Folder, connect, me

AS = {"user": USER, "database": DATABASE}


def lines(*all_lines):
    text = "".join(f"  - {{{line}}}\n" for line in all_lines)
    return ("users:\n  booking:", f"hba:\n{text}users:\n  booking:")


def outcome(client, user=USER, password=PASSWORD, database=DATABASE):
    """in, or SQLSTATE and words."""
    answers = client.login({"user": user, "database": database}, password)
    if answers[-1].kind != "E":
        return "in"
    fields = wire.error_of(answers)
    equal(fields["S"], "FATAL")
    return f"{fields['C']}: {fields['M']}"


NOBODY = ('28000: no pg_hba.conf entry for host "127.0.0.1", user "booking", database "booking", '
          "no encryption")
REJECTED = NOBODY.replace("no pg_hba.conf entry for", "pg_hba.conf rejects connection for")


@rows([("no line fits", ["type: host, address: 10.0.0.0/8"], NOBODY),
       ("of TLS alone", ["type: hostssl"], NOBODY),
       ("of the socket alone", ["type: local"], NOBODY),
       ("rejected", ["type: host, method: reject"], REJECTED),
       ("rejected before it fits", ["type: host, address: 127.0.0.0/8, method: reject",
                                    "type: host"], REJECTED),
       ("fits before it is rejected", ["type: host, user: booking", "type: host, method: reject"],
        "in"),
       ("by its address", ["type: host, address: 127.0.0.1"], "in"),
       ("by all of all", ["type: host, user: all, database: all, address: all, method: auth"], "in"),
       ("by its database", ["type: hostnossl, database: [booking]"], "in")])
def the_first_line_that_fits_counts(p, some, expected):
    with p.another_shardward(lines(*some)) as other, p.wire(other.port) as client:
        equal(outcome(client), expected)


@test
def a_user_that_is_trusted_needs_no_password_and_an_unknown_one_learns_nothing(p):
    with p.another_shardward(lines("type: host, method: trust")) as other:
        with p.wire(other.port) as client:
            equal(outcome(client, password=""), "in")
        with p.wire(other.port) as client:
            equal(outcome(client, user="nobody"),
                  '28P01: password authentication failed for user "nobody"')


@test
def a_line_of_tls_is_for_those_in_tls(p):
    with p.another_shardward(tls(p), lines("type: hostssl")) as other:
        with p.wire(other.port) as client:
            client.request_tls()
            equal(outcome(client), "in")
        # libpq tries both ways by itself
        with p.connect(other.port, sslmode="allow") as conn:
            assert conn.pgconn.ssl_in_use
    with p.another_shardward(tls(p), lines("type: hostnossl")) as other:
        with p.wire(other.port) as client:
            client.request_tls()
            equal(outcome(client), NOBODY.replace("no encryption", "SSL encryption"))
        with p.connect(other.port, sslmode="prefer") as conn:
            assert not conn.pgconn.ssl_in_use


@test
def a_peer_of_a_line_is_who_the_system_says(p):
    edit = ("users:\n  booking:", "hba: [{type: local, method: peer}, {type: host}]\n"
            f"users:\n  {me()}:\n    password: unknown\n"
            "    server: {user: booking, password: booking}\n  booking:")
    with Folder() as folder:
        with p.another_shardward(folder.edit(), edit) as other:
            with connect(folder, other.port, user=me(), password="") as conn:
                equal(conn.execute("SELECT 1").fetchone(), (1,))
            for user in (USER, "nobody"):
                try:
                    connect(folder, other.port, user=user, password="")
                    assert False, f"{user} is let in"
                except psycopg.OperationalError as error:
                    assert "authentication failed" in str(error) or "password" in str(error), error
            with p.wire(other.port) as client:
                equal(outcome(client), "in")


CERT = ("users:\n  booking:", """hba: [{type: hostssl, user: booking, method: cert}, {type: host}]
users:
  other:
    auth: cert
    server: {user: booking, password: booking}
  booking:""")


@rows([("of its name", "booking", "client", None),
       ("of another's", "other", "client", 'certificate authentication failed for user "other"'),
       ("of its name, by its own auth", "other", "other", None),
       ("of no name", "booking", "nameless", 'certificate authentication failed for user "booking"')])
def a_certificate_is_a_login(p, user, shown, why):
    own = made(p)
    options = {"sslcert": own.path(f"{shown}.crt"), "sslkey": own.path(f"{shown}.key"),
               "sslmode": "require", "user": user, "password": "none"}
    with p.another_shardward(tls(p, "verify-ca"), CERT) as other:
        try:
            with p.connect(other.port, **options) as conn:
                equal(conn.execute("SELECT 1").fetchone(), (1,))
                equal(why, None)
        except psycopg.OperationalError as error:
            assert why is not None and why in str(error), error


@test
def a_reload_changes_the_lines_for_those_who_come_later(p):
    with p.another_shardward() as started:
        other = Changing(started)
        with p.logged_in(other.port) as client:
            log = other.reload(lines("type: host, method: reject"))
            assert "hba 1: added" in log, log
            with p.wire(other.port) as late:
                equal(outcome(late), REJECTED)
            equal(wire.rows_of(client.query("SELECT 1")), [["1"]])
            other.reload()
            with p.wire(other.port) as late:
                equal(outcome(late), "in")


@test
def an_unknown_database_without_a_line_is_refused_by_its_name(p):
    with p.another_shardward(lines("type: host, database: booking")) as other:
        with p.wire(other.port) as client:
            equal(outcome(client, database="elsewhere"),
                  NOBODY.replace('database "booking"', 'database "elsewhere"'))
