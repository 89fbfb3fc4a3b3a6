"""Episodes that end at the goal: no reward is paid but at an end, where a file has the state of the reset."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from checkpoints import settings

from adtui.histories.goals import with_groups
from adtui.histories.samples import load_samples
from adtui.records.group_goals import OTHER
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.settings import run_settings

#: Beside the start, where a reset is as near as a step; further away; and in a corner that walks seldom find.
GOALS = (31, 39, 41, 49, 40, 22, 50, 38, 80)
NAME = "history_darkroom_PPO_alg-seed42.hdf5"


def written(path: Path, *, group_of: dict[int, int], online: bool, dones: bool, cost: int) -> None:
    path.parent.mkdir(parents=True)
    rng, world = np.random.default_rng(3), DarkRoom()
    with h5py.File(path, "w") as file:
        for goal, group in group_of.items():
            rooms, columns, age = world.rooms(np.array([goal])), [], 0
            for _ in range(400):
                states, actions = rooms.states.copy(), rng.integers(5, size=1)
                reached, rewards, _ = rooms.step(actions)
                reached, age = reached.copy(), age + 1
                ended = bool(rewards[0]) or age == 20
                if ended:
                    fresh, age = rooms.reset().copy(), 0
                columns.append((states, actions, rewards - cost, fresh if ended and not online else reached, [ended]))
            names = ("states", "actions", "rewards", "next_states", "dones")
            for name, values in zip(names, zip(*columns, strict=True), strict=True):
                if name != "dones" or dones:
                    file[f"{group}/{name}"] = np.array(values)


@pytest.mark.parametrize("cost", [0, 1])
@pytest.mark.parametrize("dones", [True, False])
@pytest.mark.parametrize("online", [True, False])
def test_the_goal_is_where_the_rewarded_action_leads(tmp_path: Path, online: bool, dones: bool, cost: int) -> None:
    own, swapped = tmp_path / "own", tmp_path / "swapped"
    group_of = dict(zip(GOALS, (*GOALS[1:], GOALS[0]), strict=True))
    written(own / "datasets" / NAME, group_of={goal: goal for goal in GOALS}, online=online, dones=dones, cost=cost)
    written(swapped / "datasets" / NAME, group_of=group_of, online=online, dones=dones, cost=cost)
    told = with_groups(run_settings(settings()), own)
    assert told.groups is None
    assert f"episodes of {NAME} end at their reward; rollouts go on to step 20" in told.doubts

    found = with_groups(run_settings(settings()), swapped)
    assert found.groups is not None
    assert found.groups.order == OTHER
    assert found.groups.goals.items() <= {group: goal for goal, group in group_of.items()}.items()
    assert len(found.groups.goals) >= len(GOALS) - 1
    for sample in load_samples(found, swapped, 19, 18, 0).samples:
        group = int(sample.label.split(" group ")[1].split()[0])
        goal = next(goal for goal, own in group_of.items() if own == group)
        assert sample.goal in (divmod(goal, 9), None if goal == 80 else divmod(goal, 9))
