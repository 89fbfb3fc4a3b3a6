"""Where an insight can be seen: its head, a sample in which it names transitions, and the newest of these."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...insights.named_transitions import named_by_context
from ...records.insight import Insight
from ...records.run import RunInfo
from .selection import LAST, Selection


def place_of(insight: Insight, run: RunInfo, selection: Selection) -> tuple[Selection, int | None]:
    """The selection that shows an insight, and the position of the newest transition that it names.

    The sample stays where the insight names transitions in it, or where its kind names none by the context alone; then
    the position is None. A layer's or the model's insight shows the mean over heads; of the model, of the layer on
    display.
    """
    layer = selection.layer if insight.layer is None else insight.layer
    there = replace(selection, layer=layer, mean=insight.head is None, query=LAST)
    if insight.head is not None:
        there = replace(there, head=insight.head)
    count = len(run.samples)
    for sample in ((selection.sample + step) % count for step in range(count)):
        named = named_by_context(insight, run.samples[sample], run.layout(sample))
        if len(named):
            there = replace(there, sample=sample).clamped(run)
            shown = run.layout(sample).view(there.unit)
            return there, int(np.flatnonzero(shown.transition == named[-1])[0])
    return there.clamped(run), None
