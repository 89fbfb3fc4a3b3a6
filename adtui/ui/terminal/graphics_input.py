"""Answers of the terminal, taken out of the input before Textual makes key presses of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from .graphics_probe import ANSWER

HOLD_SECONDS = 0.1
"""How long what may be the beginning of an answer is kept back, as long as Textual itself waits after an Esc."""
BROKEN_SECONDS = 1.0
"""After so long without its end, what can only be an answer is thrown away."""
_BEGUN = re.compile(r"\x1b(?:_(?:G[^\x1b]*\x1b?)?|\[(?:\?[0-9;]*|6(?:;[0-9]*){0,2})?)?\Z")
_ONLY_ANSWER = re.compile(r"\x1b(?:_G|\[\?|\[6;[0-9]*;)")
_LONGEST = 4096


class AnswerFilter:
    """Parts what the terminal sends into keys and answers, whatever pieces it comes in.

    Attributes:
        waiting: whether answers are expected: then even a bare Esc at the end is kept back for a moment.
    """

    def __init__(self) -> None:
        self.waiting = True
        self._held = ""
        self._since = 0.0

    def feed(self, data: str, now: float) -> tuple[str, list[str]]:
        """(what is not an answer, whole answers) of what was kept back and `data`."""
        data, self._held = self._held + data, ""
        answers = ANSWER.findall(data)
        rest = ANSWER.sub("", data)
        begun = _BEGUN.search(rest)
        if begun is not None and (self.waiting or len(begun[0]) > 2) and len(begun[0]) < _LONGEST:
            self._held, self._since = begun[0], now
            rest = rest[: begun.start()]
        return rest, answers

    def expire(self, now: float) -> str:
        """What has been kept back long enough to be keys after all."""
        age = now - self._since
        if not self._held or age < HOLD_SECONDS:
            return ""
        if _ONLY_ANSWER.match(self._held):
            if age >= BROKEN_SECONDS:
                self._held = ""
            return ""
        held, self._held = self._held, ""
        return held


class TerminalAnswered(Message):
    """The terminal has answered a question."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


class AnsweringParser(XTermParser):
    """Textual's parser of what the terminal sends, behind the filter."""

    current: AnsweringParser | None = None
    """The one that reads now."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self.filter = AnswerFilter()
        AnsweringParser.current = self

    def feed(self, data: str) -> Iterable[Message]:
        if data:
            data, answers = self.filter.feed(data, now())
            yield from map(TerminalAnswered, answers)
            if not data:
                return
        yield from super().feed(data)

    def tick(self) -> Iterable[Message]:
        if late := self.filter.expire(now()):
            yield from super().feed(late)
        yield from super().tick()


def now() -> float:
    """Seconds of a clock that only goes forward."""
    from time import monotonic

    return monotonic()


class AnsweringDriver(LinuxDriver):
    """Textual's driver of a Unix terminal, which hears answers, and takes pictures away before it leaves.

    Attributes:
        farewell: written first of all when the terminal is given back, at the end as at Ctrl+Z.
    """

    farewell = ""

    def run_input_thread(self) -> None:
        # Textual's loop makes its parser by this name, and has no other door.
        linux_driver.XTermParser = AnsweringParser  # type: ignore[attr-defined]
        super().run_input_thread()

    def stop_application_mode(self) -> None:
        if self.farewell:
            self.write(self.farewell)
        super().stop_application_mode()
