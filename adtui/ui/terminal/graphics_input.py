"""Answers of the terminal, taken out of the input before Textual makes key presses of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from .graphics_answers import AnswerFilter


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
        farewell: gives what is written first of all when the terminal is given back, at the end as at Ctrl+Z.
        owed: how many times the terminal was asked for its attributes and may still answer.
    """

    farewell: Callable[[], str] | None = None
    owed = 0

    def run_input_thread(self) -> None:
        # Textual's loop makes its parser by this name, and has no other door.
        linux_driver.XTermParser = AnsweringParser  # type: ignore[attr-defined]
        super().run_input_thread()

    def stop_application_mode(self) -> None:
        if self.farewell is not None:
            self.write(self.farewell())
        super().stop_application_mode()

    def disable_input(self) -> None:
        super().disable_input()
        if self.owed > 0:
            from .graphics_asking import hear_out  # seldom: somebody leaves at once, over a slow line

            hear_out(self.fileno, self.owed)
