"""The lines of tests/golden/must_work.sql answer as they do on one PostgreSQL."""

from pathlib import Path

from platform_under_test import ORACLE
from suite import equal, rows

FILE = Path(__file__).resolve().parents[1] / "golden" / "must_work.sql"


def lines():
    section = None
    for number, line in enumerate(FILE.read_text().splitlines(), 1):
        if line.startswith("-- @"):
            section = line[4:].split(":")[0]
        elif section and line.strip() and (not line.startswith("--") or line == "-- a comment"):
            yield f"{number}: {line}", section, line


@rows(lines())
def answers_as_postgresql(p, section, line):
    dbname = "booking" if section == "catalog" else ORACLE
    expected = p.psql(line + "\n", node=p.main_node, dbname=dbname)
    got = p.psql(line + "\n")
    equal(got, expected, line)
