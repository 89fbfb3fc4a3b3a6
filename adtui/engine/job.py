"""A long request under way, a step at a time."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass

from ..records.messages import Request
from .trials_child import Child

Steps = Generator[None, None, None]


@dataclass
class Job:
    """A long request under way: every `next` on its steps does a small piece."""

    request: Request
    what: str
    steps: Steps | Child
    late: bool = False
    """Goes on only when no other job has anything to do."""
    opening: bool = False
    """It has not opened its run yet: the one before is still on display, and its work goes on if this fails."""

    @property
    def idle(self) -> bool:
        """True while it only waits for another process."""
        return isinstance(self.steps, Child) and self.steps.idle


class Stopped(Exception):  # noqa: N818  (no error: the user has changed their mind)
    """A single long step was asked to stop."""


class Clock:
    """Steps per second since it was made."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def rate(self, done: int) -> float:
        """Of `done` steps."""
        return done / max(time.monotonic() - self.start, 1e-6)
