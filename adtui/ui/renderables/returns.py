"""Return per episode of a few cells, by plotext."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.color import Color
from rich.style import Style
from rich.text import Text

from .curve import empty_plot, plain_line

#: xterm colours and ASCII characters, of the cell on display, then of what it is held against.
COLOURS = (39, 214, 77, 168, 141, 80, 220, 250)
CHARACTERS = "*-.o+x=#"


@dataclass(frozen=True)
class ReturnsLine:
    """Return of each episode, mean over histories."""

    name: str
    returns: tuple[float, ...]


def returns_lines(
    curves: Sequence[ReturnsLine], width: int, height: int, *, utf8: bool = True, color: bool = True
) -> list[Text]:
    """A line of names, then the curves, the first one on top; [] where there is nothing, or no room for axes."""
    if width < 16 or height < 5 or not curves or not all(curve.returns for curve in curves):
        return []
    return [_names(curves, width, utf8, color), *_draw(tuple(curves), width, height - 1, utf8, color)]


def _names(curves: Sequence[ReturnsLine], width: int, utf8: bool, color: bool) -> Text:
    line = Text(no_wrap=True, end="")
    for index, curve in enumerate(curves):
        mark = "━" if utf8 else CHARACTERS[index] * 2
        if len(line.plain) + len(mark) + len(curve.name) + 3 > width:
            break
        style = Style(color=Color.from_ansi(COLOURS[index])) if color else Style()
        line.append(("  " if index else "") + mark, style).append(f" {curve.name}")
    return line


@lru_cache(maxsize=32)
def _draw(curves: tuple[ReturnsLine, ...], width: int, height: int, utf8: bool, color: bool) -> tuple[Text, ...]:
    plotext = empty_plot(width, height)
    high = max((value for curve in curves for value in curve.returns if math.isfinite(value)), default=0.0) or 1.0
    last = max(1, max(len(curve.returns) for curve in curves) - 1)
    plotext.ylim(0.0, high)
    plotext.xlim(0, last)
    for index, curve in reversed(list(enumerate(curves))):
        marker = "braille" if utf8 else CHARACTERS[index]
        plotext.plot(list(range(len(curve.returns))), list(curve.returns), marker=marker, color=COLOURS[index])
    step = next(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if last <= 8 * size)
    shown = list(range(0, last + 1, step))
    plotext.xticks(shown, [f"e{episode}" for episode in shown])
    plotext.yticks([0.0, high], ["0", f"{high:.1f}"])
    return tuple(plain_line(line, utf8, color) for line in plotext.build().splitlines()[:height])
