"""How the programs end. Imports nothing heavy: every command starts with it."""

from __future__ import annotations

import signal

DONE = 0
FAILED = 1
USER_ERROR = 2


def of_signal(number: int) -> int:
    """What a shell shows of a program that a signal ended."""
    return 128 + number


INTERRUPTED = of_signal(signal.SIGINT)
