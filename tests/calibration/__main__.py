"""`python -m tests.calibration`: the tables of docs/validity.md and docs/trials.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # what the other tests import as top-level modules

from adtui.engine.opening import open_session
from adtui.records.defaults import SAMPLES

from . import agreement, gate, null_models, placebos, power, probes, recurrence, relocations

PARTS = ("placebos", "power", "ablations", "models", "relocations", "seeds", "probes", "gate")


def main(argv: list[str] | None = None) -> int:
    """Exit status 0 where every rate that must stay below its nominal level does, within three standard errors."""
    args = _parser().parse_args(argv)
    parts = args.parts.split(",") if args.parts else PARTS
    if unknown := set(parts) - set(PARTS):
        print(f"no such part: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    good = True
    tests, models = (100, 2) if args.quick else (args.tests, args.models)
    if {"placebos", "power"} & set(parts):
        session = open_session(null_models.RUN, samples=18 if args.quick else 60, seed=args.seed + 100, device="cpu")
        if "placebos" in parts:
            text, rates = placebos.report(session, 2 if args.quick else 16, tests, args.seed)
            good &= all(one.within(placebos.LEVEL) for one in rates)
            print(text, flush=True)
        if "power" in parts:
            found = placebos.pool(session, 10, 2 if args.quick else 16, args.seed)
            print(power.report(found, tests, args.seed, 18 if args.quick else 40)[0], flush=True)
    if "ablations" in parts:
        print(agreement.report(tests, args.seed, 18 if args.quick else 40)[0], flush=True)
    if "models" in parts:
        text, counts = null_models.report(models, 9, args.seed)
        good &= all(found[0] == found[5] == 0 for found in counts.values())
        print(text, flush=True)
    if "relocations" in parts:
        text, rates = relocations.report(18 if args.quick else 144, tests, models, args.seed)
        good &= all(one.within(placebos.LEVEL) for one in rates)
        print(text, flush=True)
    if "seeds" in parts:
        contexts = 18 if args.quick else args.contexts
        print(recurrence.report(contexts, range(args.seed, args.seed + (2 if args.quick else 6)))[0], flush=True)
    if "probes" in parts:
        text, rates = probes.report(20 if args.quick else tests // 2, args.seed, 81 if args.quick else 162)
        good &= all(one.within(probes.LEVEL) for one in rates)
        print(text, flush=True)
        print(probes.nothing_learnt(max(2, models // 4), args.seed), flush=True)
    if "gate" in parts:
        text, level = gate.report(args.cells, tests, args.seed)
        good &= level
        print(text, flush=True)
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.calibration", description=sys.modules[__package__].__doc__)
    parser.add_argument("--parts", help=f"some of {','.join(PARTS)} (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of everything drawn (default 0)")
    parser.add_argument("--tests", type=int, default=2000, help="tests of each rate (default 2000)")
    parser.add_argument("--models", type=int, default=40, help="models of each kind that have learnt nothing")
    parser.add_argument("--contexts", type=int, default=SAMPLES, help=f"of the run with other seeds ({SAMPLES})")
    parser.add_argument("--cells", type=Path, help="of `adtui compress --output`: the gate is tried on its differences")
    parser.add_argument("--quick", action="store_true", help="a minute, with errors as large as the rates")
    return parser


if __name__ == "__main__":
    sys.exit(main())
