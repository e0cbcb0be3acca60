"""A business that lives on the shards of another one: rows of both, of one key, are in one place."""

import contextlib

import wire
from suite import equal, test
from test_batches import codes
from test_console import table
from test_reload import changing
from test_rights import USER

PATIENTS = "          patients: {key: patient_id, placement: by_patient}"
INSURANCE = PATIENTS + """
      insurance:
        shards: users
        placements:
          by_member:
            hash: {type: bigint, buckets: 1024}
            map: {users_0: 0-255, users_1: 256-511, users_2: 512-767, users_3: 768-1023}
        tables:
          policies: {key: member_id, placement: by_member}"""
POLICIES = "CREATE TABLE policies (member_id bigint NOT NULL, policy_id int NOT NULL, class text," \
           " PRIMARY KEY (member_id, policy_id))"


@contextlib.contextmanager
def insured(p):
    """A shardward that knows policies, and patients in all shards who have some."""
    with changing(p, (PATIENTS, INSURANCE)) as other, p.connect(other.port) as ours, \
            p.oracle() as theirs:
        ours.execute(POLICIES)
        theirs.execute(POLICIES)
        try:
            city = f"city {p.new_key()}"
            keys = [p.new_key("patients", shard) for shard in p.shards("users") for _ in range(2)]
            for conn in (ours, theirs):
                for n, key in enumerate(keys):
                    conn.execute("INSERT INTO patients (patient_id, name, city, visits) VALUES (%s, %s, %s, 0)",
                                 (key, f"patient {n}", city))
                    for policy in range(n % 3):
                        conn.execute("INSERT INTO policies VALUES (%s, %s, %s)", (key, policy, "AB"[n % 2]))
            yield other, ours, theirs, city, keys
        finally:
            theirs.execute("DROP TABLE policies")
            ours.execute("DROP TABLE policies")


@test
def reads_across_businesses_are_those_of_one_postgresql(p):
    with insured(p) as (_, ours, theirs, city, keys):
        for sql in ("SELECT name, policy_id, class FROM patients JOIN policies ON member_id = patient_id"
                    " WHERE city = %s ORDER BY 1, 2",
                    "SELECT name, count(policy_id) FROM patients LEFT JOIN policies ON member_id = patient_id"
                    " WHERE city = %s GROUP BY patient_id, name ORDER BY 1",
                    "SELECT class, count(*) FROM policies WHERE EXISTS (SELECT FROM patients"
                    " WHERE patient_id = member_id AND city = %s) GROUP BY class ORDER BY 1",
                    "SELECT name FROM patients WHERE city = %s AND patient_id NOT IN"
                    " (SELECT member_id FROM policies) ORDER BY 1"):
            equal(ours.execute(sql, (city,)).fetchall(), theirs.execute(sql, (city,)).fetchall(), sql)
        sql = "SELECT name, class FROM patients JOIN policies ON member_id = patient_id WHERE patient_id = %s" \
              " ORDER BY policy_id"
        for key in keys:
            equal(ours.execute(sql, (key,)).fetchall(), theirs.execute(sql, (key,)).fetchall(), sql)


@test
def one_transaction_writes_in_both(p):
    with insured(p) as (_, ours, _, _, keys):
        with ours.transaction():
            ours.execute("UPDATE patients SET visits = 7 WHERE patient_id = %s", (keys[0],))
            ours.execute("INSERT INTO policies VALUES (%s, 70, 'C')", (keys[0],))
        equal(ours.execute("SELECT visits, policy_id FROM patients JOIN policies ON member_id = patient_id"
                           " WHERE patient_id = %s", (keys[0],)).fetchall(), [(7, 70)])


@test
def who_may_use_one_business_sees_nothing_of_the_other(p):
    with insured(p) as (other, _, _, _, keys), p.logged_in(other.port) as client:
        other.reload((USER, f"{USER}\n    businesses: [insurance]"))
        equal(codes(client.query(f"SELECT * FROM policies WHERE member_id = {keys[1]}")), [])
        equal(codes(client.query("SELECT count(*) FROM policies")), [])
        for sql in (f"SELECT name FROM patients WHERE patient_id = {keys[1]}",
                    f"SELECT 1 FROM policies, patients WHERE member_id = {keys[1]} AND patient_id = member_id"):
            equal(wire.error_of(client.query(sql))["C"], "42501", sql)
        other.reload()


@test
def the_console_counts_each_shard_once(p):
    with insured(p) as (other, *_), p.console(other.port) as console:
        shards = [row["shard"] for row in table(console, "SHOW SHARDS")]
        equal(sorted(shards), sorted(set(shards)))
        businesses = {row["table"]: row["business"] for row in table(console, "SHOW TABLES")}
        equal((businesses["policies"], businesses["patients"]), ("insurance", "users"), businesses)


@test
def a_map_that_places_its_rows_elsewhere_is_not_served(p):
    with insured(p) as (other, *_):
        installed = p.run(p.program, "install", "-c", other.other.config_file)
        assert "accepted table public.policies: insurance.by_member(member_id)" in installed.stdout, installed
        log = other.reload((INSURANCE, INSURANCE.replace("users_0: 0-255, users_1: 256-511",
                                                         "users_1: 0-255, users_0: 256-511")))
        assert "reload-refused" in log and "placement insurance.by_member" in log, log
