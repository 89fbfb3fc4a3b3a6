"""The engine's end of a sweep: starts its process, passes on what it says, ends it. Nothing here waits.

No torch here.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

from ..errors import EngineError
from ..failures import Relayed
from ..protocol import HEADER, Failed, Reply, RunSweep, SweepReady, decode, encode

COMMAND = (sys.executable, "-m", "adtui.trials")
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
        request: RunSweep,
        send: Callable[[Reply], None],
        nudge: Callable[[], None],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._send, self._nudge = send, nudge
        self._heard: queue.SimpleQueue[Reply | None] = queue.SimpleQueue()
        self._finished = False
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
        with contextlib.suppress(BrokenPipeError):  # it has died already: its exit code is told below
            self._process.stdin.write(encode(request))
            self._process.stdin.flush()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def idle(self) -> bool:
        """True while it has said nothing new."""
        return self._heard.empty()

    def __next__(self) -> None:
        """Pass on one thing that the process said.

        Raises:
            StopIteration: it has finished.
            Relayed: it has failed and said why.
            EngineError: it has ended without a word.
        """
        if self.idle:
            return
        reply = self._heard.get()
        if isinstance(reply, Failed):
            raise Relayed(reply)
        if reply is not None:
            self._finished = isinstance(reply, SweepReady)
            self._send(reply)
        elif self._finished:
            raise StopIteration
        else:
            raise EngineError(
                "trials",
                expected="all cells to be run",
                found=f"their process ended with code {self._process.returncode}",
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

    def _listen(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None, "stdout is a pipe"
        while len(head := pipe.read(HEADER.size)) == HEADER.size:
            (size,) = HEADER.unpack(head)
            body = pipe.read(size)
            if len(body) < size:
                break  # it was ended in the middle of a word
            self._heard.put(decode(body))
            self._nudge()
        self._process.wait()
        self._heard.put(None)
        self._nudge()
