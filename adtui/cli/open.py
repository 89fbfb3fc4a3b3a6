"""`adtui PATH`: the app."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..records.defaults import GRAPHICS
from ..records.defaults import THEMES as THEME_NAMES
from ..records.exit_codes import FAILED
from .arguments import add_opening, opening_options

if TYPE_CHECKING:
    from subprocess import Popen

    from ..files.runs import Run
    from ..records.messages import OpenRun
    from ..ui.app import AdtuiApp
    from ..ui.engine_client import EngineClient

HELP = "open a run in the app"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    add_opening(parser)
    parser.add_argument("--watch", action="store_true", help="open every new checkpoint when it is complete")
    parser.add_argument("--with", dest="beside", metavar="RUN", help="set this run or checkpoint beside it at once")
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal (to select text)")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII only (automatic without UTF-8)")
    parser.add_argument(
        "--graphics", choices=GRAPHICS, help="the heatmap in pixels where the terminal says that it can, or in cells"
    )
    parser.add_argument("--theme", choices=THEME_NAMES, help="colours; safe is for red-green colour blindness")
    parser.add_argument("--record", metavar="FILE", help="keep what is asked, shown and pressed, for `adtui replay`")
    parser.add_argument(
        "--slow-link", action="store_true", help="256 colours, coarser thumbnails: half the bytes per key"
    )


def run(args: argparse.Namespace) -> int:
    """Run the app; returns 0, 2 when the run cannot be used, or 128 + n after signal n."""
    from ..files.runs import find_run
    from ..ui.engine_process import started
    from ..ui.terminal.signals import announce, check_terminal, keep_signals, prepare

    check_terminal()
    prepare()
    # What is loaded now stays until the end: the collector would go through it again and again, a tenth of the start
    # and a stall of some 20 ms every few seconds. The app turns it on again, see `AdtuiApp.listen`.
    gc.disable()
    found, runs = _choices(args.path, watch=args.watch)
    beside = "" if args.beside is None else str(find_run(args.beside).latest)
    process = started()  # it imports while this one does
    try:
        with announce(f"adtui: opening {args.path}"):
            app, mouse = _made(args, found, runs, beside, process)
        keep_signals()
        problem = app.run(mouse=mouse)
    finally:
        process.kill()  # the app has ended it, where there came to be one
        process.wait()
    lost: str = getattr(app.engine, "problem", "")  # of a recording
    for line in filter(None, (problem, lost)):
        print(f"adtui: {line}", file=sys.stderr)
    return app.return_code or (FAILED if lost else 0)


def _made(
    args: argparse.Namespace, found: Run | None, runs: tuple[Run, ...], beside: str, process: Popen[bytes]
) -> tuple[AdtuiApp, bool]:
    """The app as the user wants it, and whether the mouse is its own."""
    from ..records.messages import OpenRun  # numpy, and then Textual: a third of a second together
    from ..ui.engine_client import EngineClient

    client = EngineClient(process=process)
    request = OpenRun(0, args.path, **opening_options(args))
    if not runs:
        client.expect(request)

    from ..ui.app import AdtuiApp
    from ..ui.preferences import ASCII, BLOCKS, let_ask, load_preferences, prefer
    from ..ui.terminal.signals import shows_utf8

    settled = load_preferences()
    settled = replace(settled, theme=args.theme or settled.theme)
    plain = args.ascii or settled.graphics == ASCII or not (settled.graphics == BLOCKS or shows_utf8())
    slow_link = args.slow_link or settled.slow_link
    shown = {"plain": plain, "slow_link": slow_link, "telling": True, "watch": args.watch, "beside": beside}
    if args.record is None:
        app = AdtuiApp(request, found, runs, client, look_ahead=True, **shown)
    else:
        app = _recorded(args.record, request, found, runs, client, shown)
    prefer(app, settled)
    wish = args.graphics or settled.graphics
    let_ask(app, wish, slow_link=slow_link, recorded=args.record is not None)
    return app, settled.mouse and not args.no_mouse


def _recorded(
    path: str,
    request: OpenRun,
    found: Run | None,
    runs: tuple[Run, ...],
    client: EngineClient,
    shown: Mapping[str, Any],
) -> AdtuiApp:
    """The app with everything kept in a file; without heads fetched ahead, which nobody looked at."""
    from ..files.session_file import SessionWriter
    from ..ui.recording import RecordedApp, RecordingLink

    link = RecordingLink(client, SessionWriter(Path(path)))
    return RecordedApp(request, found, runs, link, **shown)


def _choices(path: str, *, watch: bool) -> tuple[Run | None, tuple[Run, ...]]:
    """The run to watch for newer checkpoints (None for a single file), or several runs to choose from.

    Args:
        watch: a run without a checkpoint is waited for, and neither is there.
    """
    from ..files.runs import awaits_checkpoint, find_run, runs_to_choose
    from ..records.errors import RunError

    try:
        run = find_run(path)
    except RunError:
        runs = runs_to_choose(path) if os.path.isdir(path) else ()
        if watch and not runs and awaits_checkpoint(path):
            return None, ()
        if len(runs) < 2:
            raise
        return None, runs
    return (None if os.path.isfile(path) else run), ()
