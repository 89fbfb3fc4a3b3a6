"""`adtui map`: attention on the world's floor plan at one moment, as text, JSON, a figure or a film."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..records.errors import ConfigError
from ..records.exit_codes import DONE
from .arguments import add_inputs, add_opening, add_run, figure_file, natural, opening_options

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ..engine.session import Session
    from ..records.map_messages import GetMoment
    from ..records.moment import Moment

HELP = "paint attention on the world itself, at one moment of a history or after the model has acted"
MEAN = "mean"
SUFFIXES = (".png", ".gif")


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("--sample", type=natural, default=0, metavar="I", help="which context, from 0 (default 0)")
    parser.add_argument("--layer", type=natural, default=0, metavar="L", help="from 0 (default 0)")
    parser.add_argument("--head", type=_head, metavar="H", help=f"from 0, or {MEAN} (default: the mean over heads)")
    parser.add_argument("--moment", type=natural, metavar="T", help="transitions before it (default: the query)")
    parser.add_argument("--play", type=natural, default=0, metavar="N", help="let the model act N times first")
    parser.add_argument("--began", action="store_true", help="by the cells where transitions began, not ended")
    parser.add_argument("--episode", type=natural, metavar="E", help="paint the transitions of one episode alone")
    parser.add_argument("--json", action="store_true", help="print JSON (schema adtui.map/1) instead of text")
    parser.add_argument(
        "--output", metavar="FILE", help="also write it: FILE.png a figure, FILE.gif all moments up to it"
    )
    add_inputs(parser)
    add_opening(parser, first=True)


def _head(text: str) -> int | None:
    return None if text == MEAN else natural(text)


def run(args: argparse.Namespace) -> int:
    """Text or JSON goes to stdout."""
    from .progress import bar

    output = figure_file(args.output, *SUFFIXES)
    with bar() as progress:
        task = progress.add_task("opening", total=None, note="")
        from ..engine.opening import open_session  # torch: about two seconds
        from ..records.map_messages import GetMoment

        session = open_session(args.run, inputs=args.inputs, first=True, **opening_options(args))
        number = len(session.samples[args.sample].states) if args.sample < len(session.samples) else 0
        number = number if args.moment is None else args.moment
        asked, moment = _played(session, GetMoment(0, args.sample, args.layer, args.head, number), args.play)
        if output is not None:
            _draw(session, asked, moment, output, args, (progress, task))
    _print(session, moment, args)
    return DONE


def _played(session: Session, asked: GetMoment, times: int) -> tuple[GetMoment, Moment]:
    """The moment asked for, or the one after the model has acted so often there; and the question for it."""
    moment = session.walks.moment(asked)
    for version in range(1, times + 1):
        if moment.still:
            raise ConfigError(
                "--play", expected="a world and task to act in", found=moment.still, action="leave it out"
            )
        asked = replace(asked, number=moment.number, act=True, version=version)
        moment = session.walks.moment(asked)
    return replace(asked, number=moment.number, act=False), moment


def _draw(
    session: Session,
    asked: GetMoment,
    moment: Moment,
    output: Path,
    args: argparse.Namespace,
    bar: tuple[Progress, TaskID],
) -> None:
    from ..reports.floor import export_map  # matplotlib

    if moment.size is None:
        raise ConfigError(
            "--output", expected="a world with a floor plan", found="states that are no cells", action="leave it out"
        )
    shown = {"began": args.began, "episode": args.episode, "provenance": session.provenance("map").text}
    total, paths = export_map(moment, lambda: session.walks.film(asked), output, session.title, **shown)
    progress, task = bar
    progress.update(task, description="drawing", total=total)
    for _ in paths:
        progress.advance(task)


def _print(session: Session, moment: Moment, args: argparse.Namespace) -> None:
    from ..reports.map import map_document, map_lines

    if args.json:
        document = map_document(moment, session.title, began=args.began, episode=args.episode)
        print(json.dumps(document | {"provenance": session.provenance("map").to_json()}, indent=1))
    else:
        print("\n".join(map_lines(moment, session.title, began=args.began, episode=args.episode)))
