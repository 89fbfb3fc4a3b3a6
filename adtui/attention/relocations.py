"""Reward relocation: the rewards of a context as they would be in rooms that pay elsewhere, and the action then.

The walk stays, cell by cell; only what its steps are paid changes. Each edited context is one that an agent could have
seen in a room of the same world, so that no reward contradicts another. What is odd about it is the walk itself: who
was paid there would have gone elsewhere.
"""

from __future__ import annotations

import numpy as np

from ..models.model import Model
from ..records.arrays import Floats, Ints
from ..records.relocation import Relocation
from ..records.sample import Sample
from ..statistics.divergence import log_probabilities
from ..worlds.draws import Use, generator
from ..worlds.replay import Replay, is_of, replay
from ..worlds.world import World

MOST_TASKS = 512
"""Tasks that are tried for places to move a reward to, drawn where there are more."""


def relocate(
    model: Model, sample: Sample, world: World, *, places: int, seed: int = 0, index: int = 0
) -> Relocation | None:
    """Move the reward of a context to `places` other cells, one at a time.

    A place is a cell other than the one that pays next in the context's own task, at which a transition that the model
    sees one by one ended, and paid there in the edited context; so the context tells where to go. No two of the places
    ask for the same actions at the query. They are drawn without a look at the model.

    Args:
        seed, index: of the draws; the index tells samples apart, see `draws`.

    Returns:
        None where the model sees no reward, where the context's rewards are not those of its task in this world, or
        where it has no so many places.
    """
    visible = model.layout(sample).visible
    if sample.task is None or not 0 <= sample.task < world.n_tasks or not (sample.rewards[visible] > 0).any():
        return None
    if not is_of(world, sample.task, sample.next_states, sample.episode, sample.rewards.astype(np.int64)):
        return None
    rng = generator(seed, Use.RELOCATED, index)
    tasks = world.tasks_at(sample.next_states[visible])
    tasks = rng.permutation(tasks)[:MOST_TASKS]
    if not len(tasks):
        return None
    walks = _walks(world, np.append(tasks, sample.task), sample)
    chosen = _places(walks, sample, visible, places)
    if len(chosen) < places:
        return None
    chance = np.exp(log_probabilities(_logits(model, sample, walks.rewards[chosen])))
    return Relocation(walks.targets[chosen], walks.right[chosen], chance[0], chance[1:])


def _walks(world: World, tasks: Ints, sample: Sample) -> Replay:
    return replay(world, tasks, sample.next_states, sample.episode, sample.query_state)


def _places(walks: Replay, sample: Sample, visible: Ints, count: int) -> list[int]:
    """The first `count` of the walks that a reward can be moved to; the last walk is in the room of the own task."""
    paid = walks.rewards[:, visible] > 0
    there = (sample.next_states[visible] == walks.targets[:, None]).all(axis=-1)
    told = (paid & there).any(axis=1) & ~walks.done & (walks.targets != walks.targets[-1]).any(axis=-1)
    chosen: list[int] = []
    asked: set[bytes] = set()
    for walk in np.flatnonzero(told).tolist():
        if len(chosen) < count and (actions := walks.right[walk].tobytes()) not in asked:
            asked.add(actions)
            chosen.append(walk)
    return chosen


def _logits(model: Model, sample: Sample, rewards: Ints) -> Floats:
    """(1 + K, A) as the context was, then with each of K (n,) rewards."""
    all_rewards = np.concatenate([sample.rewards[None], rewards.astype(sample.rewards.dtype)])
    states, actions, next_states, query = (
        np.broadcast_to(part, (len(all_rewards), *part.shape))
        for part in (sample.states, sample.actions, sample.next_states, np.asarray(sample.query_state))
    )
    return model.policy(states, actions, all_rewards, next_states, query)
