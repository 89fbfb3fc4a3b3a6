"""Circuits: searches agree with what each set gives alone, and what is certified was tested once, on other goals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from checkpoints import make_run
from hypothesis import given
from hypothesis import strategies as st
from planted import seeking_run

from adtui.circuits import runner, store
from adtui.circuits.contexts import Lives, lives
from adtui.circuits.means import Means, head_means
from adtui.circuits.options import Options
from adtui.circuits.proxy import Proxy
from adtui.circuits.runner import Opened, prepare
from adtui.circuits.search import eliminate, every, exhaustive, heads, optima
from adtui.circuits.trial import LEAST_GOALS, share_of, smallest
from adtui.models.ablation import Ablation
from adtui.models.edit import Edit
from adtui.records.arrays import Ints
from adtui.records.circuit import CircuitReport
from adtui.statistics.intervals import ratio
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.returns import EvaluationPlan
from adtui.worlds.rollouts import first_seen

SMALL = Options(device="cpu", contexts=6, streams=2, episodes=6, exhaustive=True)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return prepare(make_run(tmp_path_factory.mktemp("tiny") / "tiny", "pre"), SMALL)


@pytest.fixture(scope="module")
def proxy(tiny: Opened) -> Proxy:
    reference, compared = lived(tiny, [3, 40, 44, 50]), lived(tiny, [10, 30, 42, 60, 70], first_room=4)
    n = tiny.n_context
    return Proxy(tiny.model, compared.contexts(n), head_means(tiny.model, reference.contexts(n, 2)))


def lived(opened: Opened, goals: list[int], first_room: int = 0) -> Lives:
    plan = EvaluationPlan(DarkRoom(), runner._plan(opened).split, n_context=opened.n_context)
    last = [*lives(opened.model.policy, plan, np.array(goals), first_room)][-1]
    assert isinstance(last, Lives)
    return last


@pytest.fixture(scope="module")
def seeking(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return prepare(seeking_run(tmp_path_factory.mktemp("seeking") / "seeking"), replace(SMALL, episodes=12))


@pytest.fixture(scope="module")
def sought(seeking: Opened) -> CircuitReport:
    return runner.run(seeking)


# -- contexts ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [0, 1, 7, 19])
def test_contexts_are_what_a_rollout_shows(tiny: Opened, n: int) -> None:
    life = lived(tiny, [3, 40, 44])
    found, past = life.contexts(n, 2), life.parts[0]
    assert found.count == (3 if n < tiny.n_context else 6)  # a growing context has one moment, a full one many
    for row, room in enumerate(np.repeat(range(3), found.count // 3)):
        whole = np.concatenate([found.states[row].ravel(), found.query_states[row]])
        starts = [t for t in range(past.actions.shape[1]) if t - first_seen(t, tiny.n_context) == n]
        shown = [past.states[room, t - n : t + 1].ravel() for t in starts]
        assert any(np.array_equal(whole, one) for one in shown)


def test_no_goal_is_used_twice(tiny: Opened) -> None:
    parts = runner._dealt(runner._plan(tiny), 0)
    together = np.concatenate([*parts, np.array(runner._plan(tiny).split.test)])
    assert len(np.unique(together)) == len(together) == 81
    assert min(map(len, parts)) >= 24


# -- means and divergences ---------------------------------------------------------------------------------------------
def test_means_of_a_length_are_of_contexts_of_that_length(tiny: Opened) -> None:
    life = lived(tiny, [3, 40])
    means = Means(tiny.model, lambda n: life.contexts(n, 2))
    assert means.of(4).shape[2] == 5
    np.testing.assert_array_equal(means.of(4), head_means(tiny.model, life.contexts(4, 2)))
    assert means.of(4) is means.of(4)


def test_every_set_has_the_divergence_that_it_has_alone(proxy: Proxy) -> None:
    sets = every(np.arange(16), proxy.shape)
    found = exhaustive(proxy)
    assert found.shape == (16,)
    for kept, divergence in zip(sets, found, strict=True):
        assert divergence == pytest.approx(alone(proxy, kept), abs=1e-5)
    assert found[-1] == pytest.approx(0, abs=1e-9)
    assert found.max() > 1e-3


def alone(proxy: Proxy, kept: np.ndarray) -> float:
    """Mean KL, one context and one set at a time, from probabilities."""
    values = []
    for index in range(proxy.contexts.count):
        one = proxy.contexts.part(slice(index, index + 1))
        parts = (one.states, one.actions, one.rewards, one.next_states, one.query_states)
        full = proxy.model.policy(*parts)[0].astype(np.float64)
        cut = proxy.model.policy(*parts, edit=Edit(ablated=Ablation(proxy.means, kept[None])))[0].astype(np.float64)
        p, q = (np.exp(x) / np.exp(x).sum() for x in (full, cut))
        values.append(float((p * np.log(p / q)).sum()))
    return float(np.mean(values))


def test_elimination_begins_with_the_model_and_is_never_better_than_the_best(proxy: Proxy) -> None:
    path, found = eliminate(proxy), exhaustive(proxy)
    assert [one.size for one in path] == [4, 3, 2, 1, 0]
    assert path[0].kl == 0
    for one, best in zip(path, optima(found, path), strict=True):
        assert best.kl <= one.kl + 1e-7
        assert (best.rank == 1) == (best.kl == pytest.approx(one.kl, abs=1e-9))
        assert best.kl == pytest.approx(found[[i for i in range(16) if i.bit_count() == one.size]].min())
        assert len(best.heads) == one.size
        assert best.rank > 1 or best.heads == heads(one.kept)


class Table(Proxy):
    """Divergences from a table, by number of the set."""

    def __init__(self, shape: tuple[int, int], costs: np.ndarray) -> None:
        object.__setattr__(self, "costs", costs)
        object.__setattr__(self, "size", shape)

    @property
    def shape(self) -> tuple[int, int]:
        return self.size  # type: ignore[attr-defined,no-any-return]

    def divergence(self, kept: np.ndarray) -> np.ndarray:
        bits = kept.reshape(len(kept), -1)
        return np.asarray(self.costs[bits @ (1 << np.arange(bits.shape[1])[::-1])])  # type: ignore[attr-defined]


def test_heads_are_taken_back_where_that_is_better() -> None:
    """Head 0 costs least to lose, but the best pair needs it: without taking back, it is not found."""
    costs = np.full(16, 9.0)
    for bits, cost in {0b1111: 0, 0b0111: 1, 0b1011: 3, 0b1101: 3, 0b1110: 3, 0b0011: 5, 0b0001: 6, 0b1001: 2}.items():
        costs[bits] = cost
    path = eliminate(Table((2, 2), costs))
    assert [one.kl for one in path] == [0, 1, 2, 6, 9]
    assert heads(path[2].kept) == ((0, 0), (1, 1))


@given(st.lists(st.floats(0, 10), min_size=64, max_size=64))
def test_elimination_ends_with_a_set_of_every_size(costs: list[float]) -> None:
    path = eliminate(Table((2, 3), np.array(costs)))
    assert [one.size for one in path] == [6, 5, 4, 3, 2, 1, 0]
    assert all(one.kl == costs[int("".join(str(int(bit)) for bit in one.kept.ravel()), 2)] for one in path)


@given(st.integers(1, 200), st.data())
def test_bisection_finds_the_smallest_that_passes_where_all_larger_ones_do(total: int, data: st.DataObject) -> None:
    least = data.draw(st.integers(0, total))
    looked: list[int] = []

    def passes(size: int) -> bool:
        looked.append(size)
        return size >= least

    found = smallest(total, passes)
    assert found == (None if least == total else least)
    assert total not in looked
    assert len(looked) <= total.bit_length() + 1


# -- closed loop -------------------------------------------------------------------------------------------------------
GOALS: Ints = np.repeat(np.arange(10), 4)


def returns(mean: float, spread: float = 0.0, seed: int = 0) -> Ints:
    by_goal = np.random.default_rng(seed).normal(mean, spread, 10)
    return np.repeat(np.round(by_goal).astype(np.int64), 4)[:, None].repeat(12, axis=1)


def test_the_full_model_beside_itself_passes_with_all_of_its_return() -> None:
    found = share_of(returns(1000, 99), returns(1000, 99), GOALS, np.full(10, 5.0), 0.95)
    assert found.passed
    assert (found.share.mean, found.share.low, found.share.high) == (1, 1, 1)
    assert (found.goals, found.histories) == (10, 40)


@pytest.mark.parametrize(("kept", "passed"), [(0.99, True), (0.96, True), (0.94, False), (0.5, False)])
def test_a_share_passes_where_it_is_surely_large_enough(kept: float, passed: bool) -> None:
    full = returns(10000, 100)
    found = share_of((full * kept).astype(np.int64), full, GOALS, np.zeros(10), 0.95)
    assert found.passed == passed
    assert found.share.mean == pytest.approx(kept, abs=1e-3)


def test_goals_and_not_histories_are_what_is_counted() -> None:
    """A loss on one goal of ten is sure over 40 histories; how many such goals there are, nobody knows."""
    full = returns(1000)
    cut = full.copy()
    cut[GOALS == 3] = 700
    found = share_of(cut, full, GOALS, np.zeros(10), 0.95)
    assert found.share.mean == pytest.approx(0.97)
    assert not found.passed
    assert "may keep less than 95 %: 97.0 % [" in found.faults[0]


def test_only_the_last_episodes_count_and_the_others_are_told() -> None:
    full = returns(1000)
    cut = full.copy()
    cut[:, :2] = 0
    found = share_of(cut, full, GOALS, np.zeros(10), 0.95)
    assert found.share.mean == 1
    assert found.all_episodes.mean == pytest.approx(10 / 12)


def test_what_cannot_be_certified_says_why() -> None:
    weak = share_of(returns(100), returns(100), GOALS, np.full(10, 200.0), 0.95)
    assert weak.faults == ("the full model's own return is not better than that of random actions",)
    few = GOALS < LEAST_GOALS - 1
    found = share_of(returns(100)[few], returns(100)[few], GOALS[few], np.zeros(LEAST_GOALS - 1), 0.95)
    assert "too few" in found.faults[0]


def test_a_ratio_of_means_is_that_of_sums_and_unknown_where_there_may_be_nothing_below() -> None:
    above, below = np.array([1.0, 2.0, 6.0, 4.0]), np.array([2.0, 2.0, 8.0, 4.0])
    found = ratio(above, below)
    assert found.mean == pytest.approx(13 / 16)
    assert 0.5 <= found.low < found.mean < found.high <= 1
    nothing = ratio(above, np.array([0.0, 0.0, 0.0, 1.0]))
    assert np.isnan([nothing.low, nothing.high]).all()
    assert np.isnan(ratio(above, np.zeros(4)).mean)


# -- a model whose circuit is known ------------------------------------------------------------------------------------
def test_the_one_head_that_matters_is_in_every_circuit_and_is_certified_alone(sought: CircuitReport) -> None:
    assert all((0, 1) in one.heads for one in sought.path if one.heads)
    assert sought.certified == ((0, 1),)
    assert sought.test is not None
    assert (sought.test.share.mean, sought.test.share.low) == (1, 1)  # the other heads write nothing: equal actions
    assert sought.test.circuit == sought.test.full > 5 * sought.test.random
    none = sought.path[-1]
    assert none.kl > 1
    assert none.share is not None
    assert not none.share.passed
    assert sought.sentence.startswith("Certified: 1 of 4 heads (L0H1)")


def test_equal_seeds_give_equal_reports_and_others_do_not(seeking: Opened) -> None:
    few = replace(seeking.options, episodes=3)
    once, again, other = (
        runner.run(replace(seeking, options=one)) for one in (few, replace(few, workers=2), replace(few, seed=1))
    )
    assert again.to_json() == once.to_json()  # where ends of intervals are unknown alike
    assert [one.kl for one in other.path] != [one.kl for one in once.path]


def test_a_model_that_does_not_learn_gets_no_certificate(tiny: Opened) -> None:
    found = runner.run(tiny)
    assert found.certified is None
    assert found.sentence.startswith("Not certified: no set of fewer than 4 heads")
    assert found.test is None


# -- stored ------------------------------------------------------------------------------------------------------------
def test_the_app_is_told_of_a_stored_circuit_of_these_weights_only(
    seeking: Opened, sought: CircuitReport, tiny: Opened, tmp_path: Path
) -> None:
    assert store.known("seeking", seeking.model, tmp_path) is None
    path = store.save(sought, store.place(tmp_path, "seeking"))
    found = store.known("seeking", seeking.model, tmp_path)
    assert found is not None
    assert found.heads == ((0, 1),)
    assert "1 of 4 heads" in found.words
    assert "100.0 % [100.0, 100.0]" in found.words
    other = store.known("seeking", tiny.model, tmp_path)
    assert other is not None
    assert other.heads == ()
    assert "of other weights (step 1): not shown" in other.words
    store.save(replace(sought, test=None), path)
    none = store.known("seeking", seeking.model, tmp_path)
    assert none is not None
    assert none.heads == ()
    assert "no circuit was certified" in none.words


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"about": 1}', b"[" * 100_000])
def test_a_damaged_file_is_said_to_be_none(seeking: Opened, tmp_path: Path, content: bytes) -> None:
    store.place(tmp_path, "seeking").write_bytes(content)
    found = store.known("seeking", seeking.model, tmp_path)
    assert found is not None
    assert found.heads == ()
    assert "cannot be read" in found.words


def test_heads_that_the_model_lacks_are_not_marked(seeking: Opened, sought: CircuitReport, tmp_path: Path) -> None:
    path = store.save(sought, store.place(tmp_path, "seeking"))
    document = json.loads(path.read_text())
    document["certified"] = [[0, 99]]
    path.write_text(json.dumps(document))
    found = store.known("seeking", seeking.model, tmp_path)
    assert found is not None
    assert found.heads == ()
