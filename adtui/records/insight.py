"""Statements about what the model attends to, and the knock-outs that test them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .ablation import Ablation
from .action_head import SINGLE, ActionHead
from .arrays import Doubles


@dataclass(frozen=True)
class Insight:
    """One statement about what the model attends to, with its evidence.

    Attributes:
        kind: "recency", "uniform", "sparse", …
        scope: "head", "layer" or "model".
        layer, head: indices from 0, None where the scope is wider.
        sentence: what is claimed, in plain words with the numbers.
        effect: the measured size of the effect, in the unit that the sentence names.
        interval: 95 % bootstrap interval of the effect over these.
        n, over: number of independent histories, or of tasks where these are what differs independently; which of the
            two.
        threshold: what the effect was compared with.
        caveat: what this does not show.
        suggests: names of the compression strategies worth testing.
        status: "observed", "confirmed", "refuted" or "no evidence".
        n_keys: number of context keys that the threshold was scaled to.
        phase: of the histories that it is about, "explore", "first reward" or "exploit"; "" is all of them.
        withdrawn: said before, and no longer supported by more samples: whoever keeps a list forgets it.
        tested: how the knock-out went, or why there is none, in words; "" before the test.
        knock_out: how much more hiding the transitions that it names moves the actions than hiding as many at random:
            geometric mean of the ratio of the two divergences.
        knock_out_interval, knock_out_n: its 95 % interval over tasks, and their number (histories, where tasks are not
            known).
        knock_out_contexts: the number of contexts that it was tested in.
        knock_out_p: of the randomisation test, both sides.
        knock_out_kl, control_kl: mean KL(p_full ‖ p_without) of the knock-out and of the random ones, nats; or the
            divergence that `ActionHead` has instead.
        knock_out_changed, control_changed: share of the samples whose most likely action changes, and the same for the
            random ones; NaN where actions are numbers.
        also: where several kinds name the same transitions: the others' names, on the one that is told.
        same_as: the kind that is told instead of this one; "" is this one itself.
        ablations: the panel behind the status; () before the test.
        recurs: of what is confirmed, the share of redraws of its contexts in which it is again; NaN before these.
    """

    kind: str
    scope: str
    sentence: str
    effect: float
    interval: tuple[float, float]
    n: int
    threshold: float
    caveat: str
    suggests: tuple[str, ...] = ()
    layer: int | None = None
    head: int | None = None
    status: str = "observed"
    n_keys: int = 0
    phase: str = ""
    withdrawn: bool = False
    tested: str = ""
    knock_out: float = float("nan")
    knock_out_interval: tuple[float, float] = (float("nan"), float("nan"))
    knock_out_n: int = 0
    knock_out_kl: float = float("nan")
    knock_out_changed: float = float("nan")
    control_changed: float = float("nan")
    knock_out_contexts: int = 0
    knock_out_p: float = float("nan")
    control_kl: float = float("nan")
    also: tuple[str, ...] = ()
    same_as: str = ""
    ablations: tuple[Ablation, ...] = ()
    over: str = "histories"
    recurs: float = float("nan")

    @property
    def key(self) -> tuple[str, int | None, int | None, str]:
        """What makes it the same statement when its numbers change."""
        return self.kind, self.layer, self.head, self.phase

    @property
    def count(self) -> str:
        """ "8 histories", "1 task"."""
        one = {"histories": "history", "tasks": "task"}[self.over]
        return f"{self.n} {one if self.n == 1 else self.over}"

    @property
    def where(self) -> str:
        """The scope as people say it, counted from 0 like the figures' file names: "L2H3", "L2", "model"."""
        if self.layer is None:
            return "model"
        return f"L{self.layer}" + ("" if self.head is None else f"H{self.head}")


@dataclass(frozen=True)
class KnockOut:
    """What ablating some transitions, or muting a head, does to the action; and what R controls of the same size do.

    Attributes:
        transitions: the context transitions that were hidden, or that alone were kept; () where a head was muted.
        where: the one head that they were hidden from, or that was muted, (layer, head); (layer, None) is a layer's
            heads, None every head.
        kl: KL(p_full ‖ p_without) of the action distribution, nats; or the divergence that `head` has instead.
        changed: whether the most likely action changed; False where actions are numbers.
        control_kl, control_changed: (R,) the same for as many transitions drawn at random, or for other heads muted one
            by one; R is 0 where all transitions were hidden.
        action_before, action_after: the most likely action; -1 where actions are numbers.
        muted: a head was muted.
        logit: by how much the logit difference changes, either way; or the head's other second metric. See
            `statistics.distributions`.
        control_logit: (R,) the same of the controls.
        chances: (2, A) probabilities of the actions without and with the ablation; each row sums to 1. Of other heads
            what `Chances` has.
        head: what kind of action it is.
    """

    transitions: tuple[int, ...]
    where: tuple[int, int | None] | None
    kl: float
    changed: bool
    control_kl: Doubles
    control_changed: NDArray[np.bool_]
    action_before: int
    action_after: int
    muted: bool = False
    logit: float = float("nan")
    control_logit: Doubles = field(default_factory=lambda: np.zeros(0))
    chances: Doubles = field(default_factory=lambda: np.zeros((2, 0)))
    head: ActionHead = SINGLE

    @property
    def excess(self) -> float:
        """kl above the controls' mean; NaN without controls."""
        return self.kl - float(self.control_kl.mean()) if len(self.control_kl) else float("nan")


@dataclass(frozen=True)
class Placebo:
    """What a run's tests say of sets that were named by chance: the random draws, each in the place of the named set.

    Attributes:
        tests: how many there were.
        confirmed, refuted: how many of them the rule for insights, with its correction and minimum effect, would have
            confirmed and refuted.
        beyond: how many have p ≤ 5 % by themselves, before both: about one in twenty, or fewer.
    """

    tests: int
    confirmed: int
    refuted: int
    beyond: int

    @property
    def words(self) -> str:
        """ "of 848 placebos 0.1 % would have been confirmed, 0 % refuted"."""
        shares = (f"{100 * count / max(self.tests, 1):.2g} %" for count in (self.confirmed, self.refuted))
        return "of {} placebos {} would have been confirmed, {} refuted".format(self.tests, *shares)
