"""Groups of histories whose number is not their goal: the data tell, and nothing is said to be held out."""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from checkpoints import GRID, make_run, settings, users_split, write_histories

from adtui.cli.main import main
from adtui.compression.trials.prepare import prepare
from adtui.engine.opening import open_session
from adtui.histories.goals import with_groups
from adtui.histories.training import read_histories
from adtui.records.errors import ConfigError, HistoryError
from adtui.records.group_goals import OTHER, SHUFFLED, SILENT, UNREADABLE, GroupGoals
from adtui.records.run_settings import RunSettings
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.settings import arena_of, goals_of, run_settings

NAME = "history_darkroom_PPO_alg-seed42.hdf5"
TEST_GROUPS = users_split(0, 0.9)
NEAR = (31, 39, 41, 49, 40, 30, 32, 48, 50)  # goals around the start, that walks of any length find


def order_of(seed: int) -> list[int]:
    """Group → goal, where a collector shuffles the goals first."""
    order = list(range(GRID**2))
    random.Random(seed).shuffle(order)
    return order


def histories(root: Path, goal_of: Mapping[int, int], *, length: int = 200) -> Path:
    """A file whose group holds walks in the room of another goal."""
    path = write_histories(root / "datasets" / NAME, sorted(set(goal_of.values())), length=length)
    with h5py.File(path, "r+") as file:
        for group, goal in goal_of.items():
            file.copy(str(goal), f"new{group}")
        for name in [name for name in file if not name.startswith("new")]:
            del file[name]
        for name in list(file):
            file.move(name, name.removeprefix("new"))
    return path


def change(path: Path, column: str, groups: Iterable[int], edit: Any) -> None:
    with h5py.File(path, "r+") as file:
        for group in groups:
            values = file[f"{group}/{column}"][()]
            file[f"{group}/{column}"][...] = edit(values)


def seen(root: Path, **config: Any) -> RunSettings:
    return with_groups(run_settings(settings(**config)), root)


def shuffled(root: Path, seed: int = 0) -> Path:
    return histories(root, dict(enumerate(order_of(seed))))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose histories lie in the order of shuffled goals."""
    root = tmp_path_factory.mktemp("shuffled")
    shuffled(root)
    return make_run(root / "runs" / "AD-darkroom-seed0")


def groups_of(found: RunSettings) -> GroupGoals:
    assert found.groups is not None
    return found.groups


# -- what the data tell ------------------------------------------------------------------------------------------------
def test_groups_that_hold_their_own_goals_are_no_news(tmp_path: Path) -> None:
    write_histories(tmp_path / "datasets" / NAME, range(81))
    found = seen(tmp_path)
    assert found.groups is None
    assert found.split_known
    assert goals_of(found).test == tuple(TEST_GROUPS)


@pytest.mark.parametrize("seed", [0, 5])
def test_goals_shuffled_by_the_runs_own_seed(tmp_path: Path, seed: int) -> None:
    shuffled(tmp_path, seed)
    found = seen(tmp_path, env_split_seed=seed)
    assert groups_of(found).order == SHUFFLED
    assert groups_of(found).goals == dict(enumerate(order_of(seed)))
    assert not found.split_known
    assert goals_of(found).test == tuple(order_of(seed)[group] for group in users_split(seed, 0.9))
    assert "held" not in " ".join((*found.doubts, found.held_out, found.trained_on))


def test_a_few_groups_tell_of_all(tmp_path: Path) -> None:
    """Some groups are missing, and most have no reward: the order is that of those which have."""
    order = order_of(0)
    told = [group for group, goal in enumerate(order) if goal in NEAR]
    path = histories(tmp_path, {group: order[group] for group in [*told, *TEST_GROUPS]})
    change(path, "rewards", [group for group in TEST_GROUPS if group not in told], lambda values: values * 0)
    found = groups_of(seen(tmp_path))
    assert found.order == SHUFFLED
    assert found.goals == {group: order[group] for group in {*told, *TEST_GROUPS}}


@pytest.mark.parametrize("order", ["transposed", "another seed"])
def test_another_order_is_read_group_by_group(tmp_path: Path, order: str) -> None:
    other = order_of(9) if order == "another seed" else [i % GRID * GRID + i // GRID for i in range(GRID**2)]
    path = histories(tmp_path, dict(enumerate(other)))
    found = groups_of(seen(tmp_path))
    assert found.order == OTHER
    assert found.goals.items() <= dict(enumerate(other)).items()
    with h5py.File(path) as file:
        assert found.goals.keys() == {int(name) for name in file if file[name]["rewards"][()].any()}


def test_two_rewarded_cells_in_one_group_are_no_goal(tmp_path: Path) -> None:
    path = histories(tmp_path, dict.fromkeys((33, 49), 40) | {38: 39})
    change(path, "rewards", [33], lambda rewards: np.ones_like(rewards))
    found = groups_of(seen(tmp_path))
    assert found.order == OTHER
    assert found.goals == {49: 40, 38: 39}


def test_streams_that_disagree_are_no_goal_of_their_group(tmp_path: Path) -> None:
    path = histories(tmp_path, dict.fromkeys(TEST_GROUPS, 40) | {100: 39})
    with h5py.File(path, "r+") as file:
        for column in ("states", "actions", "rewards", "next_states"):
            file[f"33/{column}"][:, 1] = file[f"100/{column}"][:, 1]
        del file["100"]
    assert 33 not in groups_of(seen(tmp_path)).goals
    run = make_run(tmp_path / "runs" / "AD")
    samples = open_session(run, device="cpu", samples=16).samples
    goals = {(sample.label.split(" group ")[1].split(" step")[0], sample.goal) for sample in samples}
    shown = {goal for label, goal in goals if label.startswith("33")}
    assert shown <= {(4, 4), (4, 3), None}
    assert {goal for label, goal in goals if not label.startswith("33")} == {(4, 4)}


def test_the_cell_of_a_reset_is_no_goal(tmp_path: Path) -> None:
    """Whatever is stored as the next state of an episode's last step, and where only `dones` say which that is."""
    path = histories(tmp_path, {33: 31, 49: 31})
    with h5py.File(path, "r+") as file:
        for name in ("33", "49"):
            file[name]["rewards"][19::20] = 1  # the stored next state is the start, where no goal is
            file[name]["dones"] = np.tile((np.arange(1, 201) % 20 == 0)[:, None], (1, 2))
    assert groups_of(seen(tmp_path)).goals == {33: 31, 49: 31}
    assert groups_of(seen(tmp_path, horizon=50)).goals == {33: 31, 49: 31}


def test_no_reward_at_all_confirms_nothing(tmp_path: Path) -> None:
    path = write_histories(tmp_path / "datasets" / NAME, TEST_GROUPS)
    change(path, "rewards", TEST_GROUPS, lambda rewards: rewards * 0)
    found = seen(tmp_path)
    assert groups_of(found).order == SILENT
    assert found.held_out == "goals assumed held out"
    assert any("no reward" in doubt for doubt in found.doubts)
    assert goals_of(found).test == tuple(TEST_GROUPS)


def test_one_stream_without_an_axis_of_its_own(tmp_path: Path) -> None:
    path = shuffled(tmp_path)
    with h5py.File(path, "r+") as file:
        for group in file.values():
            for column in list(group):
                values = group[column][:, 0]
                del group[column]
                group[column] = values
    assert groups_of(seen(tmp_path)).order == SHUFFLED


def test_a_file_that_cannot_be_read_confirms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "datasets" / NAME
    path.parent.mkdir()
    path.write_bytes(b"no HDF5")
    assert groups_of(seen(tmp_path)).order == UNREADABLE


# -- what is said of it ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("window", [None, 0])
def test_samples_have_the_goals_of_their_rewards(run: Path, window: int | None) -> None:
    info = open_session(run, device="cpu", samples=16, window=window).info
    order = order_of(0)
    for sample in info.samples:
        group = int(sample.label.split(" group ")[1].split()[0])
        assert group in TEST_GROUPS
        assert sample.goal == divmod(order[group], GRID)
        assert sample.task == order[group]
        rewarded = sample.next_states[(sample.rewards > 0) & (sample.step[:-1] != 19)]
        assert (rewarded == sample.goal).all()
    said = " ".join((info.source, *info.notes)).replace("test groups", "")
    assert not [word for word in ("held", "test", "were trained on") if word in said]
    assert "does not hold goal i" in said


def test_everyone_measures_on_the_goals_of_the_groups(run: Path) -> None:
    goals = {order_of(0)[group] for group in TEST_GROUPS}
    ready = prepare(run, device="cpu", known=with_groups)
    assert set(ready.plan.goals) == goals
    assert ready.about["held_out"] == "goals of the test groups"
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        main(["evaluate", str(run), "--json", "--episodes", "1", "--streams", "1", "--device", "cpu"])
    said = json.loads(printed.getvalue())
    assert set(map(int, said["curves"]["held_out"]["by_goal"])) == goals
    assert any("does not hold goal i" in note for note in said["notes"])


def test_without_goals_on_both_sides_nothing_is_measured(tmp_path: Path) -> None:
    histories(tmp_path, dict.fromkeys(TEST_GROUPS, 40))
    with pytest.raises(ConfigError) as caught:
        arena_of(seen(tmp_path))
    assert "0 training" in str(caught.value)


def test_a_goal_on_both_sides_counts_as_trained_on(tmp_path: Path) -> None:
    first, second, *_ = [group for group in range(81) if group not in TEST_GROUPS]
    histories(tmp_path, {TEST_GROUPS[0]: 40, TEST_GROUPS[1]: 31, first: 40, second: 39})
    rooms = arena_of(seen(tmp_path))
    assert (set(rooms.split.train), rooms.split.test) == ({40, 39}, (31,))


def test_training_refuses_other_goals_than_the_groups_say(tmp_path: Path) -> None:
    path = shuffled(tmp_path)
    with pytest.raises(HistoryError) as caught:
        read_histories(path, DarkRoom(), (order_of(0).index(40),), None)
    assert "the group's number says" in str(caught.value)


def test_the_users_own_file(cases_dir: Path) -> None:
    run = cases_dir / "cccad_shuffled_goals" / "runs" / "AD-darkroom-seed0"
    info = open_session(run, device="cpu", samples=8).info
    assert {sample.goal for sample in info.samples} == {divmod(order_of(0)[group], GRID) for group in TEST_GROUPS}
    assert "held" not in " ".join((info.source, *info.notes))
