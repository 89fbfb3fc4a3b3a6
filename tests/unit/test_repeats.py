"""Induction and n-gram heads: which transitions they are about, and that attention to these is found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from adtui.insights.log import find_insights
from adtui.insights.named_transitions import Heads, named
from adtui.records.attention import Attention
from adtui.records.insight import Insight
from adtui.records.sample import Sample
from adtui.records.statistics import SampleStats
from adtui.statistics.heads import head_stats, sample_stats
from adtui.statistics.repeats import followers, repeats


def context(n: int, revisits: tuple[int, ...]) -> Sample:
    """Episodes of four steps in cell (0, 0), but for `revisits` in the query's cell."""
    states, time = np.zeros((n, 2), np.int64), np.arange(n + 1)
    states[list(revisits)] = 4
    actions = np.zeros(n, np.int64)
    return Sample("", states, actions, np.zeros(n, np.float32), states, np.array([4, 4]), time // 4, time % 4)


def heads_of(found: list[Insight]) -> set[str]:
    return {one.kind for one in found if one.status == "observed" and one.scope == "head" and not one.phase}


def test_what_follows_and_what_repeats_stay_within_an_episode() -> None:
    sample = context(12, (1, 3, 4, 5, 9))
    assert np.flatnonzero(followers(sample)).tolist() == [2, 6, 10], "3 ends its episode, 5 starts where 4 did"
    assert not repeats(sample).any(), "the query begins an episode"
    later = context(15, (1, 5, 6, 10))
    assert np.flatnonzero(repeats(later)).tolist() == [1, 5, 10], "6 came from the query's own state"
    first = context(1, ())
    assert not followers(first).any()
    assert not repeats(context(0, ())).any()
    stats = head_stats(np.full((1, 1, 16), 1 / 16), later)
    assert (stats.n_induction, stats.n_ngram) == (3, 3)
    assert float(stats.induction_lift[0, 0]) == float(stats.ngram_lift[0, 0]) == pytest.approx(1)


def walks(
    mark: Callable[[Sample], np.ndarray], factor: float, histories: int = 6
) -> tuple[list[SampleStats], list[Sample]]:
    """One head that gives the marked transitions of random walks `factor` times the others' attention."""
    rng = np.random.default_rng(3)
    stats, samples = [], []
    for history in range(histories):
        cells, actions, time = rng.integers(3, size=(81, 2)), rng.integers(2, size=80), np.arange(81)
        cells[[30, 31, 79, 80]], actions[[30, 79]] = [[5, 5], [6, 6], [5, 5], [6, 6]], 1  # as the query was come to
        cells[45] = [6, 6]  # the query's state, come to otherwise
        sample = Sample(
            "walk", cells[:80], actions, np.zeros(80, np.float32), cells[1:], cells[80], time // 41, time % 41,
            history=history,
        )  # fmt: skip
        row = np.where(mark(sample), factor, 1.0)
        row = np.append(0.9 * row / row.sum(), 0.1).astype(np.float32)[None, None]
        zeros, one = np.zeros(row.shape), np.ones_like(row)
        stats.append(sample_stats(Attention(row, zeros, zeros, one, np.zeros(5, np.float32)), sample))
        samples.append(sample)
    return stats, samples


@pytest.mark.parametrize(
    ("mark", "kind", "at"),
    [(followers, "induction", [32, 46]), (repeats, "n-gram", [31])],
    ids=["what follows", "come to alike"],
)
def test_a_head_that_attends_to_what_repeats_is_found_and_a_uniform_one_is_not(
    mark: Callable[[Sample], np.ndarray], kind: str, at: list[int]
) -> None:
    stats, samples = walks(mark, 12.0)
    assert all(np.flatnonzero(mark(sample)).tolist() == at for sample in samples)
    found = list(find_insights(stats, samples))
    assert kind in heads_of(found)
    (head,) = [one for one in found if one.kind == kind and one.scope == "head" and not one.phase]
    assert head.effect == pytest.approx(12 * 80 / (80 + 11 * len(at)), rel=1e-6)
    every = Heads(np.full((1, 1, 80), 1 / 80), np.ones((1, 1, 80)), samples[0])
    chosen = named(head, every.of(head))
    assert chosen is not None
    assert chosen.tolist() == at
    assert kind not in heads_of(list(find_insights(*walks(mark, 1.0))))
