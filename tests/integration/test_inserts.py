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
        row = conn.execute("INSERT INTO clinics VALUES ('Harbin', 8, 'd') RETURNING *").fetchone()
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
                    "WITH x AS (SELECT 1) INSERT INTO clinics VALUES ('Harbin', 1)",
                    "WITH x AS (INSERT INTO clinics VALUES ('Harbin', 1) RETURNING *) SELECT * FROM x",
                    "INSERT INTO clinics DEFAULT VALUES",
                    "INSERT INTO clinics SELECT * FROM clinics WHERE city = 'Harbin'"):
            equal(error_of(conn, sql)[0], "0A000", sql)
        equal(conn.execute("SELECT count(*) FROM clinics WHERE city = 'Harbin'").fetchone(), (0,))
