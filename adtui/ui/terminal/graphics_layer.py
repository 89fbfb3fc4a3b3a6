"""The picture over the cells: after every frame, what of it is to be seen is sent as far as it has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ..renderables.graphic import Box, Graphic, grown
from .graphics_probe import KITTY
from .shadow import Shadow


class Writer(Protocol):
    """A protocol of pictures; `graphics_kitty` and `graphics_sixel` say what each does."""

    def draw(self, graphic: Graphic, origin: tuple[int, int], parts: Sequence[Box]) -> str: ...

    def ring(
        self, graphic: Graphic, origin: tuple[int, int], parts: Sequence[Box], old: Box | None, new: Box | None
    ) -> str: ...

    def clear(self) -> str: ...

    def farewell(self) -> str: ...


def writer_of(protocol: str) -> Writer:
    """The writer of KITTY or SIXEL, imported once there is a picture to send: no start waits for it."""
    if protocol == KITTY:
        from .graphics_kitty import KittyWriter

        return KittyWriter()
    from .graphics_sixel import SixelWriter

    return SixelWriter()


class GraphicsLayer:
    """One picture, of one pane.

    The pane fills the cells of its picture with `PICTURE`. Where they are still such in the frame that is sent, the
    picture is to be seen: dialogs, messages and other screens cover it as they cover any text.

    Args:
        protocol: KITTY or SIXEL.
        cell: (width, height) of a cell in pixels.
        always: draw also what cells show as well in fewer bytes: the user has asked for this protocol by name.

    Attributes:
        graphic: the picture, None for none.
        weight: (row, col) that the ring is around.
        origin: gives the cell of its upper left corner, on the screen; None while the picture is still that of another
            size of its pane, which is not worth sending.
    """

    def __init__(self, protocol: str, cell: tuple[int, int], *, always: bool = False) -> None:
        self.protocol = protocol
        self._always = always or protocol == KITTY
        self.cell = cell
        self.graphic: Graphic | None = None
        self.weight: tuple[int, int] | None = None
        self.origin: Callable[[], tuple[int, int] | None] = lambda: (0, 0)
        self._writer = writer_of(protocol)
        self._shown: tuple[Graphic, tuple[int, int], list[Box]] | None = None
        self._ring: Box | None = None

    def is_worth(self, shape: tuple[int, ...], cells: tuple[int, int]) -> bool:
        """Whether weights (rows, cols) are to be drawn here, rather than in cells that have room for `cells` of them.

        Sixels take more bytes than cells do: unasked they are sent only where cells could not show every weight.
        """
        return self._always or shape[0] > cells[0] or shape[1] > cells[1]

    def after(self, shadow: Shadow) -> str:
        """What to write after a frame that has brought the cells to what the shadow shows."""
        if self._shown is None and self.graphic is None:
            return ""
        touched, shadow.pictured = shadow.pictured, False
        if self._shown is not None and not touched and self.graphic is self._shown[0]:
            return self._moved(*self._shown)
        origin = self.origin()
        if self.graphic is None or origin is None:
            return self.clear()
        parts = boxes(shadow.picture_runs(), origin, self.graphic)
        if not parts:
            return self.clear()
        self._shown, self._ring = (self.graphic, origin, parts), None
        return self._writer.draw(self.graphic, origin, parts) + self._moved(*self._shown)

    def forget(self) -> None:
        """The terminal may show anything now: what it was sent is not known to be there."""
        if self._shown is not None:
            self._shown, self._ring = None, None
            self._writer = writer_of(self.protocol)

    def clear(self) -> str:
        """Take away what is shown."""
        if self._shown is None:
            return ""
        self._shown, self._ring = None, None
        return self._writer.clear()

    def farewell(self) -> str:
        """Takes everything away, whatever is shown; nothing where the cells that are written instead are enough.

        What comes after begins anew, as after Ctrl+Z.
        """
        self._shown, self._ring = None, None
        return self._writer.farewell()

    def _moved(self, graphic: Graphic, origin: tuple[int, int], parts: Sequence[Box]) -> str:
        """Bring the ring to its weight, or take it away where it is covered."""
        ring = None if self.weight is None else graphic.frame.box(*self.weight)
        if ring is not None and not any(_holds(part, graphic.frame.covered(grown(ring))) for part in parts):
            ring = None
        if ring == self._ring:
            return ""
        old, self._ring = self._ring, ring
        return self._writer.ring(graphic, origin, parts, old, ring)


def boxes(runs: Iterable[tuple[int, int, int]], origin: tuple[int, int], graphic: Graphic) -> list[Box]:
    """Runs of cells on the screen -> cells of the picture; equal runs on lines below each other are one box."""
    open_: dict[tuple[int, int], Box] = {}
    found: list[Box] = []
    columns, lines = graphic.frame.columns, graphic.frame.lines
    for left, line, width in runs:
        x, y = max(0, left - origin[0]), line - origin[1]
        width = min(columns, left - origin[0] + width) - x
        if width <= 0 or not 0 <= y < lines:
            continue
        above = open_.pop((x, width), None)
        if above is not None and above[1] + above[3] == y:
            open_[x, width] = (*above[:3], above[3] + 1)
            continue
        if above is not None:
            found.append(above)
        open_[x, width] = (x, y, width, 1)
    return sorted([*found, *open_.values()])


def _holds(whole: Box, part: Box) -> bool:
    return (
        whole[0] <= part[0]
        and whole[1] <= part[1]
        and part[0] + part[2] <= whole[0] + whole[2]
        and part[1] + part[3] <= whole[1] + whole[3]
    )
