"""What the app costs at the end of a line: times from the command and from a key, and bytes per key, through a pty.

    python benchmarks/screen.py [--rounds 5] [--run RUN] [--harlequin /path/to/harlequin]

Runs `adtui demo`, the same with `--slow-link`, and harlequin, a SQL editor on the same toolkit, in turn on a terminal
of 120 × 40, and prints medians and 95th percentiles over all rounds. `pip install --group bench` brings harlequin; an
environment of its own, named with --harlequin, keeps its toolkit's version apart from ours.

cursor move: arrows in the heatmap (harlequin: in its editor's text); the rank of a pooled weight follows when the
cursor has rested for 80 ms. head switch: to heads not yet looked at.
loading: keys pressed every 60 ms from the first picture until the run is open, the time until the app answers each.
open again: the same command once more, with what the first opening kept in the user's cache.
testing: the seconds after that, in which the engine tests insights by knock-outs and the app shows each result; idle
is measured when nothing is under way any more.
map: steps and edits of the walk of the first sample, 80 tokens in the bundled run; `--map` measures them alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass

from probe import ALTERNATE, Answer, Probe

UP, DOWN, RIGHT, LEFT, TAB, CTRL_Q = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\t", "\x11"
HEADS = "lllj hhhj lllj hhh".replace(" ", "")
"""A walk through all heads of a 4 × 4 model, each once."""
IDLE_SECONDS = 3.0
PAUSE = 0.2
"""Seconds of quiet that end a key's answer: more than the app leaves for a late part."""
STEP = 0.06
"""The same for a walk with the cursor: shorter than the rest after which the rank is asked for."""
TRUECOLOR = {"COLORTERM": "truecolor"}
READY = r"rank \d"
Numbers = defaultdict[str, list[float]]


@dataclass(frozen=True)
class Target:
    """What a number should stay below; None where there is no aim."""

    name: str
    unit: str
    p50: float | None = None
    p95: float | None = None
    slow: float | None = None


ROWS = (
    Target("first byte", "ms", p50=50),
    Target("alternate screen", "ms"),
    Target("interactive", "ms", p50=500),
    Target("run open", "ms", p50=2500),
    Target("open again: first picture", "ms", p50=800),
    Target("loading: key answered", "ms", p95=30),
    Target("testing: an insight", "bytes", p50=1000),
    Target("testing: cursor answered", "ms", p95=30),
    Target("testing: head switch", "ms"),
    Target("idle", "bytes/s", p95=0),
    Target("cursor move", "ms", p95=12),
    Target("cursor move", "bytes", p95=200),
    Target("rank, at rest", "bytes"),
    Target("head switch, first byte", "ms"),
    Target("head switch", "ms", p95=35),
    Target("head switch", "bytes", p95=18_000, slow=9_000),
    Target("head again", "ms", p95=35),
    Target("head again", "bytes", p95=18_000, slow=9_000),
    Target("map: a step", "ms", p95=50),
    Target("map: a step", "bytes"),
    Target("map: an edit", "ms", p95=50),
    Target("map: an edit", "bytes"),
)


def note(numbers: Numbers, name: str, answer: Answer) -> None:
    """Keep a key's time and bytes."""
    if answer.last is not None:
        numbers[f"{name}, first byte|ms"].append(answer.first or 0.0)
        numbers[f"{name}|ms"].append(answer.last)
    numbers[f"{name}|bytes"].append(answer.size)


def opening(probe: Probe, numbers: Numbers, ready: str, skeleton: str) -> None:
    """From the command to an open run, with keys on the way."""
    probe.until(lambda text: skeleton in text, 30)
    numbers["first byte|ms"].append(probe.since_start(probe.chunks[0][0]))
    alternate = probe.moment_of(ALTERNATE)
    numbers["alternate screen|ms"].append(probe.since_start(alternate or probe.chunks[0][0]))
    typed = time.monotonic()
    answer = probe.key(TAB, quiet=0.06, limit=1.0)
    numbers["interactive|ms"].append(probe.since_start(typed) + (answer.first or 0.0))
    while True:
        answer = probe.key(TAB, quiet=0.06, limit=1.0)
        if answer.first is not None:
            numbers["loading: key answered|ms"].append(answer.first)
        try:
            numbers["run open|ms"].append(probe.since_start(probe.until(lambda text: re.search(ready, text), 0.02)))
            break
        except TimeoutError:
            if time.monotonic() - probe.start > 60:
                raise


def testing(probe: Probe, numbers: Numbers) -> None:
    """While insights become confirmed or refuted one after another: what they cost, and keys in between."""
    with contextlib.suppress(TimeoutError):  # a run whose insights name nothing has none to test
        probe.until(lambda text: tested(text) >= 0, 120)  # once all contexts have been rolled out
        before, count = tested(probe.seen()), len(probe.chunks)
        probe.until(lambda text: tested(text) >= before + 8, 20)
        sent = sum(len(data) for _, data in probe.chunks[count:])
        numbers["testing: an insight|bytes"].append(sent / (tested(probe.seen()) - before))
    probe.key("2")
    for step in [LEFT, LEFT, UP] * 6:
        answer = probe.key(step, STEP)
        if answer.first is not None and tested(probe.seen()) >= 0:
            numbers["testing: cursor answered|ms"].append(answer.first)
    probe.key("1")
    probe.key("n")  # heads of another sample: those of the first must be new later
    for key in "ljhk":
        answer = probe.key(key, STEP)
        if answer.last is not None and tested(probe.seen()) >= 0:
            numbers["testing: head switch|ms"].append(answer.last)
    probe.key("p")
    end = time.monotonic() + 120
    while time.monotonic() < end and (tested(probe.seen()) >= 0 or probe.read(1.0)):
        probe.read(0.1)


def tested(text: str) -> int:
    """Insights tested so far, as the status line says; −1 when none are being tested."""
    found = re.search(r"knock-outs [^0-9]*(\d+)/\d+", text.partition("\n")[0])
    return int(found[1]) if found else -1


AT_WORK = re.compile("rollouts|knock-outs|testing")
"""On the screen while insights are found and tested."""


def on_the_map(probe: Probe, numbers: Numbers) -> None:
    """Steps back and forth in the walk, then the heaviest transition of the query's cell taken out and put back."""
    probe.key("v", PAUSE)
    probe.until(lambda text: re.search(r"moment \d+/\d+", text), 60)
    for key in "," * 24 + "." * 24:
        note(numbers, "map: a step", probe.key(key, PAUSE))
    for key in "du" * 12:
        note(numbers, "map: an edit", probe.key(key, PAUSE))
    probe.key("v", PAUSE)


def the_map(command: list[str], numbers: Numbers) -> None:
    """The map alone, in a run of the app's."""
    probe = Probe(command, environment=TRUECOLOR)
    try:
        probe.until(lambda text: re.search(r"rank \d", text), 120)
        probe.until(lambda text: not AT_WORK.search(text), 300)  # the line may be quiet before that
        on_the_map(probe, numbers)
    finally:
        probe.close()


def adtui(command: list[str], numbers: Numbers) -> None:
    """One run of the app."""
    with tempfile.TemporaryDirectory(prefix="adtui-bench-") as cache:  # as on the first day, then as on the second
        environment = {**TRUECOLOR, "XDG_CACHE_HOME": cache}
        opened(Probe(command, environment=environment), numbers)
        probe = Probe(command, environment=environment)
        try:
            numbers["open again: first picture|ms"].append(probe.since_start(probe.until(shows_rank, 60)))
        finally:
            probe.close()


def shows_rank(text: str) -> object:
    """Whether the heatmap's picture and the numbers beside it are there."""
    return re.search(READY, text)


def opened(probe: Probe, numbers: Numbers) -> None:
    """What is measured of one opening."""
    try:
        opening(probe, numbers, ready=READY, skeleton="q quit")
        testing(probe, numbers)
        numbers["idle|bytes/s"].append(probe.bytes_in(IDLE_SECONDS) / IDLE_SECONDS)
        probe.key("2")
        for step in [LEFT] * 5:
            probe.key(step, STEP)
            numbers["rank, at rest|bytes"].append(probe.bytes_in(PAUSE))
        for step in [LEFT] * 20 + [UP] * 8 + [RIGHT] * 22:
            note(numbers, "cursor move", probe.key(step, STEP))
        probe.key("1")
        for key in HEADS:
            note(numbers, "head switch", probe.key(key, PAUSE))
        for key in HEADS[::-1].translate(str.maketrans("lhj", "hlk")):
            note(numbers, "head again", probe.key(key, PAUSE))
        on_the_map(probe, numbers)
    finally:
        probe.close()


def harlequin(command: list[str], numbers: Numbers) -> None:
    """One run of harlequin: an empty database in memory, its editor in focus."""
    probe = Probe(command, environment=TRUECOLOR)
    try:
        probe.until(lambda text: "Query" in text, 60)
        numbers["first byte|ms"].append(probe.since_start(probe.chunks[0][0]))
        alternate = probe.moment_of(ALTERNATE)
        numbers["alternate screen|ms"].append(probe.since_start(alternate or probe.chunks[0][0]))
        typed = time.monotonic()
        answer = probe.key("s", quiet=0.06, limit=5.0)
        numbers["interactive|ms"].append(probe.since_start(typed) + (answer.first or 0.0))
        probe.settle(2.0, 15)
        numbers["idle|bytes/s"].append(probe.bytes_in(IDLE_SECONDS) / IDLE_SECONDS)
        probe.key("elect a, b from t where a")
        for step in [LEFT] * 12 + [RIGHT] * 12:
            note(numbers, "cursor move", probe.key(step, STEP))
    finally:
        probe.close(CTRL_Q)


def p95(values: list[float]) -> float:
    """The value below which 95 % lie."""
    return sorted(values)[max(0, -(-95 * len(values) // 100) - 1)]


def table(results: dict[str, Numbers]) -> list[str]:
    """Rows of numbers: each program's median and 95th percentile; ratios to harlequin where there is one."""
    names = list(results)
    lines = [f"{'median / p95 (n)':34}" + "".join(f"{name:>26}" for name in names) + f"{'target':>16}"]
    for row in ROWS:
        key = f"{row.name}|{row.unit}"
        cells = []
        for name in names:
            values = results[name].get(key, [])
            cells.append(f"{statistics.median(values):,.0f} / {p95(values):,.0f} ({len(values)})" if values else "–")
        aim = "" if row.p50 is None else f"median ≤ {row.p50:,.0f}"
        aim += "" if row.p95 is None else f"p95 ≤ {row.p95:,.0f}" + (f" ({row.slow:,.0f})" if row.slow else "")
        ratio = ""
        other = results["harlequin"].get(key) if "harlequin" in results else None
        if other and (ours := statistics.median(results["adtui"][key])):
            ratio = f"   harlequin/adtui {statistics.median(other) / ours:.1f}"
        lines.append(f"{row.name + ' · ' + row.unit:34}" + "".join(f"{c:>26}" for c in cells) + f"{aim:>22}{ratio}")
    return lines


def programs(args: argparse.Namespace) -> dict[str, list[str]]:
    """Name → command of what is measured."""
    app = [sys.executable, "-m", "adtui", *([args.run] if args.run else ["demo"])]
    found = {"adtui": app, "adtui --slow-link": [*app, "--slow-link"]}
    other = args.harlequin or shutil.which("harlequin")
    if other is None:
        print("harlequin is not installed: skipped (pip install --group bench, or --harlequin PATH)", file=sys.stderr)
    else:
        found["harlequin"] = [other, ":memory:"]
    return found


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--run", help="a run or checkpoint to open (default: the bundled one)")
    parser.add_argument("--harlequin", help="its command, where it is not on the PATH")
    parser.add_argument("--map", action="store_true", help="the map alone, once insights are tested")
    parser.add_argument("--json", help="write every number to this file")
    args = parser.parse_args()
    commands = programs(args)
    if args.map:
        commands.pop("harlequin", None)
    results: dict[str, Numbers] = {name: defaultdict(list) for name in commands}
    for number in range(args.rounds):
        for name, command in commands.items():
            (harlequin if name == "harlequin" else the_map if args.map else adtui)(command, results[name])
            print(f"round {number + 1}/{args.rounds}: {name}", file=sys.stderr)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, load {load}, 120 × 40, truecolor")
    print("\n".join(table(results)))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(results, file)


if __name__ == "__main__":
    main()
