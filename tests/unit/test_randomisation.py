"""The exact randomisation test: beside all assignments one by one, its level, and what it must not depend on."""

from __future__ import annotations

from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtui.statistics.randomisation import GRID, SMALLEST, randomisation_test


def by_hand(values: np.ndarray, slack: float) -> np.ndarray:
    """(K,) share of all K^C assignments whose sum is above each draw's own less `slack`."""
    C, K = values.shape
    sums = np.array([sum(values[c, k] for c, k in enumerate(choice)) for choice in product(range(K), repeat=C)])
    return np.array([(sums >= own - slack).mean() for own in values.sum(axis=0)])


@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(2, 4))
def test_it_is_the_count_over_all_assignments(seed: int, contexts: int, draws: int) -> None:
    values = np.random.default_rng(seed).normal(size=(contexts, draws))
    found = randomisation_test(values, np.ones(contexts))
    steps = (contexts + 1) * np.ptp(values, axis=1).sum() / (GRID - contexts - 1)  # what rounding can do to two sums
    for p, signed in ((found.greater, values), (found.less, -values)):
        assert np.all(by_hand(signed, -steps) - 1e-9 <= p)
        assert np.all(p <= by_hand(signed, steps) + 1e-9)


@pytest.mark.parametrize("contexts", [6, 18, 60])
@pytest.mark.parametrize("skew", [0.01, 2.0])
def test_either_side_errs_as_often_as_it_says(contexts: int, skew: float) -> None:
    """Every draw in turn is named: 9 placebos of each of 200 tables."""
    rng = np.random.default_rng(contexts)
    sides = [
        randomisation_test(np.exp(skew * rng.normal(size=(contexts, 9))), np.full(contexts, 1.0)) for _ in range(200)
    ]
    for p in (np.concatenate([one.greater for one in sides]), np.concatenate([one.less for one in sides])):
        assert (p <= 0.025).mean() == pytest.approx(0.025, abs=3 * np.sqrt(0.025 * 0.975 / len(p)))


def test_units_and_shifts_of_a_context_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=(20, 9)), rng.random(20)
    first = randomisation_test(values, weights)
    moved = randomisation_test(7 * values + rng.normal(size=(20, 1)), weights)
    np.testing.assert_allclose(moved.greater, first.greater, rtol=0.02)
    turned = randomisation_test(-values, weights)
    np.testing.assert_allclose(turned.less, first.greater, rtol=0.02)


def test_equal_draws_tell_nothing_and_no_p_is_zero() -> None:
    alike = randomisation_test(np.full((5, 9), 0.3), np.ones(5))
    assert alike.either.tolist() == [1.0] * 9
    apart = randomisation_test(np.concatenate([np.ones((40, 1)), np.zeros((40, 8))], axis=1), np.ones(40))
    assert apart.greater[0] == SMALLEST
    assert apart.less[0] == pytest.approx(1.0)
    few = randomisation_test(np.array([[1.0, 0, 0], [1.0, 0, 0]]), np.ones(2))
    assert few.greater[0] == pytest.approx(1 / 9)


def test_of_many_contexts_the_sum_is_normal() -> None:
    values = np.random.default_rng(1).normal(size=(300, 5))
    found = randomisation_test(values, np.full(300, 1 / 300))
    deviations = (values.sum(axis=0) - values.mean(axis=1).sum()) / np.sqrt(values.var(axis=1).sum())
    expected = [1 - NormalDist().cdf(float(one)) for one in deviations]
    assert found.greater == pytest.approx(expected, abs=0.01)
    assert found.less == pytest.approx(1 - found.greater, abs=0.01)
