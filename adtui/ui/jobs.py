"""Long work that the engine is doing: what it is, how far it is, and which of it Esc stops."""

from __future__ import annotations

from ..records.messages import Progress

KEPT = {
    "trials": "stopped, finished cells are kept",
    "search": "stopped, what is finished is kept",
    "timeline": "stopped: what was measured is kept",
    "comparison": "stopped: runs that were measured are kept",
}
"""What is said of a job that was stopped and has left something."""


def how_far(progress: Progress) -> str:
    """ "at 6/18 knock-outs", as what is said of a job that ended there."""
    return f"at {progress.done}/{progress.total} {progress.what}"


class Jobs:
    """The jobs under way, the newest last."""

    def __init__(self) -> None:
        self._running: dict[int, Progress] = {}

    def begin(self, job: int, what: str) -> None:
        """A long request was sent."""
        self._running[job] = Progress(job, what, 0, 0)

    def update(self, progress: Progress) -> None:
        """The engine said how far it is. Jobs that have ended are left ended."""
        if progress.id in self._running:
            self._running[progress.id] = progress

    def end(self, job: int) -> bool:
        """A job ended, well or not. Returns False when it was not known, or had ended already."""
        return self._running.pop(job, None) is not None

    def keep(self, job: int) -> None:
        """The others have ended."""
        self._running = {number: progress for number, progress in self._running.items() if number == job}

    def of(self, job: int) -> Progress | None:
        """How far a job is; None where it is not under way."""
        return self._running.get(job)

    def has(self, job: int | None) -> bool:
        """Whether a job is under way."""
        return job in self._running

    def clear(self) -> None:
        """The engine is gone, and its work with it."""
        self._running.clear()

    @property
    def newest(self) -> int | None:
        """The job that Esc stops."""
        return max(self._running, default=None)

    @property
    def progress(self) -> Progress | None:
        """How far the newest job is; None when nothing runs."""
        return self._running[max(self._running)] if self._running else None
