"""All heads of one layer as heatmaps with one colour scale.

A page is laid out and drawn once for its shape; each sample and layer then draws only what is its own over a copy of
that frame, which halves the cost of a figure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from numpy.typing import NDArray

from ...records.arrays import Floats
from ...records.axis import Axis
from ...records.look import PNG, ROW, SCALE_NAMES
from ...records.weight_scale import bounds
from .pixels import PixelImage
from .png import Press
from .style import (
    DPI,
    HAIRLINE,
    INK,
    MASKED,
    QUIET,
    REWARD,
    SMALL,
    TICK,
    TITLE,
    WIDTH,
    colour_position,
    colourise,
    colours_at,
    look,
    print_style,
)
from .timeline import QUERY_ARROW, mark_episodes, mark_query, mark_rewards, name_episodes, position_ticks

LEFT, BETWEEN, SIDE = 0.95, 0.45, 2.75  # inches: labels at the left, gap between columns, notes at the right
GLYPH = 0.58  # width of an average sign over its size, in DejaVu Sans
TOP, BOTTOM, ABOVE = 0.75, 0.80, 0.66  # inches: title, labels below, room for each panel's own title
APART = 0.06  # of the colour bar, between two of its numbers
_TICKS = (0.0, 0.001, 0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0)


def visible_pairs(matrices: Floats) -> NDArray[np.bool_]:
    """Which (query, key) pairs the model's mask lets through, (N, N), read off the weights (H, N, N) themselves.

    A masked weight is exactly 0 in every head. Below the diagonal that is taken for a genuine zero.
    """
    hidden = ~np.any(matrices, axis=0)
    visible: NDArray[np.bool_] = ~np.triu(hidden, 1)
    return visible


def uniform_received(visible: NDArray[np.bool_]) -> Floats:
    """What each key would receive, (N,), per query that sees it, if every query spread its attention evenly.

    Under a causal mask early keys get more, because the queries that see few keys all see them.
    """
    seen_by = np.maximum(visible.sum(axis=0), 1)
    share = visible / np.maximum(visible.sum(axis=1, keepdims=True), 1)
    received: Floats = (share.sum(axis=0) / seen_by).astype(np.float32)
    return received


class MatrixPanel:
    """One attention matrix on axes of `side` inches: a frame that stays, and contents that change."""

    def __init__(self, axes: Axes, n_tokens: int, side: float) -> None:
        self.axes, self.side = axes, side
        axes.set(xlim=(-0.5, n_tokens - 0.5), ylim=(n_tokens - 0.5, -0.5))
        axes.set(xticks=position_ticks(n_tokens), yticks=position_ticks(n_tokens))
        axes.patch.set_visible(False)
        axes.spines[["top", "right"]].set_visible(True)
        self._changing: list[Artist] = []

    def contents(self, pixels: NDArray[np.uint8], axis: Axis) -> list[Artist]:
        """Replace the contents by an image and the marks of its tokens; returns them with what lies on top."""
        for artist in self._changing:
            artist.remove()
        before = set(self.axes.get_children())
        PixelImage(self.axes, pixels)
        mark_episodes(self.axes, axis, colour=HAIRLINE, both=True)
        mark_rewards(self.axes, axis, self.side)
        name_episodes(self.axes, axis, self.side, self.side)
        mark_query(self.axes, axis.read)
        self._changing = [child for child in self.axes.get_children() if child not in before]
        return [*self._changing, *self.axes.spines.values()]


class HeatmapPage:
    """The figure of all heads of one layer, for any sample and layer of this shape.

    Args:
        n_head, n_tokens: the shape H and N of the matrices.
        dpi: raised where N cells would not get a pixel each.
    """

    def __init__(self, n_head: int, n_tokens: int, *, dpi: float = DPI) -> None:
        self.n_head, self.n_tokens = n_head, n_tokens
        with print_style():
            rows, columns = -(-n_head // 2), min(n_head, 2)
            height = max(10.0, TOP + BOTTOM + rows * (ABOVE + 3.6))
            side = min((height - TOP - BOTTOM) / rows - ABOVE, (WIDTH - LEFT - SIDE) / columns - BETWEEN)
            width = LEFT + columns * (side + BETWEEN) + SIDE  # no wider than what is in it
            self.figure = Figure(figsize=(width, height), dpi=max(dpi, np.ceil(n_tokens / side)))
            self.heading = Heading(self.figure)
            self.panels = []
            for head in range(n_head):
                row, column = divmod(head, columns)
                left, bottom = LEFT + column * (side + BETWEEN), height - TOP - (row + 1) * (ABOVE + side)
                axes = add_axes(self.figure, left, bottom, side, side)
                axes.set_title(f"Head {head}", x=0.0, y=1.0 + 0.38 / side, ha="left", va="baseline", pad=0.0)
                outer_labels(axes, left=column == 0, bottom=head + columns >= n_head)
                self.panels.append(MatrixPanel(axes, n_tokens, side))
            notes, top, bar = LEFT + columns * (side + BETWEEN) + 0.1, height - TOP - ABOVE, min(side, 4.0)
            colour_bar(self.figure, notes, top, bar, n_tokens)
            legend(self.figure, notes, top - bar - 0.35)
        self._frame: NDArray[np.uint8] | None = None

    def page(self, press: Press, matrices: Floats, axis: Axis, *, index: int, layer: int, title: str = "") -> bytes:
        """The file of one sample and layer.

        Args:
            matrices: (H, N, N), [head, query, key]; rows sum to 1.
            axis: the sample's tokens, for episodes and rewards.
            index: the sample's number, for the title.
            title: the run, in words.
        """
        visible = visible_pairs(matrices)
        with print_style(press.look):
            if self._frame is None and press.look.format == PNG:
                self._frame = press.frame(self.figure)
            changing: list[Artist] = list(
                self.heading.say(f"Attention of every head — layer {layer}, sample {index}", title, axis)
            )
            for panel, matrix in zip(self.panels, matrices, strict=True):
                changing += panel.contents(colourise(matrix, visible), axis)
            if self._frame is None:
                return press.page(self.figure)
            return press.png_over(self._frame, self.figure, changing)


class Heading:
    """Title of a figure and, in grey below it, the run, its contexts and the sample. Animated: not part of a frame."""

    def __init__(self, figure: Figure, left: float = LEFT) -> None:
        width, height = (float(side) for side in figure.get_size_inches())
        place: dict[str, Any] = {"va": "baseline", "animated": True}
        self.title = figure.text(left / width, 1.0 - 0.32 / height, "", size=TITLE, weight="bold", **place)
        self._room = 72 * (width - left) / GLYPH
        self.below = figure.text(left / width, 1.0 - 0.60 / height, "", size=SMALL, color=QUIET, **place)

    def say(self, text: str, title: str, axis: Axis | None) -> tuple[Text, Text]:
        """Set both lines; the lower one is smaller where it would not fit: its end says which sample this is."""
        if not look().titles:
            return self.title, self.below
        self.title.set_text(text)
        below = " · ".join(part for part in (title, axis.sample.label if axis is not None else "") if part)
        self.below.set_text(below)
        self.below.set_fontsize(min(SMALL, self._room / max(1, len(below))))
        return self.title, self.below


def add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place given in inches, snapped to whole pixels so that cells and lines meet."""
    across, up = figure.get_size_inches()
    dpi = figure.dpi
    snapped = [round(inches * dpi) / dpi for inches in (left, bottom, width, height)]
    return figure.add_axes((snapped[0] / across, snapped[1] / up, snapped[2] / across, snapped[3] / up))


def outer_labels(axes: Axes, *, left: bool, bottom: bool) -> None:
    """Name the axes; panels inside the grid share the names of the outer ones."""
    axes.tick_params(labelleft=left, labelbottom=bottom)
    if left:
        axes.set_ylabel("Query position")
    if bottom:
        axes.set_xlabel("Key position")


def colour_bar(figure: Figure, left: float, top: float, height: float, n_keys: int) -> None:
    """The colour scale of rows of `n_keys` keys, upright, its top left corner at the given inches."""
    chosen = look()
    axes = add_axes(figure, left, top - height, 0.32, height)
    PixelImage(axes, colours_at(np.linspace(1.0, 0.0, 64)[:, None]))
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(True)
    axes.set(xticks=[], ylim=(0.0, 1.0))
    ticks = scale_ticks(n_keys)
    axes.set_yticks([at for at, _ in ticks], [f"{weight:.3g}" for _, weight in ticks])
    axes.yaxis.tick_right()
    of = "share of the\nrow's largest" if chosen.scale == ROW else f"attention\n({SCALE_NAMES[chosen.scale]} scale)"
    # Written across: upright text would make every pixel row of the figure differ from the one above.
    axes.set_title(of, x=0.0, ha="left", size=TICK, pad=8.0)


def scale_ticks(n_keys: int) -> list[tuple[float, float]]:
    """(place, weight) from both ends of the colour scale to round weights between, none too near another."""
    chosen = look()
    low, high = bounds(chosen.scale, chosen.top, n_keys)
    if chosen.scale == ROW:
        return [(share, share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    found: list[tuple[float, float]] = []
    for weight in (low, high, *(tick for tick in _TICKS if low < tick < high)):
        at = float(colour_position(np.array([[weight]]), n_keys)[0, 0])
        if all(abs(at - other) >= APART for other, _ in found):
            found.append((at, weight))
    return found


def legend(figure: Figure, left: float, top: float) -> None:
    """What the marks mean, its top left corner at the given inches."""
    marks: list[Any] = [
        Patch(facecolor=MASKED, edgecolor=INK, linewidth=0.4, label="masked: the query\ncannot see this key"),
        Line2D([], [], label="query that decides\nthe action", **QUERY_ARROW),
        Patch(facecolor=REWARD, label="rewarded transition"),
        Line2D([], [], color=HAIRLINE, linewidth=1.2, label="episode boundary"),
    ]
    width, height = figure.get_size_inches()
    figure.legend(
        handles=marks,
        loc="upper left",
        bbox_to_anchor=(left / width, top / height),
        borderpad=0.0,
        borderaxespad=0.0,
        handlelength=1.2,
        labelspacing=0.8,
        labelcolor=INK,
    )
