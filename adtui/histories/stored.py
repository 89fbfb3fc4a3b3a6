"""One sample out of a file of histories, and what its label says of the task."""

from __future__ import annotations

from dataclasses import replace

from ..records.run_settings import RunSettings
from ..records.sample import Sample
from ..worlds.meaning import stateless
from ..worlds.settings import arrows, count_tasks
from .file import HistoryFile
from .goals import cell_number, in_dark_room, shown_goal


def stored_sample(
    file: HistoryFile, settings: RunSettings, goal: int, stream: int, query: int, n: int, *, history: int
) -> Sample:
    """The n transitions before step `query` of one history, and the state there.

    Args:
        goal: the group, by its number.
        history: see `Sample.history`.

    Raises:
        HistoryError: see `HistoryFile`.
    """
    found = file.read(goal, stream, query - n, query + 1)
    cell = shown_goal(found, goal, settings)
    whole = Sample(
        label=f"{_named(goal, cell, settings)} stream {stream} step {query}",
        states=found.states,
        actions=found.actions,
        rewards=found.rewards,
        next_states=found.next_states,
        query_state=found.states[-1],
        episode=found.episode,
        step=found.step,
        goal=cell,
        history=history,
        task=(task := _task(goal, cell, settings)),
        arrows=arrows(settings, task),
        stateless=stateless(settings),
        marks=settings.marks,
    )
    known = whole.until(n)  # its target is the action that was taken
    return replace(known, target_action=file.optimal_action(goal, stream, query)) if settings.wants_optimal else known


def _task(group: int, cell: tuple[int, int] | None, settings: RunSettings) -> int:
    """The task's number, so that two groups of one task count once; where it is not known, a number of its own."""
    if cell is not None:
        return cell_number(cell, settings)
    if in_dark_room(settings):
        return settings.grid_size**2 + group
    if settings.groups is None or not settings.groups.contradicted:
        return group
    return settings.groups.goals.get(group, (count_tasks(settings) or 0) + group)


def _named(group: int, cell: tuple[int, int] | None, settings: RunSettings) -> str:
    """What a label says of the task: the goal's cell, and the group where its number is another one."""
    groups = settings.groups if settings.groups is not None and settings.groups.contradicted else None
    if not in_dark_room(settings):
        return f"task {group}" if groups is None else f"task {groups.goals.get(group, 'unknown')} group {group}"
    if groups is None:
        return f"goal {_words(cell) if cell else group}"
    return f"goal {_words(cell) if cell else 'unknown'} group {group}"


def _words(cell: tuple[int, int]) -> str:
    return f"({cell[0]},{cell[1]})"
