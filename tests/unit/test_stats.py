"""Laws that the statistics obey, and their values on rows whose answer is known by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adtui.records.attention import Attention
from adtui.records.sample import Sample
from adtui.records.statistics import HOLDING, HeadStats
from adtui.statistics.heads import head_stats, sample_stats, value_weighted
from adtui.statistics.script import seed_stats


def make_sample(n: int, horizon: int = 5, rewarded: tuple[int, ...] = (), revisits: tuple[int, ...] = ()) -> Sample:
    """A context of n transitions: query state (4, 4), visited only at `revisits`; reward 1 at `rewarded`."""
    states = np.zeros((n, 2), np.int64)
    states[list(revisits)] = 4
    rewards = np.zeros(n, np.float32)
    rewards[list(rewarded)] = 1
    return Sample(
        label="made by hand",
        states=states,
        actions=np.zeros(n, np.int64),
        rewards=rewards,
        next_states=states,
        query_state=np.array([4, 4]),
        episode=np.arange(n + 1) // horizon,
        step=np.arange(n + 1) % horizon,
    )


def make_attention(row: np.ndarray, value_norm: np.ndarray | None = None) -> Attention:
    """Wrap one row (N,) as a model with one layer and one head."""
    row = np.asarray(row, np.float32).reshape(1, 1, -1)
    norm = np.ones_like(row) if value_norm is None else np.asarray(value_norm, np.float32).reshape(1, 1, -1)
    return Attention(row, np.zeros(row.shape), np.zeros(row.shape), norm, np.zeros(5, np.float32))


def plain(row: np.ndarray, sample: Sample | None = None) -> HeadStats:
    sample = sample if sample is not None else make_sample(len(row) - 1)
    return sample_stats(make_attention(row), sample).plain


def value(stats: HeadStats, name: str) -> float:
    return float(getattr(stats, name)[0, 0])


rows = st.integers(2, 40).flatmap(
    lambda size: arrays(np.float64, size, elements=st.floats(1e-3, 1.0)).map(lambda row: row / row.sum())
)


def test_a_uniform_row_has_every_position_effective_and_no_lift() -> None:
    n = 20
    stats = plain(np.full(n + 1, 1 / (n + 1)), make_sample(n, rewarded=(3, 7), revisits=(0, 1, 9)))
    assert value(stats, "entropy") == pytest.approx(np.log(n))
    assert value(stats, "entropy_norm") == pytest.approx(1)
    assert value(stats, "effective") == pytest.approx(n)
    assert value(stats, "recent_distant") == pytest.approx(1)
    assert value(stats, "log_recent_distant") == pytest.approx(0, abs=1e-9)
    assert value(stats, "mean_lag") == pytest.approx((n + 1) / 2)
    assert value(stats, "sink_mass") == pytest.approx(1 / n)
    assert value(stats, "self_mass") == pytest.approx(1 / (n + 1))
    assert value(stats, "rewarded_mass") == pytest.approx(2 / n)
    assert value(stats, "rewarded_lift") == pytest.approx(1)
    assert value(stats, "revisit_lift") == pytest.approx(1)
    assert stats.episode_lift[0, 0] == pytest.approx(np.ones(4))
    assert stats.holding[0, 0].tolist() == [10, 16, 18, 19]
    assert (stats.n_rewarded, stats.n_revisit) == (2, 3)


def test_a_one_hot_row_has_one_effective_position() -> None:
    row = np.zeros(21)
    row[7] = 1
    stats = plain(row, make_sample(20, rewarded=(7,), revisits=(6,)))
    assert value(stats, "entropy") == 0
    assert value(stats, "effective") == 1
    assert value(stats, "max") == 1
    assert int(stats.max_position[0, 0]) == 7
    assert value(stats, "mean_lag") == 13
    assert stats.holding[0, 0].tolist() == [1, 1, 1, 1]
    assert value(stats, "rewarded_lift") == 20
    assert value(stats, "revisit_mass") == 0
    assert stats.episode_lift[0, 0].tolist() == [0, 4, 0, 0]
    assert np.isnan(value(stats, "recent_distant"))  # neither quarter has any mass


def test_an_empty_first_quarter_gives_infinity_and_an_empty_last_quarter_zero() -> None:
    row = np.zeros(9)
    row[7] = 1
    assert value(plain(row), "recent_distant") == np.inf
    assert value(plain(row), "log_recent_distant") == np.inf
    assert value(plain(row[::-1].copy()), "self_mass") == 0
    row = np.zeros(9)
    row[0] = 1
    assert value(plain(row), "recent_distant") == 0
    assert value(plain(row), "log_recent_distant") == -np.inf


@pytest.mark.filterwarnings("error")
def test_a_query_that_attends_only_to_itself_is_undefined_not_a_crash() -> None:
    row = np.zeros(6)
    row[5] = 1
    stats = plain(row, make_sample(5, rewarded=(1,), revisits=(2,)))
    assert value(stats, "self_mass") == 1
    for name in ("entropy", "entropy_norm", "effective", "recent_distant", "mean_lag", "sink_mass", "rewarded_lift"):
        assert np.isnan(value(stats, name)), name
    assert value(stats, "mean") == 0
    assert int(stats.max_position[0, 0]) == -1
    assert stats.holding[0, 0].tolist() == [0, 0, 0, 0]
    assert np.isnan(stats.episode_lift).all()


@pytest.mark.filterwarnings("error")
def test_no_context_at_all() -> None:
    stats = sample_stats(make_attention(np.ones(1)), make_sample(0))
    assert value(stats.plain, "self_mass") == 1
    assert np.isnan(value(stats.plain, "entropy"))
    assert np.isnan(value(stats.plain, "mean"))
    assert stats.plain.holding.shape == (1, 1, len(HOLDING))
    assert stats.plain.episode_lift.shape == (1, 1, 0)
    assert stats.seed[0].context_tokens == 0
    assert np.isnan(stats.seed[0].entropy)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [1, 2, 3])
def test_short_contexts(n: int) -> None:
    stats = plain(np.full(n + 1, 1 / (n + 1)))
    assert value(stats, "effective") == pytest.approx(n)
    assert value(stats, "recent_distant") == pytest.approx(1)
    assert np.isnan(value(stats, "entropy_norm")) == (n == 1)
    assert int(stats.holding[0, 0, -1]) == n


def test_nothing_rewarded_and_nothing_revisited_is_nan() -> None:
    stats = plain(np.full(11, 1 / 11))
    assert np.isnan(value(stats, "rewarded_mass"))
    assert np.isnan(value(stats, "rewarded_lift"))
    assert np.isnan(value(stats, "revisit_lift"))
    assert stats.n_rewarded == stats.n_revisit == 0


def test_attention_and_sample_must_agree() -> None:
    with pytest.raises(ValueError, match="6 tokens, the sample 5"):
        sample_stats(make_attention(np.ones(6) / 6), make_sample(4))


def test_values_with_equal_norms_change_nothing_and_zero_norms_remove_a_token() -> None:
    rng = np.random.default_rng(0)
    row = rng.dirichlet(np.ones(13))
    sample = make_sample(12, rewarded=(2, 5))
    stats = sample_stats(make_attention(row, np.full(13, 7.5)), sample)
    for field in dataclasses.fields(HeadStats):
        assert np.asarray(getattr(stats.weighted, field.name)) == pytest.approx(
            np.asarray(getattr(stats.plain, field.name)), rel=1e-5, nan_ok=True
        )
    norm = np.ones(13)
    norm[[2, 5]] = 0
    assert value(sample_stats(make_attention(row, norm), sample).weighted, "rewarded_mass") == 0


def test_all_zero_values_are_undefined() -> None:
    weighted = value_weighted(np.full((1, 1, 4), 0.25), np.zeros((1, 1, 4), np.float32))
    assert np.isnan(weighted).all()
    stats = head_stats(weighted, make_sample(3))
    assert np.isnan(stats.effective).all()
    assert (stats.max_position == -1).all()


@settings(max_examples=60, deadline=None)
@given(rows, st.randoms())
def test_order_matters_only_to_what_is_about_order(row: np.ndarray, random: object) -> None:
    order = np.random.default_rng(random.randrange(1 << 30)).permutation(len(row) - 1)  # type: ignore[attr-defined]
    before, after = plain(row), plain(np.append(row[order], row[-1]))
    for name in ("self_mass", "entropy", "entropy_norm", "effective", "mean", "std", "max"):
        assert value(after, name) == pytest.approx(value(before, name), rel=1e-6, nan_ok=True), name
    assert np.array_equal(before.holding, after.holding)


@settings(max_examples=60, deadline=None)
@given(rows, st.floats(0.1, 10))
def test_scale_changes_only_the_raw_moments(row: np.ndarray, scale: float) -> None:
    sample = make_sample(len(row) - 1, rewarded=(0,))
    before, after = head_stats(row[None, None], sample), head_stats(scale * row[None, None], sample)
    for name in ("entropy", "effective", "recent_distant", "mean_lag", "sink_mass", "rewarded_lift"):
        assert value(after, name) == pytest.approx(value(before, name), rel=1e-9), name
    assert value(after, "mean") == pytest.approx(scale * value(before, "mean"))


@settings(max_examples=60, deadline=None)
@given(rows)
def test_bounds(row: np.ndarray) -> None:
    n = len(row) - 1
    stats = plain(row)
    holding = stats.holding[0, 0]
    assert (np.diff(holding) >= 0).all()
    assert holding[0] >= 1
    assert holding[-1] <= n
    assert 1 - 1e-9 <= value(stats, "effective") <= n * (1 + 1e-9)
    assert 1 - 1e-9 <= value(stats, "mean_lag") <= n * (1 + 1e-9)
    sizes = np.bincount(make_sample(n).episode[:n])
    assert (stats.episode_lift[0, 0] * sizes / n).sum() == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(rows)
def test_reversing_the_context_inverts_the_recency_ratio(row: np.ndarray) -> None:
    forward, backward = plain(row), plain(np.append(row[:-1][::-1], row[-1]))
    assert value(backward, "log_recent_distant") == pytest.approx(-value(forward, "log_recent_distant"), abs=1e-6)
    assert value(forward, "mean_lag") + value(backward, "mean_lag") == pytest.approx(len(row))


def test_the_seed_set_keeps_the_scripts_habits() -> None:
    rows = np.full((2, 9), 0.05, np.float32)
    rows[:, -1] = 0.6
    seed = seed_stats(rows)
    assert (seed.sequence_length, seed.context_tokens, seed.max_position) == (9, 8, 0)
    assert seed.entropy == pytest.approx(-8 * 0.05 * np.log(0.05), rel=1e-5)  # not renormalised
    assert seed.recent_distant_ratio == pytest.approx(1)
