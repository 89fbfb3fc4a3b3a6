"""Histories of a source in a world of the user's, into HDF5 as DICP's Meta-World code lays them out.

One group per task; `states`, `next_states` (T, streams, S), `actions` (T, streams, D), `rewards`, `dones` (T, streams).
T is that of the shortest history. The next state of an episode's last step is the one reached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from ..records.arrays import Ints
from ..worlds.agents import ProgressCallback
from ..worlds.user_rooms import Lives, Rooms, by_source, lived, living, uniformly
from ..worlds.user_world import Shape, UserWorld
from .collect import histories_file

ONE_BY_ONE = 8
"""Tasks whose rooms are lived in at once: environments may be large."""


@dataclass(frozen=True)
class WorldCollection:
    """What to collect.

    Attributes:
        tasks: a group for each.
        streams: histories per task.
        horizon: steps of an episode, at most.
        random: act at random though the factory has a policy.
    """

    world: UserWorld
    shape: Shape
    tasks: tuple[int, ...]
    output: Path
    episodes: int
    streams: int
    horizon: int
    seed: int = 0
    random: bool = False

    @property
    def source(self) -> str:
        """Who acts, in words."""
        return "random actions" if self.random or self.world.policy is None else "the factory's policy"


def collect_in(plan: WorldCollection, progress: ProgressCallback | None = None) -> Path:
    """Collect and write the file, whole or not at all; `progress` gets (steps done, in all, at most).

    Raises:
        ConfigError: the user's code fails, or the file cannot be written.
    """
    per_part = plan.episodes * plan.horizon
    parts = [plan.tasks[first : first + ONE_BY_ONE] for first in range(0, len(plan.tasks), ONE_BY_ONE)]
    with histories_file(plan.output, "name another --output or free some space") as file:
        for index, tasks in enumerate(parts):
            done = index * per_part

            def report() -> None:
                nonlocal done
                done += 1
                if progress is not None:
                    progress(done, len(parts) * per_part)

            rooms = np.repeat(np.array(tasks, np.int64), plan.streams)
            _write(file, _lived(plan, rooms, index * ONE_BY_ONE * plan.streams, report), plan)
    return plan.output


def _lived(plan: WorldCollection, tasks: Ints, first: int, report: Callable[[], None]) -> Lives:
    rooms = Rooms(plan.world, plan.shape, tasks, plan.horizon, plan.seed, first)
    act = None if plan.random else by_source(rooms)
    return lived(living(uniformly(plan.seed, first) if act is None else act, rooms, plan.episodes), report)


def _write(file: h5py.File, past: Lives, plan: WorldCollection) -> None:
    """A group for each task; rooms of a task lie next to each other."""
    ends = np.zeros(past.rewards.shape, np.bool_)
    ends[:, :-1] = past.episode[:, 1:] != past.episode[:, :-1]
    through = past.episode < plan.episodes
    ends[:, -1] = past.step[:, -1] + 1 >= plan.horizon
    length = int(through.sum(axis=1).min())  # the histories of a task are one array: the shortest counts
    for first in range(0, len(past.tasks), plan.streams):
        rooms = slice(first, first + plan.streams)
        group = file.create_group(str(int(past.tasks[first])))
        for name in ("states", "actions", "rewards", "next_states"):
            group.create_dataset(name, data=getattr(past, name)[rooms, :length].swapaxes(0, 1))
        group.create_dataset("dones", data=ends[rooms, :length].swapaxes(0, 1))
