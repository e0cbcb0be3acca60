"""report - medians, ratios, the table and the JSON."""

import datetime
import os
import platform
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

YARDSTICK = "pgbouncer"


@dataclass
class Sample:
    tps: float
    p50_us: float
    p99_us: float
    cpu_us: float           # of the proxy, for each transaction; None without a proxy


@dataclass
class Idle:
    bytes_of_a_client: dict     # number of clients -> growth of the proxy, divided by them
    given_back: float           # of the growth, after all have left: 1 is all of it


@dataclass
class Row:
    contender: str
    figures: dict           # name -> median, or None where there is nothing to measure
    ratios: dict            # name -> figure / figure of the yardstick


class Results:
    def __init__(self, args, contenders, cases, crowds, samples, calls, idle, several, missing):
        self.args, self.contenders, self.cases, self.crowds = args, contenders, cases, crowds
        self.idle, self.several, self.missing = idle, several, missing
        self.samples = samples
        self.rows = {case: self._rows(case, samples, calls) for case in cases}

    def _rows(self, case, samples, calls):
        figures = {}
        for one in (one for one in self.contenders if one.takes(case)):
            rounds = [asdict(sample) for sample in samples[case, one.name]]
            figures[one.name] = {key: statistics.median(r[key] for r in rounds)
                                 if rounds[0][key] is not None else None for key in rounds[0]}
            figures[one.name]["calls"] = calls.get((case, one.name))
        yardstick = figures.get(YARDSTICK, {})
        return [Row(name, own, ratios(own, yardstick)) for name, own in figures.items()]


def ratios(own, yardstick):
    return {key: own[key] / yardstick[key] for key in own
            if own[key] is not None and (yardstick.get(key) or 0) > 0}


def machine():
    model = next((line.split(":", 1)[1].strip() for line in
                  Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
                 platform.machine())
    return {"cpu": model, "cpus": len(os.sched_getaffinity(0)), "kernel": platform.release()}


def plain(results):
    """Everything, for json.dumps."""
    return {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "quick": results.args.quick,
        "rounds": results.args.rounds,
        "seconds": results.args.seconds,
        "yardstick": YARDSTICK,
        "contenders": [{"name": one.name, "version": one.version()} for one in results.contenders],
        "cases": [{"name": case.name, "workload": case.workload, "protocol": case.protocol,
                   "clients": case.clients,
                   "rows": [{"contender": row.contender, **row.figures, "ratios": row.ratios,
                             "samples": [asdict(s) for s in
                                         results.samples[case, row.contender]]}
                            for row in rows]}
                  for case, rows in results.rows.items()],
        "idle": [{"contender": name, "bytes_of_a_client": idle.bytes_of_a_client,
                  "given_back": idle.given_back} for name, idle in results.idle.items()],
        "several": [{"contender": name,
                     "cases": [{"name": case, "rows": figures.rows,
                                **{f"{key}_us": figures.median(key) for key in SEVERAL}}
                               for case, figures in cases.items()]}
                    for name, cases in results.several.items()],
        "missing": [{"what": what, "reason": reason} for what, reason in results.missing],
    }


# The table

def cell(row, key, form):
    value, ratio = row.figures[key], row.ratios.get(key)
    if value is None:
        return f"{'-':>15}"
    return f"{format(value, form):>9}{f'x{ratio:.2f}' if ratio else '':>6}"


COLUMNS = (("tps", "tps", ",.0f"), ("p50_us", "p50 us", ",.0f"), ("p99_us", "p99 us", ",.0f"),
           ("cpu_us", "CPU us", ".2f"), ("calls", "sys calls", ".2f"))


SEVERAL = ("direct", "legs", "shardward", "cpu")


def _several_lines(name, cases):
    width = max(map(len, cases)) + 2
    yield f"{name}, one answer of eight shards: median latency, us"
    yield (" " * width + f"{'1 server':>12}{'8 shards':>12}{'shardward':>12}{'of shards':>11}"
           f"{'CPU us':>12}{'of a row':>10}")
    for case, figures in cases.items():
        direct, legs, ours, cpu = (figures.median(key) for key in SEVERAL)
        yield (f"{case:<{width}}{direct:>12,.0f}{legs:>12,.0f}{ours:>12,.0f}{f'x{ours / legs:.2f}':>11}"
               f"{cpu:>12,.1f}{cpu / figures.rows:>10.2f}")


def table(results):
    width = max((len(one.name) for one in results.contenders), default=0) + 2
    lines = []
    for case, rows in results.rows.items():
        lines += ["", case.name,
                  " " * width + "".join(f"{title:>9}{'':6}" for _, title, _ in COLUMNS)]
        lines += [f"{row.contender:<{width}}" + "".join(cell(row, key, form)
                                                        for key, _, form in COLUMNS)
                  for row in rows]
    if results.idle:
        lines += ["", "memory of an idle client, bytes", " " * width
                  + "".join(f"{count:>9,}{'':6}" for count in results.crowds) + "given back"]
        lines += [_idle_line(results, name, width) for name in results.idle]
    for name, cases in results.several.items():
        lines += ["", *_several_lines(name, cases)]
    if results.missing:
        lines += ["", "not measured:", *(f"  {what}: {reason}" for what, reason in results.missing)]
    lines += ["", f"x: compared with {YARDSTICK}. CPU and system calls: of the proxy, for each"
              " transaction."
              f" Medians of {results.args.rounds} round{'s' * (results.args.rounds > 1)}."]
    if results.several:
        lines += ["8 shards: each asked directly, all at once, until the last has answered."]
    return "\n".join(lines[1:])


def _idle_line(results, name, width):
    idle, yardstick = results.idle[name], results.idle.get(YARDSTICK)
    line = f"{name:<{width}}"
    for count in results.crowds:
        size = idle.bytes_of_a_client.get(count)
        if size is None:
            line += f"{'-':>15}"
            continue
        base = yardstick.bytes_of_a_client.get(count, 0) if yardstick else 0
        line += f"{size:>9,.0f}{f'x{size / base:.2f}' if base > 0 else '':>6}"
    return f"{line}{idle.given_back:>10.0%}"
