"""Bounds of means and shares that may be rarely and badly wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from adtui.statistics.bounded import FEWEST_TASKS, HISTORIES_EACH, least, lower, p_above, p_rarer, upper
from adtui.statistics.significance import t_quantile, t_tail

TASKS = np.arange(128) % 8
WORST, BOUND = -17.0, -0.85


@pytest.mark.parametrize("histories", [8, 72, 128, 8 * HISTORIES_EACH])
def test_equal_values_leave_the_chance_of_the_loss_that_was_not_seen(histories: int) -> None:
    """Losing 17 in 5 % of histories costs 0.85 in the mean; none is seen in n with probability 0.95ⁿ."""
    tasks = np.arange(histories) % 8
    assert p_above(np.zeros(histories), tasks, BOUND, WORST) == pytest.approx(0.95**histories)


def test_more_histories_of_the_same_tasks_say_no_more_of_losses_on_others() -> None:
    few, many = (np.arange(8 * each) % 8 for each in (HISTORIES_EACH, 4 * HISTORIES_EACH))
    same = p_above(np.zeros(len(few)), few, BOUND, WORST)
    assert p_above(np.zeros(len(many)), many, BOUND, WORST) == pytest.approx(same)
    assert p_above(np.zeros(len(many)), np.arange(len(many)) % 32, BOUND, WORST) < same


def test_the_least_number_is_the_first_that_could_pass() -> None:
    assert least(BOUND, WORST, 0.025) == 72
    assert 0.95**72 <= 0.025 < 0.95**71
    assert least(0.0, WORST, 0.025) == math.inf


def test_the_lower_end_is_where_the_test_turns() -> None:
    values = np.random.default_rng(0).normal(-0.2, 0.3, 128)
    low = lower(values, TASKS, WORST, 0.025)
    assert low < values.mean()
    assert p_above(values, TASKS, low - 1e-6, WORST) <= 0.025 < p_above(values, TASKS, low + 1e-6, WORST)


def test_a_worse_possible_loss_and_tasks_that_differ_leave_more_open() -> None:
    values = np.where(TASKS == 0, -2.0, 0.0)
    spread = np.where(np.arange(128) < 16, -2.0, 0.0)
    assert lower(values, TASKS, WORST, 0.025) < lower(spread, TASKS, WORST, 0.025) < spread.mean()
    assert lower(spread, TASKS, 2 * WORST, 0.025) < lower(spread, TASKS, WORST, 0.025)


def test_few_tasks_say_nothing() -> None:
    few = np.arange(128) % (FEWEST_TASKS - 1)
    assert p_above(np.zeros(128), few, BOUND, WORST) == 1
    assert p_rarer(np.zeros(128, np.bool_), np.zeros(128), 0.1) == 1


def test_means_without_a_far_worst_have_the_spread_of_a_t_interval() -> None:
    """With many histories and little to lose the pessimistic one weighs nothing; what is left is the tasks' spread."""
    tasks = np.arange(3200) % 8
    means = np.random.default_rng(1).normal(0, 1, 8)
    low = lower(means[tasks], tasks, -3.0, 0.025)
    t = means.mean() - t_quantile(0.025, 7) * means.std(ddof=1) / math.sqrt(8)
    assert low == pytest.approx(t, abs=0.25)


@pytest.mark.parametrize("hits", [0, 1, 5, 8])
def test_a_task_each_gives_clopper_and_pearson(hits: int) -> None:
    seen = np.arange(60) < hits
    exact = sum(math.comb(60, one) * 0.2**one * 0.8 ** (60 - one) for one in range(hits + 1))
    assert p_rarer(seen, np.arange(60), 0.2) == pytest.approx(exact, rel=1e-4)
    assert p_rarer(seen, np.arange(60), upper(seen, np.arange(60), 0.025)) == pytest.approx(0.025, rel=1e-3)


def test_hits_of_one_task_are_worth_less() -> None:
    spread, together = np.arange(128) < 8, np.zeros(128, np.bool_)
    together[np.flatnonzero(TASKS == 2)[:8]] = True
    assert upper(spread, TASKS, 0.025) < upper(together, TASKS, 0.025) < 1
    assert p_rarer(np.ones(128, np.bool_), TASKS, 0.1) == 1


def test_quantiles_of_t() -> None:
    assert t_quantile(0.025, math.inf) == pytest.approx(1.959964)
    assert t_tail(t_quantile(0.01, 5), 5) == pytest.approx(0.01)
