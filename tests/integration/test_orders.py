"""The table of values in PostgreSQL's order, which the unit tests believe, is what a server says."""

import orders
from suite import equal, test

GOLDEN = orders.ROOT / "tests" / "golden" / "orders.txt"


@test
def the_golden_orders_are_those_of_the_server(p):
    with p.oracle() as conn:
        got = orders.table(conn).splitlines()
    expected = GOLDEN.read_text().splitlines()
    equal([line for line in got if line not in set(expected)], [], "not in the table")
    equal(got, expected, "the table")
