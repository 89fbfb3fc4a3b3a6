"""What the map says in words: the transitions of a cell, the returns so far, states that are no cells."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from rich.style import Style
from rich.text import Text

from ...records.moment import Edits, Moment
from ...records.plain import to_ascii, to_ascii_cells
from .colors import ACCENT, FAINT, REWARD
from .readout import transition, weight
from .scroll import first_line
from .title import cut, fitted

BARS = "▁▂▃▄▅▆▇█"
SELECTED = Style(reverse=True)
WIDE = 3
"""Columns of an episode's bar, the gap after it included."""


def here_lines(
    moment: Moment, here: Sequence[int], picked: int | None, width: int, height: int, *, utf8: bool = True
) -> list[Text]:
    """ "0.132 ep5 t3 (4,4) ↓ (5,4) r=1", a line for each transition of a cell, the picked one reversed.

    Args:
        here: indices in the moment's context.
        picked: the walk's number of one of them.
    """
    numbers = [int(moment.walked[i]) for i in here]
    at = numbers.index(picked) if picked in numbers else 0
    first = first_line(at, height, len(here))
    lines = []
    for index, number in list(zip(here, numbers, strict=True))[first : first + height]:
        text = f"{weight(float(moment.weights[index])):<7} {transition(moment.context, index, utf8)}"
        style = SELECTED if number == picked else REWARD if moment.context.rewarded[index] else Style()
        lines.append(Text(cut(to_ascii(text, unless=utf8), width, utf8), style, no_wrap=True, end=""))
    return lines


def edit_lines(edits: Edits, moment: Moment, width: int, *, undo: str, utf8: bool = True) -> list[Text]:
    """What was changed and what that does: "2 hidden: KL 0.41 nats; u undoes", less where there is less room.

    Args:
        undo: the key that takes the newest edit back.
    """
    if not edits:
        return []
    found = (
        moment.chances.head.measured(f"{moment.divergence:.3g}")
        if moment.chances.without is not None
        else "not in this context"
    )
    what = f"{edits.words()}: {found}"
    text = fitted([f"{what}; {undo} undoes", what, edits.words()], width)
    return [Text(to_ascii(text, unless=utf8), ACCENT, no_wrap=True, end="")]


def returns_lines(moment: Moment, width: int, height: int, *, utf8: bool = True) -> list[Text]:
    """A bar for each episode so far, the newest at the right, then in words the one that is on."""
    returns = moment.returns
    if height < 1:
        return []
    shown = returns[-max(1, width // WIDE) :]
    top = max(moment.best or 0.0, float(shown.max(initial=0)), 1.0)
    levels = np.rint(shown / top * (height - 1) * len(BARS)).astype(int)
    lines = []
    for row in range(height - 1):
        above = (height - 2 - row) * len(BARS)
        parts = [_bar(int(level) - above) * (WIDE - 1) + " " for level in levels]
        lines.append(Text(to_ascii_cells("".join(parts), unless=utf8), ACCENT, no_wrap=True, end=""))
    part = "" if moment.whole or len(returns) > 1 else ", seen in part"
    now = f"ep{moment.first_episode + len(returns) - 1}: {returns[-1]:.3g} so far{moment.best_words}{part}"
    lines.append(Text(cut(to_ascii(now, unless=utf8), width, utf8), FAINT, no_wrap=True, end=""))
    return lines


def _bar(eighths: int) -> str:
    return " " if eighths <= 0 else BARS[min(eighths, len(BARS)) - 1]


def arm_lines(moment: Moment, width: int, height: int, *, utf8: bool = True) -> list[Text]:
    """A bandit's arms: how often the context pulled each, its mean pay, and the attention on these pulls."""
    why = textwrap.wrap("no floor plan: bandits have arms, and one state", max(1, width))
    lines = [*why, "", "arm   pulls   mean paid   attention"]
    for arm, (pulls, mean, mass) in enumerate(moment.arms.tolist()):
        paid = f"{mean:.3g}" if pulls else "-"
        lines.append(f"{arm:>3} {pulls:>7.0f} {paid:>11} {mass:>11.3f}")
    return [Text(cut(line, width, utf8), no_wrap=True, end="") for line in lines[:height]]


def dimension_lines(moment: Moment, width: int, height: int, *, utf8: bool = True) -> list[Text]:
    """States that are no cells: each dimension's mean over the context, the attention's mean of it, and the query's."""
    context, weights = moment.context, moment.weights.astype(np.float64)
    why = textwrap.wrap("no floor plan: states of this world are no cells of a room", max(1, width))
    lines = [*why, "", "dimension   mean    attended  query"]
    share = weights / weights.sum() if weights.sum() > 0 else weights
    for index in range(context.query_state.shape[0]):
        values = context.next_states[:, index].astype(np.float64)
        mean = values.mean() if len(values) else float("nan")
        lines.append(f"{index:>9} {mean:>7.3g} {share @ values:>9.3g} {float(context.query_state[index]):>7.3g}")
    return [Text(cut(line, width, utf8), no_wrap=True, end="") for line in lines[:height]]
