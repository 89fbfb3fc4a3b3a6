"""What the model would do where an action is numbers: a line for each, with its spread where the model says one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from ...records.action_head import GAUSSIAN
from ...records.chances import Chances
from ...records.plain import to_ascii_cells
from .colors import ACCENT, FAINT, REWARD

LINE, MEAN, MOVED = "─", "●", "○"
EDGE = 1.0
"""What the line spans at least, either way: the users' actions are clipped to it."""


def number_lines(chances: Chances, width: int, height: int, *, utf8: bool = True) -> list[Text]:
    """ "a0 +0.42 ±0.31 ──────●───"; with a knock-out "a0 +0.42 ±0.31 → +0.11 ±0.30 ────○─●───".

    The line spans what all means reach, at least −1 to 1: ● is the number, ○ what it becomes.
    """
    size = chances.head.size
    rows = min(size, height if size <= height else max(1, height - 1))
    means = [*chances.full[:size], *([] if chances.without is None else chances.without[:size])]
    edge = max(EDGE, *(abs(float(mean)) for mean in means))
    words = [_padded(chances, without=without) for without in (False, True)]
    lines = [_line(chances, number, edge, width, utf8, [each[number] for each in words]) for number in range(rows)]
    if rows < size and height > 1:
        lines.append(Text(f"{size - rows} numbers more", FAINT, no_wrap=True, end=""))
    return lines


def told(chances: Chances, number: int, *, without: bool = False) -> str:
    """ "+0.42 ±0.31", one number of the action as the model says it."""
    values = chances.without if without and chances.without is not None else chances.full
    spread = f" ±{values[chances.head.size + number]:.2f}" if chances.head.kind == GAUSSIAN else ""
    return f"{values[number]:+.2f}{spread}"


def _padded(chances: Chances, *, without: bool) -> list[str]:
    """Every number, all as wide as the widest."""
    words = [told(chances, number, without=without) for number in range(chances.head.size)]
    return [one.ljust(max(map(len, words))) for one in words]


def _line(chances: Chances, number: int, edge: float, width: int, utf8: bool, words: Sequence[str]) -> Text:
    name = f"a{number}".ljust(len(f"a{chances.head.size - 1}"))
    text = Text(f"{name} {to_ascii_cells(words[0], unless=utf8)} ", no_wrap=True, end="")
    if chances.without is not None:
        text.append(to_ascii_cells("→ ", unless=utf8), FAINT)
        text.append(to_ascii_cells(words[1], unless=utf8) + " ")
    room = width - text.cell_len
    if room < 3:
        text.truncate(width)
        return text
    line = [(to_ascii_cells(LINE, unless=utf8), FAINT)] * room
    if chances.without is not None:
        line[_place(float(chances.without[number]), edge, room)] = (to_ascii_cells(MOVED, unless=utf8), REWARD)
    line[_place(float(chances.full[number]), edge, room)] = (to_ascii_cells(MEAN, unless=utf8), ACCENT)
    for sign, style in line:
        text.append(sign, style)
    return text


def _place(value: float, edge: float, room: int) -> int:
    return round((value + edge) / (2 * edge) * (room - 1))
