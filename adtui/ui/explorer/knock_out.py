"""What a knock-out takes away: the transition under the cursor, its episode, or the selected head; and all so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...records.attention import HeadView
from ...records.axis import Axis
from ...records.messages import AskKnockOut
from ...records.place import head_name
from ...records.run import RunInfo
from ..renderables.readout import place
from .selection import Selection


@dataclass(frozen=True)
class Entry:
    """One knock-out and what it found.

    Attributes:
        asked: the question.
        text: the answer in words, "" while there is none.
    """

    asked: AskKnockOut
    text: str = ""


@dataclass
class KnockOutLog:
    """Every knock-out of the open run, the newest last. What is hidden of a sample adds up until it is undone."""

    entries: list[Entry] = field(default_factory=list)
    _hidden: dict[int, list[AskKnockOut]] = field(default_factory=dict)

    def hidden(self, sample: int) -> tuple[int, ...]:
        """The transitions of a sample that are hidden by now."""
        return tuple(sorted({index for one in self._hidden.get(sample, []) for index in one.transitions}))

    def ask(self, one: AskKnockOut) -> AskKnockOut | None:
        """The question about one more, with all that is hidden of its sample; None where it is hidden already."""
        if one.head is None:
            before = self.hidden(one.sample)
            if set(one.transitions) <= set(before):
                return None
            self._hidden.setdefault(one.sample, []).append(one)
            one = self._together(one.sample)
        self.entries.append(Entry(one))
        return one

    def undo(self, sample: int) -> AskKnockOut | None:
        """Show what was hidden of a sample last again: the question about what is still hidden, None where nothing is.

        Only where something is `hidden`.
        """
        self._hidden[sample].pop()
        if not self._hidden[sample]:
            return None
        one = self._together(sample)
        self.entries.append(Entry(one))
        return one

    def answer(self, label: str, text: str) -> None:
        """Keep what was found of the oldest question with this label that has no answer."""
        for at, entry in enumerate(self.entries):
            if entry.asked.label == label and not entry.text:
                self.entries[at] = replace(entry, text=text)
                return

    def _together(self, sample: int) -> AskKnockOut:
        parts = self._hidden[sample]
        return AskKnockOut(0, sample, self.hidden(sample), None, " + ".join(one.label for one in parts))


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
    return AskKnockOut(0, selection.sample, (), head, head_name(*head))
