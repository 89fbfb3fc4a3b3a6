"""One insight as a line; unfolded, the sentence, the evidence and what it does not show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from rich.style import Style
from rich.text import Text

from ...insights.wording import brief
from ...records.insight import Insight
from ...records.plain import to_ascii, to_ascii_cells
from .colors import FAINT
from .readout import separator

STATUSES = ("confirmed", "observed", "refuted", "no evidence")
"""In the order of the log."""
MARKS = {"confirmed": "✔", "observed": "●", "refuted": "✘", "no evidence": "○"}
STYLES = {
    "confirmed": Style(color="rgb(0,175,95)", bold=True),
    "observed": Style(color="rgb(0,175,215)", bold=True),
    "refuted": Style(color="rgb(215,95,95)", bold=True),
    "no evidence": FAINT,
}


def order(insight: Insight) -> tuple[int, int, int, int, str]:
    """Sorting key: by status, tests before their want, then the model before layers before heads, then the phases."""
    status = STATUSES.index(insight.status) if insight.status in STATUSES else len(STATUSES)
    layer, head = (-1 if index is None else index for index in (insight.layer, insight.head))
    return status, -1 if layer < 0 else 0 if head < 0 else 1, layer, head, insight.phase


def insight_line(insight: Insight, utf8: bool = True) -> Text:
    """ "✔ L2H3  recency  2.81 [2.1 – 3.6]  hidden ×4.2 [3 – 6.1]": what it says and, where tested, what hiding does."""
    mark = to_ascii_cells(MARKS.get(insight.status, "?"), unless=utf8)
    text = Text(no_wrap=True, overflow="ellipsis" if utf8 else "crop")
    text.append(f"{mark} {insight.where:<5} {insight.kind:<16}", STYLES.get(insight.status, FAINT))
    if np.isfinite(insight.effect):
        text.append(f" {brief(insight.effect, 3):>5} {_interval(insight.interval, utf8)}")
    else:
        text.append(" not defined here", FAINT)
    if insight.phase:
        text.append(f"  {insight.phase}", FAINT)
    if np.isfinite(insight.knock_out):
        times = to_ascii("×", unless=utf8)
        hidden = f"{times}{brief(insight.knock_out, 3)} {_interval(insight.knock_out_interval, utf8)}"
        text.append(f"  hidden {hidden}", FAINT)
    return text


def _interval(interval: tuple[float, float], utf8: bool) -> str:
    low, high = interval  # NaN ends: too few histories for an interval
    return f"[{brief(low, 3)} {to_ascii('–', unless=utf8)} {brief(high, 3)}]" if low <= high else "(no interval)"


def insight_text(insight: Insight, utf8: bool = True) -> Text:
    """Its line, unfolded: the sentence, what its test gave, the effect with its interval, n, threshold and caveat."""
    dot = separator(utf8)
    style = STYLES.get(insight.status, FAINT)
    text = Text(f"  {insight.sentence}\n")
    if insight.tested:
        text.append(f"  {insight.status}{dot}{insight.tested}\n", style + Style(bold=False))
        if insight.also:
            text.append(f"  the same transitions as {', '.join(insight.also)}: one finding\n", FAINT)
    elif insight.status == "no evidence" and insight.layer is None:
        return text  # its sentence holds the numbers already
    evidence = [
        f"effect {brief(insight.effect, 3)} {_interval(insight.interval, utf8)}",
        f"n={insight.count}",
        f"threshold {insight.threshold:.3g}",
        insight.status,
    ]
    text.append("  " + dot.join(evidence) + "\n", FAINT)
    if insight.caveat:
        text.append(f"  {insight.caveat}\n", FAINT + Style(italic=True))
    if insight.suggests:
        text.append(f"  try: {', '.join(insight.suggests)}\n", FAINT)
    return text


def folded_line(count: int, utf8: bool = True) -> Text:
    """The one line for all without evidence."""
    mark = to_ascii_cells(MARKS["no evidence"], unless=utf8)
    return Text(f"{mark} {count} no evidence: Enter lists them", FAINT, no_wrap=True, overflow="crop")


def counted(insights: Sequence[Insight]) -> str:
    """ "54 found · 40 ✔ · 14 ○": how many say something, and how many of each status but "observed"."""
    if not insights:
        return ""
    counts = Counter(one.status for one in insights)
    parts = [
        f"{counts[status]} {MARKS[status]}" for status in ("confirmed", "refuted", "no evidence") if counts[status]
    ]
    return " · ".join([f"{len(insights) - counts['no evidence']} found", *parts])


def fallen(insights: Sequence[Insight], most: int, once: Sequence[Insight | None]) -> str:
    """ "were 39: 20 tell the same, 3 not borne out": why fewer are found than there were.

    Args:
        insights: those of the log.
        most: how many were found at once.
        once: what has become of those that were ever found; None has been withdrawn.
    """
    if sum(1 for one in insights if one.status != "no evidence") >= most:
        return ""
    same = sum(1 for one in once if one is not None and one.same_as)
    lost = sum(1 for one in once if one is None or (one.status == "no evidence" and not one.same_as))
    parts = [f"{count} {what}" for count, what in ((same, "tell the same"), (lost, "not borne out")) if count]
    return f"were {most}: {', '.join(parts)}"
