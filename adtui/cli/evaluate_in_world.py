"""`adtui evaluate --world`: the same curves in environments of the user's."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..records.defaults import CONTROL_SHARE, GOALS
from ..records.errors import ConfigError

if TYPE_CHECKING:
    from ..models.model import Model
    from ..records.run_settings import RunSettings
    from ..worlds.returns import Evaluation
    from ..worlds.user_world import UserWorld

TITLES = {
    "train": "training tasks",
    "context_wiped": "control: context wiped every episode",
    "reward_zeroed": "control: rewards hidden",
}


def measure_in_world(
    model: Model, settings: RunSettings, args: argparse.Namespace
) -> tuple[Evaluation, dict[str, str], tuple[str, ...]]:
    """The curves, what each is called, and what should be said of them.

    Raises:
        ConfigError: the world does not fit the model, its code fails, or --compress is asked for besides.
    """
    from ..worlds.user_returns import UserPlan, evaluate_in
    from ..worlds.user_world import Shape, UserWorld, horizon_in
    from .progress import bars

    if args.compress is not None:
        raise ConfigError(
            "--compress", expected="nothing of it beside --world", found=args.compress, action="leave one of them out"
        )
    world = UserWorld(args.world)
    shape = Shape.of_model(model.vector_size, model.head)
    plan = UserPlan(
        world=world,
        shape=shape,
        horizon=horizon_in(world, shape, settings),
        n_context=model.context_length(args.context),
        episodes=args.episodes,
        streams=args.streams,
        control_streams=args.control_streams or max(1, args.streams // CONTROL_SHARE),
        seed=args.seed,
        greedy=args.greedy,
        stride=model.stride,
    )
    titles = {"held_out": world.words, **TITLES}
    with bars(titles) as show:
        result = evaluate_in(model.policy, plan, show)
    return result, titles, _notes(world, plan.horizon)


def _notes(world: UserWorld, horizon: int) -> tuple[str, ...]:
    lines = [f"in {world.name}, episodes of at most {horizon} steps; the best return there is not known"]
    if len(world.measured) > GOALS:
        lines.append(f"measured on {GOALS} of its {len(world.measured)} {world.words}, the first")
    if not world.test:
        lines.append("nobody says that the model was not trained on these tasks")
    return tuple(lines)
