"""orders - values of many types in binary, in the order that PostgreSQL gives them.

orders.py [DSN]: print the table that is kept in tests/golden/orders.txt, as that server sorts. A line
is a type, its OID, a rank, which equal values share, and the value as its send function writes it.
Texts are sorted under collation C.
"""

import random
import sys
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]

RANDOM_VALUES = 40
HEAD = """\
-- How PostgreSQL sorts: type, OID, rank, and x with the value in binary. Equal values share a rank.
-- Made by tests/lib/orders.py; tests/integration/test_orders.py asks a server again.
"""


def integers(bits, signed=True):
    low, high = (-2 ** (bits - 1), 2 ** (bits - 1) - 1) if signed else (0, 2 ** bits - 1)
    edges = {low, low + 1, high, high - 1, 0, 1, 127, 128, 255, 256, 32767}
    edges |= {-1, -127, -128, -129, -255, -256, -257} if signed else {high // 2, high // 2 + 1}
    return lambda r: [*(n for n in sorted(edges) if low <= n <= high),
                      *(r.randint(low, high) >> r.randrange(bits) for _ in range(RANDOM_VALUES))]


def floats(least, largest, digits):
    edges = ["NaN", "Infinity", "-Infinity", "0", "-0", "1", "-1", "1.5", "-1.5", "0.1", "-0.1", least,
             "-" + least, largest, "-" + largest, "1e-20", "-1e-20", "1e20", "-1e20"]
    return lambda r: [*edges, *(f"{r.uniform(-10, 10):.{digits}g}e{r.randint(-30, 30)}"
                                for _ in range(RANDOM_VALUES))]


def a_numeric(r):
    digits = "".join(r.choice("0000123456789") for _ in range(r.randint(1, 30)))
    at = r.randint(0, len(digits))
    exponent = f"e{r.randint(-60, 60)}" if r.random() < 0.3 else ""
    return f"{r.choice(['', '-'])}{digits[:at] or '0'}.{digits[at:]}{exponent}"


def numerics(r):
    edges = ["NaN", "Infinity", "-Infinity", "0", "0.0", "0.000", "-0", "1", "1.0", "1.00", "-1", "-1.0",
             "9999", "10000", "10001", "10000.0001", "9999.9999", "99999999", "100000000", "-9999",
             "-10000", "-10000.0001", "0.0001", "0.00010", "0.00009999", "0.00000001", "-0.0001",
             "12345678.12345678", "12345678.123456780", "12345678.12345679", "1234567812345678",
             "1234567812345678.1", "-1234567812345678.1", "123456781234567800000000",
             "123456781234567800000001", "1e131071", "-1e131071", "9e131071", "1e-16383", "-1e-16383"]
    return [*edges, *(a_numeric(r) for _ in range(RANDOM_VALUES))]


TEXTS = ["", " ", "  ", "a", "a ", "a  ", "A", "b", "aa", "a a", "a\t", "a\x01", "a\x1f", "ab", "aB", "Ab", "Z",
         "z", "é", "e\u0301", "ü", "ß", "ss", "\x7f", "\u0080", "\u07ff", "\u0800", "\uffff", "\U00010000",
         "\U0010ffff", "abcdefg", "abcdefgh", "abcdefgh ", "abcdefghi", "abcdefghj", "-a", "_a", "10",
         "9", "09", "1", "\u0378", "\u0391", "\U0002fffe", "cz", "ch", "ci", "Å", "co-op", "coop", "CO-OP", "日本", "日本語", "x" * 60, "x" * 61, "x" * 59 + "y"]


def a_text(r):
    return "".join(r.choice("aAbB zé \t") for _ in range(r.randint(0, 12)))


def texts(r):
    return [*TEXTS, *(a_text(r) for _ in range(RANDOM_VALUES))]


def byteas(r):
    edges = ["", "00", "0000", "01", "0100", "7f", "80", "ff", "ff00", "ffff", "0102030405060708",
             "010203040506070800", "0102030405060709", "01020304050607"]
    return ["\\x" + v for v in [*edges, *(r.randbytes(r.randint(0, 10)).hex() for _ in range(RANDOM_VALUES))]]


def uuids(r):
    edges = ["00" * 16, "00" * 15 + "01", "7f" + "00" * 15, "80" + "00" * 15, "ff" * 16, "ff" * 15 + "fe",
             "0102030405060708" + "00" * 8, "0102030405060708" + "ff" * 8]
    return [*edges, *(r.randbytes(16).hex() for _ in range(RANDOM_VALUES))]


def bit_strings(r):
    edges = ["0", "1", "00", "01", "10", "11", "0000000", "00000000", "000000000", "10000000", "100000000",
             "1000000000000000", "1" * 64, "1" * 65, "1" * 64 + "0", "0" * 70]
    return [*edges, *("".join(r.choice("01") for _ in range(r.randint(1, 20))) for _ in range(RANDOM_VALUES))]


def dates(r):
    edges = ["infinity", "-infinity", "4713-01-01 BC", "0001-12-31 BC", "0001-01-01", "1969-12-31", "1970-01-01",
             "1999-12-31", "2000-01-01", "2000-01-02", "5874897-12-31"]
    return [*edges, *(f"{r.randint(1, 9999):04}-{r.randint(1, 12)}-{r.randint(1, 28)}" for _ in range(RANDOM_VALUES))]


def a_time(r):
    return f"{r.randint(0, 23):02}:{r.choice([0, 30, 59]):02}:{r.choice(['00', '00.000001', '59.999999'])}"


def times(r):
    return ["00:00", "00:00:00.000001", "12:00", "23:59:59.999999", "24:00", *(a_time(r) for _ in range(20))]


def times_with_zone(r):
    zones = ["+00", "+01", "-01", "+05:30", "-08", "+15:59:59", "-15:59:59", "+00:00:01"]
    edges = ["12:00+00", "13:00+01", "11:00-01", "12:00:00.000001+00", "00:00+14", "24:00-14", "10:00-02"]
    return [*edges, *(a_time(r) + r.choice(zones) for _ in range(RANDOM_VALUES))]


def timestamps(zones):
    def some(r):
        edges = ["infinity", "-infinity", "4713-11-24 BC 00:00", "1999-12-31 23:59:59.999999", "2000-01-01",
                 "2000-01-01 00:00:00.000001", "2026-07-01 12:00", "2026-07-01 14:00", "294276-12-31 12:00"]
        return [*(v if "inf" in v else v + r.choice(zones) for v in edges),
                *(f"{r.randint(1, 9999):04}-{r.randint(1, 12)}-{r.randint(1, 28)} {a_time(r)}{r.choice(zones)}"
                  for _ in range(RANDOM_VALUES))]
    return some


def intervals(r):
    edges = ["0", "1 month", "30 days", "720 hours", "29 days 24 hours", "1 month -1 day", "29 days", "31 days",
             "1 month 1 us", "30 days 1 us", "-1 month", "-30 days", "-30 days -1 us", "1 year", "360 days", "365 days",
             "1 day", "24 hours", "23:59:59.999999", "1 day -1 us", "-1 day 24 hours", "178000000 years",
             "-178000000 years", "2147483647 days", "-2147483648 days", "2147483647 months 2147483647 days",
             "-2147483648 months -2147483648 days", "2562047788 hours", "-2562047788 hours", "1 us", "-1 us",
             "1023 us", "1024 us", "-1023 us", "-1024 us"]
    return [*edges, *(f"{r.randint(-3, 3)} months {r.randint(-90, 90)} days {r.randint(-2000, 2000)} hours "
                      f"{r.randint(-2, 2)} us" for _ in range(RANDOM_VALUES))]


def a_network(r):
    if r.random() < 0.3:
        bits = r.randint(0, 128)
        return f"{r.choice(['::', '::1', '2001:db8::', '2001:db8::1', 'ffff::'])}/{bits}"
    return f"{r.choice([0, 10, 192, 255])}.{r.choice([0, 128])}.{r.choice([0, 1])}.{r.choice([0, 5])}/{r.randint(0, 32)}"


def addresses(r):
    edges = ["0.0.0.0/0", "0.0.0.0", "10.0.0.0/8", "10.0.0.0/9", "10.0.0.1/8", "10.0.0.0", "10.1.0.0/16", "11.0.0.0/8",
             "255.255.255.255", "::/0", "::", "::1", "2001:db8::/32", "2001:db8::/33", "2001:db8:8000::/33", "ffff::"]
    return [*edges, *(a_network(r) for _ in range(RANDOM_VALUES))]


def networks(r):
    edges = ["0.0.0.0/0", "0.0.0.0", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "11/8", "10.0.0.0/32",
             "::/0", "::", "::/1", "8000::/1", "2001:db8::/32", "2001:db8::/33", "2001:db8:8000::/33"]
    return [*edges, *(f"{r.randint(0, 3)}.{r.randint(0, 1)}.0.0/{r.randint(16, 32)}" for _ in range(20))]


def macs(size):
    return lambda r: ["00" * size, "ff" * size, "7f" + "00" * (size - 1), "80" + "00" * (size - 1),
                      *(r.randbytes(size).hex() for _ in range(20))]


def monies(r):
    return ["0", "0.01", "-0.01", "92233720368547758.07", "-92233720368547758.08",
            *(f"{r.randint(-10 ** 6, 10 ** 6) / 100}" for _ in range(20))]


TYPES = {
    "bool": lambda r: ["true", "false"],
    "bytea": byteas,
    '"char"': lambda r: ["", "a", "A", "z", " ", "\x01", "\x7f", "é", "\u0080", "\U00010000", "日", "~"],
    "name": texts,
    "int8": integers(64),
    "int2": integers(16),
    "int4": integers(32),
    "text": texts,
    "oid": integers(32, signed=False),
    "tid": lambda r: ["(0,0)", "(0,1)", "(0,65535)", "(1,0)", "(255,1)", "(256,0)", "(4294967295,1)",
                      "(2147483648,3)"],
    "cidr": networks,
    "float4": floats("1e-45", "3.4028235e38", 6),
    "float8": floats("5e-324", "1.7976931348623157e308", 16),
    "macaddr8": macs(8),
    "money": monies,
    "macaddr": macs(6),
    "inet": addresses,
    "bpchar": texts,
    "varchar": texts,
    "date": dates,
    "time": times,
    "timestamp": timestamps([""]),
    "timestamptz": timestamps(["+00", "+02", "-08"]),
    "interval": intervals,
    "timetz": times_with_zone,
    '"bit"': bit_strings,
    "varbit": bit_strings,
    "numeric": numerics,
    "uuid": uuids,
    "pg_lsn": lambda r: ["0/0", "0/1", "0/FFFFFFFF", "1/0", "7FFFFFFF/0", "80000000/0", "FFFFFFFF/FFFFFFFF"],
    "xid8": integers(64, signed=False),
}
COLLATED = ("name", "text", "bpchar", "varchar")


def sorted_values(conn, name, collation):
    oid, send = conn.execute("SELECT oid::int8, typsend::text FROM pg_type WHERE oid = %s::regtype",
                             [name]).fetchone()
    collate = f" COLLATE {collation}" if name in COLLATED else ""
    values = [str(value) for value in TYPES[name](random.Random(name))]
    rows = conn.execute(
        f"SELECT dense_rank() OVER (ORDER BY v), encode({send}(v), 'hex')"
        f" FROM (SELECT x::{name}{collate} AS v FROM unnest(%s::text[]) x) y",
        [values]).fetchall()
    return [f"{name} {oid} {rank} x{value}" for rank, value in sorted(set(rows))]


def table(conn, names=tuple(TYPES), collation='"C"'):
    """The whole text."""
    conn.execute("SET TimeZone = 'UTC'; SET lc_monetary = 'C'; SET DateStyle = 'ISO, YMD'")
    return HEAD + "".join(f"{line}\n" for name in names for line in sorted_values(conn, name, collation))


def main():
    with psycopg.connect(sys.argv[1] if len(sys.argv) > 1 else "") as conn:
        sys.stdout.write(table(conn))


if __name__ == "__main__":
    main()
