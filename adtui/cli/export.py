"""`adtui export`: every figure of a run, without the app."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..records.defaults import FIGURES
from ..records.exit_codes import DONE
from .arguments import add_inputs, add_opening, add_run, chosen_layers, layers, opening_options

HELP = f"write every figure of a run into {FIGURES}"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("--output", metavar="DIRECTORY", default=FIGURES, help=f"where to write (default {FIGURES})")
    parser.add_argument("--layers", type=layers, metavar="0,2-3", help="layers to draw, from 0 (default: all)")
    add_inputs(parser)
    add_opening(parser, first=True)


def run(args: argparse.Namespace) -> int:
    """Export; the paths written go to stdout, one a line."""
    from .progress import bar

    with bar() as progress:
        task = progress.add_task("opening_options", total=None, note="")
        from ..engine.opening import open_session  # torch: about two seconds
        from ..reports.export import export_all  # matplotlib

        session = open_session(args.run, inputs=args.inputs, first=True, **opening_options(args))
        chosen = chosen_layers(args.layers, session.model.n_layer)
        progress.update(task, description="measuring", total=len(session.samples))
        for _ in session.measure_all():
            progress.advance(task)
        exhibit = session.exhibit(chosen)
        progress.update(task, description="drawing", completed=0, total=exhibit.count)
        for path in export_all(exhibit, Path(args.output)):
            progress.console.file.flush()
            print(path, flush=True)
            progress.advance(task)
    return DONE
