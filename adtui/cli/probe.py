"""`adtui probe`: what can be read off the residual stream, and along which paths do rewards reach the action?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..records.defaults import PROBE_HISTORIES, SEED
from ..records.exit_codes import DONE, INTERRUPTED
from .arguments import add_model, add_run, add_world, natural, positive

if TYPE_CHECKING:
    from ..probes.runner import Opened
    from ..records.probe import ProbeReport

HELP = "read rewards and goals off the residual stream, and follow rewards through the heads"
OPTIONS = ("device", "heads", "causal", "adapter", "context", "samples", "seed", "paths", "world")
"""The options that are fields of `options.Options`."""
STDOUT = "-"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument(
        "--samples",
        type=positive,
        default=PROBE_HISTORIES,
        metavar="K",
        help=f"histories of the model, equally many on each task (default {PROBE_HISTORIES})",
    )
    parser.add_argument("--context", type=positive, metavar="N", help="transitions of a context (default: usual)")
    parser.add_argument("--seed", type=natural, default=SEED, help=f"of all draws (default {SEED})")
    parser.add_argument(
        "--paths",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="follow rewards through the heads (default: yes; it grows with the square of the heads)",
    )
    parser.add_argument(
        "--json", metavar="FILE", help=f"also write JSON there; {STDOUT} prints it instead of the tables"
    )
    add_world(parser)
    add_model(parser)


def run(args: argparse.Namespace) -> int:
    """Probe, then follow paths; tables go to stdout, JSON whole into a file.

    Ctrl+C leaves nothing while probes are fitted, and these whole while paths are patched.
    """
    from ..probes.options import Options
    from ..probes.runner import prepare
    from .evaluate import share_cores

    opened = prepare(args.run, Options(**{name: getattr(args, name) for name in OPTIONS}))
    share_cores(opened.model)
    try:
        report, code = _found(opened)
    except KeyboardInterrupt:
        print("stopped; nothing is kept", file=sys.stderr)
        return INTERRUPTED
    _give(report, args.json)
    return code


def _found(opened: Opened) -> tuple[ProbeReport, int]:
    """The report, with a bar for each part, and the exit code."""
    from ..probes.runner import probed, rolled_out, traced
    from .progress import bars

    with bars() as show:
        lived = rolled_out(opened, show)
        report = probed(opened, lived, show)
        try:
            return (traced(opened, lived, report, show) if opened.options.paths else report), DONE
        except KeyboardInterrupt:
            print("stopped: no path was followed to its end", file=sys.stderr)
            return report, INTERRUPTED


def _give(report: ProbeReport, place: str | None) -> None:
    """Raises ExportError where the file cannot be written."""
    from ..files.atomic import write
    from ..reports.document import dumps

    if place is not None and place != STDOUT:
        print(f"wrote {write(Path(place), dumps(report.to_json()).encode('ascii'))}", file=sys.stderr)
    if place == STDOUT:
        sys.stdout.write(dumps(report.to_json()))
        return
    from rich.console import Console

    from ..reports.probe import print_report

    print_report(report, Console(width=None if sys.stdout.isatty() else 140))
