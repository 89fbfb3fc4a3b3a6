"""Asking a terminal for pictures without an app: for `adtui doctor`."""

from __future__ import annotations

import os
import select
import termios
import time
import tty
from collections.abc import Iterator

from .graphics_answers import AnswerFilter
from .graphics_probe import Capabilities, Probe, may_ask_kitty

SECONDS = 1.0
"""How long an answer is waited for."""
LINGER = 0.5
"""How long it is waited for once nobody wants it any more."""


def ask_terminal(given: int, shown: int) -> Capabilities:
    """What the terminal at these file descriptors (input, output) answers.

    What is typed meanwhile is lost; nothing that comes late is left in the input.
    """
    before = termios.tcgetattr(given)
    probe = Probe(may_ask_kitty())
    try:
        tty.setcbreak(given)
        os.write(shown, probe.begin().encode())
        for answer in _answers(given, SECONDS):
            if more := probe.take(answer):
                os.write(shown, more.encode())
            if probe.settled:
                break
    finally:
        termios.tcsetattr(given, termios.TCSAFLUSH, before)
    return probe.found


def hear_out(given: int, owed: int, seconds: float = LINGER) -> None:
    """Take in answers to questions that have been asked, so that they do not come to whoever reads the terminal next.

    What is typed meanwhile is lost. The terminal must be in raw mode, else it would echo them.

    Args:
        given: file descriptor of its input.
        owed: how many times it has been asked for its attributes, whose answer comes last, without having answered.
    """
    if owed <= 0:
        return
    for answer in _answers(given, seconds):
        owed -= answer.endswith("c")
        if owed <= 0:
            return


def _answers(given: int, seconds: float) -> Iterator[str]:
    """Whole answers as they come, until none has for so long as there is time."""
    heard, end = AnswerFilter(), time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and select.select([given], [], [], left)[0]:
        data = os.read(given, 4096)
        if not data:
            return
        yield from heard.feed(data.decode(errors="replace"), 0.0)[1]
