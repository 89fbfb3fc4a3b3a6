"""What a compressor's latents were made from: rounds down, heads across, one layer and sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ...records.arrays import Floats
from ...records.axis import Axis
from ...records.layout import LATENT
from .heatmap import add_axes, colour_bar
from .lines import heading
from .overview import name
from .pixels import PixelImage
from .style import DPI, HAIRLINE, QUIET, SMALL, colourise, print_style

LEFT, TOP, BOTTOM, SIDE = 0.95, 1.25, 0.55, 1.9  # inches
WIDE, HIGH, GAP, ABOVE = 3.2, 1.5, 0.25, 0.42


def compressor_figure(
    crosses: Sequence[Floats], keys: Sequence[Axis], *, index: int, layer: int, title: str = "", dpi: float = DPI
) -> Figure:
    """Cross-attention of one layer of the compressor in every round.

    Args:
        crosses: per round (H, m, K) attention of the latents to the round's keys; rows sum to 1.
        keys: per round what the K keys are.
        index: the sample's number, for the title.
    """
    n_head = crosses[0].shape[0]
    width = LEFT + n_head * (WIDE + GAP) + SIDE
    height = max(TOP + BOTTOM + len(crosses) * (HIGH + ABOVE), 4.5)
    with print_style():
        figure = Figure(figsize=(width, height), dpi=max(dpi, np.ceil(max(len(axis) for axis in keys) / WIDE)))
        heading(figure, f"What the latents were made from — compressor layer {layer}, sample {index}", title, keys[0])
        for number, (cross, axis) in enumerate(zip(crosses, keys, strict=True)):
            bottom = height - TOP - (number + 1) * (HIGH + ABOVE) + 0.1
            upright = {"ha": "center", "va": "center", "rotation": 90}
            name(figure, LEFT - 0.6, bottom + HIGH / 2, f"round {number}: latent", **upright)
            name(figure, LEFT, bottom - 0.2, f"keys: {caption(axis)}", size=SMALL, color=QUIET)
            for head in range(n_head):
                left = LEFT + head * (WIDE + GAP)
                axes = add_axes(figure, left, bottom, WIDE, HIGH)
                m, K = cross[head].shape
                PixelImage(axes, colourise(cross[head]))
                axes.set(xlim=(-0.5, K - 0.5), ylim=(m - 0.5, -0.5), yticks=range(0, m, max(1, m // 4)))
                axes.set_xticks([])
                if head:
                    axes.set_yticklabels([])
                for at in axis.starts.tolist():
                    if at:
                        axes.axvline(at - 0.5, color=HAIRLINE, linewidth=0.8)
                if number == 0:
                    name(figure, left, bottom + HIGH + 0.22, f"Head {head}")
        right, bar = LEFT + n_head * (WIDE + GAP) + 0.15, min(height - 2.1, 4.0)
        colour_bar(figure, right, height - TOP - ABOVE, bar, len(keys[0]))
    return figure


def caption(axis: Axis) -> str:
    """What the keys are: "12 latents, then transitions 19 to 33 (ep 8 to 9)"."""
    latents, seen = int((axis.layout.kind == LATENT).sum()), axis.layout.visible
    steps = f"transitions {seen[0]} to {seen[-1]}"
    episodes = axis.episode[axis.starts]
    first, last = int(episodes[0]), int(episodes[-1])
    where = f"ep {first}" if first == last else f"ep {first} to {last}"
    return f"{latents} latents, then {steps} ({where})" if latents else f"{steps} ({where})"
