"""One head (or the mean over heads) of one layer and sample: its matrix above its two curves."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ...records.arrays import Floats
from ...records.attention import Attention
from ...records.axis import Axis
from .heatmap import LEFT, MatrixPanel, add_axes, colour_bar, legend, outer_labels, visible_pairs
from .lines import CurvePair, heading
from .style import DPI, WIDTH, colourise, print_style

CURVES, SIDE, TOP = 5.6, 8.2, 0.75  # inches: the curves' part of the height, the matrix, the heading


def head_figure(
    matrices: Floats,
    attention: Attention,
    axis: Axis,
    *,
    index: int,
    layer: int,
    head: int | None,
    title: str = "",
    dpi: float = DPI,
) -> Figure:
    """The figure of what the explorer shows.

    Args:
        matrices: (H, N, N) of the layer; the mask is read off all of its heads.
        head: index from 0, or None for the mean over heads.
    """
    pick = slice(None) if head is None else slice(head, head + 1)
    matrix = matrices[pick].mean(axis=0)
    n = matrix.shape[0]
    height = TOP + 0.75 + SIDE + CURVES
    name = "mean over heads" if head is None else f"head {head}"
    with print_style():
        figure = Figure(figsize=(WIDTH, height), dpi=max(dpi, np.ceil(n / SIDE)))
        heading(figure, f"Attention — layer {layer}, {name}, sample {index}", title, axis)
        axes = add_axes(figure, LEFT, height - TOP - 0.45 - SIDE, SIDE, SIDE)
        panel = MatrixPanel(axes, n, SIDE)
        visible = visible_pairs(matrices)
        panel.contents(colourise(matrix, visible), axis)
        outer_labels(axes, left=True, bottom=True)
        notes, top = LEFT + SIDE + 0.5, height - TOP - 0.45
        colour_bar(figure, notes, top, 4.6, n)
        legend(figure, notes, top - 5.0)
        rows = attention.query_row[layer, pick].mean(axis=0, keepdims=True)
        received = attention.received[layer, pick].mean(axis=0, keepdims=True).astype(np.float32)
        pair = CurvePair(figure, 1, n, height=CURVES)
        pair.contents(rows, received, visible, axis)
        pair.settle()
    return figure
