"""COPY from and to single tables, and to the client from one shard."""

from script import ADA, COPY_DONE, broken, copy_fail, data, queries, run
from wire import FLUSH, SYNC, bind, describe, execute, parse, query

IN = "COPY hospitals FROM STDIN"
OUT = "COPY (SELECT * FROM hospitals ORDER BY hospital_id) TO STDOUT"
ROWS = "71\tNorth\tHarbin\n72\tSouth\t\\N \n"
SEE = query("SELECT * FROM hospitals ORDER BY hospital_id")


def into(sql, *pieces, end=COPY_DONE):
    return query(sql) + data(*pieces) + end


SCRIPTS = [
    *((f"out: {name}", *queries(*texts)) for name, *texts in [
        ("text", OUT, "COPY hospitals (name, hospital_id) TO STDOUT"), ("nothing", "COPY schedules TO STDOUT"),
        ("csv", f"{OUT} CSV HEADER", f"{OUT} (FORMAT csv, QUOTE '''', FORCE_QUOTE (name))", f"{OUT} (FORMAT csv, DELIMITER ';', NULL 'x')"),
        ("binary", f"{OUT} (FORMAT binary)"), ("escapes", "COPY (SELECT E'a\\tb\\nc\\\\d', NULL, '') TO STDOUT", "COPY (SELECT E'a\"b\\nc', NULL, '') TO STDOUT CSV"),
        ("of a shard", f"COPY (SELECT patient_id, name FROM patients WHERE patient_id = {ADA}) TO STDOUT"),
        ("in a string", f"SELECT 1; {OUT}; SELECT 2; {OUT}"), ("an error inside", "COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) n) TO STDOUT"),
        ("an error behind", f"{OUT}; SELECT nothing FROM hospitals"), ("an error before", f"SELECT 1/0 FROM hospitals; {OUT}"),
        ("options that are wrong", f"{OUT} (FORMAT xml)", f"{OUT} (DELIMITER 'ab')", f"{OUT} (HEADER)", f"{OUT} (QUOTE 'x')", f"{OUT} (nothing)"),
        ("names that are wrong", "COPY hospitals (nothing) TO STDOUT", "COPY (SELEC) TO STDOUT"),
        ("in a transaction", "BEGIN", OUT, broken(ADA), OUT, "ROLLBACK"), ("many rows", "COPY (SELECT n, repeat('x', 100) FROM generate_series(1, 1000) n) TO STDOUT")]),
    ("out: extended", run(OUT) + SYNC, parse(OUT) + describe("S") + bind() + describe("P") + execute(1) + SYNC, parse(OUT) + bind(results=[1]) + execute() + SYNC),
    ("in: text", into(IN, ROWS), SEE), ("in: nothing", into(IN), SEE), ("in: byte by byte", into(IN, *ROWS), SEE),
    ("in: csv", into(f"{IN} CSV HEADER", "a,b,c\n71,\"x\ny\",\"\"\"\"\n"), SEE), ("in: csv that ends in a quote", into(f"{IN} CSV", "71,\"x\n"), SEE),
    ("in: columns", into("COPY hospitals (city, name, hospital_id) FROM STDIN (DELIMITER '|', NULL 'nil')", "c|n|71\n"), SEE),
    ("in: where", into(f"{IN} WHERE hospital_id <> 71", ROWS), SEE), ("in: the end in the data", into(IN, ROWS, "\\.\n", "junk\n"), SEE),
    ("in: no end of line", into(IN, "71\ta\tb"), SEE), ("in: carriage returns", into(IN, "71\ta\tb\r\n72\tc\td\r\n"), SEE),
    ("in: both ends of lines", into(IN, "71\ta\tb\r\n72\tc\td\n"), SEE),
    ("in: a word that is no number", into(IN, "x\ta\tb\n"), SEE), ("in: too few columns", into(IN, "71\ta\n"), SEE), ("in: too many columns", into(IN, "71\ta\tb\tc\n"), SEE),
    ("in: a key twice", into(IN, "71\ta\tb\n71\ta\tb\n"), SEE), ("in: a null", into(IN, "71\t\\N\tb\n"), SEE),
    ("in: a row that is not there", into("COPY departments FROM STDIN", "71\t4711\tx\n"), SEE), ("in: a condition that fails", into("COPY doctors FROM STDIN", "71\t1\tx\ty\t-1\n"), SEE),
    ("in: not UTF-8", into(IN, b"71\t\xff\tb\n"), SEE), ("in: binary that is none", into(f"{IN} BINARY", "nothing of it"), SEE),
    ("in: binary that is empty", into(f"{IN} BINARY", b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\xff\xff"), SEE),
    ("in: failed by the client", into(IN, ROWS, end=copy_fail("no more")), SEE), ("in: failed without a reason", into(IN, end=copy_fail("")), SEE),
    ("in: failed, and data behind", into(IN, "x\n", ROWS, end=copy_fail("late")), SEE), ("in: refused", into("COPY hospitals (name, name) FROM STDIN", ROWS), SEE),
    ("in: refused columns", into("COPY hospitals (nothing) FROM STDIN", ROWS), SEE), ("in: refused options", into(f"{IN} (FORMAT csv, FORMAT csv)", ROWS), SEE),
    ("in: Flush and Sync among data", query(IN) + data("71\t") + FLUSH + data("a\tb\n") + SYNC + COPY_DONE, SEE),
    ("in: in two flights", (query(IN), "G"), data(ROWS) + COPY_DONE, SEE), ("in: a query instead of data", (query(IN), "G"), data("71\ta") + query("SELECT 1"), SEE),
    ("in: a Parse instead of data", (query(IN), "G"), parse("SELECT 1") + SYNC, SEE),
    ("in: in a string", query(f"SELECT 1 FROM hospitals; {IN}; SELECT count(*) FROM hospitals") + data(ROWS) + COPY_DONE, SEE),
    ("in: an error behind", query(f"{IN}; SELECT 1/0 FROM hospitals") + data(ROWS) + COPY_DONE, SEE),
    ("in: rolled back", query("BEGIN"), into(IN, ROWS), SEE, query("ROLLBACK"), SEE), ("in: committed", query("BEGIN"), into(IN, ROWS), query("COMMIT"), SEE),
    ("in: failed in a transaction", query("BEGIN"), into(IN, "x\n"), SEE, query("COMMIT"), SEE),
    ("in: a savepoint", query("BEGIN"), query("SAVEPOINT a"), into(IN, "x\n"), query("ROLLBACK TO a"), into(IN, ROWS), query("COMMIT"), SEE),
    ("in: extended", (run(IN) + FLUSH, "G"), data(ROWS) + COPY_DONE + SYNC, SEE), ("in: extended in one flight", run(IN) + data(ROWS) + COPY_DONE + SYNC, SEE),
    ("in: extended with a Sync that is lost", run(IN) + SYNC + data(ROWS) + COPY_DONE + SYNC, SEE), ("in: extended, failed", run(IN) + data(ROWS) + copy_fail("x") + run("SELECT 1") + SYNC, SEE),
    ("in: extended, refused", (run("COPY hospitals (name, name) FROM STDIN") + SYNC + data(ROWS) + COPY_DONE + SYNC, 2), SEE),
    ("in: extended, a bad row", run(IN) + data("x\n") + COPY_DONE + SYNC, SEE), ("in: extended, described", parse(IN) + describe("S") + bind() + describe("P") + SYNC, SEE),
    ("in: extended, and more behind", run(IN) + data(ROWS) + COPY_DONE + run("SELECT count(*) FROM hospitals") + SYNC, SEE),
    ("in: three at once", (into(IN, "71\ta\tb\n") + into(IN, "x\n") + into(IN, "73\ta\tb\n"), 3), SEE),
    ("words of nobody's COPY", data("x") + COPY_DONE + copy_fail("x") + query("SELECT 1")),
]
