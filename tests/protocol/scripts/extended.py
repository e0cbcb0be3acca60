"""The extended protocol: statements and portals, formats, batches, errors that skip to Sync."""

import struct

from script import ADA, BEA, CYD, NAME, SERIES, VISIT, broken, name_of, run, shown, visit
from wire import FLUSH, SYNC, bind, close, describe, execute, message, parse, query

KEY, OTHER = str(ADA), str(CYD)
INT4, INT8, TEXT, NUMERIC, UNKNOWN = 23, 20, 25, 1700, 705
TWO = "SELECT $1::int AS a, $2::text AS b"
GO = bind((), "s") + execute()


def int4(value):
    return struct.pack("!i", value)


def int8(value):
    return struct.pack("!q", value)


def many(count):
    return "SELECT $1::int + $" + f"{count}::int AS sum, " + str(count)


STATEMENTS = [
    ("unnamed", shown("SELECT 1") + SYNC, bind() + execute() + SYNC, shown("SELECT 2") + SYNC, bind() + execute() + SYNC),
    ("named", parse("SELECT 1", "s") + SYNC, GO + SYNC, GO + GO + SYNC, close("S", "s") + SYNC, GO + SYNC),
    ("named on a shard", parse(NAME, "s") + SYNC, bind([KEY], "s") + execute() + SYNC, bind([OTHER], "s") + execute() + SYNC),
    ("a name twice", parse("SELECT 1", "s") + SYNC, parse("SELECT 2", "s") + SYNC, GO + SYNC),
    ("a name twice in one batch", parse("SELECT 1", "s") + parse("SELECT 2", "s") + GO + SYNC, GO + SYNC),
    ("a name again after Close", parse("SELECT 1", "s") + close("S", "s") + parse("SELECT 2", "s") + GO + SYNC, GO + SYNC),
    ("a name whose Parse failed", parse("SELEC", "s") + SYNC, describe("S", "s") + SYNC, parse("SELECT 1", "s") + GO + SYNC),
    ("a name whose Parse was skipped", run("SELECT 1/0") + parse("SELECT 1", "s") + SYNC, describe("S", "s") + SYNC, GO + SYNC),
    ("a name whose Close was skipped", parse("SELECT 1", "s") + SYNC, run("SELECT 1/0") + close("S", "s") + SYNC, GO + SYNC),
    ("a name that outlives ROLLBACK", query("BEGIN"), parse("SELECT 1", "s") + SYNC, query("ROLLBACK"), GO + SYNC),
    ("a name that outlives its batch's error", parse("SELECT 1", "s") + run("SELECT 1/0") + SYNC, GO + SYNC),
    ("names of 63 letters", parse("SELECT 1", "s" * 63) + bind((), "s" * 63) + execute() + SYNC),
    ("names that are alike up to letter 63", parse("SELECT 1", "s" * 64) + parse("SELECT 2", "s" * 65) + bind((), "s" * 65) + execute() + SYNC),
    ("names that are not ASCII", parse("SELECT 1", "größe \"x\"") + bind((), "größe \"x\"", "pörtal") + execute(0, "pörtal") + SYNC),
    ("names in capitals", parse("SELECT 1", "S") + parse("SELECT 2", "s") + bind((), "S") + execute() + GO + SYNC),
    ("100 names", b"".join(parse(f"SELECT {n}", f"s{n}") for n in range(100)) + SYNC,
     b"".join(bind((), f"s{n}") + execute() for n in range(100)) + SYNC, b"".join(close("S", f"s{n}") for n in range(100)) + SYNC),
    ("Close of what is not there", close("S", "nothing") + close("P", "nothing") + close("S") + close("P") + SYNC),
    ("Close of the unnamed statement", parse("SELECT 1") + close("S") + bind() + execute() + SYNC),
    ("Close of a statement with a portal", parse("SELECT generate_series(1, 3)", "s") + bind((), "s", "p") + execute(1, "p")
     + close("S", "s") + execute(1, "p") + SYNC),
    ("unknown statements", bind((), "nothing") + SYNC, describe("S", "nothing") + SYNC, bind() + SYNC, describe("S") + SYNC),
    ("unknown portals", execute(0, "nothing") + SYNC, describe("P", "nothing") + SYNC, execute() + SYNC, describe("P") + SYNC),
    ("an unnamed statement whose Parse failed", parse("SELECT 1") + SYNC, parse("SELEC") + SYNC, bind() + execute() + SYNC),
    ("an unnamed statement and a query", parse("SELECT 1") + SYNC, query("SELECT 2"), bind() + execute() + SYNC),
    ("an unnamed statement and an empty query", parse("SELECT 1") + SYNC, query(""), bind() + execute() + SYNC),
    ("an unnamed statement and a query that fails", parse("SELECT 1") + SYNC, query("SELEC"), bind() + execute() + SYNC),
    ("several in one Parse", parse("SELECT 1; SELECT 2") + SYNC, parse("SELECT 1;") + bind() + execute() + SYNC, parse(";;") + bind() + execute() + SYNC),
    ("empty ones", run("") + SYNC, run("-- x") + SYNC, run(" ; ") + SYNC, parse("", "s") + describe("S", "s") + bind((), "s", "p")
     + describe("P", "p") + execute(0, "p") + execute(0, "p") + SYNC),
    ("empty with a parameter", parse("") + bind(["1"]) + SYNC),
    ("empty with a type", parse("", "", [INT4]) + describe("S") + bind(["1"]) + execute() + SYNC),
    ("typos", parse("SELEC") + SYNC, parse("SELECT nothing") + SYNC, parse("SELECT $1") + describe("S") + SYNC,
     parse("SELECT $1::nothing") + SYNC, parse("SELECT $2::int") + SYNC, parse("SELECT $1 + $1") + SYNC),
]

DESCRIBED = [
    (f"described: {name}", parse(sql, "s", types) + describe("S", "s") + SYNC, describe("S", "s") + describe("S", "s") + SYNC)
    for name, sql, types in [
        ("parameters in any order", "SELECT $3::int8, $1::text, $2::date", ()),
        ("a parameter with a type", "SELECT $1", (INT8,)), ("a type in part", "SELECT $1, $2::date", (NUMERIC, 0)),
        ("more types than parameters", "SELECT $1", (INT4, TEXT, INT8)), ("a type that is unknown", "SELECT $1", (UNKNOWN,)),
        ("a type that is not there", "SELECT $1", (999_999,)), ("a type against a cast", "SELECT $1::date", (TEXT,)),
        ("names of columns", "SELECT 1 AS \"größe\", 2, now() AS t, 'x'::varchar(5), 1.5::numeric(9,3)", ()),
        ("the columns of a table", f"SELECT * FROM patients WHERE patient_id = {ADA}", ()),
        ("the columns of two tables", "SELECT h.name, d.* FROM hospitals h JOIN departments d USING (hospital_id)", ()),
        ("an update with returning", VISIT, ()), ("an insert", "INSERT INTO hospitals VALUES ($1, $2, $3)", ()),
        ("a delete", "DELETE FROM hospitals WHERE hospital_id = $1", ()), ("COMMIT", "COMMIT", ()), ("SHOW", "SHOW TimeZone", ()),
        ("SET", "SET work_mem = '1MB'", ()), ("EXPLAIN", "EXPLAIN SELECT 1", ()), ("VALUES", "VALUES ($1::int, 'x')", ())]]

PORTALS = [
    ("suspended", parse(SERIES, "s") + bind([KEY], "s") + execute(2) + execute(2) + execute(2) + execute(2) + SYNC),
    ("suspended exactly at the end", parse(SERIES) + bind([KEY]) + execute(5) + execute(5) + SYNC),
    ("suspended with Flush", query("BEGIN"), (parse(SERIES) + bind([KEY], portal="p") + execute(2, "p") + FLUSH, "s"), (execute(2, "p") + FLUSH, "s"),
     (execute(2, "p") + FLUSH, "C"), SYNC, query("COMMIT")),
    ("suspended over Sync", query("BEGIN"), parse(SERIES) + bind([KEY], portal="p") + execute(2, "p") + SYNC, execute(2, "p") + SYNC,
     execute(9, "p") + SYNC, execute(9, "p") + SYNC, close("P", "p") + SYNC, execute(1, "p") + SYNC, query("ROLLBACK")),
    ("suspended and outside a transaction", parse(SERIES) + bind([KEY], portal="p") + execute(2, "p") + SYNC, execute(2, "p") + SYNC),
    ("two at once", query("BEGIN"), parse(SERIES, "s") + bind([KEY], "s", "p") + bind([KEY], "s", "q") + execute(1, "p") + execute(2, "q")
     + execute(1, "p") + execute(2, "q") + SYNC, execute(0, "p") + execute(0, "q") + SYNC, query("COMMIT")),
    ("a name twice", query("BEGIN"), parse("SELECT 1", "s") + bind((), "s", "p") + bind((), "s", "p") + SYNC, query("ROLLBACK")),
    ("a name again after Close", parse("SELECT 1", "s") + bind((), "s", "p") + close("P", "p") + bind((), "s", "p") + execute(0, "p") + SYNC),
    ("run twice", parse("SELECT 1") + bind() + execute() + execute() + SYNC, parse(visit(ADA)) + bind() + execute() + execute() + SYNC),
    ("run twice without rows", parse("UPDATE hospitals SET name = name") + bind() + execute() + execute() + SYNC),
    ("of a write with a limit", parse(VISIT) + bind([KEY]) + execute(1) + execute(1) + SYNC, query(name_of(ADA))),
    ("never run", parse(VISIT) + bind([KEY]) + SYNC, query(name_of(ADA))),
    ("ended by COMMIT", query("BEGIN"), parse("SELECT 1") + bind((), portal="p") + SYNC, query("COMMIT"), execute(0, "p") + SYNC),
    ("ended by an error", query("BEGIN"), parse("SELECT 1") + bind((), portal="p") + SYNC, query("SELECT 1/0"), execute(0, "p") + SYNC, query("ROLLBACK")),
    ("the unnamed one replaced", parse("SELECT 1", "s") + parse("SELECT 2", "t") + bind((), "s") + bind((), "t") + execute() + SYNC),
    ("described twice", parse("SELECT 1") + bind() + describe("P") + describe("P") + execute() + describe("P") + SYNC),
    ("described when it gives none", parse("BEGIN") + bind() + describe("P") + execute() + SYNC, query("COMMIT")),
    ("and cursors of SQL", query("BEGIN"), query(f"DECLARE p CURSOR FOR {name_of(ADA)}"), execute(1, "p") + SYNC, describe("P", "p") + SYNC,
     close("P", "p") + SYNC, query("FETCH p"), query("ROLLBACK")),
    ("read by FETCH", query("BEGIN"), parse("SELECT n FROM generate_series(1, 4) n") + bind((), portal="p") + execute(1, "p") + SYNC,
     query("FETCH 2 FROM p"), query("CLOSE p"), query("ROLLBACK")),
]

FORMATS = [
    ("all text", shown(TWO, ["1", "x"]) + SYNC), ("one for all", shown(TWO, [int4(1), "x"], formats=[1]) + SYNC),
    ("one each", shown(TWO, [int4(1), "x"], formats=[1, 0]) + SYNC), ("too few", shown(TWO, ["1", "x"], formats=[0, 0, 0]) + SYNC),
    ("not text and not binary", shown(TWO, ["1", "x"], formats=[2]) + SYNC), ("results in binary", shown(TWO, ["7", "x"], results=[1]) + SYNC),
    ("results of each their own", shown(TWO, ["7", "x"], results=[1, 0]) + SYNC), ("too many results", shown(TWO, ["7", "x"], results=[1, 0, 1]) + SYNC),
    ("a result of no format", shown(TWO, ["7", "x"], results=[7]) + SYNC),
    ("binary of a shard", shown(f"SELECT name, visits, created_at IS NULL FROM patients WHERE patient_id = {ADA}", results=[1]) + SYNC),
    ("a key in binary", shown(NAME, [int8(ADA)], formats=[1]) + SYNC, shown(NAME, [int8(CYD)], formats=[1], results=[0, 1]) + SYNC),
    ("a key in binary that is short", shown(NAME, [b"\0\1"], formats=[1]) + SYNC), ("a key in binary that is empty", shown(NAME, [b""], formats=[1]) + SYNC),
    ("nulls", shown(TWO, [None, None]) + SYNC, shown(TWO, [None, ""], formats=[1], results=[1]) + SYNC, shown(NAME, [None]) + SYNC),
    ("values that are wrong", shown(TWO, ["x", "y"]) + SYNC, shown(TWO, [b"\0", "y"], formats=[1, 0]) + SYNC, shown(NAME, ["x"]) + SYNC),
    ("values that are not UTF-8", shown(TWO, ["1", b"\xff"]) + SYNC, shown(TWO, [int4(1), b"\xff"], formats=[1]) + SYNC),
    ("a zero byte in a text", shown(TWO, ["1", b"a\0b"]) + SYNC),
    ("too few values", shown(TWO, ["1"]) + SYNC, shown(NAME, []) + SYNC), ("too many values", shown(TWO, ["1", "2", "3"]) + SYNC, shown(NAME, [KEY, "2"]) + SYNC),
    ("binary of many types", shown("SELECT 1::int2, 2::int8, 1.5::float8, 2.5::numeric, true, date '2026-11-30', '{1,2}'::int[], 'x'::bytea,"
                                   " '{}'::jsonb, interval '1 day'", results=[1]) + SYNC),
    ("of an empty query", parse("") + bind(formats=[1], results=[1]) + describe("P") + execute() + SYNC),
    ("of SHOW", shown("SHOW work_mem", results=[1]) + SYNC), ("of an update", shown(VISIT, [KEY], results=[1]) + SYNC),
    ("an array as a key", shown("SELECT name FROM patients WHERE patient_id = ANY($1) ORDER BY 1", [f"{{{ADA},{BEA}}}"]) + SYNC),
    ("255 parameters", shown(many(255), ["1"] * 255) + SYNC),
    ("65535 parameters", shown("SELECT " + " + ".join(f"${n}::int" for n in (1, 32767, 32768, 65535)),
                               ["1"] * 65535) + SYNC),
    ("numbers that cannot be", parse("SELECT $0") + SYNC, parse("SELECT $65536::int") + SYNC, parse("SELECT $99999999999::int") + SYNC),
    ("65535 parameters with types", parse("SELECT $65535", "s", [INT4] * 65535) + describe("S", "s") + SYNC,
     bind(["4"] * 65535, "s") + execute() + SYNC),
]

BATCHES = [
    ("Sync alone", (SYNC * 5, 5)), ("Flush alone", FLUSH * 3 + SYNC), ("Flush at the end", (run("SELECT 1") + FLUSH, "C"), SYNC),
    ("Flush behind each", (parse("SELECT 1") + FLUSH, "1"), (bind() + FLUSH, "2"), (describe("P") + FLUSH, "T"), (execute() + FLUSH, "C"), SYNC),
    ("Flush behind Describe and Close", (parse(NAME, "s") + describe("S", "s") + FLUSH, "T"), (close("S", "s") + FLUSH, "3"), SYNC),
    ("Flush behind an error", (run("SELECT 1/0") + FLUSH, "E"), run("SELECT 1") + SYNC),
    ("several Syncs in flight", (run(name_of(ADA)) + SYNC + run(name_of(CYD)) + SYNC + run("SELECT 1") + SYNC + SYNC + run(broken(ADA)) + SYNC + run(NAME, [OTHER]) + SYNC, 6)),
    ("errors in several batches", ((run("SELECT 1/0") + run("SELECT 1") + SYNC) * 3, 3)),
    ("an error skips", run("SELECT 1") + run("SELECT 1/0") + run("SELECT 2") + describe("S", "x") + execute(0, "x") + close("S", "x") + FLUSH + SYNC),
    ("an error skips a write", run(VISIT, [KEY]) + run(broken(ADA)) + run(VISIT, [KEY]) + SYNC, query(name_of(ADA))),
    ("an error in Bind skips", parse(VISIT, "s") + bind(["x"], "s") + execute() + bind([KEY], "s") + execute() + SYNC, query(name_of(ADA))),
    ("an error skips what nobody knows", run("SELECT 1/0") + describe("Q", "x") + message("B", b"") + SYNC),
    ("an error skips a query", run("SELECT 1/0") + query("SELECT 5") + query("SELECT 6") + SYNC),
    ("an error in a transaction", query("BEGIN"), run(VISIT, [KEY]) + SYNC, run(broken(ADA)) + run("SELECT 1") + SYNC, run("SELECT 1") + SYNC, run("COMMIT") + SYNC),
    ("one transaction", run(VISIT, [KEY]) + run(VISIT, [KEY]) + run(VISIT, [str(BEA)]) + SYNC, query(name_of(ADA))),
    ("one transaction that fails at its end", run(VISIT, [KEY]) + run(VISIT, [KEY]) + parse("SELEC") + SYNC, query(name_of(ADA))),
    ("a query without Sync before it", (run(VISIT, [KEY]) + query(name_of(ADA)) + SYNC, 2)),
    ("a query that fails without Sync before it", (run(VISIT, [KEY]) + query(broken(ADA)) + SYNC, 2), query(name_of(ADA))),
    ("a query between Parse and Bind", (parse("SELECT 1") + query("SELECT 2") + bind() + execute() + SYNC, 2)),
    ("a query between Bind and Execute", (parse("SELECT 1", "s") + bind((), "s", "p") + query("SELECT 2") + execute(0, "p") + SYNC, 2)),
    ("a query and a named statement", (parse("SELECT 1", "s") + query("SELECT 2") + GO + SYNC, 2)),
    ("a string without Sync before it", (run("SELECT 1") + query(f"{visit(ADA)}; {broken(ADA)}") + run(name_of(ADA)) + SYNC, 2)),
    ("queries and batches", (query("SELECT 1") + run("SELECT 2") + SYNC + query("SELECT 3") + run("SELECT 4") + SYNC, 4)),
    ("data of nobody's COPY", message("d", b"x") + message("c") + message("f", b"x\0") + run("SELECT 1") + SYNC),
    ("a Bind without its end", parse("SELECT 1") + message("B", b"\0\0\0\0\0\0") + SYNC), ("a Bind with bytes behind its end", parse("SELECT 1") + message("B", b"\0\0\0\0\0\0\0\0junk") + SYNC),
    ("a Bind that counts wrong", parse("SELECT $1::int") + message("B", b"\0\0\0\0\0\1\0\0\0\x091\0\0") + SYNC),
    ("a Bind with a length below -1", parse("SELECT $1::int") + message("B", b"\0\0\0\0\0\1\xff\xff\xff\xfe\0\0") + SYNC),
    ("a Parse with bytes behind its end", message("P", b"\0SELECT 1\0\0\0junk") + SYNC), ("a Parse without its end", message("P", b"\0SELECT 1") + SYNC),
    ("a Parse that promises types", message("P", b"\0SELECT 1\0\0\5") + SYNC),
    ("an Execute without its number", parse("SELECT 1") + bind() + message("E", b"\0") + SYNC),
    ("a negative limit", parse("SELECT generate_series(1, 3)") + bind() + message("E", b"\0\xff\xff\xff\xff") + SYNC),
    ("a Describe of neither", message("D", b"X\0") + SYNC), ("a Close of neither", message("C", b"X\0") + SYNC),
    ("a Describe without a name", message("D", b"S") + SYNC), ("a Sync with bytes", message("S", b"x")),
    ("a Parse that is not UTF-8", message("P", b"\0SELECT '\xff'\0\0\0") + SYNC),
]

SCRIPTS = [*STATEMENTS, *DESCRIBED, *((f"portals: {name}", *rest) for name, *rest in PORTALS),
           *((f"formats: {name}", *rest) for name, *rest in FORMATS), *((f"batches: {name}", *rest) for name, *rest in BATCHES)]
