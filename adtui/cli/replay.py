"""`adtui replay`: a recorded session again, without the checkpoint; or computed anew, with what differs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..records.errors import ReportError
from ..records.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    from ..files.session_file import Recorded

CODE = ("adapter", "world")
"""Options that name code: a recording may come from anyone."""
HELP = "show a session that was recorded by --record again, without its checkpoint"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="what `adtui RUN --record FILE` wrote")
    parser.add_argument("--verify", action="store_true", help="open the run, compute all of it anew, say what differs")
    parser.add_argument("--at", metavar="RUN", help="with --verify: the run, where it lies elsewhere now")
    parser.add_argument("--trust", action="store_true", help="with --verify: run the code that the recording names")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII only")


def run(args: argparse.Namespace) -> int:
    """The app at a terminal; elsewhere, what was recorded in a few lines."""
    from ..files.session_file import read_session

    recorded = read_session(Path(args.file))
    if args.verify:
        return _verify(recorded, args)
    if sys.stdin.isatty() and sys.stdout.isatty():
        return _show(recorded, args)
    print("\n".join(_lines(recorded, args.file)))
    return DONE


def _lines(recorded: Recorded, name: str) -> list[str]:
    from ..files.provenance import parse_provenance
    from ..files.recorded_answers import epochs
    from ..reports.provenance import provenance_lines

    counts = [sum(kind == one for kind, _ in recorded.events) for one in ("ask", "told", "key")]
    found = epochs(recorded, name)
    openings = f"{len(found)} opening{'s' if len(found) > 1 else ''} of a run"
    lines = [f"{counts[0]} questions, {counts[1]} answers, {counts[2]} keys, {openings}"]
    lines += [] if recorded.whole else ["cut off: the app did not end by itself"]
    return lines + (provenance_lines(parse_provenance(name, recorded.origin)) if recorded.origin else [])


def _show(recorded: Recorded, args: argparse.Namespace) -> int:
    from ..ui.preferences import ASCII, load_preferences, prefer
    from ..ui.replaying import ReplayApp, ReplayLink
    from ..ui.terminal.signals import check_terminal, keep_signals, prepare, shows_utf8

    check_terminal()
    prepare()
    settled = load_preferences()
    link = ReplayLink(recorded, args.file)
    plain = args.ascii or settled.graphics == ASCII or not shows_utf8()
    app = ReplayApp(link.request, engine=link, plain=plain, slow_link=settled.slow_link, telling=True)
    prefer(app, settled)
    keep_signals()
    problem = app.run(mouse=settled.mouse)
    if problem:
        print(f"adtui: {problem}", file=sys.stderr)
    return app.return_code or DONE


def _verify(recorded: Recorded, args: argparse.Namespace) -> int:
    from ..engine.verified import verify
    from ..files.recorded_answers import epochs

    *_, last = epochs(recorded, args.file)
    named = [f"--{name} {code}" for name in CODE if (code := getattr(last.opening, name)) is not None]
    if named and not args.trust:
        raise ReportError(
            args.file,
            expected="a recording that names no code to be run",
            found=" and ".join(named),
            action="read that code, and give --trust to have it run: it may do all that you may",
        )
    found = verify(last, recorded.origin, args.at)
    before, now = found.digests
    known = bool(before and now)
    print("checkpoint: " + ("the same" if known and before == now else "another" if known else "digest not known"))
    print(f"{found.same} answers are the same, {len(found.different)} differ")
    for line in found.different:
        print(f"  {line}")
    return FAILED if found.different or (known and before != now) else DONE
