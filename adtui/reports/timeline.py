"""A timeline as text: some of its checkpoints in a table, since when each claim has held, and what that rests on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from ..records.circuit import named
from ..records.interval import Interval
from ..records.timeline import ENTROPY, Emergence, Point, Timeline

ROWS = 16
"""Checkpoints in the table; the JSON has all."""
DASH = "–"


def print_timeline(found: Timeline, console: Console) -> None:
    """The tables, then what they rest on."""
    console.print(table_of(found))
    if found.emergences:
        console.print(emergence_table(found.emergences))
    for line in lines_of(found):
        console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def table_of(found: Timeline) -> Table:
    """A row a checkpoint, evenly spread where there are many."""
    about, last = found.about, found.points[-1]
    many = "checkpoint" if len(found.points) == 1 else "checkpoints"
    title = f"{about['run']} · {len(found.points)} {many} to step {last.step}"
    table = Table(title=title, title_justify="left")
    kinds = [kind for kind in last.effects if any(point.effects[kind].holds.any() for point in found.points)]
    for heading in ("step", "return, first episode", _last_heading(found), "H/ln n", *kinds):
        table.add_column(heading, justify="right", overflow="fold")
    rows = np.unique(np.rint(np.linspace(0, len(found.points) - 1, ROWS)).astype(int))
    for point in (found.points[row] for row in rows):
        told = point.returns
        table.add_row(
            str(point.step),
            DASH if told is None else _span(told.first),
            DASH if told is None else _span(told.last),
            _mean(point),
            *(str(int(point.effects[kind].holds.sum())) for kind in kinds),
        )
    return table


def _last_heading(found: Timeline) -> str:
    told = found.about["returns"]
    return "return" if told is None else f"last {told['last']}"


def _mean(point: Point) -> str:
    values = point.effects[ENTROPY].mean
    return f"{np.nanmean(values):.2f}" if np.isfinite(values).any() else DASH


def _span(one: Interval) -> str:
    if not np.isfinite(one.low):
        return f"{one.mean:.2f}"
    return f"{one.mean:.2f} [{one.low:.2f}, {one.high:.2f}]"


def emergence_table(emergences: Sequence[Emergence]) -> Table:
    """A row for every claim that holds at the newest checkpoint."""
    table = Table(title="Claims that hold at the newest checkpoint, by the step from which on", title_justify="left")
    for heading in ("claim", "head", "from step", "held at", "effect now"):
        table.add_column(heading, justify="left" if heading in ("claim", "head", "from step") else "right")
    for one in emergences:
        head = named([(one.layer, one.head)])
        table.add_row(one.kind, head, one.when, f"{one.held} of {one.of}", _span(one.effect))
    return table


def lines_of(found: Timeline) -> list[str]:
    """What the numbers rest on, and what is missing."""
    about, told = found.about, found.about["returns"]
    source = about["source"] if about["reference"] is None else f"{about['source']}, by {about['reference']}"
    early = (
        ""
        if about["reference"] is None
        else " An early model would have made other contexts: this is what it does here."
    )
    lines = [
        f"Every checkpoint on the same {about['contexts']} contexts: {source}, seed {about['seed']}, mark "
        f"{about['mark']}.{early}"
    ]
    if not found.emergences:
        lines.append("No claim about a head holds at the newest checkpoint.")
    else:
        lines.append(
            "Columns count the heads that a claim holds for. A claim has emerged where it holds at every later "
            "checkpoint; “after” is the last checkpoint at which it clearly did not. Not followed: landmarks."
        )
    if told is not None and found.random is not None:
        lines.append(
            f"Return: {told['histories']} histories on {told['goals']}, {told['episodes']} episodes each, the same "
            f"draws at every checkpoint; random actions {found.random:.2f}, optimal {found.optimal:.2f}."
        )
    lines += [f"Left out: {words}." for words in found.missing]
    lines += [f"Note: {note}." for note in about["notes"]]
    return lines
