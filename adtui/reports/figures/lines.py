"""Two curves over the tokens of one sample: where the query looks, and how much attention each token receives.

Laid out and drawn once for a shape, like `heatmap.HeatmapPage`: half of a figure's cost is its text, most of which
never changes.
"""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ...records.arrays import Floats
from ...records.attention import Attention
from ...records.axis import Axis
from ...records.look import PNG
from .heatmap import LEFT, Heading, add_axes, uniform_received
from .png import Press
from .style import DPI, HAIRLINE, INK, QUERY, QUIET, REWARD, SMALL, WIDTH, head_colours, print_style
from .timeline import mark_episodes, mark_rewards, name_episodes, position_ticks

HEIGHT, TOP, BOTTOM, GAP = 6.0, 1.40, 1.20, 0.95  # inches
QUERY_TITLE = "Attention of the query on each token"
RECEIVED_TITLE = "Attention received, mean over queries"  # as long as a panel of 5.9 inches allows
NAMED_HEADS, ENTRIES_A_LINE = 8, 8  # what fits below the curves: two lines of the legend


class CurvePanel:
    """Curves over the tokens: one per head, thin, and where there are several their mean, thick."""

    def __init__(self, figure: Figure, left: float, bottom: float, size: tuple[float, float], n_tokens: int) -> None:
        self.size, self.n_tokens = size, n_tokens
        self.axes: Axes = add_axes(figure, left, bottom, *size)
        self.axes.set(xlim=(-0.5, n_tokens - 0.5), xticks=position_ticks(n_tokens), xlabel="Key position")
        self.axes.yaxis.set_animated(True)
        self._changing: list[Artist] = []

    def title(self, text: str) -> None:
        """The panel's title, above the names of the episodes."""
        self.axes.set_title(text, loc="left", y=1.0 + 0.42 / self.size[1], pad=0.0)

    def contents(self, values: Floats, uniform: Floats, axis: Axis) -> list[Artist]:
        """Replace the curves (H, N), what even attention would give (N,), and the marks of the tokens.

        Returns what is new and the scale, to be drawn over the frame.
        """
        for artist in self._changing:
            artist.remove()
        before = set(self.axes.get_children())
        n_head, n = values.shape
        positions, several = np.arange(n), n_head > 1
        for row, colour in zip(values, head_colours(n_head), strict=True):
            self.axes.plot(positions, row, color=colour, linewidth=0.9 if several else 1.8)
        if several:
            self.axes.plot(positions, values.mean(axis=0), color=INK, linewidth=2.2)
        self.axes.plot(positions, uniform, color=QUIET, linewidth=1.1, linestyle=(0, (4, 3)))
        if axis.query is not None:
            self.axes.axvline(axis.query, color=QUERY, linewidth=1.0)
        highest = max(float(values.max()), float(uniform.max()))
        self.axes.set(xlim=(-0.5, n - 0.5), ylim=(0.0, highest * 1.08))
        mark_episodes(self.axes, axis, colour=HAIRLINE)
        mark_rewards(self.axes, axis, self.size[1])
        name_episodes(self.axes, axis, self.size[1], self.size[0])
        self._changing = [child for child in self.axes.get_children() if child not in before]
        return [*self._changing, self.axes.yaxis]


class CurvePair:
    """Left the query's curves, right the attention received, in the lowest `height` inches of a figure."""

    def __init__(self, figure: Figure, n_head: int, n_tokens: int, height: float = HEIGHT) -> None:
        size = ((WIDTH - LEFT - GAP - 0.3) / 2, height - TOP - BOTTOM)
        self.query = CurvePanel(figure, LEFT, BOTTOM, size, n_tokens)
        self.query.title(QUERY_TITLE)
        self.received = CurvePanel(figure, LEFT + size[0] + GAP, BOTTOM, size, n_tokens)
        self.received.title(RECEIVED_TITLE)
        entries = handles(n_head)
        figure.legend(
            handles=entries,
            loc="lower center",
            bbox_to_anchor=(0.5, 0.1 / float(figure.get_size_inches()[1])),
            ncols=len(entries) if len(entries) <= ENTRIES_A_LINE else -(-len(entries) // 2),
            fontsize=SMALL,
            handlelength=1.4,
            columnspacing=1.4,
            borderaxespad=0.0,
        )

    def contents(self, query_rows: Floats, received: Floats, visible: NDArray[np.bool_], axis: Axis) -> list[Artist]:
        """Replace the curves, both (H, N), under the mask `visible` (N, N)."""
        even = np.full(visible.shape[0], 1.0 / visible[axis.read].sum(), np.float32)
        left = self.query.contents(query_rows, even, axis)
        return [*left, *self.received.contents(received, uniform_received(visible), axis)]

    def settle(self) -> None:
        """Make all of it part of the figure's own drawing, for a figure that has no variants."""
        for panel in (self.query, self.received):
            panel.axes.yaxis.set_animated(False)


class LinesPage:
    """The two curves of one layer, for any sample and layer of this shape."""

    def __init__(self, n_head: int, n_tokens: int, *, dpi: float = DPI) -> None:
        self.n_tokens = n_tokens
        with print_style():
            self.figure = Figure(figsize=(WIDTH, HEIGHT), dpi=dpi)
            self.heading = Heading(self.figure)
            self.pair = CurvePair(self.figure, n_head, n_tokens)
        self._frame: NDArray[np.uint8] | None = None

    def page(
        self,
        press: Press,
        attention: Attention,
        visible: NDArray[np.bool_],
        axis: Axis,
        *,
        index: int,
        layer: int,
        title: str = "",
    ) -> bytes:
        """The file of one sample and layer.

        Args:
            attention: of the sample; its query rows and attention received.
            visible: (N, N), which keys each query can see (`heatmap.visible_pairs`).
            index: the sample's number, for the title.
            title: the run, in words.
        """
        with print_style(press.look):
            if self._frame is None and press.look.format == PNG:
                self._frame = press.frame(self.figure)
            heading = self.heading.say(f"Attention over the context — layer {layer}, sample {index}", title, axis)
            received = attention.received[layer].astype(np.float32)
            curves = self.pair.contents(attention.query_row[layer], received, visible, axis)
            if self._frame is None:
                return press.page(self.figure)
            return press.png_over(self._frame, self.figure, [*heading, *curves])


def handles(n_head: int) -> list[Line2D]:
    """What the curves and marks mean, for the legend."""
    heads = [
        Line2D([], [], color=colour, linewidth=1.2, label=f"head {head}")
        for head, colour in enumerate(head_colours(n_head))
        if n_head > 1 and head % -(-n_head // NAMED_HEADS) == 0
    ]
    mean = [Line2D([], [], color=INK, linewidth=2.2, label="mean over heads")] if n_head > 1 else []
    return [
        *heads,
        *mean,
        Line2D([], [], color=QUIET, linewidth=1.1, linestyle=(0, (4, 3)), label="if attention were even"),
        Line2D([], [], color=QUERY, linewidth=1.0, label="query itself"),
        Line2D([], [], color=REWARD, linewidth=6, label="rewarded"),
    ]


def heading(figure: Figure, text: str, title: str, axis: Axis | None) -> None:
    """A heading that is drawn with the rest of its figure."""
    for line in Heading(figure).say(text, title, axis):
        line.set_animated(False)
