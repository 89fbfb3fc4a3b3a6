"""One walk in rooms of other tasks: what it would have been paid there, and where it should go on.

Where an agent goes does not depend on what it is paid, once it has gone there: the same cells in the same order are a
possible history in a room of any task of the world, with other rewards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .world import BoolArray, IntArray, World


@dataclass(frozen=True)
class Replay:
    """A walk of n steps in the rooms of B tasks.

    Attributes:
        rewards: (B, n) of each step.
        right: (B, A) the actions that lose nothing after the walk; all where nothing pays any more.
        targets: (B, 2) the cell that pays next.
        done: (B,) where nothing pays any more in this episode.
    """

    rewards: IntArray
    right: BoolArray
    targets: IntArray
    done: BoolArray


def replay(
    world: World, tasks: IntArray, reached: IntArray, episode: IntArray, state: IntArray, stage: int = 0
) -> Replay:
    """Walk in the rooms of `tasks` (B,).

    Args:
        reached: (n, 2) the cells that the steps ended in.
        episode: (n + 1,) the episode of each step, and of what comes after the walk.
        state: (2,) the cell after the walk.
        stage: how many of the one-time rewards of its episode were had before the first step, in every room.
    """
    rooms, n = world.rooms(tasks), len(reached)
    rooms.stage[:] = stage
    rewards = np.zeros((len(tasks), n), np.int64)
    for step in range(n):
        if step and episode[step] != episode[step - 1]:
            rooms.reset()
        rewards[:, step] = rooms.arrive(np.broadcast_to(reached[step], (len(tasks), 2)))
    if n and episode[n] != episode[n - 1]:
        rooms.reset()
    rooms.states = np.broadcast_to(np.asarray(state, np.int64), (len(tasks), 2))
    return Replay(rewards, rooms.optimal() > 0, rooms.target().copy(), rooms.done.copy())


def is_of(world: World, task: int, reached: IntArray, episode: IntArray, rewards: IntArray) -> bool:
    """Whether a walk was paid what this task pays for it, whatever had been had before its first step."""
    walks = (replay(world, np.array([task]), reached, episode, reached[-1], stage) for stage in range(world.STAGES))
    return any(np.array_equal(walk.rewards[0], rewards) for walk in walks)
