"""What pictures a terminal can show: asked of it, never guessed from its name.

Two rounds. First the size of a cell (CSI 16 t) and the primary device attributes (DA1), whose 4 means sixel: sequences
that every terminal at least swallows. Only one that has answered is asked for kitty's protocol with a picture of one
pixel, and DA1 once more: what has not been answered before that will not be. References: kitty's "Terminal graphics
protocol", "Querying support"; xterm's control sequences, DA1 and XTWINOPS.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .png import indexed_png

AUTO, KITTY, SIXEL, CELLS = "auto", "kitty", "sixel", "cells"
QUERY_ID = 31
CELL_SIZE = "\x1b[16t"
ATTRIBUTES = "\x1b[c"
SECONDS = 2.0
"""How long an answer is waited for: a slow line takes a good part of a second."""
_SIXEL_ATTRIBUTE = 4
_NO_APC = ("linux", "ansi", "cons25", "vt52")
"""Values of TERM whose terminals may print what they should swallow."""
_MULTIPLEXERS = ("tmux", "screen")

ANSWER = re.compile(r"\x1b_G[^\x1b]*\x1b\\|\x1b\[\?[0-9;]*c|\x1b\[6;[0-9]+;[0-9]+t")
"""A whole answer to any of the questions."""
_CELL = re.compile(r"\x1b\[6;([0-9]+);([0-9]+)t")
_LARGEST_CELL = 256


@dataclass(frozen=True)
class Capabilities:
    """What a terminal has answered.

    Attributes:
        attributes: of DA1; None where it has not answered.
        kitty: whether it took the picture of kitty's protocol.
        cell: (width, height) of a cell in pixels; None where it did not say, or said what cannot be.
    """

    attributes: tuple[int, ...] | None = None
    kitty: bool = False
    cell: tuple[int, int] | None = None

    @property
    def sixel(self) -> bool:
        return self.attributes is not None and _SIXEL_ATTRIBUTE in self.attributes

    def protocol(self, wanted: str) -> str:
        """KITTY, SIXEL or CELLS: what `wanted` allows of what the terminal has said that it can."""
        if self.cell is None or self.attributes is None:
            return CELLS
        if self.kitty and wanted in (AUTO, KITTY):
            return KITTY
        return SIXEL if self.sixel and wanted in (AUTO, SIXEL) else CELLS

    def described(self) -> str:
        """In words."""
        if self.attributes is None:
            return "no answer"
        size = "no size of a cell" if self.cell is None else "cells of {} x {} pixels".format(*self.cell)
        known = [name for name, there in ((KITTY, self.kitty), (SIXEL, self.sixel)) if there]
        return f"{' and '.join(known) or 'neither kitty nor sixel'}; {size}"


class Probe:
    """The conversation: what to write next, and what is known so far.

    Args:
        apc: whether kitty may be asked, see `may_ask_kitty`.
    """

    def __init__(self, apc: bool) -> None:
        self.found = Capabilities()
        self.settled = False
        self._apc = apc
        self._rounds = 0

    def begin(self) -> str:
        """What to write first."""
        return CELL_SIZE + ATTRIBUTES

    def take(self, answer: str) -> str:
        """Note one whole answer; gives what to write next, often nothing."""
        if answer.startswith("\x1b_G"):
            control, _, told = answer[3:-2].partition(";")
            if not self.settled and f"i={QUERY_ID}" in control.split(","):
                self.found = replace(self.found, kitty=told == "OK")
        elif (size := _CELL.fullmatch(answer)) is not None:
            height, width = int(size[1]), int(size[2])
            fits = 0 < width <= _LARGEST_CELL and 0 < height <= _LARGEST_CELL
            self.found = replace(self.found, cell=(width, height) if fits else None)
        elif not self.settled:
            return self._attributes(answer)
        return ""

    def give_up(self) -> None:
        """Wait no longer: what has not been answered is taken as a no, also where it comes later."""
        self.settled = True

    def _attributes(self, answer: str) -> str:
        self._rounds += 1
        numbers = tuple(int(number) for number in answer[3:-1].split(";") if number)
        self.found = replace(self.found, attributes=numbers)
        if self._rounds == 1 and self._apc:
            return kitty_query() + ATTRIBUTES
        self.settled = True
        return ""


def kitty_query() -> str:
    """Asks whether a picture as they are sent later can be shown, without showing it."""
    pixel = base64.b64encode(indexed_png([b"\0"], 1, [(0, 0, 0)])).decode()
    return f"\x1b_Gi={QUERY_ID},a=q,t=d,f=100;{pixel}\x1b\\"


def may_ask(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether anything may be asked: not where colours are unwanted, nor of a terminal without private sequences."""
    return not environ.get("NO_COLOR") and environ.get("TERM", "") not in ("", "dumb", "unknown", *_NO_APC)


def may_ask_kitty(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether an APC string may be sent: tmux and screen take one for a title, Apple's Terminal prints it."""
    inside = environ.get("TMUX") or environ.get("STY") or environ.get("TERM", "").split("-")[0] in _MULTIPLEXERS
    return not inside and environ.get("TERM_PROGRAM") != "Apple_Terminal"
