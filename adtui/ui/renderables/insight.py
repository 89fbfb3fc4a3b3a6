"""One insight as text: the sentence, then the evidence and what it does not show."""

from __future__ import annotations

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


def insight_text(insight: Insight, utf8: bool = True) -> Text:
    """ "● L2H3 recency: sentence", and under it the effect with its interval, n, the threshold and the caveat."""
    mark = to_ascii_cells(MARKS.get(insight.status, "?"), unless=utf8)
    dash, dot = to_ascii("–", unless=utf8), separator(utf8)
    style = STYLES.get(insight.status, FAINT)
    low, high = insight.interval
    text = Text()
    phase = f" ({insight.phase})" if insight.phase else ""
    text.append(f"{mark} {insight.where} {insight.kind}{phase}", style)
    text.append(f" {insight.sentence}\n")
    if insight.tested:
        text.append(f"  {insight.status}{dot}{insight.tested}\n", style + Style(bold=False))
        if insight.also:
            text.append(f"  the same transitions as {', '.join(insight.also)}: one finding\n", FAINT)
    elif insight.status == "no evidence" and insight.layer is None:
        return text  # its sentence holds the numbers already
    # NaN ends: too few histories for an interval.
    interval = f"[{brief(low, 3)} {dash} {brief(high, 3)}]" if low <= high else "(no interval)"
    evidence = [
        f"effect {brief(insight.effect, 3)} {interval}",
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
