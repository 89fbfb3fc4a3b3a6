"""Laws of bandits: the Gymnasium contract, the best return and the random one, regret, and agents that learn."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray

from adtui.compression.trials.cell import Outcome
from adtui.compression.trials.closed_loop import replay
from adtui.files.settings import load_settings
from adtui.histories.collect import collect
from adtui.histories.collect_settings import CollectSettings
from adtui.histories.rolled_out import rolled_out
from adtui.histories.training import read_histories
from adtui.histories.walk import Walk
from adtui.insights.measures import episodes
from adtui.records.errors import ConfigError, HistoryError
from adtui.records.sample import Sample, phase_of
from adtui.statistics.heads import head_stats
from adtui.statistics.intervals import estimate
from adtui.training.settings import TrainSettings
from adtui.worlds.agents import Demonstrator, QLearning, Source, run_source
from adtui.worlds.bandit import BERNOULLI, GAUSSIAN, Bandit
from adtui.worlds.bandit_agents import UCB, Thompson
from adtui.worlds.environment import Environment
from adtui.worlds.meaning import stateless
from adtui.worlds.registry import make_world
from adtui.worlds.returns import EvaluationPlan, evaluate
from adtui.worlds.rollouts import rollout
from adtui.worlds.settings import run_settings, world_of
from adtui.worlds.world import Chance, FloatArray, IntArray, Split

GAUSS, COINS = (Bandit(env, horizon=10, arms=4) for env in (GAUSSIAN, BERNOULLI[0]))
bandits = pytest.mark.parametrize("world", [GAUSS, COINS], ids=["gaussian", "bernoulli"])
TASKS = np.arange(60)


def uniform(
    states: IntArray, actions: IntArray, rewards: FloatArray, next_states: IntArray, query_states: IntArray
) -> FloatArray:
    """Any of four arms."""
    del states, actions, rewards, next_states
    return np.zeros((len(query_states), 4), np.float32)


def may_be_nothing(values: NDArray[np.float64], tasks: IntArray) -> bool:
    """Whether the mean over tasks is within twice the half of its interval of 0."""
    found = estimate(values[:, None], tasks).intervals[0]
    return abs(found.mean) < found.high - found.low


def regret_of(source: Source, world: Bandit, episodes: int = 10) -> float:
    past = run_source(source, world, np.arange(200), episodes, np.random.default_rng(0))
    return float(world.regrets(past.tasks, past.actions, past.returns()).sum(axis=1).mean())


# -- the world --------------------------------------------------------------------------------------------------------
@bandits
def test_gymnasium_accepts_a_bandit(world: Bandit) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*alternative render modes.*")  # it has no registered spec
        check_env(Environment(world, 7, render_mode="ansi"))


@bandits
def test_many_bandits_are_paid_like_single_ones(world: Bandit) -> None:
    """What a room pays depends on its number and not on those beside it."""
    rng, actions = np.random.default_rng(0), np.zeros((3, 100), np.int64)
    actions[:] = rng.integers(4, size=actions.shape)
    together = world.rooms(TASKS[:3], Chance(5, 2, first=4))
    alone = [world.rooms(TASKS[[row]], Chance(5, 2, first=4 + row)) for row in range(3)]
    for step in range(100):
        states, paid, ended = together.step(actions[:, step])
        apart = np.concatenate([room.step(actions[[row], step])[1] for row, room in enumerate(alone)])
        np.testing.assert_array_equal(paid, apart)
        assert not states.any()
        assert ended == (together.elapsed >= world.horizon)
        if ended:
            together.reset()


@bandits
def test_arms_pay_their_means(world: Bandit) -> None:
    rooms, task = world.rooms(np.full(4, 3), Chance(1)), 3
    paid = np.stack([rooms.step(np.arange(4))[1] for _ in range(4000)])
    sd = np.sqrt(world.means[task] * (1 - world.means[task])) if world.whole_rewards else np.full(4, 0.3)
    assert (abs(paid.mean(axis=0) - world.means[task]) < 4 * sd / np.sqrt(4000)).all()
    np.testing.assert_allclose(paid.std(axis=0), sd, atol=0.02)


@bandits
def test_the_best_arm_returns_the_optimum_and_loses_nothing(world: Bandit) -> None:
    past = run_source(Demonstrator(noise_start=(0, 0)), world, np.repeat(TASKS, 20), 3, np.random.default_rng(0))
    returns = past.returns()
    assert not world.regrets(past.tasks, past.actions, returns).any()
    assert may_be_nothing(returns.mean(axis=1) - world.optimal_returns(past.tasks), past.tasks)


@bandits
def test_the_random_return_is_that_of_random_pulls(world: Bandit) -> None:
    past = rollout(uniform, world, np.repeat(TASKS, 20), 3, 0)
    returns, tasks = past.returns(), past.tasks
    assert may_be_nothing(returns.mean(axis=1) - world.random_returns(tasks), tasks)
    lost = world.regrets(tasks, past.actions, returns)
    assert (lost >= 0).all()
    expected = world.optimal_returns(tasks) - world.random_returns(tasks)
    np.testing.assert_allclose(lost.mean(), expected.mean(), rtol=0.02)


def test_means_are_uniform_and_a_task_is_always_the_same() -> None:
    means = Bandit(arms=5).means
    assert means.shape == (1000, 5)
    assert abs(means.mean() - 0.5) < 0.02
    assert abs(means.var() - 1 / 12) < 0.005
    np.testing.assert_array_equal(
        make_world("bandit", 9, 20, seed=3).rooms(TASKS).optimal().argmax(axis=1), means[TASKS].argmax(axis=1)
    )


# -- agents that learn ------------------------------------------------------------------------------------------------
@bandits
def test_whoever_learns_loses_less_than_random_pulls(world: Bandit) -> None:
    tasks = np.arange(200)
    random = 10 * float((world.optimal_returns(tasks) - world.random_returns(tasks)).mean())
    thompson, ucb = regret_of(Thompson(), world), regret_of(UCB(), world)
    assert 0 < thompson < random / 3
    assert 0 < ucb < random / 3
    assert 0 < regret_of(QLearning(epsilon_episodes=3), world) < random


def test_thompson_pulls_an_arm_as_often_as_it_may_be_the_best() -> None:
    """Two coins, one shown to land heads twice: P(Beta(3, 1) > Beta(1, 1)) = 3/4, by hand."""
    agent, world = Thompson(), Bandit(BERNOULLI[0], horizon=10, arms=2)
    agent.start(world.rooms(np.array([0])), np.random.default_rng(0))
    np.testing.assert_allclose(agent.act(np.zeros((1, 2), np.int64)), [[0.5, 0.5]], atol=1e-6)
    agent.pulls[0, 0] = agent.paid[0, 0] = 2
    np.testing.assert_allclose(agent.act(np.zeros((1, 2), np.int64)), [[0.75, 0.25]], atol=2e-3)


def test_thompson_knows_the_best_of_many_arms_when_it_is_plain() -> None:
    """The product over the other arms, in logarithms: by hand, over the grid."""
    agent, world = Thompson(), Bandit(BERNOULLI[0], horizon=10, arms=100)
    agent.start(world.rooms(np.arange(700)), np.random.default_rng(0))
    np.testing.assert_allclose(agent.act(np.zeros((700, 2), np.int64)), 0.01, atol=1e-6)
    agent.pulls[:], agent.paid[:] = 300, 3
    agent.paid[np.arange(700), np.arange(700) % 100] = 297
    chosen = agent.act(np.zeros((700, 2), np.int64))
    np.testing.assert_allclose(chosen[np.arange(700), np.arange(700) % 100], 1, atol=1e-6)
    assert np.isfinite(chosen).all()


def test_ucb_pulls_every_arm_first() -> None:
    agent = UCB()
    agent.start(GAUSS.rooms(np.array([0])), np.random.default_rng(0))
    agent.pulls[0], agent.paid[0] = [1, 0, 2, 0], [1, 0, 1, 0]
    np.testing.assert_array_equal(agent.act(np.zeros((1, 2), np.int64)), [[0, 0.5, 0, 0.5]])
    agent.pulls[0], agent.paid[0] = [1, 4, 4, 4], [0.2, 3, 1, 1]
    assert agent.act(np.zeros((1, 2), np.int64)).argmax() == 1  # 0.75 + 1/2 beats 0.2 + 1


# -- what is measured -------------------------------------------------------------------------------------------------
def test_an_evaluation_stands_beside_agents_paid_by_the_same_chance() -> None:
    plan = EvaluationPlan(GAUSS, Split((1, 2), (5, 6, 7)), 20, episodes=8, streams=6, control_streams=2)
    found = evaluate(uniform, plan)
    assert list(found.curves())[-2:] == ["thompson", "ucb"]
    assert found.thompson is not None
    assert found.ucb is not None
    tasks = np.array([5, 6, 7])
    assert found.held_out.random == pytest.approx(GAUSS.random_returns(tasks).mean())
    assert found.held_out.optimal == pytest.approx(GAUSS.optimal_returns(tasks).mean())
    assert found.thompson.regret.high < found.held_out.regret.low
    assert found.ucb.regret.high < found.held_out.regret.low
    assert found == evaluate(uniform, replace(plan, workers=2))


@bandits
def test_what_was_paid_is_paid_again_when_replayed(world: Bandit) -> None:
    past = rollout(uniform, world, TASKS[:5], 3, 0, seed=9)
    again = replay(world, past.tasks, past.actions, 9)
    np.testing.assert_array_equal(again.rewards, past.rewards)
    assert again.rewards.dtype == past.rewards.dtype


def test_returns_of_all_sizes_and_many_arms_are_stored_to_the_last_bit() -> None:
    outcome = Outcome(np.array([[1.1, 2.0]], np.float32), np.array([[3, 11]]), {"history": [0]})
    again = Outcome.from_json(outcome.to_json() | {"cost": None})
    np.testing.assert_array_equal(again.returns, outcome.returns)
    np.testing.assert_array_equal(again.actions, outcome.actions)


def settings_of(world: Bandit, **more: object) -> dict[str, object]:
    return {"env": world.env, "num_actions": 4, "horizon": 10, "train_env_ratio": 0.9, **more}


@bandits
def test_a_sample_of_a_bandit_says_nothing_of_states_and_phases(world: Bandit) -> None:
    (sample,) = next(one for one in rolled_out(uniform, run_settings(settings_of(world)), 20, 1, 0) if one)
    assert sample.stateless
    assert phase_of(sample) == ""
    assert sample.arrows == ""
    stats = head_stats(np.full((1, 1, 21), 1 / 21), sample)
    assert stats.n_revisit == stats.n_induction == stats.n_ngram == 0
    assert np.isnan(stats.revisit_lift).all()
    assert np.isnan(episodes(stats, 20))  # no context is too short for having one episode
    if world.whole_rewards:
        assert stats.n_rewarded == (sample.rewards == 1).sum()
    else:  # every pull pays something; its sign is no mark
        assert stats.n_rewarded == 0
        assert np.isnan(stats.rewarded_lift).all()


def test_a_room_whose_agent_stands_still_has_states_all_the_same() -> None:
    cells, n = np.full((4, 2), 3), 4
    still = Sample(
        "", cells, np.full(n, 4), np.ones(n, np.float32), cells, cells[0], np.zeros(5, np.int64), np.arange(5)
    )
    assert phase_of(still) != ""
    assert head_stats(np.full((1, 1, 5), 0.2), still).n_revisit == 4


def test_a_history_of_another_bandit_is_not_gone_on_with() -> None:
    (sample,) = next(one for one in rolled_out(uniform, run_settings(settings_of(GAUSS)), 40, 1, 0) if one)
    assert Walk.of(sample, GAUSS).still(40) == ""
    assert Walk.of(sample, None).still(40) != ""
    other = replace(sample, rewards=sample.rewards + 1)
    assert "not of the bandit that its number says" in Walk.of(other, GAUSS).still(40)


def test_a_few_pulls_contradict_no_bandit() -> None:
    """Two tails of a coin that lands heads in 96 % of all cases come by chance; thirty do not."""
    task = int(COINS.means[:, 0].argmax())
    arm, tails = np.zeros(30, np.int64), np.zeros(30, np.int64)
    assert COINS.contradiction(task, arm[:2], tails[:2]) == ""
    assert COINS.contradiction(task, arm, tails) != ""
    assert COINS.contradiction(task, arm, tails + 1) == ""
    mean = GAUSS.means[task, 0]
    still = replace(GAUSS, reward_std=0.0)
    assert still.contradiction(task, arm, np.full(30, mean, np.float32)) == ""
    assert still.contradiction(task, arm, np.full(30, mean + 0.01, np.float32)) != ""


@bandits
def test_every_history_agrees_with_its_own_bandit(world: Bandit) -> None:
    tasks = np.arange(1000)
    past = run_source(Thompson(), world, tasks, 3, np.random.default_rng(0))
    assert not any(world.contradiction(task, past.actions[task], past.rewards[task]) for task in tasks.tolist())


# -- settings and files -----------------------------------------------------------------------------------------------
def test_names_and_sizes_of_a_config() -> None:
    for env, whole in (("bandit", False), ("bandit_thompson", True), ("bandit_bernoulli", True)):
        settings = run_settings({"env": env, "num_actions": 3, "reward_std": 0.1})
        world = world_of(settings)
        assert isinstance(world, Bandit)
        assert (world.arms, world.reward_std, world.horizon, world.whole_rewards) == (3, 0.1, 500, whole)
        assert stateless(settings)
    theirs = world_of(run_settings({"env": "bandit", "var": 0.2}))
    assert isinstance(theirs, Bandit)
    assert theirs.reward_std == 0.2
    with pytest.raises(ConfigError, match=r"reward_std: expected a number from 0 to 1000, found 'much'"):
        run_settings({"env": "bandit", "reward_std": "much"})
    assert run_settings({"reward_std": "of something else"}).reward_std is None
    room = run_settings({})
    assert not stateless(room)
    assert "reward_std" not in room.to_json()
    with pytest.raises(ConfigError, match="grid_size: expected a whole number of at least 2, found 1"):
        run_settings({"grid_size": 1})
    for wrong, says in (
        ({"env": "darkroom", "num_actions": 4}, "num_actions must be 5 in darkroom"),
        ({"env": "darkroom", "alg": "thompson"}, "pulls arms"),
        ({"env": "bandit"}, "walks through cells"),
    ):
        with pytest.raises(ConfigError, match=says):
            load_settings(wrong, TrainSettings)


@bandits
def test_collected_histories_can_be_learnt_from_and_others_are_refused(world: Bandit, tmp_path: Path) -> None:
    good, bad = int(world.means[:, 0].argmax()), int(world.means[:, 0].argmin())  # arm 0 pays much, and little
    told = {"env": world.env, "num_actions": 4, "horizon": 10, "alg": "thompson", "goals": [good, bad], "n_stream": 2}
    path = collect(load_settings({**told, "episodes": 4, "traj_dir": str(tmp_path)}, CollectSettings))
    past = read_histories(path, world, [good, bad], None)
    assert past.rewards.shape == (4, 40)
    assert (past.rewards != np.round(past.rewards)).any() != world.whole_rewards
    with h5py.File(path, "a") as file:
        del file[str(bad)]
        file.move(str(good), str(bad))
    with pytest.raises(HistoryError, match=rf"what bandit {bad} .* pays"):
        read_histories(path, world, [bad], None)
