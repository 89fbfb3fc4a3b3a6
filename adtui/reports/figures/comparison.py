"""Learning curves of several runs on one axis, as a figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...records.comparison import Row
from .heatmap import LEFT, add_axes
from .lines import heading
from .style import DPI, HAIRLINE, INK, WIDTH, head_colours, print_style
from .trials import BANDS, BOTTOM, HEIGHT, RIGHT, TOP, curve, legend


def curves_figure(rows: Sequence[Row], *, dpi: float = DPI) -> Figure:
    """Return per episode of `rows`, which were rolled out on the same tasks; their intervals where they are few."""
    learned = [row.learned for row in rows if row.learned is not None]
    with print_style():
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=dpi)
        one = learned[0]
        heading(figure, "Return per episode", f"{one.where}, 95 % intervals over tasks", None)
        axes = add_axes(figure, LEFT, BOTTOM, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)
        colours = head_colours(len(learned))
        for number, (row, colour) in enumerate(zip(learned, colours, strict=True)):
            curve(axes, row.episodes, colour, 2.0 if number == 0 else 1.6, "solid", band=len(learned) <= BANDS)
        axes.axhline(one.optimal, color=INK, linewidth=1.2, linestyle=(0, (6, 3)))
        axes.axhline(one.random, color=HAIRLINE, linewidth=1.6)
        axes.set_ylim(0.0, max(one.optimal * 1.05, 1e-3))
        axes.set_xlabel("Episode")
        axes.set_ylabel("Return")
        handles = [
            Line2D([], [], color=colour, linewidth=1.8, label=f"#{row.number} {row.label[:32]}")
            for row, colour in zip(rows, colours, strict=True)
        ]
        handles.append(Line2D([], [], color=INK, linewidth=1.2, linestyle=(0, (6, 3)), label="best possible"))
        handles.append(Line2D([], [], color=HAIRLINE, linewidth=1.6, label="random actions"))
        legend(figure, handles, HEIGHT)
        return figure
