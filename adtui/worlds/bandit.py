"""Bandits: K arms, no state, and a reward of the arm that is pulled.

The first task of DPT (Lee et al. 2023, arXiv 2306.14892, section 4). A task is the arms' mean rewards, each uniform in
[0, 1]; a pull pays its arm's mean and Gaussian noise (`bandit`), or 1 with the mean as its probability, else 0
(Bernoulli; DPT's name for it is `bandit_thompson`, ours `bandit_bernoulli`). The one state is written as the cell
(0, 0). An episode is `horizon` pulls: nothing begins anew with it, it is only what returns are counted over.

DPT draws its means afresh for every data set; here task i is always the same bandit, one of N_TASKS.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from ..records.arrays import Doubles
from .draws import Use, generator
from .world import NUM_ACTIONS, Cell, Chance, FloatArray, IntArray, Rewards, Rooms, World

GAUSSIAN = "bandit"
BERNOULLI = ("bandit_bernoulli", "bandit_thompson")
#: Standard deviation of Gaussian rewards in DPT's published run, where its code calls it `var`.
REWARD_STD = 0.3
N_TASKS = 1000
BEYOND = 20.0
"""Nats: a bandit that its number says pays so in less than one of 10⁸ cases."""
_NO_NOISE = 1e-4
"""Rewards are stored in single precision: so much of a deviation even where there is none."""
_BLOCK = 64
_NO_WALK = "a bandit pays by arms"


class BanditRooms(Rooms):
    """Bandits pulled side by side, each with a stream of chance of its own."""

    def __init__(self, world: World, tasks: IntArray, chance: Chance) -> None:
        assert isinstance(world, Bandit)
        self.bandit, self._pulls = world, 0
        super().__init__(world, tasks, chance)
        self._means = world.means[self.tasks]
        self._rngs = [
            generator(chance.seed, Use.PAID, chance.first + room, chance.use) for room in range(len(self.tasks))
        ]

    def step(self, actions: IntArray) -> tuple[IntArray, Rewards, bool]:
        """The state that there is, what the arms (B,) pay, and whether the episode ended."""
        means = np.take_along_axis(self._means, np.asarray(actions)[:, None], axis=1)[:, 0]
        self.elapsed += 1
        return self.states, self.bandit.paid(means, self._drawn()), self.elapsed >= self.world.horizon

    def _drawn(self) -> Doubles:
        """(B,) the next number of every room's stream: of [0, 1), or of the standard normal distribution."""
        at = self._pulls % _BLOCK
        if at == 0:
            whole = self.bandit.whole_rewards
            drawn = [rng.random(_BLOCK) if whole else rng.standard_normal(_BLOCK) for rng in self._rngs]
            self._block: Doubles = np.stack(drawn)
        self._pulls += 1
        return self._block[:, at]

    def target(self) -> IntArray:
        return self.states

    def _rewards(self) -> IntArray:
        raise AssertionError(_NO_WALK)

    def optimal(self) -> FloatArray:
        best = self._means == self._means.max(axis=1, keepdims=True)
        return np.asarray(best / best.sum(axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True)
class Bandit(World):
    """Bandits of as many arms.

    Attributes:
        arms: K.
        reward_std: standard deviation of Gaussian rewards; means nothing where they are 0 and 1.
    """

    NAMES: ClassVar[tuple[str, ...]] = (GAUSSIAN, *BERNOULLI)
    HORIZON: ClassVar[int] = 500
    STATES: ClassVar[bool] = False
    PLAIN_MOVES: ClassVar[bool] = False
    ONE_PLACE: ClassVar[bool] = True
    ROOMS: ClassVar[type[Rooms]] = BanditRooms

    env: str = GAUSSIAN
    size: int = 1
    horizon: int = HORIZON
    arms: int = NUM_ACTIONS
    reward_std: float = REWARD_STD

    @classmethod
    def of(cls, env: str, size: int, horizon: int | None, seed: int, num_actions: int, reward_std: float) -> World:
        del size
        return cls(env, 1, cls.HORIZON if horizon is None else horizon, seed, num_actions, reward_std)

    @property
    def num_actions(self) -> int:
        return self.arms

    @property
    def whole_rewards(self) -> bool:
        return self.env in BERNOULLI

    @property
    def marked(self) -> bool:
        return self.whole_rewards

    @property
    def where(self) -> str:
        return f"{self.arms} arms"

    @property
    def n_tasks(self) -> int:
        return N_TASKS

    @property
    def start(self) -> Cell:
        return 0, 0

    @property
    def means(self) -> Doubles:
        """(N_TASKS, K) mean reward of every arm of every task."""
        return _means(self.arms)

    def paid(self, means: Doubles, drawn: Doubles) -> Rewards:
        """(B,) what arms of these means pay by the numbers drawn, see `BanditRooms`."""
        if self.whole_rewards:
            return (drawn < means).astype(np.int64)
        return (means + self.reward_std * drawn).astype(np.float32)

    def move(self, tasks: IntArray, states: IntArray, actions: IntArray) -> IntArray:
        del tasks, actions
        return states

    def does(self, task: int | None) -> None:
        del task

    def optimal_return(self, task: int) -> float:
        """Of the best arm, pulled always; the expectation."""
        return float(self.horizon * self.means[task].max())

    def random_returns(self, tasks: IntArray) -> Doubles:
        expected: Doubles = self.horizon * self.means[tasks].mean(axis=1)
        return expected

    def regrets(self, tasks: IntArray, actions: IntArray, returns: Rewards) -> Doubles:
        """(B, E) Σ over an episode's pulls of (mean of the best arm − mean of the arm pulled), as DPT measures it.

        Without the noise of what was paid, so it is never below 0.
        """
        del returns
        means = self.means[tasks]
        lost = means.max(axis=1, keepdims=True) - np.take_along_axis(means, actions, axis=1)
        by_episode: Doubles = lost.reshape(len(tasks), -1, self.horizon).sum(axis=-1)
        return by_episode

    def contradiction(self, task: int, actions: IntArray, rewards: Rewards) -> str:
        """An arm that did not pay as that of a task, in words; "" where there is none.

        By Chernoff's bound: n pulls pay a mean as far beside the arm's in at most 2 exp(−n · KL) of all cases, where KL
        is that of an arm of the one mean from one of the other.
        """
        for arm, mean in enumerate(self.means[task].tolist()):
            paid = np.asarray(rewards, np.float64)[actions == arm]
            if len(paid) and len(paid) * self._divergence(float(paid.mean()), mean) > BEYOND:
                return f"{paid.mean():.3f} by arm {arm} in {len(paid)} pulls, whose mean is {mean:.3f} there"
        return ""

    def _divergence(self, paid: float, mean: float) -> float:
        """KL of an arm of mean `paid` from one of mean `mean`, nats."""
        if not self.whole_rewards:
            return (paid - mean) ** 2 / (2 * max(self.reward_std, _NO_NOISE) ** 2)
        parts = ((paid, mean), (1 - paid, 1 - mean))
        return sum(one * float(np.log(one / other)) for one, other in parts if one > 0)

    def words(self, task: int) -> str:
        best = int(self.means[task].argmax())
        return f"bandit {task} (best arm {best}, mean {self.means[task][best]:.2f})"


@lru_cache(maxsize=8)
def _means(arms: int) -> Doubles:
    """Uniform in [0, 1], from one stream."""
    return generator(0, Use.ARMS, arms).random((N_TASKS, arms))
