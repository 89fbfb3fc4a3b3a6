"""Findings that tell the same story: several kinds of insight about one place that name the same transitions.

A head that looks at four rewarded transitions alone is reward-seeking, sparse, and has landmarks. Hiding what each of
them names hides the same transitions: one finding, which is told once, under the kind that says most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..records.insight import Insight
from .thresholds import TESTS

TELLING = (
    "reward-seeking", "state-revisit", "n-gram", "induction", "sink", "landmark", "primacy", "recency", "clustered",
    "sparse",
)  # fmt: skip
"""Kinds that name transitions, from what stands in them to how many they are: the first tells the story."""

Named = Mapping[int, tuple[int, ...]]
"""Context → the transitions that an insight names there."""


def overlap(one: Named, other: Named) -> float:
    """Mean over contexts of the Jaccard index; a context where only one of the two names something has 0."""
    shares = [_jaccard(set(one.get(at, ())), set(other.get(at, ()))) for at in one.keys() | other.keys()]
    return float(np.mean(shares)) if shares else 0.0


def told_once(insights: Sequence[Insight], named: Sequence[Named]) -> list[Insight]:
    """The same insights in the same order, with `same_as` and `also` where several tell one story.

    Only insights of one place, phase and status are put together.

    Args:
        insights: after their tests.
        named: what each of them names.
    """
    order = sorted(range(len(insights)), key=lambda i: TELLING.index(insights[i].kind))
    followers: dict[int, list[int]] = {}
    for i in order:
        leader = next((j for j in followers if _one_story(insights[i], insights[j], named[i], named[j])), None)
        followers[i if leader is None else leader] = [] if leader is None else [*followers[leader], i]
    leaders = {i: leader for leader, members in followers.items() for i in members}
    return [
        replace(
            one,
            also=tuple(insights[j].kind for j in followers.get(i, ())),
            same_as=insights[leaders[i]].kind if i in leaders else "",
        )
        for i, one in enumerate(insights)
    ]


def _one_story(one: Insight, other: Insight, here: Named, there: Named) -> bool:
    alike = (one.layer, one.head, one.phase, one.status) == (other.layer, other.head, other.phase, other.status)
    return alike and overlap(here, there) >= TESTS["same sets"].value


def _jaccard(one: set[int], other: set[int]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0
