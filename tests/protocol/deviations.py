"""deviations - scripts in which shardward is known to differ from PostgreSQL, and why.

What is refused with 0A000 in pool mode transaction is in scripts/refused.py.
"""

BOTH = ("transaction", "session")

_LENGTHS = "PostgreSQL ends the connection without a word; shardward says 08P01 before it does"
_ROWS = "what EXECUTE answers is described before its arguments are looked at"

_KNOWN = [
    # pool modes, topic: name, reason
    (BOTH, "start: a number of bytes that nobody sends", _LENGTHS),
    (BOTH, "start: a message of 7 bytes", _LENGTHS),
    (BOTH, "start: a length of 3", _LENGTHS),
    (BOTH, "start: a length below zero", _LENGTHS),
    (BOTH, "start: an option without its value", "the hint of PostgreSQL sends to its own --help"),
    (BOTH, "start: options of one letter", "of the command line of a server, -c and -- are taken"),
    (BOTH, "start: application_name of 64 letters", "the notice that it is cut comes with no login, or with RESET ALL"),
    (("transaction",), "transactions: chained when failed",
     "PostgreSQL 15 forgets READ ONLY when a failed transaction is chained; shardward keeps it"),
    (("transaction",), "extended: names that are alike up to letter 63", "names are compared whole"),
    (("transaction",), "extended: batches: a Sync with bytes", "of a Sync nothing but its type is looked at"),
    (("transaction",), "extended: empty with a type", "an empty statement has no parameters"),
    (("transaction",), "extended: formats: numbers that cannot be", "found before a server is asked: without a position"),
    (("transaction",), "prepare: arguments that are wrong", _ROWS),
    (("transaction",), "settings: local", "that SET LOCAL has ended is told with the next statement, if no shard took part"),
    (("transaction",), "settings: client_min_messages", "notices of control are shardward's own, and always told"),
]

# (pool mode, topic: name): the reason
DEVIATIONS = {(mode, name): reason for modes, name, reason in _KNOWN for mode in modes}
