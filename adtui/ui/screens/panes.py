"""A screen of panes: status line at the top, key bar at the bottom, a stack of panes in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from ...records.messages import Progress
from ..engine_app import EngineApp
from ..key_names import UNCHANGED, Changes
from ..widgets.pane_stack import PaneStack
from ..widgets.status import StatusLine
from .help import HelpScreen

Stack = TypeVar("Stack", bound=PaneStack)


class PanesScreen(Screen[None], Generic[Stack]):
    """What explorer, map and lab share: moving between panes, full size, help. `PLACE` is one of `keys.TABLES`.

    Args:
        panes: the first one is active at the start.
        plain: ASCII only.
        aside: what stands at the right of the status line.
    """

    HELP: ClassVar[str] = ""
    """The title of its keys, with which its help begins."""
    PLACE = "explorer"

    def __init__(self, panes: Stack, plain: bool, aside: Sequence[Widget] = ()) -> None:
        super().__init__()
        self.plain = plain
        self.panes = panes
        self.status = StatusLine(id="status")
        self._aside = aside

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield self.status
            yield from self._aside
        yield self.panes
        yield Static(id="keybar")

    def on_mount(self) -> None:
        self.panes.fold(*self.app.size)
        self.panes.activate(0)

    def on_resize(self, event: events.Resize) -> None:
        self.panes.fold(*event.size)
        self.draw_bar()

    @property
    def changes(self) -> Changes:
        """The user's own keys; other apps than adtui's have none."""
        return self.app.key_changes if isinstance(self.app, EngineApp) else UNCHANGED

    def draw_bar(self) -> None:
        """Say at the bottom what the keys do now."""
        self.query_one("#keybar", Static).update(self.bar())

    def bar(self) -> str:
        """The line of keys, for the screen's width."""
        raise NotImplementedError

    def leave(self) -> None:
        """Esc, with no pane at full size."""
        raise NotImplementedError

    def show_progress(self, progress: Progress | None) -> None:
        """How far the newest long work is."""
        self.status.show_progress(progress)

    def action_pane(self, step: int) -> None:
        """Next or previous pane."""
        self.panes.activate(self.panes.active + step)

    def action_go_pane(self, index: int) -> None:
        """A pane by number."""
        self.panes.activate(index)

    def action_full(self) -> None:
        """The active pane at full size, or back."""
        self._set_full(not self.panes.full)

    def action_back(self) -> None:
        """Leave full size, or else the screen."""
        if self.panes.full:
            self._set_full(False)
        else:
            self.leave()

    def _set_full(self, full: bool) -> None:
        self.panes.set_full(full)
        self.draw_bar()

    def action_help(self) -> None:
        """Keys and numbers, explained."""
        self.app.push_screen(HelpScreen(self.plain, self.changes, self.HELP))
