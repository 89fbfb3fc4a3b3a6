"""Streams of random numbers: each is named by a seed, what it is for, and a number of its own.

Never by a sum of these: the stream "seed + index" of seed 0 and index 1 is that of seed 1 and index 0, and numbers
that pass for independent are the same. Whoever draws from a stream of its own gives the same result however many
others draw beside it.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from ..records.arrays import Floats
from .world import IntArray


class Use(IntEnum):
    """What a stream is for.

    The values are part of every number that was drawn: append, never renumber. Training has its own, below these.
    """

    GOALS = 16  # the order in which held-out goals are taken
    CONTEXTS = 17  # a sample: the actions of its rollout
    MOMENTS = 18  # a sample: where in its history the query stands
    ROOMS = 19  # evaluation and trials: the actions in a room
    CHANCE = 20  # evaluation and trials: uniformly random actions in a room
    STRATEGIES = 21  # what a compression strategy draws while the model acts, by group of rooms
    OPEN_LOOP = 22  # what it draws on stored contexts
    CONTROLS = 23  # the controls of knock-outs, by sample
    AGENTS = 24  # source agents that are seeded by a number, by goal
    RESAMPLED = 25  # which transition stands in for which where knock-outs resample, by sample
    RELOCATED = 26  # where the reward of a context is moved to, by sample
    WALK = 27  # the map: the action at one moment of a walk, by history and moment
    SEARCH = 28  # the search for the smallest context: the seed of its rooms
    RETRIEVAL = 29  # which heads need their whole context: the seed of the rooms that says so
    CIRCUIT_LIVES = 32  # circuits: the actions in the rooms that contexts are taken from
    CIRCUIT_MOMENTS = 33  # circuits: which contexts are taken, by room and length
    CIRCUIT_CHOICE = 34  # circuits: the actions while a size is chosen
    CIRCUIT_TEST = 35  # circuits: the actions in the one test of what was chosen
    PROBE_TASKS = 48  # probes: which tasks, in what order, where there are more than are asked for
    PROBE_ROOMS = 49  # probes: the actions in the rooms that contexts are taken from
    PROBE_MOMENTS = 50  # probes: which contexts are taken, by room
    PROBE_FOLDS = 51  # probes: which tasks are left out together
    PROBE_SHUFFLES = 52  # probes: which tasks exchange their labels
    PROBE_PATHS = 53  # probes: which contexts paths are patched in
    WORLD_ROOMS = 56  # a user's world: what the policy draws in a room
    WORLD_CHANCE = 57  # uniformly random actions there, and those of a source, by room
    WORLD_SEEDS = 58  # what its environments are seeded by, by room
    ARMS = 72  # bandits: the means of their arms, by how many there are
    PAID = 73  # bandits: what pulls pay, by room and by the use of its actions


def generator(seed: int, use: Use, index: int = 0, *more: int) -> np.random.Generator:
    """Stream `index` (and what else tells it apart) of a use; seed and numbers from 0 to 2³² − 1."""
    return np.random.default_rng([seed, use, index, *more])


def uniforms(seed: int, use: Use, first: int, rows: int, count: int) -> Floats:
    """(rows, count) float32 in [0, 1): row r is the beginning of stream `first + r`."""
    return np.stack([generator(seed, use, first + row).random(count, dtype=np.float32) for row in range(rows)])


def number(seed: int, use: Use, index: int) -> int:
    """A number below 2³¹ for libraries that seed themselves by one."""
    return int(generator(seed, use, index).integers(1 << 31))


def order(seed: int, pool: IntArray) -> IntArray:
    """The goals of `pool` (G,) in the order in which samples take them."""
    shuffled: IntArray = generator(seed, Use.GOALS).permutation(pool)
    return shuffled
