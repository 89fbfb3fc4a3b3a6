"""Environments that the user's own code makes, by --world MODULE:FACTORY: acted in, measured, collected from."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from checkpoints import make_run
from references import llama_vectors

from adtui.cli.main import main
from adtui.engine.opening import open_session
from adtui.records.action_head import CATEGORICAL, DETERMINISTIC, GAUSSIAN, ActionHead
from adtui.records.errors import ConfigError
from adtui.worlds.user_returns import UserPlan, evaluate_in
from adtui.worlds.user_rooms import Acting, Lives, Rooms, lived, living, uniformly
from adtui.worlds.user_world import Shape, UserWorld

POINT = """\
import gymnasium as gym
import numpy as np


class Point(gym.Env):
    '''Goes where it is pushed; a task is a goal. Ends early where it is told to.'''

    observation_space = gym.spaces.Box(-50, 50, (5,), np.float32)
    action_space = gym.spaces.Box(-1, 1, (3,), np.float32)

    def __init__(self, task, ends=10**9):
        self.goal, self.ends = np.full(5, float(task)), ends

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x, self.t = self.np_random.normal(0, 0.1, 5), 0
        return self.x.astype(np.float32), {}

    def step(self, action):
        assert action.dtype == np.float32 and (np.abs(action) <= 1).all()
        self.x[:3] += action
        self.t += 1
        return self.x.astype(np.float32), float(self.x[0]), self.t >= self.ends, False, {}


def make(task):
    return Point(task)


make.train_tasks, make.test_tasks, make.horizon = range(3), (7, 8), 6
make.policy = lambda env: lambda observed: np.clip(env.goal[:3] - observed[:3], -1, 1)


def bare(task):
    return Point(task)


def early(task):
    return Point(task, ends=2 + task)


early.train_tasks, early.horizon = range(3), 6


class Cells(gym.Env):
    observation_space = gym.spaces.MultiDiscrete([9, 9])
    action_space = gym.spaces.Discrete(5)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = np.array([4, 4])
        return self.at.copy(), {}

    def step(self, action):
        self.at = np.clip(self.at + [[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]][action], 0, 8)
        return self.at.copy(), float(action == 0), False, False, {}


def cells(task):
    return Cells()


cells.horizon = 5


def broken(task):
    raise RuntimeError("no such robot")


def shapeless(task):
    return 3


negative = lambda task: Point(task)
negative.train_tasks = [-1]
"""
GAUSS, ALONE = ActionHead(GAUSSIAN, 3), ActionHead(DETERMINISTIC, 3)
SHAPE = Shape(5, GAUSS)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("world") / "point_world.py"
    path.write_text(POINT)
    known = set(sys.modules)
    yield str(path)
    for name in set(sys.modules) - known:
        if "point_world" in name:
            del sys.modules[name]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = llama_vectors.make_run(tmp_path_factory.mktemp("runs") / "AD-point")
    return made


def pushing(states: Any, actions: Any, rewards: Any, next_states: Any, query: Any) -> Any:
    """Pushes by 0.5 with next to no spread; remembers nothing."""
    del states, actions, rewards, next_states
    return np.tile(np.array([0.5, -2, 0, -30, -30, -30], np.float32), (len(query), 1))


def live(file: str, factory: str, act: Any, episodes: int = 2, tasks: Any = (0, 1, 2)) -> Lives:
    rooms = Rooms(UserWorld(f"{file}:{factory}"), SHAPE, np.array(tasks), 6, seed=3)
    return lived(living(act, rooms, episodes))


# -- what happens in rooms ---------------------------------------------------------------------------------------------
def test_a_model_lives_in_them(file: str) -> None:
    past = live(file, "make", Acting(pushing, GAUSS, 4, seed=3))
    assert past.states.shape == past.next_states.shape == (3, 12, 5)
    inside = past.step[:, 1:] > 0
    np.testing.assert_array_equal(past.next_states[:, :-1][inside], past.states[:, 1:][inside])
    np.testing.assert_array_equal(past.step[0], [*range(6), *range(6)])
    np.testing.assert_array_equal(past.episode[0], [0] * 6 + [1] * 6)
    np.testing.assert_allclose(past.actions, np.broadcast_to([0.5, -2, 0], (3, 12, 3)), atol=1e-5)  # as they were said
    moved = past.next_states - past.states
    np.testing.assert_allclose(moved[..., :3], np.broadcast_to([0.5, -1, 0], (3, 12, 3)), atol=1e-5)  # as it took them
    np.testing.assert_allclose(past.returns, past.rewards.reshape(3, 2, 6).sum(axis=2), rtol=1e-6)
    assert (past.states[:, 0] != past.states[:, 6]).any()  # another start
    again = live(file, "make", Acting(pushing, GAUSS, 4, seed=3))
    np.testing.assert_array_equal(past.states, again.states)


def test_a_room_is_the_same_whatever_stands_beside_it(file: str) -> None:
    for act in (Acting(pushing, GAUSS, 4, seed=3), uniformly(3)):
        both, alone = live(file, "make", act), live(file, "make", act, tasks=(0,))
        np.testing.assert_array_equal(both.states[:1], alone.states)


def test_episodes_that_end_early_count_by_themselves(file: str) -> None:
    """Task t ends after 2 + t steps: all rooms go on until the slowest has had its two episodes."""
    past = live(file, "early", Acting(pushing, GAUSS, 4, seed=3))
    assert past.step.shape == (3, 8)
    np.testing.assert_array_equal(past.step[0], [0, 1] * 4)
    np.testing.assert_array_equal(past.step[2], [0, 1, 2, 3] * 2)
    np.testing.assert_allclose(past.returns[0], [past.rewards[0, :2].sum(), past.rewards[0, 2:4].sum()], rtol=1e-6)


def test_contexts_grow_across_episodes_and_no_further(file: str) -> None:
    seen: list[int] = []

    def watching(states: Any, *rest: Any) -> Any:
        seen.append(states.shape[1])
        return pushing(states, *rest)

    live(file, "make", Acting(watching, GAUSS, 4, seed=0), tasks=(0,))
    assert seen == [0, 1, 2, 3, *[4] * 8]
    seen.clear()
    live(file, "make", Acting(watching, GAUSS, 9, seed=0, wipe=True), tasks=(0,))
    assert seen == [*range(6), *range(6)]


def test_rewards_are_hidden_from_the_model_alone(file: str) -> None:
    def curious(states: Any, actions: Any, rewards: Any, next_states: Any, query: Any) -> Any:
        assert not rewards.any()
        return pushing(states, actions, rewards, next_states, query)

    assert live(file, "make", Acting(curious, GAUSS, 9, seed=0, zero=True)).returns.all()


def test_actions_are_drawn_by_what_the_head_says() -> None:
    said = np.tile(np.array([1.0, -1.0, 0.5, 0.0, np.log(4), -30], np.float32), (4000, 1))
    drawn = Acting(pushing, GAUSS, 1, seed=1)._chosen(said, 0)
    np.testing.assert_allclose(drawn.mean(axis=0), [1, -1, 0.5], atol=0.12)
    np.testing.assert_allclose(drawn.std(axis=0), [1, 2, 0], atol=0.08)
    np.testing.assert_array_equal(Acting(pushing, GAUSS, 1, seed=1, greedy=True)._chosen(said, 0), said[:, :3])
    np.testing.assert_array_equal(Acting(pushing, ALONE, 1, seed=1)._chosen(said[:, :3], 0), said[:, :3])
    logits = np.tile(np.log([0.7, 0.2, 0.1]).astype(np.float32), (4000, 1))
    chosen = Acting(pushing, ActionHead(CATEGORICAL, 3), 1, seed=1)._chosen(logits, 0)
    np.testing.assert_allclose(np.bincount(chosen) / 4000, [0.7, 0.2, 0.1], atol=0.03)


def test_curves_tell_no_share_of_an_unknown_best(file: str) -> None:
    world = UserWorld(f"{file}:make")
    plan = UserPlan(world, SHAPE, 6, 4, episodes=2, streams=3, control_streams=1, seed=0)
    found = evaluate_in(pushing, plan)
    assert found.held_out.histories == 6
    assert set(found.held_out.by_goal) == {7, 8}
    assert found.train is not None
    assert set(found.train.by_goal) == {0, 1, 2}
    assert np.isnan(found.held_out.optimal)
    assert np.isnan(found.held_out.share_of_optimal.mean)
    assert abs(found.held_out.last.mean - 0.5 * (1 + 2 + 3 + 4 + 5 + 6)) < 1  # x grows by 0.5 a step, from about 0
    assert found.context_wiped.histories == 2
    assert evaluate_in(pushing, UserPlan(UserWorld(f"{file}:bare"), SHAPE, 6, 4, 2, 3, 1, 0)).train is None


# -- commands ----------------------------------------------------------------------------------------------------------
def test_collected_histories_open_again(file: str, run: Path, tmp_path: Path) -> None:
    output = tmp_path / "h.hdf5"
    ask = ["collect", "--world", f"{file}:make", "--episodes", "5", "--streams", "2", "--output", str(output)]
    assert main(ask) == 0
    assert main(ask) == 2  # it is there
    with h5py.File(output) as stored:
        assert sorted(stored) == ["0", "1", "2"]
        group = stored["1"]
        assert group["actions"].shape == (30, 2, 3)
        assert (np.abs(group["states"][5, :, :3] - 1) < 0.2).all()  # the factory's policy goes to the goal
        np.testing.assert_array_equal(np.flatnonzero(group["dones"][:, 0]), [5, 11, 17, 23, 29])
    info = open_session(run, device="cpu", samples=3, histories=output).info
    assert {sample.task for sample in info.samples} == {0, 1, 2}
    assert info.samples[0].step.max() == 5
    assert main([*ask, "--force", "--random", "--tasks", "test"]) == 0
    with h5py.File(output) as stored:
        assert sorted(stored) == ["7", "8"]
        assert np.abs(stored["7/states"][5, :, 0] - 7).min() > 1


def test_a_run_without_histories_opens_in_its_world(file: str, run: Path) -> None:
    session = open_session(run, device="cpu", samples=4, world=f"{file}:make", context=7)
    info = session.info
    assert "point_world.py:make, test tasks" in info.source
    assert {sample.task for sample in info.samples} == {7, 8}
    assert [sample.n_context for sample in info.samples] == [7] * 4
    first = info.samples[0]
    inside = np.flatnonzero(first.step[1:7] > 0)
    np.testing.assert_array_equal(first.next_states[inside], first.states[inside + 1])
    fewer = open_session(run, device="cpu", samples=2, world=f"{file}:make", context=7).info
    np.testing.assert_array_equal(fewer.samples[1].states, info.samples[1].states)


def test_evaluate_measures_there(file: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = ["evaluate", str(run), "--world", f"{file}:make", "--episodes", "2", "--streams", "1", "--context", "4"]
    assert main([*ask, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["curves"]["held_out"]["optimal"] is None
    assert any("best return there is not known" in note for note in document["notes"])
    assert document["provenance"]["options"]["world"].endswith(":make")
    assert main(ask) == 0
    assert "test tasks" in capsys.readouterr().out


def test_models_of_cells_act_in_cells(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid = make_run(tmp_path / "AD-cells")
    assert (
        open_session(grid, device="cpu", samples=1, world=f"{file}:cells", context=4).info.samples[0].states.dtype.kind
        == "i"
    )
    ask = ["evaluate", str(grid), "--episodes", "1", "--streams", "1", "--context", "4", "--world"]
    assert main([*ask, f"{file}:cells"]) == 0
    capsys.readouterr()
    assert main([*ask, f"{file}:make"]) == 2
    assert "Discrete, 5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("world", "words"),
    [
        ("point_world", "expected MODULE:FACTORY"),
        ("no_such_module:make", "No module named 'no_such_module'"),
        ("{}:nothing", "no such name"),
        ("{}:POINT", "no such name"),
        ("{}:broken", "RuntimeError: no such robot"),
        ("{}:shapeless", "a gymnasium.Env for each task, found a int"),
        ("{}:negative", "numbers from 0"),
        ("{}:cells", "a Box of 3"),
        ("/no/such/file.py:make", "no file /no/such/file.py"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    world: str, words: str, file: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(run), "--world", world.format(file), "--episodes", "1", "--streams", "1"]) == 2
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1
    assert words in said


def test_a_horizon_must_come_from_somewhere(file: str) -> None:
    assert UserWorld(f"{file}:bare").check(SHAPE) == 0
    assert main(["collect", "--world", f"{file}:bare", "--output", "x.hdf5"]) == 2
    with pytest.raises(ConfigError, match="observations of 4"):
        UserWorld(f"{file}:bare").check(Shape(4, GAUSS))


def test_a_module_is_found_from_here(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(file).parent)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert UserWorld("point_world:make").test == (7, 8)
