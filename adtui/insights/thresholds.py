"""The table of thresholds: when a kind of insight holds, and why that number.

Every threshold is a ratio, a share of the n context keys, or a power of n, so that the same shape of attention gets the
same verdict at n = 80 and n = 800. Entropy in nats grows with ln n, and a fixed number of nats says nothing: at n = 80
all but very peaked attention exceeds the 2.0 nats of the users' script, at n = 8 nothing can exceed 2.08.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """When a kind of insight holds.

    Attributes:
        threshold: in the unit of the effect.
        above: the effect must exceed the threshold (else stay below it).
        min_keys: shortest context for which the effect means anything.
        reason: why this number.
        floor: an effect that must stay below the threshold must exceed this.
        either: the effect, a ratio, must exceed the threshold or stay below its inverse.
        power: the threshold is multiplied by n to this power.
    """

    threshold: float
    above: bool
    min_keys: int
    reason: str
    floor: float = 0.0
    either: bool = False
    power: float = 0.0

    def at(self, n: int) -> float:
        """The threshold for n context keys."""
        return self.threshold * math.pow(max(n, 1), self.power)

    def met_by(self, effect: float, n: int) -> bool:
        """Whether this value is where the rule wants it; NaN never is."""
        limit = self.at(n)
        if self.either:
            return bool(effect > limit or effect < 1 / limit)
        return bool(effect > limit if self.above else self.floor < effect < limit)

    def holds(self, low: float, high: float, n: int) -> bool:
        """Whether a whole interval is where the rule wants it, on one side."""
        same_side = not self.either or (low > 1) == (high > 1)
        return self.met_by(low, n) and self.met_by(high, n) and same_side

    def excluded_by(self, low: float, high: float, n: int) -> bool:
        """Whether a whole interval is where the rule does not want it; NaN never is."""
        limit = self.at(n)
        if self.either:
            return bool(1 / limit <= low and high <= limit)
        return bool(high <= limit if self.above else low >= limit or high <= self.floor)

    def needs(self, n: int) -> str:
        """The rule as a phrase: "> 2", "< 0.25", "0.83 to 1.2", "> 2 or < 0.5"."""
        limit = f"{self.at(n):.3g}"
        if self.floor:
            return f"{self.floor:.2g} to {limit}"
        if self.either:
            return f"> {limit} or < {1 / self.at(n):.2g}"
        return f"{'>' if self.above else '<'} {limit}"

    @property
    def scaled(self) -> str:
        """The rule for any n: as `needs`, with the power of n in words."""
        if not self.power:
            return self.needs(1)
        factor = "" if math.isclose(self.threshold, 1) else f"{self.threshold:g} "
        return f"{'>' if self.above else '<'} {factor}n^{self.power:g}"


RULES = {
    "recency": Rule(
        2.0, True, 8,
        "The users' script draws its line at 2. Quarters are shares of n, so the ratio does not depend on n; with "
        "fewer than 8 keys a quarter is a single token.",
    ),
    "primacy": Rule(
        0.5, False, 8,
        "The mirror image of recency. The users' script calls this spread too, as its rule has no lower end.",
    ),
    "spread": Rule(
        1.2, False, 8,
        "The users' script draws its line at 1.2: the newest quarter gets at most a fifth more than the oldest. "
        "Here the oldest may not get more than a fifth more than the newest either.",
        floor=1 / 1.2,
    ),
    "uniform": Rule(
        0.85, True, 8,
        "At least 85 % of the positions are effective: e^H / n > 0.85, that is H / ln n > 1 + ln 0.85 / ln n (0.963 at "
        "n = 80, 0.976 at n = 800). A straight ramp from nothing to twice the mean has 0.82 and is not uniform.",
    ),
    "sparse": Rule(
        0.25, False, 8,
        "90 % of the mass on fewer than a quarter of the keys: a context a quarter as long could hold nearly all that "
        "the head reads. Uniform attention needs 90 % of the keys, a straight ramp 68 %.",
    ),
    "sink": Rule(
        1.0, True, 8,
        "The first token gets √n times its uniform share, halfway in the logarithm between its share 1/n and all of "
        "the attention: 35 % at n = 8, 11 % at n = 80, 3.5 % at n = 800.",
        power=0.5,
    ),
    "landmark": Rule(
        1.0, True, 8,
        "One transition receives √n times what uniform attention would give it, over all queries that see it; the "
        "same line as for a sink. The first transition and the newest quarter do not count.",
        power=0.5,
    ),
    "clustered": Rule(
        0.5, False, 8,
        "The transitions with more than 1.25 times their share form half as many runs of neighbours as the same "
        "number would at random (about 1). Not defined where one end gets twice the other's attention: any slope "
        "makes one run.",
    ),
    "reward-seeking": Rule(
        2.0, True, 8,
        "Rewarded transitions get twice their uniform share. Counted only where fewer than a quarter are rewarded: "
        "where most are, the lift cannot be large and says nothing.",
    ),
    "state-revisit": Rule(
        2.0, True, 8,
        "Transitions from the query's own state get twice their uniform share. Counted only where they are fewer than "
        "a quarter, as for rewards.",
    ),
    "induction": Rule(
        2.0, True, 8,
        "Transitions next after one from the query's own state, in its episode and not from that state themselves, get "
        "twice their uniform share. Counted only where they are fewer than a quarter, as for rewards.",
    ),
    "n-gram": Rule(
        2.0, True, 8,
        "Transitions from the query's own state that came after the same state and action as the query get twice their "
        "uniform share: a repeated 2-gram. Counted only where they are fewer than a quarter, as for rewards.",
    ),
    "specialised heads": Rule(
        0.25, True, 8,
        "Jensen-Shannon divergence of the layer's heads over its largest possible value, ln of the number of heads: "
        "0 when all heads attend alike, 1 when no two share a transition.",
    ),
    "depth trend": Rule(
        2.0, True, 8,
        "The number of effective positions halves or doubles from the first layer to the last, along a straight line "
        "through all layers' logarithms.",
        either=True,
    ),
    "phase change": Rule(
        2.0, True, 8,
        "The number of effective positions halves or doubles between exploring and exploiting.",
        either=True,
    ),
    "short context": Rule(
        2.0, False, 1,
        "Fewer than two episodes: whatever improves from episode to episode has nothing to improve on (AD needs "
        "contexts across episodes, arXiv 2210.14215).",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Threshold:
    """A number of the tests by knock-outs, and why that number."""

    value: float
    reason: str


TESTS = {
    "draws": Threshold(
        8,
        "Random sets beside each named one. Their number adds 1/8 to the variance of what the named set is compared "
        "with, where contexts and tasks differ by much more: with 16 about as many claims of the bundled run are "
        "confirmed and come back, and the same forward passes go to twice as many contexts.",
    ),
    "tasks": Threshold(3, "Fewest tasks for a verdict: an interval from two is the line between two points."),
    "false discoveries": Threshold(
        0.05,
        "Share of the confirmed and refuted together that may be false on average (Benjamini and Hochberg 1995), over "
        "all tests of a run; 2.5 % a side for a test alone.",
    ),
    "ratio": Threshold(
        1.25,
        "Smallest ratio of the two KLs for confirmed, and its inverse for refuted. It is a mean of logarithms with a "
        "floor: where half of the contexts stay below the floor, 1.25 is a ratio of 1.6 in the others. By simulation "
        "1.5 confirms fewer planted effects than the earlier rule did, and brings fewer claims back with another seed.",
    ),
    "KL": Threshold(
        0.005,
        "Nats: mean KL of what moves the actions more, the named set for confirmed, the draws for refuted; below it no "
        "action's probability need have moved by more than 5 % (Pinsker's inequality, |Δp| ≤ √(KL/2)).",
    ),
    "KL between Gaussians": Threshold(
        0.005,
        "Nats, as for the KL, where an action is numbers with a mean and a variance: between equal variances a mean "
        "has moved by a tenth of their standard deviation.",
    ),
    "squared distance": Threshold(
        0.01,
        "Squared standard deviations of the action over the context, where an action is numbers alone: twice the KL "
        "between Gaussians of that spread, so the same tenth.",
    ),
    "changed actions": Threshold(
        0.05,
        "Instead of the KL: share of the contexts whose likeliest action changes. One in twenty is one step in an "
        "episode of Dark Room.",
    ),
    "ablation contexts": Threshold(
        144,
        "Contexts, at most, in which the other ablations are tried, the tasks in turn. What differs most is contexts: "
        "one draw in 144 leaves a ratio's variance at less than half of that of four draws in 36, for half as much "
        "work again.",
    ),
    "ablation draws": Threshold(
        1,
        "Of the 8 random sets, those beside what is named where it is ablated in the other ways: with two of them in "
        "144 contexts claims of the bundled run were confirmed and came back about as often.",
    ),
    "contradiction": Threshold(
        0.05,
        "How often one of the eleven other lines contradicts a claim by chance, all together (Holm 1979): a "
        "contradiction is itself a finding among many.",
    ),
    "logit difference": Threshold(
        0.2,
        "Logits: changes of the logit difference below this count as this. It is where no probability of one of two "
        "actions moves by more than 5 % (|Δp| ≤ Δ/4), as for the KL.",
    ),
    "largest shift": Threshold(
        0.1,
        "Standard deviations over the context, of the number of an action whose mean moves most: changes below this "
        "count as this; a tenth, as for the divergences of such actions.",
    ),
    "places": Threshold(
        4,
        "Places that the reward of a context is moved to, one at a time: 24 ways to pair them with the edited "
        "contexts. No two ask for the same actions at the query; of 32 contexts of the bundled run with a reward 28 "
        "have so many, 26 have five and 17 have six.",
    ),
    "moved probability": Threshold(
        0.05,
        "Smallest effect of a moved reward for confirmed, and below 0 for refuted: 5 points of probability, as the KL "
        "and the share of changed actions ask of knock-outs.",
    ),
    "redraws": Threshold(
        20,
        "Times that the contexts are drawn anew, to see what is confirmed again: a share comes in steps of 5 points. "
        "Each takes as long as the statistics of all confirmed claims do.",
    ),
    "same sets": Threshold(
        0.7,
        "Mean Jaccard overlap (shared over all) of what two insights about one place name, from which they are one "
        "finding, told once: 7 in 10 of the transitions that either names are named by both.",
    ),
}  # fmt: skip
