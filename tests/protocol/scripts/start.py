"""Start-up: parameters, versions, options, odd packets."""

import struct

from platform_under_test import USER
from script import ADA, END, Start, queries, visit
from wire import SSL_REQUEST, SYNC, TERMINATE, message, query, startup


def start(version=(3, 0), before=(), **params):
    return Start(lambda database: startup({"user": USER, "database": database, **params}, version), before)


def raw(*pieces):
    """The pieces as they are, and WHO for user and database."""
    def packet(database):
        who = f"user\0{USER}\0database\0{database}\0".encode()
        body = struct.pack("!HH", 3, 0) + b"".join(who if piece is WHO else piece for piece in pieces)
        return struct.pack("!I", len(body) + 4) + body
    return Start(packet)


WHO = object()
LOOK = queries("SHOW work_mem", "SHOW application_name", "SHOW TimeZone", "RESET ALL", "SHOW work_mem",
               "SHOW DateStyle")

SCRIPTS = [
    ("nothing but who", start(), *LOOK),
    ("application_name", start(application_name="booking app"), *LOOK),
    ("application_name of 64 letters", start(application_name="x" * 64), *LOOK),
    ("application_name with quotes", start(application_name="a 'b' \"c\" \\d"), *LOOK),
    ("application_name that is not ASCII", start(application_name="schön"), *LOOK),
    ("application_name of 63 letters", start(application_name="x" * 63), *LOOK),
    ("work_mem with a unit", start(work_mem="5 MB"), *LOOK),
    ("work_mem in hexadecimal", start(work_mem="0x1000"), *LOOK),
    ("names in capitals", start(WORK_MEM="6MB", TIMEZONE="utc"), *LOOK),
    ("the same parameter twice", raw(WHO, b"work_mem\x005MB\0work_mem\x006MB\0\0"), *LOOK),
    ("user behind the parameters", raw(b"work_mem\x005MB\0", WHO, b"\0"), *LOOK),
    ("options over parameters", start(options="-c work_mem=6MB", work_mem="7MB"), *LOOK),
    ("options with two dashes", start(options="--work-mem=6MB --application_name=x"), *LOOK),
    ("options without blanks", start(options="-cwork_mem=6MB -ctimezone=utc"), *LOOK),
    ("options with blanks around", start(options="   -c   work_mem=6MB  "), *LOOK),
    ("options with escapes", start(options=r"-c application_name=a\ b\\c"), *LOOK),
    ("options that are empty", start(options=""), *LOOK),
    ("options of one letter", start(options="-S 6000"), *LOOK),
    ("an option without its value", start(options="-c"),),
    ("an option without an equals sign", start(options="-c work_mem"),),
    ("DateStyle German", start(DateStyle="German"), *LOOK, *queries("SELECT date '2026-11-30'")),
    ("IntervalStyle", start(IntervalStyle="iso_8601"), *queries("SELECT interval '1 day 2 hours'")),
    ("bytea_output", start(bytea_output="escape"), *queries(r"SELECT '\x41ff'::bytea")),
    ("read only by default", start(default_transaction_read_only="on"),
     *queries("UPDATE hospitals SET name = name", "SET default_transaction_read_only = off")),
    ("isolation by default", start(default_transaction_isolation="serializable"),
     *queries("SHOW transaction_isolation", "BEGIN", "SHOW transaction_isolation", "COMMIT")),
    ("client_encoding in quotes", start(client_encoding="'utf-8'"), *queries("SHOW client_encoding")),
    ("client_encoding that nobody knows", start(client_encoding="klingon")),
    ("client_encoding that is empty", start(client_encoding="''")),
    ("a value out of range", start(work_mem="1")),
    ("a value that is empty", start(work_mem="")),
    ("a boolean that is none", start(enable_hashjoin="perhaps")),
    ("a parameter of the server's start", start(max_connections="7")),
    ("a parameter of the superuser", start(log_statement="all")),
    ("a parameter for looking at", start(server_version="1")),
    ("a parameter that is not known", start(nonsense="1")),
    ("a name that is empty", raw(WHO, b"\0x\0")),
    ("no end behind the parameters", raw(WHO)),
    ("a value without its end", raw(WHO, b"work_mem\x005MB")),
    ("bytes behind the end", raw(WHO, b"\0abc\0")),
    ("a number of bytes that nobody sends", Start(struct.pack("!I", 20_000))),
    ("a message of 7 bytes", Start(struct.pack("!I", 7) + b"abc")),
    ("minor version 1", start(version=(3, 1)), *queries("SELECT 1")),
    ("minor version 2", start(version=(3, 2)), *queries("SELECT 1")),
    ("minor version 9999", start(version=(3, 9999)), *queries("SELECT 1")),
    ("an option of the protocol", start(**{"_pq_.one": "1"}), *queries("SELECT 1")),
    ("several options of the protocol", start(**{"_pq_.b": "", "_pq_.a": "2", "_pq_.c": "3"}), *queries("SELECT 1")),
    ("options and a newer version", start(version=(3, 5), **{"_pq_.b": "", "work_mem": "5MB"}), *LOOK),
    ("TLS asked for", start(before=(SSL_REQUEST,)), *queries("SELECT 1")),
    ("replication that is none", start(replication="false"), *queries("SELECT 1")),
    ("replication that is nonsense", start(replication="perhaps")),
    ("a database that is not there", Start(startup({"user": USER, "database": "nowhere"}))),
    ("a name of a database of 63 letters", Start(startup({"user": USER, "database": "x" * 63}))),
    ("no user", Start(lambda database: startup({"database": database}))),
    ("an empty user", start(user="")),
    ("Terminate", start(), (TERMINATE, END)),
    ("Terminate behind a query", start(), (query("SELECT 1") + TERMINATE, END)),
    ("Terminate behind a write", start(), (query(visit(ADA)) + TERMINATE, END)),
    ("Terminate in a batch", start(), (SYNC + TERMINATE + query("SELECT 1"), END)),
    ("a message of no kind", start(), (message("?") + query("SELECT 1"), END)),
    ("a message of kind zero", start(), (message("\0") + query("SELECT 1"), END)),
    ("a password that nobody asked for", start(), (message("p", b"x\0"), END)),
    ("a length of 3", start(), (b"Q\0\0\0\3", END)),
    ("a length below zero", start(), (b"Q\xff\xff\xff\xff", END)),
]
