"""A path → an open session: the run found, its model loaded and checked, its samples chosen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ..attention.capture import Capture, capture
from ..circuits.store import known as known_circuit
from ..compression.trials.known import known_trials
from ..files.checkpoint import Checkpoint, load_checkpoint
from ..files.compiled import cpu_features
from ..files.named_adapter import named_adapter, not_run
from ..files.runs import Run, find_run
from ..histories.goals import with_groups
from ..histories.inputs import inputs_npz
from ..histories.inputs_clock import episode_notes
from ..histories.kept import Kept
from ..histories.rolled_out import EPISODES_AFTER
from ..histories.rolled_out_in_world import WorldContexts
from ..histories.samples import SampleSet, load_samples
from ..models.flow_step import show_flow_step
from ..models.loading import load_model
from ..models.model import Model
from ..records.defaults import DEVICE, FIRST, SAMPLES, SEED, WINDOWS
from ..records.errors import ModelError
from ..records.messages import OpenRun
from ..records.run import RunInfo
from ..records.run_settings import RunSettings
from ..records.sample import Sample
from ..worlds.darkroom import HORIZON
from ..worlds.meaning import stateless, without_meaning
from ..worlds.settings import arrows, run_settings
from ..worlds.user_world import Shape, UserWorld, horizon_in
from .session import Session

LOGIT_TOLERANCE = 1e-3

ENOUGH = 2.4e12
"""Multiplications that contexts are made and tested with where nobody says how many: about a minute on one core."""
TESTED = 400
"""Passes that the knock-outs of one context take: forty claims, nine sets each, and the first layers in common."""
SHARED_FROM = 256 * 1024
"""Width × tokens from which a layer is worth more than one thread."""


def open_session(
    path: str | Path,
    *,
    device: str = DEVICE,
    samples: int | None = None,
    seed: int = SEED,
    context: int | None = None,
    heads: int | None = None,
    causal: bool | None = None,
    adapter: str | Path | None = None,
    flow_step: int | None = None,
    window: int | None = None,
    histories: str | Path | None = None,
    inputs: str | Path | None = None,
    world: str | None = None,
    first: bool = False,
    soon: bool = False,
    stored: bool = False,
    keep: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Session:
    """Open a run and choose its samples.

    Args:
        path: see `runs.find_run`.
        device, heads, causal, adapter: see `loading.load_model`.
        flow_step: see `flow_step.show_flow_step`.
        samples: how many; None for `usual_count`, or WINDOWS of the users' own.
        seed, context, window, histories: see `samples.load_samples`.
        inputs: an npz file with `in_*` arrays to use as samples instead.
        world: MODULE:FACTORY of the user's, to let the model live in instead of reading histories; its code is run.
        first: where no number is asked for, return with the FIRST of them: `Session.grow` makes the others.
        soon: with `first`, return with those of the first rollout, where there are rollouts.
        stored: say what is stored of the run: its circuit, and compression trials.
        keep: take rolled-out contexts from the user's cache, and keep new ones there.
        progress: called with (done, total) episodes where the model has to be rolled out.

    Raises:
        RunError, CheckpointError, ConfigError, HistoryError, ModelError, AdapterError: with what to do.
    """
    run = find_run(path)
    checkpoint = load_checkpoint(run.latest)
    model = load_model(checkpoint, device=device, heads=heads, causal=causal, adapter=adapter)
    model = show_flow_step(model, flow_step)
    settle_threads(model)
    settings = run_settings(
        checkpoint.config, run.config_path, name=checkpoint.path, sizes=model.sizes, customs=model.customs
    )
    n_context = model.context_length(context)
    usual = samples is None and window is None
    count = usual_count(model, n_context, settings.horizon or 0) if samples is None else samples
    count = WINDOWS if samples is None and window is not None else count
    if inputs is not None:
        head = model.head
        vectors = (model.vector_size, head.size) if head.continuous else None
        given = inputs_npz(
            inputs,
            horizon=settings.horizon or HORIZON,
            arrows=arrows(settings),
            vectors=vectors,
            stateless=stateless(settings),
        )
        name = Path(inputs).name
        notes = (*settings.overruled.values(), *episode_notes(name, given, settings.horizon or HORIZON))
        found = SampleSet(given, f"the inputs of {name}", notes)
    else:
        settings = with_groups(settings, run.directory, histories)
        told = {"n": n_context, "seed": seed, "options": [device, heads, causal, flow_step]}
        kept = _kept(checkpoint, model, settings, told) if keep and adapter is None and world is None else None
        found = load_samples(
            settings,
            run.directory,
            n_context,
            count,
            seed,
            window=window,
            policy=model.policy,
            progress=progress,
            histories=histories,
            stride=model.stride,
            first=FIRST if first and usual else None,
            soon=soon and first and usual,
            asked=not usual,
            world=None if world is None else _world(world, model, settings),
            kept=kept,
        )
    found = replace(found, notes=(*found.notes, *without_meaning(settings)))
    chosen = found.samples
    shown = capture(model, chosen[0])
    gap = logit_gap(model, chosen[0], shown, checkpoint)
    info = RunInfo(
        name=run.name,
        path=str(checkpoint.path),
        step=checkpoint.step,
        family=model.description,
        device=str(model.device),
        n_layer=model.n_layer,
        n_head=model.n_head,
        d_model=model.d_model,
        n_actions=model.n_actions,
        n_context_max=model.n_context_max,
        parameters=model.parameters,
        samples=chosen,
        source=found.source,
        logit_gap=gap,
        settings=settings,
        notes=(*model.notes, *found.notes, *_other_code(run, adapter)),
        layouts=tuple(model.layout(sample) for sample in chosen),
        compressor=model.compressor(chosen),
        seed=found.seed,
        flow_steps=model.network.flow_steps,
        flow_step=flow_step or 0,
        head=model.head,
    )
    if stored:
        info = replace(
            info,
            circuit=known_circuit(run.name, model),
            trials=known_trials(checkpoint.path.parent, model),
        )
    captures = OrderedDict({0: shown})
    begun = min(FIRST, len(chosen) + found.waiting) if first and usual else len(chosen)
    return Session(info, model, seed, found.waiting, begun, found.more, file=checkpoint.file, _captures=captures)


def open_asked(request: OpenRun, progress: Callable[[int, int], None], keep: bool = False) -> Session:
    """Open what the app asks for, with its first samples and what is stored of the run; errors of `open_session`."""
    return open_session(
        request.path,
        device=request.device,
        samples=request.samples,
        seed=request.seed,
        context=request.context,
        heads=request.heads,
        causal=request.causal,
        window=request.window,
        histories=request.histories,
        adapter=request.adapter,
        flow_step=request.flow_step,
        world=request.world,
        first=True,
        soon=True,
        stored=True,
        keep=keep,
        progress=progress,
    )


def _world(named: str, model: Model, settings: RunSettings) -> WorldContexts:
    """The user's world, once it is known to fit the model."""
    world = UserWorld(named)
    shape = Shape.of_model(model.vector_size, model.head)
    return WorldContexts(world, shape, horizon_in(world, shape, settings))


def _kept(checkpoint: Checkpoint, model: Model, settings: RunSettings, told: Mapping[str, object]) -> Kept | None:
    """Where this model's contexts are kept; None where its file's digest is not known.

    Actions are drawn from rounded logits, so that what rounds them is named as well.
    """
    digest = None if checkpoint.file is None else checkpoint.file.digest()
    if digest is None:
        return None
    rounding = [torch.__version__, np.__version__, torch.get_num_threads(), cpu_features()]
    if model.device.type == "cuda":
        rounding.append(torch.cuda.get_device_name(model.device))
    mark = {"checkpoint": digest, "step": checkpoint.step, "model": model.description, "stride": model.stride}
    return Kept.under({**told, **mark, "settings": repr(settings), "rounding": rounding})


def _other_code(run: Run, adapter: str | Path | None) -> tuple[str, ...]:
    """A note where the run names an adapter that nobody allowed: the model on display is a family's."""
    named = named_adapter(run.directory) if adapter is None else None
    return () if named is None else (not_run(run.directory, named),)


def usual_count(model: Model, n_context: int, horizon: int) -> int:
    """How many contexts to take where nobody says: SAMPLES, or as many as ENOUGH work allows, at least FIRST.

    By the model's and the contexts' sizes alone: the app and the commands, on whatever machine, take the same ones.
    """
    tokens = n_context + 1
    layer = tokens * (12 * model.d_model**2 + 2 * tokens * model.d_model)
    passes = n_context + EPISODES_AFTER * horizon + TESTED
    return max(FIRST, min(SAMPLES, int(ENOUGH / (passes * model.n_layer * layer))))


def settle_threads(model: Model) -> None:
    """One thread for a model whose matrices are too small to share.

    Threads that wait for each other cost more than they bring there: on two busy cores the bundled run opened in 1.1 s
    with one thread and in 29.6 s with two.
    """
    if model.device.type == "cpu" and model.d_model * model.n_context_usual < SHARED_FROM:
        torch.set_num_threads(1)


def logit_gap(model: Model, sample: Sample, captured: Capture, checkpoint: Checkpoint) -> float:
    """Largest difference between the logits of a captured and of a plain pass over the same sample.

    Raises:
        ModelError: they disagree by more than LOGIT_TOLERANCE, relative to the logits' size: the attention on display
            would not be the model's own.
    """
    plain = model.logits([sample])[0]
    difference = float(np.abs(captured.attention.logits - plain).max())
    if not difference <= LOGIT_TOLERANCE * max(1.0, float(np.abs(plain).max())):
        raise ModelError(
            checkpoint.path,
            expected="equal logits with and without capture",
            found=f"a difference of {difference:.3g}",
            action="report this model's shape; its attention cannot be trusted",
        )
    return difference
