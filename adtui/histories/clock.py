"""When episodes of a file of histories end: by its `dones`, by the resets that its states show, else by the horizon.

The settings of a run say how long an episode is, and the histories may have been collected otherwise: then every number
of an episode, every return and every learning curve would be wrong, and nothing would show it. So what the file shows
is followed, and where that is not what the settings say a note tells it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..records.arrays import Bools, Ints
from .borders import Seen, common, fits
from .looks import STEPS, STREAMS, Columns, Looks

BLOCK = 1 << 20
"""Steps that are read at once where a history has to be followed from its beginning."""


@dataclass(frozen=True)
class Rule:
    """How the episodes of one task are told apart.

    Attributes:
        every: each of so many steps; None where they differ.
        marked: the file says where they end.
        shown: the states do, too.
        look: what they show; None where they cannot be read.
        odd: a note on marks that the states speak against.
    """

    every: int | None
    marked: bool = False
    shown: bool = False
    look: Seen | None = None
    odd: str = ""


class Clock:
    """The episodes of an open file.

    Raises (every method):
        HistoryError: see `HistoryFile`.
    """

    def __init__(self, file: Columns) -> None:
        self._file = file
        self._rules: dict[int, Rule] = {}
        self._looks = Looks(file)
        self._irregular: set[int] = set()
        self._marked: set[int] = set()  # steps of the episodes that were read, where the file marks them
        self._lengths: set[int] = set()  # the same where only the states show them
        self._said: dict[str, None] = {}

    # -- of the whole file -------------------------------------------------------------------------------------------
    @cached_property
    def every(self) -> int | None:
        """Steps of every episode that the tasks looked at show, or could have, if it is the horizon; else None."""
        horizon, looks = self._file.horizon, self._looks
        if looks.marked:
            found, told = next(iter(looks.marked)), [look for look in looks.seen if look.start is not None]
            return found if len(looks.marked) == 1 and fits(found, told) else None
        return horizon if fits(horizon, looks.seen) else common(looks.seen)

    @property
    def shown(self) -> bool:
        """Whether anything in the file shows where its episodes end."""
        return bool(self._looks.marked) or any(look.ended.any() for look in self._looks.seen)

    @property
    def other(self) -> int | None:
        """Steps of every episode, where the file shows that they are not the horizon's; else None."""
        return self.every if self.shown and self.every != self._file.horizon else None

    def look(self, task: int) -> Seen | None:
        """What the states of a task show; None where they cannot be read."""
        return self._looks.of(task)

    @property
    def by(self) -> str:
        """What shows it."""
        return "its dones" if self._looks.marked else "the resets in its states"

    @property
    def notes(self) -> tuple[str, ...]:
        """What users should know of the episodes of the file, and of those that have been read so far."""
        name, horizon = self._file.path.name, self._file.horizon
        told = "the run's settings do not say" if horizon is None else f"the run's settings say {horizon}"
        notes = []
        if self.every is None and not self.shown:
            notes.append(f"nothing in {name} shows where an episode ends, so that a history counts as one; {told}")
        elif self.every not in (horizon, None):
            notes.append(f"episodes of {name} have {self.every} steps by {self.by}, which count; {told}")
        elif not self.shown and any(look.ways.steps or self._file.grid_size is None for look in self._looks.seen):
            notes.append(
                f"that episodes of {name} have {horizon} steps is assumed from the run's settings: "
                "nothing in the file shows where they end"
            )
        elif self.every is None and self._marked and (horizon is None or max(self._marked) > horizon):
            notes.append(f"episodes of {name} have {_span(self._marked)} steps by its dones, which count; {told}")
        if self._lengths:
            notes.append(
                f"episodes of {name} end where its states leap, here after {_span(self._lengths)} steps; {told}. "
                "An end that leaves no leap is not seen"
            )
        return (*notes, *self._file.passed_over.values(), *self._said)

    # -- of a piece of history ---------------------------------------------------------------------------------------
    def of(self, task: int, stream: int, first: int, last: int) -> tuple[Ints, Ints]:
        """(episode, step) of steps first…last (exclusive), (n,) each."""
        rule = self._rule(task)
        if rule.odd:
            self._said[rule.odd] = None
        time = np.arange(first, last, dtype=np.int64)
        if rule.marked and (found := self._followed(task, stream, first, last, rule)) is not None:
            return found
        if rule.every is not None and self._holds(task, stream, first, last, rule):
            return time // rule.every, time % rule.every
        if rule.every is not None or (rule.look is not None and rule.look.ended.any()):
            found = self._followed(task, stream, first, last, Rule(None, shown=True, look=rule.look))
            if found is not None:
                return found
        return np.zeros_like(time), time

    def ends(self, task: int, first: int, last: int) -> Bools:
        """(n, streams) or (n, 1): which of the steps are known to end an episode."""
        rule, time = self._rule(task), np.arange(first + 1, last + 1)
        marks = self._file.marks(task, slice(None), first, last) if rule.marked else None
        if marks is not None and marks.any() and not rule.shown:
            return marks
        if (rule.every is None or rule.shown) and rule.look is not None:
            shown = self._looks.resets(task, slice(None), first, last, rule.look)
            return shown if marks is None else shown | marks
        return np.asarray(time % rule.every == 0 if rule.every else time < 0)[:, None]

    def reached(self, task: int, part: slice, first: int, last: int) -> tuple[Ints, Bools]:
        """(n, streams, 2) the cells that steps led to, and (n, streams) which of these are sure. States are cells.

        The next state of a step that ends an episode may be that of the reset: what counts there is where the action
        leads, if the moves of the file show that; else nothing is sure of it.
        """
        states, there = (self._file.cells(task, name, part, first, last) for name in ("states", "next_states"))
        ends = np.broadcast_to(self.ends(task, first, last)[:, part], states.shape[:2])
        sure = (np.abs(there - states).sum(axis=-1) <= 1) & ~ends
        look = self.look(task)
        if look is not None and look.ways.does is not None:
            led, known = look.ways.led(states, self._file.actions(task, part, first, last))
            return np.where(ends[..., None], led, there), np.where(ends, known, sure)
        if look is not None and look.start is not None and self._rule(task).every is None:
            sure &= (there != look.start).any(axis=-1)  # it may be a reset that leaves no trace
        return there, sure

    def _rule(self, task: int) -> Rule:
        if task not in self._rules:
            self._rules[task] = self._found(task)
        return self._rules[task]

    def _found(self, task: int) -> Rule:
        look, horizon = self._looks.of(task), self._file.horizon
        if look is None:
            return self._with_marks(task, Rule(self.every or horizon))
        lengths = (self.every, horizon, common([look]))
        every = next((one for one in lengths if fits(one, [look])), None)
        return self._with_marks(task, Rule(every, look=look))

    def _with_marks(self, task: int, rule: Rule) -> Rule:
        """Marks count, and resets beside them where the states speak against none of the marks."""
        steps, streams = self._file.size(task)
        part = slice(0, min(streams, STREAMS))
        marks = self._file.marks(task, part, 0, min(steps, STEPS))
        if marks is None:
            return rule
        if not marks.any():
            return replace(rule, marked=True)
        name, look = self._file.path.name, rule.look
        if look is None or look.start is None:
            return Rule(rule.every, marked=True, look=look)
        return self._compared(task, part, marks, Rule(rule.every, marked=True, look=look), name)

    def _compared(self, task: int, part: slice, marks: Bools, rule: Rule, name: str) -> Rule:
        """The rule, once the marks have been held against the states."""
        look = rule.look
        assert look is not None, "see `_with_marks`"
        shown = self._looks.resets(task, part, 0, len(marks), look)[:-1]
        following = self._file.cells(task, "states", part, 1, len(marks))
        marks = marks[:-1]
        if (marks & (following != look.start).any(axis=-1)).any():
            odd = f"dones of {name} end episodes where its states go on: dones count"
            return replace(rule, odd=odd)
        if (shown & ~marks).any() and marks.any():
            return Rule(
                rule.every, True, True, look, f"dones of {name} leave out ends that its states show: both count"
            )
        return rule

    def _holds(self, task: int, stream: int, first: int, last: int, rule: Rule) -> bool:
        """Whether nothing in these steps speaks against episodes of one length."""
        look = rule.look
        if task in self._irregular:
            return False
        if look is None or last - first < 2:
            return True
        assert rule.every is not None, "see `of`"
        due = np.arange(first + 1, last) % rule.every == 0
        following = self._file.cells(task, "states", stream, first + 1, last)
        wrong = self._looks.resets(task, stream, first, last, look)[:-1] & ~due
        if look.start is not None:
            wrong |= due & (following != look.start).any(axis=-1)
        if wrong.any():
            self._irregular.add(task)
        return not wrong.any()

    def _followed(self, task: int, stream: int, first: int, last: int, rule: Rule) -> tuple[Ints, Ints] | None:
        """(episode, step), the history being followed from its beginning; None where no episode has ended by `last`."""
        ends = [-1, *self._ends_until(task, stream, last, rule)]
        if len(ends) == 1:
            return None
        starts = np.array(ends, dtype=np.int64) + 1
        time = np.arange(first, last, dtype=np.int64)
        episode = np.searchsorted(starts, time, side="right").astype(np.int64) - 1
        lengths = self._marked if rule.marked else self._lengths
        lengths |= set(np.diff(starts).tolist())
        return episode, time - starts[episode]

    def _ends_until(self, task: int, stream: int, last: int, rule: Rule) -> Iterator[int]:
        """The steps before `last` that end an episode."""
        for start in range(0, last, BLOCK):
            stop = min(start + BLOCK, last)
            ended = np.zeros(stop - start, np.bool_)
            if rule.marked and (marks := self._file.marks(task, stream, start, stop)) is not None:
                ended |= marks
            if rule.shown and rule.look is not None:
                ended |= self._looks.resets(task, stream, start, stop, rule.look)
            yield from (np.flatnonzero(ended) + start).tolist()


def _span(lengths: set[int]) -> str:
    """ "20", "3 to 17"."""
    return f"{min(lengths)}" if len(lengths) == 1 else f"{min(lengths)} to {max(lengths)}"
