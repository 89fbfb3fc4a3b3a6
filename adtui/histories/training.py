"""Histories of an HDF5 file to train on: of one length, in whole episodes, and true to the world that is trained for.

The targets and the cells reached are made from what the file says, so it is held to the world's laws first: a model
trained on anything else would learn from transitions that never happened, and nothing would show it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..records.errors import HistoryError
from ..worlds.agents import Histories, empty_histories
from ..worlds.bandit import Bandit
from ..worlds.darkroom import DARK_ROOM
from ..worlds.world import BoolArray, IntArray, World
from .clock import BLOCK
from .file import HistoryFile, Streams
from .forms import Cells

#: Bytes of one transition in Histories, but for the actions' probabilities.
_BYTES = 8 * (2 + 1 + 1 + 2)
_COLLECT = "check `histories`, or collect them anew with `adtui collect`"


def read_histories(path: Path, world: World, tasks: Sequence[int], streams: int | None, *, least: int = 1) -> Histories:
    """The histories of some tasks from an HDF5 file; targets are the actions taken.

    Args:
        tasks: indices to read, the others stay unread.
        streams: at most this many streams of each task.
        least: steps that every history must have, for windows of as many to be cut out of them.

    Raises:
        HistoryError: what `HistoryFile` refuses, a task that the file lacks, histories that are too short, of several
            lengths or of broken episodes, more than fits into memory, rewards other than 0 and 1, or steps that the
            world does not make.
    """
    try:
        with HistoryFile(path, Cells(world.size, world.num_actions), horizon=world.horizon) as file:
            steps, widths = _sizes(file, tasks, world.horizon, streams)
            if steps < least:
                raise _wrong(path, f"histories of at least {least} steps (n_transit)", str(steps), "lower n_transit")
            past = _room_for(path, world, tasks, widths, steps)
            _fill(past, file, world, tasks, widths)
    except MemoryError:  # a limit below what the machine has
        raise _wrong(path, "histories that fit into memory", "more than is free", "lower train_n_stream") from None
    return past


def _fill(past: Histories, file: HistoryFile, world: World, tasks: Sequence[int], widths: Sequence[int]) -> None:
    one_hot = np.eye(world.num_actions, dtype=np.float32)
    row = 0
    for task, width in zip(tasks, widths, strict=True):
        found = file.read_all(task, width)
        reached = world.move(np.full(width, task), found.states, found.actions)
        _check_marks(file, task, world.horizon)
        try:
            _check_laws(f"{file.path}, {task}", world, found, reached)
        except HistoryError as error:
            raise _with_length(error, file) from None
        if isinstance(world, Bandit):
            _check_arms(f"{file.path}, {task}", world, task, found)
        else:
            _check_rewards(f"{file.path}, {task}", world, task, found, reached)
        rows = slice(row, row + width)
        past.states[rows], past.actions[rows], past.rewards[rows] = found.states, found.actions, found.rewards
        past.next_states[rows] = reached  # also at episode ends, where the file has the reset state
        past.probabilities[rows] = one_hot[found.actions]
        row += width


def _check_marks(file: HistoryFile, task: int, horizon: int) -> None:
    """Refuse `dones` elsewhere than the horizon has them: most worlds would not show it otherwise."""
    steps, _ = file.size(task)
    for first in range(0, steps, BLOCK):
        last = min(first + BLOCK, steps)
        marks = file.marks(task, slice(None), first, last)
        due = np.arange(first + 1, last + 1) % horizon == 0
        if marks is not None and marks.any() and (wrong := marks != due[:, None]).any():
            expected = f"ends of episodes every {horizon} steps, as `horizon` says"
            raise _wrong(f"{file.path}, {task}/dones", expected, _first(wrong.T), "check `horizon`")


def _sizes(file: HistoryFile, tasks: Sequence[int], horizon: int, streams: int | None) -> tuple[int, list[int]]:
    """(steps of every history, how many streams of each task are read)."""
    steps, widths = 0, []
    present = set(file.tasks)
    for task in tasks:
        if task not in present:
            raise _wrong(file.path, f"a group for training goal {task}", f"{len(present)} groups without it")
        length, width = file.size(task)
        if steps and length != steps:
            raise _wrong(f"{file.path}, group {task}", f"{steps} steps, as in group {tasks[0]}", f"{length}")
        if length % horizon:
            raise _wrong(f"{file.path}, group {task}", f"whole episodes of {horizon} steps", f"{length} steps")
        steps = length
        widths.append(width if streams is None else min(width, streams))
    return steps, widths


def _room_for(path: Path, world: World, tasks: Sequence[int], widths: list[int], steps: int) -> Histories:
    """Histories to be filled in: one task at a time, so that no second copy of all of them is ever held."""
    wanted = sum(widths) * steps * (_BYTES + 4 * world.num_actions)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if wanted > memory:
        found = f"{wanted / 2**30:.0f} GB"
        raise _wrong(path, f"histories that fit into {memory / 2**30:.0f} GB", found, "lower train_n_stream")
    return empty_histories(world, np.repeat(np.array(tasks, dtype=np.int64), widths), steps)


def _check_laws(subject: str, world: World, found: Streams, reached: IntArray) -> None:
    """Refuse what the world cannot have made; `reached` (streams, T, 2) are the cells that its moves lead to."""
    horizon, name = world.horizon, "Dark Room" if world.env == DARK_ROOM else world.env
    # Rewards are neither cut to whole numbers nor passed on: the room that the model will act in pays 0 and 1.
    if world.whole_rewards and (odd := (found.rewards != 0) & (found.rewards != 1)).any():
        value = f"{found.rewards[odd][0]:g}"
        raise _wrong(f"{subject}/rewards", f"0 or 1, as {name} pays", value, "rescale them to 0 and 1")
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
        moves = "actions 0 to 4: x+1, x-1, y+1, y-1, stay" if world.PLAIN_MOVES else "as its task orders the actions"
        expected = f"{name}'s moves ({moves}), {aside}"
        raise _wrong(f"{subject}/next_states", expected, _first(astray), "check `horizon` and the actions' order")

    elsewhere = _differ(states[:, ::horizon], states[:, :1])
    if elsewhere.any():
        expected = f"episodes of {horizon} steps that all begin in one cell"
        begun = np.zeros(states.shape[:2], dtype=np.bool_)
        begun[:, ::horizon] = elsewhere
        raise _wrong(f"{subject}/states", expected, _first(begun), "check `horizon`")


def _with_length(error: HistoryError, file: HistoryFile) -> HistoryError:
    """The same, and how long the file's episodes are, where it shows that and the settings say something else."""
    clock = file.clock
    if (other := clock.other) is None:
        return error
    found = f"{error.found}: its episodes have {other} steps by {clock.by}"
    return HistoryError(error.subject, expected=error.expected, found=found, action=error.action)


def _check_rewards(subject: str, world: World, task: int, found: Streams, reached: IntArray) -> None:
    """Refuse another task than the group's number says: tasks that are held back would be trained on."""
    rooms = world.rooms(np.full(len(reached), task))
    paid = np.empty(found.rewards.shape, dtype=np.int64)
    for step in range(reached.shape[1]):
        if step % world.horizon == 0:
            rooms.reset()
        paid[:, step] = rooms.arrive(reached[:, step])
    wrong = found.rewards != paid
    if wrong.any():
        expected = f"the rewards of {world.words(task)}, as the group's number says"
        if (found.rewards == 1 - paid).all():
            raise _wrong(f"{subject}/rewards", expected, "1 minus them, at every step", "store 1 minus what is there")
        action = "number groups by task: some collectors shuffle the tasks first"
        raise _wrong(f"{subject}/rewards", expected, _first(wrong), action)


def _check_arms(subject: str, world: Bandit, task: int, found: Streams) -> None:
    """The same of a bandit, whose pulls are paid by chance: what each arm paid lies about its mean."""
    if wrong := world.contradiction(task, found.actions, found.rewards):
        action = "number groups by task, and give the reward_std that they were collected with"
        raise _wrong(f"{subject}/rewards", f"what {world.words(task)} pays", wrong, action)


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
