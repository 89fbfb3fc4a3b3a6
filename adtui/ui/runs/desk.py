"""The app's dealings with compared runs: has them measured, keeps what came while the app is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.app import App

from ...files.runs import Run
from ...records.compare_messages import CompareRuns, RunsCompared
from ...records.messages import Cancelled, Done, Failed, OpenRun, Progress, Reply
from ..engine_client import EngineLink

if TYPE_CHECKING:  # who does not look at it does not wait for it
    from .screen import RunsScreen
    from .state import RunsState

WHAT = "comparison"
"""The engine's name for the job."""
Mark = tuple[tuple[str, tuple[int, int, int]], ...]


class RunsDesk:
    """Nothing of it exists before it is opened.

    Args:
        send: sends what takes long.

    Attributes:
        screen: while it is on display.
        job: the comparison under way, None where none is.
    """

    def __init__(self, app: App[str], engine: EngineLink, send: Callable[[CompareRuns], None]) -> None:
        self._app, self._engine, self._send = app, engine, send
        self.screen: RunsScreen | None = None
        self.job: int | None = None
        self._measuring: Mark = ()
        self._states: dict[Mark, RunsState] = {}

    def enter(self, runs: Sequence[Run], opened: OpenRun, plain: bool, left: Callable[[], None]) -> None:
        """Compare these runs, or show what is known of them as they are.

        Args:
            opened: how they are opened; its path does not matter.
            left: called when the screen is left.
        """
        from .screen import RunsScreen
        from .state import RunsState

        mark = tuple((str(run.directory), run.fingerprint()) for run in runs)
        state = self._states.get(mark)
        if state is None or not (state.complete or (self.job is not None and self._measuring == mark)):
            asked = CompareRuns(self._engine.next_id(), tuple(str(run.directory) for run in runs), opened)
            state = self._states[mark] = RunsState(asked)
            self.job, self._measuring = asked.id, mark
            self._send(asked)
        self.screen = RunsScreen(state, plain)

        def back(_: None) -> None:
            self.screen = None
            left()

        self._app.push_screen(self.screen, back)

    def receive(self, reply: Reply) -> bool:
        """Take in a reply. Returns True for a failure that is told here, and needs no dialog."""
        if reply.id != self.job:
            return False
        match reply:
            case RunsCompared():
                self._states[self._measuring].found = reply.found
                if self.screen is not None:
                    self.screen.draw()
            case Done():
                self.job = None
            case Cancelled():
                self.lost("stopped before the first run was measured")
            case Failed():
                self.lost("failed")
                self._app.notify(str(reply.error), title=WHAT, severity="error", timeout=15, markup=False)
                return reply.kind == "user"
            case _:
                pass
        return False

    def lost(self, why: str = "the engine has gone") -> None:
        """No more comes."""
        self.job = None
        if self.screen is not None:
            self.screen.failed(why)

    def show_progress(self, progress: Progress | None) -> None:
        """How far the newest long work is."""
        if self.screen is not None:
            self.screen.show_progress(progress)
