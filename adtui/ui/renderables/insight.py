"""One insight as text: a line with its mark, scope, kind and effect; under it the sentence, the test and the caveat."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from ...insights.wording import brief
from ...records.insight import Insight
from ...records.plain import to_ascii, to_ascii_cells
from .colors import FAINT
from .readout import separator

SILENT = "no evidence"
STATUSES = ("confirmed", "observed", "refuted", SILENT)
"""In the order of the log."""
MARKS = {"confirmed": "✔", "observed": "●", "refuted": "✘", SILENT: "○"}
STYLES = {
    "confirmed": Style(color="rgb(0,175,95)", bold=True),
    "observed": Style(color="rgb(0,175,215)", bold=True),
    "refuted": Style(color="rgb(215,95,95)", bold=True),
    SILENT: FAINT,
}
Columns = tuple[int, int]
"""Cells of the scopes and of the kinds."""


def order(insight: Insight) -> tuple[int, int, int, int, str]:
    """Sorting key: by status, tests before their want, then the model before layers before heads, then the phases."""
    status = STATUSES.index(insight.status) if insight.status in STATUSES else len(STATUSES)
    layer, head = (-1 if index is None else index for index in (insight.layer, insight.head))
    return status, -1 if layer < 0 else 0 if head < 0 else 1, layer, head, insight.phase


def columns_of(insights: Sequence[Insight]) -> Columns:
    """As wide as the widest scope and the widest kind."""
    return (
        max((len(one.where) for one in insights), default=0),
        max((len(_kind(one)) for one in insights), default=0),
    )


def insight_line(insight: Insight, width: int, columns: Columns = (0, 0), utf8: bool = True) -> Text:
    """ "✔ L2H3 recency 2.81 [2.1 – 3.6]  hidden ×17 [9 – 30]": as much of it as fits, the name always first.

    Args:
        width: cells; what the name leaves is given to the effect, its interval, and what hiding the transitions did.
        columns: see `columns_of`; left out where the line would not fit with them.
        utf8: False is ASCII only.
    """
    names = (insight.where, _kind(insight))
    wide = " ".join(name.ljust(cells) for name, cells in zip(names, columns, strict=True))
    hidden = f"hidden ×{brief(insight.knock_out, 3)} {_interval(insight.knock_out_interval)}"
    effect = brief(insight.effect, 3)
    parts = [effect, _interval(insight.interval)] if insight.effect == insight.effect else []
    if 2 + cell_len(" ".join([wide, *parts])) > width:
        wide = " ".join(names)
    text = Text()
    text.append(_signs(f"{MARKS.get(insight.status, '?')} {wide}", utf8), STYLES.get(insight.status, FAINT))
    for part in [*parts, *([f" {hidden}"] if insight.knock_out == insight.knock_out else [])]:
        if text.cell_len + 1 + cell_len(part) > width:
            break
        text.append(f" {_signs(part, utf8)}")
    text.truncate(max(1, width), overflow="crop")
    return text


def insight_text(insight: Insight, utf8: bool = True) -> Text:
    """What an unfolded insight says: sentence, test, effect with its interval, n, threshold and caveat."""
    dot, style = separator(utf8), STYLES.get(insight.status, FAINT)
    text = Text(f"{insight.sentence}\n")
    if insight.tested:
        text.append(f"{insight.status}{dot}{insight.tested}\n", style + Style(bold=False))
        if insight.also:
            text.append(f"the same transitions as {', '.join(insight.also)}: one finding\n", FAINT)
    elif insight.status == SILENT and insight.layer is None:
        return text  # its sentence holds the numbers already
    evidence = [
        f"effect {brief(insight.effect, 3)} {_signs(_interval(insight.interval), utf8)}",
        f"n={insight.count}",
        f"threshold {insight.threshold:.3g}",
        insight.status,
    ]
    text.append(dot.join(evidence) + "\n", FAINT)
    if insight.caveat:
        text.append(f"{insight.caveat}\n", FAINT + Style(italic=True))
    if insight.suggests:
        text.append(f"try: {', '.join(insight.suggests)}\n", FAINT)
    return text


def silent_line(count: int, unfolded: bool, utf8: bool = True) -> Text:
    """ "○ 14 without evidence": the one line that stands for them, or the first above them."""
    words = f"{MARKS[SILENT]} {count} without evidence" + ("" if unfolded else " …")
    return Text(_signs(words, utf8), FAINT)


def _kind(insight: Insight) -> str:
    return insight.kind + (f" ({insight.phase})" if insight.phase else "")


def _interval(interval: tuple[float, float]) -> str:
    """NaN ends: too few histories for an interval."""
    low, high = interval
    return f"[{brief(low, 3)} – {brief(high, 3)}]" if low <= high else "(no interval)"


def _signs(text: str, utf8: bool) -> str:
    return to_ascii(to_ascii_cells(text, unless=utf8), unless=utf8)
