"""Where episodes end, as the states show it: a reset leaps where no action leads.

Two conventions are met. Online, the next state of an episode's last step is the state reached, and the state after it
is another one. Stored histories have the reset state there, mostly more than a move away. A reset to a cell that a move
leads to as well leaves no trace; where all episodes begin in one cell, whoever is elsewhere has not been reset.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..records.arrays import Bools, Ints, Values

#: Share of beginnings in one cell from which episodes are taken to begin there.
_ONE_START = 0.75
#: Of more of the steps than this no leap is a reset: states are something else than they are taken for.
_OFTEN = 0.5
#: More actions than these are not looked into.
_MOST_ACTIONS = 64
_PLACES = 9
_WAYS = {3: (1, 0), -3: (-1, 0), 1: (0, 1), -1: (0, -1), 0: (0, 0)}
#: Where episodes begin anywhere: so many expected ends must leave no leap, and so large a share, to speak against it.
_MISSED, _SHARE = 4, 0.25


@dataclass(frozen=True)
class Ways:
    """How the states of a file go on within an episode, as a rule.

    Attributes:
        joins: the next state of a step is the state of the step after.
        steps: a step leads to a cell beside; never where states are vectors.
        does: (A, 2) where each action leads, walls aside; None where that is not always the same.
        size: of the grid: a leap from one wall to the opposite one is a step through it, in rooms without walls.
    """

    joins: bool = False
    steps: bool = False
    does: Ints | None = None
    size: int = 0

    def leaps(self, states: Values, actions: Values, next_states: Values, following: Values) -> Bools:
        """After which steps (n, …) of states (n, …, S) no action leads to the state that follows.

        Args:
            following: the states after the steps; the next states where there are none any more.
        """
        found = np.zeros(states.shape[:-1], np.bool_)
        if self.joins:
            found |= _differ(next_states, following)
        if self.steps:
            found |= _far(states, next_states, self.size)
        if self.does is not None:
            found |= self._astray(self.does, states, actions, next_states)
        return found

    def led_by(self, does: Ints, start: tuple[int, ...] | None, *steps: Values) -> Ways:
        """The same, actions being trusted to lead there: they are where whatever they do not lead to is the start.

        Args:
            steps: states, actions, next states.
        """
        states, _, next_states = steps
        astray = self._astray(does, *steps) & ~_far(states, next_states, self.size)
        if start is not None:
            astray &= _differ(next_states, np.array(start))
        return self if astray.any() else replace(self, does=does)

    def led(self, states: Values, actions: Values) -> tuple[Values, Bools]:
        """The cells that the actions lead to, and which of them are known."""
        if self.does is None:
            return states, np.zeros(states.shape[:-1], np.bool_)
        known = actions < len(self.does)
        return np.clip(states + self.does[np.where(known, actions, 0)], 0, self.size - 1), known

    def _astray(self, does: Ints, states: Values, actions: Values, next_states: Values) -> Bools:
        """After which steps the state is not where the action leads; of an action that is not known none."""
        expected, known = replace(self, does=does).led(states, actions)
        return known & _differ(next_states, expected)


@dataclass(frozen=True)
class Seen:
    """What the first L steps of some streams show. Index i of the arrays is the moment after step i + 1.

    Attributes:
        ended: (L − 1,) an episode had ended by then, in one stream at least.
        went_on: (L − 1,) none had, in one stream at least.
        start: the cell that episodes begin in; None where there is no such cell, or where states are vectors.
        leaps: whether ends that are not seen are rare, so that it says something where none is.
    """

    ended: Bools
    went_on: Bools
    start: tuple[int, ...] | None
    leaps: bool
    ways: Ways

    @property
    def times(self) -> Ints:
        """Moments at which an episode had ended for sure: 1 … L − 1."""
        return np.flatnonzero(self.ended).astype(np.int64) + 1


def seen(states: Values, actions: Values, next_states: Values, size: int | None, *, begun: bool = True) -> Seen:
    """What L steps of some streams show, states (L, streams, S).

    Args:
        size: of the grid; None where states are vectors.
        begun: whether the first step is the first of an episode.
    """
    here, there, following = states[:-1], next_states[:-1], states[1:]
    ways = _ways(here, there, following, size)
    found = ways.leaps(here, actions[:-1], there, following)
    if size is None or not here.size:
        ended: Bools = np.asarray(found.any(axis=1))
        return Seen(ended, np.zeros_like(ended), None, bool(ended.any()), ways)
    starts = np.concatenate([states[:1].reshape(-1, states.shape[-1])[: None if begun else 0], following[found]])
    places, counts = np.unique(starts.astype(np.int64), axis=0, return_counts=True)
    start = None
    if len(starts) and counts.max() >= _ONE_START * len(starts):
        start = tuple(places[counts.argmax()].tolist())
    if (does := _does(here, actions[:-1], there, size) if ways.steps else None) is not None:
        ways = ways.led_by(does, start, here, actions[:-1], there)
        found = ways.leaps(here, actions[:-1], there, following)
    if start is not None:  # what leads elsewhere is no reset
        found &= ~_differ(following, np.array(start))
    walks = start is not None and (ways.steps or bool(found.any()))
    elsewhere = _differ(following, np.array(start)) if walks else np.zeros_like(found)
    ended, went_on = (np.asarray(one.any(axis=1)) for one in (found, elsewhere))
    return Seen(ended, went_on, start, ways.joins or ways.steps, ways)


def _ways(states: Values, next_states: Values, following: Values, size: int | None) -> Ways:
    if not states.size:
        return Ways()
    joins = bool(_differ(next_states, following).mean() <= _OFTEN)
    if size is None or _far(states, next_states, size).mean() > _OFTEN:
        return Ways(joins)
    return Ways(joins, True, None, size)


def _does(states: Values, actions: Values, next_states: Values, size: int) -> Ints | None:
    """(A, 2) where each action leads from most cells, away from the walls; None where one was never seen there.

    Cells have one vote each: episodes that end at a goal beside their start are all reset by the same step.
    """
    most = int(actions.max())
    if most >= _MOST_ACTIONS:
        return None
    inner = ~_far(states, next_states, size) & ((states > 0) & (states < size - 1)).all(axis=-1)
    went = (next_states - states)[inner] @ [3, 1]  # a number for each of the five ways
    ways = _PLACES * (most + 1)
    votes = np.unique(ways * (states[inner] @ [size, 1]) + _PLACES * actions[inner] + went + 4) % ways
    tried = np.bincount(votes, minlength=ways).reshape(-1, _PLACES)
    if not tried.any(axis=1).all():
        return None
    return np.array([_WAYS[int(way) - 4] for way in tried.argmax(axis=1)], np.int64)


def _differ(states: Values, others: Values) -> Bools:
    """Which states (…, S) are others. By coordinate where there are two: reducing so short an axis is slow."""
    apart: Bools = states != others
    return apart[..., 0] | apart[..., 1] if apart.shape[-1] == 2 else np.asarray(apart.any(axis=-1))


def _far(states: Values, next_states: Values, size: int) -> Bools:
    """Whether a step leads further than to a cell beside, and not through a wall."""
    apart = np.abs(next_states - states)
    x, y = apart[..., 0], apart[..., 1]
    around = (np.maximum(x, y) == size - 1) & (np.minimum(x, y) == 0)
    far: Bools = (x + y > 1) & ~around
    return far


def fits(horizon: int | None, looks: Sequence[Seen], phase: int = 0) -> bool:
    """Whether episodes of this many steps could have left what is seen: ends at these moments, and at no other."""
    if horizon is None:
        return False
    hit = missed = 0
    for look in looks:
        due = (np.arange(1, len(look.ended) + 1) - phase) % horizon == 0
        if look.ended[~due].any() or look.went_on[due].any():
            return False
        if look.start is None and look.leaps:
            hit, missed = hit + int(look.ended[due].sum()), missed + int((~look.ended[due]).sum())
    return not (missed >= _MISSED and missed > _SHARE * (hit + missed))


def common(looks: Sequence[Seen]) -> int | None:
    """The longest episodes that all ends are multiples of, where such episodes are what is seen; else None."""
    found = math.gcd(*(int(time) for look in looks for time in look.times))
    return found if found > 1 and fits(found, looks) else None
