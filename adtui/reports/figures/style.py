"""How a printed figure looks: fonts, colours, the one colour scale of all attention, and settings nobody can change.

Sizes suit a 14-inch figure that a paper shrinks to its 6.5-inch text width: 13 pt here is 6 pt there.
"""

from __future__ import annotations

import contextlib
import functools
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# matplotlib writes a font cache on first import; a server's read-only home must not cost the user a warning per export.
os.environ.setdefault("MPLBACKEND", "agg")

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from ...records.arrays import Doubles, Floats
from ...records.colours import BY_NAME
from ...records.look import REVERSED, USUAL, Look
from ...records.weight_scale import positions

Pixels = NDArray[np.uint8]

DPI = 300.0
WIDTH = 14.0

TITLE, LABEL, TICK, SMALL = 17.0, 15.0, 13.0, 11.5

INK = "#1a1a1a"
QUIET = "#6b6b6b"
HAIRLINE = "#b9b9b9"
QUERY = "#c2185b"
REWARD = "#e08a00"
MASKED = "#e4e4e8"

# Okabe and Ito's palette without its yellow (unreadable on white) and its orange (rewards wear it).
_HEADS = ("#0072b2", "#d1495b", "#009e73", "#8e5ea2", "#56b4e9", "#7a5c3e", "#cc79a7", "#4d4d4d")

_SETTINGS: Any = {
    "font.family": ["DejaVu Sans"],  # ships with matplotlib: the same glyphs on every machine
    "font.size": TICK,
    "axes.titlesize": LABEL,
    "axes.labelsize": LABEL,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.labelsize": TICK,
    "ytick.labelsize": TICK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": TICK,
    "lines.solid_capstyle": "butt",
    "lines.solid_joinstyle": "round",
}


_active = 0
_look: ContextVar[Look] = ContextVar("look", default=USUAL)


def look() -> Look:
    """What has been chosen for the figures that are being made."""
    return _look.get()


@contextmanager
def print_style(chosen: Look | None = None) -> Iterator[None]:
    """matplotlib's own defaults plus ours, whatever the user's matplotlibrc says; everything is put back on leaving.

    Entering costs 15 ms, so whoever makes many figures enters once around them all; inner uses then cost nothing.

    Args:
        chosen: how attention looks meanwhile; None leaves it as it is.
    """
    global _active
    with contextlib.ExitStack() as stack:
        if chosen is not None:
            stack.callback(_look.reset, _look.set(chosen))
        if not _active:
            stack.enter_context(mpl.rc_context())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                mpl.rcdefaults()
            mpl.rcParams.update(_SETTINGS)
        _active += 1
        try:
            yield
        finally:
            _active -= 1


def head_colours(n_head: int) -> list[str]:
    """One colour per head; beyond the eight told apart by name, steps along a colour map."""
    if n_head <= len(_HEADS):
        return list(_HEADS[:n_head])
    steps = np.linspace(0.0, 0.92, n_head)
    return [mpl.colors.to_hex(colour) for colour in mpl.colormaps["turbo"](steps)]


def colour_position(weight: Floats | Doubles, n_keys: int) -> Doubles:
    """Place of attention weights (R, C) on the colour scale, in [0, 1].

    The usual scale runs from 0 to 1 in every figure, so that heads, layers and samples compare; the cube root keeps the
    uniform share 1/n apart from zero while single spikes still stand out.
    """
    chosen = look()
    return np.clip(positions(weight, chosen.scale, n_keys, chosen.top), 0.0, 1.0)


def colourise(weights: Floats, visible: NDArray[np.bool_] | None = None) -> Pixels:
    """Attention weights (R, C) → RGBA pixels (R, C, 4); keys that the query cannot see get the colour of the mask."""
    pixels = colours_at(colour_position(weights, weights.shape[-1]))
    masked = np.isnan(weights) if visible is None else ~visible | np.isnan(weights)
    pixels[masked] = solid(MASKED)
    return pixels


def colours_at(place: Doubles) -> Pixels:
    """Places in [0, 1] (R, C) → RGBA pixels (R, C, 4)."""
    return _colour_table(look().colours)[np.rint(place * 255.0).astype(np.uint8)]


@functools.cache
def _colour_table(name: str) -> Pixels:
    own = BY_NAME.get(name.removesuffix(REVERSED))
    if own is None:
        return np.asarray(mpl.colormaps[name](np.arange(256), bytes=True), np.uint8)
    table = np.full((256, 4), 255, np.uint8)
    table[:, :3] = own(256)[:: -1 if name.endswith(REVERSED) else 1]
    return table


def solid(colour: str) -> Pixels:
    """One colour as an RGBA pixel (4,)."""
    return np.asarray(np.rint(np.multiply(mpl.colors.to_rgba(colour), 255.0)), np.uint8)
