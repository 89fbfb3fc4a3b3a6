"""An app that sends its terminal only the cells that have changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import cast

from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App, ReturnType
from textual.screen import Screen

from ...records.plain import to_ascii_cells
from .graphics_layer import GraphicsLayer
from .shadow import Shadow
from .suspending import has_shell, stop

PIXELS = frozenset("▀▄░▒▓")
"""Signs that show pixels: their colours are numbers."""
SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}


class ThriftyApp(App[ReturnType]):
    """Puts a shadow of the terminal between Textual's compositor and the driver.

    Textual (8.2) sends a widget's line from its left edge up to the last changed cell, each run with its full colours
    and a reset. An update of a kind that is not known here goes through as it is.
    """

    plain: bool = False
    """ASCII only: whatever Textual itself puts in (it cuts titles with an ellipsis) is replaced on the way out."""
    sent_colors: str | None = None
    """Send these colours, one of SYSTEMS, whatever the terminal could show; None for the terminal's own."""
    inks: Mapping[Color, Color] = MappingProxyType({})
    """Colours of texts and signs that others stand for; those of pixels stay."""
    layer: GraphicsLayer | None = None
    """The picture over the cells, where the terminal can show one."""
    _shadow: Shadow | None = None

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if isinstance(renderable, (ChopsUpdate, LayoutUpdate)) and not self.is_inline:
            if self._shadow is None or self._shadow.size != self.size:
                self._shadow = Shadow(*self.size)
                if self.layer is not None:
                    self.layer.forget()
            # Not a Rich renderable by its type, but what App._display asks of an update.
            thrifty = _Thrifty(renderable, self._shadow, self.plain, self.sent_colors, self.inks, self.layer)
            renderable = cast(RenderableType, thrifty)
        elif renderable is not None:
            self._shadow = None
        super()._display(screen, renderable)

    def on_resize(self, _: events.Resize) -> None:
        """Terminals move or wrap what they show: nothing is known of it any more, even back at the same size."""
        self._shadow = None

    def on_mount(self) -> None:
        """After Ctrl+Z and fg, the shell has written on the terminal."""
        self.app_resume_signal.subscribe(self, self._resumed)

    def _resumed(self, _: App[object]) -> None:
        self._shadow = None

    def action_suspend_process(self) -> None:
        """Back to the shell; `fg` there goes on here."""
        if not self.is_headless and has_shell():
            with self.suspend():
                stop()
        else:
            self.notify("no shell to go back to: this terminal runs adtui alone", severity="warning")

    def action_redraw(self) -> None:
        """Paint every cell again: something else may have written on the terminal."""
        self._shadow = None
        self.screen.refresh(layout=True)


class _Thrifty(CompositorUpdate):
    """One of Textual's updates, reduced to what the terminal does not show yet."""

    def __init__(
        self,
        update: ChopsUpdate | LayoutUpdate,
        shadow: Shadow,
        plain: bool = False,
        colors: str | None = None,
        inks: Mapping[Color, Color] = MappingProxyType({}),
        layer: GraphicsLayer | None = None,
    ) -> None:
        self._update = update
        self._shadow = shadow
        self._plain = plain
        self._colors = colors
        self._inks = inks
        self._layer = layer

    def render_segments(self, console: Console) -> str:
        system = SYSTEMS.get(self._colors or console.color_system or "truecolor", ColorSystem.TRUECOLOR)
        changed = lines(self._update)
        if self._plain:
            changed = ((x, y, [plain_cells(segment) for segment in segments]) for x, y, segments in changed)
        if self._inks:
            changed = ((x, y, [inked(segment, self._inks) for segment in segments]) for x, y, segments in changed)
        cells = self._shadow.update(changed, system)
        return cells if self._layer is None else cells + self._layer.after(self._shadow)


def inked(segment: Segment, inks: Mapping[Color, Color]) -> Segment:
    """The segment with another ink, unless it draws pixels."""
    style = segment.style
    if style is None or style.color is None or style.color not in inks or not PIXELS.isdisjoint(segment.text):
        return segment
    return Segment(segment.text, style + Style(color=inks[style.color]), segment.control)


def plain_cells(segment: Segment) -> Segment:
    """The segment in ASCII, every character in its place."""
    if segment.text.isascii():
        return segment
    text = to_ascii_cells(segment.text)
    text = "".join(character if character.isascii() else "?" * cell_len(character) for character in text)
    return Segment(text, segment.style, segment.control)


def lines(update: ChopsUpdate | LayoutUpdate) -> Iterator[tuple[int, int, list[Segment]]]:
    """(x, y, segments) of all that an update would send."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield update.region.x, y, [segment for strip in strips for segment in strip]
        return
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= right and end > left:
                yield x, y, list(strip.crop(0, min(end, right) - x))
