"""The contact sheet: every head of a sample at once."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ...records.attention import Sheet
from ...records.circuit import Heads
from ..renderables.scales import Levels, largest, to_levels
from ..renderables.sheet import Grid, lay_out, sheet_line
from .picture import PicturePane


class SheetPane(PicturePane):
    """Draws a `Sheet`, marks the selected head and those of a circuit; the screen handles the keys that select."""

    selected: reactive[tuple[int, int | None]] = reactive[tuple[int, int | None]]((0, 0), init=False)
    """(layer, head); head None is the mean over heads and marks the whole layer."""

    @dataclass
    class Selected(Message):
        """A mouse click on a thumbnail."""

        layer: int
        head: int

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__("no thumbnails yet", name=name, id=id, classes=classes)
        self.border_title = "heads"
        self._shape = (4, 4)
        self._sheet: Sheet | None = None
        self._levels: Levels | None = None
        self._keys = 1
        self._grid: Grid | None = None
        self._circuit: frozenset[tuple[int, int]] = frozenset()

    # -- what the app calls ------------------------------------------------------------------------------------------
    def expect(self, n_layer: int, n_head: int, circuit: Heads = ()) -> None:
        """Tell how many thumbnails there will be, so that `pixels_wanted` is right before the first sheet.

        Args:
            circuit: heads that carry a mark.
        """
        self._shape, self._circuit = (n_layer, n_head), frozenset(circuit)
        self._redraw()

    def show(self, sheet: Sheet, n_context: int | None = None) -> None:
        """Draw a sheet; `n_context` places the uniform share on the logarithmic scale (thumbnail width if None)."""
        self._sheet = sheet
        self._keys = n_context or int(sheet.thumbnails.shape[-1])
        self._shape = (int(sheet.thumbnails.shape[0]), int(sheet.thumbnails.shape[1]))
        self._color()
        self._redraw()

    def select(self, layer: int, head: int | None) -> None:
        """Mark a head, or a whole layer."""
        self.selected = (layer, head)

    def clear(self, reason: str) -> None:
        """Show nothing, and say why."""
        self._sheet = self._levels = None
        super().clear(reason)

    @property
    def top(self) -> float | None:
        """The largest weight of all heads, to draw the heatmap on the same scale; None without a sheet."""
        return None if self._sheet is None else largest(self._sheet.thumbnails)

    def pixels_wanted(self) -> tuple[int, int]:
        """(rows, cols) of pixels of one thumbnail."""
        grid = lay_out(*self._shape, *self.size, self.selected)
        return max(1, grid.high * self.table.rows_per_cell), max(1, grid.wide)

    # -- drawing -----------------------------------------------------------------------------------------------------
    def _draw(self, y: int) -> Strip:
        if self._sheet is None or self._levels is None or self._grid is None:
            return self._draw_reason(y)
        entropy = self._sheet.entropy_norm
        return self.strip(sheet_line(y, self._levels, entropy, self._grid, self.table, self.selected, self._circuit))

    def _color(self) -> None:
        if self._sheet is not None:
            self._levels = to_levels(self._sheet.thumbnails, self.scale, self._keys)

    def _redraw(self) -> None:
        self._grid = lay_out(*self._shape, *self.size, self.selected)
        self._repaint()

    def _mark(self, layer: int) -> None:
        """Repaint the lines of one layer whose mark has changed: the captions, or the blocks of a tiny sheet."""
        assert self._grid is not None
        lines = self._grid.lines_of(layer)
        for y in (lines[:1], lines[-1:]):
            for line in y:
                self._repaint(Region(0, line, self.size.width, 1))

    # -- events ------------------------------------------------------------------------------------------------------
    def watch_selected(self, old: tuple[int, int | None], new: tuple[int, int | None]) -> None:
        grid = lay_out(*self._shape, *self.size, self.selected)
        if grid != self._grid:
            self._redraw()
            return
        for layer in {old[0], new[0]}:
            self._mark(layer)

    def watch_scale(self) -> None:
        self._color()
        self._repaint()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self._sheet is not None and self._grid is not None:
            hit = self._grid.head_at(*offset)
            if hit is not None:
                self.post_message(self.Selected(*hit))
