"""Every head of one sample at a glance: layers down, heads across, and how even each head's query row is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...records.arrays import Floats
from ...records.axis import Axis
from ...records.statistics import HeadStats
from .heatmap import add_axes, colour_bar, visible_pairs
from .lines import heading
from .pixels import PixelImage, stretch
from .style import DPI, HAIRLINE, INK, QUIET, REWARD, SMALL, colourise, print_style, solid

LEFT, TOP, BOTTOM, SIDE = 0.95, 0.95, 0.3, 1.9  # inches
GAP, ABOVE = 0.18, 0.34
SMALLEST, ROOMY, LARGEST = 0.8, 1.5, 2.2  # of a thumbnail: least, enough for a caption in full, most


def overview_figure(
    matrices: Callable[[int], Floats],
    stats: HeadStats,
    axis: Axis,
    *,
    index: int,
    title: str = "",
    dpi: float = DPI,
) -> Figure:
    """Contact sheet of one sample.

    Args:
        matrices: layer → (H, N, N).
        stats: of the sample, for the captions (H / ln n of the query row).
        index: the sample's number, for the title.
    """
    n_layer, n_head = stats.entropy_norm.shape
    side = min(LARGEST, max(SMALLEST, 12.0 / n_head))
    width = max(LEFT + n_head * (side + GAP) + SIDE, 8.5)
    height = max(TOP + BOTTOM + n_layer * (side + ABOVE), 4.5)
    with print_style():
        figure = Figure(figsize=(width, height), dpi=dpi)
        brief = side < ROOMY
        numbers = " (numbers: H/ln n)" if brief else ""
        heading(figure, f"Every head — sample {index}{numbers}", title, axis)
        for layer in range(n_layer):
            bottom = height - TOP - (layer + 1) * (side + ABOVE) + 0.04
            strip_width = n_head * (side + GAP) - GAP
            axes = add_axes(figure, LEFT, bottom, strip_width, side)
            axes.set_axis_off()
            PixelImage(axes, row_of_heads(matrices(layer), round(side * dpi), round(GAP * dpi)))
            marks(axes, axis, n_head, GAP / side)
            name(figure, LEFT - 0.15, bottom + side / 2, f"L{layer}", ha="right", va="center")
            for head in range(n_head):
                left, above = LEFT + head * (side + GAP), bottom + side + 0.05
                name(figure, left, above, f"H{head}", size=SMALL, color=INK)
                entropy = caption(stats.entropy_norm[layer, head], brief)
                name(figure, left + side, above, entropy, size=SMALL, color=QUIET, ha="right")
        right, bar = LEFT + n_head * (side + GAP) + 0.15, min(height - 2.1, 4.0)
        colour_bar(figure, right, height - TOP - ABOVE - 0.3, bar, len(axis))
    return figure


def row_of_heads(heads: Floats, side: int, gap: int) -> NDArray[np.uint8]:
    """The matrices (H, N, N) of a layer side by side, each `side` pixels square with a white gap between.

    One picture a layer, because an axes for every head costs ten times as much as its pixels.
    """
    visible = visible_pairs(heads)
    white = np.broadcast_to(solid("#ffffff"), (side, gap, 4))
    parts = [part for head in heads for part in (white, stretch(colourise(head, visible), side, side))]
    return np.concatenate(parts[1:], axis=1)


def marks(axes: Axes, axis: Axis, n_head: int, gap: float) -> None:
    """On a row of thumbnails: lines where episodes begin, and below each a bar under every rewarded key.

    Args:
        gap: between two thumbnails, in their widths.
    """
    n, width = len(axis), n_head * (1 + gap) - gap
    lefts = [head * (1 + gap) for head in range(n_head)]
    begins = axis.starts[axis.starts > 0] / n
    lines = [[(left + at, 0.0), (left + at, 1.0)] for left in lefts for at in begins]
    lines += [[(left, 1.0 - at), (left + 1.0, 1.0 - at)] for left in lefts for at in begins]
    axes.set(xlim=(0.0, width), ylim=(0.0, 1.0))
    axes.add_collection(LineCollection(lines, colors=HAIRLINE, linewidths=0.4), autolim=False)
    rewarded = np.flatnonzero(axis.rewarded) / n
    bars = [[(left + at, -0.03), (left + at + 1.0 / n, -0.03)] for left in lefts for at in rewarded]
    axes.add_collection(LineCollection(bars, colors=REWARD, linewidths=2.5, clip_on=False), autolim=False)


def name(figure: Figure, left: float, bottom: float, text: str, **style: Any) -> None:
    """Text at a place given in inches."""
    width, height = figure.get_size_inches()
    figure.text(left / width, bottom / height, text, **style)


def caption(entropy_norm: float, brief: bool) -> str:
    """H / ln n, or nothing where it is undefined; the bare number where there is no room for its name."""
    if not np.isfinite(entropy_norm):
        return ""
    return f"{entropy_norm:.2f}" if brief else f"H/ln n {entropy_norm:.2f}"
