"""Ctrl+Z: back to the shell, until `fg` there."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from threading import Event

A_MOMENT = 0.02
"""Seconds between two looks at whether we have been let go on."""


def has_shell() -> bool:
    """Whether something in the terminal's session would see that we have stopped, and can let us go on.

    What stops where nothing can (`ssh -t host adtui`, a window of tmux whose command it is) stands still for ever. With
    `make demo`, that is who has started make, whose processes stop with it.
    """
    group, above = os.getpgrp(), os.getpid()
    try:
        while above and os.getpgid(above) == group:
            above = _parent(above)
        return above != 0 and os.getsid(above) == os.getsid(0)
    except (OSError, ValueError):  # it has ended, or there is no /proc to ask
        return False


def stop() -> None:
    """Stop all that the shell has started together, ourselves included, until `fg`. The terminal has been given back:
    what stops later than its shell takes over is no longer allowed to.

    Returns when we have been let go on, and not before: the stop may come a moment after it was asked for, and who
    hears SIGCONT otherwise takes the terminal again, a second time.
    """
    goes_on = Event()
    before = signal.signal(signal.SIGCONT, lambda *_: goes_on.set())
    try:
        os.killpg(os.getpgrp(), signal.SIGSTOP)
        while not goes_on.wait(A_MOMENT):  # another thread may have had the signal, which wakes nobody here
            pass
    finally:
        signal.signal(signal.SIGCONT, before)


def _parent(process: int) -> int:
    if process == os.getpid():
        return os.getppid()
    return int(Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])
