"""INSERT without a column list into sharded tables: the catalog's list is put in."""

import datetime

import psycopg
from placed_tables import Places, placed
from suite import equal, test


def error_of(conn, sql, parameters=None, **options):
    """SQLSTATE and position, or None."""
    try:
        conn.execute(sql, parameters, **options)
    except psycopg.Error as error:
        return error.sqlstate, error.diag.statement_position
    return None


@test
def insert_without_a_column_list_goes_by_the_catalog(p):
    with placed(p) as other, p.connect(other.port) as conn:
        conn.execute("INSERT INTO clinics VALUES ('Harbin', 1, 'a')")
        conn.execute("INSERT INTO public . clinics AS c VALUES ('Changchun', 2), ('London', 3)")
        conn.execute("insert/**/into \"residents\" values ('Harbin', 5, 4, 'b'), ('Harbin', 5, 5, 'b')")
        for number in range(4):
            conn.execute("INSERT INTO pairs VALUES (%s, %s, %s, %s)", ("Harbin", number, 6, "c"), prepare=True)
        conn.execute("INSERT INTO days VALUES (%b, %b)", (datetime.date(2026, 11, 24), 7))
        row = conn.execute("WITH x AS (INSERT INTO clinics VALUES ('Shenzhen', 9, 'e') RETURNING *) SELECT * FROM x")
        equal(row.fetchone(), ("Shenzhen", 9, "e"))
        row = conn.execute("WITH x AS (SELECT 'd' AS note) INSERT INTO clinics VALUES ('Harbin', 8, "
                           "(SELECT note FROM x)) RETURNING *").fetchone()
        equal(row, ("Harbin", 8, "d"))
        equal(conn.execute("SELECT number, note FROM clinics WHERE city = 'Harbin' ORDER BY 1").fetchall(),
              [(1, "a"), (8, "d")])
        places = Places(p, other)
        for table in ("clinics", "residents", "pairs", "days"):
            equal(places.misplaced(table), [])
        equal(conn.execute("SELECT count(*) FROM pairs WHERE city = 'Harbin' AND id = 3").fetchone(), (1,))


@test
def its_errors_are_those_of_postgresql_and_point_into_the_clients_text(p):
    with placed(p) as other, p.connect(other.port) as mine, p.oracle() as theirs:
        for sql, parameters in (
                ("INSERT INTO clinics VALUES ('Harbin', 1, 'a', 2)", None),
                ("INSERT INTO clinics VALUES ('Harbin', 'no number')", None),
                ("INSERT INTO clinics VALUES ('Härbin', 'no number') RETURNING nothing", None),
                ("INSERT INTO clinics AS c VALUES ('Harbin', 1) RETURNING c.nothing", None),
                ("INSERT INTO clinics VALUES ('Harbin', nothing)", None),
                ("INSERT INTO clinics VALUES ('Harbin')", None),
                ("INSERT INTO clinics VALUES (%s, nothing)", ("Harbin",)),
                ("INSERT INTO clinics VALUES (%s, 1/0)", ("Harbin",))):
            for prepare in (False, True):
                got, expected = (error_of(c, sql, parameters, prepare=prepare) for c in (mine, theirs))
                if sql.endswith("2)"):           # told here, without a position
                    got, expected = got[0], expected[0]
                equal(got, expected, sql)


@test
def what_cannot_be_spliced_is_refused(p):
    with placed(p) as other, p.connect(other.port) as conn:
        for sql in ("INSERT INTO clinics VALUES ('Harbin', 1); SELECT 1",
                    "INSERT INTO clinics DEFAULT VALUES",
                    "INSERT INTO clinics SELECT * FROM clinics WHERE city = 'Harbin'"):
            equal(error_of(conn, sql)[0], "0A000", sql)
        equal(conn.execute("SELECT count(*) FROM clinics WHERE city = 'Harbin'").fetchone(), (0,))


@test
def a_default_that_each_server_answers_otherwise_is_refused(p):
    reader = ("users:\n  booking:", "users:\n  clerk:\n    password: clerk\n"
              "    server: {user: booking, password: booking}\n  booking:")
    with placed(p, "ALTER TABLE clinics ADD who text DEFAULT CURRENT_USER",
                "ALTER TABLE days ADD place text DEFAULT current_database()",
                "ALTER TABLE visits ADD remark text DEFAULT 'USER ' || lower('CURRENT_USER')",
                edits=[reader]) as other:
        for user, code in (("booking", None), ("clerk", ("0A000", None))):
            with p.connect(other.port, user=user, password=user) as conn:
                for sql in ("INSERT INTO clinics (city, number) VALUES ('Harbin', 1)",
                            "INSERT INTO clinics VALUES ('Harbin', 2, 'a')",
                            "INSERT INTO clinics VALUES ('Harbin', 3, 'a', DEFAULT)"):
                    for prepare in (False, True):
                        equal(error_of(conn, sql, prepare=prepare), code, sql)
                equal(error_of(conn, "INSERT INTO clinics VALUES ('Harbin', 4, 'a', 'me')"), None)
                equal(error_of(conn, "INSERT INTO days (day, number) VALUES ('2026-11-24', 1)"),
                      ("0A000", None))
                equal(error_of(conn, "INSERT INTO visits (day, number) VALUES ('2026-11-24', 1)"), None)
        rows = p.rows("users_0", "SELECT DISTINCT who FROM clinics ORDER BY 1")
        equal(rows, [("booking",), ("me",)])
