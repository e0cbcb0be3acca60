"""breaking - what may happen to the nodes of a platform, on purpose, and how it is mended.

    kill NODE       SIGKILL to its postmaster and all its processes: a crash
    freeze NODE     SIGSTOP to all of them: connections stay, and nobody answers
    cloud CLOUD     freeze of all nodes of a cloud: what a cut network looks like from here
    heal            all nodes run, and each cluster has one primary, which the others follow

Only processes of this platform's own data directories are signalled. A primary that has been replaced
in the meantime has written what the new one has not: it is rewound, and follows.
"""

import signal
import time

from clusters import Failure

HEAL_TIMEOUT_S = 30


def _named(platform, name):
    for node in platform.nodes:
        if node.name == name:
            return node
    raise Failure(f"there is no node {name}; there are {', '.join(n.name for n in platform.nodes)}")


def kill(platform, name):
    node = _named(platform, name)
    if platform.state(node) == "down":
        raise Failure(f"{name} is down already")
    platform.kill_node(node)
    yield f"{name} is killed"


def freeze(platform, name):
    node = _named(platform, name)
    if not platform.signal_node(node, signal.SIGSTOP):
        raise Failure(f"{name} is down")
    yield f"{name} is frozen"


def cloud(platform, name):
    nodes = [node for node in platform.nodes if node.cloud == name]
    if not nodes:
        raise Failure(f"there is no cloud {name}; there are"
                      f" {', '.join(sorted({n.cloud for n in platform.nodes}))}")
    for node in nodes:
        if platform.state(node) == "running":
            yield from freeze(platform, node.name)


def heal(platform):
    for node in platform.nodes:
        if platform.state(node) == "frozen":
            platform.signal_node(node, signal.SIGCONT)
            yield f"{node.name} goes on"
    for cluster in sorted({node.cluster for node in platform.nodes}):
        yield from _heal_cluster(platform, [n for n in platform.nodes if n.cluster == cluster])


def _heal_cluster(platform, nodes):
    primary = _newest_primary(platform, nodes)
    if primary is None:
        # Nobody has been promoted: whoever was the primary is one of those that are down.
        for node in nodes:
            if platform.state(node) == "down" and not _is_standby(platform, node):
                platform.start_node(node)
                yield f"{node.name} is started"
        primary = _newest_primary(platform, nodes)
    if primary is None:
        raise Failure(f"no node of {nodes[0].cluster} is a primary: promote one with pg_promote()")
    for node in nodes:
        if node is not primary:
            yield from _follow(platform, node, primary)


def _follow(platform, node, primary):
    state = platform.state(node)
    if state == "running" and _streams(platform, primary, node):
        return
    if not _is_standby(platform, node):
        platform.stop_node(node)
        platform.rewind(node, primary)
        platform.start_node(node)
        yield f"{node.name} is rewound, and follows {primary.name}"
    elif state == "down":
        platform.follow(node, primary)
        platform.start_node(node)
        yield f"{node.name} is started, and follows {primary.name}"
    else:
        conninfo = platform.conninfo(node, primary)
        for sql in (f"ALTER SYSTEM SET primary_conninfo = '{conninfo}'", "SELECT pg_reload_conf()"):
            platform.psql(node, "postgres", "-c", sql)
        yield f"{node.name} follows {primary.name}"
    deadline = time.monotonic() + HEAL_TIMEOUT_S
    while not _streams(platform, primary, node):
        if time.monotonic() > deadline:
            raise Failure(f"{node.name} does not follow {primary.name};"
                          f" see {platform.nodes_dir}/{node.name}.log")
        time.sleep(0.1)


def _is_standby(platform, node):
    return (platform.nodes_dir / node.name / "standby.signal").exists()


def _streams(platform, primary, node):
    count = platform.psql(primary, "postgres", "-c", "SELECT count(*) FROM pg_stat_replication"
                          f" WHERE application_name = '{node.name}' AND state = 'streaming'")
    return count.strip() == "1"


def _newest_primary(platform, nodes):
    """Of those that would take writes, the one of the highest timeline."""
    found = []
    for node in nodes:
        if platform.state(node) == "running":
            timeline = platform.psql(
                node, "postgres", "-c", "SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE"
                " substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END").strip()
            if timeline:
                found.append((timeline, node))
    return max(found, key=lambda pair: pair[0])[1] if found else None


ACTIONS = {"kill": kill, "freeze": freeze, "cloud": cloud, "heal": heal}
