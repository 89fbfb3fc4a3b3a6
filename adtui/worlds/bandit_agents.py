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
        density = np.exp(self._log_likelihood())  # (B, K, G)
        density /= density.sum(axis=2, keepdims=True)
        below = density.cumsum(axis=2) - density / 2  # the arm's mean is lower; of equal ones half
        others = np.ones_like(below)  # the product over all arms but this one, of factors that may be 0
        for arm in range(below.shape[1]):
            others[:, :arm] *= below[:, [arm]]
            others[:, arm + 1 :] *= below[:, [arm]]
        best = (density * others).sum(axis=2)
        return np.asarray(best / best.sum(axis=1, keepdims=True), dtype=np.float32)

    def _log_likelihood(self) -> Doubles:
        """(B, K, G) of what each arm has paid where its mean is each of the grid, 0 at its largest."""
        pulls, paid = self.pulls[..., None], self.paid[..., None]
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
