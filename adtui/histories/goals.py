"""What the histories of a run show of its settings: how long an episode is, and which goal a group holds.

A group's number says one goal, its rewards show one, and they need not agree.

Some collectors number groups by goal, others shuffle the goals first, under the same file name. In Dark Room a reward
lies where the goal is, so the data tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from ..records.errors import ConfigError, HistoryError
from ..records.group_goals import OTHER, SHUFFLED, SILENT, UNREADABLE, GroupGoals
from ..records.run_settings import CHECKPOINT, DEFAULT, HISTORIES, RunSettings
from ..worlds.darkroom import DARK_ROOM
from ..worlds.permuted import PermutedDarkRoom
from ..worlds.settings import count_tasks, split_of, world_of
from ..worlds.world import World, split_tasks
from .file import HistoryFile, Stretch, open_histories
from .moves import other_moves
from .paths import find_histories, given_histories
from .pays import USUAL, Pays, ends_where_paid, pays_of
from .shown_tasks import shown_task

#: Groups that are looked at, those of the split's test side first.
MOST_GROUPS = 512
#: Of these, as many are enough to see that a group's number is its task in other worlds than Dark Room.
ENOUGH = 32
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
            found = with_horizon(settings, file)
            if found is settings:
                return _with_tasks(settings, file)
        with open_histories(path, found) as file:
            settings = found
            return _with_tasks(settings, file)
    except HistoryError as error:  # whoever needs the histories themselves will say why
        if not in_dark_room(settings):
            return settings
        why = f"expected {error.expected}, found {error.found}"
        return replace(settings, groups=GroupGoals(path.name, UNREADABLE, settings.env_split_seed, why=why))


def _with_tasks(settings: RunSettings, file: HistoryFile) -> RunSettings:
    world = world_of(settings)
    if world is None or not world.STATES:
        return settings
    pays = pays_of(file, world)
    drawn, line = other_moves(file, world) or (None, "")
    lines = {"rewards": pays.line, "actions": line, "ends": ends_where_paid(file, world, pays)}
    told = {name: words for name, words in lines.items() if words}
    groups, overruled = group_goals(file, settings, world, pays), {**settings.overruled, **told}
    return replace(settings, groups=groups, overruled=overruled, marks=pays.values, arrows=drawn)


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
    if told is None or (other := clock.other) is None:
        return settings
    sources = {**settings.sources, "horizon": HISTORIES}
    whose = {CHECKPOINT: "the checkpoint's config", DEFAULT: "the users' default"}
    source = settings.sources.get("horizon", CHECKPOINT)
    line = f"episodes of {file.path.name} have {other} steps by {clock.by}, which count; "
    line += f"{whose.get(source, source)} says {told}"
    return replace(settings, horizon=other, sources=sources, overruled={**settings.overruled, "horizon": line})


def in_dark_room(settings: RunSettings) -> bool:
    """Whether a reward lies where the goal is."""
    return settings.env == DARK_ROOM and not settings.continuous


def group_goals(file: HistoryFile, settings: RunSettings, world: World, pays: Pays = USUAL) -> GroupGoals | None:
    """What a file shows of its groups; None where that agrees with the groups' numbers.

    Dark Room alone is expected to show it.
    """
    test = set(split_of(settings).test)
    looked_at = sorted(file.tasks, key=lambda group: (group not in test, group))[:MOST_GROUPS]
    shown = {group: shown_task(file, group, world, pays) for group in looked_at[:ENOUGH]}
    if in_dark_room(settings) or any(found.other for found in shown.values()):  # then each is to be known
        shown |= {group: shown_task(file, group, world, pays) for group in looked_at[ENOUGH:]}
    one = {group: found.task for group, found in shown.items() if found.task is not None}
    several = any(found.other and found.task is None and not found.partly for found in shown.values())
    other = any(found.other for found in shown.values())
    make = partial(GroupGoals, file.path.name, seed=settings.env_split_seed, noun=_noun(world), by=_by(world))
    if not one and not other:
        if not in_dark_room(settings):
            return None
        why = next((found.why for found in shown.values() if found.why), "")
        return make(order=UNREADABLE if why else SILENT, why=why)
    if not several:
        if not other:
            return None
        total = count_tasks(settings) or 0
        order = dict(enumerate(split_tasks(settings.env_split_seed, 1.0, total).train))
        if one and all(order.get(group) == goal for group, goal in one.items()):
            return make(order=SHUFFLED, goals={group: order[group] for group in file.tasks if group in order})
    return make(order=OTHER, goals=one)


def _noun(world: World) -> str:
    return "goal" if world.env == DARK_ROOM else "task"


def _by(world: World) -> str:
    return "moves" if isinstance(world, PermutedDarkRoom) else "rewards"


def shown_goal(found: Stretch, group: int, settings: RunSettings) -> Cell | None:
    """The goal of a piece of history in Dark Room: the one rewarded cell in it, else what is known of its group."""
    if not in_dark_room(settings):
        return None
    stays = np.append(found.episode[1:] == found.episode[:-1], False)  # the last step may end its episode
    stays &= np.abs(found.next_states - found.states).sum(axis=1) <= 1
    paid = Pays(settings.marks)(found.rewards)
    if "rewards" in settings.overruled and settings.marks is None:  # they mark nothing
        paid[:] = False
    cells = {(int(x), int(y)) for x, y in np.unique(found.next_states[stays & paid], axis=0)}
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
