"""Histories of an HDF5 file to train on: of one length, in whole episodes, and true to the room that is trained for.

The targets and the cells reached are made from what the file says, so it is held to Dark Room's laws first: a model
trained on anything else would learn from transitions that never happened, and nothing would show it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..records.errors import HistoryError
from ..worlds.agents import Histories
from ..worlds.darkroom import NUM_ACTIONS, BoolArray, IntArray, goal_cell, move
from .file import HistoryFile, Streams

#: Bytes of one transition in Histories.
_BYTES = 8 * (2 + 1 + 1 + 2) + 4 * NUM_ACTIONS
_COLLECT = "check `histories`, or collect them anew with `adtui collect`"


def read_histories(
    path: Path, goals: Sequence[int], horizon: int, size: int, streams: int | None, *, least: int = 1
) -> Histories:
    """The histories of some goals from an HDF5 file; targets are the actions taken.

    Args:
        goals: goal indices to read, the others stay unread.
        streams: at most this many streams of each goal.
        least: steps that every history must have, for windows of as many to be cut out of them.

    Raises:
        HistoryError: what `HistoryFile` refuses, a goal that the file lacks, histories that are too short, of several
            lengths or of broken episodes, more than fits into memory, rewards other than 0 and 1, or steps that no
            Dark Room makes.
    """
    try:
        with HistoryFile(path, grid_size=size, n_actions=NUM_ACTIONS, horizon=horizon) as file:
            steps, widths = _sizes(file, goals, horizon, streams)
            if steps < least:
                raise _wrong(path, f"histories of at least {least} steps (n_transit)", str(steps), "lower n_transit")
            past = _room_for(path, goals, widths, steps, horizon)
            _fill(past, file, goals, widths, size)
    except MemoryError:  # a limit below what the machine has
        raise _wrong(path, "histories that fit into memory", "more than is free", "lower train_n_stream") from None
    return past


def _fill(past: Histories, file: HistoryFile, goals: Sequence[int], widths: Sequence[int], size: int) -> None:
    one_hot = np.eye(NUM_ACTIONS, dtype=np.float32)
    row = 0
    for goal, width in zip(goals, widths, strict=True):
        found = file.read_all(goal, width)
        reached = move(found.states, found.actions, size)
        _check_laws(f"{file.path}, {goal}", found, reached, past.horizon)
        _check_goal(f"{file.path}, {goal}", found, reached, goal_cell(goal, size))
        rows = slice(row, row + width)
        past.states[rows], past.actions[rows], past.rewards[rows] = found.states, found.actions, found.rewards
        past.next_states[rows] = reached  # also at episode ends, where the file has the reset state
        past.probabilities[rows] = one_hot[found.actions]
        row += width


def _sizes(file: HistoryFile, goals: Sequence[int], horizon: int, streams: int | None) -> tuple[int, list[int]]:
    """(steps of every history, how many streams of each goal are read)."""
    steps, widths = 0, []
    present = set(file.tasks)
    for goal in goals:
        if goal not in present:
            raise _wrong(file.path, f"a group for training goal {goal}", f"{len(present)} groups without it")
        length, width = file.size(goal)
        if steps and length != steps:
            raise _wrong(f"{file.path}, group {goal}", f"{steps} steps, as in group {goals[0]}", f"{length}")
        if length % horizon:
            raise _wrong(f"{file.path}, group {goal}", f"whole episodes of {horizon} steps", f"{length} steps")
        steps = length
        widths.append(width if streams is None else min(width, streams))
    return steps, widths


def _room_for(path: Path, goals: Sequence[int], widths: list[int], steps: int, horizon: int) -> Histories:
    """Histories to be filled in: one goal at a time, so that no second copy of all of them is ever held."""
    wanted, memory = sum(widths) * steps * _BYTES, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if wanted > memory:
        found = f"{wanted / 2**30:.0f} GB"
        raise _wrong(path, f"histories that fit into {memory / 2**30:.0f} GB", found, "lower train_n_stream")
    shape = (sum(widths), steps)
    return Histories(
        goals=np.repeat(np.array(goals, dtype=np.int64), widths),
        states=np.empty((*shape, 2), dtype=np.int64),
        actions=np.empty(shape, dtype=np.int64),
        rewards=np.empty(shape, dtype=np.int64),
        next_states=np.empty((*shape, 2), dtype=np.int64),
        probabilities=np.empty((*shape, NUM_ACTIONS), dtype=np.float32),
        horizon=horizon,
    )


def _check_laws(subject: str, found: Streams, reached: IntArray, horizon: int) -> None:
    """Refuse what Dark Room cannot have made; `reached` (streams, T, 2) are the cells that its moves lead to."""
    # Rewards are neither cut to whole numbers nor passed on: the room that the model will act in pays 0 and 1.
    if (odd := (found.rewards != 0) & (found.rewards != 1)).any():
        value = f"{found.rewards[odd][0]:g}"
        raise _wrong(f"{subject}/rewards", "0 or 1, as Dark Room pays", value, "rescale them to 0 and 1")
    states, after = found.states, found.next_states
    aside = f"resets every {horizon} steps aside"
    stays = np.arange(1, states.shape[1] + 1) % horizon != 0  # the steps that no reset follows

    apart = _differ(after[:, :-1], states[:, 1:]) & stays[:-1]
    if apart.any():
        expected = f"each step's next state to be the state of the step after, {aside}"
        action = "check `horizon`, and that the first axis is time"  # swapped axes have mostly been told by now
        raise _wrong(f"{subject}/next_states", expected, _first(apart), action)

    astray = _differ(after, reached) & stays
    if astray.any():
        expected = f"Dark Room's moves (actions 0 to 4: x+1, x-1, y+1, y-1, stay), {aside}"
        raise _wrong(f"{subject}/next_states", expected, _first(astray), "check `horizon` and the actions' order")

    elsewhere = _differ(states[:, ::horizon], states[:, :1])
    if elsewhere.any():
        expected = f"episodes of {horizon} steps that all begin in one cell"
        begun = np.zeros(states.shape[:2], dtype=np.bool_)
        begun[:, ::horizon] = elsewhere
        raise _wrong(f"{subject}/states", expected, _first(begun), "check `horizon`")


def _check_goal(subject: str, found: Streams, reached: IntArray, goal: IntArray) -> None:
    """Refuse another goal than the group's number says: goals that are held back would be trained on."""
    wrong = (found.rewards != 0) == _differ(reached, goal)
    if wrong.any():
        expected = f"rewards where steps end on goal ({goal[0]},{goal[1]}), as the group's number says"
        action = "number groups by goal: some collectors shuffle the goals first"
        raise _wrong(f"{subject}/rewards", expected, _first(wrong), action)


def _differ(cells: IntArray, others: IntArray) -> BoolArray:
    """Which cells (…, 2) differ. By coordinate: reducing an axis of two is many times slower."""
    differ: BoolArray = (cells[..., 0] != others[..., 0]) | (cells[..., 1] != others[..., 1])
    return differ


def _first(broken: BoolArray) -> str:
    """How many steps (streams, T) break a law, and where the first one is."""
    stream, step = np.unravel_index(int(broken.argmax()), broken.shape)
    return f"{np.count_nonzero(broken)} of {broken.size} steps that differ, the first at step {step} of stream {stream}"


def _wrong(subject: str | Path, expected: str, found: str, action: str = _COLLECT) -> HistoryError:
    return HistoryError(subject, expected=expected, found=found, action=action)
