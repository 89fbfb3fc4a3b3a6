"""A budget shared over layers and heads: the sums that are promised, and what stays against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtui.compression.sharing import (
    SHARINGS,
    Ada,
    Duo,
    Evenly,
    Pyramid,
    budgets_of_heads,
    count_retrieval,
    is_full,
    kept_of_layer,
    sharing,
    words_of,
)
from adtui.compression.strategies.base import Bools
from adtui.records.arrays import Doubles
from adtui.records.errors import ConfigError


@st.composite
def layers(draw: st.DrawFn) -> tuple[Doubles, Bools]:
    """Scores with ties (B, H, M) and what is there; a head without an entry is among them."""
    B, H, M = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    return rng.integers(0, 6, (B, H, M)).astype(np.float64), rng.random((B, H, M)) < draw(st.floats(0, 1))


@given(st.integers(0, 60), st.integers(1, 60), st.integers(1, 6), st.integers(1, 5), st.floats(1, 100))
def test_a_pyramid_falls_and_holds_what_an_even_budget_does(
    K: int, n: int, depth: int, heads: int, beta: float
) -> None:
    budgets = budgets_of_heads(Pyramid(beta=beta), K, n, depth, heads)
    assert budgets.sum() == min(K, n) * depth * heads
    assert (np.diff(budgets, axis=0) <= 0).all()
    assert budgets.max() <= n
    assert budgets.min() >= min(K, 1)


@given(layers(), st.integers(0, 9))
def test_evenly_each_head_keeps_its_highest(given: tuple[Doubles, Bools], K: int) -> None:
    scores, present = given
    kept = kept_of_layer(Evenly(), scores, present, np.full(scores.shape[1], K))
    for b, h in np.ndindex(scores.shape[:2]):
        order = sorted(np.flatnonzero(present[b, h]), key=lambda m: (scores[b, h, m], m))
        assert set(np.flatnonzero(kept[b, h])) == set(order[len(order) - min(K, len(order)) :])


@given(layers(), st.integers(1, 9), st.sampled_from([0.0, 0.2, 0.5, 1.0]))
def test_ada_keeps_each_heads_best_and_then_the_layers_highest(
    given: tuple[Doubles, Bools], K: int, floor: float
) -> None:
    scores, present = given
    B, H, _ = scores.shape
    kept = kept_of_layer(Ada(floor=floor), scores, present, np.full(H, K))
    safe = max(1, int(K * floor)) if floor else 0
    for b in range(B):
        chosen = set()
        for h in range(H):
            order = sorted(np.flatnonzero(present[b, h]), key=lambda m: (scores[b, h, m], m), reverse=True)
            chosen |= {(h, m) for m in order[:safe]}
        rest = [(h, m) for h, m in np.argwhere(present[b]) if (h, m) not in chosen]
        rest.sort(key=lambda place: (scores[b][place], place[1], place[0]), reverse=True)
        chosen |= set(rest[: K * H - len(chosen)])
        assert {(h, m) for h, m in np.argwhere(kept[b])} == chosen
        assert kept[b].sum() == min(K * H, present[b].sum())


@given(layers(), st.integers(1, 9), st.sampled_from([Evenly(), Ada(), Ada(floor=0)]))
def test_what_was_kept_is_not_full_and_nothing_comes_back(
    given: tuple[Doubles, Bools], K: int, shared: Evenly | Ada
) -> None:
    scores, present = given
    budgets = np.full(scores.shape[1], K)
    kept = kept_of_layer(shared, scores, present, budgets)
    assert not (kept & ~present).any()
    assert not is_full(shared, kept.sum(axis=2), budgets)
    again = kept_of_layer(shared, scores, kept, budgets)
    assert (again == kept).all()


def test_retrieval_heads_keep_all_and_the_others_their_budget() -> None:
    shared = Duo(retrieval=0.5)
    assert count_retrieval(shared, 2, 3) == 3
    chosen = np.array([[True, False, False], [True, True, False]])
    np.testing.assert_array_equal(budgets_of_heads(shared, 4, 11, 2, 3, chosen), np.where(chosen, 11, 4))


@pytest.mark.parametrize("name", SHARINGS)
def test_what_is_typed_is_what_is_written(name: str) -> None:
    kind, *values = words_of(SHARINGS[name]()).split(":")
    assert sharing(kind, dict(value.split("=") for value in values)) == SHARINGS[name]()


@pytest.mark.parametrize(("name", "values"), [("even", {}), ("ada", {"floor": "2"}), ("pyramid", {"floor": "0.5"})])
def test_what_there_is_not_is_refused(name: str, values: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="shared=" + name):
        sharing(name, values)
