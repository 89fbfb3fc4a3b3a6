"""Bytes that every key sends: a recording on the bundled run, on a terminal of 120 × 40, as a Markdown table.

    python benchmarks/keys.py [--rounds 5] [--run RUN] [--record keys.csv]

Every key is pressed when all is quiet, in an order that brings the app back to where it was; medians over the rounds.
What comes within the pause counts, of a notification also its going where the table says so. Every key of the key bars
is there; the script says so when one is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import statistics
import sys
import tempfile
from pathlib import Path

from probe import Probe

from adtui.ui.keys import KEYS, LAB

ESCAPE = "\x1b"
PAUSE = 0.4
LONG = {"e": 6.0, "+": 1.0, "-": 1.0}
"""Seconds of quiet that end the answer of keys that start work."""
TOASTS = ("x", "X", "y", "s", "e")
"""Keys that leave a message on the screen, which goes by itself."""
WALK = (
    ("j", "j", "next layer"),
    ("k", "k", "previous layer, seen before"),
    ("l", "l", "next head"),
    ("h", "h", "previous head, seen before"),
    ("n", "n", "next sample"),
    ("p", "p", "previous sample, seen before"),
    ("[", "[", "query row back"),
    ("]", "]", "query row forward"),
    ("{", "{", "an episode back"),
    ("}", "}", "an episode forward"),
    ("m", "m", "mean over heads"),
    ("m", "m", "one head again"),
    ("/", "/", "go to: the line opens"),
    ("Esc", ESCAPE, "… and closes"),
    ("?", "?", "help opens"),
    ("Esc", ESCAPE, "… and closes"),
    ("2", "2", "focus on the heatmap"),
    ("←", "\x1b[D", "its cursor"),
    ("↑", "\x1b[A", "its cursor"),
    ("→", "\x1b[C", "its cursor"),
    ("+", "+", "zoom in at the cursor"),
    ("-", "-", "and out"),
    ("Enter", "\r", "heatmap at full size"),
    ("Esc", ESCAPE, "… and back"),
    ("s", "s", "another colour scale"),
    ("s", "s", "another colour scale"),
    ("s", "s", "another colour scale"),
    ("s", "s", "the first colour scale"),
    ("x", "x", "knock out the transition under the cursor"),
    ("X", "X", "knock out its whole episode"),
    ("e", "e", "export the figure on display: progress and message"),
    ("y", "y", "copy the pane's numbers (the numbers are what is sent)"),
    ("Tab", "\t", "next pane"),
    ("1", "1", "focus on the heads"),
    ("Ctrl+P", "\x10", "the command palette opens"),
    ("Esc", ESCAPE, "… and closes"),
    ("C", "C", "the compression lab"),
    ("j", "j", "in the lab: next strategy"),
    ("Space", " ", "in the lab: choose it"),
    ("Space", " ", "in the lab: or not"),
    ("b", "b", "in the lab: budgets, the line opens"),
    ("Esc", ESCAPE, "… and closes"),
    ("s", "s", "in the lab: start the trials"),
    ("x", "x", "in the lab: stop them"),
    ("e", "e", "in the lab: export, with nothing to write yet"),
    ("Tab", "\t", "in the lab: next pane"),
    ("?", "?", "in the lab: help opens"),
    ("Esc", ESCAPE, "… and closes"),
    ("Esc", ESCAPE, "back to the explorer"),
    ("q", "q", "quit: the terminal as it was"),
)
Record = list[list[tuple[int, float | None]]]


def walk(command: list[str], record: Record) -> None:
    """One round: every key once; its bytes, and milliseconds to the last of them."""
    probe = Probe(command, environment={"COLORTERM": "truecolor"})
    try:
        probe.until(lambda text: "confirmed" in text and "knock-outs" not in text, 120)
        probe.settle(2.0, 30)
        for index, (_, keys, _) in enumerate(WALK):
            quiet = LONG.get(keys, PAUSE)
            answer = probe.key(keys, quiet, limit=30.0 if keys in LONG else 2.0)
            record[index].append((answer.size, answer.last))
            if keys in TOASTS:
                probe.settle(5.0, 20)
    finally:
        probe.close()


def missing() -> list[str]:
    """Keys of the app's key bars that WALK leaves out; those that only some runs have are none of ours."""
    pressed = {key for key, _, _ in WALK}
    named = [key for table in (KEYS, LAB) for key in table if key.label and key.only in ("", "heatmap")]
    return [key.shown for key in named if not pressed & set(key.shown.split())]


def main() -> None:
    """Record, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--run", help="a run or checkpoint to open (default: the bundled one)")
    parser.add_argument("--record", metavar="FILE", help="also write every number as CSV")
    args = parser.parse_args()
    if absent := missing():
        print(f"not pressed: {', '.join(absent)}", file=sys.stderr)
    target = Path(args.record).resolve() if args.record else None
    if args.run and Path(args.run).exists():
        args.run = str(Path(args.run).resolve())
    command = [sys.executable, "-m", "adtui", *([args.run] if args.run else ["demo"])]
    records: dict[str, Record] = {"": [[] for _ in WALK], " --slow-link": [[] for _ in WALK]}
    with tempfile.TemporaryDirectory(prefix="adtui-keys-") as figures, contextlib.chdir(figures):
        for number in range(args.rounds):
            for option, record in records.items():
                walk([*command, *option.split()], record)
                print(f"round {number + 1}/{args.rounds}{option}", file=sys.stderr)
    print("| Key | Does | bytes | ms | bytes, `--slow-link` |\n|---|---|---|---|---|")
    whole, slow = records.values()
    for (key, _, does), one, other in zip(WALK, whole, slow, strict=True):
        size, slower = (statistics.median(size for size, _ in found) for found in (one, other))
        times = [last for _, last in one if last is not None]
        took = f"{statistics.median(times):.0f}" if times else "–"
        print(f"| `{key}` | {does} | {size:,.0f} | {took} | {slower:,.0f} |")
    if target is not None:
        with target.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("option", "key", "does", "round", "bytes", "milliseconds"))
            for option, record in records.items():
                for (key, _, does), found in zip(WALK, record, strict=True):
                    for number, (size, last) in enumerate(found, start=1):
                        rows.writerow((option.strip(), key, does, number, size, "" if last is None else f"{last:.1f}"))


if __name__ == "__main__":
    main()
