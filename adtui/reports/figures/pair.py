"""A head of one run and one of another on the same context: both matrices, and the second less the first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...records.arrays import Floats
from ...records.axis import Axis
from .heatmap import LEFT, MatrixPanel, add_axes, colour_bar, legend, outer_labels
from .lines import heading
from .pixels import PixelImage
from .style import DPI, MASKED, TICK, Pixels, colourise, print_style, solid

SIDE, BETWEEN, NOTES = 4.6, 0.5, 3.3  # inches: a matrix, the gap to the next, the colours at the right
TOP, BOTTOM, ABOVE = 0.75, 0.85, 0.66  # inches: the heading, labels below, a panel's own title
DIVERGING = "RdBu_r"
"""Blue where the first attends more, red where the second does, white at zero."""


def pair_figure(
    matrices: Sequence[Floats],
    visible: NDArray[np.bool_],
    axis: Axis,
    *,
    names: Sequence[str],
    heads: Sequence[str],
    index: int,
    title: str = "",
    dpi: float = DPI,
) -> Figure:
    """The figure of two matrices and their difference.

    Args:
        matrices: the first and the second, (N, N) each.
        visible: (N, N) which keys each query sees in either.
        axis: what the N positions are.
        names, heads: of the first and the second, in words.
        index: the sample's number, for the heading.
        title: the contexts, in words.
    """
    first, second = matrices
    n = first.shape[0]
    width, height = LEFT + 3 * (SIDE + BETWEEN) + NOTES, TOP + ABOVE + SIDE + BOTTOM
    apart = np.where(visible, second - first, np.nan)
    with print_style():
        figure = Figure(figsize=(width, height), dpi=max(dpi, np.ceil(n / SIDE)))
        heading(figure, f"Attention side by side — A {heads[0]}, B {heads[1]}, sample {index}", title, axis)
        pictures = [colourise(first, visible), colourise(second, visible), diverging(apart, largest(apart))]
        titles = [f"A  {names[0]}", f"B  {names[1]}", "B − A"]
        for place, (pixels, text) in enumerate(zip(pictures, titles, strict=True)):
            left, bottom = LEFT + place * (SIDE + BETWEEN), height - TOP - ABOVE - SIDE
            axes = add_axes(figure, left, bottom, SIDE, SIDE)
            axes.set_title(_cut(text), x=0.0, y=1.0 + 0.38 / SIDE, ha="left", va="baseline", pad=0.0)
            MatrixPanel(axes, n, SIDE).contents(pixels, axis)
            outer_labels(axes, left=place == 0, bottom=True)
        notes, top = LEFT + 3 * (SIDE + BETWEEN), height - TOP - ABOVE
        colour_bar(figure, notes, top - 0.3, 1.6, n)
        _diverging_bar(figure, notes + 1.9, top - 0.3, 1.6, largest(apart))
        legend(figure, notes, top - 2.25)
    return figure


def largest(apart: NDArray[np.floating]) -> float:
    """The size at both ends of the scale; never 0."""
    sizes = np.abs(apart[np.isfinite(apart)])
    return max(float(sizes.max(initial=0.0)), 1e-6)


def diverging(apart: NDArray[np.floating], top: float) -> Pixels:
    """Differences (R, C) → RGBA pixels: linear, zero in the middle, ± top at the ends; NaN gets the mask's colour."""
    level = np.rint((np.clip(np.nan_to_num(apart) / top, -1, 1) + 1) * 127).astype(np.uint8)  # 0…254: 127 is zero
    pixels: Pixels = np.asarray(colormaps[DIVERGING](np.arange(255) / 254, bytes=True), np.uint8)[level]
    pixels[np.isnan(apart)] = solid(MASKED)
    return pixels


def _diverging_bar(figure: Figure, left: float, top: float, height: float, size: float) -> Axes:
    axes = add_axes(figure, left, top - height, 0.32, height)
    PixelImage(axes, diverging(np.linspace(size, -size, 65)[:, None], size))
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(True)
    axes.set(xticks=[], ylim=(-1.0, 1.0))
    axes.set_yticks([-1.0, 0.0, 1.0], [f"−{size:.2g}", "0", f"+{size:.2g}"])
    axes.yaxis.tick_right()
    axes.set_title("B − A\n(linear)", x=0.0, ha="left", size=TICK, pad=8.0)
    return axes


def _cut(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
