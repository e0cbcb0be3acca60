"""booking - rows for the booking platform, and one booking, both through shardward."""

import contextlib
import datetime
import itertools
import random
from concurrent.futures import ThreadPoolExecutor

HOSPITALS, DEPARTMENTS, DOCTORS = 20, 200, 1_000
PATIENTS, SLOTS_OF_A_DOCTOR, APPOINTMENTS = 10_000, 5, 2_000
LOADERS = 16

CITIES = ["Aachen", "Bologna", "Cork", "Dresden", "Espoo", "Faro", "Graz", "Huelva"]
FIELDS = ["cardiology", "dermatology", "neurology", "oncology", "orthopaedics", "paediatrics",
          "psychiatry", "radiology", "surgery", "urology"]
NAMES = ["Ada", "Boris", "Chen", "Dana", "Emil", "Fatma", "Goran", "Hana", "Ivo", "Jana"]
SURNAMES = ["Abel", "Bauer", "Costa", "Dietz", "Eriksen", "Fabbri", "Gruber", "Horvat", "Ilic"]

MONDAY = datetime.datetime(2030, 1, 7, 8, 0, tzinfo=datetime.timezone.utc)


def rows():
    """(table, statement, rows) in an order that foreign keys like; the same at each call."""
    dice = random.Random(1)

    def name():
        return f"{dice.choice(NAMES)} {dice.choice(SURNAMES)}"

    yield ("hospitals", "INSERT INTO hospitals (hospital_id, name, city) VALUES (%s, %s, %s)",
           ((h, f"Hospital {h}", CITIES[h % len(CITIES)]) for h in range(1, HOSPITALS + 1)))
    yield ("departments",
           "INSERT INTO departments (department_id, hospital_id, name) VALUES (%s, %s, %s)",
           ((d, (d - 1) // len(FIELDS) + 1, FIELDS[d % len(FIELDS)])
            for d in range(1, DEPARTMENTS + 1)))
    yield ("doctors",
           "INSERT INTO doctors (doctor_id, department_id, name, title, fee)"
           " VALUES (%s, %s, %s, %s, %s)",
           ((d, d % DEPARTMENTS + 1, name(), "Dr", 40 + d % 9 * 10)
            for d in range(1, DOCTORS + 1)))
    yield ("schedules",
           "INSERT INTO schedules (doctor_id, weekday, opens_at, closes_at, capacity)"
           " VALUES (%s, %s, %s, %s, %s)",
           ((d, 1 + d % 5, "08:00", "12:00", SLOTS_OF_A_DOCTOR) for d in range(1, DOCTORS + 1)))
    yield ("patients",
           "INSERT INTO patients (patient_id, name, phone, city, balance)"
           " VALUES (%s, %s, %s, %s, %s)",
           ((p, name(), f"+49 30 {p:06}", dice.choice(CITIES), 200)
            for p in range(1, PATIENTS + 1)))
    yield ("slots",
           "INSERT INTO slots (doctor_id, slot_id, starts_at, capacity, taken)"
           " VALUES (%s, %s, %s, %s, %s)",
           ((d, s, MONDAY + datetime.timedelta(days=d % 5, minutes=30 * s), 3,
             1 if d * SLOTS_OF_A_DOCTOR + s <= APPOINTMENTS else 0)
            for d, s in itertools.product(range(1, DOCTORS + 1),
                                          range(1, SLOTS_OF_A_DOCTOR + 1))))
    booked = [(dice.randint(1, PATIENTS), a) for a in range(1, APPOINTMENTS + 1)]
    yield ("appointments",
           "INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id, status)"
           " VALUES (%s, %s, %s, %s, %s)",
           ((p, a, (a - 1) // SLOTS_OF_A_DOCTOR + 1, (a - 1) % SLOTS_OF_A_DOCTOR + 1, "paid")
            for p, a in booked))
    yield ("payments",
           "INSERT INTO payments (patient_id, appointment_id, amount) VALUES (%s, %s, %s)",
           ((p, a, 40 + a % 9 * 10) for p, a in booked))


def load(connect, say):
    """Each row is one prepared INSERT with a Sync of its own, and thus its own transaction, which waits for
    the disks of two nodes: so there are several connections, each with its share of the rows of a table."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect()) for _ in range(LOADERS)]
        pool = stack.enter_context(ThreadPoolExecutor(LOADERS))
        for table, statement, table_rows in rows():
            table_rows = list(table_rows)
            parts = [table_rows[number::LOADERS] for number in range(LOADERS)]
            list(pool.map(_insert, connections, [statement] * LOADERS, parts))
            say(table, len(table_rows))


def _insert(conn, statement, table_rows):
    conn.autocommit = True
    with conn.pipeline() as pipeline:
        for row in table_rows:
            conn.execute(statement, row, prepare=True)
            pipeline.sync()


class Refused(Exception):
    """The booking did not come about; nothing of it is left."""


def book(run, patient_id, doctor_id, appointment_id, pay):
    """
    One booking. run(statement, parameters) runs one statement and returns its rows.

    The slot is on its doctor's shard, the appointment and the payment on shards of the patient:
    up to three transactions. When a later one fails, those before it are taken back by
    statements of our own, which is a compensation and not a rollback: until it has run,
    others see the slot as taken, and if we died in between it would stay taken.
    """
    free = run("SELECT slot_id, starts_at FROM slots WHERE doctor_id = {} AND taken < capacity"
               " ORDER BY starts_at LIMIT 1", doctor_id)
    if not free:
        raise Refused("the doctor has no free slot")
    slot_id = free[0][0]
    taken = run("UPDATE slots SET taken = taken + 1 WHERE doctor_id = {} AND slot_id = {}"
                " AND taken < capacity RETURNING taken, capacity", doctor_id, slot_id)
    if not taken:
        raise Refused("somebody was faster")
    try:
        run("INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id)"
            " VALUES ({}, {}, {}, {})", patient_id, appointment_id, doctor_id, slot_id)
        try:
            pay(patient_id, appointment_id)
        except Exception:
            run("DELETE FROM appointments WHERE patient_id = {} AND appointment_id = {}",
                patient_id, appointment_id)
            raise
        run("UPDATE appointments SET status = 'paid' WHERE patient_id = {}"
            " AND appointment_id = {} RETURNING status", patient_id, appointment_id)
    except Exception as error:
        run("UPDATE slots SET taken = taken - 1 WHERE doctor_id = {} AND slot_id = {}"
            " RETURNING taken", doctor_id, slot_id)
        raise Refused(str(error).splitlines()[0]) from error
