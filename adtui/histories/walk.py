"""A sample's learning history as a walk that can be stepped through, edited, and gone on with by the model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..records.arrays import Doubles, Floats, Ints
from ..records.moment import NONE, Edits
from ..records.sample import Sample
from ..worlds.agents import sample_actions
from ..worlds.bandit import Bandit
from ..worlds.draws import Use, generator
from ..worlds.rollouts import first_seen
from ..worlds.world import Chance, World


@dataclass(frozen=True)
class Walk:
    """A sample's transitions, then those that the model has added.

    Attributes:
        whole: a sample that holds all of them, and the state at their end.
        recorded: how many are the sample's own.
        window: n, how many transitions a context has at most.
        stride: contexts begin at multiples of it.
        world: None where it is not known.
    """

    whole: Sample
    recorded: int
    window: int
    stride: int
    world: World | None

    @classmethod
    def of(cls, sample: Sample, world: World | None, stride: int = 1) -> Walk:
        """A sample as it is."""
        return cls(sample, sample.n_context, sample.n_context, stride, world)

    @property
    def length(self) -> int:
        """The last moment."""
        return self.whole.n_context

    def seen(self, moment: int, edits: Edits = NONE) -> tuple[Sample, Ints]:
        """What the model sees at a moment, and the walk's number of each transition in it."""
        kept = np.array([i for i in self._window(moment) if i not in edits.hidden], dtype=np.int64)
        turned = np.isin(kept, list(edits.turned))
        known, rewards = self.whole.until(moment), self.whole.rewards[kept]
        paid, other = self.whole.marks or (1.0, 0.0)
        was_paid = rewards != 0 if self.whole.marks is None else rewards == np.float32(paid)
        tokens = np.append(kept, moment)
        context = replace(
            known,
            states=known.states[kept],
            actions=known.actions[kept],
            rewards=np.where(turned, np.where(was_paid, other, paid), rewards).astype(np.float32),
            next_states=known.next_states[kept],
            episode=known.episode[tokens],
            step=known.step[tokens],
        )
        return context, kept

    def touched(self, moment: int, edits: Edits) -> bool:
        """Whether any edited transition is in the context at all."""
        window = self._window(moment)
        return any(index in window for index in edits.hidden | edits.turned)

    def still(self, moment: int) -> str:
        """Why the model cannot act at a moment; "" where it can."""
        if self.world is None:
            return "the dynamics of this run's world are not known here"
        if self.whole.task is None:
            return "which task this history is of is not known"
        if self.whole.task >= self.world.n_tasks:
            return f"the world has no task {self.whole.task}"
        if self.whole.marks is not None:
            return "this history pays {:.4g} and {:.4g} where the world pays 1 and 0".format(*self.whole.marks)
        if self.world.does(self.whole.task) is not None and self.whole.arrows != self.world.arrows(self.whole.task):
            return "the actions of this history do otherwise than the world's"
        if isinstance(self.world, Bandit) and (
            wrong := self.world.contradiction(self.whole.task, self.whole.actions, self.whole.rewards)
        ):
            return f"this history is not of the bandit that its number says: {wrong}"
        episode = self._episode(moment)
        begun = int(self.whole.step[episode[0]]) if len(episode) else int(self.whole.step[moment])
        if self.world.STAGES > 1 and begun > 0:
            return "the episode began before this context: what it had paid by then is not known"
        if int(self.whole.step[moment]) >= self.world.horizon:
            return "the episode is longer than the world's horizon"
        return ""

    def acted(self, moment: int, chances: Doubles, seed: int) -> Walk:
        """One step further: an action drawn from (A,) `chances` at `moment`; what came after that moment is forgotten.

        The draw is of a stream of its own for each seed, history and moment. At an episode's end the next one begins.
        Only where `still` says nothing.
        """
        assert self.world is not None, "see `still`"
        assert self.whole.task is not None, "see `still`"
        rng = generator(seed, Use.WALK, self.whole.history, moment)
        uniform = rng.random(1, dtype=np.float32)
        chance = Chance(int(rng.integers(1 << 31)), Use.WALK)
        past, rooms = self.whole.until(moment), self.world.rooms(np.array([self.whole.task], np.int64), chance)
        episode = self._episode(moment)
        rooms.states = past.query_state[None].astype(np.int64)
        rooms.elapsed = int(past.step[-1])
        rooms.stage[:] = min(int((past.rewards[episode] > 0).sum()), self.world.STAGES - 1)
        action = sample_actions(chances[None].astype(np.float32), uniform)
        reached, reward, ended = rooms.step(action)
        reached = reached.copy()
        state = rooms.reset()[0] if ended else reached[0]
        clock = (int(past.episode[-1]) + 1, 0) if ended else (int(past.episode[-1]), int(past.step[-1]) + 1)
        whole = replace(
            past,
            states=np.concatenate([past.states, past.query_state[None]]),
            actions=np.concatenate([past.actions, action]).astype(np.int64),
            rewards=np.concatenate([past.rewards, reward]).astype(np.float32),
            next_states=np.concatenate([past.next_states, reached]).astype(np.int64),
            query_state=state.astype(np.int64),
            episode=np.append(past.episode, clock[0]).astype(np.int64),
            step=np.append(past.step, clock[1]).astype(np.int64),
            target_action=None,
        )
        return replace(self, whole=whole, recorded=min(self.recorded, moment))

    def returns(self, moment: int) -> tuple[Floats, int, bool]:
        """(episodes,) returns up to a moment, the number of the first of these, and whether that is there whole."""
        episode = self.whole.episode[: moment + 1]
        first = int(episode[0])
        totals = np.zeros(int(episode[-1]) - first + 1, np.float32)
        np.add.at(totals, episode[:-1] - first, self.whole.rewards[:moment])
        return totals, first, int(self.whole.step[0]) == 0

    def _window(self, moment: int) -> range:
        """The transitions of the context, edits aside."""
        return range(max(0, first_seen(moment, self.window, self.stride)), moment)

    def _episode(self, moment: int) -> Ints:
        """The transitions before a moment that are of its episode."""
        return np.flatnonzero(self.whole.episode[:moment] == self.whole.episode[moment])
