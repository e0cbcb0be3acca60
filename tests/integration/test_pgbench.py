"""pgbench runs in all its modes, and every one of its transactions happened."""

import clusters
from suite import equal, rows

SCRIPT = """\\set number random(0, {last})
\\set id {first} + :number
SELECT name, visits FROM patients WHERE patient_id = :id;
UPDATE patients SET visits = visits + 1 WHERE patient_id = :id;
"""

TRANSACTION = """\\set number random(0, {last})
\\set id {first} + :number
BEGIN;
SELECT name, visits FROM patients WHERE patient_id = :id;
UPDATE patients SET visits = visits + 1 WHERE patient_id = :id;
COMMIT;
"""

CLIENTS, PER_CLIENT, PATIENTS = 4, 50, 40


@rows((f"{name} {mode}", script, mode)
      for name, script in (("statements", SCRIPT), ("a transaction", TRANSACTION))
      for mode in ("simple", "extended", "prepared"))
def pgbench_runs(p, script, mode):
    first = p.new_key()
    keys = [first, *(p.new_key() for _ in range(PATIENTS - 1))]
    equal(keys[-1] - first, PATIENTS - 1)
    with p.connect() as conn:
        for key in keys:
            conn.execute("INSERT INTO patients (patient_id, name) VALUES (%s, 'x')", (key,))
    file = p.dir / "pgbench.sql"
    file.write_text(script.format(first=first, last=PATIENTS - 1))
    result = p.run(clusters.BIN / "pgbench", "-n", "-f", file, "-M", mode, "-c", CLIENTS, "-j", 2,
                   "-t", PER_CLIENT, "-h", "127.0.0.1", "-p", p.port, "-U", "booking", "booking",
                   PGPASSWORD="booking")
    equal(result.returncode, 0, result.stdout)
    assert f"processed: {CLIENTS * PER_CLIENT}/{CLIENTS * PER_CLIENT}" in result.stdout, result.stdout
    visits = sum(p.rows(shard, "SELECT coalesce(sum(visits), 0) FROM patients WHERE patient_id"
                        " = ANY(%s)", (keys,))[0][0] for shard in p.shards("users"))
    equal(visits, CLIENTS * PER_CLIENT)
