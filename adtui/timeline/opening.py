"""A path → all that is the same for every checkpoint of a run: its settings, contexts, rooms and cache."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..files.checkpoint import Checkpoint, load_checkpoint
from ..files.runs import Run, find_run
from ..histories.goals import with_groups
from ..histories.rolled_out import EPISODES_AFTER
from ..histories.samples import SampleSet, load_samples
from ..models.loading import load_model
from ..models.model import Model
from ..records.arrays import Floats, Ints
from ..records.defaults import TIMELINE_HISTORIES, TIMELINE_LAST
from ..records.errors import CheckpointError, ConfigError
from ..records.provenance import Provenance, Source, mark
from ..records.run_settings import RunSettings
from ..records.sample import Sample
from ..records.steps import at_one_go
from ..records.timeline import ENTROPY
from ..worlds.returns import EvaluationPlan, random_return
from ..worlds.settings import arena_of, can_roll_out, run_settings
from .measuring import KINDS, rooms
from .options import Options
from .store import Store

KEPT_UNTIL = 2
"""Contexts are kept until the run has this many times the step of the checkpoint that they are from."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A run made ready; made by `prepare`.

    Attributes:
        run: with the checkpoints there were then.
        model: of the checkpoint whose contexts these are.
        found: the contexts that every checkpoint is measured on.
        plan: the rooms that returns are measured in, None where no world is known.
        random, optimal: return of random actions there, and the best possible; None likewise.
    """

    run: Run
    model: Model
    settings: RunSettings
    options: Options
    found: SampleSet
    plan: EvaluationPlan | None
    store: Store
    about: Mapping[str, Any]
    random: float | None = None
    optimal: float | None = None

    def load(self, path: Path) -> Model:
        """The model of one of the run's checkpoints.

        Raises:
            CheckpointError, ModelError, ConfigError: it cannot be opened as the others.
        """
        return _load(load_checkpoint(path), self.options)


def _drawn(about: Mapping[str, Any]) -> str:
    """The contexts that every checkpoint is measured on, in words with their mark."""
    by = "" if about["reference"] is None else f", by {about['reference']}"
    return f"{about['contexts']} contexts: {about['source']}{by}, seed {about['seed']}, mark {about['mark']}"


def _newest(run: Run, options: Options) -> tuple[Checkpoint, Model]:
    """The newest checkpoint that can be opened: training may be writing the newest one right now.

    Raises:
        CheckpointError, ModelError, ConfigError: as the newest does, where none can be opened.
    """
    fault: CheckpointError | None = None
    for _, path in reversed(run.checkpoints):
        try:
            checkpoint = load_checkpoint(path)
            return checkpoint, _load(checkpoint, options)
        except CheckpointError as error:
            fault = fault or error
    assert fault is not None
    raise fault


def _load(checkpoint: Checkpoint, options: Options) -> Model:
    return load_model(
        checkpoint, device=options.device, heads=options.heads, causal=options.causal, adapter=options.adapter
    )


def prepare(path: str | Path, options: Options, progress: Callable[[int, int], None] | None = None) -> Opened:
    """`preparing` at one go."""
    return at_one_go(preparing(path, options, progress))


def preparing(
    path: str | Path, options: Options, progress: Callable[[int, int], None] | None = None
) -> Generator[None, None, Opened]:
    """Open a run and choose its contexts; yields after every step of a rollout.

    Args:
        progress: called with (done, total) episodes where these have to be rolled out.

    Raises:
        RunError, CheckpointError, ConfigError, HistoryError, ModelError, AdapterError: with what to do.
    """
    run = find_run(path)
    newest, model = _newest(run, options)
    settings = run_settings(newest.config, run.config_path, name=newest.path, sizes=model.sizes, customs=model.customs)
    settings = with_groups(settings, run.directory, options.histories)
    n_context = model.context_length(options.context)
    plan, why = _plan(settings, options, model, n_context)
    asked = _asked(options, n_context)
    shape, kinds = (model.n_layer, model.n_head), frozenset((ENTROPY, *(kind.name for kind in KINDS)))
    store = Store.for_run(run.directory, asked, shape, kinds)
    if options.adapter is not None:  # its code may read whatever it likes: no digest covers that
        store.directory, store.lost = None, "with an adapter nothing is kept, as its code may change"
    reference = _reference(run, options, store, newest.path)
    if reference != newest.path:
        model = _load(load_checkpoint(reference), options)
    acted = False

    def policy(states: Ints, actions: Ints, rewards: Floats, next_states: Ints, query_states: Ints) -> Floats:
        nonlocal acted
        acted = True
        return model.policy(states, actions, rewards, next_states, query_states)

    found = load_samples(
        settings, run.directory, n_context, options.contexts, options.seed, policy=policy, progress=progress,
        histories=options.histories, stride=model.stride, first=0,
    )  # fmt: skip
    samples: tuple[Sample, ...] = ()
    for some in found.more:
        samples += some
        yield
    found = replace(found, samples=samples, waiting=0, more=iter(()))
    store.contexts = mark(found.samples)
    store.refer(reference.name)
    about: dict[str, Any] = {
        "run": run.name,
        "family": model.description,
        "n_layer": model.n_layer,
        "n_head": model.n_head,
        "contexts": len(found.samples),
        "source": found.source,
        "reference": reference.name if acted else None,
        "mark": store.contexts,
        "seed": options.seed,
        "n_context": n_context,
        "device": str(model.device),
        "version": __version__,
        "returns": None if plan is None else _told(plan, settings),
        "notes": [*model.notes, *found.notes, *why],
        "settings": settings.to_json(),
    }
    digest = None if newest.file is None else newest.file.digest()
    source = Source(run.name, newest.path.name, digest, newest.step, model.description, settings.to_json())
    about["provenance"] = Provenance("timeline", (source,), _drawn(about), {"device": about["device"]}).to_json()
    yield
    random = optimal = None
    if plan is not None:
        goals = np.unique(rooms(plan))
        random, optimal = random_return(goals, plan), float(plan.world.optimal_returns(goals).mean())
    return Opened(run, model, settings, options, found, plan, store, about, random, optimal)


def _asked(options: Options, n_context: int) -> dict[str, Any]:
    """Whatever a measurement depends on, beside the file and the contexts."""
    return {
        "version": __version__,
        "context": n_context,
        "contexts": options.contexts,
        "heads": options.heads,
        "causal": options.causal,
        "seed": options.seed,
        "reference": options.reference,
        "histories": options.histories and str(Path(options.histories).resolve()),
    }


def _reference(run: Run, options: Options, store: Store, newest: Path) -> Path:
    """The checkpoint whose rollouts the contexts are: the one asked for, else that of last time while the run has not
    KEPT_UNTIL times its step, else the newest."""
    by_step = dict(run.checkpoints)
    if options.reference is not None:
        if options.reference not in by_step:
            raise ConfigError(
                "--reference",
                expected="the step of one of the run's checkpoints",
                found=str(options.reference),
                action=f"choose one from {min(by_step)} to {max(by_step)}",
            )
        return by_step[options.reference]
    name = None if options.fresh else store.reference()
    for step, path in run.checkpoints:
        if path.name == name and KEPT_UNTIL * step > run.step:
            return path
    return newest


def _plan(
    settings: RunSettings, options: Options, model: Model, n_context: int
) -> tuple[EvaluationPlan | None, tuple[str, ...]]:
    """Rooms in which the context fills, and some episodes more; None where nobody asks or no world is known, with a
    note that says why."""
    if not options.returns:
        return None, ()
    if not can_roll_out(settings):
        return None, (f"no return: this run is of {settings.env}, which cannot be rolled out here",)
    try:
        arena = arena_of(settings)
    except ConfigError as error:
        return None, (f"no return: {error}",)
    plan = EvaluationPlan(
        world=arena.world,
        split=arena.split,
        n_context=n_context,
        episodes=n_context // arena.world.horizon + 1 + EPISODES_AFTER,
        streams=1,
        seed=options.seed,
        stride=model.stride,
    )
    return plan, ()


def _told(plan: EvaluationPlan, settings: RunSettings) -> dict[str, Any]:
    return {
        "goals": settings.held_out,
        "histories": TIMELINE_HISTORIES,
        "episodes": plan.episodes,
        "last": min(TIMELINE_LAST, plan.episodes),
    }
