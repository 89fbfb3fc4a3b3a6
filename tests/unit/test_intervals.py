"""The bootstrap: laws, coverage, and what it says when there is little to say."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adtui.records.sample import Sample
from adtui.records.statistics import HeadStats
from adtui.statistics.averages import AVERAGED, aggregate
from adtui.statistics.heads import head_stats
from adtui.statistics.intervals import estimate, tail


def many(n_samples: int, heads: int = 16, n: int = 80) -> tuple[list[HeadStats], list[Sample]]:
    """Random rows of n keys; every second context has a reward."""
    rng = np.random.default_rng(0)
    stats, samples = [], []
    for index in range(n_samples):
        rewards = np.zeros(n, np.float32)
        rewards[: index % 2] = 1
        cells = np.zeros((n, 2), np.int64)
        sample = Sample(
            "random", cells, np.zeros(n, np.int64), rewards, cells, np.array([4, 4]),
            np.arange(n + 1) // 20, np.arange(n + 1) % 20, history=index,
        )  # fmt: skip
        samples.append(sample)
        stats.append(head_stats(rng.dirichlet(np.full(n + 1, 0.3), (4, heads // 4)), sample))
    return stats, samples


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(0, 1 << 30))
def test_the_interval_holds_the_mean_and_stays_within_the_data(n: int, seed: int) -> None:
    values = np.random.default_rng(seed).standard_cauchy((n, 3))
    got = estimate(values, np.arange(n))
    assert got.mean == pytest.approx(values.mean(axis=0))
    assert (got.low <= got.mean).all()
    assert (got.mean <= got.high).all()
    slack = 1e-9 * np.abs(values).max()
    assert (got.low >= values.min(axis=0) - slack).all()
    assert (got.high <= values.max(axis=0) + slack).all()


def test_equal_histories_give_an_interval_of_no_width() -> None:
    got = estimate(np.full((7, 1), 0.1), np.arange(7))
    assert got.low == pytest.approx(0.1)
    assert got.high == pytest.approx(0.1)
    assert got.low <= got.mean <= got.high


def test_one_history_has_a_mean_and_no_interval() -> None:
    got = estimate(np.array([[1.0], [3.0]]), [4, 4])
    assert got.mean.tolist() == [2]
    assert got.n.tolist() == [1]
    assert np.isnan(got.low).all()
    assert np.isnan(got.high).all()


def test_samples_of_one_history_count_once() -> None:
    values = np.array([[0.0], [0.0], [0.0], [6.0]])
    got = estimate(values, [0, 0, 0, 1])
    assert got.mean.tolist() == [3]
    assert got.n.tolist() == [2]
    repeated = estimate(np.repeat(values, 5, axis=0), np.repeat([0, 0, 0, 1], 5))
    assert (repeated.low, repeated.high) == (got.low, got.high)


def test_undefined_values_are_left_out_and_counted() -> None:
    nan = np.nan
    got = estimate(np.array([[1.0, nan, nan], [3.0, 5.0, nan], [nan, 7.0, nan]]), [0, 1, 2])
    assert got.n.tolist() == [2, 2, 0]
    assert got.mean[:2].tolist() == [2, 6]
    assert np.isnan(got.mean[2])
    assert np.isfinite(got.low[:2]).all()


def test_the_same_input_gives_the_same_interval() -> None:
    values = np.random.default_rng(1).normal(size=(6, 2))
    assert np.array_equal(estimate(values, range(6)).low, estimate(values, range(6)).low)


@pytest.mark.parametrize(("n", "at_least"), [(5, 0.88), (10, 0.91), (30, 0.92)])
def test_coverage_for_few_histories(n: int, at_least: float) -> None:
    values = np.random.default_rng(2).normal(size=(n, 2000))  # 2000 experiments side by side, true mean 0
    got = estimate(values, np.arange(n))
    assert ((got.low <= 0) & (got.high >= 0)).mean() > at_least


def test_tails_grow_towards_the_textbook_share() -> None:
    shares = [tail(n) for n in (2, 3, 5, 10, 50, 10_000)]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(0.025, abs=1e-4)
    assert tail(5) == pytest.approx(0.00096, abs=2e-5)  # Φ(−√(5/4) · 2.776)


def test_aggregate_averages_every_statistic_and_takes_the_ratio_geometrically() -> None:
    stats, samples = many(6)
    got = aggregate(stats, samples)
    assert set(got) == set(AVERAGED)
    assert got["holding"].mean.shape == (4, 4, 4)
    assert got["effective"].mean == pytest.approx(np.mean([one.effective for one in stats], axis=0))
    assert np.log(got["recent_distant"].mean) == pytest.approx(got["log_recent_distant"].mean)
    assert (got["rewarded_lift"].n == 3).all()  # half of the contexts have a reward
    assert (got["revisit_lift"].n == 0).all()
    assert aggregate([], []) == {}


def test_one_empty_quarter_does_not_make_the_mean_infinite() -> None:
    stats, samples = many(2, n=8)
    row = np.zeros((4, 4, 9))
    row[..., 7] = 1
    got = aggregate([*stats, head_stats(row, samples[0])], [*samples, samples[0]])
    assert np.isfinite(got["recent_distant"].mean).all()


def test_aggregation_is_cheap() -> None:
    stats, samples = many(50)
    aggregate(stats, samples)
    best = min(_seconds(stats, samples) for _ in range(5))
    assert best < 0.25  # about 0.02 s on an idle core; the bound only catches a loop over resamples


def _seconds(stats: list[HeadStats], samples: list[Sample]) -> float:
    start = time.process_time()
    aggregate(stats, samples)
    return time.process_time() - start
