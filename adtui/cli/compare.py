"""`adtui compare`: what runs differ in, how each learns in context on the same tasks, and what each attends to."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..records.cores import cores
from ..records.defaults import DEVICE, EPISODES, SEED, STREAMS
from ..records.errors import ConfigError
from ..records.exit_codes import DONE, INTERRUPTED, USER_ERROR
from ..records.look import FORMATS, Look
from .arguments import figure_file, natural, positive

if TYPE_CHECKING:
    from ..engine.compared_runs import Candidate
    from ..engine.comparison import Asked, Measured
    from ..records.comparison import Comparison
    from ..records.head_comparison import HeadComparison

ALONE = -1
"""What `--heads` is without a number, its name for `--head-by-head` before that had one."""
HELP = "set runs side by side: settings that differ, returns on the same tasks and seeds, claims"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run directories, checkpoints, or runs/ for all in it")
    parser.add_argument("--sort", metavar="KEY", help="name, step, first, last, gain, difference, claims or a setting")
    parser.add_argument("--reverse", action="store_true", help="sort the other way round")
    parser.add_argument("--filter", metavar="TEXT", help="only runs with this in their name or settings (n_transit=80)")
    parser.add_argument("--json", action="store_true", help="print JSON (docs/compare.md) instead of tables")
    parser.add_argument("--csv", metavar="FILE", help="also write a line a run there")
    parser.add_argument("-o", "--output", metavar="FIGURE.png", help="also draw learning curves, or how heads differ")
    parser.add_argument("--streams", type=positive, default=STREAMS, help=f"histories per task (default: {STREAMS})")
    parser.add_argument("--episodes", type=positive, default=EPISODES, help=f"per history (default: {EPISODES})")
    parser.add_argument("--context", type=positive, metavar="N", help="transitions (default: what each model takes)")
    parser.add_argument("--seed", type=natural, default=SEED, help=f"of all draws (default: {SEED})")
    parser.add_argument("--samples", type=positive, metavar="K", help="contexts for claims (default: as for analyze)")
    parser.add_argument(
        "--claims",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="state claims on attention (default: yes)",
    )
    parser.add_argument("--knock-outs", action="store_true", help="also test each claim: a minute a run and more")
    parser.add_argument("--head-by-head", action="store_true", help="two runs' heads, on the contexts of the first")
    parser.add_argument(
        "--match", choices=("rows", "index"), default="rows", help="which head is compared to which (default: rows)"
    )
    parser.add_argument(
        "--own-contexts",
        action="store_true",
        help="with --head-by-head: claims of the second run on contexts of its own",
    )
    parser.add_argument("--device", default=DEVICE, help=f"auto, cpu, cuda, cuda:1 (default {DEVICE})")
    parser.add_argument(
        "--heads", "--head-count", nargs="?", const=ALONE, type=positive, metavar="H",
        help="number of heads, where a checkpoint is silent; without a number: --head-by-head",
    )  # fmt: skip
    parser.add_argument("--adapter", metavar="FILE", help="Python code of yours that builds and runs the models")
    parser.add_argument("--trust", action="store_true", help="run adapters that runs name, without asking")


def run(args: argparse.Namespace) -> int:
    """Tables or JSON go to stdout. Ctrl+C leaves the rows that are whole."""
    from ..engine.compared_runs import candidates, chosen

    if args.heads == ALONE:
        args.heads, args.head_by_head = None, True
    if args.head_by_head:
        return _heads(args)
    output = figure_file(args.output, ".png", name="FIGURE")
    found = candidates(args.runs)
    if args.filter is not None:
        found = chosen(found, args.filter)
    _check_sort(args.sort, found)
    measured, stopped = _measured(found, args)
    if not measured:
        print("stopped; no run was measured", file=sys.stderr)
        return INTERRUPTED
    from ..engine.comparison import compare

    together = _sorted(compare(measured, _asked(args), len(found) - len(measured)), args)
    _print(together, as_json=args.json)
    _write(together, args.csv, output)
    if stopped:
        return INTERRUPTED
    return DONE if any(row.source is not None for row in together.rows) else USER_ERROR


def _heads(args: argparse.Namespace) -> int:
    """Two runs head by head; Ctrl+C leaves nothing."""
    from ..engine.compared_heads import compare_heads, opened
    from ..engine.compared_runs import candidates
    from .progress import bars

    if (unused := next((name for name in ("csv", "sort", "filter") if getattr(args, name)), None)) is not None:
        raise ConfigError(
            "--head-by-head",
            expected=f"no --{unused} beside it",
            found="both",
            action="leave one out; --json has everything",
        )
    output = figure_file(args.output, *(f".{ending}" for ending in FORMATS), name="FIGURE")
    found = candidates(args.runs, once=False)
    if len(found) != 2:
        raise ConfigError("--head-by-head", expected="two runs", found=str(len(found)), action="name two")
    first, second = found
    asked = replace(_asked(args), adapter=_adapter(first, args))
    if _adapter(second, args) != asked.adapter:
        raise ConfigError(
            "--head-by-head", expected="one adapter for both runs", found="two", action="give --adapter FILE"
        )
    try:
        with bars() as show:
            together = compare_heads(opened(first, second, asked, show, own=args.own_contexts), args.match, show)
    except KeyboardInterrupt:
        print("stopped; nothing is kept", file=sys.stderr)
        return INTERRUPTED
    if output is not None:
        _draw_heads(together, output)
    if args.json:
        from ..reports.document import dumps

        sys.stdout.write(dumps(together.to_json()))
        return DONE
    from rich.console import Console

    from ..reports.head_comparison import print_heads

    print_heads(together, Console(width=None if sys.stdout.isatty() else 140))
    return DONE


def _draw_heads(found: HeadComparison, output: Path) -> None:
    """Raises ExportError where it cannot be written."""
    from ..files.atomic import write
    from ..reports.figures.heads_apart import heads_figure  # matplotlib
    from ..reports.figures.png import Press

    press = Press(f"{found.first} and {found.second}", found.provenance.text, Look(format=output.suffix[1:]))
    print(f"wrote {write(output, press.page(heads_figure(found)))}", file=sys.stderr)


def _check_sort(key: str | None, found: list[Candidate]) -> None:
    """Refuse a key that no row will have, before anything is measured."""
    from ..engine.comparison import FACTS
    from ..reports.comparison_rows import MEASURES

    known = [*MEASURES, *dict.fromkeys(name for one in found for name in one.config), *FACTS]
    if key is not None and key not in known:
        raise ConfigError("--sort", expected=", ".join(known), found=key, action="choose one of these")


def _asked(args: argparse.Namespace) -> Asked:
    from ..engine.comparison import Asked

    names = ("device", "adapter", "context", "streams", "episodes", "seed", "samples", "claims", "knock_outs")
    return Asked(**{name: getattr(args, name) for name in names}, heads=args.heads, workers=cores())


def _measured(found: list[Candidate], args: argparse.Namespace) -> tuple[list[Measured], bool]:
    """Whole rows, and whether the user stopped before the last."""
    from ..engine.comparison import measure
    from .progress import bar

    asked, done = _asked(args), []
    adapters = [_adapter(one, args) for one in found]
    try:
        with bar() as progress:
            task = progress.add_task("", total=None, note="")
            for number, (one, adapter) in enumerate(zip(found, adapters, strict=True), 1):

                def show(what: str, count: int, total: int, at: str = f"{number}/{len(found)}") -> None:
                    progress.update(task, description=f"{at} {what}", completed=count, total=total)

                show("opening", 0, 1)
                done.append(measure(one, number, replace(asked, adapter=adapter), show))
    except KeyboardInterrupt:
        return done, True
    return done, False


def _adapter(one: Candidate, args: argparse.Namespace) -> str | None:
    """The code that a run is opened with: as `trust.settle` decides for each of them."""
    from .trust import settle

    if one.run is None:
        return None
    own = argparse.Namespace(adapter=args.adapter, trust=args.trust)
    settle(own, str(one.path))
    adapter: str | None = own.adapter
    return adapter


def _sorted(found: Comparison, args: argparse.Namespace) -> Comparison:
    from ..reports.comparison_rows import BEST_FIRST, sorted_rows

    if args.sort is None:
        return replace(found, rows=found.rows[::-1]) if args.reverse else found
    descending = (args.sort in BEST_FIRST) != args.reverse
    return replace(found, rows=sorted_rows(found.rows, args.sort, descending=descending))


def _print(found: Comparison, *, as_json: bool) -> None:
    if as_json:
        from ..reports.document import dumps

        sys.stdout.write(dumps(found.to_json()))
        return
    from rich.console import Console

    from ..reports.comparison import print_comparison

    print_comparison(found, Console(width=None if sys.stdout.isatty() else 140))


def _write(found: Comparison, table: str | None, output: Path | None) -> None:
    """Raises ExportError where a file cannot be written."""
    from ..files.atomic import write
    from ..reports.comparison import curves_of
    from ..reports.comparison_rows import csv_text

    if table is not None:
        print(f"wrote {write(Path(table), csv_text(found).encode())}", file=sys.stderr)
    if output is None:
        return
    if not (rows := curves_of(found)):
        raise ConfigError("--output", expected="a run that can be rolled out", found="none", action="leave it out")
    from ..reports.figures.comparison import curves_figure  # matplotlib
    from ..reports.figures.png import Press

    names = ", ".join(row.label for row in rows)
    print(f"wrote {write(output, Press(names, found.provenance.text).png(curves_figure(rows)))}", file=sys.stderr)
