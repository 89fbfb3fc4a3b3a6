"""The answer above the panes: a line each for what is used, by which heads, and whether less would do."""

from __future__ import annotations

import re

from rich.style import Style
from rich.text import Text

from ...insights.answer import NOT_TRIED
from ...records.answer import COMPRESS, Answer, Line
from ...records.plain import to_ascii, to_ascii_cells
from .colors import FAINT
from .insight import STYLES
from .readout import separator

NAME = 10
"""Width of a line's name."""


def answer_lines(answer: Answer, width: int, height: int, utf8: bool = True, *, lab: str) -> list[Text]:
    """The first `height` lines; parts that do not fit are left out from the end, which "…" says.

    Args:
        lab: the key that leads to what was not tried.
    """
    return [_line(line, width, utf8, lab) for line in answer[:height]]


def _line(line: Line, width: int, utf8: bool, lab: str) -> Text:
    text = Text(f"{line.name.upper():<{NAME}}", Style(bold=True), no_wrap=True, end="")
    basis = to_ascii(line.basis, unless=utf8)
    more = to_ascii_cells("…", unless=utf8)
    parts = [_styled(part.text, utf8) for part in line.parts]
    if line.name == COMPRESS and line.parts[0].text == NOT_TRIED:
        parts.append(Text(to_ascii(f"({lab}) to try", unless=utf8), FAINT))
    between = separator(utf8)
    room = width - NAME
    if sum(part.cell_len for part in parts) + len(between) * len(parts) + len(basis) > room:
        basis = ""  # the answer before what it rests on; `a` has both
    used = 0
    for index, part in enumerate(parts):
        gap = between if index else ""
        last = index == len(parts) - 1
        if used + len(gap) + part.cell_len + (0 if last else len(between) + 1) > room:
            if index:
                text.append(f"{gap}{more}", FAINT)
            else:
                part.truncate(room)
                text.append_text(part)
            break
        text.append(gap, FAINT)
        text.append_text(part)
        used += len(gap) + part.cell_len
    if basis:
        text.append(" " * max(1, width - text.cell_len - len(basis)))
        text.append(basis, FAINT)
    return text


def _styled(words: str, utf8: bool) -> Text:
    """Words with their mark in the colour of its status."""
    text = Text(to_ascii(words, unless=utf8))
    for mark, status in (("✔", "confirmed"), ("✘", "refuted"), ("●", "observed")):
        sign = re.escape(to_ascii(mark, unless=utf8))
        text.highlight_regex(rf"(?<= ){sign}(?= |$)", STYLES[status])
    return text
