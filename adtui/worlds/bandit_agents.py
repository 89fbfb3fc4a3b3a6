"""Agents that learn a bandit by themselves: sources of histories, and what a model's regret is held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records.arrays import Doubles
from .agents import Step
from .bandit import Bandit
from .world import FloatArray, IntArray, Rooms

#: Where the densities of an arm's mean are known: the middles of so many equal parts of [0, 1].
_GRID: Doubles = (np.arange(64) + 0.5) / 64
_AT_ONCE = 1 << 22
"""Numbers of a belief that are computed side by side: bounds memory where arms are many."""
_LEAST = 1e-300
"""Below this a probability counts as this, so that it has a logarithm."""


class _Counting:
    """What every arm has been pulled and has paid."""

    def start(self, rooms: Rooms, rng: np.random.Generator) -> None:
        """Forget everything and face B new bandits; nothing is drawn by `rng`."""
        del rng
        assert isinstance(rooms.world, Bandit)
        self.bandit, self._rows = rooms.world, np.arange(len(rooms.tasks))
        self.pulls: Doubles = np.zeros((len(rooms.tasks), rooms.world.arms))
        self.paid: Doubles = np.zeros_like(self.pulls)

    def begin_episode(self, episode: int) -> None:
        """Nothing begins anew with an episode."""

    def observe(self, step: Step) -> None:
        """Count one pull of every bandit."""
        self.pulls[self._rows, step.actions] += 1
        self.paid[self._rows, step.actions] += step.rewards


@dataclass
class Thompson(_Counting):
    """Thompson sampling (Thompson 1933): an arm is pulled with the probability that it is the best.

    Its belief is exact, up to a grid: it knows that means are uniform in [0, 1] and what noise there is. DPT's own has
    a normal prior of the same mean and variance.
    """

    def act(self, states: IntArray) -> FloatArray:
        """(B, K) the probability that each arm is the best."""
        del states
        together = max(1, _AT_ONCE // (self.pulls.shape[1] * len(_GRID)))
        parts = [slice(at, at + together) for at in range(0, len(self.pulls), together)]
        return np.concatenate([self._best(self.pulls[part], self.paid[part]) for part in parts])

    def _best(self, pulls: Doubles, paid: Doubles) -> FloatArray:
        density = np.exp(self._log_likelihood(pulls[..., None], paid[..., None]))  # (B, K, G)
        density /= density.sum(axis=2, keepdims=True)
        below = density.cumsum(axis=2) - density / 2  # the arm's mean is lower; of equal ones half
        lower = np.log(np.maximum(below, _LEAST))
        others = np.exp(lower.sum(axis=1, keepdims=True) - lower)  # all arms but this one are lower
        best = (density * others).sum(axis=2)
        return np.asarray(best / best.sum(axis=1, keepdims=True), dtype=np.float32)

    def _log_likelihood(self, pulls: Doubles, paid: Doubles) -> Doubles:
        """(B, K, G) of what each arm has paid (B, K, 1) where its mean is each of the grid, 0 at its largest."""
        if self.bandit.whole_rewards:
            found = paid * np.log(_GRID) + (pulls - paid) * np.log1p(-_GRID)
        else:
            std = max(self.bandit.reward_std, 1 / len(_GRID))  # a narrower belief would fall between the grid's points
            found = (_GRID * paid - pulls * _GRID**2 / 2) / std**2
        likelihood: Doubles = found - found.max(axis=2, keepdims=True)
        return likelihood


@dataclass
class UCB(_Counting):
    """Upper confidence bounds as DPT's code has them: the largest (mean of what was paid + width / √pulls).

    Arms that were never pulled come first; of equal ones each is as likely.
    """

    width: float = 1.0

    def act(self, states: IntArray) -> FloatArray:
        """(B, K) uniform over the arms of the largest bound."""
        del states
        pulls = np.maximum(self.pulls, 1)
        bound = np.where(self.pulls > 0, self.paid / pulls + self.width / np.sqrt(pulls), np.inf)
        best = bound == bound.max(axis=1, keepdims=True)
        return np.asarray(best / best.sum(axis=1, keepdims=True), dtype=np.float32)
