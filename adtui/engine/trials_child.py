"""The engine's end of a sweep: starts its process, passes on what it says, ends it. Nothing here waits.

No torch here.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

from ..records.errors import EngineError
from ..records.messages import Failed, Reply
from ..records.pipe import FrameError, Pipe
from ..records.trial_messages import RunSearch, RunSweep, SearchReady, SweepReady
from .failures import Relayed

COMMAND = (sys.executable, "-m", "adtui.engine.trials_process")
SECONDS_TO_LEAVE = 2.0


class ChildSweep:
    """A sweep under way in another process, as the steps of a job of the engine.

    Args:
        request: what to run.
        send: for the replies; called within steps only.
        nudge: called from another thread when there is something to do.

    Raises:
        EngineError: the process cannot be started.
    """

    def __init__(
        self,
        request: RunSweep | RunSearch,
        send: Callable[[Reply], None],
        nudge: Callable[[], None],
        command: Sequence[str] = COMMAND,
    ) -> None:
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
                "trials",
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
            self._finished = isinstance(reply, SweepReady | SearchReady)
            self._send(reply)
        elif self._finished:
            raise StopIteration
        else:
            raise EngineError(
                "trials",
                expected="all cells to be run",
                found=f"their process {self._fault}ended with code {self._process.returncode}",
                action="start them again: finished cells are kept",
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
