"""The engine itself, in the test's own process instead of behind a pipe."""

from __future__ import annotations

from fake_engine import FakeEngine

from adtui.engine.jobs import Engine
from adtui.records.messages import Request


class DirectEngine(FakeEngine):
    """Answers every request with what the engine makes of it, jobs included, before `send` returns."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine(self.say)

    def answer(self, request: Request) -> None:
        self.engine.handle(request)
        while self.engine.jobs:
            self.engine.advance()
