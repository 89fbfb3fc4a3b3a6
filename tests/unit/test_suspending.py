"""What hears SIGCONT takes the terminal again: nobody does while we wait to be let go on."""

from __future__ import annotations

import os
import signal
from threading import Timer

import pytest

from adtui.ui.terminal import suspending


def test_a_stop_that_comes_late_is_waited_for_and_its_end_is_heard_by_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[int] = []
    asked: list[tuple[int, int]] = []
    timers: list[Timer] = []

    def later(group: int, number: int) -> None:
        """In the place of a stop: nothing yet, and to go on a moment later."""
        asked.append((group, number))
        timers.append(Timer(0.1, os.kill, (os.getpid(), signal.SIGCONT)))
        timers[0].start()

    monkeypatch.setattr(os, "killpg", later)
    before = signal.signal(signal.SIGCONT, lambda number, _: heard.append(number))
    try:
        suspending.stop()
        assert asked == [(os.getpgrp(), signal.SIGSTOP)]
        assert not timers[0].is_alive() or timers[0].finished.is_set(), "it was waited for"
        assert heard == []
        os.kill(os.getpid(), signal.SIGCONT)
        assert heard == [signal.SIGCONT], "afterwards they hear it again"
    finally:
        signal.signal(signal.SIGCONT, before)
        timers[0].join()
