"""Layouts: nothing is lost or counted twice when tokens are summed into transitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtui.records.axis import Axis
from adtui.records.layout import (
    CLOSE,
    FLOW_ACTION,
    LATENT,
    NONE,
    OPEN,
    QUERY,
    QUERY_ACTION,
    STATE,
    TIME,
    TOKEN_KINDS,
    TRANSITION,
    UNITS,
    Layout,
)
from adtui.records.sample import Sample

PLAIN = Layout.plain(4)
SEPARATE = Layout.separate(0, 4)
LATENTS = Layout.separate(3, 7, latents=5)
MARKED = Layout.of(
    [(OPEN, NONE), (TRANSITION, range(2)), (CLOSE, NONE), (OPEN, NONE), (TRANSITION, [2]), (QUERY, 3)], 3
)
DYNAMICS = Layout.of([(TRANSITION, range(3)), (QUERY, 3), (QUERY_ACTION, 3)], 3, read=3)
QUERY_FIRST = Layout.of([(QUERY, 3), (TRANSITION, range(3))], 3)
FLOW = Layout.of([(TRANSITION, range(3)), (QUERY, 3), (FLOW_ACTION, NONE), (TIME, NONE)], 3, read=3)
ALL = {
    "plain": PLAIN,
    "separate": SEPARATE,
    "latents": LATENTS,
    "marked": MARKED,
    "dynamics": DYNAMICS,
    "query first": QUERY_FIRST,
    "flow": FLOW,
    "no context": Layout.plain(0),
    "nothing left": Layout.separate(6, 6, latents=2),
}


def sample(n: int, horizon: int = 3) -> Sample:
    time = np.arange(n + 1)
    states = np.stack([time % 9, time // 9], axis=1)
    rewards = (np.arange(n) % 4 == 2).astype(np.float32)
    return Sample("walk", states[:-1], time[:-1] % 5, rewards, states[1:], states[-1], time // horizon, time % horizon)


@pytest.mark.parametrize("layout", ALL.values(), ids=ALL)
@given(seed=st.integers(0, 99))
def test_attention_is_shared_out_in_full(layout: Layout, seed: int) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.ones(layout.n_tokens), size=(2, 3))
    parts = layout.by_transition(weights)
    assert parts.shape == (2, 3, len(layout.visible) + 1)
    np.testing.assert_allclose(parts.sum(axis=-1) + layout.other(weights), 1)
    np.testing.assert_allclose(layout.sum(weights).sum(axis=-1), 1)


@pytest.mark.parametrize("layout", ALL.values(), ids=ALL)
def test_units_are_the_same_sequence(layout: Layout) -> None:
    units = layout.units
    assert units.n_tokens == len(layout.leads)
    assert units.transition[units.read] == layout.transition[layout.read]
    np.testing.assert_array_equal(units.visible, layout.visible)
    assert not units.summed
    values = np.arange(layout.n_tokens, dtype=np.float64)
    np.testing.assert_array_equal(units.by_transition(layout.sum(values)), layout.by_transition(values))
    for unit in UNITS:
        assert layout.view(unit).n_context == layout.n_context


def test_a_transitions_row_is_that_of_its_state_token() -> None:
    assert (SEPARATE.kind[SEPARATE.leads[:-1]] == STATE).all()
    assert SEPARATE.leads.tolist() == [0, 3, 6, 9, 12]
    assert SEPARATE.units.kind.tolist() == [TRANSITION] * 4 + [QUERY]


def test_what_differs_between_the_views() -> None:
    assert [layout.summed for layout in (PLAIN, SEPARATE, LATENTS, MARKED, DYNAMICS, QUERY_FIRST)] == [
        False, True, True, False, True, False,
    ]  # fmt: skip
    assert LATENTS.units.kind.tolist() == [LATENT] * 5 + [TRANSITION] * 4 + [QUERY]
    assert LATENTS.visible.tolist() == [3, 4, 5, 6]
    assert DYNAMICS.units.read == 3
    assert QUERY_FIRST.read == 3


def test_the_query_first_is_the_query_all_the_same() -> None:
    parts = QUERY_FIRST.by_transition(np.array([0.1, 0.2, 0.3, 0.4]))
    np.testing.assert_allclose(parts, [0.2, 0.3, 0.4, 0.1])


def test_axis_of_transitions() -> None:
    axis = Axis.plain(sample(7))
    assert axis.episode.tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
    assert axis.starts.tolist() == [0, 3, 6]
    assert np.flatnonzero(axis.rewarded).tolist() == [2, 6]
    assert (axis.query, axis.read, axis.n_keys) == (7, 7, 7)


def test_axis_of_tokens_and_latents() -> None:
    axis = Axis(LATENTS, sample(7))
    assert axis.episode.tolist() == [-1] * 5 + [1] * 9 + [2] * 3 + [2]
    assert axis.starts.tolist() == [5, 14]
    assert np.flatnonzero(axis.rewarded).tolist() == [14, 15, 16]
    assert axis.transition(0) is None
    assert axis.transition(6) == 3
    alone = Axis.latents(sample(7), 4)
    assert len(alone) == 4
    assert alone.query is None
    assert alone.starts.tolist() == []


def test_a_mark_belongs_to_what_it_stands_before() -> None:
    axis = Axis(MARKED, sample(3, horizon=2))
    assert axis.episode.tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_a_flows_tokens_are_no_transition_and_stand_in_the_querys_episode() -> None:
    assert [TOKEN_KINDS[kind] for kind in (FLOW_ACTION, TIME)] == ["flow action", "time"]
    axis = Axis(FLOW, sample(3, horizon=2))
    assert axis.episode.tolist() == [0, 0, 1, 1, 1, 1]
    assert axis.starts.tolist() == [0, 2]
    assert not axis.rewarded[4:].any()
    assert [axis.transition(position) for position in (4, 5)] == [None, None]
    assert (axis.query, axis.read) == (3, 3)
    weights = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    np.testing.assert_array_equal(FLOW.by_transition(weights), weights[:4])
    assert FLOW.other(weights) == 48


def test_a_flow_before_its_first_transition_has_an_episode_too() -> None:
    empty = Layout.of([(QUERY, 0), (FLOW_ACTION, NONE), (TIME, NONE)], 0, read=0)
    assert Axis(empty, sample(0)).episode.tolist() == [0, 0, 0]
