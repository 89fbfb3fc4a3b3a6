"""The app's dealings with the compression lab: opens it, keeps it up to date, remembers it when it is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App

from ...records.messages import Failed, OpenRun, Progress, Reply
from ...records.run import RunInfo
from ...records.trial_messages import AskLab, CellsDamaged
from ..engine_client import EngineLink

if TYPE_CHECKING:  # they cost 80 ms that only who opens the lab has to wait
    from .screen import LabScreen
    from .state import Lab

WHAT = "trials"
"""The engine's name for the job."""


class LabDesk:
    """Nothing of the lab exists before it is opened for the first time.

    Attributes:
        lab: the state, None before the first time.
        screen: the lab while it is on display.
    """

    def __init__(self, app: App[str], engine: EngineLink, plain: bool) -> None:
        self._app, self._engine, self._plain = app, engine, plain
        self.lab: Lab | None = None
        self.screen: LabScreen | None = None

    def enter(self, request: OpenRun, run: RunInfo, progress: Progress | None) -> None:
        """Show the lab."""
        from .screen import LabScreen
        from .state import Lab

        if self.screen is not None:
            return
        if self.lab is None:
            self.lab = Lab()
            self.opened(request, run)
        self.screen = LabScreen(self._engine, self.lab, run, progress, self._plain)
        self._app.push_screen(self.screen, self._left)

    def _left(self, _: None) -> None:
        self.screen = None

    def opened(self, request: OpenRun, run: RunInfo) -> None:
        """A run is open: what the lab has found is not about it."""
        if self.lab is None:
            return
        self.lab.open(request, run, self._engine.next_id())
        self._engine.send(AskLab(self.lab.asked, request.context))
        if self.screen is not None:
            self.screen.opened(run)

    def receive(self, reply: Reply) -> bool:
        """Take in a reply. Returns True for a user's mistake that is told here, and needs no dialog."""
        if self.lab is None or not self.lab.receive(reply):
            return False
        if self.screen is not None:
            self.screen.show()
        if isinstance(reply, CellsDamaged):
            self._app.notify(reply.said, title=WHAT, severity="warning", timeout=10, markup=False)
        if isinstance(reply, Failed) and reply.kind == "user":
            self._app.notify(str(reply.error), title=WHAT, severity="error", timeout=10, markup=False)
            return True
        return False

    def show_progress(self, progress: Progress | None) -> None:
        """How far the newest long work is."""
        if self.screen is not None:
            self.screen.show_progress(progress)

    def lost(self) -> None:
        """The engine is gone, and the trials with it: until a run is open again, nobody would answer."""
        if self.lab is not None:
            self.lab.lost()
        if self.screen is not None:
            self.screen.show()
