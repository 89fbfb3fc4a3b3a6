"""Colour tables: from a level (0..31) or a special pixel to the character and style of one cell.

Four tables, by what the terminal can show: 32 colours, the same on the xterm 6×6×6 cube, 16 colours with shading
characters, and an ASCII ramp. All colours are given as RGB, because Textual turns named colours into RGB of its theme
before Rich reduces them to what the terminal has; values of the target palette survive that round trip unchanged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise

from rich.color import Color
from rich.style import Style

from ...records.colours import RGB
from ...records.look import EMBER, REVERSED
from .palettes import PALETTES, on_cube

LEVELS = 32
"""Number of levels of a colour scale; more are hard to tell apart and cost bytes on a slow line."""

# Codes of a pixel, all in one uint8: 0..31 is a level, 64 + level is that level under the cursor.
CURSOR = 64
CURSOR_MASKED = 252
OUTSIDE = 253
GUIDE = 254
MASKED = 255

StyledCell = tuple[str, Style]

ASCII_RAMP = " .:-=+*#%@"
ASCII_MASKED = "'"
ASCII_GUIDE = "_"
SHADES = " ░▒▓"

CURSOR_RGB: RGB = (0, 255, 255)
CURSOR_LETTER: StyledCell = (
    "X",
    Style(color=Color.from_rgb(0, 0, 0), bgcolor=Color.from_rgb(255, 255, 255), bold=True),
)
REWARD = Style(color=Color.from_rgb(255, 175, 0))
ACCENT = Style(color=Color.from_rgb(0, 175, 215))
FAINT = Style(color=Color.from_rgb(138, 138, 138))
PLAIN = Style()


@dataclass(frozen=True, eq=False)
class ColorTable:
    """How pixels become cells.

    Attributes:
        name: "truecolor", "256", "16" or "ascii".
        utf8: whether characters outside ASCII may be used, here and in the axes.
        half_blocks: True when one cell shows two pixel rows, upper and lower.
        rgb: (32,) colours of the levels; empty for "16" and "ascii", which use `glyphs`.
        glyphs: cells in order of lightness for tables with one pixel per cell.
        masked, guide: colours of masked pixels, and of masked pixels on the query row.
        printed: the same scale in files, one of `look.COLOURS`.
        mono: nothing but grey is sent, so that the cursor has a letter instead of a colour.
    """

    name: str
    utf8: bool
    half_blocks: bool
    rgb: tuple[RGB, ...] = ()
    glyphs: tuple[StyledCell, ...] = ()
    masked: RGB = (48, 48, 48)
    guide: RGB = (88, 88, 88)
    printed: str = EMBER
    mono: bool = False
    _cells: dict[tuple[int, int], StyledCell] = field(default_factory=dict, repr=False)

    @property
    def rows_per_cell(self) -> int:
        """Pixel rows that one cell shows."""
        return 2 if self.half_blocks else 1

    def cell(self, top: int, bottom: int) -> StyledCell:
        """Character and style of a cell with these two pixels (`bottom` is ignored without half blocks)."""
        key = (top, bottom)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._half_block(top, bottom) if self.half_blocks else self._glyph(top)
            self._cells[key] = cell
        return cell

    def swatch(self, level: int) -> StyledCell:
        """One cell filled with a level, for legends and for thumbnails of one cell."""
        return self.cell(level, level)

    def _half_block(self, top: int, bottom: int) -> StyledCell:
        if self.mono and (under_cursor(top) or under_cursor(bottom)):
            return CURSOR_LETTER
        upper, lower = self._color(top), self._color(bottom)
        if upper == lower:
            # A space needs one colour instead of two: half the bytes.
            return " ", PLAIN if upper is None else Style(bgcolor=upper)
        if upper is None:
            return "▄", Style(color=lower)
        return "▀", Style(color=upper, bgcolor=lower)

    def _color(self, code: int) -> Color | None:
        if code == OUTSIDE:
            return None
        if code == MASKED:
            return Color.from_rgb(*self.masked)
        if code == GUIDE:
            return Color.from_rgb(*self.guide)
        if code >= CURSOR:
            return Color.from_rgb(*CURSOR_RGB)
        return Color.from_rgb(*self.rgb[code])

    def _glyph(self, code: int) -> StyledCell:
        if code == OUTSIDE:
            return " ", PLAIN
        if code in (MASKED, GUIDE, CURSOR_MASKED):
            mark = ASCII_GUIDE if code == GUIDE else ASCII_MASKED if self.name == "ascii" else "·"
            return mark, Style(dim=True, reverse=code == CURSOR_MASKED)
        char, style = self.glyphs[(code % CURSOR) * len(self.glyphs) // LEVELS]
        if code < CURSOR:
            return char, style
        if self.name == "ascii":
            return char, Style(reverse=True, bold=True)
        return "X", Style(color=Color.from_rgb(0, 0, 0), bgcolor=Color.from_rgb(85, 255, 255), bold=True)


def under_cursor(code: int) -> bool:
    """Whether the cursor is on this pixel."""
    return CURSOR <= code < CURSOR + LEVELS or code == CURSOR_MASKED


def choose_table(
    color_system: str | None, utf8: bool, dark: bool = True, palette: str = EMBER, mono: bool = False
) -> ColorTable:
    """The best table for a terminal.

    Args:
        color_system: Rich's name of what the terminal can show: "truecolor", "256", "standard", "windows" or None.
        utf8: whether the terminal shows UTF-8.
        dark: whether the pane's background is dark; masked pixels stay close to it, and on a light one more is darker.
        palette: one of `PALETTES`.
        mono: whether colours become grey on the way to it, as `NO_COLOR` asks.
    """
    known = {"truecolor": "truecolor", "256": "256"}
    name = "ascii" if not utf8 or color_system is None else known.get(color_system, "16")
    table = _table(name, utf8, dark, palette)
    return replace(table, mono=True, _cells={}) if mono else table


def utf8_terminal(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the locale promises UTF-8. Python's own stdout says UTF-8 even in the C locale, so it can't be asked."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if value := environ.get(name):
            return "utf" in value.lower()
    return False


@cache
def _table(name: str, utf8: bool, dark: bool, palette: str) -> ColorTable:
    masked, guide = ((48, 48, 48), (88, 88, 88)) if dark else ((198, 198, 198), (148, 148, 148))
    chosen = PALETTES[palette]
    order = 1 if dark else -1
    printed = palette if dark else palette + REVERSED
    if name == "truecolor":
        return ColorTable(
            name, utf8, True, rgb=chosen.scale(LEVELS)[::order], masked=masked, guide=guide, printed=printed
        )
    if name == "256":
        rgb = on_cube(chosen.scale, LEVELS)[::order]
        return ColorTable(name, utf8, True, rgb=rgb, masked=masked, guide=guide, printed=printed)
    if name == "16":
        return ColorTable(name, utf8, False, glyphs=_shaded(chosen.standard[::order]), printed=printed)
    return ColorTable(name, utf8, False, glyphs=tuple((char, PLAIN) for char in ASCII_RAMP), printed=printed)


def _shaded(standard: tuple[RGB, ...]) -> tuple[StyledCell, ...]:
    """Each step from one standard colour to the next in quarters, by shading characters."""
    cells = [
        (shade, Style(color=Color.from_rgb(*high), bgcolor=Color.from_rgb(*low)))
        for low, high in pairwise(standard)
        for shade in SHADES
    ]
    cells.append((" ", Style(bgcolor=Color.from_rgb(*standard[-1]))))
    return tuple(cells)
