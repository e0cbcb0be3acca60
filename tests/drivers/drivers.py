"""drivers - the drivers, how their programs are built and run, and what each of them must do."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Driver:
    """Words of build and run may hold {src}, the folder beside this file that is named like the
    driver, and {out}, a directory to build into, which is where they run."""
    name: str
    run: tuple
    does: str                            # steps, in their order
    build: tuple = ()                    # commands
    env: dict = field(default_factory=dict)

    @property
    def steps(self):
        return [*(step.strip() for step in self.does.split(",")), "done"]

    def environment(self, places):
        return {name: value.format(**places) for name, value in self.env.items()}


PYTHON = ("/usr/bin/python3", "-B", "{src}/booking.py")
CC = ("cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-I/usr/include/postgresql")

DRIVERS = [
    Driver("libpq", build=((*CC, "-o", "{out}/booking", "{src}/booking.c", "-lpq"),),
           run=("{out}/booking",),
           does="connect, insert, single table, select, binary, update, delete, prepared, async,"
                " single row mode, pipeline, pipeline error, transaction, savepoint, copy in, copy out,"
                " cursor, types, errors, unknown table, cancel, notify, large, ddl"),
    Driver("psycopg2", run=PYTHON,
           does="connect, insert, single table, select, update, delete, prepared, batch, transaction,"
                " savepoint, copy in, copy out, cursor, types, own types, errors, isolation, cancel,"
                " notify, pool, ddl"),
    Driver("psycopg3", run=PYTHON,
           does="connect, insert, single table, select, update, delete, prepared, batch,"
                " batch over shards, pipeline,"
                " pipeline error, transaction, savepoint, copy in, copy out, cursor, types, own types,"
                " errors, cancel, notify, async, ddl"),
]
