"""clouds - each cloud a network namespace, joined by links that can be cut, one way or both, or lose packets.

        cloud east   10.7.1.N --- eth0 === veth-east  10.7.1.254  \\
        cloud west   10.7.2.N --- eth0 === veth-west  10.7.2.254   >  here: shardward, the clients
        cloud north  10.7.3.N --- eth0 === veth-north 10.7.3.254  /

Here is where this program runs, which is a namespace of its own already (see run.py): nothing of all
this is seen outside, and all of it ends with the processes. Packets that are dropped are dropped
without a word, as a network does it that is cut: filters of classic BPF, for want of netem.
"""

import subprocess

from replicated import CLOUDS
from server import Failure, until

DROP, PASS = 2, 0               # TC_ACT_SHOT, TC_ACT_OK
DROP_ALL = f"1,6 0 0 {DROP}"


def run(*argv):
    result = subprocess.run([str(arg) for arg in argv], stdin=subprocess.DEVNULL, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if result.returncode != 0:
        raise Failure(f"{' '.join(map(str, argv))}: {result.stdout}")
    return result.stdout


def losing(percent):
    """A program that drops so many of 100 packets: load a random number, compare, decide."""
    most = 2 ** 32 * (100 - percent) // 100
    return f"4,32 0 0 4294963256,53 0 1 {most},6 0 0 {DROP},6 0 0 {PASS}"


def dropping_from(port):
    """A program that drops what is sent from a port by TCP over IPv4: load it, compare, decide."""
    return f"4,40 0 0 34,21 0 1 {port},6 0 0 {DROP},6 0 0 {PASS}"


class Clouds:
    def __init__(self):
        self.holders = {}
        self.apart_from = set()

    def __enter__(self):
        try:
            for cloud in CLOUDS:
                self._make(cloud)
            with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as forward:
                forward.write("1")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for pair in list(self.apart_from):
            self._rules("del", *pair)
        for holder in self.holders.values():
            holder.kill()
            holder.wait()
        for cloud in self.holders:
            # The kernel takes its time to end a namespace, and its links with it.
            subprocess.run(["ip", "link", "del", f"veth-{cloud}"], check=False, stderr=subprocess.DEVNULL)

    @staticmethod
    def net(cloud):
        return f"10.7.{CLOUDS.index(cloud) + 1}"

    def address(self, cloud, number):
        return f"{self.net(cloud)}.{number}"

    def within(self, cloud):
        return ("nsenter", f"--net=/proc/{self.holders[cloud].pid}/ns/net", "--")

    def _make(self, cloud):
        holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL)
        self.holders[cloud] = holder
        ours = subprocess.run(["readlink", "/proc/self/ns/net"], stdout=subprocess.PIPE, check=True).stdout
        until(lambda: subprocess.run(["readlink", f"/proc/{holder.pid}/ns/net"], stdout=subprocess.PIPE,
                                     check=False).stdout not in (b"", ours), f"a namespace for {cloud}")
        link, inside = f"veth-{cloud}", self.within(cloud)
        run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", holder.pid)
        run("ip", "addr", "add", f"{self.net(cloud)}.254/24", "dev", link)
        run("ip", "link", "set", link, "up")
        run(*inside, "ip", "link", "set", "lo", "up")
        for number in (1, 2):
            run(*inside, "ip", "addr", "add", f"{self.address(cloud, number)}/24", "dev", "eth0")
        run(*inside, "ip", "link", "set", "eth0", "up")
        run(*inside, "ip", "route", "add", "default", "via", f"{self.net(cloud)}.254")
        run("tc", "qdisc", "add", "dev", link, "clsact")
        run(*inside, "tc", "qdisc", "add", "dev", "eth0", "clsact")

    # Faults

    def _filter(self, cloud, direction, program):
        run("tc", "filter", "add", "dev", f"veth-{cloud}", direction, "prio", 1, "bpf", "da", "bytecode", program)

    def cut(self, cloud, to=True, back=True, program=DROP_ALL):
        """Drop what goes to a cloud, what comes from it, or both."""
        if to:
            self._filter(cloud, "egress", program)
        if back:
            self._filter(cloud, "ingress", program)

    def lose(self, cloud, percent):
        self.cut(cloud, program=losing(percent))

    def mend(self, cloud):
        for direction in ("egress", "ingress"):
            run("tc", "filter", "del", "dev", f"veth-{cloud}", direction)

    def deafen(self, cloud, port):
        """Drop what comes to a cloud from a port; the kernel that has sent it does not notice."""
        run(*self.within(cloud), "tc", "filter", "add", "dev", "eth0", "ingress", "prio", 1, "bpf", "da", "bytecode",
            dropping_from(port))

    def _rules(self, word, one, other):
        for a, b in ((one, other), (other, one)):
            run("ip", "rule", word, "from", f"{self.net(a)}.0/24", "to", f"{self.net(b)}.0/24", "blackhole")

    def part(self, one, other):
        """Two clouds do not hear each other; both are heard here."""
        self._rules("add", one, other)
        self.apart_from.add((one, other))

    def join(self, one, other):
        self._rules("del", one, other)
        self.apart_from.discard((one, other))
