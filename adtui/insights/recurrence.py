"""How surely what is confirmed would be confirmed with other contexts, from the contexts at hand. Numpy only.

The contexts are drawn anew, with replacement, and everything that made a claim confirmed is asked again: whether it is
observed, its test at the level that was reached, its size, its other ablations. A draw from a draw: numbers of other
contexts differ from those at hand by the chance of both, which is twice the variance of one draw.

With another seed contexts are of the same tasks, so that histories are drawn within their task; those that are alone in
their task are drawn among each other. What the share is worth by six seeds is in docs/validity.md. It says nothing of
other tasks, other models or other kinds of contexts.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..records.insight import Insight
from ..records.sample import Sample
from ..records.statistics import SampleStats
from ..records.steps import said
from ..statistics.significance import benjamini_hochberg
from .confirmation import KnockOuts, Test
from .evidence import Evidence
from .kinds import INSIGHT_KINDS
from .log import Key, statements
from .thresholds import TESTS

REDRAWS = int(TESTS["redraws"].value)
DRAWS_OF_DRAWS = 2
_STREAM = 0x5EC
"""Of the generator, apart from those that seeds alone make."""


def recurring(insight: Insight, share: float) -> Insight:
    """The insight with how often it is confirmed again."""
    words = f"{insight.tested}; confirmed again in {round(share * REDRAWS)} of {REDRAWS} redraws of its contexts"
    return replace(insight, recurs=share, tested=words)


@dataclass(frozen=True)
class Drawn:
    """A history that was drawn: the indices of its contexts, and what stands for its task."""

    contexts: tuple[int, ...]
    task: int


@dataclass(frozen=True)
class Recurrence:
    """The claims of one run, and its contexts.

    Attributes:
        stats, samples: of every context, in order.
        tests: all that were made.
    """

    stats: Sequence[SampleStats]
    samples: Sequence[Sample]
    tests: Sequence[Test]
    seed: int = 0

    def shares(self, confirmed: Sequence[Insight]) -> Generator[int, None, dict[Key, float]]:
        """Key → share of the redraws in which it is confirmed again. Yields after every step how many are done."""
        keys = {one.key for one in confirmed}
        claims = [one for one in self.tests if one.insight.key in keys]
        again, level = {one.insight.key: 0 for one in claims}, self._level()
        for done in range(REDRAWS if claims else 0):
            steps = self._confirmed(claims, self.redrawn(done), level)
            for key in (yield from said(steps, partial(_count, done))):
                again[key] += 1
        return {key: count / REDRAWS for key, count in again.items()}

    def redrawn(self, number: int) -> list[Drawn]:
        """As many histories as there are; one drawn twice is two."""
        rng = np.random.default_rng([_STREAM, self.seed, number])
        tasks: dict[int, dict[int, list[int]]] = {}
        for context, sample in enumerate(self.samples):
            tasks.setdefault(sample.cluster, {}).setdefault(sample.history, []).append(context)
        found, alone = list[Drawn](), list[list[int]]()
        for task, histories in tasks.items():
            each = list(histories.values())
            if len(each) > 1:
                found += [Drawn(tuple(each[at]), task) for at in _drawn(rng, len(each))]
            else:
                alone += each
        own = min(tasks, default=0) - 1  # of histories that are alone in their task no two are of one
        return found + [Drawn(tuple(alone[at]), own - i) for i, at in enumerate(_drawn(rng, len(alone)))]

    def _level(self) -> float:
        """What the control of false discoveries asks of the last p-value that it lets through, as it went."""
        p_values, most = [one.effect.p for one in self.tests if one.decidable], TESTS["false discoveries"].value
        return most * int(np.sum(benjamini_hochberg(p_values, most))) / max(1, len(p_values))

    def _confirmed(
        self, claims: Sequence[Test], histories: Sequence[Drawn], level: float
    ) -> Generator[None, None, set[Key]]:
        observed = yield from self._observed(histories, {one.insight.kind for one in claims})
        contexts = [(context, one.task) for one in histories for context in one.contexts]
        found = set()
        for claim in claims:
            key = claim.insight.key
            if (key in observed or not isinstance(claim, KnockOuts)) and _holds(claim.redrawn(contexts), level):
                found.add(key)
            yield
        return found

    def _observed(self, histories: Sequence[Drawn], kinds: set[str]) -> Generator[None, None, set[Key]]:
        drawn = [(context, at) for at, one in enumerate(histories) for context in one.contexts]
        samples = [replace(self.samples[context], history=at) for context, at in drawn]
        evidence = Evidence([self.stats[context] for context, _ in drawn], samples)
        stated = yield from statements(evidence, [kind for kind in INSIGHT_KINDS if kind.name in kinds])
        return {key for key, one in stated.items() if one.status == "observed"}


def _holds(test: Test, level: float) -> bool:
    """Whether one test is confirmed where p-values up to a level are let through."""
    if not test.decidable or test.effect.p > level or test.effect.side != "confirmed":
        return False
    return test.restated("confirmed").status == "confirmed"


def _drawn(rng: np.random.Generator, count: int) -> list[int]:
    """Of so many, as many with replacement, and of these again."""
    places = np.arange(count)
    for _ in range(DRAWS_OF_DRAWS if count else 0):
        places = rng.choice(places, count)
    return [int(one) for one in places]


def _count(done: int, _: None) -> int:
    return done
