"""Runs cases in child processes, replaces those that die or hang, and keeps the tally."""

from __future__ import annotations

import collections
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from . import child
from .cases import Case
from .child import Limits, Outcome
from .originals import originals

BATCH = 200
"""Cases per child: a fork costs a few milliseconds, and a fresh one forgets what the cases before it left behind."""
_STARTUP = 60.0


@dataclass
class Child:
    """A running child and what it has told."""

    pid: int
    pipe: int
    directory: Path
    todo: collections.deque[Case]
    making: bool = True
    since: float = field(default_factory=time.monotonic)
    text: bytes = b""


class Campaign:
    """Cases through up to `jobs` children at once.

    Args:
        seed: with a case's number, everything about it.
        directory: for the files of cases; emptied by whoever made it.
        loader: see `child._loader`.
        on_outcome: told every case's outcome, in no particular order.
    """

    def __init__(
        self,
        seed: int,
        directory: Path,
        on_outcome: Callable[[Case, Outcome], None],
        *,
        jobs: int = 1,
        limits: Limits | None = None,
        loader: str | None = None,
    ) -> None:
        self.seed, self.directory, self.on_outcome = seed, directory, on_outcome
        self.jobs, self.limits, self.loader = jobs, limits or Limits(), loader
        self._doubted: set[int] = set()
        self._children: dict[int, Child] = {}
        self._selector = selectors.DefaultSelector()

    def run(self, cases: Iterable[Case]) -> None:
        """Open them all."""
        originals()  # made once here instead of in every child
        batches = _batches(cases)
        slots = [self.directory / f"child-{index}" for index in range(self.jobs)]
        again: list[tuple[Path, collections.deque[Case]]] = []
        try:
            while True:
                while again:
                    self._start(*again.pop())
                for slot in [slot for slot in slots if slot not in {c.directory for c in self._children.values()}]:
                    if batch := next(batches, None):
                        self._start(slot, batch)
                if not self._children:
                    return
                again = self._wait()
        finally:
            for one in self._children.values():
                _kill(one.pid)

    def _start(self, directory: Path, todo: collections.deque[Case]) -> None:
        directory.mkdir(exist_ok=True)
        mine, its = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(mine)
                os.setpgid(0, 0)
                child.run(todo, self.seed, directory, its, self.limits, self.loader)
                status = 0
            finally:
                os._exit(status)
        os.close(its)
        self._children[mine] = Child(pid, mine, directory, todo)
        self._selector.register(mine, selectors.EVENT_READ)

    def _wait(self) -> list[tuple[Path, collections.deque[Case]]]:
        """Listen for a moment; what is left of the work of children that are gone comes back."""
        left = []
        for key, _ in self._selector.select(0.2):
            one = self._children[key.fd]
            if data := os.read(one.pipe, 1 << 16):
                self._listen(one, data)
            else:
                left.append(self._gone(one, hung=False))
        for one in list(self._children.values()):
            if time.monotonic() - one.since > (_STARTUP if one.making else self.limits.seconds):
                left.append(self._gone(one, hung=True))
        return [(directory, todo) for directory, todo in left if todo]

    def _listen(self, one: Child, data: bytes) -> None:
        *lines, one.text = (one.text + data).split(b"\n")
        for line in lines:
            told = json.loads(line)
            one.since, one.making = time.monotonic(), "opens" not in told
            if "result" in told:
                self.on_outcome(one.todo.popleft(), Outcome(**told))

    def _gone(self, one: Child, *, hung: bool) -> tuple[Path, collections.deque[Case]]:
        """Bury a child; the case that it was at has failed, unless a hang may have been the machine's own."""
        self._selector.unregister(one.pipe)
        del self._children[one.pipe]
        if hung:
            _kill(one.pid)
        status = os.waitpid(one.pid, 0)[1]
        os.close(one.pipe)
        if one.todo:
            case, said = one.todo[0], _read(one.directory / "said")
            seconds = time.monotonic() - one.since
            if one.making:
                self._failed(one, "generator", f"{_ending(status)}\n{said}", seconds)
            elif not hung:
                self._failed(one, "died", f"{_ending(status)}\n{said}", seconds)
            elif case.number in self._doubted:
                self._failed(one, "hang", said, seconds)
            else:
                self._doubted.add(case.number)  # once more: other work on the machine may have slowed it
        return one.directory, one.todo

    def _failed(self, one: Child, result: str, detail: str, seconds: float) -> None:
        case = one.todo.popleft()
        self.on_outcome(case, Outcome(case.number, result, detail, seconds))


def _batches(cases: Iterable[Case]) -> Iterator[collections.deque[Case]]:
    left = iter(cases)
    while batch := collections.deque(islice(left, BATCH)):
        yield batch


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        return


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")[-4000:]
    except OSError:
        return ""


def _ending(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit status {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
