"""Laws that every compression strategy keeps, and what each keeps of contexts whose answer is known by hand."""

from __future__ import annotations

import dataclasses
import itertools
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adtui.compression.choice import Choice, choose, find, parse
from adtui.compression.strategies import NAMES, STRATEGIES
from adtui.compression.strategies.base import EMBEDDINGS, PER_CONTEXT, Contexts, Parameters, Strategy, half, highest
from adtui.insights.kinds import INSIGHT_KINDS
from adtui.records.errors import ConfigError

HORIZON = 5
DRAWS = ("random",)
ALL = pytest.mark.parametrize("strategy", STRATEGIES, ids=NAMES)


def contexts(
    n: int, B: int = 3, seed: int = 0, *, needs: frozenset[str] = frozenset(PER_CONTEXT), nothing: float | None = None
) -> Contexts:
    """Random contexts with ties, embedded copies and only the evidence in `needs`, or `nothing` in its place."""
    rng = np.random.default_rng(seed)
    shapes = {name: (B, n, 4) if name == EMBEDDINGS else (B, n) for name in PER_CONTEXT}
    evidence: dict[str, Any] = {
        name: rng.integers(0, 6, shape).astype(np.float32) / 6 for name, shape in shapes.items()
    }
    if nothing is not None:
        evidence = {name: np.full(shape, nothing, np.float32) for name, shape in shapes.items()}
    return Contexts(
        states=rng.integers(0, 9, (B, n, 2)),
        actions=rng.integers(0, 5, (B, n)),
        rewards=(rng.random((B, n)) < 0.3).astype(np.float32),
        next_states=rng.integers(0, 9, (B, n, 2)),
        query_states=rng.integers(0, 9, (B, 2)),
        episode=(np.arange(n) + rng.integers(0, 40, (B, 1))) // HORIZON,
        **{name: value for name, value in evidence.items() if name in needs},
    )


def one(n: int, **fields: object) -> Contexts:
    """One context of n transitions, whose named fields are given as rows."""
    whole: dict[str, Any] = {
        name: np.asarray([row], np.float32 if name != "episode" else np.int64) for name, row in fields.items()
    }
    return dataclasses.replace(contexts(n, B=1), **whole)


def row_of(whole: Contexts, row: int) -> Contexts:
    fields = {field.name: getattr(whole, field.name) for field in dataclasses.fields(whole)}
    rows: dict[str, Any] = {name: None if value is None else value[row : row + 1] for name, value in fields.items()}
    return Contexts(**rows)


def choice(strategy: Strategy, budget: int) -> Choice:
    return Choice(strategy, budget, strategy.PARAMETERS())


def mask(text: str | Choice, whole: Contexts, seed: int = 0) -> np.ndarray:
    return choose(parse(text) if isinstance(text, str) else text, whole, np.random.default_rng(seed))


def kept(text: str, whole: Contexts) -> list[int]:
    """Which transitions of the first context stay."""
    return np.flatnonzero(mask(text, whole)[0]).tolist()


# -- laws --------------------------------------------------------------------------------------------------------------
def check_laws(strategy: Strategy, whole: Contexts, budget: int, seed: int) -> None:
    """The promise of the count, the same mask again, inputs left alone, rows independent."""
    picked = choice(strategy, budget)
    before = pickle.dumps(whole)
    found = mask(picked, whole, seed)
    assert found.shape == whole.actions.shape
    assert found.dtype == np.bool_
    assert pickle.dumps(whole) == before
    limit = whole.n if strategy.NAME == "none" else min(budget, whole.n)
    counts = found.sum(axis=1)
    assert (counts == limit).all() if strategy.EXACT else (counts <= limit).all()
    assert np.array_equal(found, mask(picked, whole, seed))
    if strategy.NAME not in DRAWS:
        for row in range(whole.count):
            assert np.array_equal(found[row : row + 1], mask(picked, row_of(whole, row), seed + 1))


@ALL
@pytest.mark.parametrize("nothing", [0.0, 1.0, np.nan, np.inf])
def test_every_strategy_keeps_the_laws_where_the_evidence_says_nothing(strategy: Strategy, nothing: float) -> None:
    for budget in (0, 3, 12):
        check_laws(strategy, contexts(12, nothing=nothing), budget, 0)


@ALL
@pytest.mark.parametrize("reward", [0.0, 1.0, np.nan])
def test_every_strategy_keeps_the_laws_in_one_episode_with_all_or_no_rewards(strategy: Strategy, reward: float) -> None:
    whole = contexts(12)
    rewards = np.full_like(whole.rewards, reward)
    whole = dataclasses.replace(whole, rewards=rewards, episode=np.zeros_like(whole.episode))
    for budget in (0, 5, 12):
        check_laws(strategy, whole, budget, 0)


def every_edge(test: Callable[..., None]) -> Callable[..., None]:
    """Every strategy at every edge of (length, budget): the draw alone may miss one."""
    edges = [(0, 0), (0, 5), (1, 0), (1, 1), (7, 1), (7, 2), (20, 7), (20, 20), (20, 99)]
    for strategy, (n, budget), seed in itertools.product(STRATEGIES, edges, (0, 1)):
        test = example(strategy, n, 3, budget, seed)(test)
    return test


@settings(max_examples=150, deadline=None)
@every_edge
@given(
    st.sampled_from(STRATEGIES), st.integers(0, 30), st.integers(0, 4), st.integers(0, 35), st.integers(0, 2**32 - 2)
)
def test_any_strategy_keeps_the_laws_on_any_context(s: Strategy, n: int, B: int, budget: int, seed: int) -> None:
    check_laws(s, contexts(n, B, seed, needs=s.NEEDS), budget, seed)


@ALL
def test_every_strategy_says_what_is_missing(strategy: Strategy) -> None:
    for need in strategy.NEEDS:
        without = contexts(6, needs=strategy.NEEDS - {need})
        with pytest.raises(ConfigError, match=f"{strategy.NAME}: expected {need} of 3 contexts.*found none"):
            mask(choice(strategy, 2), without)
        with pytest.raises(ConfigError, match=r"found shape \(3, 5"):
            mask(choice(strategy, 2), dataclasses.replace(contexts(6), **{need: getattr(contexts(5), need)}))


@ALL
def test_every_strategy_is_described(strategy: Strategy) -> None:
    module = f"adtui.compression.strategies.{strategy.NAME.replace('+', '_').replace('-', '_')}"
    assert strategy.__name__ == module  # type: ignore[attr-defined]
    assert (strategy.__doc__ or "").startswith("Keep ")
    assert set(PER_CONTEXT) >= strategy.NEEDS
    assert all(field.description for field in strategy.PARAMETERS.model_fields.values())
    assert strategy.PARAMETERS.model_config["frozen"]


def test_every_strategy_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "compression.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    for strategy in STRATEGIES:
        row = rows[strategy.NAME]
        assert strategy.CITES in row
        assert ("at most K |" in row) != strategy.EXACT
        named = {*strategy.NEEDS, *strategy.PARAMETERS.model_fields}
        assert all(f"`{name}`" in row for name in named)


def test_every_strategy_that_an_insight_suggests_exists() -> None:
    suggested = {name for kind in INSIGHT_KINDS for name in kind.suggests}
    assert suggested
    assert suggested <= set(NAMES)


# -- each strategy by hand ---------------------------------------------------------------------------------------------
ROW = [0.30, 0.05, 0.10, 0.05, 0.20, 0.05, 0.15, 0.10]
REWARDS = [0, 1, 1, 0, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("none:2", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("recent:3", [5, 6, 7]),
        ("uniform:1", [7]),
        ("uniform:2", [3, 7]),
        ("uniform:3", [2, 5, 7]),
        ("uniform:4", [1, 3, 5, 7]),
        # ages are -log2(1 - i/4 · (1 - 2^(-8/2))) · 2 = 0, 0.77, 1.83, 3.51, of which 0 is there already
        ("exponential:4:half_life=2", [4, 5, 6, 7]),
        # -log2(1 - i/3 · (1 - 2^(-8/4))) · 4 = 0, 1.66, 4
        ("exponential:3:half_life=4", [3, 6, 7]),
        ("exponential:2:half_life=1000000", [4, 7]),
        ("exponential:3:half_life=0.01", [5, 6, 7]),
        ("top-attention:3", [0, 4, 6]),
        ("top-attention:4", [0, 4, 6, 7]),  # 2 ties with 7
        ("lowest-attention:2", [3, 5]),  # 1 ties with both
        ("threshold:8:share=1", [0, 4, 6]),  # above 1/8
        ("threshold:8:share=0.8", [0, 2, 4, 6, 7]),  # at least 0.1
        ("threshold:2:share=0.8", [0, 4]),
        ("threshold:8:share=9", []),
        ("adaptive:8:mass=0.3", [0]),
        ("adaptive:8:mass=0.5", [0, 4]),
        ("adaptive:8:mass=0.51", [0, 4, 6]),
        ("adaptive:2:mass=0.9", [0, 4]),
        ("adaptive:8:mass=1", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("sink-recent:5:sinks=2", [0, 1, 5, 6, 7]),
        ("sink-recent:3:sinks=4", [0, 1, 7]),
        ("sink-recent:1:sinks=4", [7]),
        ("sink-recent:3:sinks=0", [5, 6, 7]),
        ("heavy-hitters:4", [0, 4, 6, 7]),
        ("heavy-hitters:3", [0, 6, 7]),
        ("heavy-hitters:1", [7]),
        ("value-weighted:2", [0, 4]),
        ("rewarded-first:2", [2, 5]),
        ("rewarded-first:5", [1, 2, 5, 6, 7]),
        ("newest+rewarded:4", [2, 5, 6, 7]),
        ("newest+rewarded:2", [5, 7]),
        ("newest+rewarded:7", [1, 2, 3, 4, 5, 6, 7]),
        ("observation-window:4:pool=1", [0, 4, 6, 7]),
        ("observation-window:2:pool=1", [0, 7]),
        # sums of three older than 6: 0.35 0.45 0.20 0.35 0.30 0.25
        ("observation-window:3:pool=3", [1, 6, 7]),
    ],
)
def test_what_stays_of_a_context_made_by_hand(text: str, expected: list[int]) -> None:
    whole = one(8, query_row=ROW, received=ROW, window=ROW, values=ROW, rewards=REWARDS)
    assert kept(text, whole) == expected


EPISODES = [4, 4, 4, 5, 5, 6, 6, 6, 7, 7]
RETURNS = [0, 1, 1, 1, 0, 0, 0, 1, 0, 0]  # 2, 1, 1, 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("episodes:1", []),
        ("episodes:2", [8, 9]),
        ("episodes:4", [3, 4, 8, 9]),  # episode 6 does not fit, 5 does
        ("episodes:5", [5, 6, 7, 8, 9]),
        ("episodes:6", [5, 6, 7, 8, 9]),
        ("episodes:3:prefer=return", [0, 1, 2]),
        ("episodes:6:prefer=return", [0, 1, 2, 5, 6, 7]),  # of equal returns the newer
        ("episodes:5:prefer=return", [0, 1, 2, 3, 4]),
        ("episodes:10:prefer=return", list(range(10))),
    ],
)
def test_episodes_stay_whole(text: str, expected: list[int]) -> None:
    assert kept(text, one(10, episode=EPISODES, rewards=RETURNS)) == expected


RUNNING = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3]
PAID = [0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0]  # 2 in three steps, 2 in two, 1 in two; the running one has 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("episode+rewarded:1", [9]),
        ("episode+rewarded:2", [9, 11]),
        ("episode+rewarded:5", [5, 8, 9, 10, 11]),
        ("episode+rewarded:5:rewarded=0", [7, 8, 9, 10, 11]),
        ("episode+rewarded:6:rewarded=2", [5, 7, 8, 9, 10, 11]),
        ("episode+best:1", [9]),
        ("episode+best:5", [4, 5, 9, 10, 11]),  # of two that return 2 the shorter
        ("episode+best:6", [4, 5, 8, 9, 10, 11]),
        ("episode+best:4", [5, 9, 10, 11]),  # its end, where only one more fits
        ("episode+best:8:best=2", [0, 1, 2, 4, 5, 9, 10, 11]),
        ("episode+best:7:best=0", [5, 6, 7, 8, 9, 10, 11]),
    ],
)
def test_the_running_episode_comes_first(text: str, expected: list[int]) -> None:
    assert kept(text, one(12, episode=RUNNING, rewards=PAID)) == expected


def test_rows_with_fewer_episodes_than_others() -> None:
    whole = dataclasses.replace(contexts(4, B=2), episode=np.array([[0, 1, 2, 3], [8, 8, 8, 9]]))
    assert mask("episodes:3", whole).tolist() == [[False, True, True, True], [False, False, False, True]]


def test_medoids_represent_each_cluster_once() -> None:
    points = [0.0, 0.1, 0.2, 9.9, 10.0, 10.1, 20.0, 20.0]
    whole = one(8, embeddings=[[x, 0.0] for x in points])
    assert kept("medoids:3", whole) == [1, 4, 7]  # the middle of each, of copies the newest
    assert kept("medoids:2:rounds=0", whole) == [0, 7]  # farthest-first from the newest
    assert kept("medoids:1", one(3, embeddings=[[0.0], [1.0], [5.0]])) == [1]  # the median


def test_medoids_take_copies_only_after_all_else() -> None:
    whole = one(6, embeddings=[[1.0], [2.0], [1.0], [1.0], [2.0], [1.0]])
    assert kept("medoids:2", whole) == [4, 5]
    assert len(kept("medoids:4", whole)) == 4


def test_exponential_thins_with_age() -> None:
    ages = 79 - np.array(kept("exponential:12:half_life=20", contexts(80, B=1)))[::-1]
    assert ages[0] == 0
    assert (np.diff(np.diff(ages)) >= -1).all()  # gaps widen, but for rounding
    assert ages.mean() < (79 - np.array(kept("uniform:12", contexts(80, B=1)))).mean()


def test_random_is_uniform_and_seeded() -> None:
    whole = contexts(10, B=4000)
    found = mask("random:3", whole, seed=7)
    assert np.allclose(found.mean(axis=0), 0.3, atol=0.03)  # four standard errors
    assert np.array_equal(found, mask("random:3", whole, seed=7))
    assert not np.array_equal(found, mask("random:3", whole, seed=8))


def test_where_the_query_attends_to_nothing_the_open_budgets_keep_nothing() -> None:
    for nothing in (0.0, np.nan):
        for text in ("threshold:5", "adaptive:5"):
            assert not mask(text, contexts(9, nothing=nothing)).any()


def test_uniform_attention_gets_its_uniform_share() -> None:
    whole = one(7, query_row=np.full(7, 1 / 7))
    assert kept("threshold:7", whole) == list(range(7))
    assert kept("adaptive:7:mass=0.7", one(10, query_row=np.full(10, 0.1))) == list(range(3, 10))


def test_nan_is_the_least_and_of_equals_the_later_stays() -> None:
    scores = np.array([[np.nan, 0.0, -np.inf, 0.0, np.nan]])
    for budget, expected in enumerate([[], [3], [1, 3], [1, 2, 3], [1, 2, 3, 4], [0, 1, 2, 3, 4]]):
        assert np.flatnonzero(highest(scores, budget)[0]).tolist() == expected
    assert highest(np.zeros((2, 3)), np.array([1, 2])).tolist() == [[False, False, True], [False, True, True]]
    assert [half(budget) for budget in range(5)] == [0, 1, 1, 2, 2]


# -- the registry ------------------------------------------------------------------------------------------------------
def test_a_choice_is_told_as_it_was_typed() -> None:
    found = parse("sink-recent:20:sinks=4")
    assert (found.strategy.NAME, found.budget, found.parameters.model_dump()) == ("sink-recent", 20, {"sinks": 4})
    assert found.label == "sink-recent:20:sinks=4"
    assert parse(" recent : 20 ").label == "recent:20"
    assert dataclasses.replace(found, budget=3).label == "sink-recent:3:sinks=4"
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.budget = 3  # type: ignore[misc]


@ALL
def test_every_choice_survives_its_label_and_pickling(strategy: Strategy) -> None:
    picked = choice(strategy, 20)
    assert parse(picked.label) == picked
    assert pickle.loads(pickle.dumps(picked)) == picked
    assert hash(parse(picked.label)) == hash(picked)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "strategy '': expected a compression strategy, found an unknown name; use one of: none, recent,"),
        ("Recnt:20", r"did you mean recent\? The strategies are: none, recent, uniform"),
        ("top-k:20", "found an unknown name; .*top-attention"),
        ("\x1b[31m:1", "unknown name"),
        ("recent", "strategy recent: expected a budget from 0 to 1000000000, found none; write `name:budget`"),
        ("recent:", "a budget from 0.*found ''"),
        ("recent:-1", "found '-1'"),
        ("recent:2.5", "found '2.5'"),
        ("recent:٣", "a budget from 0"),
        ("recent:2000000000", "found 2000000000"),
        ("recent:" + "9" * 5000, "a budget from 0"),
        ("none:-1", "found '-1'"),
        ("recent:20:sinks=4", "strategy recent, sinks: expected a known setting, found an unknown name; remove it"),
        ("sink-recent:20:sink=4", r"strategy sink-recent, sink: .*did you mean sinks\?"),
        ("sink-recent:20:sinks=-1", "strategy sink-recent, sinks: expected greater than or equal to 0, found '-1'"),
        ("sink-recent:20:sinks=x", "expected a valid integer.*found 'x'; correct sinks: first transitions to keep"),
        ("sink-recent:20:sinks", "expected `parameter=value`, each once, found 'sinks'"),
        ("sink-recent:20:=4", "found '=4'"),
        ("sink-recent:20:sinks=1:sinks=2", "found sinks twice"),
        ("sink-recent:sinks=1", "expected a budget from 0 to 1000000000, found none"),
        ("exponential:20:half_life=nan", "half_life: expected"),
        ("exponential:20:half_life=inf", "half_life: expected"),
        ("exponential:20:half_life=0", "half_life: expected"),
        ("adaptive:20:mass=1.1", "mass: expected less than or equal to 1"),
        ("observation-window:20:pool=4", "pool: expected an odd number, found '4'"),
        ("episodes:20:prefer=best", "prefer: expected 'newest' or 'return', found 'best'"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse(text)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), st.builds("{}:{}".format, st.sampled_from(NAMES), st.text(max_size=20))))
def test_any_text_is_a_choice_or_a_typed_error(text: str) -> None:
    try:
        picked = parse(text)
    except ConfigError:
        return
    assert parse(picked.label) == picked


def test_a_choice_made_by_a_program_is_checked_too() -> None:
    for budget in (-1, None):
        with pytest.raises(ConfigError, match="budget"):
            Choice(find("recent"), budget, Parameters())
    assert Choice(find("none"), 5, Parameters()).budget is None


@pytest.mark.parametrize("broken", [np.ones((3, 6), np.bool_), np.ones((3, 6)), np.ones(6, np.bool_), np.zeros((3, 5))])
@pytest.mark.parametrize("exact", [True, False])
def test_a_strategy_that_breaks_its_promise_is_caught(broken: np.ndarray, exact: bool) -> None:
    strategy = SimpleNamespace(
        NAME="greedy", NEEDS=frozenset(), PARAMETERS=Parameters, EXACT=exact, keep=lambda *_: broken
    )
    with pytest.raises(ConfigError, match=f"greedy: expected {'exactly' if exact else 'at most'} 2 of 6"):
        mask(Choice(strategy, 2, Parameters()), contexts(6))
