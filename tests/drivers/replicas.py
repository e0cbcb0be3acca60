"""replicas - drivers whose reads may leave the primary, beside replicas that stand still or die.

Each driver has a second program, which does what it is told by lines, one after the other, and answers each
with one: `open USER`, `say SQL`, `write BALANCE`, then reads that answer with the server and the balance:
`read`, `hint` (with a comment in front), `only` (twice, in a READ ONLY transaction), `fetch` (in such a one,
by portions), and `slow SERVER` (at once on that server, else after a minute).
"""

import contextlib
import os
import select
import signal
import subprocess

import suite
from replica_lab import REPLICAS, lab, paused, said, value_of
from replicated import APP_PASSWORD, DATABASE
from server import ask, plain_env, until


class Program:
    """One that runs; a session of its own."""

    def __init__(self, argv, env, directory):
        self.process = subprocess.Popen(
            [str(arg) for arg in argv], env=plain_env(**env), cwd=directory, bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    def send(self, line):
        self.process.stdin.write(line.encode() + b"\n")

    def has_answered(self):
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def hear(self):
        line = self.process.stdout.readline().decode().strip()
        assert line, f"it has ended\n{self.process.stderr.read().decode(errors='replace')[-4000:]}"
        return line

    def ask(self, line):
        self.send(line)
        return self.hear()

    def ends(self):
        """It comes to its end by itself when nothing more is asked."""
        self.process.stdin.close()
        suite.equal(self.process.wait(), 0, "the exit status")

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()


def look(program, line, balance):
    """Who has answered; each of the balances in the answer has to be that one."""
    words = program.ask(line).split()
    suite.equal(set(words[1::2]), {str(balance)}, f"{line}: {words}")
    [who] = set(words[0::2])
    return who


def write(program):
    balance = value_of()
    suite.equal(program.ask(f"write {balance}"), "wrote 1")
    return balance


def check_old(one, balance):
    """The replicas lack it, and are read nevertheless, by whom that is all the same."""
    for node in one.replicas():
        assert node.query("SELECT balance FROM accounts WHERE id = 5", "s1") != [[str(balance)]], \
            f"{node.name} has replayed the write: this test shows nothing"
    with one.connect() as other:
        suite.equal(said(ask(other, "SELECT served_by() FROM accounts WHERE id = 5")[0][0]), "replica")


def check_reads(one, program, line, turns):
    """What was just written is seen, on the primary while replay stands still, else on a replica."""
    for _ in range(turns):
        with paused(*one.replicas()):
            balance = write(program)
            check_old(one, balance)
            suite.equal([look(program, line, balance) for _ in range(2)], ["c1-east"] * 2)
        until(lambda b=balance: look(program, line, b) in REPLICAS, "replicas are read again")


def by_its_user(one, program, _driver):
    program.ask("open prefers")
    check_reads(one, program, "read", 5)


def by_set(one, program, _driver):
    program.ask("open bank")
    balance = write(program)
    suite.equal(look(program, "read", balance), "c1-east")
    program.ask("say SET shardward.read = prefer_replica")
    until(lambda: look(program, "read", balance) in REPLICAS, "replicas are read")
    check_reads(one, program, "read", 1)
    program.ask("say RESET shardward.read")
    suite.equal(program.ask("read").split()[0], "c1-east")


def in_a_transaction(one, program, _driver):
    program.ask("open prefers")
    check_reads(one, program, "only", 2)
    check_reads(one, program, "read", 1)


def by_a_comment(one, program, _driver):
    program.ask("open bank")
    check_reads(one, program, "hint", 3)
    balance = write(program)
    for _ in range(6):
        suite.equal(look(program, "read", balance), "c1-east")
        until(lambda: look(program, "hint", balance) in REPLICAS, "replicas are read")


def by_portions(one, program, driver):
    program.ask("open prefers")
    balance = write(program)
    if driver.portions == "replica":
        check_reads(one, program, "fetch", 2)
    else:
        suite.equal([look(program, "fetch", balance) for _ in range(3)], ["c1-east"] * 3)


def as_its_replica_dies(one, program, _driver):
    west, north = one.node("c1-west"), one.node("c1-north")
    program.ask("open insists")

    def is_read_there():
        program.send(f"slow {north.name}")
        reader = until(lambda: program.has_answered() or west.query(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active'"
            " AND pid <> pg_backend_pid()"), "a replica reads")
        if reader is True:
            suite.equal(program.hear().split()[0], north.name)
        return reader is not True

    until(is_read_there, f"{west.name} is read")
    west.kill()
    try:
        suite.equal(program.hear().split()[0], north.name)
        suite.equal(program.ask("read").split()[0], north.name)
    finally:
        west.start()
        west.wait_ready()
    until(lambda: {program.ask("read").split()[0] for _ in range(4)} == REPLICAS, "both replicas are read again")


TESTS = (by_its_user, by_set, in_a_transaction, by_a_comment, by_portions, as_its_replica_dies)


def play(platform, plays, driver, test):
    plays.check_built(driver)
    one = lab(platform)
    argv, env, directory = plays.words_of(driver)
    env |= {"PGHOST": "127.0.0.1", "PGPORT": str(one.port), "PGPASSWORD": APP_PASSWORD, "PGDATABASE": DATABASE}
    with contextlib.closing(Program(argv, env, directory)) as program:
        test(one, program, driver)
        program.ends()


def tests_of(plays, driver):
    for test in TESTS:
        yield (f"{driver.name}: {test.__name__.replace('_', ' ')}",
               lambda platform, t=test: play(platform, plays, driver, t))
