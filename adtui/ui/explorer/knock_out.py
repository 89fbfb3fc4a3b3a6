"""What a knock-out takes away: the transition under the cursor, its episode, or the selected head."""

from __future__ import annotations

from ...records.attention import HeadView
from ...records.axis import Axis
from ...records.messages import AskKnockOut
from ...records.run import RunInfo
from ..renderables.readout import place
from .selection import Selection


def of_transition(run: RunInfo, view: HeadView, key: int, *, episode: bool) -> AskKnockOut | None:
    """The question what the transition at a key of the picture, or its whole episode, matters for the action.

    None where that key is no transition of the context. The id of the question is 0.
    """
    seen = view.place
    axis = Axis(run.layout(seen.sample).view(seen.unit), run.samples[seen.sample])
    index = axis.transition(key)
    if index is None or index >= axis.sample.n_context:
        return None
    if not episode:
        return AskKnockOut(0, seen.sample, (index,), None, place(axis.sample, index))
    number = int(axis.sample.episode[index])
    chosen = tuple(int(i) for i in axis.layout.visible if axis.sample.episode[i] == number)
    return AskKnockOut(0, seen.sample, chosen, None, f"ep{number} ({len(chosen)} transitions)")


def of_head(selection: Selection) -> AskKnockOut:
    """The question what the selected head matters for the action. Its id is 0."""
    head = (selection.layer, selection.head)
    return AskKnockOut(0, selection.sample, (), head, f"L{selection.layer}H{selection.head}")
