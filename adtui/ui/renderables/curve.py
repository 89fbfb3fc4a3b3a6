"""Curves by plotext: the query's attention on its history, and what each key receives."""

from __future__ import annotations

import importlib
import sys
from functools import lru_cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from ...records.arrays import Floats, Ints
from ...records.plain import to_ascii_cells
from .heatmap import name_of

LINE, REWARD_MARK, CURSOR_MARK, REFERENCE = 39, 214, 51, 244
"""xterm colours: readable on dark and on light backgrounds."""


def curve_lines(
    values: Floats,
    width: int,
    height: int,
    *,
    episode: Ints,
    rewarded: NDArray[np.bool_],
    cursor: int | None = None,
    utf8: bool = True,
    color: bool = True,
) -> list[Text]:
    """Draw values over tokens as `height` lines of `width` cells; [] when the pane is too small to hold axes.

    Args:
        values: (N,) float32, NaN or 0 where the query cannot see the key.
        episode: (N,) int64, for the ticks; rewarded: (N,) bool, for the marks on the curve.
        cursor: token to mark, or None.
        utf8: braille markers and a drawn frame; ASCII otherwise.
        color: whether the terminal has colours.

    The same picture is drawn once: plotext takes some 10 ms, and a pane is repainted more often than it changes.
    """
    if width < 16 or height < 4 or not len(values):
        return []
    key = (values.astype(np.float32).tobytes(), episode.astype(np.int64).tobytes(), rewarded.astype(np.bool_).tobytes())
    return list(_draw(*key, width, height, cursor, utf8, color))


def thin(values: Floats, points: int) -> tuple[NDArray[np.float64], Floats]:
    """(N,) -> at most `points` positions and values, each the largest of its bucket: a spike must not vanish."""
    count = len(values)
    filled = np.nan_to_num(values, nan=0.0)
    if count <= points:
        return np.arange(count, dtype=np.float64), filled
    edges = np.arange(points) * count // points
    best = [int(a) + int(np.argmax(filled[a:b])) for a, b in zip(edges, [*edges[1:], count], strict=True)]
    return np.array(best, np.float64), filled[best]


def ticks(episode: Ints, width: int) -> tuple[list[int], list[str]]:
    """Positions and labels of episode starts, as many as `width` cells hold with a space between."""
    changed = np.flatnonzero(np.concatenate([[True], np.diff(episode) != 0]))
    if len(changed) == 1 and episode[0] < 0:  # latents alone: their numbers
        step = max(1, -(-len(episode) * 4 // max(1, width)))
        return list(range(0, len(episode), step)), [str(i) for i in range(0, len(episode), step)]
    positions: list[int] = []
    labels: list[str] = []
    free = 0.0
    for token in changed.tolist():
        label = name_of(int(episode[token]))
        x = token / max(1, len(episode) - 1) * (width - 1)
        # plotext centres the label on its tick.
        if x - len(label) / 2 >= free or not positions:
            positions.append(token)
            labels.append(label)
            free = x + len(label) / 2 + 1
    return positions, labels


def can_draw() -> bool:
    """Whether a curve is drawn at once. Importing plotext takes 70 ms: what stands beside it need not wait for that."""
    return "plotext" in sys.modules


def make_ready() -> None:
    """Import it."""
    importlib.import_module("plotext")


def empty_plot(width: int, height: int) -> ModuleType:
    """plotext, of which the whole process has one figure, with nothing on it yet but a left and a lower axis."""
    import plotext  # here: see `can_draw`

    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plotsize(width, height)
    for paint in (plotext.canvas_color, plotext.axes_color, plotext.ticks_color):
        paint("default")
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    return plotext  # type: ignore[no-any-return]


@lru_cache(maxsize=64)
def _draw(
    values: bytes, episode: bytes, rewarded: bytes, width: int, height: int, cursor: int | None, utf8: bool, color: bool
) -> tuple[Text, ...]:
    y, tokens = np.frombuffer(values, np.float32), np.frombuffer(episode, np.int64)
    marked = np.flatnonzero(np.frombuffer(rewarded, np.bool_)[: len(y)])
    plotext = empty_plot(width, height)
    x, thinned = thin(y, 2 * width)
    high = float(thinned.max()) or 1.0
    plotext.ylim(0.0, high)
    last = max(1, len(y) - 1)
    plotext.xlim(0, last)
    share = 1 / len(y)
    if share < high:
        plotext.plot([0, last], [share, share], marker=to_ascii_cells("⠤", unless=utf8), color=REFERENCE)
    plotext.plot(x.tolist(), thinned.tolist(), marker="braille" if utf8 else "*", color=LINE)
    if len(marked):
        shown = [int(i) for i in marked]
        plotext.scatter(shown, [float(y[i]) for i in shown], marker=to_ascii_cells("▲", unless=utf8), color=REWARD_MARK)
    if cursor is not None and 0 <= cursor < len(y):
        plotext.scatter([cursor], [float(y[cursor])], marker=to_ascii_cells("◆", unless=utf8), color=CURSOR_MARK)
    plotext.xticks(*ticks(tokens[: len(y)], width - 8))
    own_row = height >= 7 and 0 < round(share / high * (height - 3)) < height - 3  # two labels in one hide each other
    shown_y = [0.0, share, high] if own_row else [0.0, high]
    plotext.yticks(shown_y, [_label(v) for v in shown_y])
    lines = [plain_line(line, utf8, color) for line in plotext.build().splitlines()[:height]]
    return tuple(lines)


def _label(value: float) -> str:
    return "0" if value == 0 else f"{value:.3f}" if value >= 0.001 else f"{value:.0e}"


def plain_line(line: str, utf8: bool, color: bool) -> Text:
    """A line of plotext's, with its colours, for what the terminal can show."""
    text = Text.from_ansi(line, no_wrap=True, end="")
    if not utf8:
        text.plain = to_ascii_cells(text.plain)
    if not color:
        text.spans.clear()
    return text
