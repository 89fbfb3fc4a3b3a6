"""A picture in pixels of the terminal: each weight a whole number of them, none between two weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...records.colours import RGB
from .colors import CURSOR_RGB, OUTSIDE
from .heatmap import AXIS_LINES, Frame

MOST = 384
"""Weights a side at most. The pictures that are kept for going back take memory: 64 of so many weights, 190 MB."""
RING = 2
"""Pixels that the ring around the weight under the cursor is thick."""
PICTURE = chr(0x10EEEE)
"""Stands in a cell that shows a part of the picture, until the cell is sent as a space: never written itself."""

Box = tuple[int, int, int, int]
"""(x, y, width, height), of cells or pixels."""


@dataclass(frozen=True)
class PixelFrame(Frame):
    """Where a picture lies in a pane whose cells show many pixels: `zoom_x` × `zoom_y` of them a weight, and
    `rows_per_cell` from one line to the next.

    Attributes:
        cols_per_cell: pixels from one cell to the next.
    """

    cols_per_cell: int

    @property
    def columns(self) -> int:
        return min(self.width, -(-self.cols * self.zoom_x // self.cols_per_cell))

    def box(self, row: int, col: int) -> Box:
        """A weight's pixels."""
        return col * self.zoom_x, row * self.zoom_y, self.zoom_x, self.zoom_y

    def cells(self, row: int, col: int) -> Box:
        x, y, width, height = self.covered(self.box(row, col))
        return self.gutter + x, y, width, height

    def covered(self, pixels: Box) -> Box:
        """The cells of the picture that pixels lie in."""
        left, top, width, height = pixels
        x, y = max(0, left) // self.cols_per_cell, max(0, top) // self.rows_per_cell
        right, bottom = -(-(left + width) // self.cols_per_cell), -(-(top + height) // self.rows_per_cell)
        return x, y, min(self.columns, right) - x, min(self.lines, bottom) - y

    def pixel(self, x: int, y: int) -> tuple[int, int] | None:
        """Cell -> (row, col) of the weight in its middle, None beside the picture."""
        row = (y * self.rows_per_cell + self.rows_per_cell // 2) // self.zoom_y
        col = ((x - self.gutter) * self.cols_per_cell + self.cols_per_cell // 2) // self.zoom_x
        inside = 0 <= y < self.lines and 0 <= x - self.gutter < self.columns
        return (min(row, self.rows - 1), min(col, self.cols - 1)) if inside else None

    def starts_on(self, y: int) -> tuple[int, int]:
        return -(-y * self.rows_per_cell // self.zoom_y), self.rows_of(y)[1]

    def cols_of(self, x: int) -> tuple[int, int] | None:
        first = -(-x * self.cols_per_cell // self.zoom_x)
        last = min(self.cols - 1, ((x + 1) * self.cols_per_cell - 1) // self.zoom_x)
        return (first, last) if first <= last else None

    def x(self, col: int) -> int:
        return col * self.zoom_x // self.cols_per_cell


def pixel_room(width: int, height: int, gutter: int, cell: tuple[int, int]) -> tuple[int, int]:
    """(rows, cols) of weights that can be told apart in a pane of width × height cells; at least (1, 1)."""
    rows, cols = (height - AXIS_LINES) * cell[1], (width - gutter) * cell[0]
    return min(MOST, max(1, rows)), min(MOST, max(1, cols))


def pixel_fit(shape: tuple[int, ...], width: int, height: int, gutter: int, cell: tuple[int, int]) -> PixelFrame:
    """Place (rows, cols) weights in a pane: as large as whole pixels allow, across at most twice as large as down."""
    rows, cols = shape
    wide, high = max(1, width - gutter), max(1, height - AXIS_LINES)
    down = max(1, min(wide * cell[0] // cols, high * cell[1] // rows))
    across = max(1, min(wide * cell[0] // cols, 2 * down))
    return PixelFrame(rows, cols, gutter, across, down, cell[1], wide, high, cell[0])


@dataclass(frozen=True, eq=False)
class Graphic:
    """A picture as it is sent.

    Attributes:
        codes: (R, C) uint8, of every weight: what `colors` has a colour for.
        colors: (256, 3) uint8.
        frame: its measures. What does not fit into its cells is cut, as is done where a pane is being made smaller.
    """

    codes: NDArray[np.uint8]
    colors: NDArray[np.uint8]
    frame: PixelFrame

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        frame = self.frame
        width = min(frame.cols * frame.zoom_x, frame.columns * frame.cols_per_cell)
        return width, min(frame.rows * frame.zoom_y, frame.lines * frame.rows_per_cell)

    def looks_as(self, other: Graphic) -> bool:
        """Whether both are the same pixels."""
        alike = self.frame == other.frame and np.array_equal(self.codes, other.codes)
        return alike and np.array_equal(self.colors, other.colors)

    def cut(self, cells: Box) -> Box:
        """The pixels of the picture in these cells of it; of no width or height where it does not reach them."""
        (width, height), wide, high = self.size, self.frame.cols_per_cell, self.frame.rows_per_cell
        x, y = cells[0] * wide, cells[1] * high
        return x, y, max(0, min(width - x, cells[2] * wide)), max(0, min(height - y, cells[3] * high))

    def pixels(self, box: Box, ring: Box | None = None) -> NDArray[np.uint8]:
        """(H, W) codes of these pixels, with a ring around a weight's; `OUTSIDE` stands for the ring."""
        left, top, width, height = box
        rows = np.arange(top, top + height) // self.frame.zoom_y
        cols = np.arange(left, left + width) // self.frame.zoom_x
        found: NDArray[np.uint8] = self.codes[np.ix_(rows, cols)]
        if ring is not None:
            down, across = np.arange(top, top + height)[:, None], np.arange(left, left + width)[None]
            found[_within(down, across, grown(ring)) & ~_within(down, across, ring)] = OUTSIDE
        return found


def _within(down: NDArray[np.int64], across: NDArray[np.int64], box: Box) -> NDArray[np.bool_]:
    x, y, width, height = box
    inside: NDArray[np.bool_] = (down >= y) & (down < y + height) & (across >= x) & (across < x + width)
    return inside


def grown(box: Box) -> Box:
    """A weight's pixels with the ring around them."""
    x, y, width, height = box
    return x - RING, y - RING, width + 2 * RING, height + 2 * RING


def color_of(colors: NDArray[np.uint8], code: int) -> RGB:
    """The colour of a code; the ring's is the cursor's."""
    if code == OUTSIDE:
        return CURSOR_RGB
    red, green, blue = colors[code].tolist()
    return red, green, blue
