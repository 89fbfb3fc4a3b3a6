"""`adtui compress`: how far can the context be shortened before the model stops learning in context?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..records.cores import cores
from ..records.defaults import BUDGETS, LEVEL, MARGIN, MEMORY, POSITIONS, SEED, STRATEGIES
from ..records.errors import ConfigError
from ..records.exit_codes import DONE, INTERRUPTED
from .arguments import add_model, add_run, add_trials, add_world, natural, positive, share

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from ..records.trial import SweepReport
    from ..records.trial_search import SearchReport

    Report = TypeVar("Report", SweepReport, SearchReport)

HELP = "try compression strategies against the full context, and say what the evidence allows"
PREPARED = (
    *("device", "heads", "causal", "adapter", "context", "streams", "episodes", "seed", "positions", "memory"),
    *("level", "world"),
)
"""The options that are keywords of `prepare.prepare`."""


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument(
        "--strategies",
        default=",".join(STRATEGIES),
        metavar="A,B",
        help="such as recent,sink-recent:sinks=4; with --level cache also how heads share K entries each: "
        f"key-difference:shared=ada, or pyramid, or duo, see docs/trials.md (default: {','.join(STRATEGIES)})",
    )
    budgets = ",".join(map(str, BUDGETS))
    parser.add_argument(
        "--budgets",
        type=_budgets,
        metavar="K,K",
        help=f"transitions to keep (default: {budgets}; of --search ten from 4 to 40, then 80, 160, …)",
    )
    parser.add_argument(
        "--positions",
        choices=("reindexed", "spread", "kept"),
        help=f"where kept transitions stand (default: {POSITIONS}, with --level cache kept; --search tries spread too)",
    )
    parser.add_argument(
        "--memory",
        choices=("online", "full"),
        default=MEMORY,
        help=f"while acting: what is dropped is gone, or chosen anew from the whole context (default: {MEMORY})",
    )
    parser.add_argument(
        "--level",
        choices=("transition", "cache"),
        default=LEVEL,
        help="what is dropped: transitions, or keys and values, which every head of every layer chooses by itself and "
        f"holds where they were made (default: {LEVEL})",
    )
    add_trials(parser, "histories per held-out goal")
    parser.add_argument(
        "--margin",
        type=share,
        default=MARGIN,
        help=f"loss that counts as none, as a share of full context over random actions (default: {MARGIN})",
    )
    parser.add_argument("--seed", type=natural, default=SEED, help=f"of the action draws (default: {SEED})")
    parser.add_argument("--jobs", type=positive, help="cells side by side (default: one a core)")
    parser.add_argument(
        "--backend", choices=("local", "ray", "dask"), default="local", help="where cells run (default: local)"
    )
    parser.add_argument(
        "--cost",
        action="store_true",
        help="also measure memory and time of a step in processes of their own, at longer contexts too",
    )
    parser.add_argument(
        "--search",
        action="store_true",
        help="find the smallest context that does on training tasks, and test it once on held-out ones",
    )
    parser.add_argument(
        "--time", type=positive, metavar="MIN", help="begin no candidate of a search after so many minutes"
    )
    parser.add_argument("--output", metavar="DIR", help="keep finished cells there, and go on from them")
    parser.add_argument("--figures", metavar="DIR", help="also write report.json and four figures there")
    parser.add_argument("--json", action="store_true", help="print JSON (docs/trials.md) instead of a table")
    add_world(parser)
    add_model(parser)


def run(args: argparse.Namespace) -> int:
    """Run the sweep; the result goes to stdout. Ctrl+C leaves the finished cells in --output."""
    from ..compression.trials import backends
    from ..compression.trials.plan import sweep
    from ..compression.trials.prepare import prepare
    from ..compression.trials.runner import run as run_trials
    from ..histories.goals import with_groups
    from .progress import bar

    backends.check(args.backend)
    wide = args.search and args.positions is None
    args.positions = args.positions or ("kept" if args.level == "cache" else POSITIONS)
    if args.search:
        return _search(args, wide=wide)
    if args.time is not None:
        raise ConfigError("--time", expected="--search beside it", found="none", action="add --search, or leave it out")
    choices = sweep(args.strategies.split(","), args.budgets or BUDGETS)
    prepared = prepare(args.run, **{name: getattr(args, name) for name in PREPARED}, choices=choices, known=with_groups)
    try:
        with bar() as progress:
            task = progress.add_task("compress", total=len(choices) + 2, note="")

            def show(label: str, done: int, total: int) -> None:
                progress.update(task, completed=done, total=total, note=label)

            def within(label: str, done: int, total: int) -> None:
                progress.update(task, note=f"{label} {done}/{total}")

            report = run_trials(
                prepared.opening,
                prepared.plan,
                choices,
                about=prepared.about,
                margin=args.margin,
                jobs=args.jobs or cores(),
                backend=args.backend,
                output=None if args.output is None else Path(args.output),
                progress=show,
                inside=within,
                alone=args.cost,
                warn=lambda said: progress.console.print(said, markup=False, highlight=False, soft_wrap=True),
            )
    except KeyboardInterrupt:
        return _stopped("finished cells are", args.output)
    from ..reports.trials import print_report

    _print(report, print_report, as_json=args.json)
    if args.figures is not None:
        from ..reports.export_trials import export_report  # matplotlib

        for path in export_report(report, Path(args.figures)):
            print(f"wrote {path}", file=sys.stderr)
    return DONE


def _search(args: argparse.Namespace, *, wide: bool) -> int:
    """The path and the test; Ctrl+C leaves what is finished in --output. `wide`: with both ways to stand."""
    from ..compression.trials.prepare import prepare
    from ..compression.trials.search import search, search_of
    from ..histories.goals import with_groups
    from .progress import bar

    options = {name: getattr(args, name) for name in PREPARED}
    prepared = prepare(args.run, **options, known=with_groups)
    wanted = search_of(
        prepared,
        args.strategies.split(","),
        budgets=args.budgets or (),
        margin=args.margin,
        wide=wide,
        seconds=None if args.time is None else 60.0 * args.time,
        jobs=args.jobs or cores(),
        backend=args.backend,
        alone=args.cost,
    )
    try:
        with bar() as progress:
            task = progress.add_task("search", total=None, note="")

            def show(what: str, done: int, total: int, fresh: bool) -> None:
                del fresh
                progress.update(task, completed=done, total=total, note=what)

            output = None if args.output is None else Path(args.output)
            report = search(wanted, about=prepared.about, output=output, progress=show)
    except KeyboardInterrupt:
        return _stopped("what is finished is", args.output)
    from ..reports.search import print_search

    _print(report, print_search, as_json=args.json)
    return DONE


def _stopped(what: str, output: str | None) -> int:
    """Say what Ctrl+C has left."""
    kept = f"{what} in {output}" if output else "nothing is kept without --output DIR"
    print(f"stopped; {kept}", file=sys.stderr)
    return INTERRUPTED


def _print(report: Report, show: Callable[[Report, Console], None], *, as_json: bool) -> None:
    if as_json:
        from ..reports.document import dumps

        sys.stdout.write(dumps(report.to_json()))
        return
    from rich.console import Console

    show(report, Console(width=None if sys.stdout.isatty() else 240))


def _budgets(text: str) -> list[int]:
    return [positive(part.strip()) for part in text.split(",")]
