"""deviations - steps that see something else through shardward than on PostgreSQL, and why.

All are limits of a sharded database that README names; on one that is whole there is none in mode session.
"""

_SHARDS = "statements up to one Sync are one transaction, and they share a shard"

# (driver, step): (what is seen there, reason); driver "*": all that do this step
_OF_SHARDS = {
    ("django", "recorder"): (
        ["refused DDL on several shards inside a transaction block is not supported"],
        "Django makes django_migrations inside BEGIN"),
    ("psql", "insert select"): (["", "0A000"], "INSERT ... SELECT into sharded tables is to come"),
    ("perl", "last insert id"): (["refused 0A000"], "currval() knows the numbers of one server"),
    ("*", "batch over shards"): (["refused 0A000"], _SHARDS),
}

DEVIATIONS = {"transaction": _OF_SHARDS, "session over shards": _OF_SHARDS}     # by the way


def deviation(way, driver, step):
    """What the driver sees in that way if it is not what it sees on PostgreSQL, else None."""
    known = DEVIATIONS.get(way, {})
    found = known.get((driver, step)) or known.get(("*", step))
    return found and found[0]
