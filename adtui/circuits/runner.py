"""A run → its circuit: contexts, a set of heads for every size, the size that is chosen, and its one test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..compression.strategies.base import Contexts
from ..compression.trials.plan import check_episodes
from ..files.checkpoint import Checkpoint, load_checkpoint
from ..files.origin import source_of
from ..files.runs import Run, find_run
from ..histories.goals import with_groups
from ..histories.samples import load_samples
from ..models.loading import load_model
from ..models.mark import weights_mark
from ..models.model import Model
from ..records.arrays import Ints
from ..records.circuit import CircuitReport, PathSet, Share
from ..records.defaults import CIRCUIT_CHOICE, CIRCUIT_EXAMPLES
from ..records.errors import ConfigError, HistoryError, ModelError
from ..records.provenance import Provenance
from ..records.run_settings import RunSettings
from ..worlds.draws import Use, order
from ..worlds.named import arena_named
from ..worlds.returns import EvaluationPlan
from ..worlds.settings import Arena, arena_of, can_roll_out, run_settings
from .contexts import Lives, episodes, lives, of_samples
from .means import Means, head_means
from .options import Options
from .proxy import Proxy
from .search import FEW, eliminate, exhaustive, heads, optima
from .trial import Rooms, smallest
from .wording import sentence_of

#: Called with (what is done, parts done, in all).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Opened:
    """A run made ready; made by `prepare`.

    Attributes:
        arena: where the model acts; None where it cannot be rolled out.
    """

    run: Run
    checkpoint: Checkpoint
    model: Model
    settings: RunSettings
    options: Options
    n_context: int
    arena: Arena | None

    @property
    def total(self) -> int:
        """Heads of the decoder."""
        return self.model.n_layer * self.model.n_head


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
    settings = run_settings(
        checkpoint.config, run.config_path, name=checkpoint.path, sizes=model.sizes, customs=model.customs
    )
    if model.network.integrates:
        raise ModelError(
            run.latest,
            expected="a policy that one pass gives",
            found=f"one of the {model.family} family, integrated over several",
            action="a circuit is not defined for it: see its knock-outs in the app",
        )
    if model.head.continuous:
        raise ModelError(
            run.latest,
            expected="a policy over single actions",
            found=model.head.words,
            action="a circuit is not defined for it: see its knock-outs in the app",
        )
    settings = with_groups(settings, run.directory, options.histories)
    n_context = model.context_length(options.context)
    opened = Opened(run, checkpoint, model, settings, options, n_context, _arena(model, settings, options))
    if options.exhaustive and opened.total > FEW:
        raise ConfigError(
            "--exhaustive", expected=f"a model of at most {FEW} heads", found=str(opened.total), action="leave it out"
        )
    if opened.arena is not None:
        _check_rooms(opened, opened.arena)
    return opened


def run(opened: Opened, progress: Progress | None = None) -> CircuitReport:
    """Search, choose, test; equal runs and options give equal reports.

    Raises:
        HistoryError: the run cannot be rolled out, and has no histories.
    """
    progress = progress or _silent
    if opened.arena is None:
        reference, compared, about = _stored(opened)
        proxy = Proxy(opened.model, compared, head_means(opened.model, reference))
        path = _search(opened, proxy, progress)
        why = f"this run is of {opened.settings.env}, which cannot be rolled out here"
        return CircuitReport(about, path, None, None, sentence_of(path, None, None, (), why, opened.settings.held_out))
    return _measured(opened, opened.arena, progress)


def _silent(what: str, done: int, total: int) -> None:
    """Nobody wants to know."""


def _measured(opened: Opened, arena: Arena, progress: Progress) -> CircuitReport:
    """Of a run that can be rolled out."""
    model, options, plan = opened.model, opened.options, _plan(opened)
    shares = _dealt(plan, options.seed)
    reference, compared = _lives(model, plan, shares[:2], options.contexts, progress)
    means = Means(model, lambda n: reference.contexts(n, CIRCUIT_EXAMPLES))
    proxy = Proxy(model, compared.contexts(plan.n_context), means.of(plan.n_context))
    path = list(_search(opened, proxy, progress))
    kept = {len(one.heads): _mask(one, model) for one in path}

    choice = np.repeat(shares[2], max(1, options.streams // CIRCUIT_CHOICE))
    rooms = Rooms(model, means, plan, choice, Use.CIRCUIT_CHOICE, "choosing", progress)

    def passes(size: int) -> bool:
        found = rooms.share(kept[size], options.share)
        path[opened.total - size] = replace(path[opened.total - size], share=found)
        return found.passed

    size = smallest(opened.total, passes)
    test: Share | None = None
    if size is not None:
        held_out = np.repeat(np.array(plan.split.test, np.int64), options.streams)
        rooms = Rooms(model, means, plan, held_out, Use.CIRCUIT_TEST, "testing", progress)
        test = rooms.share(kept[size], options.share)
    about = _about(opened) | {
        "n_context": plan.n_context,
        "episodes": plan.episodes,
        "reference": {"rooms": options.contexts, "contexts_each": CIRCUIT_EXAMPLES, "goals": shares[0].tolist()},
        "compared": {"contexts": options.contexts, "goals": shares[1].tolist()},
        "choice": {"histories": len(choice), "goals": shares[2].tolist()},
        "test": {"streams": options.streams, "goals": list(plan.split.test)},
    }
    looked = tuple(one.share for one in path if one.share is not None)
    sentence = sentence_of(tuple(path), size, test, looked, "", arena.called(opened.settings))
    return CircuitReport(about, tuple(path), size, test, sentence)


def _search(opened: Opened, proxy: Proxy, progress: Progress) -> tuple[PathSet, ...]:
    """A set for every size, with the best there is where every set is tried."""
    found = eliminate(proxy, lambda done, total: progress("eliminating", done, total))
    sets = [PathSet(heads(one.kept), one.kl) for one in found]
    if opened.options.exhaustive:
        divergence = exhaustive(proxy, lambda done, total: progress("every set", done, total))
        best = optima(divergence, found)
        sets = [replace(one, optimum=optimum) for one, optimum in zip(sets, best, strict=True)]
    return tuple(sets)


def _mask(one: PathSet, model: Model) -> Any:
    kept = np.zeros((model.n_layer, model.n_head), np.bool_)
    for layer, head in one.heads:
        kept[layer, head] = True
    return kept


# -- contexts ----------------------------------------------------------------------------------------------------------
def _lives(
    model: Model, plan: EvaluationPlan, goals: list[Ints], rooms: int, progress: Progress
) -> tuple[Lives, Lives]:
    """What the full model does on the goals of the reference contexts, and on those of the compared ones."""
    found: list[Lives] = []
    total = 2 * episodes(plan) * -(-rooms // 32)
    for number, some in enumerate(goals):
        for step in lives(model.policy, plan, np.resize(some, rooms), first_room=number * rooms):
            if isinstance(step, int):
                progress("contexts", number * total // 2 + step, total)
            else:
                found.append(step)
    return found[0], found[1]


def _dealt(plan: EvaluationPlan, seed: int) -> list[Ints]:
    """Training goals for the reference contexts, for the compared ones, and to choose on: none twice, if there are
    three."""
    goals = order(seed, np.array(plan.split.train, np.int64))
    return [goals[part::3] if len(goals) > part else goals for part in range(3)]


def _stored(opened: Opened) -> tuple[Contexts, Contexts, dict[str, Any]]:
    """Reference and compared contexts of a run with histories only: samples in turn, independent of each other."""
    options, model = opened.options, opened.model
    found = load_samples(
        opened.settings,
        opened.run.directory,
        opened.n_context,
        2 * options.contexts,
        options.seed,
        histories=options.histories,
        stride=model.stride,
    )
    if len(found.samples) < 2:
        raise HistoryError(found.source, expected="two histories", found="one", action="use a file with more of them")
    for sample in found.samples:
        model.logits([sample])  # says so where the model does not know its cells or actions
    whole = of_samples(found.samples)
    about = _about(opened) | {"n_context": opened.n_context, "contexts": found.source}
    about["notes"] = [*about["notes"], *found.notes]
    about["reference"] = {"contexts": len(found.samples[0::2])}
    about["compared"] = {"contexts": len(found.samples[1::2])}
    return whole.part(slice(0, None, 2)), whole.part(slice(1, None, 2)), about


# -- the plan ----------------------------------------------------------------------------------------------------------
def _arena(model: Model, settings: RunSettings, options: Options) -> Arena | None:
    """Where the model acts, None where nobody knows how its world goes on.

    Raises:
        ConfigError: a world of the user's cannot be used, or has no tasks on one side.
    """
    if options.world is None:
        return arena_of(settings) if can_roll_out(settings) else None
    arena = arena_named(options.world, model, settings)
    if not arena.split.train:
        raise ConfigError(
            f"--world {options.world}",
            expected="a factory with train_tasks and test_tasks: a size is chosen on the ones, tested on the others",
            found="one side of them",
            action="give it both",
        )
    return arena


def _check_rooms(opened: Opened, arena: Arena) -> None:
    options, settings = opened.options, opened.settings
    if options.histories is not None:
        raise ConfigError(
            "--histories",
            expected="a run that cannot be rolled out",
            found=f"a run of {settings.env}, whose contexts are its own rollouts",
            action="leave it out",
        )
    check_episodes(options.episodes, opened.n_context, arena.world.horizon)


def _plan(opened: Opened) -> EvaluationPlan:
    arena, options = opened.arena, opened.options
    assert arena is not None, "see `run`"
    return EvaluationPlan(
        world=arena.world,
        split=arena.split,
        n_context=opened.n_context,
        episodes=options.episodes,
        streams=options.streams,
        seed=options.seed,
        workers=options.workers if options.world is None else 1,  # the user's code may not bear threads
        stride=opened.model.stride,
    )


def _about(opened: Opened) -> dict[str, Any]:
    model, settings, arena = opened.model, opened.settings, opened.arena
    return {
        "checkpoint": f"{opened.run.name}/{opened.checkpoint.path.name}",
        "step": opened.checkpoint.step,
        "weights": weights_mark(model),
        "family": model.description,
        "device": str(model.device),
        "n_layer": model.n_layer,
        "n_head": model.n_head,
        "held_out": settings.held_out if arena is None else arena.called(settings),
        "seed": opened.options.seed,
        "share": opened.options.share,
        "ablation": "a head's output, before the output projection, is its mean over reference contexts of the same "
        "length, token by token",
        "notes": [*model.notes, *(settings.doubts if arena is None else arena.doubts(settings))],
        "settings": settings.to_json(),
        "provenance": Provenance(
            "circuit",
            (source_of(opened.run, opened.checkpoint, model.description, settings),),
            options={name: value for name, value in asdict(opened.options).items() if name != "workers"},
        ).to_json(),
    }
