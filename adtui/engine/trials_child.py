"""The engine's end of a process of its own for one request: starts it, passes on what it says, ends it.

Nothing here waits.

No torch here.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import ClassVar

from ..records.compare_messages import CompareRuns, RunsCompared
from ..records.errors import EngineError
from ..records.messages import Failed, Reply, Request
from ..records.pipe import FrameError, Pipe
from ..records.trial_messages import RunSearch, RunSweep, SearchReady, SweepReady
from .failures import Relayed

SECONDS_TO_LEAVE = 2.0


class Child:
    """A request under way in another process, as the steps of a job of the engine.

    Attributes:
        REQUEST: what it answers; INSTEAD: the requests whose jobs end where this one begins.
        WHAT: the engine's name for the job.
        COMMAND: starts the process.
        ADVICE: what to do where it has ended without a word.

    Args:
        request: what to run.
        send: for the replies; called within steps only.
        nudge: called from another thread when there is something to do.

    Raises:
        EngineError: the process cannot be started.
    """

    REQUEST: ClassVar[type[Request]]
    INSTEAD: ClassVar[tuple[type[Request], ...]]
    WHAT: ClassVar[str]
    COMMAND: ClassVar[tuple[str, ...]]
    ADVICE: ClassVar[str]

    def __init__(
        self,
        request: Request,
        send: Callable[[Reply], None],
        nudge: Callable[[], None],
        command: Sequence[str] = (),
    ) -> None:
        command = command or self.COMMAND
        self._send, self._nudge = send, nudge
        self._heard: queue.SimpleQueue[Reply | None] = queue.SimpleQueue()
        self._finished = False
        self._fault = ""
        # One thread of torch, also where a library starts its own before `cell.run_cell` says so.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        except OSError as error:
            raise EngineError(
                self.WHAT,
                expected=f"`{' '.join(command)}` to start",
                found=str(error),
                action="check the installation with `adtui doctor`",
            ) from error
        assert self._process.stdin is not None, "stdin is a pipe"
        assert self._process.stdout is not None, "stdout is a pipe"
        pipe = Pipe(self._process.stdout, self._process.stdin)
        threading.Thread(target=self._listen, args=(pipe,), daemon=True).start()
        try:
            pipe.send(request)
        except BrokenPipeError:
            pass  # it has died already: its exit code is told below
        except EngineError:
            self.close()
            raise

    def is_last(self, reply: Reply) -> bool:
        """Whether nothing comes after it but the process's end."""
        raise NotImplementedError

    @property
    def idle(self) -> bool:
        """True while it has said nothing new."""
        return self._heard.empty()

    def __next__(self) -> None:
        """Pass on one thing that the process said.

        Raises:
            StopIteration: it has finished.
            Relayed: it has failed and said why.
            EngineError: it has ended without a word, or said what is no reply.
        """
        if self.idle:
            return
        reply = self._heard.get()
        if isinstance(reply, Failed):
            raise Relayed(reply)
        if reply is not None:
            self._finished = self.is_last(reply)
            self._send(reply)
        elif self._finished:
            raise StopIteration
        else:
            raise EngineError(
                self.WHAT,
                expected="all to be run",
                found=f"their process {self._fault}ended with code {self._process.returncode}",
                action=self.ADVICE,
            )

    def close(self) -> None:
        """End the process: at once where it only computes, after the file where it writes one. Does not wait for it."""
        if self._process.poll() is None:
            self._process.terminate()
            threading.Thread(target=self._make_sure, daemon=True).start()

    def _make_sure(self) -> None:
        try:
            self._process.wait(SECONDS_TO_LEAVE)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _listen(self, pipe: Pipe) -> None:
        try:
            for reply in pipe:
                self._heard.put(reply)
                self._nudge()
        except FrameError as error:
            self._fault = f"{error}; it "
            self.close()  # it may go on, and nobody could understand it
        self._process.wait()
        self._heard.put(None)
        self._nudge()


class ChildSweep(Child):
    """Compression trials."""

    REQUEST: ClassVar[type[Request]] = RunSweep
    INSTEAD = (RunSweep, RunSearch)
    WHAT = "trials"
    COMMAND = (sys.executable, "-m", "adtui.engine.trials_process")
    ADVICE = "start them again: finished cells are kept"

    def is_last(self, reply: Reply) -> bool:
        return isinstance(reply, SweepReady)


class ChildSearch(ChildSweep):
    """The search for the smallest context that does."""

    REQUEST = RunSearch
    WHAT = "search"
    ADVICE = "start it again: what is finished is kept"

    def is_last(self, reply: Reply) -> bool:
        return isinstance(reply, SearchReady)


class ChildComparison(Child):
    """Several runs compared."""

    REQUEST = CompareRuns
    INSTEAD = (CompareRuns,)
    WHAT = "comparison"
    COMMAND = (sys.executable, "-m", "adtui.engine.comparing_process")
    ADVICE = "compare them again"

    def is_last(self, reply: Reply) -> bool:
        return isinstance(reply, RunsCompared) and not reply.found.missing
