"""The attention of one head as a picture, with a cursor and its read-out."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from ...records.attention import CellInfo, HeadView
from ...records.axis import Axis
from ...records.look import SCALE_NAMES, SCALES, USUAL, Look
from ..renderables.graphic import pixel_room
from ..renderables.heatmap import Heatmap, gutter_width, room
from ..renderables.pixel_heatmap import PixelHeatmap
from ..renderables.scales import largest, legends
from ..renderables.view_pixels import Pixel, ViewPixels, pixel_of, weight_at, weight_in
from ..terminal.graphics_layer import GraphicsLayer
from .cell_readout import CellReadout, compose, lines_at
from .heatmap_picture import picture_of
from .picture import PicturePane


class HeatmapPane(PicturePane):
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

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__("no attention yet", name=name, id=id, classes=classes)
        self.border_title = "attention"
        self._shown: ViewPixels | None = None
        self._top: float | None = None
        self._cell: CellInfo | None = None
        self._pixel: Pixel = (0, 0)
        self._aim: tuple[int | None, int | None] = (None, None)
        self._picture: Heatmap | None = None
        self._drawn_for = Size()
        self._readout = CellReadout()
        self._layer: GraphicsLayer | None = None

    # -- what the app calls ------------------------------------------------------------------------------------------
    def show(self, view: HeadView, axis: Axis, keys: Axis | None = None, top: float | None = None) -> None:
        """Draw a view.

        Args:
            axis: what its rows are, and its columns too unless `keys` says otherwise.
            top: the weight of the brightest colour (to compare heads), else the view's largest.
        """
        before, here = self._shown, self.cursor
        self._shown = pixels = ViewPixels(view, axis, axis if keys is None else keys)
        self._top = top
        if before is None or not pixels.same_axes(before):
            self._pixel = pixels.first
        elif self._aim == (None, None):
            self._pixel = pixel_of(view, *here)
        else:
            self._pixel = pixels.nearest(here, *self._aim)
        self._aim = (None, None)
        self._redraw()
        self._announce(stepped=False)

    def aim(self, query: int | None, key: int | None) -> None:
        """Put the cursor there, see `goto`, when the next view is shown."""
        self._aim = (query, key)

    def clear(self, reason: str) -> None:
        """Show nothing, and say why."""
        self._shown = self._picture = self._cell = None
        if self._layer is not None:
            self._layer.graphic = None
        self._aim = (None, None)
        self.explain("")
        super().clear(reason)

    def sharpen(self, layer: GraphicsLayer) -> None:
        """Draw in the terminal's pixels from now on."""
        self._layer = layer
        layer.origin = self._corner
        if self.size:
            self.on_resize()

    def show_cell(self, cell: CellInfo) -> None:
        """Complete the read-out of a pooled pixel with the rank; ignored when the cursor has moved on."""
        if self._shown is None or not cell.place.shares_matrix(self._shown.view.place):
            return
        if (cell.place.query, cell.key) == self.cursor:
            self._cell = cell
            self._update_readout()

    @property
    def cursor(self) -> tuple[int, int]:
        """(query, key) positions of the weight under the cursor."""
        return (0, 0) if self._shown is None else weight_at(self._shown.view, self._pixel)

    def cursor_in(self, view: HeadView) -> tuple[int, int] | None:
        """Where the cursor is, or would be, in a view of the same axes; None where its rank is on display or none."""
        if self._shown is None or view.pooled.shape != self._shown.view.pooled.shape:
            return None
        return weight_in(view, self.cursor)

    def move_cursor(self, dq: int, dk: int) -> None:
        """Move by pixels down and to the right; stops at the edges of the matrix."""
        row, col = self._pixel
        self._step(row + dq, col + dk)

    def goto(self, query: int | None = None, key: int | None = None) -> None:
        """Put the cursor on the pixel that holds this query and key; None keeps the present one.

        Where only the query is given and cannot see the present key, the cursor goes to what it attends to most.
        """
        if self._shown is not None:
            self._put(*self._shown.nearest(self.cursor, query, key))

    def _step(self, row: int, col: int) -> None:
        """Go to a pixel; where it is beyond the window's edge, say so instead."""
        if self._shown is None:
            return
        if (beyond := self._shown.beyond(row, col)) is not None:
            self.post_message(self.Beyond(*beyond, self))
        else:
            self._put(*self._shown.clipped(row, col))

    def next_scale(self) -> str:
        """Go to the next colour scale. Returns its name in words."""
        self.scale = SCALES[(SCALES.index(self.scale) + 1) % len(SCALES)]
        return SCALE_NAMES[self.scale]

    def pixels_wanted(self) -> tuple[int, int]:
        gutter = gutter_width(self._shown.rows.episode) if self._shown is not None else 4
        width, height = self.size
        if self._layer is not None:
            return pixel_room(width, height - lines_at(width), gutter, self._layer.cell)
        return room(width, height - lines_at(width), gutter, self.table.rows_per_cell)

    # -- drawing -----------------------------------------------------------------------------------------------------
    def _draw(self, y: int) -> Strip:
        if self._picture is None:
            return self._draw_reason(y)
        line = y - self._first_line
        if line >= 0:
            return self.strip(self._readout.line(line))
        cursor = self._pixel if y < self._picture.frame.lines else None
        return self.strip(self._picture.line(y, cursor))

    @property
    def look(self) -> Look:
        """How a figure looks that is to look as this pane does; the usual figure as long as there is no view."""
        if self._shown is None:
            return USUAL
        return Look(colours=self.table.printed, scale=self.scale, top=min(1.0, self._brightest(self._shown.view)))

    def _brightest(self, view: HeadView) -> float:
        return largest(view.pooled) if self._top is None else self._top

    def _redraw(self) -> None:
        """Colour the view again, in full."""
        if self._shown is None or not self.size:
            return
        table, top, size = self.table, self._brightest(self._shown.view), (self.size.width, self._first_line)
        self._drawn_for = self.size
        self._picture = picture_of(self._shown, self.scale, top, table, size, self._layer)
        if self._layer is not None:
            graphic, before = None, self._layer.graphic
            if isinstance(self._picture, PixelHeatmap):
                graphic = self._picture.graphic()
            if graphic is None or before is None or not graphic.looks_as(before):  # else it is there, or being sent
                self._layer.graphic = graphic
            self._layer.weight = self._pixel
        self.explain(legends(self.scale, top, self._shown.cols.n_keys, table))
        self._cell = None
        self._readout.show(self._text())
        self._repaint()

    def _corner(self) -> tuple[int, int] | None:
        """The cell of the screen where the picture begins; None until the picture is of the pane's size, and the screen
        of the terminal's: below a dialog that comes a frame later."""
        if self.size != self._drawn_for or self.screen.outer_size != self.app.size:
            return None
        x, y = self.content_region.offset
        return x + (0 if self._picture is None else self._picture.frame.gutter), y

    def _put(self, row: int, col: int) -> None:
        """Move the cursor to a pixel and repaint only the cells that this changes."""
        if self._picture is None or (row, col) == self._pixel:
            return
        old, self._pixel = self._pixel, (row, col)
        frame = self._picture.frame
        regions = [Region(*frame.cells(*pixel)) for pixel in (old, self._pixel)]
        # Neighbours on the same lines as one region: one jump of the terminal's cursor instead of two.
        both = regions[0].union(regions[1])
        if both.height == regions[0].height and both.width <= regions[0].width + regions[1].width:
            regions = [both]
        if self._layer is not None:
            self._layer.weight = self._pixel
        self._repaint(*regions)
        self._cell = None
        self._update_readout()
        self._announce(stepped=True)

    @property
    def _first_line(self) -> int:
        """Of the read-out."""
        return self.size.height - lines_at(self.size.width)

    def _text(self) -> list[str]:
        if self._shown is None:
            return []
        return compose(self._shown, self._pixel, self._cell, self.size.width, utf8=self.table.utf8)

    def _update_readout(self) -> None:
        """Repaint only the part of the read-out that has changed."""
        for part in self._readout.update(self._text()):
            self._repaint(part.translate((0, self._first_line)))

    # -- events ------------------------------------------------------------------------------------------------------
    def _announce(self, stepped: bool) -> None:
        if (shown := self._shown) is not None:
            value, ranked = shown.value(self._pixel), shown.view.shows_ranks
            self.post_message(self.CursorMoved(*self.cursor, value, ranked, self, stepped))

    def watch_scale(self) -> None:
        self._redraw()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self._picture is not None and (pixel := self._picture.frame.pixel(*offset)):
            self._put(*pixel)
            self.post_message(self.Chosen(*self.cursor))

    def action_move(self, dq: int, dk: int) -> None:
        self.move_cursor(dq, dk)

    def action_edge(self, axis: str, pixel: int) -> None:
        """The first or last (−1) query or key of the matrix."""
        if self._shown is not None:
            row, col = self._pixel
            far = len(self._shown.cols if axis == "key" else self._shown.rows) * (-1 if pixel == 0 else 1)
            self._step(*((row, far) if axis == "key" else (far, col)))
