"""The explorer's dealings with the map: opens it, sends the engine's answers there, goes on from where it was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App

from ...records.map_messages import GetMoment, MomentReady
from ...records.messages import Failed, Progress, Reply
from ...records.moment import Moment
from ...records.run import RunInfo
from ..engine_client import EngineLink
from ..explorer.questions import Questions

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..explorer.selection import Selection
    from .screen import MapScreen

KEPT = 128
"""Moments that are remembered for going back."""


class MapDesk:
    """Nothing of the map exists before it is opened.

    Args:
        engine: who answers.
        plain: ASCII only.

    Attributes:
        screen: the map while it is on display.
    """

    def __init__(self, engine: EngineLink, plain: bool) -> None:
        self._engine, self._plain = engine, plain
        self.screen: MapScreen | None = None
        self._questions: Questions[GetMoment, Moment] = Questions(
            engine, self._show, failed=self._failed, keep=KEPT, again=True
        )

    def enter(
        self, app: App[str], run: RunInfo, selection: Selection, moment: int | None, left: Callable[[Selection], None]
    ) -> None:
        """Show the map of what the explorer shows.

        Args:
            moment: where its query row stands; None is the sample's query.
            left: told what was selected, when the map is left.
        """
        from .screen import MapScreen
        from .state import END, MapState

        self._questions.clear()
        state = MapState(run, selection, END if moment is None else moment)
        self.screen = screen = MapScreen(self._engine, state, self._questions, self._plain)

        def back(_: None) -> None:
            self.screen = None
            left(screen.state.chosen)

        app.push_screen(screen, back)

    def opened(self, run: RunInfo) -> None:
        """Another checkpoint or run is open."""
        self._questions.clear()
        if self.screen is not None:
            self.screen.opened(run)

    def receive(self, reply: Reply) -> None:
        """Take in a reply; those to other questions change nothing."""
        match reply:
            case MomentReady():
                self._questions.receive(reply.id, reply.moment)
            case Failed():
                self._questions.fail(reply.id, reply.error)
            case _:
                pass

    def show_progress(self, progress: Progress | None) -> None:
        """How far the newest long work is."""
        if self.screen is not None:
            self.screen.show_progress(progress)

    def _show(self, moment: Moment) -> None:
        if self.screen is not None:
            self.screen.receive(moment)

    def _failed(self, why: str) -> None:
        if self.screen is not None:
            self.screen.failed(why)
