"""A terminal that answers questions about pictures, or does not, and keeps the pictures that it is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from picture_terminal import PictureTerminal
from terminal import Terminal

CELL_QUERY, ATTRIBUTES_QUERY, KITTY_QUERY = b"\x1b[16t", b"\x1b[c", b"\x1b_Gi=31,a=q"
_WHOLE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[P_\]][^\x1b\x07]*(?:\x1b\\|\x07)|[^\[P_\]])|[^\x1b]+")
CELL = (10, 20)
PLAIN = {CELL_QUERY: "\x1b[6;20;10t", ATTRIBUTES_QUERY: "\x1b[?62;22c"}
KITTY = {**PLAIN, KITTY_QUERY: "\x1b_Gi=31;OK\x1b\\"}
SIXEL = {**PLAIN, ATTRIBUTES_QUERY: "\x1b[?62;4;22c"}


class AnsweringTerminal(Terminal):
    """As `Terminal`.

    Args:
        answers: question → what is sent back whenever it is asked.
    """

    def __init__(self, command: list[str], cwd: Path, answers: Mapping[bytes, str], **options: Any) -> None:
        self.answers = answers
        self.asked: list[bytes] = []
        self._rest = b""
        super().__init__(command, cwd, **options)
        self.pictures = PictureTerminal(*self.size, CELL)

    def _take(self, data: bytes) -> None:
        super()._take(data)
        data, end = self._rest + data, 0
        for whole in _WHOLE.finditer(data):
            if whole.start() != end:
                break
            end = whole.end()
            self._hear(whole[0])
        self._rest = data[end:]

    def _hear(self, sequence: bytes) -> None:
        question = next((one for one in (CELL_QUERY, ATTRIBUTES_QUERY, KITTY_QUERY) if sequence.startswith(one)), None)
        if question is None:
            self.pictures.feed(sequence.decode(errors="replace"))
            return
        self.asked.append(question)
        if question in self.answers:
            self._child.send(self.answers[question])
