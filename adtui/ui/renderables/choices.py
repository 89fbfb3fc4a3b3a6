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
    """At most `height` lines: the choices around the cursor, then what there is room for.

    Args:
        below: paragraphs that stand below, whatever is under the cursor.
    """
    if width < 8 or height < 1:
        return []
    said = _below([choices[cursor].about, *below], width, height - LEAST)
    room = height - len(said)
    first = first_line(cursor, room, len(choices))
    wide = max(len(choice.name) for choice in choices)
    lines = []
    for index, choice in list(enumerate(choices))[first : first + room]:
        text = cut(f"{choice.name:<{wide}} {choice.text}".rstrip(), width, utf8).ljust(width)
        line = Text(text, CURSOR if index == cursor else Style(), no_wrap=True, end="")
        if index != cursor:
            line.stylize(FAINT, wide)
        lines.append(line)
    return [*lines, *(Text(text, no_wrap=True, end="") for text in said)]


def cut(text: str, width: int, utf8: bool = True) -> str:
    """At most `width` characters, the last of them a sign where some are missing."""
    return text if len(text) <= width else text[: width - 1] + to_ascii_cells("…", unless=utf8)


def _below(paragraphs: Sequence[str], width: int, room: int) -> list[str]:
    """Whole paragraphs with an empty line before each, as many as fit."""
    lines: list[str] = []
    for paragraph in paragraphs:
        wrapped = textwrap.wrap(paragraph, width)
        if not wrapped or len(lines) + 1 + len(wrapped) > room:
            continue
        lines += ["", *wrapped]
    return lines
