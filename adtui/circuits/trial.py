"""Closed loop: the model acts with some heads only, beside the full model in the same rooms with the same draws.

A size is chosen on goals of the training side, by bisection; what was chosen is tested once, on the held-out goals with
draws of their own. So however many sizes were looked at, the test is one test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..models.ablation import Ablation
from ..models.edit import Edit
from ..models.model import Model
from ..records.arrays import Bools, Doubles, Floats, Ints
from ..records.circuit import Share
from ..records.trial import LAST
from ..statistics.intervals import ratio
from ..statistics.significance import p_greater
from ..worlds.draws import Use
from ..worlds.returns import EvaluationPlan, EvaluationProgress, lives_by_room, random_by_goal
from ..worlds.rollouts import Policy
from .means import Means

#: One-sided.
ALPHA = 0.025
LEAST_GOALS = 4


@dataclass(frozen=True)
class CircuitPolicy:
    """A `rollouts.Policy`: the model with the heads in `kept` (L, H), every other one giving its mean."""

    model: Model
    means: Means
    kept: Bools

    def __call__(self, states: Ints, actions: Ints, rewards: Floats, next_states: Ints, query_states: Ints) -> Floats:
        ablated = Ablation(self.means.of(actions.shape[1]), self.kept[None])
        return self.model.policy(states, actions, rewards, next_states, query_states, edit=Edit(ablated=ablated))


class Rooms:
    """Rooms in which circuits are let act: the full model acts there first, once.

    Args:
        goals: (H,) of each room.
        use: of the action draws.
        name: what `progress` is told.
    """

    def __init__(
        self,
        model: Model,
        means: Means,
        plan: EvaluationPlan,
        goals: Ints,
        use: Use,
        name: str,
        progress: EvaluationProgress | None = None,
    ) -> None:
        self._model, self._means, self._plan = model, means, plan
        self._goals, self._use, self._name, self._progress = goals, use, name, progress
        self._full = self._returns(model.policy, "all heads")
        self._random = random_by_goal(plan.world, np.unique(goals), plan.seed)

    def share(self, kept: Bools, least: float) -> Share:
        """What the heads in `kept` (L, H) return; see `share_of`."""
        circuit = self._returns(CircuitPolicy(self._model, self._means, kept), f"{int(kept.sum())} heads")
        return share_of(circuit, self._full, self._goals, self._random, least)

    def _returns(self, policy: Policy, what: str) -> Ints:
        name = f"{self._name}, {what}"
        lives = lives_by_room(lambda _: policy, self._plan, self._goals, name, self._progress, use=self._use)
        return lives.returns


def share_of(circuit: Ints, full: Ints, goals: Ints, random: Doubles, least: float) -> Share:
    """Judge returns (H, E) of a circuit beside those of the full model in the same rooms.

    Passes where the lower end of the 95 % interval of the share of the full model's return is at least `least`, a
    one-sided t-test says so too, and the full model is better than random actions. What is resampled are goals, each
    with the mean of its rooms: rooms with one goal resemble each other.

    Args:
        goals: (H,) of the rooms.
        random: (G,) return of random actions on each different goal, in order.
    """
    last, whole = _by_goal(circuit[:, -LAST:], goals), _by_goal(circuit, goals)
    full_last = _by_goal(full[:, -LAST:], goals)
    share = ratio(last, full_last)
    p = p_greater(last - least * full_last, 0.0)
    faults = []
    if len(full_last) < LEAST_GOALS:
        faults.append(f"{len(full_last)} goals are too few, at least {LEAST_GOALS} are needed")
    elif p_greater(full_last - random, 0.0) > ALPHA:
        faults.append("the full model's own return is not better than that of random actions")
    elif not (share.low >= least and p <= ALPHA):
        faults.append(f"it may keep less than {100 * least:g} %: {share.percent}")
    return Share(
        share=share,
        all_episodes=ratio(whole, _by_goal(full, goals)),
        circuit=float(last.mean()),
        full=float(full_last.mean()),
        random=float(random.mean()),
        p=p,
        least=least,
        goals=len(full_last),
        histories=len(goals),
        faults=tuple(faults),
    )


def smallest(largest: int, measure: Callable[[int], bool]) -> int | None:
    """The smallest size that bisection finds to pass, None where that is `largest`, which passes by definition.

    It takes for granted that with a size all larger ones pass: a smaller one may pass that was not looked at.
    """
    fails, passes = -1, largest
    while passes - fails > 1:
        middle = (fails + passes) // 2
        if measure(middle):
            passes = middle
        else:
            fails = middle
    return None if passes == largest else passes


def _by_goal(returns: Ints, goals: Ints) -> Doubles:
    """(H, E) → (G,) mean over the rooms and episodes of each different goal, in order."""
    _, members = np.unique(goals, return_inverse=True)
    by_room = returns.mean(axis=1)
    by_goal: Doubles = np.bincount(members, weights=by_room) / np.bincount(members)
    return by_goal
