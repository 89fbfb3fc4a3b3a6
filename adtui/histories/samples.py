"""Where samples come from: the run's own test histories where they exist, else rollouts of the model itself.

Samples are independent histories (one per goal and stream), not windows of one history shifted by a step: five
neighbouring windows of the users' data set share all but a handful of their tokens and count as one observation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from ..records.errors import ConfigError, HistoryError
from ..records.run_settings import META_WORLD, RunSettings
from ..records.sample import Sample
from ..worlds.agents import ProgressCallback
from ..worlds.draws import Use, generator, order
from ..worlds.rollouts import Policy
from ..worlds.settings import can_roll_out, count_tasks, goals_of, split_of
from .file import HistoryFile, open_histories
from .inputs import inputs_npz
from .kept import Kept
from .not_found import none_found
from .paths import TEST, find_histories, given_histories
from .rolled_out import rolled_out
from .rolled_out_in_world import WorldContexts
from .stored import stored_sample

__all__ = ["SampleSet", "find_histories", "inputs_npz", "load_samples"]


@dataclass(frozen=True)
class SampleSet:
    """Samples, where they come from in words, and what the user should know about them.

    Attributes:
        waiting: how many more there will be, where the first were asked for alone.
        more: makes them, as `rolled_out` does.
        seed: what they were drawn with; None where nothing was drawn.
    """

    samples: tuple[Sample, ...]
    source: str
    notes: tuple[str, ...] = ()
    seed: int | None = None
    waiting: int = 0
    more: Iterator[tuple[Sample, ...]] = field(default_factory=lambda: iter(()))

    def begun(self, first: int) -> SampleSet:
        """The first of these samples, the others waiting."""
        rest = self.samples[first:]
        return replace(self, samples=self.samples[:first], waiting=len(rest), more=iter([rest] if rest else []))


def load_samples(
    settings: RunSettings,
    run_dir: Path,
    n_context: int,
    count: int,
    seed: int,
    window: int | None = None,
    policy: Policy | None = None,
    progress: ProgressCallback | None = None,
    *,
    histories: str | Path | None = None,
    stride: int = 1,
    first: int | None = None,
    soon: bool = False,
    asked: bool = True,
    world: WorldContexts | None = None,
    kept: Kept | None = None,
) -> SampleSet:
    """Choose contexts of `n_context` transitions.

    Sample i is the same whatever `count` is: it draws from streams of its own (see `draws`), and takes its goal and its
    phase of learning after the samples before it.

    Args:
        settings: the run's; where they are assumed, source and notes say so.
        run_dir: the run directory.
        n_context: transitions before the query; at most the model's.
        count: how many samples; fewer come back (with a note) when there are not so many independent histories.
        seed: chooses goals, streams and positions, and drives rollouts.
        window: instead, the users' own samples window, window + 1, … of their test set.
        policy: the model, for rollouts where no histories are found.
        progress: called with (done, total) episodes of rollouts.
        histories: a file, or a directory that holds the run's file, instead of the places where it is looked for.
        stride: contexts begin at multiples of it, counted from the first step of the history; at least 1. For models
            that read their context in batches. A `window` stays where it is.
        first, soon: return with about so many (None is all), or after the first rollout; the rest is left to `more`.
        kept: see `rolled_out.rolled_out`.
        asked: whether the user named the count, and should know when there are fewer.
        world: of the user's; let the model live there, instead of reading histories.

    Raises:
        HistoryError: unusable histories, or none and no policy.
        ConfigError: settings that cannot name a file, or a count below 1.
    """
    if count < 1:
        raise ConfigError("--samples", expected="at least 1", found=str(count), action="ask for one or more")
    notes: tuple[str, ...] = ()
    if world is not None:
        return _in_world(world, policy, n_context, count, seed, stride, 1 if soon else first, progress)
    if histories is None:
        path, notes = find_histories(settings, run_dir)
    else:
        path = given_histories(histories, settings)
    if path is not None:
        if window is not None:
            return _windows(path, settings, n_context, count, window)
        found = _independent(path, settings, n_context, count, seed, stride, asked)
        return found if first is None else found.begun(first)
    if window is not None or policy is None or not can_roll_out(settings):
        raise none_found(settings, run_dir, window, notes)
    if settings.alg:
        notes = (f"no {settings.file_name} found (--histories PATH names one): contexts are rollouts", *notes)
    notes += settings.doubts
    held_out = goals_of(settings).test
    if not held_out:
        notes += (f"no goal was held out: these goals {_trained_on(settings)}",)
    words = settings.held_out if held_out else "goals"
    more = rolled_out(policy, settings, n_context, count, seed, stride, progress, kept)
    samples: tuple[Sample, ...] = ()
    while len(samples) < (1 if soon else count if first is None else min(first, count)):
        samples += next(more)
    return SampleSet(samples, f"the model's own rollouts on {words}", notes, seed, count - len(samples), more)


def _in_world(
    world: WorldContexts,
    policy: Policy | None,
    n: int,
    count: int,
    seed: int,
    stride: int,
    first: int | None,
    progress: ProgressCallback | None,
) -> SampleSet:
    """The model's own histories in a world of the user's."""
    assert policy is not None, "there is a model"
    more = world.made(policy, n, count, seed, stride, progress)
    samples: tuple[Sample, ...] = ()
    while len(samples) < (count if first is None else min(first, count)):
        samples += next(more)
    notes = () if world.world.test else ("nobody says that the model was not trained on these tasks",)
    return SampleSet(samples, world.source, notes, seed, count - len(samples), more)


def _independent(
    path: Path, settings: RunSettings, n: int, count: int, seed: int, stride: int, asked: bool
) -> SampleSet:
    """One sample per test goal, then from further streams of the same goals; positions drawn by `seed`."""
    with open_histories(path, settings) as file:
        goals, notes = _held_out(file, settings)
        chosen, more = _choose(file, order(seed, np.array(goals, dtype=np.int64)).tolist(), n, count)
        samples = []
        for i, (goal, stream) in enumerate(chosen):
            starts = -(-(file.size(goal)[0] - n) // stride)
            query = n + stride * int(generator(seed, Use.MOMENTS, i).integers(0, starts))
            samples.append(stored_sample(file, settings, goal, stream, query, n, history=i))
        notes = (*file.notes, *notes)  # of its episodes, known once they have been read
    notes += (*(more if asked else ()), *_unknown_targets(path, settings, samples))
    return SampleSet(tuple(samples), f"{_test_histories(path, settings)} in {path.name}", notes, seed)


def _choose(file: HistoryFile, order: list[int], n: int, count: int) -> tuple[list[tuple[int, int]], tuple[str, ...]]:
    """(goal, stream) of `count` histories of more than n steps: different goals first, then further streams."""
    streams: dict[int, int] = {}
    short: list[int] = []
    for goal in order:
        if len(streams) == count:  # the other goals' sizes are not needed
            break
        steps, width = file.size(goal)
        if steps > n:
            streams[goal] = width
        else:
            short.append(steps)
    if not streams:
        _long_enough(file.path, max(short), n)
    available = sum(streams.values())
    notes: tuple[str, ...] = ()
    if short:
        notes += (f"{len(short)} goals with histories of at most {n} steps are left out",)
    if count > available:
        notes += (f"{available} independent test histories in {file.path.name}, {count} samples asked for",)
    widest = max(streams.values())
    pairs = ((goal, stream) for stream in range(widest) for goal, width in streams.items() if stream < width)
    return list(islice(pairs, count)), notes


def _windows(path: Path, settings: RunSettings, n: int, count: int, window: int) -> SampleSet:
    """Samples window, window + 1, … of the users' test set: their first stream, their first train_source_timesteps.

    Sample i is history i // (T − n_transit + 1) at start i % (T − n_transit + 1); a shorter context is its end.
    """
    n_transit = settings.n_transit or n + 1
    with open_histories(path, settings) as file:
        goals, notes = _held_out(file, settings)
        steps = _steps(file, goals[0], settings)
        _long_enough(path, steps, n_transit - 1)
        per_history = steps - n_transit + 1
        total = per_history * len(goals)
        if not 0 <= window < total:
            raise HistoryError(
                "--window", expected=f"0 to {total - 1}, as {path.name} has", found=str(window), action="choose one"
            )
        samples = []
        for i in range(window, min(window + count, total)):
            history, start = divmod(i, per_history)
            if (found := _steps(file, goals[history], settings)) != steps:
                raise HistoryError(
                    path,
                    expected=f"{steps} steps in every history, as --window counts them",
                    found=f"{found} for goal {goals[history]}",
                    action="omit --window",
                )
            samples.append(stored_sample(file, settings, goals[history], 0, start + n_transit - 1, n, history=history))
        notes = (*file.notes, *notes)
    notes += ("these samples are one history shifted by a step: not independent",) if len(samples) > 1 else ()
    notes += _unknown_targets(path, settings, samples)
    return SampleSet(tuple(samples), f"windows {window}–{window + len(samples) - 1} of {path.name}", notes)


def _steps(file: HistoryFile, goal: int, settings: RunSettings) -> int:
    """How many steps of a goal's histories the users' data set takes."""
    return min(file.size(goal)[0], settings.train_source_timesteps or (1 << 62))


def _held_out(file: HistoryFile, settings: RunSettings) -> tuple[list[int], tuple[str, ...]]:
    """The tasks to choose from, and what is special about them."""
    tasks = file.tasks
    if settings.env == META_WORLD and settings.continuous:
        known = _of_test_tasks(file.path, settings)
        note = f"no file of test tasks ({TEST}/) is used: the model may have been trained on these tasks"
        return list(tasks), (*settings.overruled.values(), *(() if known else (note,)))
    if count_tasks(settings) is None:
        unknown = f"the test split of {settings.env} is not known: some goals may have been trained on"
        return list(tasks), (*settings.overruled.values(), unknown)
    present = set(tasks)
    goals = [goal for goal in split_of(settings).test if goal in present]
    if goals:
        return goals, settings.doubts
    return list(tasks), (*settings.doubts, f"no test goal has histories here: these goals {_trained_on(settings)}")


def _trained_on(settings: RunSettings) -> str:
    return "were trained on" if settings.split_known else "may have been trained on"


def _of_test_tasks(path: Path, settings: RunSettings) -> bool:
    """Whether a file holds tasks that no model was trained on, as its place says: DICP has them in a directory."""
    return settings.env == META_WORLD and path.absolute().parent.name == TEST


def _test_histories(path: Path, settings: RunSettings) -> str:
    if settings.continuous:
        return "test histories" if _of_test_tasks(path, settings) else "histories"
    if settings.groups is not None and settings.groups.contradicted:
        return "histories of the test groups"
    return "test histories" if settings.split_known else f"histories of {settings.held_out}"


def _unknown_targets(path: Path, settings: RunSettings, samples: list[Sample]) -> tuple[str, ...]:
    if settings.wants_optimal and any(sample.target_action is None for sample in samples):
        return (f"no optimal_actions in {path.name}: what a DPT model should predict is not known",)
    return ()


def _long_enough(path: Path, steps: int, n: int) -> None:
    if steps <= n:
        raise HistoryError(
            path,
            expected=f"histories of at least {n + 1} steps",
            found=f"{steps}",
            action=f"use --context {steps - 1} or less, or longer histories" if steps > 1 else "use longer histories",
        )
