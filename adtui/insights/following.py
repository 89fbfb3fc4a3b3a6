"""Reward relocation: does the action follow the reward when it is moved to another place in the context?

In every context that the model sees a reward in, the reward is moved to K places in turn (`attention.relocations`).
Each edit names one of them. Where the policy does not look at where the reward is, it does not matter which edit named
which place: each of the K! ways to pair the K edited policies with the K places is equally likely, in every context
apart. The test asks how far out the true pairing is among all (K!)^C pairings (see `randomisation`), by the mean over
contexts of Σ_k R[k, pair(k)] / K; R[k, j] is the rank of place j among the K under edit k.

Every pairing has each policy once and each place once, so that it cannot matter that a place lies where the model goes
anyway. And ranks do not matter where an edit makes the policy bolder or shyer: edits differ in how many rewards there
are then, and how long ago, and a policy that heeds only these ranks all places alike under every edit, so that every
pairing has the same sum and p is 1. What an edit is compared with are edits as large as itself.

The effect is told in probability: by how much a right step for a place is more probable when the reward is moved there
than when it is moved to the other places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import permutations

import numpy as np

from ..records.arrays import Ints
from ..records.insight import Insight
from ..records.relocation import Relocation
from ..statistics.intervals import average_within, over_histories
from ..statistics.randomisation import randomisation_test
from .confirmation import Redrawn
from .thresholds import TESTS
from .wording import p_value

KIND = "reward-following"
PLACES = int(TESTS["places"].value)
"""K, other places that the reward of a context is moved to."""
LEAST = TESTS["moved probability"].value
MIN_TASKS = int(TESTS["tasks"].value)
CAVEAT = (
    "An edited history may be off-distribution: an agent that was paid there would have walked otherwise. It says that "
    "the action depends on where the reward lies, not through which heads."
)
SUGGESTS = ("newest+rewarded", "rewarded-first")


@dataclass(frozen=True)
class Following:
    """How the policy follows the reward, over contexts.

    Attributes:
        moved, low, high: probability of a right step for a place when the reward is moved there, less that when it is
            moved to the others; and its 95 % interval over tasks.
        there, elsewhere, before: that probability itself: moved there, moved to the others, not moved.
        tasks, contexts: how many there are.
        p: of the randomisation test, both sides.
        up: whether it is by its upper side that the ranks are far out.
    """

    moved: float
    low: float
    high: float
    there: float
    elsewhere: float
    before: float
    tasks: int
    contexts: int
    p: float
    up: bool

    @property
    def side(self) -> str:
        """Which of the two it can become, by its size; else why neither."""
        if abs(self.moved) < LEAST:
            return f"too little to matter: {100 * LEAST:g} points either way are asked for"
        if (self.moved > 0) != self.up:
            return "the likeliest places and the probabilities disagree"
        return "confirmed" if self.up else "refuted"


def follows(contexts: Sequence[Relocation], tasks: Ints) -> Following:
    """The effect and its test.

    Args:
        contexts: C of them, with K places each.
        tasks: (C,) the task of each; every task has the same weight.
    """
    toward = np.stack([one.toward for one in contexts])  # (C, K, K)
    K = toward.shape[1]
    pairings = np.array(list(permutations(range(K))))  # the first is the true one
    sums = np.stack([one.ranks for one in contexts])[:, np.arange(K), pairings].mean(axis=-1)  # (C, K!)
    names, members, sizes = np.unique(tasks, return_inverse=True, return_counts=True)
    sides = randomisation_test(sums, 1 / (len(names) * sizes[members]))
    there = toward.trace(axis1=1, axis2=2) / K
    elsewhere = (toward.sum(axis=(1, 2)) / K - there) / (K - 1)
    before = np.array([one.toward_before.mean() for one in contexts])
    found = over_histories(average_within(np.stack([there - elsewhere, there, elsewhere, before], axis=1), tasks))
    moved, to, others, at_first = (float(one) for one in found.mean)
    return Following(
        moved=moved, low=float(found.low[0]), high=float(found.high[0]), there=to, elsewhere=others, before=at_first,
        tasks=len(names), contexts=len(contexts), p=float(sides.either[0]), up=bool(sides.greater[0] < sides.less[0]),
    )  # fmt: skip


@dataclass
class Relocations:
    """The relocations of one run so far, as a test beside those of knock-outs.

    Attributes:
        contexts: context → what became of the action; only where the reward could be moved.
        tasks: context → its task.
        undefined: why there can be none; "" where there can.
    """

    contexts: dict[int, Relocation] = field(default_factory=dict)
    tasks: dict[int, int] = field(default_factory=dict)
    undefined: str = ""

    def add(self, found: Relocation | None, context: int, task: int) -> None:
        """Take one context's; None says that the reward could not be moved there."""
        if found is not None:
            self.contexts[context], self.tasks[context] = found, task
            self.__dict__.pop("effect", None)

    def redrawn(self, contexts: Redrawn) -> Relocations:
        """As if these had been the contexts; see `confirmation.KnockOuts`."""
        found = Relocations(undefined=self.undefined)
        for at, (context, task) in enumerate(contexts):
            if context in self.contexts:
                found.add(self.contexts[context], at, task)
        return found

    @property
    def insight(self) -> Insight:
        """Before it is decided."""
        nan = float("nan")
        return Insight(KIND, "model", "", nan, (nan, nan), 0, LEAST, CAVEAT, status="no evidence", over="tasks")

    @property
    def decidable(self) -> bool:
        """Whether there are tasks enough."""
        return not self.undefined and len(set(self.tasks.values())) >= MIN_TASKS

    @cached_property
    def effect(self) -> Following:
        """Over all contexts so far."""
        return follows(list(self.contexts.values()), np.array(list(self.tasks.values())))

    def undecided(self) -> Insight:
        """No evidence, and why."""
        n = len(set(self.tasks.values()))
        why = self.undefined or f"{n} tasks have contexts whose reward can be moved, {MIN_TASKS} are needed"
        return replace(self.insight, sentence=f"No evidence of reward-following: not defined here ({why}).")

    def restated(self, decision: str) -> Insight:
        """With the status that all tests together give it."""
        effect = self.effect
        decided = decision in ("confirmed", "refuted")
        sentence = (
            f"The model, with the reward in its context moved: a step towards the new place is {_points(effect.moved)} "
            f"[{_points(effect.low)}, {_points(effect.high)}] points more probable than when it is moved elsewhere."
        )
        words = (
            f"a right step has {effect.there:.0%} when the reward is moved there, {effect.elsewhere:.0%} when to "
            f"{PLACES - 1} other places, {effect.before:.0%} before (p {p_value(effect.p)}, {effect.contexts} contexts "
            f"of {effect.tasks} tasks)"
        )
        doubt = "the interval over tasks holds 0: others may differ" if effect.low <= 0 <= effect.high else ""
        why = doubt if decided else decision
        return replace(
            self.insight, sentence=sentence, effect=effect.moved, interval=(effect.low, effect.high), n=effect.tasks,
            status=decision if decided else "no evidence", tested="; ".join(part for part in (words, why) if part),
            suggests=SUGGESTS if decision == "confirmed" else (), knock_out_n=effect.tasks,
            knock_out_contexts=effect.contexts, knock_out_p=effect.p,
        )  # fmt: skip


def _points(share: float) -> str:
    return f"{100 * share:.1f}"
