"""One context as the model sees it, and the phase of learning that it is in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .arrays import Bools, Floats, Ints, Values

#: What actions 0 to 4 do: x+1, x−1, y+1, y−1, stay. A grid is drawn with x down and y to the right, as a matrix.
ARROWS = "↓↑→←•"
DOES = {"↓": "x+1", "↑": "x−1", "→": "y+1", "←": "y−1", "•": "stay"}
"""The same in words."""
EXPLORE, FIRST_REWARD, EXPLOIT = "explore", "first reward", "exploit"

PHASES = (EXPLORE, FIRST_REWARD, EXPLOIT)

DENSE = 0.25
"""Share of the steps that pay from which reward marks no step, in worlds of vectors: insights take as many."""

WHILE = {
    EXPLORE: "While exploring (no reward in context)",
    FIRST_REWARD: "Around the first reward (one rewarded episode in context)",
    EXPLOIT: "While exploiting (two rewarded episodes or more in context)",
}


def phase_of(sample: Sample) -> str:
    """By the rewarded episodes in the context: none is exploring, one the first reward, more is exploiting.

    Only what the model can see counts: where the rewarded episodes have left the context, it explores again. Where
    states are vectors and so many steps pay that a reward says nothing of success, there are no phases: "". Nor are
    there any in a world without states, where a reward is no find but a matter of chance.
    """
    if sample.stateless or (sample.continuous and sample.rewarded.mean() >= DENSE):
        return ""
    episodes = len(np.unique(sample.episode[: sample.n_context][sample.rewarded]))
    return PHASES[min(episodes, 2)]


@dataclass(frozen=True)
class Sample:
    """One context as the model sees it: n transitions of one learning history, then the query state.

    Attributes:
        label: where it comes from, for people ("goal (2,4) stream 0 step 120").
        states: (n, 2) int64, grid cells; or (n, S) float32, vectors.
        actions: (n,) int64; or (n, D) float32, vectors.
        rewards: (n,) float32.
        next_states: (n, 2) int64 or (n, S) float32, as given to the model.
        query_state: (2,) int64, or (S,) float32.
        episode: (N,) int64, the episode of each token within the history; its last entry is the query's.
        step: (N,) int64, the time step within that episode; its last entry is the query's.
        goal: the goal cell, or None when unknown.
        target_action: the action that the source took at the query, or None when unknown.
        history: index of the learning history; samples with equal `history` are not independent.
        task: the number of the history's task (its goal), or None when unknown.
        arrows: what each action does, drawn, a sign each; actions without one are told by their numbers.
        older: transitions before these that the model knows by latents alone.
        marks: what a rewarded transition pays, and any other; None where those that pay more than 0 are rewarded.
        stateless: whether its world has no states to tell apart, as bandits have none: what is said of equal states
            does not apply then.
    """

    label: str
    states: Values
    actions: Values
    rewards: Floats
    next_states: Values
    query_state: Values
    episode: Ints
    step: Ints
    goal: tuple[int, int] | None = None
    target_action: int | tuple[float, ...] | None = None
    history: int = 0
    task: int | None = None
    arrows: str = ARROWS
    older: int = 0
    stateless: bool = False
    marks: tuple[float, float] | None = None

    @property
    def cluster(self) -> int:
        """What a sample has in common with those that it resembles: the task, else the history."""
        return self.history if self.task is None else self.task

    @property
    def continuous(self) -> bool:
        """Whether states and actions are vectors."""
        return self.actions.ndim == 2

    @property
    def graded(self) -> bool:
        """Whether, in a world without states, steps pay other sums than 0 and 1, as Gaussian bandits do.

        Every pull pays something there, and the sign of it says nothing.
        """
        return self.stateless and bool(((self.rewards != 0) & (self.rewards != 1)).any())

    @property
    def rewarded(self) -> Bools:
        """(n,) the transitions that a reward marks, see `marks`; none where rewards are `graded`."""
        if self.marks is not None:
            return np.asarray(self.rewards == np.float32(self.marks[0]))
        return np.zeros(self.n_context, np.bool_) if self.graded else np.asarray(self.rewards > 0)

    def action(self, index: int) -> int | tuple[float, ...]:
        """The action of a transition: its number, or the numbers that it is."""
        return tuple(self.actions[index].tolist()) if self.continuous else int(self.actions[index])

    @property
    def n_context(self) -> int:
        """Number of context transitions, n."""
        return int(self.actions.shape[0])

    @property
    def n_tokens(self) -> int:
        """Number of tokens, n + 1."""
        return self.n_context + 1

    @property
    def episode_starts(self) -> Ints:
        """Token indices at which a new episode begins, the first token included."""
        changed = np.flatnonzero(np.diff(self.episode)) + 1
        return np.concatenate([np.zeros(1, np.int64), changed]).astype(np.int64)

    def until(self, index: int) -> Sample:
        """What was known at the state of transition `index`: the transitions before it, and that state as the query.

        The sample itself where `index` is n, its query.
        """
        if index == self.n_context:
            return self
        return replace(
            self,
            states=self.states[:index],
            actions=self.actions[:index],
            rewards=self.rewards[:index],
            next_states=self.next_states[:index],
            query_state=self.states[index],
            episode=self.episode[: index + 1],
            step=self.step[: index + 1],
            target_action=self.action(index),
        )

    def last(self, n: int) -> Sample:
        """The same sample with only the last n transitions of its context."""
        if n == self.n_context:
            return self
        first = self.n_context - n
        return replace(
            self,
            states=self.states[first:],
            actions=self.actions[first:],
            rewards=self.rewards[first:],
            next_states=self.next_states[first:],
            episode=self.episode[first:],
            step=self.step[first:],
        )
