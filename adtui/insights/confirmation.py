"""What becomes of an insight when the transitions that it names are hidden: confirmed, refuted, or no evidence.

In every context the named transitions are hidden from the head, the layer or the model that the insight is about, and
beside them, one draw after another, as many transitions drawn at random from all that the model sees. One exact test
(see `randomisation`) says for both sides whether the named set could be one of these draws. An insight is confirmed
where hiding what it names moves the actions more than that, refuted where less, in either case only where

- the test survives the control of false discoveries over all tests of the run, both sides together;
- the effect is as large as `thresholds.TESTS` asks.

The test says that what was named is no random draw *in these contexts*. It is exact however contexts resemble each
other, as draws of different contexts are independent given the contexts, so that it needs no correction for contexts of
one task; every task has the same weight in it. How far other tasks may differ is what the interval of the ratio is for:
tasks, not contexts, differ independently, so tasks are resampled, contexts of one task being averaged first. Where the
interval of a decided test holds 1, its words say so. To ask for an interval beside 1 as well would cost, by
simulation, up to half of the power with eighteen contexts, and brought no more claims back with another seed.

Of models whose actions are numbers, KL stands here for the divergence that `ActionHead` has instead, with a floor of
its own, and no action is the likeliest: none can change.

The statistic is the mean of ln KL, below `FLOOR` nats taken as FLOOR. KLs of hidden transitions range over five orders
of magnitude, so that their plain mean is that of two or three contexts. By simulation (docs/validity.md) ranks have
about the same power, but no unit in which a reader, or a minimum, could ask for an effect; a lower floor finds
differences between changes that nobody could see. The mean is of logarithms on both sides: the logarithm of the draws'
mean, as it stood here before, lies above the mean of their logarithms, and so refuted random draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..records.ablation import Ablation
from ..records.action_head import SINGLE, ActionHead
from ..records.arrays import Doubles, Ints
from ..records.insight import Insight, KnockOut
from ..statistics.intervals import over_histories
from ..statistics.randomisation import randomisation_test
from ..statistics.significance import benjamini_hochberg
from .agreement import FIRST, Tried, agreement, floor_of, log_ratios, panel
from .kind import CAVEAT
from .thresholds import TESTS
from .wording import brief, p_value

FLOOR = 0.005
"""Nats. A knock-out that moves the action distribution by less counts as one that moves it by this: two changes that
nobody could see are alike, whatever their ratio. By Pinsker's inequality (|Δp| ≤ √(KL/2)) it is where no action's
probability can have moved by more than 5 %. Models that have learnt nothing stay below it."""
CONTROLS = int(TESTS["draws"].value)
"""Random draws beside each knock-out of a test."""
MIN_TASKS = int(TESTS["tasks"].value)
NOTHING_NAMED = "not tested: it names no transitions to hide"


@dataclass(frozen=True)
class Effect:
    """What hiding one set per context does beside others, over contexts.

    Attributes:
        ratio, low, high: geometric mean of its KL over that of the others, and its 95 % interval over tasks.
        tasks, contexts: how many there are.
        kl, changed: mean KL in nats, and the share of contexts whose likeliest action changes; NaN where actions are
            numbers.
        other_kl, other_changed: the same for the others.
        p: of the randomisation test, both sides.
        head: of the model, which says what stands for the KL.
    """

    ratio: float
    low: float
    high: float
    tasks: int
    contexts: int
    kl: float
    changed: float
    other_kl: float
    other_changed: float
    p: float
    head: ActionHead = SINGLE

    @property
    def side(self) -> str:
        """Which of the two it can become, by its size; else why neither."""
        larger, least = self.ratio > 1, TESTS["ratio"].value
        kl, changed = (self.kl, self.changed) if larger else (self.other_kl, self.other_changed)
        if max(self.ratio, 1 / self.ratio) < least:
            return f"too little to matter: a ratio of {least:g} either way is asked for"
        if kl < floor_of(self.head.divergence) and not changed >= TESTS["changed actions"].value:
            others = "the actions" if self.head.continuous else "neither KL nor actions"
            return f"too little to matter: {others} {'hardly move' if self.head.continuous else 'move'}"
        return "confirmed" if larger else "refuted"


@dataclass(frozen=True)
class Draws:
    """The knock-outs of one test as numbers: K sets of transitions in each of C contexts.

    Attributes:
        kl: (C, K) KL(p_full ‖ p_without), nats.
        changed: (C, K) whether the likeliest action changed.
        tasks: (C,) the task of each context.
        head: as in `Effect`.
    """

    kl: Doubles
    changed: NDArray[np.bool_]
    tasks: Ints
    head: ActionHead = SINGLE

    def effects(self) -> list[Effect]:
        """(K,) of each set in turn: as if it were the one that was named, and the rest the draws."""
        C, K = self.kl.shape
        names, members, sizes = np.unique(self.tasks, return_inverse=True, return_counts=True)
        floor = floor_of(self.head.divergence)
        logs = np.log(np.maximum(self.kl, floor))
        p = randomisation_test(logs, 1 / (len(names) * sizes[members])).either
        found = over_histories(log_ratios(self.kl, self.tasks, floor))
        kl, changed = self.kl.mean(axis=0), self.changed.mean(axis=0)
        if self.head.continuous:
            changed = np.full(K, np.nan)
        other_kl, other_changed = ((K * part.mean() - part) / (K - 1) for part in (kl, changed))
        ratio, low, high = (np.exp(part) for part in (found.mean, found.low, found.high))
        columns = zip(ratio, low, high, kl, changed, other_kl, other_changed, p, strict=True)
        return [
            Effect(
                ratio=float(one[0]), low=float(one[1]), high=float(one[2]), tasks=len(names), contexts=C,
                kl=float(one[3]), changed=float(one[4]), other_kl=float(one[5]), other_changed=float(one[6]),
                p=float(one[7]), head=self.head,
            )
            for one in columns
        ]  # fmt: skip


class Measured(Protocol):
    """The effect of any test."""

    @property
    def p(self) -> float: ...
    @property
    def side(self) -> str: ...


Redrawn = Sequence[tuple[int, int]]
"""(context, what stands for its task) of contexts that were drawn anew, some several times."""


class Test(Protocol):
    """One claim that is tested: by knock-outs, or by moving rewards."""

    @property
    def insight(self) -> Insight: ...
    def redrawn(self, contexts: Redrawn) -> Test: ...
    @property
    def decidable(self) -> bool: ...
    @property
    def effect(self) -> Measured: ...
    def undecided(self) -> Insight: ...
    def restated(self, decision: str) -> Insight: ...


def decide(effects: Sequence[Measured]) -> list[str]:
    """Of tests that are made together: "confirmed", "refuted", or why neither."""
    found = benjamini_hochberg([one.p for one in effects], TESTS["false discoveries"].value)
    chance = f"not beyond chance among {len(effects)} tests" if len(effects) > 1 else "not beyond chance"
    return [one.side if beyond else chance for one, beyond in zip(effects, found, strict=True)]


@dataclass
class KnockOuts:
    """The knock-outs of one insight so far.

    Attributes:
        insight: as it was observed.
        knock_outs: context → what hiding did there; only where there was something to hide, with controls.
        tasks: context → its task.
        others: what the other ways and directions did, in some of the contexts; {} before they are tried.
    """

    insight: Insight
    knock_outs: dict[int, KnockOut] = field(default_factory=dict)
    tasks: dict[int, int] = field(default_factory=dict)
    others: Tried = field(default_factory=dict)
    _panels: dict[tuple[bool, str], tuple[Ablation, ...]] = field(default_factory=dict)

    def add(self, found: KnockOut, context: int, task: int) -> None:
        """Take one context's knock-out; without controls it says nothing."""
        if len(found.control_kl):
            self.knock_outs[context], self.tasks[context] = found, task

    def redrawn(self, contexts: Redrawn) -> KnockOuts:
        """The same knock-outs as if these had been the contexts, in this order."""
        found = KnockOuts(self.insight)
        for at, (context, task) in enumerate(contexts):
            if context in self.knock_outs:
                found.add(self.knock_outs[context], at, task)
        found.others = {
            how: {at: each[context] for at, (context, _) in enumerate(contexts) if context in each}
            for how, each in self.others.items()
        }
        return found

    @property
    def decidable(self) -> bool:
        """Whether there are tasks enough."""
        return len(set(self.tasks.values())) >= MIN_TASKS

    def draws(self) -> Draws:
        """The named set first, then its controls."""
        each = self.knock_outs.values()
        kl = np.array([[one.kl, *one.control_kl] for one in each])
        changed = np.array([[one.changed, *one.control_changed] for one in each])
        return Draws(kl, changed, np.array(list(self.tasks.values())), self.head)

    @property
    def head(self) -> ActionHead:
        """What the actions are."""
        return next((one.head for one in self.knock_outs.values()), SINGLE)

    @cached_property
    def effect(self) -> Effect:
        """Of the named set; all contexts must have been tried."""
        return self.draws().effects()[0]

    @cached_property
    def placebos(self) -> list[Effect]:
        """Of every control in turn, as if it had been named among the other controls."""
        all_of_them = self.draws()
        kl, changed = all_of_them.kl[:, 1:], all_of_them.changed[:, 1:]
        return Draws(kl, changed, all_of_them.tasks, all_of_them.head).effects()

    def panel(self, decision: str) -> tuple[Ablation, ...]:
        """All ablations; the first test has come to this decision. Kept, as statuses are restated after every place."""
        key = bool(self.others), decision
        if key not in self._panels:
            larger = {"confirmed": True, "refuted": False}.get(decision)
            self._panels[key] = panel({FIRST: self.knock_outs, **self.others}, self.tasks, larger, self.head)
        return self._panels[key]

    def undecided(self) -> Insight:
        """No evidence, since there are not tasks enough."""
        n = len(set(self.tasks.values()))
        words = f"not decided: {n} tasks have such transitions, {MIN_TASKS} are needed"
        return replace(self.insight, status="no evidence", tested=words, knock_out_n=n, suggests=())

    def restated(self, decision: str) -> Insight:
        """With the status that all tests together give it, where the other ablations agree."""
        effect, insight = self.effect, self.insight
        ablations = self.panel(decision)
        first = decision in ("confirmed", "refuted")
        agree, others = agreement(ablations, self.head) if first else (False, "")
        decided = first and agree
        status = decision if decided else "no evidence"
        doubt = "the interval over tasks holds 1: others may differ" if effect.low <= 1 <= effect.high else ""
        changed = f"{effect.changed:.0%} of actions change, {effect.other_changed:.0%} at random; "
        words = (
            f"hiding them moves the actions {brief(effect.ratio)} [{brief(effect.low)}, {brief(effect.high)}] times "
            f"as much as hiding as many at random ({effect.head.measured(f'{effect.kl:.2g}')}; "
            f"{'' if effect.head.continuous else changed}p {p_value(effect.p)}, {effect.contexts} contexts of "
            f"{effect.tasks} tasks)"
        )
        why = doubt if decided else "" if first else decision
        confirmed = status == "confirmed"
        return replace(
            insight, status=status, tested="; ".join(part for part in (words, why, others) if part),
            ablations=ablations,
            knock_out=effect.ratio, knock_out_interval=(effect.low, effect.high), knock_out_n=effect.tasks,
            knock_out_contexts=effect.contexts, knock_out_p=effect.p, knock_out_kl=effect.kl,
            knock_out_changed=effect.changed, control_kl=effect.other_kl, control_changed=effect.other_changed,
            caveat=insight.caveat.replace(CAVEAT, "").strip() if confirmed else insight.caveat,
            suggests=insight.suggests if confirmed else (),
        )  # fmt: skip


def undecided_yet(tested: Sequence[Test]) -> list[KnockOuts]:
    """Those that the first test confirms or refutes, and that the other ablations have not been tried on."""
    decidable = [one for one in tested if one.decidable]
    decisions = zip(decidable, decide([one.effect for one in decidable]), strict=True)
    found = [one for one, decision in decisions if decision in ("confirmed", "refuted")]
    return [one for one in found if isinstance(one, KnockOuts) and not one.others]


def settle(tested: Sequence[Test]) -> list[Insight]:
    """The insights with their status, decided together; more tests among them may change what it is."""
    decided = [one for one in tested if one.decidable]
    words = iter(decide([one.effect for one in decided]))
    return [one.restated(next(words)) if one.decidable else one.undecided() for one in tested]
