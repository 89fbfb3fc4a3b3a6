"""Pieces that sections of a text report are made of."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text


def heading(text: str, note: str = "") -> Text:
    """A section's heading, with a note behind it."""
    return Text.assemble((text, "bold"), f"  {note}" if note else "")


def new_table(*columns: str) -> Table:
    """A table with these columns, the first one left-aligned."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    for index, name in enumerate(columns):
        table.add_column(name, justify="left" if index == 0 else "right", overflow="fold")
    return table


def indent(*parts: RenderableType) -> Padding:
    """Parts of a section."""
    return Padding(Group(*parts), (0, 0, 1, 2))


def bullet(sentence: str) -> RenderableType:
    """A sentence behind a dash, folded beside it."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row("–", Text(sentence))
    return grid


def packed(parts: Sequence[str], width: int) -> list[str]:
    """Parts behind each other on indented lines, as many on one as fit; a part is never broken."""
    lines = [""] if parts else []
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) + 5 > width:
            lines.append("")
        lines[-1] += f" · {part}" if lines[-1] else part
    return [f"  {line}" for line in lines]


def episode_ticks(count: int) -> list[int]:
    """Numbers under a curve of `count` episodes, from 0: the first, the last, and every fifth that leaves them room."""
    return sorted({0, count - 1, *range(5, count - 2, 5)})
