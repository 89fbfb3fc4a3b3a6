"""The process in which the engine runs trials: `python -m adtui.engine.trials_process`.

One request in, replies out, then it leaves.

It must not outlive the engine, whichever way that ends: on Linux the kernel sees to it, elsewhere its closing input.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ..records.exit_codes import of_signal
from ..records.messages import Reply
from ..records.pipe import FrameError, standard_pipe
from ..records.trial_messages import RunSearch, RunSweep
from .failures import failure

NICENESS = 5
"""On top of the engine's own: its answers to the explorer go first."""
Send = Callable[[Reply], None]
SECONDS_TO_LEAVE = 3.0
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Entry point."""
    run(_answer)


def run(answer: Callable[[Any, Send], None]) -> None:
    """Answer the one request that comes, by `answer`, and leave."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C belongs to the app
    signal.signal(signal.SIGTERM, _leave)
    os.nice(NICENESS)
    pipe = standard_pipe()
    requests = iter(pipe)
    try:
        request = next(requests, None)
    except FrameError as error:
        sys.exit(f"the engine {error}")
    if request is None:  # the engine left before it had asked
        return
    threading.Thread(target=_watch, args=(requests,), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # the engine left first; there is nobody to tell
        serve(request, pipe.send, answer)


def _answer(request: RunSweep | RunSearch, send: Send) -> None:
    if isinstance(request, RunSearch):
        from .search_stream import answer as find  # torch: about two seconds

        find(request, send)
    else:
        from .trials_stream import answer  # likewise

        answer(request, send)


def serve(request: Any, send: Send, answer: Callable[[Any, Send], None] = _answer) -> None:
    """Answer; an exception becomes the last reply."""
    try:
        answer(request, send)
    except BrokenPipeError:
        raise
    except Exception as error:
        send(failure(request.id, error))


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, were it by SIGKILL. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(requests: Iterator[Any]) -> None:
    """The engine never says more than its request: when its end of the pipe closes, it has gone."""
    with contextlib.suppress(FrameError):  # it was ended in the middle of a word: gone as well
        next(requests, None)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_LEAVE)
    os._exit(1)


def _leave(number: int, frame: object) -> None:
    """As an exception, so that a file that is being written is taken back."""
    del frame
    sys.exit(of_signal(number))


if __name__ == "__main__":
    main()
