"""`adtui check`: whether what must hold of a run does, for continuous integration."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..records.cores import cores
from ..records.defaults import EPISODES, STREAMS
from ..records.exit_codes import DONE, FAILED, USER_ERROR
from .arguments import add_opening, add_run, opening_options, positive

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..engine.documents import Documents
    from ..records.judgement import Judgement

HELP = "say whether claims and numbers that must hold of a run do: exit code 0, 1, or 2 where they cannot be judged"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument(
        "--expect", metavar="FILE", required=True, help="YAML, one expectation an entry (docs/check.md)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a line each")
    parser.add_argument("--streams", type=positive, default=STREAMS, help=f"histories per task (default: {STREAMS})")
    parser.add_argument("--episodes", type=positive, default=EPISODES, help=f"per history (default: {EPISODES})")
    parser.add_argument("--compression", metavar="FILE", help="the report of trials (default: where compress wrote it)")
    parser.add_argument("--circuit", metavar="FILE", help="the report of a circuit (default: where circuit wrote it)")
    add_opening(parser)


def run(args: argparse.Namespace) -> int:
    """Judge; a line each goes to stdout."""
    from ..files.expectations import load_expectations
    from .progress import bars

    expected = load_expectations(Path(args.expect))
    with bars() as show:
        from ..engine.expectations import check_words, judge, needs_tests

        check_words(expected, args.expect)
        documents = _documents(args, show, tested=needs_tests(expected))
        verdicts = [judge(one, documents) for one in expected]
    _print(verdicts, documents, as_json=args.json)
    outcomes = {one.outcome for one in verdicts}
    from ..records.judgement import FAILS, OPEN

    return FAILED if FAILS in outcomes else USER_ERROR if OPEN in outcomes else DONE


def _documents(args: argparse.Namespace, show: Callable[[str, int, int], None], *, tested: bool) -> Documents:
    from ..engine.compared_runs import candidates
    from ..engine.comparison import Asked
    from ..engine.documents import Documents
    from ..engine.opening import open_session

    options = opening_options(args)
    session = open_session(
        args.run, stored=True, progress=lambda done, total: show("rolling out", done, total), **options
    )
    [candidate] = candidates([args.run])
    shared = {name: options[name] for name in ("device", "heads", "adapter", "context", "seed")}
    asked = Asked(**shared, streams=args.streams, episodes=args.episodes, claims=False, workers=cores())
    files = {
        name: value and Path(value) for name, value in (("compression", args.compression), ("circuit", args.circuit))
    }
    return Documents(session, candidate, asked, show, tested=tested, **files)


def _print(verdicts: list[Judgement], documents: Documents, *, as_json: bool) -> None:
    if not as_json:
        print("\n".join(one.line for one in verdicts))
        return
    from ..reports.document import dumps

    provenance = documents.session.provenance("check").to_json()
    told = [asdict(one) for one in verdicts]
    sys.stdout.write(dumps({"schema": "adtui.check/1", "provenance": provenance, "expectations": told}))
