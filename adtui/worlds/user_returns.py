"""How well a model learns in context in a world of the user's: the curves of `returns`, without a best return.

Nobody knows the best return there, so no share of it is told. Random actions are measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records.arrays import Doubles, Ints
from ..records.defaults import GOALS
from ..records.interval import Interval
from ..records.trial import LAST
from ..statistics.intervals import estimate
from .returns import Evaluation, EvaluationProgress, ReturnCurve
from .user_rooms import Acting, Outputs, Rooms, lived, living, uniformly
from .user_world import Shape, UserWorld

UNKNOWN = float("nan")
_NONE = Interval(UNKNOWN, UNKNOWN, UNKNOWN)


@dataclass(frozen=True)
class UserPlan:
    """What to measure; see `returns.EvaluationPlan`.

    Attributes:
        horizon: steps of an episode, at most.
        streams, control_streams: histories per task.
    """

    world: UserWorld
    shape: Shape
    horizon: int
    n_context: int
    episodes: int
    streams: int
    control_streams: int
    seed: int
    greedy: bool = False
    stride: int = 1

    def tasks(self, streams: int, chosen: tuple[int, ...]) -> Ints:
        """(B,) a task for each room, the first GOALS of those chosen."""
        return np.repeat(np.array(chosen[:GOALS], np.int64), streams)


def evaluate_in(policy: Outputs, plan: UserPlan, progress: EvaluationProgress | None = None) -> Evaluation:
    """Let the model act in every condition of `Evaluation`; training tasks where there are test tasks as well."""
    world = plan.world

    def curve(
        name: str, streams: int, chosen: tuple[int, ...], *, wipe: bool = False, zero: bool = False
    ) -> ReturnCurve:
        tasks = plan.tasks(streams, chosen)
        acting = Acting(
            policy,
            plan.shape.head,
            plan.n_context,
            plan.seed,
            stride=plan.stride,
            wipe=wipe,
            zero=zero,
            greedy=plan.greedy,
        )
        rooms = Rooms(world, plan.shape, tasks, plan.horizon, plan.seed)
        done, total = 0, plan.episodes * plan.horizon

        def report() -> None:
            nonlocal done
            done += 1
            if progress is not None:
                progress(name, done, total)

        returns = lived(living(acting, rooms, plan.episodes), report).returns
        return user_curve(tasks, returns, float(random_returns(plan, chosen).mean()))

    shown = world.measured
    return Evaluation(
        held_out=curve("held_out", plan.streams, shown),
        train=curve("train", plan.streams, world.train) if world.test and world.train else None,
        context_wiped=curve("context_wiped", plan.control_streams, shown, wipe=True),
        reward_zeroed=curve("reward_zeroed", plan.control_streams, shown, zero=True),
    )


def random_returns(plan: UserPlan, chosen: tuple[int, ...]) -> Doubles:
    """(B,) the return of one episode of uniformly random actions in each room."""
    tasks = plan.tasks(plan.streams, chosen)
    rooms = Rooms(plan.world, plan.shape, tasks, plan.horizon, plan.seed)
    found: Doubles = lived(living(uniformly(plan.seed), rooms, 1)).returns[:, 0]
    return found


def user_curve(tasks: Ints, returns: Doubles, random: float) -> ReturnCurve:
    """Returns (B, episodes) of rooms with `tasks` (B,) as a curve with intervals."""
    last = returns[:, -LAST:].mean(axis=1)
    each = estimate(np.column_stack([returns, last]), np.arange(len(tasks))).intervals
    return ReturnCurve(
        episodes=tuple(each[:-1]),
        last=each[-1],
        share_of_optimal=_NONE,
        random=random,
        optimal=UNKNOWN,
        by_goal={int(task): float(last[tasks == task].mean()) for task in np.unique(tasks)},
        histories=len(tasks),
        regret=_NONE,
    )
