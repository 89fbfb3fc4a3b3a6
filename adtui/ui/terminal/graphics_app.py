"""An app that asks its terminal for pictures once its first frame is there, and shows them when it may."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ReturnType
from textual.drivers.linux_driver import LinuxDriver

from .changed_cells import ThriftyApp
from .graphics_input import AnsweringDriver, AnsweringParser, TerminalAnswered
from .graphics_layer import GraphicsLayer
from .graphics_probe import ATTRIBUTES, CELL_SIZE, CELLS, SECONDS, Probe, may_ask, may_ask_kitty


class GraphicsApp(ThriftyApp[ReturnType]):
    """Begins in cells; a pane is told when the terminal has said that it can do better, if it does."""

    wish = CELLS
    """AUTO, or the one protocol that may be used; CELLS asks nothing."""
    probe: Probe | None = None
    _sharpen: Callable[[GraphicsLayer], None]

    def ask_for_pictures(self, wish: str, sharpen: Callable[[GraphicsLayer], None]) -> None:
        """Before the app runs: ask the terminal when it does. On another driver than that of Unix nothing is asked.

        Args:
            sharpen: told when pictures can be drawn, and on which layer; again when letters have another size.
        """
        if wish != CELLS and may_ask() and self.driver_class is LinuxDriver:
            self.wish, self.driver_class, self._sharpen = wish, AnsweringDriver, sharpen

    def on_mount(self) -> None:
        if isinstance(self._driver, AnsweringDriver):
            self.call_after_refresh(self._ask)

    def _ask(self) -> None:
        self.probe = Probe(may_ask_kitty())
        self._tell(self.probe.begin())
        self.set_timer(SECONDS, self._settle)

    def _settle(self) -> None:
        """Wait for no answer any more: a key is a key at once."""
        if self.probe is not None:
            self.probe.give_up()
        if isinstance(self._driver, AnsweringDriver):
            self._driver.owed = 0
        if AnsweringParser.current is not None:
            AnsweringParser.current.filter.waiting = False

    def on_terminal_answered(self, event: TerminalAnswered) -> None:
        """Go on asking, and draw in pixels, or in pixels of another size, when all is known."""
        if self.probe is None:
            return
        if isinstance(self._driver, AnsweringDriver) and event.answer.endswith("c"):
            self._driver.owed -= 1
        self._tell(self.probe.take(event.answer))
        if not self.probe.settled:
            return
        self._settle()
        protocol, cell = self.probe.found.protocol(self.wish), self.probe.found.cell
        if protocol == CELLS or cell is None or (self.layer is not None and self.layer.cell == cell):
            return
        if self.layer is not None:
            self._tell(self.layer.clear())
        self.layer = GraphicsLayer(protocol, cell, always=self.wish == protocol)
        if isinstance(self._driver, AnsweringDriver):
            self._driver.farewell = self.layer.farewell
        self._sharpen(self.layer)

    def on_resize(self, _: events.Resize) -> None:
        """Its letters may have another size now."""
        if self.layer is not None:
            self._tell(CELL_SIZE)

    def _tell(self, text: str) -> None:
        if text and isinstance(self._driver, AnsweringDriver):
            self._driver.owed += text.count(ATTRIBUTES)
            self._driver.write(text)
            self._driver.flush()
