"""The lines below a heatmap that say what is under its cursor."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.segment import Segment
from textual.geometry import Region

from ...records.attention import CellInfo
from ..renderables.readout import cell_readout, separator
from ..renderables.view_pixels import Pixel, ViewPixels, weight_at

WIDE_ENOUGH = 92
"""Cells from which the read-out fits on one line."""


class CellReadout:
    """Knows its text and what of it has changed last, because a repaint sends whole segments."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self._cuts: list[tuple[int, int]] = []

    def show(self, text: list[str]) -> None:
        """Another text, all of which is to be painted."""
        self.text = text
        self._cuts = [(0, len(line)) for line in text]

    def update(self, text: list[str]) -> Iterator[Region]:
        """Another text. Yields what differs, as parts of lines counted from the read-out's first."""
        old, self.text, self._cuts = self.text, text, []
        for line in range(max(len(old), len(text))):
            before = old[line] if line < len(old) else ""
            after = text[line] if line < len(text) else ""
            start, stop = changed(before, after)
            if line < len(text):
                self._cuts.append((start, min(stop, len(after))))
            if stop > start:
                yield Region(start, line, stop - start, 1)

    def line(self, number: int) -> list[Segment]:
        """One line, cut where it has changed last; nothing below the last one."""
        if number >= len(self.text):
            return []
        text, (start, stop) = self.text[number], self._cuts[number]
        return [Segment(part) for part in (text[:start], text[start:stop], text[stop:]) if part]


def lines_at(width: int) -> int:
    """How many lines the read-out takes in a pane of this width."""
    return 1 if width >= WIDE_ENOUGH else 2


def compose(pixels: ViewPixels, pixel: Pixel, cell: CellInfo | None, width: int, *, utf8: bool) -> list[str]:
    """The text for a cursor on a pixel.

    Args:
        cell: what the engine says of its weight, None where it has not been asked or has not answered.
        width: cells of the pane.
    """
    rank = pixels.rank(pixel) if cell is None else (cell.rank, cell.visible)
    tokens, numbers = cell_readout(
        pixels.rows,
        pixels.cols,
        *weight_at(pixels.view, pixel),
        pixels.value(pixel),
        rank=rank,
        block=pixels.block(pixel),
        utf8=utf8,
    )
    lines, width = lines_at(width), max(10, width - 1)
    if lines == 2 and max(len(tokens), len(numbers)) <= width:
        return [tokens, numbers]  # numbers keep their place, so that few cells change
    text = f"{tokens}{separator(utf8)}{numbers}"
    return textwrap.wrap(text, width, max_lines=lines, placeholder=" ~")


def changed(before: str, after: str) -> tuple[int, int]:
    """The span [start, stop) of cells in which two lines differ; empty when they don't."""
    width = max(len(before), len(after))
    before, after = before.ljust(width), after.ljust(width)
    different = [i for i in range(width) if before[i] != after[i]]
    return (different[0], different[-1] + 1) if different else (0, 0)
