"""The app's dealings with two runs side by side: has them compared, keeps what came, sends answers to the screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import App

from ...records.messages import Cancelled, Failed, OpenRun, Progress, Reply
from ...records.pair_view import PairView
from ...records.side_messages import BesideReady, GetPair, MatchHeads, PairReady, SetBeside
from ..engine_client import EngineLink
from ..explorer.questions import Questions

if TYPE_CHECKING:  # who does not look at it does not wait for it
    from .screen import SidesScreen
    from .state import SidesState

WHAT = "side by side"
"""The engine's name for the job."""


class SidesDesk:
    """Nothing of it exists before it is opened.

    Args:
        send: sends what takes long.

    Attributes:
        screen: while it is on display.
        job: the comparison under way, None where none is.
    """

    def __init__(self, app: App[str], engine: EngineLink, send: Callable[[SetBeside], None]) -> None:
        self._app, self._engine, self._send = app, engine, send
        self.screen: SidesScreen | None = None
        self.job: int | None = None
        self._asked: SetBeside | None = None
        self._state: SidesState | None = None
        self._matching: int | None = None
        self._questions: Questions[GetPair, PairView] = Questions(
            engine, self._show, failed=self._failed, keep=64, again=True
        )

    def knows(self, run: OpenRun) -> bool:
        """Whether a run opened like this is compared with another."""
        return self._asked is not None and replace(self._asked.run, id=0) == replace(run, id=0)

    def again(self, plain: bool) -> None:
        """What was compared last."""
        if self._asked is not None:
            self.enter(self._asked.run, self._asked.other, 0, plain)

    def enter(self, run: OpenRun, other: str, sample: int, plain: bool) -> None:
        """Show two checkpoints side by side; they are compared first unless these were the last.

        Args:
            run: how the first is opened, its path that of the checkpoint.
            other: the second's checkpoint.
            sample: which context to begin with where they are compared anew.
        """
        from .screen import SidesScreen
        from .state import SidesState

        self._close()
        same = self._asked is not None and self.knows(run) and self._asked.other == other
        if not same or self._state is None or self._asked is None:
            self._state = SidesState(sample)
            self._asked = SetBeside(self._engine.next_id(), run, other)
            self._questions.clear()
            self.job = self._asked.id
            self._send(self._asked)
        self.screen = SidesScreen(self._engine, self._asked, self._state, self._questions, plain)
        self._app.push_screen(self.screen, self._left)

    def _left(self, _: None) -> None:
        self.screen = None

    def match(self, request: MatchHeads) -> None:
        """Match heads in another way."""
        self._matching = request.id
        self._engine.send(request)

    def receive(self, reply: Reply) -> bool:
        """Take in a reply. Returns True for a failure that is told here, and needs no dialog."""
        match reply:
            case BesideReady() if reply.id in (self.job, self._matching):
                self.job = None if reply.id == self.job else self.job
                self._take(reply)
            case PairReady():
                self._questions.receive(reply.id, reply.view)
            case Cancelled() if reply.id == self.job:
                self.lost()
            case Failed() if reply.id == self.job:
                self.lost()
                self._app.notify(str(reply.error), title=WHAT, severity="error", timeout=15, markup=False)
                return reply.kind == "user"
            case Failed() if reply.id == self._matching:
                self._app.notify(str(reply.error), title=WHAT, severity="warning", timeout=8, markup=False)
                return True
            case Failed():
                self._questions.fail(reply.id, reply.error)
            case _:
                pass
        return False

    def _take(self, reply: BesideReady) -> None:
        if self.screen is not None:
            self.screen.compared(reply.found, reply.run)
        elif self._state is not None:
            self._state.take(reply.found, reply.run)

    def lost(self) -> None:
        """Stopped, failed, or the engine is gone: nothing is compared."""
        self.stop()
        self._close()

    def stop(self) -> int | None:
        """Forget what is compared. Returns the comparison under way."""
        job, self.job, self._asked, self._state = self.job, None, None, None
        self._questions.clear()
        return job

    def _close(self) -> None:
        """Leave the screen, and what lies over it."""
        while self.screen in self._app.screen_stack and self._app.screen is not self.screen:
            self._app.pop_screen()
        if self.screen is not None:
            self.screen.dismiss()
            self.screen = None

    def show_progress(self, progress: Progress | None) -> None:
        """How far the newest long work is."""
        if self.screen is not None:
            self.screen.show_progress(progress)

    def _show(self, view: PairView) -> None:
        if self.screen is not None:
            self.screen.show_pair(view)

    def _failed(self, why: str) -> None:
        if self.screen is not None:
            self.screen.failed(why)
