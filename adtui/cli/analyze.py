"""`adtui analyze`: what a run's model attends to, as text or JSON."""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import TYPE_CHECKING

from ..records.exit_codes import DONE
from .arguments import add_inputs, add_opening, add_run, opening_options

if TYPE_CHECKING:
    from ..engine.session import Session

HELP = "print attention statistics and insights of a run, as text or JSON"

PLAIN_WIDTH = 80
WIDEST = 120  # beyond this, sentences are harder to read, not easier


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("--json", action="store_true", help="print JSON (docs/analyze-schema.md) instead of text")
    add_inputs(parser)
    add_opening(parser)
    parser.add_argument(
        "--knock-outs",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="test each insight by hiding what it names (default: where that takes about a minute at most)",
    )


def run(args: argparse.Namespace) -> int:
    """Analyse and print; the report goes to stdout."""
    from .progress import bar

    with bar() as progress:
        task = progress.add_task("opening_options", total=None, note="")
        from ..engine.insight_tests import are_quick
        from ..engine.opening import open_session  # torch: about two seconds

        def rolled(done: int, total: int) -> None:
            progress.update(task, description="rolling out", completed=done, total=total)

        session = open_session(args.run, stored=True, inputs=args.inputs, progress=rolled, **opening_options(args))
        progress.update(task, description="analysing", completed=0, total=len(session.samples))
        for _ in session.analyse_all():
            progress.advance(task)
        layouts = [session.layout(index) for index in range(len(session.samples))]
        quick = are_quick(session.model, layouts, session.log.insights)
        tested = args.knock_outs or (args.knock_outs is None and quick)
        if tested:
            for doing, told in (("knocking out", session.test_insights()), ("redrawing contexts", session.redraws())):
                for found in told:
                    if isinstance(found, tuple):
                        progress.update(task, description=doing, completed=found[0], total=found[1])
    sys.stdout.write(_report(session, testing=False if tested else None, as_json=args.json))
    return DONE


def _report(session: Session, *, testing: bool | None, as_json: bool) -> str:
    stats = [session.stats[index] for index in range(len(session.samples))]
    insights = session.log.insights
    if as_json:
        from ..reports.document import dumps, json_report

        return dumps(
            json_report(session.info, stats, insights, session.placebo, testing, session.provenance("analyze"))
        )
    from ..reports.text import text_report

    terminal = sys.stdout.isatty()
    width = min(WIDEST, shutil.get_terminal_size().columns) if terminal else PLAIN_WIDTH
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") not in ("utf8", "utf8sig")
    return text_report(
        session.info,
        stats,
        insights,
        placebo=session.placebo,
        testing=testing,
        width=width,
        ascii_only=ascii_only,
        color=terminal,
    )
