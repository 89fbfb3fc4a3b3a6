"""Colour scales on the xterm cube and on the standard palette, too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...records.colours import RGB, Scale, dusk, ember, triples
from ...records.look import DUSK, EMBER


def on_cube(scale: Scale, levels: int) -> tuple[RGB, ...]:
    """A scale on the xterm colour cube: nearest cube colours, distinct, in order of lightness, spread over levels."""
    steps = np.array((0, 95, 135, 175, 215, 255))
    cube = np.array([(r, g, b) for r in steps for g in steps for b in steps], float)
    lightness = cube @ (0.299, 0.587, 0.114)
    wanted = np.array(scale(3 * levels), float)
    nearest = {int(np.argmin((cube - color) ** 2 @ (2.0, 4.0, 3.0))) for color in wanted}
    distinct = cube[sorted(nearest, key=lambda i: float(lightness[i]))]
    return triples(distinct[np.arange(levels) * len(distinct) // levels])


@dataclass(frozen=True)
class Palette:
    """A colour scale, and as much of it as the standard palette has.

    Attributes:
        scale: number of levels → their colours, darkest first.
        standard: values of Rich's own standard palette in order of lightness, for 16 colours.
    """

    scale: Scale
    standard: tuple[RGB, ...]


PALETTES = {
    EMBER: Palette(ember, ((0, 0, 0), (0, 0, 170), (170, 0, 170), (255, 85, 85), (255, 255, 85), (255, 255, 255))),
    DUSK: Palette(dusk, ((0, 0, 0), (0, 0, 170), (85, 85, 255), (170, 170, 170), (255, 255, 85), (255, 255, 255))),
}
