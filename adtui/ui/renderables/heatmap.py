"""Attention heatmap: levels (R, C) -> lines of segments, two pixel rows a cell, episodes and rewards on the axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style

from ...records.arrays import Ints
from ...records.plain import to_ascii_cells
from .colors import ACCENT, CURSOR, CURSOR_MASKED, FAINT, GUIDE, MASKED, OUTSIDE, PLAIN, REWARD, ColorTable
from .scales import Levels

AXIS_LINES = 2
"""Lines below the picture: marks, then episode labels."""


@dataclass(frozen=True)
class Frame:
    """Where a picture of rows × cols pixels lies in a pane, in cells.

    Attributes:
        gutter: width of the labels to the left of the picture.
        zoom_x, zoom_y: cells per pixel across, pixel rows per pixel down; whole numbers, so that no row looks doubled.
        rows_per_cell: pixel rows that one cell shows.
        width, height: cells available to the picture, gutter and axes not counted.
    """

    rows: int
    cols: int
    gutter: int
    zoom_x: int
    zoom_y: int
    rows_per_cell: int
    width: int
    height: int

    @property
    def lines(self) -> int:
        """Lines that the picture takes."""
        return min(self.height, -(-self.rows * self.zoom_y // self.rows_per_cell))

    def cells(self, row: int, col: int) -> tuple[int, int, int, int]:
        """Pixel -> (x, y, width, height) of the cells that show it."""
        top, bottom = row * self.zoom_y, (row + 1) * self.zoom_y - 1
        y = top // self.rows_per_cell
        return self.gutter + col * self.zoom_x, y, self.zoom_x, bottom // self.rows_per_cell - y + 1

    def pixel(self, x: int, y: int) -> tuple[int, int] | None:
        """Cell -> (row, col) of the pixel in its upper half, None beside the picture."""
        row, col = y * self.rows_per_cell // self.zoom_y, (x - self.gutter) // self.zoom_x
        inside = 0 <= y < self.lines and x >= self.gutter and row < self.rows and col < self.cols
        return (row, col) if inside else None

    @property
    def columns(self) -> int:
        """Cells that the picture takes across."""
        return min(self.cols, self.width // self.zoom_x) * self.zoom_x

    def rows_of(self, y: int) -> tuple[int, int]:
        """First and last pixel row shown on line y."""
        per, zoom = self.rows_per_cell, self.zoom_y
        return y * per // zoom, min(self.rows - 1, (y * per + per - 1) // zoom)

    def starts_on(self, y: int) -> tuple[int, int]:
        """First and last pixel row that line y is the first of; the last is before the first where there is none."""
        first, last = self.rows_of(y)
        return (first, last) if y * self.rows_per_cell % self.zoom_y < self.rows_per_cell else (first, first - 1)

    def cols_of(self, x: int) -> tuple[int, int] | None:
        """First and last pixel that begins in cell x, counted from the picture's left; None where none does."""
        col, rest = divmod(x, self.zoom_x)
        return None if rest else (col, col)

    def x(self, col: int) -> int:
        """The cell, counted from the picture's left, that a pixel begins in."""
        return col * self.zoom_x


def gutter_width(episode: Ints) -> int:
    """Cells for "e12", the mark of the query row and a space; (N,) episodes of the positions."""
    return max(len(name_of(int(end))) for end in (episode.max(), episode.min())) + 2


def name_of(episode: int) -> str:
    """The label of an episode; latents belong to none."""
    return f"e{episode}" if episode >= 0 else "lat"


def room(width: int, height: int, gutter: int, rows_per_cell: int) -> tuple[int, int]:
    """(rows, cols) of pixels that fit in a pane of width × height cells beside the axes; at least (1, 1)."""
    return max(1, (height - AXIS_LINES) * rows_per_cell), max(1, width - gutter)


def fit(shape: tuple[int, ...], width: int, height: int, gutter: int, rows_per_cell: int) -> Frame:
    """Place (rows, cols) pixels in a pane: as large as whole multiples allow, across at most twice as large as down."""
    rows, cols = shape
    wide, high = max(1, width - gutter), max(1, height - AXIS_LINES)
    down = max(1, min(wide // cols, high * rows_per_cell // rows))
    across = max(1, min(wide // cols, 2 * down))
    return Frame(rows, cols, gutter, across, down, rows_per_cell, wide, high)


@dataclass(frozen=True, eq=False)
class Heatmap:
    """A picture ready to be drawn line by line: of a whole matrix, or of the window between its edges.

    Attributes:
        levels: (R, C) uint8 from `to_levels`.
        row_edges, col_edges: (R + 1,), (C + 1,) int64, positions that bound the pixels.
        episode: (K,) int64, of every key, -1 for latents; rewarded: (K,) bool, keys whose transition was rewarded.
        query: position of the query row on display.
        frame: where it lies; table: how it is coloured.
    """

    levels: Levels
    row_edges: Ints
    col_edges: Ints
    episode: Ints
    rewarded: NDArray[np.bool_]
    query: int
    frame: Frame
    table: ColorTable
    row_episode: Ints | None = None
    """(Q,) int64, of every query; None: queries and keys are the same."""
    query_key: int | None = -1
    """Position of the query state among the keys, -1 is the last one; None: it is not there."""

    @property
    def query_pixel(self) -> int:
        """The pixel row that holds the query row; where the window has none, a row that is not drawn."""
        return int(np.searchsorted(self.row_edges, self.query, side="right")) - 1

    def line(self, y: int, cursor: tuple[int, int] | None = None) -> list[Segment]:
        """Line y of picture and axes, gutter included; `cursor` is a pixel (row, col)."""
        if y < self.frame.lines:
            return [*self._gutter(y), *self._picture(y, cursor)]
        if y == self.frame.lines:
            return [Segment(" " * self.frame.gutter), *merge(self.marks())]
        if y == self.frame.lines + 1:
            return [Segment(" " * self.frame.gutter), Segment(self.labels(), FAINT)]
        return []

    def _picture(self, y: int, cursor: tuple[int, int] | None) -> list[Segment]:
        per = self.frame.rows_per_cell
        top = self._codes(y * per, cursor)
        bottom = self._codes(y * per + 1, cursor) if per == 2 else top
        return pixel_runs(top, bottom, self.frame.zoom_x, self.table)[: self.frame.width]

    def _codes(self, pixel_row: int, cursor: tuple[int, int] | None) -> NDArray[np.uint8]:
        """Codes (C,) of one zoomed pixel row."""
        row = pixel_row // self.frame.zoom_y
        visible = min(self.frame.cols, self.frame.width // self.frame.zoom_x)
        if row >= self.frame.rows:
            return np.full(visible, OUTSIDE, np.uint8)
        codes = self.levels[row, :visible].copy()
        if row == self.query_pixel:
            codes[codes == MASKED] = GUIDE
        if cursor is not None and cursor[0] == row and cursor[1] < visible:
            code = codes[cursor[1]]
            codes[cursor[1]] = CURSOR_MASKED if code in (MASKED, GUIDE) else CURSOR + code
        return codes

    def _gutter(self, y: int) -> list[Segment]:
        """Label of the episode that starts on this line, and the mark of the query row."""
        label = self._row_label(*self.frame.starts_on(y)).ljust(self.frame.gutter - 2)
        first, last = self.frame.rows_of(y)
        if first <= self.query_pixel <= last:
            return [Segment(label, FAINT), Segment(to_ascii_cells("▶ ", unless=self.table.utf8), ACCENT)]
        return [Segment(label + "  ", FAINT)]

    def _row_label(self, first: int, last: int) -> str:
        """The name of the first episode that starts in these pixel rows."""
        if first > last:
            return ""
        start, stop = int(self.row_edges[first]), int(self.row_edges[last + 1])
        episode = self.episode if self.row_episode is None else self.row_episode
        starts = [t for t in range(start, stop) if t == 0 or episode[t] != episode[t - 1]]
        if not starts and first == 0:
            starts = [start]  # a window may begin in the middle of an episode: say of which
        return name_of(int(episode[starts[0]])) if starts else ""

    def marks(self) -> list[tuple[str, Style]]:
        """One cell per column below the picture: rewarded keys, episode starts, and the query itself."""
        reward, boundary = (to_ascii_cells(sign, unless=self.table.utf8) for sign in "▲╵")
        changed = np.concatenate([[True], np.diff(self.episode) != 0])
        query = None if self.query_key is None else self.query_key % len(self.episode)
        cells: list[tuple[str, Style]] = []
        for x in range(self.frame.columns):
            cols = self.frame.cols_of(x)
            if cols is None:
                cells.append((" ", PLAIN))
                continue
            span = slice(int(self.col_edges[cols[0]]), int(self.col_edges[cols[1] + 1]))
            if self.rewarded[span].any():
                cell = (reward, REWARD)
            elif query is not None and span.start <= query < span.stop:
                cell = ("q", ACCENT)
            elif changed[span].any():
                cell = (boundary, FAINT)
            else:
                cell = (" ", PLAIN)
            cells.append(cell)
        return cells

    def labels(self) -> str:
        """Episode labels under the columns where they start, as many as fit without touching.

        The episode in which a window begins is named too, unless another starts below its label.
        """
        text, first, last = "", int(self.col_edges[0]), int(self.col_edges[-1])
        starts = [first + 1 + int(t) for t in np.flatnonzero(np.diff(self.episode[first:last]))]
        begins = first == 0 or self.episode[first] != self.episode[first - 1]
        if begins or not starts or self._x(starts[0]) > len(name_of(int(self.episode[first]))):
            starts.insert(0, first)
        for token in starts:
            label, x = name_of(int(self.episode[token])), self._x(token)
            if x + len(label) <= self.frame.width and (not text or x > len(text)):
                text = text.ljust(x) + label
        return text

    def _x(self, key: int) -> int:
        """The cell, counted from the picture's left, where the pixel of a key begins."""
        return self.frame.x(int(np.searchsorted(self.col_edges, key, side="right")) - 1)


def pixel_runs(top: NDArray[np.uint8], bottom: NDArray[np.uint8], zoom: int, table: ColorTable) -> list[Segment]:
    """Two pixel rows (C,) -> segments, with neighbours of the same two colours in one segment."""
    if not len(top):
        return []
    pairs = top.astype(np.int32) * 256 + bottom
    starts = np.concatenate([[0], np.flatnonzero(np.diff(pairs)) + 1, [len(pairs)]]).tolist()
    cells = [table.cell(pair >> 8, pair & 255) for pair in pairs[starts[:-1]].tolist()]
    return [
        Segment(char * ((stop - start) * zoom), style)
        for (char, style), start, stop in zip(cells, starts, starts[1:], strict=False)
    ]


def merge(cells: list[tuple[str, Style]]) -> list[Segment]:
    """Cells -> segments, with neighbours of the same style in one segment."""
    segments: list[Segment] = []
    for char, style in cells:
        if segments and segments[-1].style is style:
            segments[-1] = Segment(segments[-1].text + char, style)
        else:
            segments.append(Segment(char, style))
    return segments
