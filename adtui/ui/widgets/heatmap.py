"""The attention of one head as a picture, with a cursor and its read-out."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import numpy as np
from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ...records.attention import CellInfo, HeadView
from ...records.axis import Axis
from ..renderables.heatmap import Heatmap, fit, gutter_width, room
from ..renderables.readout import cell_readout, separator
from ..renderables.scales import SCALE_NAMES, SCALES, largest, legend, to_levels
from ..renderables.view_pixels import pixel_of, position, weight_at, within
from .pane import Pane

WIDE_ENOUGH = 92
"""Cells from which the read-out fits on one line."""


class HeatmapPane(Pane):
    """Draws a `HeadView`. The cursor lives on the picture's pixels: a pooled pixel stands for its largest weight.

    A view may be a window of the matrix. The cursor does not leave it by itself: `Beyond` says where it would go.
    """

    BINDINGS = [
        ("up,k", "move(-1, 0)", "Query up"),
        ("down,j", "move(1, 0)", "Query down"),
        ("left,h", "move(0, -1)", "Key left"),
        ("right,l", "move(0, 1)", "Key right"),
        ("pageup", "move(-10, 0)", "10 queries up"),
        ("pagedown", "move(10, 0)", "10 queries down"),
        ("home", "edge('key', 0)", "First key"),
        ("end", "edge('key', -1)", "Last key"),
        ("g", "edge('query', 0)", "First query"),
        ("G", "edge('query', -1)", "Last query"),
    ]

    scale: reactive[str] = reactive("log", init=False)
    """Colour scale: one of `renderables.scales.SCALES`."""

    @dataclass
    class CursorMoved(Message):
        """The cursor stands on another weight; `value` None where masked, `ranked` False where its rank is not known.

        `stepped` False: it has not moved, but the picture under it is another.
        """

        query: int
        key: int
        value: float | None
        ranked: bool
        pane: HeatmapPane
        stepped: bool
        can_replace_earlier = True

        @property
        def control(self) -> HeatmapPane:
            return self.pane

    @dataclass
    class Beyond(Message):
        """The cursor was to go to this weight, which is outside the window."""

        query: int
        key: int
        pane: HeatmapPane

        @property
        def control(self) -> HeatmapPane:
            return self.pane

    @dataclass
    class Chosen(Message):
        """A mouse click chose this weight (the cursor is there already)."""

        query: int
        key: int

    @dataclass
    class SizeChanged(Message):
        """The pane shows another number of pixels now: ask for a view of this size."""

        rows: int
        cols: int
        pane: HeatmapPane

        @property
        def control(self) -> HeatmapPane:
            return self.pane

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self.border_title = "attention"
        self._view: HeadView | None = None
        self._rows: Axis | None = None
        self._cols: Axis | None = None
        self._top: float | None = None
        self._cell: CellInfo | None = None
        self._pixel = (0, 0)
        self._aim: tuple[int | None, int | None] = (None, None)
        self._picture: Heatmap | None = None
        self._strips: dict[int, Strip] = {}
        self._readout: list[str] = []
        self._cuts: list[tuple[int, int]] = []
        self._reason = "no attention yet"
        self._wanted = (0, 0)

    # -- what the app calls ------------------------------------------------------------------------------------------
    def show(self, view: HeadView, axis: Axis, keys: Axis | None = None, top: float | None = None) -> None:
        """Draw a view.

        Args:
            axis: what its rows are, and its columns too unless `keys` says otherwise.
            top: the weight of the brightest colour (to compare heads), else the view's largest.
        """
        keys = axis if keys is None else keys
        before = self.cursor if self._view is not None else None
        sizes = (len(axis), len(keys))
        same = self._rows is not None and self._cols is not None and (len(self._rows), len(self._cols)) == sizes
        self._view, self._rows, self._cols, self._top = view, axis, keys, top
        if same and before is not None:
            self._pixel = self._pixel_of(*before) if self._aim == (None, None) else self._nearest(before, *self._aim)
        else:
            self._pixel = self._pixel_of(view.place.query, int(np.nanargmax(view.query_row)))
        self._aim = (None, None)
        self._redraw()
        self._announce(stepped=False)

    def aim(self, query: int | None, key: int | None) -> None:
        """Put the cursor there, see `goto`, when the next view is shown."""
        self._aim = (query, key)

    def clear(self, reason: str) -> None:
        """Show nothing, and say why."""
        self._view = self._picture = self._cell = None
        self._aim = (None, None)
        self._reason = reason
        self.border_subtitle = None
        self._strips.clear()
        self.refresh()

    def show_cell(self, cell: CellInfo) -> None:
        """Complete the read-out of a pooled pixel with the rank; ignored when the cursor has moved on."""
        view = self._view
        if view is None or not cell.place.shares_matrix(view.place):
            return
        if (cell.place.query, cell.key) == self.cursor:
            self._cell = cell
            self._update_readout()

    @property
    def cursor(self) -> tuple[int, int]:
        """(query, key) positions of the weight under the cursor."""
        return (0, 0) if self._view is None else weight_at(self._view, self._pixel)

    def cursor_in(self, view: HeadView) -> tuple[int, int] | None:
        """Where the cursor is, or would be, in a view of the same axes; None where its rank is on display or none."""
        if self._view is None or view.shows_ranks or view.pooled.shape != self._view.pooled.shape:
            return None
        pixel = pixel_of(view, *self.cursor)
        return weight_at(view, pixel) if np.isfinite(view.pooled[pixel]) else None

    def move_cursor(self, dq: int, dk: int) -> None:
        """Move by pixels down and to the right; stops at the edges of the matrix."""
        if self._view is not None:
            row, col = self._pixel
            self._step(row + dq, col + dk)

    def goto(self, query: int | None = None, key: int | None = None) -> None:
        """Put the cursor on the pixel that holds this query and key; None keeps the present one.

        Where only the query is given and cannot see the present key, the cursor goes to what it attends to most.
        """
        if self._view is not None:
            self._put(*self._nearest(self.cursor, query, key))

    def _nearest(self, here: tuple[int, int], query: int | None, key: int | None) -> tuple[int, int]:
        """The pixel that `goto` means, for a cursor on the weight `here`."""
        assert self._view is not None
        row, col = self._pixel_of(here[0] if query is None else query, here[1] if key is None else key)
        weights = self._view.pooled[row]
        if key is None and np.isnan(weights[col]) and not np.isnan(weights).all():
            col = int(np.nanargmax(weights))
        return row, col

    def _step(self, row: int, col: int) -> None:
        """Go to a pixel; where it is beyond the window's edge, say so instead."""
        view, down, across = self._view, self._rows, self._cols
        assert view is not None
        assert down is not None
        assert across is not None
        query, key = position(view.row_edges, row, len(down)), position(view.col_edges, col, len(across))
        if within(view.row_edges, query) and within(view.col_edges, key):
            rows, cols = view.pooled.shape
            self._put(min(max(row, 0), rows - 1), min(max(col, 0), cols - 1))
        else:
            self.post_message(self.Beyond(query, key, self))

    def next_scale(self) -> str:
        """Go to the next colour scale. Returns its name in words."""
        self.scale = SCALES[(SCALES.index(self.scale) + 1) % len(SCALES)]
        return SCALE_NAMES[self.scale]

    def pixels_wanted(self) -> tuple[int, int]:
        """(rows, cols) of pixels that the pane can show now."""
        gutter = gutter_width(self._rows.episode) if self._rows is not None else 4
        width, height = self.size
        return room(width, height - self._readout_lines, gutter, self.table.rows_per_cell)

    # -- drawing -----------------------------------------------------------------------------------------------------
    def render_line(self, y: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._draw(y)
        return strip

    def _draw(self, y: int) -> Strip:
        width, height = self.size
        if self._picture is None:
            return self.strip([Segment(self._reason.center(width))] if y == height // 2 else [])
        line = y - (height - self._readout_lines)
        if line < 0:
            cursor = self._pixel if y < self._picture.frame.lines else None
            return self.strip(self._picture.line(y, cursor))
        if line >= len(self._readout):
            return self.strip([])
        text, (start, stop) = self._readout[line], self._cuts[line]
        # Cut where the text changed last, because a repaint sends whole segments.
        return self.strip([Segment(part) for part in (text[:start], text[start:stop], text[stop:]) if part])

    def _redraw(self) -> None:
        """Colour the view again, in full."""
        view, rows, cols = self._view, self._rows, self._cols
        if view is None or rows is None or cols is None or not self.size:
            return
        table, (width, height) = self.table, self.size
        top = largest(view.pooled) if self._top is None else self._top
        gutter = gutter_width(rows.episode)
        self._picture = Heatmap(
            levels=to_levels(view.pooled, self.scale, cols.n_keys, top),
            row_edges=view.row_edges,
            col_edges=view.col_edges,
            episode=cols.episode,
            rewarded=cols.rewarded,
            query=view.place.query,
            frame=fit(view.pooled.shape, width, height - self._readout_lines, gutter, table.rows_per_cell),
            table=table,
            row_episode=rows.episode,
            query_key=cols.query,
        )
        self.border_subtitle = legend(self.scale, top, cols.n_keys, table)
        self._strips.clear()
        self._cell = None
        self._readout = self._compose_readout()
        self._cuts = [(0, len(line)) for line in self._readout]
        self.refresh()

    def _put(self, row: int, col: int) -> None:
        """Move the cursor to a pixel and repaint only the cells that this changes."""
        if self._picture is None or (row, col) == self._pixel:
            return
        old, self._pixel = self._pixel, (row, col)
        frame = self._picture.frame
        regions = [Region(*frame.cells(*pixel)) for pixel in (old, self._pixel)]
        for region in regions:
            for y in range(region.y, region.bottom):
                self._strips.pop(y, None)
        # Neighbours on the same lines as one region: one jump of the terminal's cursor instead of two.
        both = regions[0].union(regions[1])
        if both.height == regions[0].height and both.width <= regions[0].width + regions[1].width:
            regions = [both]
        self.refresh(*regions)
        self._cell = None
        self._update_readout()
        self._announce(stepped=True)

    # -- read-out ----------------------------------------------------------------------------------------------------
    @property
    def _readout_lines(self) -> int:
        return 1 if self.size.width >= WIDE_ENOUGH else 2

    def _compose_readout(self) -> list[str]:
        if self._view is None or self._rows is None or self._cols is None:
            return []
        query, key = self.cursor
        tokens, numbers = cell_readout(
            self._rows,
            self._cols,
            query,
            key,
            self._value(),
            rank=self._rank(),
            block=self._block(),
            utf8=self.table.utf8,
        )
        width = max(10, self.size.width - 1)
        if self._readout_lines == 2 and max(len(tokens), len(numbers)) <= width:
            return [tokens, numbers]  # numbers keep their place, so that few cells change
        text = f"{tokens}{separator(self.table.utf8)}{numbers}"
        return textwrap.wrap(text, width, max_lines=self._readout_lines, placeholder=" ~")

    def _value(self) -> float | None:
        assert self._view is not None
        value = float(self._view.pooled[self._pixel])
        return value if np.isfinite(value) else None

    def _block(self) -> tuple[int, int]:
        """(queries, keys) under the cursor's pixel."""
        assert self._view is not None
        row, col = self._pixel
        rows, cols = self._view.row_edges, self._view.col_edges
        return int(rows[row + 1] - rows[row]), int(cols[col + 1] - cols[col])

    def _rank(self) -> tuple[int, int] | None:
        """(rank, visible keys): from the picture when it shows whole rows of single weights, else from the engine."""
        if self._cell is not None:
            return self._cell.rank, self._cell.visible
        view, value = self._view, self._value()
        if view is None or value is None or not view.shows_ranks:
            return None
        row = view.pooled[self._pixel[0]]
        return int(np.count_nonzero(row > value)) + 1, int(np.count_nonzero(np.isfinite(row)))

    def _update_readout(self) -> None:
        """Repaint only the part of the read-out that has changed."""
        new = self._compose_readout()
        old, self._readout = self._readout, new
        first = self.size.height - self._readout_lines
        self._cuts = []
        for line in range(max(len(old), len(new))):
            before = old[line] if line < len(old) else ""
            after = new[line] if line < len(new) else ""
            start, stop = changed(before, after)
            if line < len(new):
                self._cuts.append((start, min(stop, len(after))))
            if stop > start:
                self._strips.pop(first + line, None)
                self.refresh(Region(start, first + line, stop - start, 1))

    # -- events ------------------------------------------------------------------------------------------------------
    def _announce(self, stepped: bool) -> None:
        if self._view is not None:
            self.post_message(self.CursorMoved(*self.cursor, self._value(), self._view.shows_ranks, self, stepped))

    def _pixel_of(self, query: int, key: int) -> tuple[int, int]:
        assert self._view is not None
        return pixel_of(self._view, query, key)

    def watch_scale(self) -> None:
        self._redraw()

    def on_resize(self) -> None:
        self._redraw()
        wanted = self.pixels_wanted()
        if wanted != self._wanted:
            self._wanted = wanted
            self.post_message(self.SizeChanged(*wanted, self))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self._picture is not None and (pixel := self._picture.frame.pixel(*offset)):
            self._put(*pixel)
            self.post_message(self.Chosen(*self.cursor))

    def action_move(self, dq: int, dk: int) -> None:
        self.move_cursor(dq, dk)

    def action_edge(self, axis: str, pixel: int) -> None:
        """The first or last (−1) query or key of the matrix."""
        if self._view is not None and self._rows is not None and self._cols is not None:
            row, col = self._pixel
            far = len(self._cols if axis == "key" else self._rows) * (-1 if pixel == 0 else 1)
            self._step(*((row, far) if axis == "key" else (far, col)))


def changed(before: str, after: str) -> tuple[int, int]:
    """The span [start, stop) of cells in which two lines differ; empty when they don't."""
    width = max(len(before), len(after))
    before, after = before.ljust(width), after.ljust(width)
    different = [i for i in range(width) if before[i] != after[i]]
    return (different[0], different[-1] + 1) if different else (0, 0)
