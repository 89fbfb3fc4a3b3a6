"""An agent that forgets: what is dropped is gone, and never comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from checkpoints import make_run

from adtui.compression.acting import OnlinePolicy
from adtui.compression.choice import parse
from adtui.compression.strategies import STRATEGIES
from adtui.compression.strategies.base import Positions
from adtui.compression.trials import runner
from adtui.compression.trials.closed_loop import returns_and_actions
from adtui.compression.trials.plan import ModelSource, Plan, fingerprint
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.records.errors import ConfigError
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.rollouts import Policy, rollout

BOTH: tuple[Positions, ...] = ("reindexed", "spread")
PLAN = Plan(DarkRoom(), goals=(3, 41, 40), n_context=11, streams=2, episodes=3, seed=4, queries=3)


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    run = make_run(tmp_path_factory.mktemp("online") / "run", "pre", n_transit=12)
    return ModelSource(str(next(run.glob("*.pt"))), device="cpu")


@pytest.fixture(scope="module")
def model(opening: ModelSource) -> Model:
    return load_model(load_checkpoint(opening.checkpoint))


@pytest.mark.parametrize("positions", BOTH)
def test_the_newest_are_the_newest_in_both_modes(model: Model, positions: Any) -> None:
    choice, plan = parse("recent:4"), replace(PLAN, positions=positions)
    online, full = (returns_and_actions(model, replace(plan, memory=one), choice)[1] for one in ("online", "full"))
    np.testing.assert_array_equal(online, full)


def test_where_they_stand_changes_what_is_done(model: Model) -> None:
    near, far = (returns_and_actions(model, replace(PLAN, positions=one), parse("recent:4"))[1] for one in BOTH)
    assert not np.array_equal(near, far)


def test_a_budget_of_the_whole_context_is_the_full_context(model: Model) -> None:
    online = returns_and_actions(model, PLAN, parse("recent:999"))[1]
    np.testing.assert_array_equal(online, returns_and_actions(model, PLAN, parse("none"))[1])


@pytest.mark.parametrize("name", [one.NAME for one in STRATEGIES if one.NAME != "none"])
def test_what_is_dropped_is_gone_and_no_more_than_the_budget_is_kept(model: Model, name: str) -> None:
    policy = OnlinePolicy(
        model, parse(f"{name}:3"), "spread", PLAN.n_context, PLAN.world.horizon, np.random.default_rng(0)
    )
    seen: list[list[set[tuple[Any, ...]]]] = []

    def spy(*inputs: Any) -> Any:
        logits = policy(*inputs)
        seen.append([memory(policy, row) for row in range(len(logits))])
        return logits

    past = rollout(cast("Policy", spy), PLAN.world, PLAN.rooms, 2, PLAN.n_context, seed=1)
    for step, rows in enumerate(seen[1:], 1):
        for row, kept in enumerate(rows):
            assert len(kept) <= 3
            newest = one(past.states[row, step - 1], past.actions[row, step - 1], (step - 1) // PLAN.world.horizon)
            assert kept <= seen[step - 1][row] | {newest}, "only what was kept, and the newest"


def memory(policy: OnlinePolicy, row: int) -> set[tuple[Any, ...]]:
    if policy._kept is None:
        return set()
    count, kept = int(policy._counts[row]), policy._kept
    return {one(kept.states[row, i], kept.actions[row, i], kept.episode[row, i]) for i in range(count)}


def one(state: Any, action: Any, episode: Any) -> tuple[Any, ...]:
    return (*np.asarray(state).tolist(), int(action), int(episode))


def test_a_reward_is_kept_longer_than_a_context_is(model: Model) -> None:
    """That is what a memory is for: newest+rewarded holds it until newer rewards come."""
    policy = OnlinePolicy(model, parse("newest+rewarded:2"), "reindexed", 5, 100, np.random.default_rng(0))
    zeros, n = np.zeros((1, 30, 2), np.int64), 30
    rewards = np.zeros((1, 30), np.float32)
    rewards[0, 2] = 1
    for step in range(n):
        seen = slice(max(0, step - 5), step)
        policy(zeros[:, seen], np.zeros((1, 30), np.int64)[:, seen], rewards[:, seen], zeros[:, seen], zeros[:, 0])
    assert policy._kept is not None
    assert sorted(policy._kept.rewards[0, : policy._counts[0]].tolist()) == [0, 1]


def test_modes_are_not_mixed_and_places_need_the_whole_context(opening: ModelSource, tmp_path: Path) -> None:
    runner.run(opening, PLAN, [parse("recent:4")], output=tmp_path)
    assert fingerprint(opening, PLAN) != fingerprint(opening, replace(PLAN, memory="full"))
    with pytest.raises(ConfigError, match="those of others"):
        runner.run(opening, replace(PLAN, memory="full"), [parse("recent:4")], output=tmp_path)
    with pytest.raises(ConfigError, match="--memory full"):
        replace(PLAN, positions="kept")
