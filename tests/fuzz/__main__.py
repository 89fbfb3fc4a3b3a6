"""`python -m tests.fuzz`: run the campaign, or one case of it, and print what became of the files."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from .campaign import Campaign
from .cases import KINDS, ROUND, SUFFIX, Case, case, cases, content, digest
from .child import FAILURES, OPENED, REFUSED, Limits, Outcome

FAILURES_KEPT = Path("build/fuzz")


def main(argv: list[str] | None = None) -> int:
    """Exit status 0 when every file opened or was refused with one clear line, else 1."""
    args = _parser().parse_args(argv)
    families = frozenset(args.families.split(",")) if args.families else frozenset()
    if unknown := families - {family for _, family in ROUND}:
        print(f"no such family: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    chosen = [case(args.case)] if args.case is not None else list(islice(cases(args.kind, families), args.count))
    if args.digest:
        print(f"digest of the files: {digest(iter(chosen), args.seed)}")
    tally = Tally(args.seed, args.failures, verbose=args.case is not None)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="adtui-fuzz-") as directory:
        limits = Limits(seconds=args.limit, memory=args.memory << 20)
        root = Path(directory).resolve()
        Campaign(args.seed, root, tally.add, jobs=args.jobs, limits=limits, loader=args.loader).run(chosen)
    if args.case is None:
        print(tally.table())
        print(f"{len(chosen)} cases in {time.monotonic() - started:.0f} s, seed {args.seed}")
    return 1 if tally.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="number of cases (default 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the files (default 0)")
    parser.add_argument("--kind", choices=KINDS, help="files of this kind only")
    parser.add_argument("--families", metavar="A,B", help="these families of mutations only")
    parser.add_argument("--jobs", type=int, default=1, help="processes that open files at once (default 1)")
    parser.add_argument("--case", type=int, metavar="N", help="only case N of this seed; says what became of it")
    parser.add_argument("--failures", type=Path, default=FAILURES_KEPT, help=f"where to keep them ({FAILURES_KEPT})")
    parser.add_argument("--limit", type=float, default=10.0, metavar="S", help="seconds that a case may take (10)")
    parser.add_argument("--memory", type=int, default=2048, metavar="M", help="MiB that a case may take (2048)")
    parser.add_argument("--digest", action="store_true", help="print a digest of the files as well")
    parser.add_argument("--loader", metavar="MODULE:FUNCTION", help="open by this, to test the campaign itself")
    return parser


class Tally:
    """Counts by kind, family and result; failed files are kept."""

    def __init__(self, seed: int, directory: Path, *, verbose: bool = False) -> None:
        self.seed, self.directory, self.verbose = seed, directory, verbose
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.failures = 0
        self.slowest: tuple[float, int] = (0.0, -1)
        self.largest: tuple[int, int] = (0, -1)

    def add(self, case: Case, outcome: Outcome) -> None:
        """Count one; tell of it at once where it failed."""
        self.counts[case.kind, case.family, outcome.result] += 1
        self.slowest = max(self.slowest, (outcome.seconds, case.number))
        self.largest = max(self.largest, (outcome.growth, case.number))
        if outcome.result in FAILURES:
            self.failures += 1
            kept = self._keep(case, outcome)
            last = outcome.detail.strip().splitlines() or ["?"]
            print(
                f"case {case.number} {case.kind} {case.family}: {outcome.result}: {last[-1][:200]} ({kept})", flush=True
            )
        if self.verbose:
            print(f"case {case.number} {case.kind} {case.family}: {outcome.result}\n{outcome.detail}")

    def table(self) -> str:
        """One line per kind and family, then what was dearest."""
        rows: list[tuple[str, ...]] = [("kind", "family", "files", OPENED, REFUSED, "failed", "")]
        for kind, family in dict.fromkeys(sorted(ROUND, key=lambda pair: KINDS.index(pair[0]))):
            counts = {result: self.counts[kind, family, result] for result in (OPENED, REFUSED, *FAILURES)}
            if total := sum(counts.values()):
                failed = {result: counts[result] for result in FAILURES if counts[result]}
                words = ", ".join(f"{count} {result}" for result, count in failed.items())
                shown = (total, counts[OPENED], counts[REFUSED], sum(failed.values()))
                rows.append((kind, family, *map(str, shown), words))
        sums = [sum(int(row[column]) for row in rows[1:]) for column in range(2, 6)]
        rows.append(("all", "", *map(str, sums), ""))
        lines = [f"{a:<11}{b:<17}{c:>7}{d:>8}{e:>9}{f:>8}  {g}".rstrip() for a, b, c, d, e, f, g in rows]
        dearest = f"slowest: case {self.slowest[1]}, {self.slowest[0]:.1f} s"
        return "\n".join([*lines, f"{dearest}; largest: case {self.largest[1]}, {self.largest[0] / (1 << 20):.0f} MiB"])

    def _keep(self, case: Case, outcome: Outcome) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        stem = f"seed{self.seed}-case{case.number}-{case.kind}-{case.family}"
        path = self.directory / f"{stem}{SUFFIX[case.kind]}"
        if outcome.result != "generator":
            path.write_bytes(content(case, self.seed))
        again = f"python -m tests.fuzz --seed {self.seed} --case {case.number}"
        (self.directory / f"{stem}.txt").write_text(f"{again}\n{outcome.result}\n{outcome.detail}\n", errors="replace")
        return path


if __name__ == "__main__":
    sys.exit(main())
