"""Samples from the model's own histories: it acts on held-out goals, and what it did becomes its context. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..records.arrays import Ints
from ..records.errors import HistoryError
from ..records.run_settings import RunSettings
from ..records.sample import PHASES, Sample
from ..records.steps import said
from ..worlds.agents import Histories, ProgressCallback
from ..worlds.draws import Use, generator, order
from ..worlds.rollouts import Policy, rolling
from ..worlds.settings import goals_of, world_of
from ..worlds.world import World
from .kept import Kept, phases_of

#: Episodes that a rollout goes on for after its context is full.
EPISODES_AFTER = 6
#: The same in bandits, whose episodes are of any length: as many steps as six of Dark Room have.
PULLS_AFTER = 120
#: Steps of a rollout; a model takes a few ms for each.
MAX_ROLLOUT = 20_000
#: Rooms of one rollout, always so many: matrices of other shapes round differently, and an action drawn near a boundary
#: would be another with another number of samples. Rooms that nobody asked for are rolled out and left.
ROOMS = 9
#: The first ROOMS are two rollouts, for something to show soon: of so many, the fewest whose matrices torch's CPU build
#: rounds as it does larger ones (`models/alike.py`), and of the others.
FIRST_ROOMS = 4


def rolled_out(
    policy: Policy,
    settings: RunSettings,
    n: int,
    count: int,
    seed: int,
    stride: int = 1,
    progress: ProgressCallback | None = None,
    kept: Kept | None = None,
) -> Iterator[tuple[Sample, ...]]:
    """Contexts of `n` transitions on held-out goals; sample i is the same whatever `count` is.

    Yields after every step of a rollout: nothing mostly, and the samples of its rooms when these are through.

    Queries lie between the first full context and some episodes later, so chosen that contexts that explore, contexts
    with their first rewards and contexts that exploit are all among the samples.

    Args:
        settings: of a run whose dynamics are known; all goals are taken where none was held out.
        seed: see `draws`.
        stride: see `rollouts.rollout`.
        progress: called with (done, total) episodes.
        kept: where these contexts are taken from where they were rolled out before, and kept.

    Raises:
        HistoryError: the settings' horizon makes rollouts too long.
    """
    world = world_of(settings)
    assert world is not None
    horizon = world.horizon
    after = EPISODES_AFTER if world.STATES else -(-PULLS_AFTER // horizon)
    episodes = n // horizon + 1 + after
    if episodes * horizon > MAX_ROLLOUT:
        raise HistoryError(
            "settings, horizon",
            expected=f"rollouts of at most {MAX_ROLLOUT} steps, since no histories were found",
            found=f"{episodes} episodes of {horizon}",
            action="give --histories PATH, or correct the horizon in the run's config",
        )
    pool: Ints = np.array(goals_of(settings).test or range(world.n_tasks), dtype=np.int64)
    times = np.arange(n, episodes * horizon, stride)
    taken: Ints = np.zeros(len(PHASES), np.int64)
    edges = rollouts_of(count)
    rooms = np.resize(order(seed, pool), edges[-1])
    for block, (first, end) in enumerate(pairwise(edges)):

        def report(done: int, total: int, before: int = block) -> None:
            if progress is not None:
                progress(before * total + done, (len(edges) - 1) * total)

        wanted = min(end, count) - first
        if kept is not None and (known := kept.block(block, wanted, n)) is not None:
            taken += phases_of(known)
            yield known
            continue
        steps = rolling(
            policy,
            world,
            rooms[first:end],
            episodes,
            n,
            seed=seed,
            use=Use.CONTEXTS,
            first_room=first,
            stride=stride,
            progress=report,
        )
        past = yield from said(steps, lambda _: ())
        samples = []
        for row in range(wanted):
            found = phases(past.rewards[row], horizon, times, n) if world.STATES else np.zeros_like(times)
            query = moment(found, times, taken, generator(seed, Use.MOMENTS, first + row))
            samples.append(_sample(past, row, query, n, world, first + row))
        if kept is not None:
            kept.keep(block, tuple(samples))
        yield tuple(samples)


def rollouts_of(count: int) -> list[int]:
    """Where the rooms of one rollout end and those of the next begin, for `count` rooms or some more: 0, 4, 9, 18, …"""
    if count <= FIRST_ROOMS:
        return [0, FIRST_ROOMS]
    return [0, FIRST_ROOMS, *range(ROOMS, count + ROOMS, ROOMS)]


def _sample(past: Histories, row: int, query: int, n: int, world: World, index: int) -> Sample:
    """The n transitions before step `query` of one room, and the cell there."""
    time = np.arange(query - n, query + 1, dtype=np.int64)
    task = int(past.tasks[row])
    return Sample(
        label=f"{world.words(task)} rollout {index} step {query}",
        states=past.states[row, time[:-1]],
        actions=past.actions[row, time[:-1]],
        rewards=past.rewards[row, time[:-1]].astype(np.float32),
        next_states=past.next_states[row, time[:-1]],
        query_state=past.states[row, query],
        episode=time // past.horizon,
        step=time % past.horizon,
        goal=world.goal(task),
        history=index,
        task=task,
        arrows=world.arrows(task),
        stateless=not world.STATES,
    )


def phases(rewards: Ints, horizon: int, times: Ints, n: int) -> Ints:
    """(Q,) the phase, an index into PHASES, of the context of n transitions before each of the query times."""
    steps = np.flatnonzero(rewards > 0)
    first, last = np.searchsorted(steps, times - n), np.searchsorted(steps, times)
    episodes = [len(np.unique(steps[a:b] // horizon)) for a, b in zip(first, last, strict=True)]
    return np.minimum(np.array(episodes, np.int64), 2)


def moment(phases: Ints, times: Ints, taken: Ints, rng: np.random.Generator) -> int:
    """A query time of one history, at random in that phase it has which fewest samples before it have had.

    Phases are so as evenly represented as the histories allow. A phase fixed by the sample's number would leave the
    rare ones rarer: few histories have every phase.

    Args:
        phases: (Q,) of each of the `times` (Q,).
        taken: (3,) how many samples each phase has; counts this one.
    """
    present = np.unique(phases)
    phase = present[taken[present].argmin()]
    taken[phase] += 1
    return int(rng.choice(times[phases == phase]))
