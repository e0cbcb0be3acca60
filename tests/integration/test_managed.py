"""What `shardward install` puts where shardward promotes, and what it says is missing for that."""

import re
import subprocess

from platform_under_test import sanitizer_env
from suite import equal, test

# The platform's control user has all of it.
TAKEN = """
DROP SCHEMA IF EXISTS shardward CASCADE;
REVOKE CREATE ON DATABASE postgres FROM shardward;
REVOKE pg_signal_backend FROM shardward;
REVOKE EXECUTE ON FUNCTION pg_promote(boolean, integer) FROM shardward;
REVOKE SELECT ON pg_file_settings FROM shardward;
REVOKE ALTER SYSTEM ON PARAMETER shardward.term FROM shardward;
"""
MISSING = re.compile(r"^    ((?:GRANT|ALTER ROLE) [^;]*;)", re.M)


def install(p, *edits):
    """(exit status, what it said) with pieces of the platform's configuration replaced."""
    text = p.clusters.config_file.read_text()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    file = p.dir / "managed.yaml"
    file.write_text(text)
    result = subprocess.run([p.program, "install", "-c", file], env=sanitizer_env(), check=False,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return result.returncode, result.stdout


@test
def install_tells_what_the_control_user_of_a_managed_cluster_lacks(p):
    managed = ("  c1:\n", "  c1:\n    failover: managed\n")
    node = p.clusters.primary("c1")
    p.clusters.psql(node, "postgres", sql=TAKEN)
    status, said = install(p, managed)
    assert status == 1 and 'CREATE ON DATABASE "postgres" TO "shardward"' in said, said
    p.clusters.psql(node, "postgres", sql="GRANT CREATE ON DATABASE postgres TO shardward")
    status, said = install(p, managed)
    assert status == 1 and "may not promote or fence" in said, said
    p.clusters.psql(node, "postgres", sql="\n".join(MISSING.findall(said)))
    for _ in range(2):
        status, said = install(p, managed)
        equal((status, "the tables of epochs and cohorts are there" in said), (0, True), said)
    equal(p.clusters.psql(node, "postgres", "-c", "SELECT count(*) FROM shardward.epoch").strip(), "0")
