"""How well a policy learns in context: return per episode on training and held-out goals, with controls.

Numpy only; intervals resample independent histories (rooms), never episodes of one history.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..records.arrays import Doubles
from ..records.defaults import CONTROL_SHARE, EPISODES, SEED, STREAMS
from ..records.interval import Interval
from ..records.trial import LAST
from ..statistics.intervals import estimate
from .draws import Use
from .rollouts import Policy, random_policy, rollout
from .world import IntArray, Split, World

#: Rooms in which random actions are measured.
RANDOM_ROOMS = 500
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
    """

    episodes: tuple[Interval, ...]
    last: Interval
    share_of_optimal: Interval
    random: float
    optimal: float
    by_goal: dict[int, float]
    histories: int


@dataclass(frozen=True)
class Evaluation:
    """Curves by condition: `held_out`, `train`, and the controls on held-out goals `context_wiped` (emptied at every
    reset) and `reward_zeroed` (the policy sees no reward); `compressed` on the same goals and seeds as `held_out`,
    where it was asked for; `train` is None where nobody says what was trained on."""

    held_out: ReturnCurve
    train: ReturnCurve | None
    context_wiped: ReturnCurve
    reward_zeroed: ReturnCurve
    compressed: ReturnCurve | None = None

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
        returns = returns_by_room(maker, plan, goals, name, progress, wipe=wipe, zero=zero)
        return make_curve(goals, returns, random_return(np.unique(goals), plan), plan)

    return Evaluation(
        held_out=curve("held-out goals", held_out),
        train=curve("training goals", train),
        context_wiped=curve("context wiped", control, wipe=True),
        reward_zeroed=curve("reward zeroed", control, zero=True),
        compressed=None if compressed is None else curve("compressed", held_out, maker=compressed),
    )


def random_return(goals: IntArray, plan: EvaluationPlan) -> float:
    """Measured mean return of uniformly random actions, over many rooms: it costs next to nothing."""
    return float(_chance(plan.world, goals, plan.seed).mean())


def random_by_goal(world: World, goals: IntArray, seed: int) -> Doubles:
    """(G,) the same on each of the goals (G,)."""
    by_goal: Doubles = _chance(world, goals, seed).reshape(len(goals), -1).mean(axis=1)
    return by_goal


def _chance(world: World, goals: IntArray, seed: int) -> IntArray:
    """Returns of random actions, in equally many rooms for each of the goals, goal after goal."""
    rooms = np.repeat(goals, 1 + RANDOM_ROOMS // len(goals))
    return rollout(random_policy, world, rooms, 20, 0, seed=seed, use=Use.CHANCE).returns()


def make_curve(goals: IntArray, returns: IntArray, random: float, plan: EvaluationPlan) -> ReturnCurve:
    """Returns (B, episodes) of rooms with `goals` (B,) as a curve with intervals."""
    last = returns[:, -LAST:].mean(axis=1)
    best = plan.world.optimal_returns(goals)
    values = np.column_stack([returns, last, last / np.maximum(best, 1)]).astype(np.float64)
    intervals = estimate(values, np.arange(len(goals))).intervals
    return ReturnCurve(
        episodes=tuple(intervals[:-2]),
        last=intervals[-2],
        share_of_optimal=intervals[-1],
        random=random,
        optimal=float(best.mean()),
        by_goal={int(goal): float(last[goals == goal].mean()) for goal in np.unique(goals)},
        histories=len(goals),
    )


def returns_by_room(
    maker: PolicyMaker,
    plan: EvaluationPlan,
    goals: IntArray,
    name: str,
    progress: EvaluationProgress | None,
    *,
    use: Use = Use.ROOMS,
    wipe: bool = False,
    zero: bool = False,
) -> IntArray:
    """(B, episodes) returns in rooms with `goals` (B,), rolled out in groups of rooms, several groups at a time.

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

    def run(index: int) -> IntArray:
        return rollout(
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
        ).returns()

    with ThreadPoolExecutor(plan.workers) as pool:
        try:
            return np.concatenate(list(pool.map(run, range(len(groups)))))
        finally:
            stopped.set()
