"""Bytes that every key sends: a recording on the bundled run, on a terminal of 120 × 40, as a Markdown table.

    python benchmarks/keys.py [--rounds 5] [--run RUN] [--record keys.csv]

Every key is pressed when all is quiet, in an order that brings the app back to where it was; medians over the rounds.
A notification counts when it comes and when it goes, as long as that is within the pause.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys

from probe import Probe

ESCAPE = "\x1b"
PAUSE = 0.4
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
    ("Enter", "\r", "heatmap at full size"),
    ("Esc", ESCAPE, "… and back"),
    ("s", "s", "another colour scale"),
    ("s", "s", "another colour scale"),
    ("s", "s", "another colour scale"),
    ("s", "s", "the first colour scale"),
    ("x", "x", "knock out the transition under the cursor"),
    ("y", "y", "copy the pane's numbers (the numbers are what is sent)"),
    ("Tab", "\t", "next pane"),
    ("1", "1", "focus on the heads"),
    ("C", "C", "the compression lab"),
    ("j", "j", "in the lab: next strategy"),
    ("Space", " ", "in the lab: choose it"),
    ("Space", " ", "in the lab: or not"),
    ("Esc", ESCAPE, "back to the explorer"),
)
Record = list[list[tuple[int, float | None]]]


def walk(command: list[str], record: Record) -> None:
    """One round: every key once; its bytes, and milliseconds to the last of them."""
    probe = Probe(command, environment={"COLORTERM": "truecolor"})
    try:
        probe.until(lambda text: "confirmed" in text and "knock-outs" not in text, 120)
        probe.settle(2.0, 30)
        for index, (_, keys, _) in enumerate(WALK):
            answer = probe.key(keys, PAUSE)
            record[index].append((answer.size, answer.last))
            if keys in ("x", "y", "s"):
                probe.settle(3.0, 20)  # what they notify goes by itself
    finally:
        probe.close()


def main() -> None:
    """Record, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--run", help="a run or checkpoint to open (default: the bundled one)")
    parser.add_argument("--record", metavar="FILE", help="also write every number as CSV")
    args = parser.parse_args()
    command = [sys.executable, "-m", "adtui", *([args.run] if args.run else ["demo"])]
    records: dict[str, Record] = {"": [[] for _ in WALK], " --slow-link": [[] for _ in WALK]}
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
    if args.record:
        with open(args.record, "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("option", "key", "does", "round", "bytes", "milliseconds"))
            for option, record in records.items():
                for (key, _, does), found in zip(WALK, record, strict=True):
                    for number, (size, last) in enumerate(found, start=1):
                        rows.writerow((option.strip(), key, does, number, size, "" if last is None else f"{last:.1f}"))


if __name__ == "__main__":
    main()
