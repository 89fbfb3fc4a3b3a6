"""`python -m tests.faults`: run the campaign and print what the app stood."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from .case import MOMENTS
from .kinds import KINDS, Kind, run

Key = tuple[str, str]


def main(argv: list[str] | None = None) -> int:
    """Exit status 0 when every case held, else 1."""
    parser = argparse.ArgumentParser("python -m tests.faults", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="cases of each chosen fault; those of few moments: 1/10")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="names of faults, with commas: " + ", ".join(kind.name for kind in KINDS))
    args = parser.parse_args(argv)
    names = args.only.split(",") if args.only else [kind.name for kind in KINDS]
    if unknown := set(names) - {kind.name for kind in KINDS}:
        print(f"no such fault: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    tried: Counter[Key] = Counter()
    failed: Counter[Key] = Counter()
    doing: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    started = time.monotonic()
    for kind in (kind for kind in KINDS if kind.name in names):
        for number in range(args.count if kind.moments == MOMENTS else max(len(kind.moments), args.count // 10)):
            moment = kind.moments[number % len(kind.moments)]
            tried[kind.name, moment] += 1
            struck = held(kind, moment, args.seed, number)
            failed[kind.name, moment] += struck is None
            doing[kind.name, moment][struck or ""] += 1
        print("\n".join(rows(kind, tried, failed, doing)), flush=True)
    total, bad = sum(tried.values()), sum(failed.values())
    print(f"{total} cases, {bad} failed, {time.monotonic() - started:.0f} s, seed {args.seed}")
    return 1 if bad else 0


def held(kind: Kind, moment: str, seed: int, number: int) -> str | None:
    """Run one case: what the engine was at when it struck, or None; what did not hold is printed."""
    with tempfile.TemporaryDirectory(prefix="adtui-fault-") as directory:
        try:
            return run(kind, moment, random.Random(f"{seed}/{kind.name}/{number}").getrandbits(32), Path(directory))
        except AssertionError:
            print(f"{kind.name}, {moment}, number {number}:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            return None


def rows(kind: Kind, tried: Counter[Key], failed: Counter[Key], doing: Mapping[Key, Counter[str]]) -> list[str]:
    """Lines of the table: one per moment, with what the engine was at when the fault struck."""
    return [
        f"{kind.name:22}{moment:12}{tried[key]:5} tried{failed[key]:5} failed   "
        + ", ".join(f"{what} {count}" for what, count in doing[key].most_common() if what)
        for moment in kind.moments
        if tried[key := (kind.name, moment)]
    ]


if __name__ == "__main__":
    sys.exit(main())
