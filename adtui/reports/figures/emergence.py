"""A timeline as a figure: the return on top, then a panel a measure and layer, with a line a head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ...files.atomic import write
from ...records.provenance import as_text
from ...records.timeline import ENTROPY, RECENCY, REWARD, SHOWN, Point, Timeline
from .heatmap import LEFT, add_axes
from .lines import heading
from .png import Press
from .style import DPI, HAIRLINE, INK, SMALL, WIDTH, head_colours, print_style

TOP, BOTTOM, RIGHT, PANEL, GAP, BETWEEN = 1.1, 0.9, 1.6, 1.9, 0.35, 0.55  # inches
LINES = {ENTROPY: 1.0, RECENCY: 1.0, REWARD: 1.0}
"""What a head without the property has."""
LAYERS = 8
"""Layers that have a column of panels; of more, so many evenly from the first to the last."""


def write_figure(found: Timeline, path: Path, *, dpi: float = DPI) -> Path:
    """The figure as PNG, whole or not at all; equal timelines give equal bytes.

    Raises:
        ExportError: it cannot be written.
    """
    with print_style():
        press = Press(str(found.about["run"]), as_text(found.about.get("provenance")))
        return write(path, press.png(timeline_figure(found, dpi=dpi)))


def timeline_figure(found: Timeline, *, dpi: float = DPI) -> Figure:
    """Return, then entropy, recency and reward lift of every head; a dot where a claim has emerged."""
    points = found.points
    n_layer, n_head = points[-1].effects[ENTROPY].mean.shape
    layers = np.unique(np.rint(np.linspace(0, n_layer - 1, LAYERS)).astype(int)).tolist()
    rows = (["returns"] if any(point.returns for point in points) else []) + list(SHOWN)
    height = TOP + BOTTOM + len(rows) * PANEL + (len(rows) - 1) * BETWEEN
    width = (WIDTH - LEFT - RIGHT - (len(layers) - 1) * GAP) / len(layers)
    colours = head_colours(n_head)
    with print_style():
        figure = Figure(figsize=(WIDTH, height), dpi=dpi)
        heading(figure, "Training, checkpoint by checkpoint", _about(found), None)
        for row, name in enumerate(rows):
            bottom = height - TOP - (row + 1) * PANEL - row * BETWEEN
            if name == "returns":
                _returns(add_axes(figure, LEFT, bottom, WIDTH - LEFT - RIGHT, PANEL), found)
                continue
            for column, layer in enumerate(layers):
                axes = add_axes(figure, LEFT + column * (width + GAP), bottom, width, PANEL)
                _heads(axes, found, name, layer, colours)
                if column == 0:
                    axes.set_ylabel(SHOWN[name], size=SMALL)
                axes.tick_params(labelleft=column == 0, which="both")
                if row == len(rows) - 1:
                    axes.set_xlabel("step")
                axes.set_title(f"layer {layer}", loc="left", size=SMALL)
        handles = [Line2D([], [], color=colour, label=f"head {head}") for head, colour in enumerate(colours)]
        corner = (1.0 - (RIGHT - 0.2) / WIDTH, 1.0 - TOP / height)
        figure.legend(handles=handles[:24], loc="upper left", bbox_to_anchor=corner, fontsize=SMALL)
    return figure


def _about(found: Timeline) -> str:
    about = found.about
    parts = [str(about["run"]), f"{len(found.points)} checkpoints", f"{about['contexts']} contexts: {about['source']}"]
    return " · ".join([*parts, f"mark {about['mark']}", "dots: a claim holds from here on"])


def _returns(axes: Axes, found: Timeline) -> None:
    told = [(point.step, point.returns) for point in found.points if point.returns is not None]
    steps = [step for step, _ in told]
    last = [one.last for _, one in told]
    axes.fill_between(steps, [one.low for one in last], [one.high for one in last], color=HAIRLINE, alpha=0.5, lw=0)
    axes.plot(steps, [one.mean for one in last], color=INK, marker="o", markersize=3.5)
    axes.plot(steps, [one.first.mean for _, one in told], color=INK, linestyle=":", linewidth=1.2)
    for value in (found.random, found.optimal):
        if value is not None:
            axes.axhline(value, color=HAIRLINE, linewidth=0.9, zorder=0)
    axes.set_ylim(bottom=0)
    _steps(axes, found.points)
    axes.set_ylabel("return", size=SMALL)
    title = (
        f"in-context return: last {told[-1][1].episodes} episodes, 95 %; dotted: first episode; lines: random, optimal"
    )
    axes.set_title(title, loc="left", size=SMALL)


def _heads(axes: Axes, found: Timeline, name: str, layer: int, colours: list[str]) -> None:
    points = found.points
    steps = [point.step for point in points]
    for head, colour in enumerate(colours):
        axes.plot(steps, [point.effects[name].mean[layer, head] for point in points], color=colour, linewidth=1.3)
    axes.axhline(LINES[name], color=HAIRLINE, linewidth=0.9, zorder=0)
    for one in found.emergences:
        if (one.kind, one.layer) == (name, layer):
            at = next(point for point in points if point.step == one.step)
            axes.plot([one.step], [at.effects[name].mean[layer, one.head]], "o", color=colours[one.head], markersize=7)
    if name == ENTROPY:
        axes.set_ylim(0, 1.02)
    else:
        axes.set_yscale("log")
        axes.set_ylim(*_limits(points, name))
        axes.yaxis.set_major_locator(LogLocator(numticks=5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    _steps(axes, points)


def _limits(points: tuple[Point, ...], name: str) -> tuple[float, float]:
    """Of a ratio in all layers, the same for each."""
    values = np.concatenate([point.effects[name].mean.ravel() for point in points])
    values = values[np.isfinite(values) & (values > 0)]
    low, high = (float(values.min()), float(values.max())) if values.size else (1.0, 1.0)
    return min(low, 0.8) / 1.1, max(high, 1.25) * 1.1


def _steps(axes: Axes, points: tuple[Point, ...]) -> None:
    low, high = points[0].step, points[-1].step
    axes.set_xlim(low - 0.5 * (low == high), high + 0.5 * (low == high))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
