"""Where samples come from: the run's own test histories where they exist, else rollouts of the model itself.

Samples are independent histories (one per goal and stream), not windows of one history shifted by a step: five
neighbouring windows of the users' data set share all but a handful of their tokens and count as one observation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from .config import load_settings, load_yaml
from .darkroom import GRID_SIZE, HORIZON, NUM_ACTIONS, goal_cell, split_goals
from .errors import ConfigError, HistoryError
from .history_file import HistoryFile
from .inputs import inputs_npz
from .records import Ints, Sample
from .rollouts import Policy, rollout
from .sources import Progress

__all__ = ["HistorySettings", "SampleSet", "find_histories", "inputs_npz", "load_samples"]

#: The environment whose goals, split and dynamics are known; of another one only stored histories can be read.
DARK_ROOM = "darkroom"
_PARENTS = 4
#: Episodes that a rollout goes on for after its context is full.
EPISODES_AFTER = 6


class HistorySettings(BaseModel):
    """What a run's config says about its histories; the other keys do not matter here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    env: str = DARK_ROOM
    alg: str | None = None
    alg_seed: int | str = 0
    traj_dir: str = "./datasets"
    grid_size: int = Field(GRID_SIZE, ge=2, le=1000)
    num_actions: int = Field(NUM_ACTIONS, ge=1)
    horizon: int | None = Field(None, ge=1)
    env_split_seed: int = 0
    train_env_ratio: float = Field(0.9, ge=0, le=1)
    n_transit: int | None = Field(None, ge=2)
    train_source_timesteps: int | None = Field(None, ge=1)

    @property
    def file_name(self) -> str:
        return f"history_{self.env}_{self.alg}_alg-seed{self.alg_seed}.hdf5"

    @property
    def test_goals(self) -> tuple[int, ...]:
        """Held-out goals in the order of the users' data set; empty when all goals were trained on."""
        return split_goals(self.env_split_seed, self.train_env_ratio, self.grid_size).test


@dataclass(frozen=True)
class SampleSet:
    """Samples, where they come from in words, and what the user should know about them."""

    samples: tuple[Sample, ...]
    source: str
    notes: tuple[str, ...] = ()


def load_samples(
    config: Mapping[str, Any],
    run_dir: Path,
    n_context: int,
    count: int,
    seed: int,
    window: int | None = None,
    policy: Policy | None = None,
    progress: Progress | None = None,
) -> SampleSet:
    """Choose contexts of `n_context` transitions.

    Args:
        config: the checkpoint's settings; `config.yaml` in `run_dir` fills in what they lack.
        run_dir: the run directory.
        n_context: transitions before the query; at most the model's.
        count: how many samples; fewer come back (with a note) when there are not so many independent histories.
        seed: chooses goals, streams and positions, and drives rollouts.
        window: instead, the users' own samples window, window + 1, … of their test set.
        policy: the model, for rollouts where no histories are found.
        progress: called with (done, total) episodes of rollouts.

    Raises:
        HistoryError: unusable histories, or none and no policy.
        ConfigError: settings of the wrong kind, a bad config.yaml, or a count below 1.
    """
    if count < 1:
        raise ConfigError("--samples", expected="at least 1", found=str(count), action="ask for one or more")
    settings = _settings(config, run_dir)
    path = find_histories(settings, run_dir)
    if path is not None:
        if window is not None:
            return _windows(path, settings, n_context, count, window)
        return _independent(path, settings, n_context, count, seed)
    known = settings.env == DARK_ROOM and settings.num_actions == NUM_ACTIONS
    if window is not None or policy is None or not known:
        raise HistoryError(
            settings.file_name,
            expected=f"the run's histories in {settings.traj_dir}, seen from {run_dir} or from here",
            found="no such file",
            action="start adtui in the directory that holds them" + ("" if window is None else ", or omit --window"),
        )
    return _rolled_out(policy, settings, n_context, count, seed, progress)


def find_histories(settings: HistorySettings, run_dir: Path) -> Path | None:
    """The file of the run's histories: in `traj_dir`, or in `datasets`, seen from the run, its parents, or here.

    Training code takes `traj_dir` from where it was started. The run comes first: from within another project, the
    file of the same name there belongs to other runs.
    """
    if settings.alg is None:
        return None
    bases = [run_dir, *list(run_dir.resolve().parents)[:_PARENTS], Path.cwd()]
    for base in bases:
        for directory in (settings.traj_dir, "datasets"):
            path = base / Path(directory).expanduser() / settings.file_name
            if path.is_file():
                return path
    return None


def _settings(config: Mapping[str, Any], run_dir: Path) -> HistorySettings:
    beside = run_dir / "config.yaml"
    values: dict[str, Any] = {}
    if beside.is_file():
        try:
            values = load_yaml(beside)
        except ConfigError as error:
            advice = "correct it, or remove it: the checkpoint has its own settings"
            action = advice if config else "correct it"
            raise ConfigError(error.subject, expected=error.expected, found=error.found, action=action) from None
    merged = {**values, **config}
    known = {key: merged[key] for key in HistorySettings.model_fields if merged.get(key) is not None}
    return load_settings(known, HistorySettings)


def _open(path: Path, settings: HistorySettings) -> HistoryFile:
    horizon = settings.horizon or (HORIZON if settings.env == DARK_ROOM else None)
    return HistoryFile(path, grid_size=settings.grid_size, n_actions=settings.num_actions, horizon=horizon)


def _independent(path: Path, settings: HistorySettings, n: int, count: int, seed: int) -> SampleSet:
    """One sample per test goal, then from further streams of the same goals; positions drawn by `seed`."""
    rng = np.random.default_rng(seed)
    with _open(path, settings) as file:
        goals, notes = _held_out(file.tasks, settings)
        order = [goals[i] for i in rng.permutation(len(goals))]
        sizes = {goal: file.size(goal) for goal in order[:count]}
        streams = min(size[1] for size in sizes.values())
        if count > len(order):  # only then are the other goals' sizes needed
            streams = min(size[1] for size in (file.size(goal) for goal in order))
        available = len(order) * streams
        if count > available:
            notes += (f"{available} independent test histories in {path.name}, {count} samples asked for",)
        samples = []
        for i in range(min(count, available)):
            goal, stream = order[i % len(order)], i // len(order)
            steps = file.size(goal)[0]
            _long_enough(path, steps, n)
            samples.append(_sample(file, settings, goal, stream, int(rng.integers(n, steps)), n))
    return SampleSet(tuple(samples), f"test histories in {path.name}", notes)


def _windows(path: Path, settings: HistorySettings, n: int, count: int, window: int) -> SampleSet:
    """Samples window, window + 1, … of the users' test set: their first stream, their first train_source_timesteps.

    Sample i is history i // (T − n_transit + 1) at start i % (T − n_transit + 1); a shorter context is its end.
    """
    n_transit = settings.n_transit or n + 1
    with _open(path, settings) as file:
        goals, notes = _held_out(file.tasks, settings)
        steps = min(file.size(goals[0])[0], settings.train_source_timesteps or (1 << 62))
        _long_enough(path, steps, n_transit - 1)
        per_history = steps - n_transit + 1
        total = per_history * len(goals)
        if not 0 <= window < total:
            raise HistoryError(
                "--window", expected=f"0 to {total - 1}, as {path.name} has", found=str(window), action="choose one"
            )
        samples = []
        for i in range(window, min(window + count, total)):
            start = i % per_history
            samples.append(_sample(file, settings, goals[i // per_history], 0, start + n_transit - 1, n))
    notes += ("these samples are one history shifted by a step: not independent",) if len(samples) > 1 else ()
    return SampleSet(tuple(samples), f"windows {window}–{window + len(samples) - 1} of {path.name}", notes)


def _held_out(tasks: tuple[int, ...], settings: HistorySettings) -> tuple[list[int], tuple[str, ...]]:
    """The tasks to choose from, and what is special about them."""
    if settings.env != DARK_ROOM:
        return list(tasks), (f"the test split of {settings.env} is not known: some goals may have been trained on",)
    present = set(tasks)
    goals = [goal for goal in settings.test_goals if goal in present]
    if goals:
        return goals, ()
    return list(tasks), ("no test goal has histories here: these goals were trained on",)


def _long_enough(path: Path, steps: int, n: int) -> None:
    if steps <= n:
        raise HistoryError(
            path,
            expected=f"histories of at least {n + 1} steps",
            found=f"{steps}",
            action=f"use --context {steps - 1} or less, or longer histories" if steps > 1 else "use longer histories",
        )


def _sample(file: HistoryFile, settings: HistorySettings, goal: int, stream: int, query: int, n: int) -> Sample:
    """The n transitions before step `query` of one history, and the state there."""
    found = file.read(goal, stream, query - n, query + 1)
    cell = _cell(goal, settings)
    return Sample(
        label=f"goal {_words(goal, cell)} stream {stream} step {query}",
        states=found.states[:-1],
        actions=found.actions[:-1],
        rewards=found.rewards[:-1],
        next_states=found.next_states[:-1],
        query_state=found.states[-1],
        episode=found.episode,
        step=found.step,
        goal=cell,
        target_action=int(found.actions[-1]),
        history=goal * file.size(goal)[1] + stream,
    )


def _rolled_out(
    policy: Policy, settings: HistorySettings, n: int, count: int, seed: int, progress: Progress | None
) -> SampleSet:
    """The model's own histories on held-out goals.

    Queries are spread over the time from the first full context to some episodes later, so that contexts that explore,
    contexts with their first rewards and contexts that exploit are all among the samples.
    """
    size, horizon = settings.grid_size, settings.horizon or HORIZON
    held_out = settings.test_goals
    notes: tuple[str, ...] = (f"no {settings.file_name} found: contexts are rollouts",) if settings.alg else ()
    if not held_out:
        notes += ("no goal was held out: these goals were trained on",)
    pool: Ints = np.array(held_out or range(size * size), dtype=np.int64)
    rng = np.random.default_rng(seed)
    goals = np.resize(rng.permutation(pool), count)
    episodes = n // horizon + 1 + EPISODES_AFTER
    histories = rollout(policy, goals, episodes, n, size=size, horizon=horizon, seed=seed, progress=progress)
    share = (rng.permutation(count) + rng.random(count)) / count
    queries = n + (share * (episodes * horizon - n)).astype(np.int64)
    samples = []
    for i, (goal, query) in enumerate(zip(goals.tolist(), queries.tolist(), strict=True)):
        time = np.arange(query - n, query + 1, dtype=np.int64)
        samples.append(
            Sample(
                label=f"goal {_words(goal, _cell(goal, settings))} rollout {i} step {query}",
                states=histories.states[i, time[:-1]],
                actions=histories.actions[i, time[:-1]],
                rewards=histories.rewards[i, time[:-1]].astype(np.float32),
                next_states=histories.next_states[i, time[:-1]],
                query_state=histories.states[i, query],
                episode=time // horizon,
                step=time % horizon,
                goal=_cell(goal, settings),
                history=i,
            )
        )
    words = "held-out goals" if held_out else "goals"
    return SampleSet(tuple(samples), f"the model's own rollouts on {words}", notes)


def _cell(goal: int, settings: HistorySettings) -> tuple[int, int] | None:
    if settings.env != DARK_ROOM or not 0 <= goal < settings.grid_size**2:
        return None
    x, y = goal_cell(goal, settings.grid_size)
    return int(x), int(y)


def _words(goal: int, cell: tuple[int, int] | None) -> str:
    return f"({cell[0]},{cell[1]})" if cell else str(goal)
