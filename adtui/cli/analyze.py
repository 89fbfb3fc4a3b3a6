"""`adtui analyze`: what a run's model attends to, as text or JSON."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..pipeline import Session

HELP = "print attention statistics and insights of a run, as text or JSON"

PLAIN_WIDTH = 80
WIDEST = 120  # beyond this, sentences are harder to read, not easier


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="run directory, checkpoint file, runs/latest or runs/")
    parser.add_argument("--json", action="store_true", help="print JSON (docs/analyze-schema.md) instead of text")
    parser.add_argument("--inputs", metavar="X.npz", help="use these in_* arrays as samples")
    parser.add_argument("--samples", type=_positive, default=5, metavar="K", help="number of contexts (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of contexts (default 0)")
    parser.add_argument("--context", type=_positive, metavar="N", help="transitions (default: all the model takes)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 (default auto)")
    parser.add_argument("--heads", type=_positive, metavar="H", help="number of heads, when the checkpoint is wrong")
    parser.add_argument(
        "--causal", action=argparse.BooleanOptionalAction, default=None, help="override the mask (default: causal)"
    )
    parser.add_argument("--window", type=int, metavar="I", help="the users' dataset sample I and those after it")


def run(args: argparse.Namespace) -> int:
    """Analyse and print; the report goes to stdout."""
    return analyze_path(
        args.run,
        as_json=args.json,
        inputs=args.inputs,
        samples=args.samples,
        seed=args.seed,
        context=args.context,
        device=args.device,
        heads=args.heads,
        causal=args.causal,
        window=args.window,
    )


def analyze_path(
    path: str | Path,
    *,
    as_json: bool = False,
    inputs: str | Path | None = None,
    samples: int = 5,
    seed: int = 0,
    context: int | None = None,
    device: str = "auto",
    heads: int | None = None,
    causal: bool | None = None,
    window: int | None = None,
) -> int:
    """Open a run, analyse every sample, print the report to stdout. Returns the exit code.

    Args:
        path and all other options: see `pipeline.open_session`.
        as_json: JSON instead of text.

    Raises:
        AdtuiError: the run, the inputs or an option cannot be used.
    """
    from .progress import bar

    with bar() as progress:
        task = progress.add_task("opening", total=None, note="")
        from ..pipeline import open_session  # torch: about two seconds

        session = open_session(
            path,
            device=device,
            samples=samples,
            seed=seed,
            context=context,
            heads=heads,
            causal=causal,
            window=window,
            inputs=inputs,
        )
        progress.update(task, description="analysing", total=len(session.samples))
        for _ in session.analyse_all():
            progress.advance(task)
    sys.stdout.write(_report(session, as_json=as_json))
    return 0


def _report(session: Session, *, as_json: bool) -> str:
    stats = [session.stats[index] for index in range(len(session.samples))]
    insights = session.log.insights
    if as_json:
        from ..report_json import dumps, json_report

        return dumps(json_report(session.info, stats, insights))
    from ..report import text_report

    terminal = sys.stdout.isatty()
    width = min(WIDEST, shutil.get_terminal_size().columns) if terminal else PLAIN_WIDTH
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") not in ("utf8", "utf8sig")
    return text_report(session.info, stats, insights, width=width, ascii_only=ascii_only, color=terminal)


def _positive(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, found {text}")
    return value
