"""A list of what can be chosen, one line each, and below it what is to be said about the line under the cursor."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from ...records.plain import to_ascii_cells
from .colors import FAINT
from .scroll import first_line
from .title import cut

CURSOR = Style(reverse=True)
LEAST = 6
"""Lines of the list below which nothing is said about it."""


@dataclass(frozen=True)
class Option:
    """One line: what it is called, and what it is; `about` in full."""

    name: str
    text: str
    about: str = ""


def options_lines(
    choices: Sequence[Option],
    cursor: int,
    width: int,
    height: int,
    *,
    below: Sequence[str] = (),
    utf8: bool = True,
) -> list[Text]:
    """At most `height` lines: the choices, or those around the cursor, then what there is room for.

    The first and the last of those around the cursor end in how many more there are.

    Args:
        below: paragraphs that stand below, whatever is under the cursor.
    """
    if width < 8 or height < 1:
        return []
    said = _below([choices[cursor].about, *below], width, height - len(choices), height)
    room = height - len(said)
    first = first_line(cursor, room, len(choices))
    wide = max(len(choice.name) for choice in choices)
    lines = []
    for index, choice in list(enumerate(choices))[first : first + room]:
        above = index if index == first else 0
        more = len(choices) - 1 - index if index == first + room - 1 else 0
        end = to_ascii_cells("".join(f" {sign}{n} more" for sign, n in (("▲", above), ("▼", more)) if n), unless=utf8)
        space = width - len(end)
        text = cut(f"{choice.name:<{wide}} {choice.text}".rstrip(), space, utf8).ljust(space) + end
        line = Text(text, CURSOR if index == cursor else Style(), no_wrap=True, end="")
        if index != cursor:
            line.stylize(FAINT, wide)
        lines.append(line)
    return [*lines, *(Text(text, no_wrap=True, end="") for text in said)]


def _below(paragraphs: Sequence[str], width: int, spare: int, height: int) -> list[str]:
    """Whole paragraphs after an empty line: all of them in `spare` lines, else as many as half of `height` holds.

    Where there is room, an empty line is before each.
    """
    wrapped = [lines for paragraph in paragraphs if (lines := textwrap.wrap(paragraph, width))]
    spaced = [line for lines in wrapped for line in ("", *lines)]
    if len(spaced) <= spare:
        return spaced
    close = ["", *(line for lines in wrapped for line in lines)]
    if len(close) <= spare:
        return close
    room = min(height // 2, height - LEAST)
    fitting = [""]
    for lines in wrapped:
        if len(fitting) + len(lines) <= room:
            fitting += lines
    return fitting if len(fitting) > 1 else []
