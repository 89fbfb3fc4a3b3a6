"""What is asked of the residual stream, and what its labels are where tasks exchange them. No torch.

The null hypothesis is that what a model does and holds on one task has nothing to do with the label there, given the
age of the context. Contexts of a task resemble each other, and neighbours in time more so, as do their labels; so
labels are not shuffled one by one. Whole tasks exchange them: task g gets what task π(g) has, room by room, *at the
moments of task g*. So within a task labels keep their course in time, no context gets a label of another age, and what
the age alone tells of a label, it tells of an exchanged one just as well. As tasks are alike under the hypothesis, all
exchanges are equally likely, and the true one is one of them.

- A reward was found: whether one is among the transitions of the context; π(g)'s rooms are looked at at g's moments.
- The goal's cell: that of π(g), in the contexts of g that hold a reward. Others cannot tell it. How many a task has may
  hang on where its goal is: it is then part of what is exchanged, and may make the distance of goals from the start
  readable, but not their side.
- The step of the episode: was drawn by lot for every room and episode, and is exchanged as it was drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..records.arrays import Doubles, Floats, Ints
from ..statistics.ridge import standardised
from .lived import Lived
from .thresholds import PROBES

REWARD, GOAL, STEP = "whether a reward was found", "the goal's cell", "the step of the episode"
LEAST = int(PROBES["tasks"].value)


@dataclass(frozen=True, eq=False)
class Target:
    """One label of contexts.

    Attributes:
        name: one of the above.
        words: what is predicted of it.
        rows: (N,) the contexts that have it, as indices into all.
        labels: (G,) order of the tasks → (N, D) labels where task g gets those of the task `order[g]`.
        told: (N, Z) what may tell it without the model: the query's cell and the age of the context.
    """

    name: str
    words: str
    rows: Ints
    labels: Callable[[Ints], Floats]
    told: Doubles


def targets_of(lived: Lived) -> tuple[list[Target], dict[str, str]]:
    """The targets that these contexts have, and why the others cannot be asked for."""
    found, lacking = [], {}
    for make in (_reward, _goal, _step):
        name, target = make(lived)
        if isinstance(target, str):
            lacking[name] = target
        else:
            found.append(target)
    return found, lacking


def _reward(lived: Lived) -> tuple[str, Target | str]:
    if not lived.plan.world.STATES:
        return REWARD, "bandits pay by chance, and no reward is found there"
    G, K, _ = lived.shape
    rooms = np.arange(K)[None, :, None]

    def labels(order: Ints) -> Floats:
        return (
            np.where(lived.found[order[:, None, None], rooms, lived.moments], 1, -1).reshape(-1, 1).astype(np.float32)
        )

    true = labels(np.arange(G))[:, 0]
    for value, words in ((1, "hold a reward"), (-1, "hold none")):
        if (tasks := len(np.unique(lived.task[true == value]))) < LEAST:
            return REWARD, f"contexts of {tasks} tasks {words}, {LEAST} are needed"
    rows = np.arange(len(true))
    return REWARD, Target(REWARD, "1 or −1", rows, labels, _told(lived, rows, steps=True))


def _goal(lived: Lived) -> tuple[str, Target | str]:
    goals = [lived.plan.world.goal(task) for task in lived.plan.tasks.tolist()]
    known = [goal for goal in goals if goal is not None]
    if len(known) < len(goals):
        return GOAL, "the tasks of this world have no one rewarded cell"
    if len(set(known)) < 2:
        return GOAL, "it is the same in all tasks of this world"
    cells = np.array(known, dtype=np.float32)
    rows = np.flatnonzero(np.take_along_axis(lived.found, lived.moments, axis=2).reshape(-1))
    if (tasks := len(np.unique(lived.task[rows]))) < LEAST:
        return GOAL, f"contexts of {tasks} tasks hold a reward, {LEAST} are needed"

    def labels(order: Ints) -> Floats:
        return cells[order][lived.task[rows]]

    return GOAL, Target(GOAL, "x and y, in contexts that hold a reward", rows, labels, _told(lived, rows, steps=True))


def _step(lived: Lived) -> tuple[str, Target | str]:
    steps = lived.moments % lived.plan.world.horizon
    if not np.ptp(steps):
        return STEP, "contexts of this model begin and end at the same step of an episode"

    def labels(order: Ints) -> Floats:
        return steps[order].reshape(-1, 1).astype(np.float32)

    rows = np.arange(steps.size)
    return STEP, Target(STEP, f"0 to {lived.plan.world.horizon - 1}", rows, labels, _told(lived, rows, steps=False))


def _told(lived: Lived, rows: Ints, *, steps: bool) -> Doubles:
    """(N, Z) the query's cell by its number and by its coordinates, the episode by its number; the step likewise."""
    cells = lived.contexts.query_states[rows]
    moments = lived.moments.reshape(-1)[rows]
    episodes, step = np.divmod(moments, lived.plan.world.horizon)
    parts = [standardised(cells), _one_hot(np.unique(cells, axis=0, return_inverse=True)[1].reshape(-1))]
    parts.append(_one_hot(episodes))
    if steps:
        parts += [standardised(step[:, None]), _one_hot(step)]
    return np.concatenate(parts, axis=1)


def _one_hot(values: Ints) -> Doubles:
    """(N,) → (N, different values)."""
    hot: Doubles = (values[:, None] == np.unique(values)).astype(np.float64)
    return hot
