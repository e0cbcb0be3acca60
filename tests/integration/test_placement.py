"""Every row is on the shard that the map names, and nowhere else."""

import random
from collections import Counter

from suite import equal, test

EDGES = [0, 1, -1, 127, -128, 32767, 32768, -32769, 2**31 - 1, 2**31, -2**31, -2**31 - 1,
         2**53 + 1, 2**63 - 1, -2**63]


def where_rows_are(p, table, key, business, keys):
    found = {}
    for shard in p.shards(business):
        for (value,) in p.rows(shard, f"SELECT {key} FROM {table} WHERE {key} = ANY(%s)", (keys,)):
            found.setdefault(value, []).append(shard)
    return found


@test
def every_patient_is_on_the_shard_that_locate_names_and_nowhere_else(p):
    dice = random.Random(2)
    keys = [key for key in EDGES if abs(key) > 100]    # must_work has the small ones
    keys += [dice.randint(-2**63, 2**63 - 1) for _ in range(60)]
    keys += [p.new_key() for _ in range(130)]
    with p.connect() as conn:
        for number, key in enumerate(keys):
            conn.execute(f"DELETE FROM patients WHERE patient_id = {key}")
            # By turns: a literal, a parameter as text, a binary one of the smallest integer type.
            if number % 3 == 0:
                conn.execute(f"INSERT INTO patients (patient_id, name) VALUES ({key}, 'placed')")
            elif number % 3 == 1:
                conn.execute("INSERT INTO patients (patient_id, name) VALUES (%t, 'placed')", (key,))
            else:
                conn.execute("INSERT INTO patients (patient_id, name) VALUES (%b, 'placed')", (key,))
        found = where_rows_are(p, "patients", "patient_id", "users", keys)
        equal(found, {key: [p.locate("patients", key)] for key in keys})
        for key in keys:
            name = conn.execute("SELECT name FROM patients WHERE patient_id = %s", (key,)).fetchone()
            equal(name, ("placed",), f"patient {key}")
    shards = Counter(shard for place in found.values() for shard in place)
    equal(sorted(shards), p.shards("users"), "shards with rows")
    assert min(shards.values()) > len(keys) / 10, f"unbalanced: {shards}"


@test
def tables_with_one_placement_put_a_key_on_shards_of_the_same_number(p):
    for key in (p.new_key() for _ in range(12)):
        with p.connect() as conn:
            conn.execute("INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id)"
                         " VALUES (%s, 1, 1, 1)", (key,))
        found = where_rows_are(p, "appointments", "patient_id", "orders", [key])
        equal(found, {key: [p.locate("appointments", key)]})
        equal(p.locate("appointments", key)[-1], p.locate("patients", key)[-1])


@test
def several_rows_of_one_insert_go_to_the_shard_they_share(p):
    key = p.new_key()
    with p.connect() as conn:
        conn.execute("INSERT INTO slots (doctor_id, slot_id, starts_at, capacity) VALUES"
                     " (%s, 1, now(), 1), (%s, 2, now(), 1)", (key, key))
    shard = p.locate("slots", key)
    equal(p.rows(shard, "SELECT count(*) FROM slots WHERE doctor_id = %s", (key,)), [(2,)])


@test
def single_tables_are_on_the_shard_of_their_business(p):
    key = p.new_key()
    with p.connect() as conn:
        conn.execute("INSERT INTO hospitals (hospital_id, name, city) VALUES (%s, 'H', 'C')", (key,))
        conn.execute("INSERT INTO sync_messages (message_id, hospital_id, direction, payload)"
                     " VALUES (%s, 1, 'in', '{}')", (key,))
    count = "SELECT count(*) FROM {} WHERE {} = %s"
    equal(p.rows("institutions", count.format("hospitals", "hospital_id"), (key,)), [(1,)])
    equal(p.rows("hospitals", count.format("sync_messages", "message_id"), (key,)), [(1,)])


@test
def the_catalog_database_stays_without_rows(p):
    tables = ["patients", "appointments", "slots", "payments", "hospitals", "doctors"]
    for table in tables:
        equal(p.rows("catalog", f"SELECT count(*) FROM {table}"), [(0,)], table)
