"""Cells of a sweep per second by 1 and 2 workers, here and on clusters of this machine; in turn, medians of rounds.

    python benchmarks/sweep.py [--run RUN] [--histories 4] [--rounds 3] [--figure scaling.png]

A sweep is timed from its call to its report, with what it takes to start workers: joblib's stay for the next sweep,
those of a cluster are started by each. Efficiency is the rate over that of one worker, by the number of workers. A
cluster whose package is missing is left out, and that is said. The load of the machine stands beside: where other work
holds both cores no second worker can help.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
import time
from pathlib import Path

from adtui.compression.trials.plan import sweep
from adtui.compression.trials.prepare import Prepared, prepare
from adtui.compression.trials.runner import run
from adtui.files.demos import demo_run
from adtui.histories.goals import with_groups
from adtui.records.defaults import DEVICE, EPISODES, MEMORY, POSITIONS, SEED, STRATEGIES

WAYS = (("local", 1), ("local", 2), ("ray", 2), ("dask", 2))
PACKAGES = {"ray": "ray", "dask": "distributed"}
CHOICES = sweep(STRATEGIES, (10, 20))
CELLS = len(CHOICES) + 2
"""With the full context and its control."""


def prepared(path: str, histories: int) -> Prepared:
    """The run, made ready for so many histories on each goal."""
    return prepare(
        path,
        device=DEVICE,
        heads=None,
        causal=None,
        adapter=None,
        context=None,
        streams=histories,
        episodes=EPISODES,
        seed=SEED,
        positions=POSITIONS,
        memory=MEMORY,
        choices=CHOICES,
        known=with_groups,
    )


def seconds(ready: Prepared, backend: str, workers: int) -> float:
    """Of one sweep, by the clock."""
    start = time.perf_counter()
    run(ready.opening, ready.plan, CHOICES, jobs=workers, backend=backend)
    return time.perf_counter() - start


def draw(path: Path, rates: dict[tuple[str, int], list[float]], load: str) -> None:
    """A bar for each way, with its rounds as points."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    names = [f"{backend}, {workers}" for backend, workers in rates]
    figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
    axes.bar(names, [statistics.median(found) for found in rates.values()], color="#88a")
    for place, found in enumerate(rates.values()):
        axes.plot([place] * len(found), found, "k.")
    axes.set_ylabel("cells per second")
    axes.set_title(f"{CELLS} cells; load {load}", fontsize=9)
    figure.savefig(path, dpi=150)


def main() -> int:
    parser = argparse.ArgumentParser(description="cells per second over workers")
    parser.add_argument("--run", default=str(demo_run()))
    parser.add_argument("--histories", type=int, default=4, help="on each held-out goal")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--figure", type=Path)
    args = parser.parse_args()
    ready = prepared(args.run, args.histories)
    ways = [way for way in WAYS if importlib.util.find_spec(PACKAGES.get(way[0], "joblib")) is not None]
    for backend in sorted({way[0] for way in WAYS} - {way[0] for way in ways}):
        print(f"{backend}: not installed, left out")
    loads = [os.getloadavg()[0]]
    rates: dict[tuple[str, int], list[float]] = {way: [] for way in ways}
    for number in range(args.rounds + 1):
        for way in ways:
            took = seconds(ready, *way)
            if number:  # in the first round files are read and joblib's workers start
                rates[way].append(CELLS / took)
            print(f"round {number}  {way[0]:<6} {way[1]}  {took:6.1f} s", file=sys.stderr, flush=True)
        loads.append(os.getloadavg()[0])
    load = f"{min(loads):.1f} to {max(loads):.1f}"
    one = statistics.median(rates["local", 1])
    print(f"{CELLS} cells of {len(ready.plan.rooms)} histories, {os.cpu_count()} cores, load {load}")
    for (backend, workers), found in rates.items():
        rate = statistics.median(found)
        print(f"{backend:<6} {workers} workers  {rate:6.3f} cells/s  efficiency {rate / one / workers:5.2f}")
    if args.figure is not None:
        draw(args.figure, rates, load)
    return 0


if __name__ == "__main__":
    sys.exit(main())
