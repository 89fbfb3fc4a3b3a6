"""Runs side by side: each learns in context on its held-out tasks, with the same draws, and its claims are stated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..files.checkpoint import load_checkpoint
from ..files.origin import source_of
from ..files.runs import Run
from ..histories.goals import with_groups
from ..models.loading import load_model
from ..models.model import Model
from ..records.arrays import Doubles, Ints
from ..records.comparison import Claim, Claims, Comparison, Learned, Row, shown
from ..records.defaults import DEVICE, EPISODES, SEED, STREAMS
from ..records.errors import AdtuiError
from ..records.interval import Interval
from ..records.provenance import Provenance, Source
from ..records.run_settings import RunSettings
from ..records.trial import LAST
from ..statistics.intervals import estimate
from ..worlds.returns import EvaluationPlan, lives_by_room, random_return
from ..worlds.settings import arena_of, run_settings
from ..worlds.world import World
from .compared_runs import Candidate, reason
from .opening import open_session

#: Called with (what is done, parts done, in all).
Progress = Callable[[str, int, int], None]
FACTS = ("family", "parameters", "context")
"""What a model itself says, among the settings."""
OBSERVED, CONFIRMED = "observed", "confirmed"


@dataclass(frozen=True)
class Asked:
    """What is measured of every run.

    Attributes:
        device, heads, adapter: see `loading.load_model`.
        context, streams, episodes, seed: see `returns.EvaluationPlan`.
        samples: contexts that claims rest on, None for as many as `adtui analyze` takes.
        claims: whether they are stated at all.
        knock_outs: whether they are tested.
        workers: threads that roll out side by side; the numbers do not depend on it.
    """

    device: str = DEVICE
    heads: int | None = None
    adapter: str | None = None
    context: int | None = None
    streams: int = STREAMS
    episodes: int = EPISODES
    seed: int = SEED
    samples: int | None = None
    claims: bool = True
    knock_outs: bool = False
    workers: int = 1


@dataclass(frozen=True, eq=False)
class Rolled:
    """Rooms that a run was rolled out in.

    Attributes:
        goals, returns: (B,) tasks and (B, E) returns.
    """

    world: World
    goals: Ints
    returns: Ints


@dataclass(frozen=True, eq=False)
class Measured:
    """A row, and what differences are taken of; None where it could not be rolled out."""

    row: Row
    rolled: Rolled | None = None


def measure(candidate: Candidate, number: int, asked: Asked, show: Progress) -> Measured:
    """Everything of one run; what cannot be had is told in its row."""
    row = Row(number, candidate.label, str(candidate.path), config=candidate.config)
    if candidate.why or candidate.run is None:
        return Measured(replace(row, why=(candidate.why,)))
    try:
        model, settings, source = open_model(candidate.run, asked)
        facts = dict(
            zip(FACTS, (model.description, model.parameters, model.context_length(asked.context)), strict=True)
        )
    except AdtuiError as error:
        return Measured(replace(row, why=(reason(error),)))
    row = replace(row, source=source, config={**candidate.config, **facts})
    found = Measured(row)
    try:
        found = _rolled_out(row, model, settings, asked, show)
    except AdtuiError as error:
        found = replace(found, row=replace(row, why=(f"no return: {reason(error)}",)))
    if not asked.claims:
        return found
    try:
        return replace(found, row=replace(found.row, claims=_claims(candidate, asked, show)))
    except AdtuiError as error:
        return replace(found, row=replace(found.row, why=(*found.row.why, f"no claims: {reason(error)}")))


def open_model(run: Run, asked: Asked) -> tuple[Model, RunSettings, Source]:
    """A run's model, its settings, and what a result says of its checkpoint.

    Raises:
        AdtuiError: with what to do.
    """
    checkpoint = load_checkpoint(run.latest)
    model = load_model(checkpoint, device=asked.device, heads=asked.heads, adapter=asked.adapter)
    if model.device.type == "cpu":
        torch.set_num_threads(1)  # the rollouts' own threads are the parallelism
    settings = run_settings(
        checkpoint.config, run.config_path, name=checkpoint.path, sizes=model.sizes, customs=model.customs
    )
    settings = with_groups(settings, run.directory)
    return model, settings, source_of(run, checkpoint, model.description, settings)


def _rolled_out(row: Row, model: Model, settings: RunSettings, asked: Asked, show: Progress) -> Measured:
    arena = arena_of(settings)
    plan = EvaluationPlan(
        world=arena.world,
        split=arena.split,
        n_context=model.context_length(asked.context),
        episodes=asked.episodes,
        streams=asked.streams,
        seed=asked.seed,
        workers=asked.workers if model.device.type == "cpu" else 1,
        stride=model.stride,
    )
    goals = np.repeat(np.array(plan.split.test, dtype=np.int64), plan.streams)
    returns = lives_by_room(
        lambda _: model.policy, plan, goals, "rolling out", lambda what, done, total: show(what, done, total)
    ).returns
    learned = _learned(goals, returns, plan)
    return Measured(replace(row, learned=learned, notes=arena.doubts(settings)), Rolled(arena.world, goals, returns))


def _learned(goals: Ints, returns: Ints, plan: EvaluationPlan) -> Learned:
    world = plan.world
    parts = _parts(returns)
    *episodes, first, last, gain = intervals(
        np.column_stack([returns, parts, parts[:, 1] - parts[:, 0]]).astype(np.float64), goals
    )
    tasks = np.unique(goals)
    return Learned(
        world=f"{world.env} {world.where}, {world.horizon} steps",
        tasks=tuple(tasks.tolist()),
        histories=plan.streams,
        context=plan.n_context,
        episodes=tuple(episodes),
        first=first,
        last=last,
        gain=gain,
        random=random_return(tasks, plan),
        optimal=float(world.optimal_returns(goals).mean()),
    )


def _parts(returns: Ints) -> Doubles:
    """(B, 2) return of the first episode, and mean of the last."""
    return np.column_stack([returns[:, 0], returns[:, -LAST:].mean(axis=1)]).astype(np.float64)


def intervals(values: Doubles, goals: Ints) -> list[Interval]:
    """Means of columns (B, K) over tasks, with intervals; rooms of one task are averaged first."""
    return estimate(values, goals).intervals


def _claims(candidate: Candidate, asked: Asked, show: Progress) -> Claims:
    session = open_session(
        candidate.path,
        device=asked.device,
        heads=asked.heads,
        adapter=asked.adapter,
        context=asked.context,
        samples=asked.samples,
        seed=asked.seed,
        progress=lambda done, total: show("making contexts", done, total),
    )
    for done, _ in enumerate(session.analyse_all(), 1):
        show("analysing", done, len(session.samples))
    if asked.knock_outs:
        for found in session.test_insights():
            if isinstance(found, tuple):
                show("knocking out", *found)
    held = tuple(
        Claim(one.kind, one.where, one.phase, one.status)
        for one in session.log.insights
        if one.status in (OBSERVED, CONFIRMED)
    )
    return Claims(session.provenance("compare").contexts, asked.knock_outs, held)


# -- all of them -------------------------------------------------------------------------------------------------------
def compare(found: Sequence[Measured], asked: Asked, missing: int = 0) -> Comparison:
    """What these runs differ in, each less the first that was rolled out."""
    reference = next((one for one in found if one.rolled is not None), None)
    rows = tuple(_beside(one, reference) for one in found)
    options = {name: value for name, value in vars(asked).items() if name != "workers"}
    sources = tuple(row.source for row in rows if row.source is not None)
    return Comparison(
        rows,
        tuple(_differing([row for row in rows if row.source is not None])),
        None if reference is None else reference.row.number,
        missing,
        Provenance("compare", sources, options=options),
    )


def _beside(one: Measured, reference: Measured | None) -> Row:
    """The row with its differences to the reference, or why there are none."""
    if one.rolled is None or reference is None or reference.rolled is None or one is reference:
        return one.row
    mine, others = one.rolled, reference.rolled
    if _kind(mine.world) != _kind(others.world):
        return replace(one.row, why=(*one.row.why, "not compared on return: another world"))
    if mine.world != others.world or not np.array_equal(mine.goals, others.goals):
        return replace(one.row, why=(*one.row.why, "not compared on return: other tasks are held out"))
    first, last = intervals(_parts(mine.returns) - _parts(others.returns), mine.goals)
    return replace(one.row, first_change=first, change=last)


def _kind(world: World) -> tuple[Any, ...]:
    return type(world), world.where, world.horizon


def _differing(rows: Sequence[Row]) -> Iterator[str]:
    """Names of settings whose values are not the same in all rows, in the order in which they are met.

    Not those that hold every run's own name, such as the directory of its files. No value is as if it were not there.
    """
    names = dict.fromkeys(name for row in rows for name in row.config)
    for name in names:
        values = [None if row.config.get(name) is None else shown(row.config[name]) for row in rows]
        named = all(row.source and row.source.run in (value or "") for row, value in zip(rows, values, strict=True))
        if len(set(values)) > 1 and not named:
            yield name
