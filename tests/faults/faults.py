"""faults - what can happen to a node: functions of a World that break something and return what mends it,
or None if it mends itself."""

import os
import signal
import time


def nothing(_w):
    return None


def back_as_standby(w, cluster, lost):
    """Mends a lost primary: it comes back with whatever it had, and follows the new one."""
    def mend():
        lost.rejoin(w.primary(cluster))
    return mend


def killed(w):
    primary = w.primary(w.c1)
    primary.kill()
    return back_as_standby(w, w.c1, primary)


def stopped(mode):
    """pg_ctl stop -m MODE of the primary."""
    def fault(w):
        primary = w.primary(w.c1)
        primary.stop(mode)
        return back_as_standby(w, w.c1, primary)
    return fault


def restarted(mode):
    """pg_ctl restart -m MODE of the primary."""
    def fault(w):
        primary = w.primary(w.c1)
        primary.stop(mode)
        primary.start()
    return fault


def backend_killed(w):
    """kill -9 of one backend, which ends all: PostgreSQL starts anew by itself."""
    victim = w.primary(w.c1).query("SELECT pid FROM pg_stat_activity WHERE datname = 's1'"
                                   " AND usename = 'bank' LIMIT 1")
    os.kill(int(victim[0][0]), signal.SIGKILL)
