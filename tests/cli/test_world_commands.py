"""`--world MODULE:FACTORY` for compress, circuit and probe: in a world of cells they work, else a line says why not."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from checkpoints import make_run
from references import llama_vectors

from adtui.cli.main import main
from adtui.compression.trials.closed_loop import replay
from adtui.records.action_head import CATEGORICAL, ActionHead
from adtui.worlds.factory_world import FactoryWorld, arena_in
from adtui.worlds.rollouts import random_policy, rollout
from adtui.worlds.settings import run_settings

CORRIDOR = """\
import gymnasium as gym
import numpy as np


class Corridor(gym.Env):
    '''A task is a row that pays half; where it starts is drawn.'''

    observation_space = gym.spaces.MultiDiscrete([9, 9])
    action_space = gym.spaces.Discrete(5)

    def __init__(self, task, ends=10**9):
        self.task, self.ends = task, ends

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at, self.t = self.np_random.integers(3, 6, 2), 0
        return self.at.copy(), {}

    def step(self, action):
        self.at = np.clip(self.at + [[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]][action], 0, 8)
        self.t += 1
        return self.at.copy(), 0.5 * float(self.at[0] == self.task), self.t >= self.ends, False, {}


def make(task):
    return Corridor(task)


make.train_tasks, make.test_tasks, make.horizon = range(12), (3, 4, 5, 7), 6


def early(task):
    return Corridor(task, ends=4)


early.horizon = 6


def alone(task):
    return Corridor(task)


alone.horizon = 6


def outside(task):
    class Far(Corridor):
        def reset(self, **more):
            at, info = super().reset(**more)
            return at + 9, info
    return Far(task)


outside.horizon = 6
"""
HEAD = ActionHead(CATEGORICAL, 5)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("world") / "corridor_world.py"
    path.write_text(CORRIDOR)
    return str(path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "tiny", "pre", n_transit=12)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    [line] = said.err.splitlines()
    return line


def test_its_rooms_make_the_same_histories_again(file: str) -> None:
    """Alone or beside others, in this process or in a worker that was given the world."""
    arena = arena_in(f"{file}:make", HEAD, 0, 9, run_settings({}))
    world = arena.world
    assert (world.n_tasks, arena.split.test, arena.held_out) == (16, (12, 13, 14, 15), 4)
    tasks = np.array([12, 13, 15])
    past = rollout(random_policy, world, tasks, 3, 4, seed=5)
    np.testing.assert_array_equal(replay(world, tasks, past.actions, 5).rewards, past.rewards)
    alone = rollout(random_policy, world, tasks[1:], 3, 4, seed=5, first_room=1)
    np.testing.assert_array_equal(alone.states, past.states[1:])
    sent = pickle.loads(pickle.dumps(world))
    assert isinstance(sent, FactoryWorld)
    np.testing.assert_array_equal(rollout(random_policy, sent, tasks, 3, 4, seed=5).states, past.states)
    assert len(np.unique(past.states[:, ::6], axis=1)) > 1
    known = world.random_returns(tasks)
    assert known is not None
    np.testing.assert_array_equal(known, sent.random_returns(tasks))
    assert np.isnan(world.optimal_returns(tasks)).all()


def test_compress_tries_strategies_there(
    file: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ("--streams", "1", "--episodes", "4", "--budgets", "4", "--jobs", "1", "--strategies", "recent")
    asked = ("--world", f"{file}:make", *few, "--output", str(tmp_path / "kept"))
    assert main(["compress", str(run), *asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["about"]["held_out"] == "test tasks"
    assert found["about"]["notes"] == [f"in {file}:make, episodes of 6 steps; the best return there is not known"]
    assert found["about"]["provenance"]["options"]["world"] == f"{file}:make"
    assert main(["compress", str(run), *asked, "--figures", str(tmp_path / "figures")]) == 0
    text = capsys.readouterr().out
    assert "random actions" in text
    assert "best possible" not in text


def test_circuits_are_found_and_probes_made_there(file: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = ("--world", f"{file}:make", "--context", "6")
    assert main(["circuit", str(run), *few, "--contexts", "4", "--streams", "1", "--episodes", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["about"]["test"]["goals"] == [12, 13, 14, 15]
    assert main(["probe", str(run), *few, "--samples", "16", "--no-paths"]) == 0
    assert "16 tasks (4 of them test tasks)" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("command", "factory", "says"),
    [
        ("compress", "early", "expected episodes of 6 steps each"),
        ("compress", "outside", "expected states from 0 to 8, the model's grid, found 12"),
        ("compress", "none", "expected a factory none(task)"),
        ("circuit", "alone", "expected a factory with train_tasks and test_tasks"),
        ("probe", "alone", "expected a world of at least"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    command: str, factory: str, says: str, file: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = {"compress": ("--jobs", "1", "--budgets", "4", "--strategies", "recent"), "circuit": (), "probe": ()}
    line = refused(capsys, command, str(run), "--world", f"{file}:{factory}", *more[command])
    assert says in line
    assert "\n" not in line


@pytest.mark.parametrize("command", ["compress", "probe"])
def test_models_of_vectors_are_refused_with_what_they_can_do(
    command: str, file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = llama_vectors.make_run(tmp_path / "vectors")
    line = refused(capsys, command, str(made), "--world", f"{file}:make")
    assert "expected a model of cells and single actions" in line
    assert "`adtui evaluate --world`" in line
