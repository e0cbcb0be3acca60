"""script - what scripts are made of, and how one is played at a server.

A script is a row (name, flight...). A flight is bytes that are sent at once, or (bytes, until): a
number of ReadyForQuery, letters of messages, or END for the end of the connection; without it one
ReadyForQuery. A row whose first flight is a Start begins with that start-up message.
"""

from collections.abc import Callable
from dataclasses import dataclass

import wire
from wire import SYNC, bind, describe, execute, message, parse, query

END = None

# Patients: the first two are on one shard, the third on another one.
ADA, BEA, CYD = 8, 9, 3
NAME = "SELECT name, visits FROM patients WHERE patient_id = $1"
VISIT = "UPDATE patients SET visits = visits + 1 WHERE patient_id = $1 RETURNING visits"
SERIES = "SELECT generate_series(1, 5) AS n FROM patients WHERE patient_id = $1"

COPY_DONE = message("c")


@dataclass
class Start:
    """
    A start-up message; before it requests that are answered by one byte. The message is bytes, or
    a function that makes them for the name of the database.
    """
    packet: bytes | Callable[[str], bytes]
    before: tuple = ()


def name_of(key):
    return f"SELECT name, visits FROM patients WHERE patient_id = {key}"


def visit(key):
    return f"UPDATE patients SET visits = visits + 1 WHERE patient_id = {key} RETURNING visits"


def broken(key):
    return f"SELECT 1/0 FROM patients WHERE patient_id = {key}"


def queries(*texts):
    return [query(text) for text in texts]


def run(sql, values=(), **options):
    """Parse, Bind and Execute of the unnamed statement."""
    return parse(sql) + bind(values, **options) + execute()


def shown(sql, values=(), **options):
    return parse(sql) + bind(values, **options) + describe("P") + execute()


def each(*texts):
    """A flight of the extended protocol for each text."""
    return [shown(text) + SYNC for text in texts]


def data(*pieces):
    return b"".join(message("d", p.encode() if isinstance(p, str) else p) for p in pieces)


def copy_fail(why):
    return message("f", wire.text(why))


# How a script ends: the session is in no transaction, reads from every kind of place, and has the
# settings it should have. ROLLBACK outside of a transaction gives its warning.
SETTINGS = ("current_setting('work_mem'), current_setting('DateStyle'), current_setting('TimeZone'),"
            " current_setting('search_path'), current_setting('application_name')")
_PROBE = b"".join(queries(
    "ROLLBACK", f"SELECT {SETTINGS}, patient_id, name, visits FROM patients WHERE patient_id = {ADA}",
    f"SELECT visits, {SETTINGS} FROM patients WHERE patient_id = {CYD}",
    f"SELECT hospital_id, name, city, {SETTINGS} FROM hospitals ORDER BY 1"))
PROBE = (_PROBE, 4)

# What another client then sees: its own settings, and none of the names.
NEIGHBOUR = (_PROBE + describe("S", "s") + SYNC + describe("P", "p") + SYNC + query("EXECUTE s") + query("FETCH c")
             + bind() + SYNC + query(f"SELECT {SETTINGS}"), 10)


def said(answers, pid=b""):
    """Readable messages; of a notification without the process that sent it."""
    heard = [answer.readable() for answer in answers if answer.kind != "K"]
    return [(kind, body.replace(pid, b"pid!", 1) if kind == "A" else body) for kind, body in heard]


def messages_of(flight):
    """The bytes of a flight; of a start-up message none."""
    return b"" if isinstance(flight, Start) else flight[0] if isinstance(flight, tuple) else flight


def hear(client, flight):
    messages, until = flight if isinstance(flight, tuple) else (flight, 1)
    client.send(messages)
    if until is END:
        return client.read_to_end()
    return client.read_ready(until) if isinstance(until, int) else client.read_until(until)


def begin(client, start, database, password):
    """What is said up to the first ReadyForQuery; the parameters in the order of their names."""
    packet = start.packet(database) if callable(start.packet) else start.packet
    bytes_before = []
    for request in start.before:
        client.send(request)
        bytes_before.append(client.read_bytes(1))
    try:
        answers = client.start(packet, password)
    except wire.Closed:
        return [("closed", bytes_before)], False
    heard = said(answers)
    rest = [m for m in heard if m[0] != "S"]
    return [bytes_before, sorted(m for m in heard if m[0] == "S"), *rest], answers[-1].kind == "Z"


def play(client, flights, default_start, database, password):
    """The transcript: for each flight what was heard, the probe's too if the session lives."""
    start, *flights = flights if isinstance(flights[0], Start) else (default_start, *flights)
    heard, alive = begin(client, start, database, password)
    transcript = [heard]
    if not alive:
        return transcript
    ends = any(isinstance(flight, tuple) and flight[1] is END for flight in flights)
    for flight in [*flights, *([] if ends else [PROBE])]:
        try:
            transcript.append(said(hear(client, flight), client.key[:4]))
        except (wire.Closed, TimeoutError) as error:
            return [*transcript, repr(error)]
    return transcript


def placeless(heard):
    """ParameterStatus may come anywhere in a flight: first here, in its order."""
    told = [message for message in heard if message[0] == "S"]
    return told + [message for message in heard if message[0] != "S"]


def shows(transcript):
    """A transcript as text, for those who read of a difference."""
    return "\n".join(f"  {number}: {heard!r:.1500}" for number, heard in enumerate(transcript))
