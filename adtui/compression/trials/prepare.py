"""What a sweep needs to know of a run before it starts: the file, the rooms, the length of its contexts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...files.origin import source_of
from ...files.runs import find_run
from ...models.mark import weights_mark
from ...models.model import Model
from ...records.defaults import DEVICE, EPISODES, LEVEL, MEMORY, POSITIONS, SEED, TRIAL_STREAMS
from ...records.levels import Level
from ...records.provenance import Provenance
from ...records.run_settings import RunSettings
from ...worlds.named import arena_named
from ...worlds.settings import arena_of, run_settings
from ..caching import check_cache, check_level, in_cache
from ..choice import Choice
from ..shortened import check_needs, check_positions
from ..strategies.base import Memory, Positions
from .cell import opened
from .plan import ModelSource, Plan
from .retrieval import TASKS, check_training

_OPTIONS = ("n_context", "streams", "episodes", "seed", "positions", "memory", "level")
"""Fields of a plan."""

_GRADED = "pulls pay sums of all sizes: strategies that look at rewards take pulls that paid more than 0 for rewarded"


@dataclass(frozen=True)
class Prepared:
    """A run made ready.

    Attributes:
        name: of the run.
        training: tasks that the model was trained on, in the order of the split.
        about: checkpoint, step, a mark of the weights, family, device, the run's settings, what is assumed of it and
            its provenance, for the report.
    """

    name: str
    opening: ModelSource
    plan: Plan
    training: tuple[int, ...]
    about: dict[str, Any]


def prepare(
    path: str | Path,
    *,
    device: str = DEVICE,
    heads: int | None = None,
    causal: bool | None = None,
    adapter: str | None = None,
    context: int | None = None,
    streams: int = TRIAL_STREAMS,
    episodes: int = EPISODES,
    seed: int = SEED,
    positions: Positions = POSITIONS,
    memory: Memory = MEMORY,
    level: Level = LEVEL,
    world: str | None = None,
    choices: Sequence[Choice] = (),
    known: Callable[[RunSettings, Path], RunSettings] = lambda settings, _: settings,
) -> Prepared:
    """What to open and how to run it; the model is opened here once, so that a mistake shows before anything runs.

    Args:
        path: see `runs.find_run`.
        device, heads, causal, adapter: see `loading.load_model`.
        context: transitions of a full context, None for as many as the model usually sees.
        streams, episodes, seed, positions, memory: see `plan.Plan`.
        world: MODULE:FACTORY of environments to act in instead of the run's own.
        choices: what is to be tried: a model that cannot give what one of them needs is refused now.
        known: adds to the settings what more is known of the run in a directory, such as the goals of its groups.

    Raises:
        ConfigError, CheckpointError, ModelError, RunError: with what to do.
    """
    found = find_run(path)
    opening = ModelSource(str(found.latest), device, heads, causal, adapter)
    model, checkpoint = opened(opening)
    check_positions(model, positions)
    for choice in choices:
        check_choice(model, choice, level)
    settings = run_settings(
        checkpoint.config, found.config_path, name=checkpoint.path, sizes=model.sizes, customs=model.customs
    )
    settings = known(settings, found.directory)
    arena = arena_of(settings) if world is None else arena_named(world, model, settings)
    training = arena.split.train[-TASKS:] if level == "cache" else ()
    for choice in choices:
        check_training(choice, training)
    plan = Plan(
        world=arena.world,
        goals=arena.split.test,
        n_context=model.context_length(context),
        streams=streams,
        episodes=episodes,
        seed=seed,
        positions=positions,
        memory=memory,
        level=level,
        stride=model.stride,
        training=training,
    )
    about = {
        "checkpoint": f"{found.name}/{found.latest.name}",
        "step": checkpoint.step,
        "weights": weights_mark(model),
        "family": model.description,
        "device": str(model.device),
        "held_out": arena.called(settings),
        "notes": [*arena.doubts(settings), *([] if arena.world.marked else [_GRADED])],
        "settings": settings.to_json(),
        "provenance": Provenance(
            "compress",
            (source_of(found, checkpoint, model.description, settings),),
            options=_asked(opening, plan) | ({} if world is None else {"world": world}),
        ).to_json(),
    }
    return Prepared(found.name, opening, plan, arena.split.train, about)


def check_choice(model: Model, choice: Choice, level: Level) -> None:
    """Raise ModelError or ConfigError where a model cannot give what a choice needs, or be shortened so."""
    check_needs(model, choice)
    check_level(choice, level)
    if in_cache(choice, level):
        check_cache(model, choice)


def _asked(opening: ModelSource, plan: Plan) -> dict[str, Any]:
    """What numbers depend on beside the file, whose path says nothing."""
    opened_by = {name: value for name, value in asdict(opening).items() if name != "checkpoint"}
    return opened_by | {name: getattr(plan, name) for name in _OPTIONS}
