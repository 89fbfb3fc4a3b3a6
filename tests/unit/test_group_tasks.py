"""Groups whose number is not their task in other worlds than Dark Room, and rewards that are not 0 and 1."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from checkpoints import settings
from lived import every, lived

from adtui.histories.goals import with_groups
from adtui.histories.samples import load_samples
from adtui.histories.training import read_histories
from adtui.histories.walk import Walk
from adtui.records.errors import HistoryError
from adtui.records.group_goals import OTHER, SHUFFLED, UNREADABLE
from adtui.records.moment import Edits
from adtui.records.run_settings import RunSettings
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.registry import make_world
from adtui.worlds.settings import run_settings

Change = Callable[[Any], Any]
TEST_GOALS = (38, 51, 62, 65, 33, 5, 53, 49)
NEAR = (31, 39, 41)
PERMUTED, KEYS = "darkroompermuted", "dark_key_to_door"
TASKS = {PERMUTED: 120, KEYS: 200}


def file_of(root: Path, env: str) -> Path:
    return root / "datasets" / f"history_{env}_PPO_alg-seed42.hdf5"


def seen(root: Path, env: str = "darkroom", **config: Any) -> RunSettings:
    horizon = 20 if env == "darkroom" else 50
    return with_groups(run_settings(settings(env=env, horizon=horizon, **config)), root)


@pytest.fixture(scope="module", params=[PERMUTED, KEYS])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A world, and histories of which group i is of task i."""
    root = tmp_path_factory.mktemp(request.param)
    length = 100 if request.param == PERMUTED else 600
    lived(file_of(root, request.param), every(50), range(TASKS[request.param]), env=request.param, length=length)
    return request.param, root


def order_of(env: str, seed: int) -> list[int]:
    order = list(range(TASKS[env]))
    random.Random(seed).shuffle(order)
    return order


def shuffled(told: tuple[str, Path], root: Path, seed: int) -> Path:
    """The same histories, group i being of task order[i]."""
    env, source = told
    path = file_of(root, env)
    path.parent.mkdir()
    with h5py.File(file_of(source, env)) as old, h5py.File(path, "w") as new:
        for group, task in enumerate(order_of(env, seed)):
            old.copy(str(task), new, name=str(group))
    return path


def test_groups_of_their_own_task_are_no_news(told: tuple[str, Path]) -> None:
    env, root = told
    assert seen(root, env).groups is None


@pytest.mark.parametrize("seed", [0, 5])
def test_groups_of_other_tasks_are_told_and_labelled_by_what_they_show(
    told: tuple[str, Path], tmp_path: Path, seed: int
) -> None:
    env, order = told[0], order_of(told[0], seed)
    shuffled(told, tmp_path, seed)
    found = seen(tmp_path, env)  # its own seed is 0
    groups = found.groups
    assert groups is not None
    assert groups.order == (SHUFFLED if seed == 0 else OTHER)
    assert groups.goals.items() <= dict(enumerate(order)).items()
    assert len(groups.goals) > TASKS[env] / 4
    assert any("does not hold task i" in doubt for doubt in found.doubts)
    world = make_world(env, 9)
    samples = load_samples(found, tmp_path, 79, 6, 0).samples
    for sample in samples:
        group = int(sample.label.split(" group ")[1].split()[0])
        known = group in groups.goals
        assert sample.label.startswith(f"task {order[group] if known else 'unknown'} group ")
        assert sample.task == (order[group] if known else world.n_tasks + group)
        if env == PERMUTED:
            assert sample.arrows == world.arrows(order[group])


# -- rewards that are not 0 and 1 --------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("room")
    lived(file_of(root, "darkroom"), every(20), (*TEST_GOALS, *NEAR))
    return root


def with_rewards(source: Path, root: Path, change: Change) -> Path:
    path = file_of(root, "darkroom")
    path.parent.mkdir()
    with h5py.File(file_of(source, "darkroom")) as old, h5py.File(path, "w") as new:
        for name in old:
            old.copy(name, new)
            rewards = new[name]["rewards"][()].astype(np.float32)
            del new[name]["rewards"]
            new[name]["rewards"] = change(rewards)
    return path


def costs(rewards: Any) -> Any:
    return rewards - 1


def turned(rewards: Any) -> Any:
    return 1 - rewards


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (costs, "are 0 where darkroom pays and -1 elsewhere, not 1 and 0: 0 counts as rewarded"),
        (turned, "are 0 where darkroom pays and 1 elsewhere, not 1 and 0: 0 counts as rewarded"),
        (lambda rewards: -rewards, "are -1 where darkroom pays and 0 elsewhere, not 1 and 0: -1 counts as rewarded"),
        (lambda rewards: rewards + 0.5, "are 1.5 where darkroom pays and 0.5 elsewhere, not 1 and 0"),
        (lambda rewards: rewards - np.arange(2, 4), "are -3 to -1, not 0 and 1: no step counts as rewarded"),
        (lambda rewards: -np.ones_like(rewards), "every reward of history_darkroom_PPO_alg-seed42.hdf5 is -1"),
    ],
)
def test_rewards_of_another_kind_are_told(room: Path, tmp_path: Path, change: Change, words: str) -> None:
    with_rewards(room, tmp_path, change)
    found = seen(tmp_path)
    assert [words in doubt for doubt in found.doubts if "group i" not in doubt] == [True]
    assert not any("does not hold" in doubt for doubt in found.doubts)
    goals = {sample.goal for sample in load_samples(found, tmp_path, 79, 8, 0).samples}
    assert goals == {divmod(goal, 9) for goal in TEST_GOALS}


@pytest.mark.parametrize("change", [costs, turned, lambda rewards: 0.25 - rewards, lambda rewards: rewards * 3 + 2])
def test_the_same_transitions_are_rewarded_and_the_model_gets_them_as_they_are(
    room: Path, tmp_path: Path, change: Change
) -> None:
    with_rewards(room, tmp_path, change)
    plain = load_samples(seen(room), room, 79, 8, 0).samples
    for one, other in zip(plain, load_samples(seen(tmp_path), tmp_path, 79, 8, 0).samples, strict=True):
        assert np.array_equal(one.rewarded, other.rewarded)
        assert np.array_equal(change(one.rewards).astype(np.float32), other.rewards)
        assert (one.goal, one.task, one.label) == (other.goal, other.task, other.label)
        walk = Walk.of(other, DarkRoom())
        assert "where the world pays 1 and 0" in walk.still(walk.length)
        every_one = Edits(turned=frozenset(range(79)))
        assert np.array_equal(walk.seen(79, every_one)[0].rewarded, ~other.rewarded)


@pytest.mark.parametrize("change", [costs, turned])
def test_goals_show_in_rewards_of_another_kind(room: Path, tmp_path: Path, change: Change) -> None:
    path = with_rewards(room, tmp_path, change)
    with h5py.File(path, "r+") as file:
        file.move("31", "40")
    groups = seen(tmp_path).groups
    assert groups is not None
    assert (groups.order, groups.goals[40]) == (OTHER, 31)


@pytest.mark.parametrize("change", [lambda rewards: rewards, lambda rewards: 10 * rewards])
def test_rewards_above_0_are_no_news(room: Path, tmp_path: Path, change: Change) -> None:
    with_rewards(room, tmp_path, change)
    assert seen(tmp_path).doubts == ()


def test_rewards_that_are_no_numbers_are_told(room: Path, tmp_path: Path) -> None:
    with_rewards(room, tmp_path, lambda rewards: rewards * np.nan)
    found = seen(tmp_path)
    assert found.groups is not None
    assert found.groups.order == UNREADABLE
    assert any("rewards: expected finite numbers, found NaN" in doubt for doubt in found.doubts)


def test_several_rewarded_cells_in_every_group_show_no_goal(room: Path, tmp_path: Path) -> None:
    with_rewards(room, tmp_path, np.ones_like)
    assert any("its rewards show no goal of any group" in doubt for doubt in seen(tmp_path).doubts)


def test_training_says_that_rewards_are_the_other_way_about(room: Path, tmp_path: Path) -> None:
    path = with_rewards(room, tmp_path, turned)
    with pytest.raises(HistoryError, match="1 minus them, at every step; store 1 minus what is there"):
        read_histories(path, DarkRoom(), (31,), None)
