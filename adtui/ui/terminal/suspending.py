"""Ctrl+Z: back to the shell, until `fg` there."""

from __future__ import annotations

import os
import signal
from pathlib import Path


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
    """
    os.killpg(os.getpgrp(), signal.SIGSTOP)


def _parent(process: int) -> int:
    if process == os.getpid():
        return os.getppid()
    return int(Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])
