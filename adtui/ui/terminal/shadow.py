"""Send only the cells that have changed, each with the fewest bytes: for a terminal at the end of a slow line.

Textual repaints whole lines of a widget and gives every run its full colours and a reset. A shadow of what the terminal
shows makes a cursor move some hundred bytes instead of some thousand.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from ..renderables.graphic import PICTURE

ShadowCell = tuple[str, str]
"""Character ("" for the right half of a wide one) and the SGR parameters that it is shown with."""
Colors = tuple[str, str, str]
"""Attributes, foreground, background: SGR parameters, "" where the terminal's default."""

DEFAULT: Colors = ("", "", "")
GAP = 3
"""Unchanged cells of the present style up to this many are sent again: jumping over them costs as much."""


class Shadow:
    """What a terminal of width × height cells shows, as far as known."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self._rows: list[list[ShadowCell | None]] = [[None] * width for _ in range(height)]
        self.pictured = False
        """Whether cells that show a picture have been written, or written over, since this was last set to False."""

    def picture_runs(self) -> list[tuple[int, int, int]]:
        """(x, y, width) of the cells beside each other that show a picture."""
        found = []
        for y, row in enumerate(self._rows):
            start = -1
            for x, cell in enumerate([*row, None]):
                shows = cell is not None and cell[0] == PICTURE
                if shows and start < 0:
                    start = x
                elif not shows and start >= 0:
                    found.append((start, y, x - start))
                    start = -1
        return found

    def forget(self) -> None:
        """The terminal may show anything now (it was resized, or another program wrote on it)."""
        width, height = self.size
        self._rows = [[None] * width for _ in range(height)]

    def update(self, lines: Iterable[tuple[int, int, Iterable[Segment]]], system: ColorSystem) -> str:
        """Take over segments that start at (x, y) and give the sequences that bring the terminal up to date.

        Args:
            lines: (x, y, segments); what lies beyond the edges is cut. In the middle of a resize that may be all.
            system: the colours that the terminal has.

        The sequences start and end with default colours; the terminal's cursor is left anywhere.
        """
        pen = _Pen()
        for x, y, segments in lines:
            if 0 <= y < len(self._rows):
                self._line(pen, x, y, cells(segments, system))
        return pen.finish()

    def _line(self, pen: _Pen, x: int, y: int, new: list[ShadowCell]) -> None:
        row = self._rows[y]
        new = new[max(0, -x) : max(0, len(row) - x)]
        x = max(0, x)
        old = row[x : x + len(new)]
        if old == new:
            return
        row[x : x + len(new)] = new
        drawn = -1
        for i, (before, after) in enumerate(zip(old, new, strict=True)):
            if before != after:
                self.pictured = self.pictured or after[0] == PICTURE or (before is not None and before[0] == PICTURE)
                # The right half of a wide character is drawn with its left half.
                start = i - 1 if i and not after[0] else i
                if start != drawn:
                    pen.draw(x + start, y, new[start], row)
                drawn = start


class _Pen:
    """Where the terminal writes next and in which colours, and what has been written so far."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._x = self._y = -1
        self._colors = DEFAULT

    def draw(self, x: int, y: int, cell: ShadowCell, row: list[ShadowCell | None]) -> None:
        """Write one cell; `row` is the line as it shall be, to bridge short gaps."""
        self._go(x, y, row)
        self._paint(cell)

    def _go(self, x: int, y: int, row: list[ShadowCell | None]) -> None:
        if y != self._y or x < self._x:
            self._out.append(f"\x1b[{y + 1};{x + 1}H")
        elif x != self._x:
            gap = row[self._x : x]
            if len(gap) <= GAP and all(same(cell, self._colors) for cell in gap):
                self._out.extend(cell[0] for cell in gap if cell is not None)
            else:
                self._out.append(f"\x1b[{x - self._x}C")
        self._x, self._y = x, y

    def _paint(self, cell: ShadowCell) -> None:
        char, wanted = cheapest(cell[0], parts(cell[1]), self._colors)
        if wanted != self._colors:
            self._out.append(f"\x1b[{step(self._colors, wanted)}m")
            self._colors = wanted
        self._out.append(char)
        self._x += 1 if char.isascii() else max(1, cell_len(char))

    def finish(self) -> str:
        if self._colors != DEFAULT:
            self._out.append("\x1b[0m")
        return "".join(self._out)


def cells(segments: Iterable[Segment], system: ColorSystem) -> list[ShadowCell]:
    """Segments -> one entry per cell. Control codes are left out, marks without width join the cell before them."""
    found: list[ShadowCell] = []
    for text, style, control in segments:
        if control:
            continue
        sgr = ansi(style, system)
        if text.isascii() or cell_len(text) == len(text):
            found += [(char, sgr) for char in text]
            continue
        for char in text:
            width = cell_len(char)
            if width == 0 and found:
                found[-1] = (found[-1][0] + char, found[-1][1])
            else:
                found += [(char, sgr), ("", sgr)][:width]
    return found


def same(cell: ShadowCell | None, colors: Colors) -> bool:
    """Whether a cell may be written again as it is, in these colours: one of a picture would lose it."""
    return cell is not None and cell[0] != PICTURE and parts(cell[1]) == colors


def cheapest(char: str, wanted: Colors, now: Colors) -> tuple[str, Colors]:
    """The character and colours that look the same and take the fewest bytes from the present colours."""
    if char == PICTURE:
        char = " "  # the picture comes after the cells, see `graphics_layer`
    if wanted[0] or now[0]:
        return char, wanted
    if char == " ":
        return char, ("", now[1], wanted[2])  # a space shows no foreground
    if char == "▀" and wanted[1] and wanted[2]:
        turned = ("", _to_foreground(wanted[2]), _to_background(wanted[1]))
        if len(step(now, turned)) < len(step(now, wanted)):
            return "▄", turned
    return char, wanted


@lru_cache(maxsize=1024)
def _to_foreground(sgr: str) -> str:
    return _shift(sgr, -10)


@lru_cache(maxsize=1024)
def _to_background(sgr: str) -> str:
    return _shift(sgr, 10)


def _shift(sgr: str, by: int) -> str:
    """Foreground codes are 30–38 and 90–97, background codes ten more."""
    code, _, rest = sgr.partition(";")
    return f"{int(code) + by};{rest}" if rest else f"{int(code) + by}"


def step(now: Colors, wanted: Colors) -> str:
    """SGR parameters from one set of colours to another. Attributes are only ever switched off together."""
    if wanted == DEFAULT:
        return "" if now == DEFAULT else "0"
    if now[0] != wanted[0]:
        return ";".join(["0", *(part for part in wanted if part)])
    changed = []
    if now[1] != wanted[1]:
        changed.append(wanted[1] or "39")
    if now[2] != wanted[2]:
        changed.append(wanted[2] or "49")
    return ";".join(changed)


@lru_cache(maxsize=8192)
def parts(sgr: str) -> Colors:
    """ "1;38;2;r;g;b;48;5;n" -> ("1", "38;2;r;g;b", "48;5;n")."""
    attributes, foreground, background = [], "", ""
    numbers = sgr.split(";") if sgr else []
    while numbers:
        size = {"2": 5, "5": 3}.get(numbers[1], 1) if numbers[0] in ("38", "48") and len(numbers) > 1 else 1
        piece, code = ";".join(numbers[:size]), int(numbers[0])
        if code == 38 or 30 <= code <= 39 or 90 <= code <= 97:
            foreground = "" if code == 39 else piece
        elif code == 48 or 40 <= code <= 49 or 100 <= code <= 107:
            background = "" if code == 49 else piece
        else:
            attributes.append(piece)
        numbers = numbers[size:]
    return ";".join(attributes), foreground, background


@lru_cache(maxsize=8192)
def ansi(style: Style | None, system: ColorSystem) -> str:
    """SGR parameters of a style for a terminal with these colours."""
    if style is None:
        return ""
    written = style.update_link(None).render("x", color_system=system)
    return written[2 : written.index("m")] if written.startswith("\x1b[") else ""
