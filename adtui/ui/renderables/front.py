"""Return against a cost, in characters: a letter per cell, its interval, full context and its margin."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from ...records.interval import Interval
from ...records.plain import to_ascii_cells
from .colors import ACCENT, FAINT, PLAIN

LABEL = 6
"""Cells of the numbers at the left, with the axis."""
SMALLEST = (24, 5)
REACH = 6
"""Columns by which a cell may be moved aside so that intervals do not touch."""
FRONT = ACCENT + Style(bold=True)
SELECTED = Style(reverse=True, bold=True)
BAND, LINE = FAINT, Style(bold=True)


@dataclass(frozen=True)
class Mark:
    """One cell.

    Attributes:
        letter: of its strategy; drawn as a capital on the front.
        spent: along the axis: transitions that stay on average, bytes, or microseconds.
        last: return over the last episodes.
        quiet: a control.
    """

    letter: str
    spent: float
    last: Interval
    front: bool
    quiet: bool = False
    selected: bool = False


def front_lines(
    marks: Sequence[Mark],
    width: int,
    height: int,
    *,
    full: Interval | None,
    margin: float,
    whole: float,
    words: Callable[[float], str] = "{:.0f}".format,
    utf8: bool = True,
    color: bool = True,
) -> list[Text]:
    """`height` lines of `width` cells; [] where there is nothing to draw, or no room for axes.

    Args:
        full: return of the full context.
        margin: the loss that counts as none; NaN where it is not known.
        whole: what full context spends, the right end of the scale unless a cell spends more.
        words: how a number along the axis is written.
    """
    if full is None or width < SMALLEST[0] or height < SMALLEST[1]:
        return []
    canvas = _Canvas(width - LABEL, height - 2, marks, full, margin, whole, utf8)
    canvas.context()
    for mark, column in zip(*canvas.columns(), strict=True):
        canvas.interval(mark, column)
    for mark, column in zip(*canvas.columns(), strict=True):
        canvas.mark(mark, column)
    return canvas.lines(color, words)


class _Canvas:
    """Characters and styles of the plot, and where numbers lie on it."""

    def __init__(
        self, width: int, height: int, marks: Sequence[Mark], full: Interval, margin: float, whole: float, utf8: bool
    ) -> None:
        self.width, self.height, self.utf8, self.whole = width, height, utf8, whole
        self.marks, self.full, self.floor = marks, full, full.mean - margin
        values = [full.mean, self.floor, *(end for m in marks for end in (m.last.mean, m.last.low, m.last.high))]
        known = [value for value in values if math.isfinite(value)]
        self.low, self.high = min(known), max(known)
        if self.high - self.low < 1e-9:
            self.low, self.high = self.low - 0.5, self.high + 0.5
        spent = [mark.spent for mark in marks]
        self.first, self.last = math.log1p(min([*spent, whole / 2])), math.log1p(max([*spent, whole]))
        self.cells = [[(" ", PLAIN) for _ in range(width)] for _ in range(height)]

    def row(self, value: float) -> int:
        return round((self.high - value) / (self.high - self.low) * (self.height - 1))

    def column(self, spent: float) -> int:
        share = (math.log1p(spent) - self.first) / max(self.last - self.first, 1e-9)
        return max(1, min(round(share * (self.width - 3)) + 1, self.width - 2))

    def columns(self) -> tuple[list[Mark], list[int]]:
        """The marks from left to right, each in the nearest column beside which there is room, or which is free."""
        ordered = sorted(self.marks, key=lambda mark: (mark.spent, mark.letter))
        taken: list[int] = []
        for mark in ordered:
            own = self.column(mark.spent)
            near = sorted(range(self.width), key=lambda c: (abs(c - own), c))
            lonely = (c for c in near if abs(c - own) <= REACH and all(abs(c - other) > 1 for other in taken))
            free = (c for c in near if c not in taken)
            taken.append(next(lonely, next(free, own)))
        return ordered, taken

    def context(self) -> None:
        """The margin as a band, and the line of full context above it."""
        top = self.row(self.full.mean)
        if math.isfinite(self.floor):
            for row in range(top, self.row(self.floor) + 1):
                self.cells[row] = [(to_ascii_cells("░", unless=self.utf8), BAND)] * self.width
        self.cells[top] = [(to_ascii_cells("─", unless=self.utf8), LINE)] * self.width

    def interval(self, mark: Mark, column: int) -> None:
        if not (math.isfinite(mark.last.low) and math.isfinite(mark.last.high)):
            return
        for row in range(self.row(mark.last.high), self.row(mark.last.low) + 1):
            self.cells[row][column] = (to_ascii_cells("│", unless=self.utf8), _style(mark, letter=False))

    def mark(self, mark: Mark, column: int) -> None:
        letter = mark.letter.upper() if mark.front else mark.letter
        self.cells[self.row(mark.last.mean)][column] = (letter, _style(mark, letter=True))

    def lines(self, color: bool, words: Callable[[float], str]) -> list[Text]:
        """The plot with its axes."""
        vertical, corner, horizontal = (to_ascii_cells(sign, unless=self.utf8) for sign in "│└─")
        named = {0: self.high, self.height - 1: self.low, self.row(self.full.mean): self.full.mean}
        found = []
        for row, cells in enumerate(self.cells):
            label = f"{named[row]:{LABEL - 1}.1f}" if row in named else " " * (LABEL - 1)
            line = Text(label[: LABEL - 1] + vertical, FAINT if color else PLAIN, no_wrap=True, end="")
            for char, style in cells:
                line.append(char, style if color else style.without_color)
            found.append(line)
        rule = " " * (LABEL - 1) + corner + horizontal * self.width
        found.append(Text(rule, FAINT if color else PLAIN, no_wrap=True, end=""))
        found.append(Text(self._ticks(words), FAINT if color else PLAIN, no_wrap=True, end=""))
        return found

    def _ticks(self, words: Callable[[float], str]) -> str:
        """Where cells are, and the full context, most often at the right end."""
        line = [" "] * (self.width + LABEL)
        right = f"all {words(self.whole)}"
        end = len(line) - len(right)
        if any(mark.spent > self.whole for mark in self.marks):
            end = min(end, LABEL + self.column(self.whole) - len(right) // 2)
        line[end : end + len(right)] = right
        free = 0
        places = {words(mark.spent): mark.spent for mark in sorted(self.marks, key=lambda one: -one.spent)}
        for text, spent in sorted(places.items(), key=lambda place: place[1]):
            start = max(0, LABEL + self.column(spent) - len(text) // 2)
            if start >= free and start + len(text) < end and text != words(self.whole):
                line[start : start + len(text)] = text
                free = start + len(text) + 1
        return "".join(line)


def _style(mark: Mark, *, letter: bool) -> Style:
    if mark.selected:
        return SELECTED if letter else ACCENT
    if mark.front:
        return FRONT if letter else ACCENT
    return FAINT if mark.quiet else PLAIN
