"""A pane that draws a picture of pixels: the heatmap, and the thumbnails."""

from __future__ import annotations

from dataclasses import dataclass

from rich.segment import Segment
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ..renderables.reason import reason_lines
from .pane import Pane


class PicturePane(Pane):
    """Keeps its lines until what they show changes, and tells how many pixels it can show.

    A pane of this kind says what a line is (`_draw`), and makes its picture anew when asked to (`_redraw`).
    """

    scale: reactive[str] = reactive("log", init=False)
    """Colour scale: one of `look.SCALES`."""

    @dataclass
    class SizeChanged(Message):
        """The pane shows another number of pixels now: ask for a picture of this size."""

        rows: int
        cols: int
        pane: PicturePane

        @property
        def control(self) -> PicturePane:
            return self.pane

    def __init__(self, reason: str, *, name: str | None, id: str | None, classes: str | None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self._reason = reason
        self._strips: dict[int, Strip] = {}
        self._told = (0, 0)

    def pixels_wanted(self) -> tuple[int, int]:
        """(rows, cols) of pixels that the pane can show now."""
        raise NotImplementedError

    def clear(self, reason: str) -> None:
        """Show nothing, and say why."""
        self._reason = reason
        self._repaint()

    def render_line(self, y: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._draw(y)
        return strip

    def on_resize(self) -> None:
        self._strips.clear()  # why it is empty, too, is laid out for the size
        self._redraw()
        wanted = self.pixels_wanted()
        if wanted != self._told:
            self._told = wanted
            self.post_message(self.SizeChanged(*wanted, self))

    def _draw(self, y: int) -> Strip:
        """Line y."""
        raise NotImplementedError

    def _redraw(self) -> None:
        """Make the picture anew: the size of the pane has changed."""
        raise NotImplementedError

    def _draw_reason(self, y: int) -> Strip:
        """Line y while there is no picture: why, in the middle. Makes all lines: wrapping is of all."""
        lines = dict(enumerate(reason_lines(self._reason, *self.size)))
        self._strips = {at: self.strip([Segment(lines[at])] if at in lines else []) for at in range(self.size.height)}
        return self._strips.get(y, self.strip([]))

    def _repaint(self, *regions: Region) -> None:
        """These cells have changed, or all where none are given."""
        if not regions:
            self._strips.clear()
        for region in regions:
            for y in range(region.y, region.bottom):
                self._strips.pop(y, None)
        self.refresh(*regions)
