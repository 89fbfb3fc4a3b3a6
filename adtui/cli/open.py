"""`adtui PATH`: the app."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..runs import Run

HELP = "open a run in the app"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--samples", type=_positive, default=5, metavar="K", help="number of contexts (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of contexts (default 0)")
    parser.add_argument("--context", type=_positive, metavar="N", help="transitions (default: all the model takes)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 (default auto)")
    parser.add_argument("--heads", type=_positive, metavar="H", help="number of heads, when the checkpoint is wrong")
    parser.add_argument(
        "--causal", action=argparse.BooleanOptionalAction, default=None, help="override the mask (default: causal)"
    )
    parser.add_argument("--window", type=int, metavar="I", help="the users' dataset sample I and those after it")
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal (to select text)")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII only (automatic without UTF-8)")
    parser.add_argument("--slow-link", action="store_true", help="coarser thumbnails: fewer bytes on a slow line")


def run(args: argparse.Namespace) -> int:
    """Run the app; returns 0, 2 when the run cannot be used, or 128 + n after signal n."""
    from ..ui.terminal import announce, check_terminal, prepare, shows_utf8

    check_terminal()
    prepare()
    found, runs = _choices(args.path)
    with announce(f"adtui: opening {args.path}"):
        from ..protocol import OpenRun  # numpy, and then Textual: a third of a second together
        from ..ui.app import AdtuiApp

        request = OpenRun(
            0,
            args.path,
            device=args.device,
            samples=args.samples,
            seed=args.seed,
            context=args.context,
            heads=args.heads,
            causal=args.causal,
            window=args.window,
        )
        app = AdtuiApp(request, found, runs, plain=args.ascii or not shows_utf8(), slow_link=args.slow_link)
    problem = app.run(mouse=not args.no_mouse)
    if problem:
        print(f"adtui: {problem}", file=sys.stderr)
    return app.return_code or 0


def _choices(path: str) -> tuple[Run | None, tuple[Run, ...]]:
    """The run to watch for newer checkpoints (None for a single file), or several runs to choose from."""
    from ..errors import RunError
    from ..runs import find_run, list_runs

    try:
        run = find_run(path)
    except RunError:
        runs = list_runs(path) if os.path.isdir(path) else ()
        if len(runs) < 2:
            raise
        return None, runs
    return (None if os.path.isfile(path) else run), ()


def _positive(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, found {text}")
    return value
