"""Which task a group of histories is of, as its rewards or its moves show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records.errors import HistoryError
from ..worlds.darkroom import DarkRoom
from ..worlds.key_to_door import KeyToDoor
from ..worlds.permuted import ORDERS, PermutedDarkRoom
from ..worlds.world import MOVES, Cell, World
from .file import HistoryFile
from .looks import STEPS, STREAMS
from .pays import Pays


@dataclass(frozen=True)
class Shown:
    """What a group shows.

    Attributes:
        task: its task; None where it is not known.
        other: it is none that the group's number could say.
        partly: something of its task is known, and not all.
        why: why nothing could be read.
    """

    task: int | None = None
    other: bool = False
    partly: bool = False
    why: str = ""


NOTHING = Shown()


def shown_task(file: HistoryFile, group: int, world: World, pays: Pays) -> Shown:
    """What one group shows; worlds of other kinds show nothing."""
    try:
        if isinstance(world, DarkRoom):
            return _by_goal(file, group, world, pays)
        if isinstance(world, PermutedDarkRoom):
            return _by_moves(file, group)
        return _by_key_and_door(file, group, world, pays) if isinstance(world, KeyToDoor) else NOTHING
    except HistoryError as error:  # where its histories are needed, that ends it
        where = error.subject.removeprefix(f"{file.path}, ")
        return Shown(why=f"{where}: expected {error.expected}, found {error.found}")


def _by_goal(file: HistoryFile, group: int, world: World, pays: Pays) -> Shown:
    """Dark Room: the one cell that pays."""
    cells = file.rewarded_cells(group, pays)
    if len(cells) != 1:
        return Shown(other=len(cells) > 1)
    ((x, y),) = cells
    return Shown(x * world.size + y, (x * world.size + y) != group)


def _by_moves(file: HistoryFile, group: int) -> Shown:
    """Permuted actions: where each action leads."""
    look = file.clock.look(group)
    if look is None or look.ways.does is None or look.ways.does.shape != MOVES.shape:
        return NOTHING
    order = [MOVES.tolist().index(one) for one in look.ways.does.tolist()]
    if order not in ORDERS.tolist():  # two actions that do the same
        return Shown(other=True)
    task = ORDERS.tolist().index(order)
    return Shown(task, task != group)


def _by_key_and_door(file: HistoryFile, group: int, world: KeyToDoor, pays: Pays) -> Shown:
    """Key-to-Door: the cells of an episode's first and second reward."""
    look = file.clock.look(group)
    if look is None or not look.ways.steps:
        return NOTHING
    keys, doors = _paid_in_order(file, group, pays)
    if len(keys) > 1 or len(doors) > 1:
        return Shown(other=True)
    told = world.key_and_door(group) if group < world.n_tasks else None
    if keys and doors:
        (kx, ky), (dx, dy) = keys.pop(), doors.pop()
        pair = ((kx * world.size + ky) * world.size + dx) * world.size + dy
        found = np.flatnonzero(world.pairs(np.arange(world.n_tasks)) == pair)
        return Shown(int(found[0]), int(found[0]) != group) if len(found) else Shown(other=True)
    return Shown(other=bool(keys) and (told is None or keys != {told[0]}), partly=True)


def _paid_in_order(file: HistoryFile, group: int, pays: Pays) -> tuple[set[Cell], set[Cell]]:
    """The cells of first rewards and of second ones, of episodes from their beginning."""
    steps, streams = file.size(group)
    steps, part = min(steps, STEPS), slice(0, min(streams, STREAMS))
    there, sure = file.clock.reached(group, part, 0, steps)
    ends = np.broadcast_to(file.clock.ends(group, 0, steps)[:, part], sure.shape)
    episode = ends.cumsum(axis=0) - ends
    found: tuple[set[Cell], set[Cell]] = set(), set()
    place: dict[tuple[int, int], int] = {}  # stream and episode → rewards so far
    for step, stream in np.argwhere(pays(file.rewards(group, part, 0, steps))).tolist():
        key = stream, int(episode[step, stream])
        place[key] = place.get(key, -1) + 1
        if place[key] < len(found) and sure[step, stream]:
            x, y = there[step, stream].tolist()
            found[place[key]].add((x, y))
    return found
