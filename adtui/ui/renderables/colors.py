"""Colour tables: from a level (0..31) or a special pixel to the character and style of one cell.

Four tables, by what the terminal can show: 32 colours, the same on the xterm 6×6×6 cube, 16 colours with shading
characters, and an ASCII ramp. All colours are given as RGB, because Textual turns named colours into RGB of its theme
before Rich reduces them to what the terminal has; values of the target palette survive that round trip unchanged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import numpy as np
from rich.color import Color
from rich.style import Style

LEVELS = 32
"""Number of levels of a colour scale; more are hard to tell apart and cost bytes on a slow line."""

# Codes of a pixel, all in one uint8: 0..31 is a level, 64 + level is that level under the cursor.
CURSOR = 64
CURSOR_MASKED = 252
OUTSIDE = 253
GUIDE = 254
MASKED = 255

RGB = tuple[int, int, int]
StyledCell = tuple[str, Style]

ASCII_RAMP = " .:-=+*#%@"
ASCII_MASKED = "'"
ASCII_GUIDE = "_"
SHADES = " ░▒▓"

# The colours of the 16-colour table in order of lightness, with the values of Rich's own standard palette.
STANDARD: tuple[RGB, ...] = ((0, 0, 0), (0, 0, 170), (170, 0, 170), (255, 85, 85), (255, 255, 85), (255, 255, 255))
CURSOR_RGB: RGB = (0, 255, 255)
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
    """

    name: str
    utf8: bool
    half_blocks: bool
    rgb: tuple[RGB, ...] = ()
    glyphs: tuple[StyledCell, ...] = ()
    masked: RGB = (48, 48, 48)
    guide: RGB = (88, 88, 88)
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


def choose_table(color_system: str | None, utf8: bool, dark: bool = True) -> ColorTable:
    """The best table for a terminal.

    Args:
        color_system: Rich's name of what the terminal can show: "truecolor", "256", "standard", "windows" or None.
        utf8: whether the terminal shows UTF-8.
        dark: whether the pane's background is dark; masked pixels stay close to it.
    """
    if not utf8 or color_system is None:
        return _table("ascii", utf8, dark)
    return _table({"truecolor": "truecolor", "256": "256"}.get(color_system, "16"), utf8, dark)


def utf8_terminal(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the locale promises UTF-8. Python's own stdout says UTF-8 even in the C locale, so it can't be asked."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if value := environ.get(name):
            return "utf" in value.lower()
    return False


@cache
def _table(name: str, utf8: bool, dark: bool) -> ColorTable:
    masked, guide = ((48, 48, 48), (88, 88, 88)) if dark else ((198, 198, 198), (148, 148, 148))
    if name == "truecolor":
        return ColorTable(name, utf8, True, rgb=ember(LEVELS), masked=masked, guide=guide)
    if name == "256":
        return ColorTable(name, utf8, True, rgb=cube_ember(LEVELS), masked=masked, guide=guide)
    if name == "16":
        return ColorTable(name, utf8, False, glyphs=_shaded())
    return ColorTable(name, utf8, False, glyphs=tuple((char, PLAIN) for char in ASCII_RAMP))


def _shaded() -> tuple[StyledCell, ...]:
    """Each step from one standard colour to the next in quarters, by shading characters."""
    cells = [
        (shade, Style(color=Color.from_rgb(*high), bgcolor=Color.from_rgb(*low)))
        for low, high in pairwise(STANDARD)
        for shade in SHADES
    ]
    cells.append((" ", Style(bgcolor=Color.from_rgb(*STANDARD[-1]))))
    return tuple(cells)


def ember(levels: int) -> tuple[RGB, ...]:
    """Black, violet, red, orange, pale yellow, with lightness rising evenly in OKLab (Ottosson 2020).

    Where a colour lies outside sRGB its chroma is reduced, never its lightness.
    """
    t = np.linspace(0.0, 1.0, levels)
    lightness = 0.10 + 0.87 * t
    hue = np.radians(np.interp(t, (0.0, 0.3, 0.55, 0.8, 1.0), (285.0, 315.0, 382.0, 422.0, 468.0)))
    chroma = np.interp(t, (0.0, 0.15, 0.45, 0.75, 1.0), (0.03, 0.12, 0.19, 0.16, 0.09))
    for _ in range(40):
        rgb = _oklab_to_linear(lightness, chroma * np.cos(hue), chroma * np.sin(hue))
        outside = ((rgb < -1e-4) | (rgb > 1.0001)).any(axis=1)
        chroma = np.where(outside, chroma * 0.95, chroma)
    rgb = np.clip(rgb, 0.0, 1.0)
    encoded = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return _triples(np.rint(encoded * 255))


def cube_ember(levels: int) -> tuple[RGB, ...]:
    """`ember` on the xterm colour cube: nearest cube colours, distinct, in order of lightness, spread over levels."""
    steps = np.array((0, 95, 135, 175, 215, 255))
    cube = np.array([(r, g, b) for r in steps for g in steps for b in steps], float)
    lightness = cube @ (0.299, 0.587, 0.114)
    wanted = np.array(ember(3 * levels), float)
    nearest = {int(np.argmin((cube - color) ** 2 @ (2.0, 4.0, 3.0))) for color in wanted}
    distinct = cube[sorted(nearest, key=lambda i: float(lightness[i]))]
    return _triples(distinct[np.arange(levels) * len(distinct) // levels])


def _triples(rows: np.ndarray) -> tuple[RGB, ...]:
    return tuple((int(r), int(g), int(b)) for r, g, b in rows)


def _oklab_to_linear(lightness: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """OKLab -> linear sRGB, (K,) each -> (K, 3); the matrices are Ottosson's."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return np.stack(
        [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ],
        axis=1,
    )
