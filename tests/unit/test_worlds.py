"""Laws of every world: the Gymnasium contract, the users' split, the best return reached and never passed."""

from __future__ import annotations

import itertools
import random
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from adtui.files.settings import load_settings
from adtui.histories.collect_settings import CollectSettings
from adtui.training.settings import TrainSettings
from adtui.worlds.agents import Demonstrator, Explorer, QLearning, Source, run_source
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.environment import Environment
from adtui.worlds.key_to_door import KeyToDoor
from adtui.worlds.permuted import PermutedDarkRoom
from adtui.worlds.public_rooms import ADEpsDarkRoom, DPTDarkRoom
from adtui.worlds.registry import WORLDS, make_world
from adtui.worlds.rollouts import random_policy, rollout
from adtui.worlds.settings import run_settings, world_of
from adtui.worlds.world import World, cells, distance, move

HISTORIES = Path(__file__).parents[3] / "shared/fixtures/datasets/history_darkroom_PPO_alg-seed42.hdf5"
EVERY = [
    make_world(name, size, horizon)
    for name, kind in WORLDS.items()
    for size, horizon in ((3, 5), (4, 12))
    if kind.STATES  # the laws of the others: test_bandits.py
]
worlds = pytest.mark.parametrize("world", EVERY, ids=lambda world: f"{world.env}-{world.size}-{world.horizon}")


def some_tasks(world: World, count: int = 12) -> np.ndarray:
    """Different tasks, the first and the last among them."""
    return np.unique(np.linspace(0, world.n_tasks - 1, count).astype(np.int64))


@worlds
def test_gymnasium_accepts_a_room(world: World) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*alternative render modes.*")  # it has no registered spec
        check_env(Environment(world, world.n_tasks - 1, render_mode="ansi"))


@worlds
def test_many_rooms_step_like_single_ones(world: World) -> None:
    tasks, rng = some_tasks(world), np.random.default_rng(0)
    together, alone = world.rooms(tasks), [Environment(world, int(task)) for task in tasks]
    starts = np.stack([room.reset(seed=0)[0] for room in alone])
    np.testing.assert_array_equal(together.states, starts)
    for _ in range(world.horizon):
        actions = rng.integers(world.num_actions, size=len(tasks))
        states, rewards, ended = together.step(actions)
        for row, (room, action) in enumerate(zip(alone, actions, strict=True)):
            state, reward, terminated, truncated, _ = room.step(int(action))
            assert (state == states[row]).all()
            assert (reward, truncated, terminated) == (rewards[row], ended, False)


@worlds
def test_a_step_to_the_target_pays_and_tasks_at_some_cells_pay_nowhere_else(world: World) -> None:
    everywhere, few = cells(np.arange(world.size**2), world.size), cells(np.array([1, 5]), world.size)
    assert world.tasks_at(everywhere).tolist() == ([] if world.ONE_PLACE else list(range(world.n_tasks)))
    for tasks, among in ((some_tasks(world), everywhere), (world.tasks_at(few), few)):
        rooms = world.rooms(tasks)
        while len(tasks) and not rooms.done.all() and rooms.elapsed < 3:
            target = rooms.target()
            assert (target[:, None] == among).all(axis=-1).any(axis=1).all()
            assert rooms.arrive(target).all()
            rooms.elapsed += 1


def best_by_search(world: World, task: int) -> int:
    """The largest return over all sequences of actions: every reachable (cell, stage) is followed, step by step."""
    rooms = world.rooms(np.array([task]))
    frontier = {(world.start, 0): 0}
    for _ in range(world.horizon):
        reached: dict[tuple[tuple[int, int], int], int] = {}
        for ((x, y), stage), total in frontier.items():
            for action in range(world.num_actions):
                rooms.states, rooms.stage = np.array([[x, y]]), np.array([stage])
                states, rewards, _ = rooms.step(np.array([action]))
                key = ((int(states[0, 0]), int(states[0, 1])), int(rooms.stage[0]))
                reached[key] = max(reached.get(key, 0), total + int(rewards[0]))
        frontier = reached
    return max(frontier.values())


@worlds
def test_the_best_return_is_that_of_a_search(world: World) -> None:
    for task in some_tasks(world, 6).tolist():
        assert world.optimal_return(task) == best_by_search(world, task), world.words(task)


@worlds
def test_whoever_takes_optimal_actions_gets_the_best_return(world: World) -> None:
    tasks = np.arange(world.n_tasks)[:2000]
    rooms, rng, total = world.rooms(tasks), np.random.default_rng(1), np.zeros(len(tasks))
    for _ in range(world.horizon):
        chance = rooms.optimal()
        np.testing.assert_allclose(chance.sum(axis=1), 1, atol=1e-6)
        actions = (chance * rng.random(chance.shape)).argmax(axis=1)  # any of the best
        total += rooms.step(actions)[1]
    np.testing.assert_array_equal(total, world.optimal_returns(tasks))


@worlds
def test_random_actions_earn_less_and_something(world: World) -> None:
    tasks = np.repeat(some_tasks(world), 60)
    returns = rollout(random_policy, world, tasks, 3, 0).returns()
    assert (returns <= world.optimal_returns(tasks)[:, None]).all()
    assert 0 < returns.mean() < 0.9 * world.optimal_returns(tasks).mean()


@worlds
def test_the_split_is_the_users_one(world: World) -> None:
    if isinstance(world, DPTDarkRoom | ADEpsDarkRoom):
        for seed, ratio in [(0, 0.8), (42, 0.5), (1, 1.0)]:
            split = world.split(seed, ratio)
            assert sorted((*split.train, *split.test)) == list(range(world.n_tasks))
            assert split == world.split(seed, ratio)
            assert abs(len(split.train) - ratio * world.n_tasks) < 1
        return
    for seed, ratio in [(0, 0.9), (3, 0.5), (1, 1.0)]:
        random.seed(seed)
        tasks = list(range(world.n_tasks))
        random.shuffle(tasks)
        before = random.getstate()
        split = world.split(seed, ratio)
        assert random.getstate() == before
        assert list(split.train) == tasks[: round(world.n_tasks * ratio)]
        assert list(split.test) == tasks[round(world.n_tasks * ratio) :]


@worlds
def test_every_task_has_words_of_its_own_and_landmarks_inside(world: World) -> None:
    tasks = range(min(world.n_tasks, 300))
    assert len({world.words(task) for task in tasks}) == len(tasks)
    for task in tasks:
        assert all(0 <= part < world.size for cell in world.landmarks(task).values() for part in cell)
        goal = world.goal(task)
        assert goal is None or goal in world.landmarks(task).values()


@worlds
def test_sources_improve(world: World) -> None:
    """From noise to the best that there is, where the source can learn the world at all."""
    tasks = np.repeat(some_tasks(world, 8), 40)
    best = world.optimal_returns(tasks).mean()
    sources: dict[str, tuple[Source, int]] = {
        "demonstrator": (Demonstrator(), 26),
        "q-learning": (QLearning(), 90),
        "explorer": (Explorer(), 40),
    }
    for name, (source, episodes) in sources.items():
        if name == "explorer" and not world.PLAIN_MOVES:
            continue
        mean = run_source(source, world, tasks, episodes, np.random.default_rng(0)).returns().mean(axis=0)
        assert mean[0] < mean[-1] <= best, name
        assert mean[-3:].mean() > (0.9 if name != "q-learning" else 0.6) * best, name


def test_a_task_outside_the_world_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.\.80"):
        Environment(DarkRoom(), 81)


def test_a_room_is_drawn_with_its_landmarks_and_the_agent() -> None:
    def drawn(world: World, task: int) -> str | None:
        room = Environment(world, task, render_mode="ansi")
        room.reset(seed=0)
        assert isinstance(room, gymnasium.Env)
        return room.render()

    assert drawn(DarkRoom(size=3), 0) == "G..\n.A.\n..."
    assert drawn(KeyToDoor(size=3), 5) == "K..\n.AD\n..."
    assert drawn(PermutedDarkRoom(size=3), 7) == "A..\n...\n..G"


# -- Dark Room -------------------------------------------------------------------------------------------------------
def test_stored_histories_are_reproduced() -> None:
    """Every stored step follows from ours, except that an episode's last next state is the reset state."""
    if not HISTORIES.exists():
        pytest.skip("the fixture histories are not here")
    import h5py

    with h5py.File(HISTORIES) as file:
        assert len(file) == 81
        for name, group in file.items():
            states, actions = group["states"][:].astype(np.int64), group["actions"][:].astype(np.int64)
            reached = move(states, actions)
            inside = np.arange(1, len(actions) + 1) % 20 != 0
            np.testing.assert_array_equal(reached[inside], group["next_states"][:][inside])
            assert (group["next_states"][:][~inside] == 4).all()
            rewards = (reached == DarkRoom().goal(int(name))).all(axis=-1)
            np.testing.assert_array_equal(rewards, group["rewards"][:])


def test_optimal_return_counts_the_step_that_arrives() -> None:
    assert [DarkRoom().optimal_return(goal) for goal in (40, 41, 42, 0)] == [20, 20, 19, 13]
    assert DarkRoom(horizon=5).optimal_return(0) == 0


# -- permuted actions ------------------------------------------------------------------------------------------------
def test_every_order_of_the_actions_is_a_task_in_their_sorted_order() -> None:
    world = PermutedDarkRoom()
    assert world.n_tasks == 120
    assert world.optimal_returns(np.arange(120)).tolist() == [35] * 120
    inside = np.full((120, 1, 2), 4)
    for action in range(5):
        reached = world.move(np.arange(120), inside, np.full((120, 1), action))[:, 0]
        orders = list(itertools.permutations(range(5)))
        expected = [move(np.array([4, 4]), np.array(order[action])) for order in orders]
        np.testing.assert_array_equal(reached, expected)


# -- Key-to-Door -----------------------------------------------------------------------------------------------------
def test_the_two_names_draw_from_different_tasks() -> None:
    assert make_world("darkkeytodoor", 9).n_tasks == 6561
    assert make_world("dark_key_to_door", 9).n_tasks == 200
    assert make_world("dark_key_to_door", 3).n_tasks == 81
    held_out = make_world("dark_key_to_door", 9).split(0, 0.95).test
    assert sorted(held_out) == [10, 66, 77, 98, 103, 107, 122, 124, 130, 194]


def test_whoever_names_a_shuffle_means_the_same_pairs() -> None:
    """Task i of training, of collected histories and of evaluation is one pair of key and door, whatever the seed."""
    named = {"env": "dark_key_to_door", "env_split_seed": 3}
    training = load_settings(named, TrainSettings)
    measured = world_of(run_settings(training.stored()))
    assert measured is not None
    assert training.world == load_settings(named, CollectSettings).world == measured
    assert measured.words(0) != make_world("dark_key_to_door", 9).words(0)


def test_the_door_pays_only_with_the_key_and_each_only_once() -> None:
    world = KeyToDoor(size=3, horizon=9)
    task = 4 * 9 + 5  # key at (1,1), where it starts; door at (1,2)
    rooms = world.rooms(np.array([task]))
    plus_y, minus_y, stay = 2, 3, 4
    paid = [int(rooms.step(np.array([action]))[1][0]) for action in (plus_y, minus_y, plus_y, minus_y, plus_y, stay)]
    assert paid == [0, 1, 1, 0, 0, 0]
    rooms.reset()
    assert int(rooms.step(np.array([stay]))[1][0]) == 1  # a new episode has forgotten the key


def test_key_and_door_in_one_cell_take_two_steps() -> None:
    world = KeyToDoor(size=3, horizon=4)
    rooms = world.rooms(np.array([4 * 9 + 4]))
    assert [int(rooms.step(np.array([4]))[1][0]) for _ in range(3)] == [1, 1, 0]


def test_cells_and_distances() -> None:
    assert cells(np.array([0, 5, 80]), 9).tolist() == [[0, 0], [0, 5], [8, 8]]
    assert distance((0, 0), (3, 4)) == 7


def test_the_public_rooms_are_their_codes_own() -> None:
    """Worked out by hand from their descriptions: DPT starts in the corner, AD-eps' action 1 goes up."""
    dpt, eps = make_world("darkroom_heldout", 10), make_world("DarkRoom-v0", 9)
    assert (dpt.start, dpt.horizon) == ((0, 0), 100)
    order = np.arange(100)
    np.random.RandomState(0).shuffle(order)
    assert list(dpt.split(0, 0.8).test) == order[80:].tolist()
    here = np.array([[4, 4]] * 5)
    moved = eps.move(np.zeros(5, np.int64), here, np.arange(5)) - here
    assert moved.tolist() == [[0, 0], [-1, 0], [0, 1], [1, 0], [0, -1]]
    assert eps.arrows(None) == "•↑→↓←"
