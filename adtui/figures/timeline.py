"""What the token axis means: where episodes begin, which transitions were rewarded, which token asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from ..records import Ints, Sample
from .style import HAIRLINE, QUERY, QUIET, REWARD, SMALL

STRIP, GAP = 0.09, 0.04  # inches: height of the strip of reward marks above an axes, and the space around it
QUERY_ARROW: dict[str, Any] = {
    "marker": 4,  # caret left, its tip on the point
    "markersize": 9,
    "color": QUERY,
    "linestyle": "none",
}


@dataclass(frozen=True)
class Timeline:
    """The tokens of one context, as an axis.

    Attributes:
        n_tokens: N, the query included.
        starts: token index at which each episode begins, the first token included; empty when unknown.
        episodes: the episodes' numbers, as long as `starts`.
        rewarded: (N,) bool, tokens of transitions with reward > 0.
    """

    n_tokens: int
    starts: Ints
    episodes: Ints
    rewarded: NDArray[np.bool_]

    @classmethod
    def of(cls, sample: Sample, n_tokens: int) -> Timeline:
        """The sample on an axis of n_tokens tokens.

        Models that read state, action and reward as separate tokens have several tokens per transition; a model that
        merges transitions has fewer, and then nothing is marked rather than something wrong.
        """
        n = sample.n_context
        per_transition, rest = divmod(n_tokens - 1, n) if n else (1, 0)
        if rest or per_transition < 1:
            nothing = np.zeros(0, np.int64)
            return cls(n_tokens, nothing, nothing, np.zeros(n_tokens, np.bool_))
        rewarded = np.zeros(n_tokens, np.bool_)
        rewarded[:-1] = np.repeat(np.asarray(sample.rewards) > 0, per_transition)
        starts = sample.episode_starts
        return cls(n_tokens, starts * per_transition, np.asarray(sample.episode)[starts], rewarded)

    @property
    def boundaries(self) -> NDArray[np.float64]:
        """Axis coordinates between the last token of an episode and the first of the next one."""
        return self.starts[1:].astype(np.float64) - 0.5


def position_ticks(n_tokens: int) -> list[int]:
    """About five round token positions."""
    steps = (factor * 10**power for power in range(8) for factor in (1, 2, 5))
    return list(range(0, n_tokens, next(size for size in steps if n_tokens <= 6 * size)))


def mark_rewards(axes: Axes, timeline: Timeline, height: float) -> None:
    """A strip above the axes (`height` inches tall): a bar over every rewarded key, neighbours merged."""
    edges = np.diff(np.concatenate([[0], timeline.rewarded.astype(np.int8), [0]]))
    first, end = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    low, high = 1.0 + GAP / height, 1.0 + (GAP + STRIP) / height
    bars = [[(a - 0.5, low), (a - 0.5, high), (b - 0.5, high), (b - 0.5, low)] for a, b in zip(first, end, strict=True)]
    across = blended_transform_factory(axes.transData, axes.transAxes)
    strip = PolyCollection(bars, facecolors=REWARD, edgecolors="none", transform=across, clip_on=False)
    axes.add_collection(strip, autolim=False)


def mark_episodes(axes: Axes, timeline: Timeline, *, colour: str = HAIRLINE, both: bool = False) -> None:
    """Lines where a new episode begins, on the key axis or on `both` axes."""
    low, high = -0.5, timeline.n_tokens - 0.5
    for vertical in (True, False)[: 1 + both]:
        flat = blended_transform_factory(axes.transData, axes.transAxes) if not both else axes.transData
        span = (low, high) if both else (0.0, 1.0)
        ends = [[(at, span[0]), (at, span[1])] for at in timeline.boundaries]
        lines = ends if vertical else [[point[::-1] for point in line] for line in ends]
        axes.add_collection(
            LineCollection(lines, colors=colour, linewidths=0.8, transform=flat, zorder=1.5), autolim=False
        )


def name_episodes(axes: Axes, timeline: Timeline, height: float, width: float) -> None:
    """Episode numbers above the axes (`width` × `height` inches), thinned out until they cannot touch."""
    count = timeline.starts.size
    if not count:
        return
    ends = np.append(timeline.starts[1:], timeline.n_tokens)
    centres = (timeline.starts + ends - 1) / 2.0
    stride = -(-count * 55 // int(100 * width))  # 0.55 inch a name
    across = blended_transform_factory(axes.transData, axes.transAxes)
    line = 1.0 + (2 * GAP + STRIP) / height
    for index in range(0, count, stride):
        if (ends[index] - timeline.starts[index]) * width < 0.3 * timeline.n_tokens:
            continue  # a sliver of an episode at the edge has no room for its name
        text = f"ep {timeline.episodes[index]}"
        axes.text(centres[index], line, text, transform=across, ha="center", va="bottom", size=SMALL, color=QUIET)


def mark_query(axes: Axes, n_tokens: int) -> None:
    """An arrow at the right edge, beside the row of the query that decides the action."""
    beside = blended_transform_factory(axes.transAxes, axes.transData)
    axes.plot([1.0], [n_tokens - 1], transform=beside, clip_on=False, **QUERY_ARROW)
