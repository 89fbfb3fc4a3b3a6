"""Histories of random walks whose episodes end when the test says, whatever horizon a run claims."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from adtui.worlds.registry import make_world

Ends = Callable[[int], bool]
"""Step → whether an episode ends with it."""
ENDLESS = 1_000_000


def every(steps: int) -> Ends:
    return lambda step: (step + 1) % steps == 0


def lived(
    path: Path,
    ends: Ends,
    tasks: Iterable[int],
    *,
    env: str = "darkroom",
    length: int = 200,
    streams: int = 2,
    online: bool = False,
    anywhere: bool = False,
    dones: str = "",
) -> Path:
    """A file of histories.

    Args:
        online: the next state of an episode's last step is the one reached, else that of the reset.
        anywhere: episodes begin in any cell.
        dones: the name of the data set that marks the ends; "" for none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    world, rng, tasks = make_world(env, 9, ENDLESS), np.random.default_rng(7), tuple(tasks)
    rooms = world.rooms(np.repeat(tasks, streams))
    columns: dict[str, list[NDArray[Any]]] = {}
    for step in range(length):
        states, actions = rooms.states.copy(), rng.integers(world.num_actions, size=len(rooms.tasks))
        reached, rewards, _ = rooms.step(actions)
        after = reached.copy()
        if ends(step):
            fresh = rooms.reset().copy()
            if anywhere:
                rooms.states = fresh = rng.integers(9, size=fresh.shape)
            after = after if online else fresh
        made = {"states": states, "actions": actions, "rewards": rewards, "next_states": after}
        for name, values in made.items():
            columns.setdefault(name, []).append(values)
    whole = {name: np.array(one) for name, one in columns.items()}
    with h5py.File(path, "w") as file:
        for index, task in enumerate(tasks):
            group = file.create_group(str(task))
            for name, one in whole.items():
                group[name] = one[:, index * streams : (index + 1) * streams]
            if dones:
                group[dones] = np.tile(np.array([ends(step) for step in range(length)])[:, None], (1, streams))
    return path


def borders(ends: Ends, first: int, last: int) -> list[int]:
    """The steps of first + 1 … last that an episode begins with."""
    return [step for step in range(first + 1, last + 1) if ends(step - 1)]
