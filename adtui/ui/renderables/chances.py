"""What the model would do at one state: a bar per action, and what a knock-out makes of it."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from ...records.chances import Chances
from ...records.plain import to_ascii_cells
from .colors import ACCENT, FAINT, REWARD
from .numbers import number_lines
from .readout import action_arrow, weight
from .title import PARTS

KEPT, LOST, GAINED = "█", "░", "▒"


def chances_lines(chances: Chances, width: int, height: int, *, utf8: bool = True) -> list[Text]:
    """ "↓ 0.620 ██████", the likeliest action first where not all fit; with a knock-out "↓ 0.620 → 0.310 ███░░░".

    A bar is full up to the smaller of the two; what follows is lost (░) or gained (▒). Actions that are numbers:
    `number_lines`.
    """
    if chances.head.continuous:
        return number_lines(chances, width, height, utf8=utf8)
    order = np.arange(len(chances.full))
    if len(order) > height:
        order = np.argsort(-chances.full, kind="stable")[: max(1, height - 1)]
    lines = [_line(chances, int(action), width, utf8) for action in order]
    if len(order) < len(chances.full) and height > 1:
        left = len(chances.full) - len(order)
        lines.append(Text(f"{left} others: {weight(1 - chances.full[order].sum())}", FAINT, no_wrap=True, end=""))
    return lines


def _line(chances: Chances, action: int, width: int, utf8: bool) -> Text:
    full = float(chances.full[action])
    without = full if chances.without is None else float(chances.without[action])
    text = Text(f"{action_arrow(action, utf8, chances.arrows)} {weight(full):<7}", no_wrap=True, end="")
    if chances.without is not None:
        text.append(to_ascii_cells("→", unless=utf8), FAINT).append(f" {weight(without):<7}")
    room = max(0, width - text.cell_len)
    kept, top = (round(share * room) for share in (min(full, without), max(full, without)))
    lost = full > without
    text.append(to_ascii_cells(KEPT * kept, unless=utf8), ACCENT)
    text.append(to_ascii_cells((LOST if lost else GAINED) * (top - kept), unless=utf8), FAINT if lost else REWARD)
    return text


def chances_title(chances: Chances, where: str) -> tuple[str, ...]:
    """ "at ep5 t17 (4,2)", and what was taken away; where there is room for one of these, the second."""
    if chances.without is None:
        return (f"at {where}",)
    return f"at {where}{PARTS}without {chances.label}", f"without {chances.label}"
