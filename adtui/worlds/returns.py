"""How well a policy learns in context: return per episode on training and held-out goals, with controls.

Numpy only; intervals resample independent histories (rooms), never episodes of one history.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..records.arrays import Doubles
from ..records.defaults import CONTROL_SHARE, EPISODES, SEED, STREAMS
from ..records.interval import Interval
from ..records.trial import LAST
from ..statistics.intervals import estimate
from .agents import Source, run_source
from .bandit import Bandit
from .bandit_agents import UCB, Thompson
from .draws import Use, generator
from .rollouts import Policy, random_policy, rollout
from .world import Chance, IntArray, Rewards, Split, World

#: Rooms in which random actions are measured.
RANDOM_ROOMS = 500
#: Pulls of a bandit.
PULLS = 20 * EPISODES
#: Rooms per forward pass: bounds memory, and lets the groups run side by side.
ROOMS_AT_ONCE = 32
#: Called with (what is being measured, episodes done, in all).
EvaluationProgress = Callable[[str, int, int], None]
#: Number of a group of rooms → the policy that acts in it.
PolicyMaker = Callable[[int], Policy]


@dataclass(frozen=True)
class EvaluationPlan:
    """What to measure.

    Attributes:
        n_context: longest context in transitions.
        streams: histories per held-out goal; as many in all are spread over the training goals.
        control_streams: histories per held-out goal in each control.
        stride: see `rollouts.rollout`.
        workers: threads that roll out groups of rooms side by side; the numbers do not depend on it.
    """

    world: World
    split: Split
    n_context: int
    episodes: int = EPISODES
    streams: int = STREAMS
    control_streams: int = STREAMS // CONTROL_SHARE
    seed: int = SEED
    greedy: bool = False
    workers: int = 1
    stride: int = 1


@dataclass(frozen=True)
class ReturnCurve:
    """In-context return of one condition.

    Attributes:
        episodes: one interval for each episode, the first one at index 0.
        last: the mean over the last (up to ten) episodes.
        share_of_optimal: the mean over histories of (return over the last episodes / the best possible on its goal).
        random, optimal: mean return of uniformly random actions (measured) and the best possible, on these goals; NaN
            where that is not known, as is the share of it.
        by_goal: goal index → mean return over the last episodes.
        histories: number of independent histories.
        regret: what all episodes of a history lost against the best, summed: `World.regrets`; NaN where the best is not
            known.
    """

    episodes: tuple[Interval, ...]
    last: Interval
    share_of_optimal: Interval
    random: float
    optimal: float
    by_goal: dict[int, float]
    histories: int
    regret: Interval


class Lives(NamedTuple):
    """What rooms returned, and what they lost against the best: both (B, episodes)."""

    returns: Rewards
    regrets: Doubles


@dataclass(frozen=True)
class Evaluation:
    """Curves by condition: `held_out`, `train`, and the controls on held-out goals `context_wiped` (emptied at every
    reset) and `reward_zeroed` (the policy sees no reward); `compressed` on the same goals and seeds as `held_out`,
    where it was asked for; `train` is None where nobody says what was trained on. Beside a model of bandits `thompson`
    and `ucb` are agents that learn in the rooms of `held_out`, paid by the same chance."""

    held_out: ReturnCurve
    train: ReturnCurve | None
    context_wiped: ReturnCurve
    reward_zeroed: ReturnCurve
    compressed: ReturnCurve | None = None
    thompson: ReturnCurve | None = None
    ucb: ReturnCurve | None = None

    def curves(self) -> dict[str, ReturnCurve]:
        """The conditions in the order in which they are shown."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: curve for name, curve in found.items() if curve is not None}

    def to_json(self) -> dict[str, Any]:
        """Each curve's fields as plain values."""
        return {name: asdict(curve) for name, curve in self.curves().items()}


def evaluate(
    policy: Policy,
    plan: EvaluationPlan,
    progress: EvaluationProgress | None = None,
    compressed: PolicyMaker | None = None,
) -> Evaluation:
    """Roll `policy` out in every condition of `Evaluation`. Equal plans and policies give equal numbers.

    Args:
        compressed: gives a policy that acts on compressed contexts, a new one for each group of rooms, by its number.
    """
    held_out = np.repeat(np.array(plan.split.test, dtype=np.int64), plan.streams)
    train = np.resize(np.array(plan.split.train, dtype=np.int64), len(held_out))  # the split has shuffled them
    control = np.repeat(np.array(plan.split.test, dtype=np.int64), plan.control_streams)

    def same(_: int) -> Policy:
        return policy

    def curve(
        name: str, goals: IntArray, *, wipe: bool = False, zero: bool = False, maker: PolicyMaker = same
    ) -> ReturnCurve:
        lives = lives_by_room(maker, plan, goals, name, progress, wipe=wipe, zero=zero)
        return make_curve(goals, lives, random_return(np.unique(goals), plan), plan)

    def agent(source: Source) -> ReturnCurve | None:
        return make_curve(held_out, learning(source, plan, held_out), random_return(np.unique(held_out), plan), plan)

    return Evaluation(
        held_out=curve("held-out goals", held_out),
        train=curve("training goals", train),
        context_wiped=curve("context wiped", control, wipe=True),
        reward_zeroed=curve("reward zeroed", control, zero=True),
        compressed=None if compressed is None else curve("compressed", held_out, maker=compressed),
        thompson=agent(Thompson()) if isinstance(plan.world, Bandit) else None,
        ucb=agent(UCB()) if isinstance(plan.world, Bandit) else None,
    )


def usual_episodes(world: World) -> int:
    """Episodes of a history where nobody says: of a bandit, whose episodes are of any length, as many as make the pulls
    that Dark Room's have steps; one at least."""
    return EPISODES if world.STATES else max(1, PULLS // world.horizon)


def learning(source: Source, plan: EvaluationPlan, goals: IntArray) -> Lives:
    """What an agent that learns by itself does in rooms with `goals` (B,), paid by the chance that pays a model."""
    rng = generator(plan.seed, Use.AGENTS)
    past = run_source(source, plan.world, goals, plan.episodes, rng, chance=Chance(plan.seed, Use.ROOMS))
    returns = past.returns()
    return Lives(returns, plan.world.regrets(goals, past.actions, returns))


def random_return(goals: IntArray, plan: EvaluationPlan) -> float:
    """Mean return of uniformly random actions; measured over many rooms where it is not known: it costs next to
    nothing."""
    return float(random_by_goal(plan.world, goals, plan.seed).mean())


def random_by_goal(world: World, goals: IntArray, seed: int) -> Doubles:
    """(G,) the same on each of the goals (G,)."""
    if (known := world.random_returns(goals)) is not None:
        return known
    by_goal: Doubles = _chance(world, tuple(goals.tolist()), seed).reshape(len(goals), -1).mean(axis=1)
    return by_goal


@lru_cache(maxsize=32)
def _chance(world: World, goals: tuple[int, ...], seed: int) -> IntArray:
    """Returns of random actions, in equally many rooms for each of the goals, goal after goal; read only."""
    rooms = np.repeat(np.array(goals, dtype=np.int64), 1 + RANDOM_ROOMS // len(goals))
    returns = rollout(random_policy, world, rooms, 20, 0, seed=seed, use=Use.CHANCE).returns()
    returns.flags.writeable = False
    return returns


def make_curve(goals: IntArray, lives: Lives, random: float, plan: EvaluationPlan) -> ReturnCurve:
    """What rooms with `goals` (B,) returned as a curve with intervals."""
    returns, lost = lives.returns, lives.regrets.sum(axis=1)
    last = returns[:, -LAST:].mean(axis=1)
    best = plan.world.optimal_returns(goals)
    share = last / np.where(best > 0, best, 1)
    values = np.column_stack([returns, last, share, lost]).astype(np.float64)
    intervals = estimate(values, np.arange(len(goals))).intervals
    return ReturnCurve(
        episodes=tuple(intervals[:-3]),
        last=intervals[-3],
        share_of_optimal=intervals[-2],
        regret=intervals[-1],
        random=random,
        optimal=float(best.mean()),
        by_goal={int(goal): float(last[goals == goal].mean()) for goal in np.unique(goals)},
        histories=len(goals),
    )


def lives_by_room(
    maker: PolicyMaker,
    plan: EvaluationPlan,
    goals: IntArray,
    name: str,
    progress: EvaluationProgress | None,
    *,
    use: Use = Use.ROOMS,
    wipe: bool = False,
    zero: bool = False,
) -> Lives:
    """What is returned in rooms with `goals` (B,), rolled out in groups of rooms, several groups at a time.

    Args:
        maker: number of a group → the policy that acts in it.
        name: what `progress` is told.
        use: of the action draws.
        wipe, zero: controls; see `rollouts.rolling`.
    """
    groups = [goals[first : first + ROOMS_AT_ONCE] for first in range(0, len(goals), ROOMS_AT_ONCE)]
    ended = itertools.count(1)
    stopped = threading.Event()

    def report(done: int, total: int) -> None:
        del done
        if stopped.is_set():
            raise InterruptedError  # the caller has left; do not keep it waiting
        if progress is not None:
            progress(name, next(ended), len(groups) * total)

    def run(index: int) -> Lives:
        past = rollout(
            maker(index),
            plan.world,
            groups[index],
            plan.episodes,
            plan.n_context,
            seed=plan.seed,
            use=use,
            first_room=index * ROOMS_AT_ONCE,
            greedy=plan.greedy,
            wipe_each_episode=wipe,
            zero_rewards=zero,
            stride=plan.stride,
            progress=report,
        )
        returns = past.returns()
        return Lives(returns, plan.world.regrets(groups[index], past.actions, returns))

    with ThreadPoolExecutor(plan.workers) as pool:
        try:
            lives = list(pool.map(run, range(len(groups))))
        finally:
            stopped.set()
    return Lives(*(np.concatenate(each) for each in zip(*lives, strict=True)))
