"""Differences as colours: zero in the middle, one hue for each sign, the same size as bright on either side.

Blue is less (more in the first), orange is more (more in the second); on a dark terminal zero is dark, on a light one
light. Where there is no colour the sign is in the character: a A and b B are more in the first and in the second.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from rich.color import Color
from rich.style import Style
from rich.text import Text

from ...records.arrays import Floats
from ...records.colours import RGB
from ...records.plain import to_ascii_cells
from .colors import LEVELS, MASKED, PLAIN, SHADES, ColorTable, StyledCell
from .scales import Levels

ZERO = 15
"""The level of no difference: those below are less, those up to 2·ZERO more."""
LETTERS = "Aa- +bB"
"""Without colours, from most in the first to most in the second."""
BLUE, ORANGE = ((0, 0, 170), (85, 85, 255)), ((170, 85, 0), (255, 85, 85))
"""Values of the standard palette for the two signs, from small to large."""
LESS_CUBE = ((0, 0, 0), (0, 0, 95), (0, 0, 135), (0, 95, 175), (0, 135, 215), (95, 175, 255), (175, 215, 255))
MORE_CUBE = ((0, 0, 0), (95, 0, 0), (135, 0, 0), (175, 95, 0), (215, 135, 0), (255, 175, 95), (255, 215, 175))
"""Of the xterm cube, from zero outwards; as far from it in lightness on either side."""


def diverging_levels(values: Floats, top: float, *, root: bool) -> Levels:
    """Differences (R, C), NaN where masked → levels 0…2·ZERO, MASKED where masked.

    Args:
        top: the size of the first and of the last level; more is told as that.
        root: by the square root of the size, so that small differences show; else linear.
    """
    masked = ~np.isfinite(values)
    share = np.clip(np.where(masked, 0.0, values).astype(np.float64) / (top if top > 0 else 1.0), -1.0, 1.0)
    share = np.sign(share) * np.sqrt(np.abs(share)) if root else share
    levels = np.rint(ZERO * (1.0 + share)).astype(np.uint8)
    levels[masked] = MASKED
    return levels


def diverging(table: ColorTable) -> ColorTable:
    """The same terminal's table for differences."""
    dark = sum(table.masked) < 3 * 128
    name = "ascii" if table.mono else table.name  # grey tells no sign
    return _table(name, table.utf8, dark, table.masked, table.guide)


@cache
def _table(name: str, utf8: bool, dark: bool, masked: RGB, guide: RGB) -> ColorTable:
    if name in ("truecolor", "256"):
        less, more = (_half(stops, exact=name == "256") for stops in (LESS_CUBE, MORE_CUBE))
        if not dark:
            less, more = (_light(half) for half in (less, more))
        rgb = (*less[:0:-1], *more, more[-1])
        return ColorTable(name, utf8, True, rgb=rgb, masked=masked, guide=guide)
    cells = _letters() if name == "ascii" else _shaded()
    glyphs = tuple(cells[_place(level, len(cells))] for level in range(LEVELS))
    return ColorTable(name, utf8, False, glyphs=glyphs, masked=masked, guide=guide)


def _place(level: int, count: int) -> int:
    """Which of an odd number of cells a level takes; ZERO alone takes the middle one."""
    half, level = count // 2, min(level, 2 * ZERO)
    steps = -(-abs(level - ZERO) * half // ZERO)
    return half + (steps if level > ZERO else -steps)


def _half(stops: tuple[RGB, ...], *, exact: bool) -> list[RGB]:
    """ZERO + 1 colours from zero outwards: between the stops, or of the stops alone."""
    at = np.linspace(0, len(stops) - 1, ZERO + 1)
    at = np.ceil(at) if exact else at
    known = np.array(stops, np.float64)
    mixed = np.stack([np.interp(at, np.arange(len(stops)), known[:, channel]) for channel in range(3)], axis=1)
    return [(int(r), int(g), int(b)) for r, g, b in np.rint(mixed)]


def _light(half: list[RGB]) -> list[RGB]:
    """White at zero, the darkest saturated colour at the end."""
    turned = [half[-1 - min(index, ZERO - 3)] for index in range(ZERO + 1)]
    return [(255, 255, 255), *turned[1:]]


def _letters() -> list[StyledCell]:
    return [(letter, PLAIN) for letter in LETTERS]


def _shaded() -> list[StyledCell]:
    """Shading in quarters from black to the dim and then to the bright colour of a sign."""
    sides = []
    for dim, bright in (BLUE, ORANGE):
        steps = [(shade, high, low) for low, high in (((0, 0, 0), dim), (dim, bright)) for shade in SHADES[1:]]
        sides.append(
            [(shade, Style(color=Color.from_rgb(*high), bgcolor=Color.from_rgb(*low))) for shade, high, low in steps]
            + [(" ", Style(bgcolor=Color.from_rgb(*bright)))]
        )
    less, more = sides
    return [*less[::-1], (" ", PLAIN), *more]


def diverging_legends(top: float, table: ColorTable, *, root: bool) -> tuple[Text, ...]:
    """ "sqrt −.31 ███████ +.31": the scale, its ends and its colours, and shorter ways to say it, see `fitted_legend`.

    Args:
        table: the terminal's own.
    """
    scale = "sqrt" if root else "linear"
    levels = (0, 5, 10, ZERO, 20, 25, 2 * ZERO), (0, ZERO, 2 * ZERO)
    return *(_legend(scale, top, table, shown) for shown in levels), Text(scale, end="", no_wrap=True)


def _legend(scale: str, top: float, table: ColorTable, levels: tuple[int, ...]) -> Text:
    colours = diverging(table)
    minus = to_ascii_cells("−", unless=table.utf8)
    text = Text(f"{scale} {minus}{top:.2g} ", end="", no_wrap=True)
    for level in levels:
        text.append(*colours.swatch(level))
    return text.append(f" +{top:.2g}")
