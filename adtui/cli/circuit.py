"""`adtui circuit`: which heads are enough for what the model returns?"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ..records.defaults import CIRCUIT_CONTEXTS, CIRCUIT_SHARE, CIRCUITS, SEED
from ..records.exit_codes import DONE, INTERRUPTED
from .arguments import add_model, add_run, add_trials, add_world, natural, positive, share

if TYPE_CHECKING:
    from ..circuits.runner import Opened
    from ..records.circuit import CircuitReport

HELP = "find the fewest heads that keep the model's return, and certify them on held-out goals"
OPTIONS = (
    *("device", "heads", "causal", "context", "contexts", "exhaustive", "share", "streams", "episodes", "seed"),
    *("histories", "adapter", "world"),
)
"""The options that are fields of `options.Options`."""


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument(
        "--exhaustive", action="store_true", help="also try every set of heads, where there are at most 16"
    )
    parser.add_argument(
        "--share",
        type=share,
        default=CIRCUIT_SHARE,
        help=f"of the full model's return, to be kept (default: {CIRCUIT_SHARE})",
    )
    parser.add_argument(
        "--contexts",
        type=positive,
        default=CIRCUIT_CONTEXTS,
        metavar="C",
        help=f"contexts that sets of heads are compared on (default: {CIRCUIT_CONTEXTS})",
    )
    add_trials(parser, "histories per held-out goal in the test")
    parser.add_argument("--seed", type=natural, default=SEED, help=f"of all draws (default: {SEED})")
    parser.add_argument("--histories", metavar="PATH", help="the HDF5 file of a run that cannot be rolled out")
    parser.add_argument(
        "--output",
        metavar="DIR",
        default=CIRCUITS,
        help=f"where the report goes (default: {CIRCUITS}, as the app looks)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_world(parser)
    add_model(parser)


def run(args: argparse.Namespace) -> int:
    """Search, choose and test; the result goes to stdout and, whole, into --output. Ctrl+C leaves nothing."""
    from ..circuits import store
    from ..circuits.options import Options
    from ..circuits.runner import prepare
    from .evaluate import share_cores

    options = {name: getattr(args, name) for name in OPTIONS}
    opened = prepare(args.run, Options(**options))
    try:
        report = _found(opened, share_cores(opened.model))
    except KeyboardInterrupt:
        print("stopped; nothing is kept", file=sys.stderr)
        return INTERRUPTED
    path = store.save(report, store.place(args.output, opened.run.name))
    print(f"wrote {path}", file=sys.stderr)
    _print(report, as_json=args.json)
    return DONE


def _found(opened: Opened, workers: int) -> CircuitReport:
    """The report, with a bar for each part."""
    from dataclasses import replace

    from ..circuits.runner import run as search
    from .progress import bars

    opened = replace(opened, options=replace(opened.options, workers=workers))
    with bars() as show:
        return search(opened, show)


def _print(report: CircuitReport, *, as_json: bool) -> None:
    if as_json:
        from ..reports.document import dumps

        sys.stdout.write(dumps(report.to_json()))
        return
    from rich.console import Console

    from ..reports.circuit import print_report

    print_report(report, Console(width=None if sys.stdout.isatty() else 140))
