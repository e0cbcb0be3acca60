"""drivers - the drivers, how their programs are built and run, and what each of them must do."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Driver:
    """Words of build and run may hold {src}, the folder beside this file that is named like the
    driver, and {out}, a directory to build into, which is where they run."""
    name: str
    run: tuple
    does: str = ""                       # steps, in their order
    build: tuple = ()                    # commands
    env: dict = field(default_factory=dict)
    portions: str = "replica"            # of a reader: who is asked for them

    @property
    def folder(self):
        return self.name.removesuffix(READS)

    @property
    def steps(self):
        return [*(step.strip() for step in self.does.split(",")), "done"]

    def environment(self, places):
        return {name: value.format(**places) for name, value in self.env.items()}


READS = " reads"
PYTHON = ("/usr/bin/python3", "-B", "{src}/booking.py")
PYTHON_READS = ("/usr/bin/python3", "-B", "{src}/reads.py")
JDBC = "/usr/share/java/postgresql.jar"
# Once for each package-lock.json.
NPM_CI = ("cmp -s {src}/package-lock.json fetched.json || {{ cp {src}/package.json {src}/package-lock.json . &&"
          " npm ci --no-audit --no-fund && cp package-lock.json fetched.json; }}")
GO = dict(GOPATH="/usr/share/gocode", GO111MODULE="off", GOCACHE="{out}/cache", GOFLAGS="", CGO_ENABLED="0")
GO_BUILD = ("go", "build", "-o", "{out}/booking", "{src}/booking.go")
GO_READS = ("go", "build", "-o", "{out}/reads", "{src}/reads/reads.go")
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", "{out}:" + JDBC)
JAVAC = ("javac", "-d", "{out}", "-cp", JDBC)
NPM = (("sh", "-c", NPM_CI),)
NODE = dict(NODE_PATH="{out}/node_modules")
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
                " batch over shards, pipeline, pipeline error, transaction, savepoint, copy in, copy out, cursor, types,"
                " own types, errors, cancel, notify, async, ddl"),
    Driver("psql", run=("sh", "{src}/booking.sh"),
           does="connect, insert, single table, select, update, delete, prepared, batch, insert select, cursor,"
                " transaction, savepoint, copy in, copy out, types, describe, errors, settings, ddl, cancel, notify,"
                " one string, format, environment, ready"),
    Driver("asyncpg", run=PYTHON,
           does="connect, insert, single table, select, update, delete, script, prepared, batch, batch over shards,"
                " transaction, savepoint, copy in, copy records, copy out, cursor, types, own types, errors, cancel,"
                " notify, pool, ddl"),
    Driver("sqlalchemy", run=PYTHON,
           does="connect, reflection, insert, select, update, identity, delete, batch, relationship, single table,"
                " upsert, cursor, transaction, savepoint, isolation, types, errors, pool, ddl, async"),
    Driver("django", run=PYTHON,
           does="connect, insert, select, update, single table, delete, batch, cursor, cursor with hold, transaction,"
                " savepoint, types, migration, introspection, introspection of sharded,"
                " recorder, errors, reconnect"),
    Driver("jdbc", build=((*JAVAC, "{src}/Booking.java"),), run=(*JAVA, "Booking"),
           does="connect, insert, update, single table, delete, several results, generated keys, thresholds,"
                " query modes, transaction, savepoint, isolation, batch, batch over shards, cursor, updatable rows,"
                " types, own types, copy in, copy out, errors, cancel, notify, metadata, result metadata, call, ddl"),
    Driver("perl", run=("perl", "{src}/booking.pl"),
           does="connect, insert, single table, select, update, delete, prepared, batch, transaction, savepoint,"
                " copy in, copy out, cursor, types, errors, cancel, async, notify, catalog, last insert id, ddl"),
    Driver("php", run=("php", "{src}/booking.php"),
           does="connect, insert, single table, select, update, delete, prepared, column meta, batch, transaction,"
                " savepoint, copy in, copy out, cursor, scroll cursor, types, errors, cancel, functions, notify,"
                " persistent, ddl"),
    Driver("ruby", run=("ruby", "-r", "bigdecimal", "-r", "date", "-r", "json", "{src}/booking.rb"),
           does="connect, insert, single table, select, update, delete, prepared, types, transaction, savepoint,"
                " copy in, copy out, single rows, cursor, pipeline, pipeline error, errors, cancel, notify, ddl, reset"),
    Driver("node", build=NPM, run=("node", "{src}/booking.js"), env=NODE,
           does="connect, insert, single table, select, update, delete, prepared, batch, transaction,"
                " savepoint, copy in, copy out, cursor, types, errors, cancel, notify, pool, ddl"),
    Driver("pq", build=(GO_BUILD,), run=("{out}/booking",), env=GO,
           does="connect, insert, single table, select, update, delete, prepared, binary parameters, transaction,"
                " savepoint, batch, copy in, cursor, types, errors, cancel, notify, pool, ddl"),
    Driver("pgx", build=(GO_BUILD,), run=("{out}/booking",), env=GO,
           does="connect, insert, single table, select, update, delete, prepared, batch, batch over shards,"
                " transaction, savepoint, copy in, copy out, copy rows, cursor, types, own types, errors, cancel,"
                " notify, pool, database sql, ddl"),
]

# Their second programs, whose reads may leave the primary; see replicas.py. A cursor of SQL does not.
READERS = [
    Driver("jdbc" + READS, build=((*JAVAC, "{src}/Reads.java"),), run=(*JAVA, "Reads")),
    Driver("node" + READS, build=NPM, run=("node", "{src}/reads.js"), env=NODE),
    Driver("pgx" + READS, build=(GO_READS,), run=("{out}/reads",), env=GO, portions="primary"),
    Driver("pq" + READS, build=(GO_READS,), run=("{out}/reads",), env=GO, portions="primary"),
    Driver("sqlalchemy" + READS, run=PYTHON_READS, portions="primary"),
    Driver("django" + READS, run=PYTHON_READS, portions="primary"),
]
