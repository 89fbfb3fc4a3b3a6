"""What opening a run takes, part by part: processor seconds of the engine's side, in a fresh process each.

    python benchmarks/opening.py [--rounds 3] [--run RUN]

First with an empty cache, then again with what that kept; `kept pictures` is what is read before torch is imported.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

PARTS = ("import torch", "import adtui", "kept pictures", "load", "contexts", "capture", "the rest")


def measured(run: str) -> dict[str, float]:
    """Processor seconds by part, of one opening in this process."""
    start = time.process_time()
    from adtui.engine.pictures import place_of, read
    from adtui.records.messages import OpenRun

    light = time.process_time()
    request = OpenRun(1, run)
    place = place_of(request)
    if place is not None:
        read(place)
    kept = time.process_time()
    import torch  # noqa: F401

    torch_there = time.process_time()
    from adtui.engine import opening

    imported = time.process_time()
    spent: dict[str, float] = {}

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run_timed(*args: Any, **options: Any) -> Any:
            begun = time.process_time()
            try:
                return function(*args, **options)
            finally:
                spent[name] = spent.get(name, 0.0) + time.process_time() - begun

        return run_timed

    parts = {"load_checkpoint": "load", "load_model": "load", "load_samples": "contexts", "capture": "capture"}
    for function, name in parts.items():
        setattr(opening, function, timed(name, getattr(opening, function)))
    opening.open_asked(request, lambda _done, _total: None, keep=True)
    spent["the rest"] = time.process_time() - imported - sum(spent.values())
    spent["import torch"] = torch_there - kept
    spent["import adtui"] = light - start + imported - torch_there
    spent["kept pictures"] = kept - light
    return spent


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="what opening a run takes, part by part")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", default="")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        print(json.dumps(measured(args.run)))
        return 0
    run = args.run
    if not run:
        from adtui.files.demos import demo_run

        run = str(demo_run())
    found: dict[str, list[dict[str, float]]] = {"first": [], "again": []}
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as cache:
            for rows in found.values():
                command = [sys.executable, __file__, "--once", "--run", run]
                environment = {**os.environ, "XDG_CACHE_HOME": cache}
                told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
                rows.append(json.loads(told))
    print(f"{'processor seconds, medians':28}" + "".join(f"{name:>8}" for name in found))
    for part in PARTS:
        medians = [statistics.median(row[part] for row in rows) for rows in found.values()]
        print(f"{part:28}" + "".join(f"{value:8.2f}" for value in medians))
    totals = [statistics.median(sum(row.values()) for row in rows) for rows in found.values()]
    print(f"{'all':28}" + "".join(f"{value:8.2f}" for value in totals))
    return 0


if __name__ == "__main__":
    sys.exit(main())
