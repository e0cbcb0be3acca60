"""What pool mode transaction refuses because it needs a server of one's own; see README, "Limits of
today". Each flight is refused there with 0A000, and the session lives; pool mode session gives
PostgreSQL's answers."""

import struct

from script import ADA, queries, run, visit
from wire import SYNC, message, parse, query


def function_call(oid, *arguments):
    body = struct.pack("!IHH", oid, 0, len(arguments))
    for argument in arguments:
        body += struct.pack("!I", len(argument)) + argument
    return message("F", body + struct.pack("!H", 0))


INT4PL = 177

SCRIPTS = [
    ("FunctionCall", function_call(INT4PL, b"1", b"2")), ("FunctionCall of nothing", function_call(0)),
    ("FunctionCall in a batch", (parse("SELECT 1") + function_call(INT4PL, b"1", b"2") + SYNC, 2)),
    ("temporary sequences and views", *queries("CREATE TEMP SEQUENCE s", "CREATE TEMP VIEW v AS SELECT 1")),
    ("a temporary table in a string with its transaction", query("BEGIN; CREATE TEMP TABLE t (a int); ROLLBACK")),
    ("DO", *queries("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two' USING HINT = 'three'; END $$")),
    ("PREPARE TRANSACTION", query("PREPARE TRANSACTION 'x'")),
    ("set_config with parameters", run("SELECT set_config($1, $2, false)", ["DateStyle", "German"]) + SYNC),
    ("functions that nobody has declared", *queries("SELECT nothing(1)", "SELECT pg_read_file('x')")),
    ("savepoints in a string", query(f"SELECT 1; SAVEPOINT a; {visit(ADA)}")),
    ("ends in a string", query("BEGIN; BEGIN; COMMIT; COMMIT")),
    ("types of one's own in PREPARE", query("PREPARE s (nothing) AS SELECT 1")),
    ("COPY of a write", query(f"COPY ({visit(ADA)}) TO STDOUT")), ("LOCK TABLE outside", query("LOCK TABLE patients")),
    ("another encoding", query("SET client_encoding = LATIN1")),
]
