"""Parting what a terminal sends into keys and answers."""

from __future__ import annotations

import re

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
