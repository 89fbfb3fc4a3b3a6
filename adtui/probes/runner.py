"""A run → what linear probes tell from each layer, and along which paths rewards reach the action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..files.checkpoint import Checkpoint, load_checkpoint
from ..files.origin import source_of
from ..files.runs import Run, find_run
from ..histories.goals import with_groups
from ..models.frozen import Frozen
from ..models.loading import load_model
from ..models.model import Model
from ..models.residual import at_query
from ..records.arrays import Floats
from ..records.errors import ConfigError, ModelError
from ..records.probe import PathGraph, ProbeReport
from ..records.provenance import Provenance
from ..records.run_settings import RunSettings
from ..worlds.named import arena_named
from ..worlds.registry import WORLDS
from ..worlds.returns import ROOMS_AT_ONCE
from ..worlds.settings import Arena, can_roll_out, goals_of, run_settings, world_of
from ..worlds.world import World
from .lived import Lived, Plan, live, tasks_of
from .options import Options
from .reading import FOLDS, SHUFFLES, decided, probe
from .targets import LEAST, targets_of
from .thresholds import PROBES
from .tracing import trace

#: Called with (what is done, parts done, in all).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Opened:
    """A run made ready; made by `prepare`."""

    run: Run
    checkpoint: Checkpoint
    model: Model
    settings: RunSettings
    options: Options
    plan: Plan
    arena: Arena | None = None
    """Of a world of the user's."""


def prepare(path: str | Path, options: Options) -> Opened:
    """Open the run, so that a mistake shows before anything is computed.

    Raises:
        ConfigError, CheckpointError, ModelError, RunError: with what to do.
    """
    run = find_run(path)
    checkpoint = load_checkpoint(run.latest)
    model = load_model(
        checkpoint, device=options.device, heads=options.heads, causal=options.causal, adapter=options.adapter
    )
    if not model.network.own_layers:
        raise ModelError(
            model.description,
            expected="a model of a family that adtui knows, whose residual stream it can read",
            found="layers in code that it does not know",
            action="leave the adapter out: its attention and knock-outs are in the app",
        )
    settings = run_settings(
        checkpoint.config, run.config_path, name=checkpoint.path, sizes=model.sizes, customs=model.customs
    )
    settings = with_groups(settings, run.directory)
    n_context = model.context_length(options.context)
    arena = None if options.world is None else arena_named(options.world, model, settings)
    world = _world(settings) if arena is None else arena.world
    if options.samples < LEAST:
        raise ConfigError("--samples", expected=f"at least {LEAST}", found=str(options.samples), action="ask for more")
    if world.n_tasks < LEAST:
        raise ConfigError(
            "env",
            expected=f"a world of at least {LEAST} tasks",
            found=f"{world.n_tasks} in {world.env}",
            action="probe a run of another one: probes are scored on tasks that they were not fitted on",
        )
    tasks, rooms = tasks_of(world, options.samples, options.seed)
    plan = Plan(world, tasks, rooms, n_context, model.stride, options.seed)
    plan.check()
    if options.paths:
        Frozen(model, n_context)  # says so where the model cannot be taken apart
    return Opened(run, checkpoint, model, settings, options, plan, arena)


def _world(settings: RunSettings) -> World:
    """The world to act in.

    Raises:
        ConfigError: it cannot be rolled out here.
    """
    world = world_of(settings)
    if world is None or not can_roll_out(settings):
        raise ConfigError(
            "env",
            expected=f"a world that can be rolled out, with the actions that it has: one of {', '.join(WORLDS)}",
            found=f"{settings.env} with {settings.actions}",
            action="probe a run of one of these: probes need the model's own histories on many tasks",
        )
    return world


def probed(opened: Opened, lived: Lived, progress: Progress | None = None) -> ProbeReport:
    """Probe every layer for every target; equal runs and options give equal reports."""
    progress = progress or _silent
    targets, lacking = targets_of(lived)
    stream = residual_stream(opened.model, lived, progress)
    total, done = len(stream) * len(targets), 0

    def advance() -> None:
        nonlocal done
        done += 1
        progress("probing", done, total)

    found = [probe(target, stream, lived.task, opened.options.seed, advance) for target in targets]
    return ProbeReport(_about(opened, lived), decided(found), lacking)


def _silent(what: str, done: int, total: int) -> None:
    """Nobody wants to know."""


def traced(opened: Opened, lived: Lived, report: ProbeReport, progress: Progress | None = None) -> ProbeReport:
    """The report with the paths that rewards take.

    Raises:
        ModelError: the model cannot be taken apart.
    """
    progress = progress or _silent
    for step in trace(opened.model, lived):
        if isinstance(step, PathGraph):
            return replace(report, graph=step)
        progress("patching paths", *step)
    raise AssertionError("a trace ends with a graph")


def rolled_out(opened: Opened, progress: Progress | None = None) -> Lived:
    """What the model does on its own, on many tasks."""
    progress = progress or _silent
    for step in live(opened.model.policy, opened.plan):
        if isinstance(step, Lived):
            return step
        progress("rolling out", *step)
    raise AssertionError("a rollout ends with what was lived")


def residual_stream(model: Model, lived: Lived, progress: Progress | None = None) -> Floats:
    """(L + 1, B, d) residual stream of all contexts; see `at_query`."""
    progress = progress or _silent
    contexts, parts = lived.contexts, []
    for first in range(0, contexts.count, ROOMS_AT_ONCE):
        parts.append(at_query(model, *contexts.part(slice(first, first + ROOMS_AT_ONCE)).inputs))
        progress("reading", first // ROOMS_AT_ONCE + 1, -(-contexts.count // ROOMS_AT_ONCE))
    return np.concatenate(parts, axis=1)


def _token(model: Model, n: int) -> str:
    """What stands where the action is read."""
    layout = model.network.layout(n)
    return "the query" if layout.transition[layout.read] == n else "the newest transition, as the query comes first"


def _about(opened: Opened, lived: Lived) -> dict[str, Any]:
    model, settings, plan = opened.model, opened.settings, opened.plan
    arena = opened.arena
    held_out = set(goals_of(settings).test if arena is None else arena.split.test)
    notes = [*model.notes, *(settings.doubts if arena is None else arena.doubts(settings))]
    if model.network.integrates:
        notes.append("residual stream and logits are those of the prior pass: the policy is integrated after it")
    if model.network.compressor is not None:
        notes.append("a reward counts as in the context where its transition has become part of a latent, too")
    return {
        "checkpoint": f"{opened.run.name}/{opened.checkpoint.path.name}",
        "step": opened.checkpoint.step,
        "family": model.description,
        "device": str(model.device),
        "n_layer": model.n_layer,
        "n_head": model.n_head,
        "token": _token(model, plan.n_context),
        "n_context": plan.n_context,
        "seed": opened.options.seed,
        "tasks": plan.tasks.tolist(),
        "held_out": sorted(held_out & set(plan.tasks.tolist())),
        "held_out_words": settings.held_out if arena is None else arena.called(settings),
        "rooms": plan.rooms,
        "contexts_each": lived.shape[2],
        "folds": FOLDS,
        "shuffles": SHUFFLES,
        "thresholds": {name: asdict(one) for name, one in PROBES.items()},
        "notes": notes,
        "settings": settings.to_json(),
        "provenance": Provenance(
            "probe",
            (source_of(opened.run, opened.checkpoint, model.description, settings),),
            options=asdict(opened.options),
        ).to_json(),
    }
