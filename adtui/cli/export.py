"""`adtui export`: every figure of a run, without the app."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from ..records.defaults import FIGURES
from ..records.exit_codes import DONE
from ..records.look import COLOURS, FORMATS, LARGEST, PRINTED, REVERSED, SMALLEST, USUAL, Look
from .arguments import add_inputs, add_opening, add_run, chosen_layers, layers, opening_options

HELP = f"write every figure of a run into {FIGURES}"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("--output", metavar="DIRECTORY", default=FIGURES, help=f"where to write (default {FIGURES})")
    parser.add_argument("--layers", type=layers, metavar="0,2-3", help="layers to draw, from 0 (default: all)")
    add_look(parser)
    add_inputs(parser)
    add_opening(parser, first=True)


def add_look(parser: argparse.ArgumentParser) -> None:
    """How the figures are to look."""
    parser.add_argument(
        "--format", choices=FORMATS, default=USUAL.format, help=f"of the files (default {USUAL.format})"
    )
    parser.add_argument(
        "--size",
        type=inches,
        metavar="INCHES",
        help="print a full-width figure that wide, the whole of it scaled (default 14)",
    )
    parser.add_argument(
        "--scale", choices=PRINTED, default=USUAL.scale, help=f"of attention in colours (default {USUAL.scale})"
    )
    parser.add_argument(
        "--colors",
        choices=COLOURS,
        metavar="NAME",
        default=USUAL.colours,
        help=f"one of {', '.join(COLOURS)} (default {USUAL.colours}); {REVERSED}: more attention is darker",
    )
    parser.add_argument("--no-titles", action="store_true", help="leave the headings away, as a paper has captions")


def inches(text: str) -> float:
    """A width of paper."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not SMALLEST <= value <= LARGEST:
        raise argparse.ArgumentTypeError(f"expected inches from {SMALLEST:g} to {LARGEST:g}, found {text}")
    return value


def chosen_look(args: argparse.Namespace) -> Look:
    """What the options say."""
    return Look(args.format, args.colors, args.scale, titles=not args.no_titles, size=args.size)


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
        exhibit = session.exhibit(chosen, look=chosen_look(args))
        progress.update(task, description="drawing", completed=0, total=exhibit.count)
        for path in export_all(exhibit, Path(args.output)):
            progress.console.file.flush()
            print(path, flush=True)
            progress.advance(task)
    return DONE
