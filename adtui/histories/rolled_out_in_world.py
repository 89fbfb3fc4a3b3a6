"""Samples from the model's own histories in a world of the user's: `rolled_out`, where nobody knows the dynamics."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..records.errors import HistoryError
from ..records.sample import Sample
from ..records.steps import said
from ..worlds.agents import ProgressCallback
from ..worlds.draws import Use, generator, order
from ..worlds.user_rooms import Acting, Lives, Outputs, Rooms, living
from ..worlds.user_world import Shape, UserWorld
from .rolled_out import EPISODES_AFTER, MAX_ROLLOUT, ROOMS


@dataclass(frozen=True)
class WorldContexts:
    """Where contexts are made: a world, the model's shape, and the steps of an episode."""

    world: UserWorld
    shape: Shape
    horizon: int

    @property
    def source(self) -> str:
        """In words."""
        return f"the model's own rollouts in {self.world.name}, {self.world.words}"

    def made(
        self,
        policy: Outputs,
        n: int,
        count: int,
        seed: int,
        stride: int = 1,
        progress: ProgressCallback | None = None,
    ) -> Iterator[tuple[Sample, ...]]:
        """Contexts of `n` transitions; yields after every step, and the samples of ROOMS rooms when these are through.

        Queries lie anywhere after the first full context, by chance: rewards need not tell phases here.

        Raises:
            HistoryError: rollouts would be too long.
            ConfigError: the user's code fails.
        """
        episodes = n // self.horizon + 1 + EPISODES_AFTER
        total = episodes * self.horizon
        if total > MAX_ROLLOUT:
            action = "give --histories PATH, or a shorter --context"
            found = f"{episodes} episodes of {self.horizon}"
            raise HistoryError(
                "--world", expected=f"rollouts of at most {MAX_ROLLOUT} steps", found=found, action=action
            )
        blocks = np.resize(order(seed, np.array(self.world.measured, np.int64)), (-(-count // ROOMS), ROOMS))
        for block, tasks in enumerate(blocks):
            first = block * ROOMS
            acting = Acting(policy, self.shape.head, n, seed, first, stride=stride)
            steps = living(acting, Rooms(self.world, self.shape, tasks, self.horizon, seed, first), episodes)
            done = itertools.count(block * total + 1)

            def tell(_: None, done: Iterator[int] = done) -> tuple[Sample, ...]:
                if progress is not None:
                    progress(next(done), len(blocks) * total)
                return ()

            past = yield from said(steps, tell)
            yield tuple(
                self._sample(past, row, n, first + row, seed, stride) for row in range(min(ROOMS, count - first))
            )

    def _sample(self, past: Lives, row: int, n: int, index: int, seed: int, stride: int) -> Sample:
        steps = past.rewards.shape[1]
        if steps <= n:
            found = f"{steps}: its episodes end early"
            raise HistoryError(
                "--world", expected=f"more than {n} steps", found=found, action="take a shorter --context"
            )
        query = n + stride * int(generator(seed, Use.MOMENTS, index).integers(0, -(-(steps - n) // stride)))
        seen, tokens = slice(query - n, query), slice(query - n, query + 1)
        task = int(past.tasks[row])
        return Sample(
            label=f"task {task} rollout {index} step {query}",
            states=past.states[row, seen],
            actions=past.actions[row, seen],
            rewards=past.rewards[row, seen],
            next_states=past.next_states[row, seen],
            query_state=past.states[row, query],
            episode=past.episode[row, tokens],
            step=past.step[row, tokens],
            history=index,
            task=task,
            arrows="",
        )
