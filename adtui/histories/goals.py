"""What the histories of a run show of its settings: how long an episode is, and which goal a group holds.

A group's number says one goal, its rewards show one, and they need not agree.

Some collectors number groups by goal, others shuffle the goals first, under the same file name. In Dark Room a reward
lies where the goal is, so the data tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..records.errors import ConfigError, HistoryError
from ..records.group_goals import OTHER, SHUFFLED, SILENT, UNREADABLE, GroupGoals
from ..records.run_settings import CHECKPOINT, DEFAULT, HISTORIES, RunSettings
from ..worlds.darkroom import DARK_ROOM
from ..worlds.settings import count_tasks, split_of
from ..worlds.world import split_tasks
from .file import HistoryFile, Stretch, open_histories
from .paths import find_histories, given_histories

#: Groups that are looked at, those of the split's test side first.
MOST_GROUPS = 512
Cell = tuple[int, int]


def with_groups(settings: RunSettings, run_dir: Path, histories: str | Path | None = None) -> RunSettings:
    """The settings, and what the run's histories show of them: how long their episodes are, and the goals of their
    groups where these are not their numbers.

    Args:
        settings: the run's.
        run_dir: the run directory.
        histories: see `samples.load_samples`.

    Raises:
        HistoryError, ConfigError: see `paths`.
    """
    path = _file_of(settings, run_dir, histories)
    if path is None:
        return settings
    try:
        with open_histories(path, settings) as file:
            settings = with_horizon(settings, file)
        if not in_dark_room(settings):
            return settings
        with open_histories(path, settings) as file:
            return replace(settings, groups=group_goals(file, settings))
    except HistoryError:  # whoever needs the histories themselves will say why
        if not in_dark_room(settings):
            return settings
        return replace(settings, groups=GroupGoals(path.name, UNREADABLE, settings.env_split_seed))


def _file_of(settings: RunSettings, run_dir: Path, histories: str | Path | None) -> Path | None:
    try:
        return find_histories(settings, run_dir)[0] if histories is None else given_histories(histories, settings)
    except (HistoryError, ConfigError):
        if in_dark_room(settings):
            raise
        return None  # said where the histories themselves are needed


def with_horizon(settings: RunSettings, file: HistoryFile) -> RunSettings:
    """The settings with the horizon that a file shows, where the run says another one."""
    clock, told = file.clock, settings.horizon
    if told is None or clock.every in (told, None) or not clock.shown:
        return settings
    sources = {**settings.sources, "horizon": HISTORIES}
    whose = {CHECKPOINT: "the checkpoint's config", DEFAULT: "the users' default"}
    source = settings.sources.get("horizon", CHECKPOINT)
    line = f"episodes of {file.path.name} have {clock.every} steps by {clock.by}, which count; "
    line += f"{whose.get(source, source)} says {told}"
    return replace(settings, horizon=clock.every, sources=sources, overruled={**settings.overruled, "horizon": line})


def in_dark_room(settings: RunSettings) -> bool:
    """Whether a reward lies where the goal is."""
    return settings.env == DARK_ROOM and not settings.continuous


def group_goals(file: HistoryFile, settings: RunSettings) -> GroupGoals | None:
    """What the rewards of a Dark Room file show of its groups; None where they agree with the groups' numbers."""
    test = set(split_of(settings).test)
    looked_at = sorted(file.tasks, key=lambda group: (group not in test, group))[:MOST_GROUPS]
    shown = {group: _cells(file, group) for group in looked_at}
    one = {group: cell_number(next(iter(cells)), settings) for group, cells in shown.items() if len(cells) == 1}
    several = any(len(cells) > 1 for cells in shown.values())
    name, seed = file.path.name, settings.env_split_seed
    if not one and not several:
        return GroupGoals(name, SILENT, seed)
    if not several:
        if all(group == goal for group, goal in one.items()):
            return None
        total = count_tasks(settings) or 0
        order = dict(enumerate(split_tasks(seed, 1.0, total).train))
        if all(order.get(group) == goal for group, goal in one.items()):
            return GroupGoals(name, SHUFFLED, seed, {group: order[group] for group in file.tasks if group in order})
    return GroupGoals(name, OTHER, seed, one)


def _cells(file: HistoryFile, group: int) -> set[Cell]:
    try:
        return file.rewarded_cells(group)
    except HistoryError:  # damaged: said where its histories are needed, and no evidence here
        return set()


def shown_goal(found: Stretch, group: int, settings: RunSettings) -> Cell | None:
    """The goal of a piece of history in Dark Room: the one rewarded cell in it, else what is known of its group."""
    if not in_dark_room(settings):
        return None
    stays = np.append(found.episode[1:] == found.episode[:-1], False)  # the last step may end its episode
    stays &= np.abs(found.next_states - found.states).sum(axis=1) <= 1
    cells = {(int(x), int(y)) for x, y in np.unique(found.next_states[stays & (found.rewards > 0)], axis=0)}
    if len(cells) == 1:
        return cells.pop()
    if cells:
        return None
    goals: Mapping[int, int] = {group: group}
    if settings.groups is not None and settings.groups.contradicted:
        goals = settings.groups.goals
    number = goals.get(group, -1)
    return divmod(number, settings.grid_size) if 0 <= number < settings.grid_size**2 else None


def cell_number(cell: Cell, settings: RunSettings) -> int:
    """The number of a goal."""
    return cell[0] * settings.grid_size + cell[1]
