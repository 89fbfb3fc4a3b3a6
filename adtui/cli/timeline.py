"""`adtui timeline`: what every head does over the checkpoints of a training run, and since when."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..records.defaults import SEED, TIMELINE_CONTEXTS, TIMELINE_RETURNS
from ..records.errors import ModelError
from ..records.exit_codes import DONE, INTERRUPTED
from .arguments import add_model, add_run, figure_file, natural, positive

if TYPE_CHECKING:
    from ..records.timeline import Timeline
    from ..timeline.runner import Timelines

HELP = "follow every head over the checkpoints of a run: return, entropy, recency, reward lift, emergence of claims"
OPTIONS = (
    *("device", "heads", "causal", "adapter", "context", "contexts", "reference", "returns", "seed", "histories"),
    "fresh",
)
"""The options that are fields of `options.Options`."""
FIGURE = ".png"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument(
        "--contexts",
        type=positive,
        default=TIMELINE_CONTEXTS,
        metavar="C",
        help=f"contexts that every checkpoint is measured on (default: {TIMELINE_CONTEXTS})",
    )
    parser.add_argument(
        "--reference", type=natural, metavar="STEP", help="take them from this checkpoint's rollouts (default: newest)"
    )
    parser.add_argument(
        "--returns",
        type=natural,
        default=TIMELINE_RETURNS,
        metavar="R",
        help=f"checkpoints, spread evenly, at which the return is measured (default: {TIMELINE_RETURNS}; 0: none)",
    )
    parser.add_argument("--context", type=positive, metavar="N", help="transitions of a context (default: usual)")
    parser.add_argument("--seed", type=natural, default=SEED, help=f"of all draws (default: {SEED})")
    parser.add_argument("--histories", metavar="PATH", help="the run's HDF5 file, or its directory")
    parser.add_argument("--fresh", action="store_true", help="measure anew what an earlier call has kept")
    parser.add_argument("--json", action="store_true", help="print JSON (schema adtui.timeline/1) instead of tables")
    parser.add_argument("-o", "--output", metavar="FILE", help=f"also draw it, as FILE{FIGURE}")
    add_model(parser)


def run(args: argparse.Namespace) -> int:
    """Measure what no earlier call has kept; text or JSON goes to stdout. Ctrl+C stops there: what was measured is
    shown and kept."""
    output = figure_file(args.output, FIGURE)
    from ..timeline.options import Options

    timelines, whole = _measured(args.run, Options(**{name: getattr(args, name) for name in OPTIONS}))
    if timelines is None:
        print("stopped; nothing was measured", file=sys.stderr)
        return INTERRUPTED
    found = timelines.timeline()
    if not found.points:
        raise ModelError(
            args.run, expected="a checkpoint that can be measured", found="; ".join(found.missing[:3]), action="wait"
        )
    if output is not None:
        _draw(found, output)
    _print(found, as_json=args.json)
    if not whole:
        print("stopped: the same call goes on from here", file=sys.stderr)
    return DONE if whole else INTERRUPTED


def _measured(path: str, options: object) -> tuple[Timelines | None, bool]:
    """What was measured, with a bar, and whether that is all; None where nothing was."""
    from ..timeline.opening import prepare
    from ..timeline.options import Options
    from ..timeline.runner import Timelines
    from .evaluate import share_cores
    from .progress import bars

    assert isinstance(options, Options)
    timelines = None
    with bars() as show:
        try:
            opened = prepare(path, options, lambda done, total: show("contexts", done, total))
            share_cores(opened.model)
            timelines = Timelines(opened)
            for _ in timelines.run():
                show("checkpoints, returns", timelines.done, timelines.total)
        except KeyboardInterrupt:
            return (timelines if timelines is not None and timelines.points else None), False
    return timelines, True


def _draw(found: Timeline, output: Path) -> None:
    from ..reports.figures.emergence import write_figure  # matplotlib

    print(f"wrote {write_figure(found, output)}", file=sys.stderr)


def _print(found: Timeline, *, as_json: bool) -> None:
    if as_json:
        from ..reports.document import dumps

        sys.stdout.write(dumps(found.to_json()))
        return
    from rich.console import Console

    from ..reports.timeline import print_timeline

    print_timeline(found, Console(width=None if sys.stdout.isatty() else 140))
