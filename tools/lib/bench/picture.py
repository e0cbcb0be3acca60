"""picture - the figures as bars, in SVG that follows the reader's light or dark mode."""

from html import escape

import report

WIDTH, MARGIN, GAP = 920, 24, 32
PANEL_WIDTH = (WIDTH - 2 * MARGIN - GAP) / 2
LABEL_WIDTH, VALUE_WIDTH, BAR_HEIGHT, LINE = 240, 62, 15, 23
HEAD, PANEL_HEAD, FOOT = 74, 46, 44

COLOURS = {             # light, dark
    ".paper { fill: %s; }": ("#ffffff", "#0d1117"),
    ".paper { stroke: %s; }": ("#d8dee4", "#30363d"),
    "text { fill: %s; }": ("#1f2328", "#e6edf3"),
    "text.pale { fill: %s; }": ("#59636e", "#9198a1"),
    "rect.ours { fill: %s; }": ("#0d7a5f", "#2fbf95"),
    "rect.yardstick { fill: %s; }": ("#6b7f95", "#7d93aa"),
    "rect.others { fill: %s; }": ("#b4bfca", "#465160"),
}
FONT = """text { font-family: -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
       font-size: 12.5px; }
text.title { font-size: 20px; font-weight: 600; }
text.head { font-size: 14px; font-weight: 600; }
text.pale { font-size: 12px; }
text.ours { font-weight: 600; }"""


def _style():
    light, dark = ("\n".join(rule % pair[mode] for rule, pair in COLOURS.items())
                   for mode in (0, 1))
    return f"{FONT}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


# Title, what it means, the case (workload, protocol, clients), figure, form.
PANELS = (
    ("CPU of the proxy", "select-only, simple protocol", ("select-only", "simple", 16),
     "cpu_us", "{:.1f} µs", "lower is better"),
    ("CPU of the proxy", "select-only, prepared statements", ("select-only", "prepared", 16),
     "cpu_us", "{:.1f} µs", "lower is better"),
    ("Transactions per second", "select-only, simple protocol", ("select-only", "simple", 16),
     "tps", "{:,.0f}", "higher is better"),
    ("Transactions per second", "tpcb-like, simple protocol", ("tpcb-like", "simple", 16),
     "tps", "{:,.0f}", "higher is better"),
    ("Latency, median", "select-only, simple protocol, 1 client", ("select-only", "simple", 1),
     "p50_us", "{:.0f} µs", "lower is better"),
)


def _kind(name):
    if name.startswith("shardward"):
        return "ours"
    return "yardstick" if name == report.YARDSTICK else "others"


def _panels(results):
    """(title, subtitle, form, [(contender, value)]) of what was measured."""
    for title, what, (workload, protocol, clients), key, form, better in PANELS:
        for case, rows in results.rows.items():
            if (case.workload, case.protocol, case.clients) != (workload, protocol, clients):
                continue
            bars = [(row.contender, row.figures[key]) for row in rows
                    if row.figures[key] is not None]
            if bars:
                unit = " for each transaction" if key == "cpu_us" else ""
                yield title + unit, f"{what} · {better}", form, bars
    if results.idle:
        most = max(results.crowds)
        bars = [(name, idle.bytes_of_a_client[most] / 1024) for name, idle in results.idle.items()
                if most in idle.bytes_of_a_client]
        if bars:
            yield ("Memory of an idle client", f"{most:,} clients logged in · lower is better",
                   "{:.1f} KiB", bars)


def _bars(x, y, form, bars):
    room = PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH
    longest = max(value for _, value in bars) or 1
    for name, value in bars:
        width = max(room * max(value, 0) / longest, 1.5)
        kind, middle = _kind(name), y + BAR_HEIGHT - 3
        yield (f'<text class="name {kind}" x="{x + LABEL_WIDTH - 10:.1f}" y="{middle:.1f}"'
               f' text-anchor="end">{escape(name)}</text>')
        yield (f'<rect class="{kind}" x="{x + LABEL_WIDTH:.1f}" y="{y:.1f}" width="{width:.1f}"'
               f' height="{BAR_HEIGHT}" rx="2"/>')
        yield (f'<text class="value" x="{x + LABEL_WIDTH + width + 7:.1f}" y="{middle:.1f}">'
               f'{escape(form.format(value))}</text>')
        y += LINE


def _panel(x, y, title, what, form, bars):
    return [f'<text class="head" x="{x:.1f}" y="{y + 14:.1f}">{escape(title)}</text>',
            f'<text class="pale" x="{x:.1f}" y="{y + 32:.1f}">{escape(what)}</text>',
            *_bars(x, y + PANEL_HEAD, form, bars)]


def draw(results):
    panels, parts, y = list(_panels(results)), [], HEAD
    for left in range(0, len(panels), 2):
        pair = panels[left:left + 2]
        for column, panel in enumerate(pair):
            parts += _panel(MARGIN + column * (PANEL_WIDTH + GAP), y, *panel)
        y += PANEL_HEAD + max(len(bars) for *_, bars in pair) * LINE + 22
    machine = report.machine()
    how = "a quick run, which measures little" if results.args.quick else (
        f"medians of {results.args.rounds} interleaved rounds of {results.args.seconds} s")
    foot = f"{machine['cpus']} cores ({machine['cpu']}), everything on one machine; {how}"
    height = y + FOOT - 10
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img" aria-label="shardward beside other proxies">',
        f"<style>{_style()}</style>",
        f'<rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>',
        f'<text class="title" x="{MARGIN}" y="42">shardward beside other PostgreSQL proxies</text>',
        *parts,
        f'<text class="pale" x="{MARGIN}" y="{height - 20}">{escape(foot)}</text>',
        "</svg>"]) + "\n"
