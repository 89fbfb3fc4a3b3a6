"""Which heads need their whole context, measured on training tasks.

A head's need is what is lost if it alone keeps K entries, by the strategy, and all others all: the mean KL of the
actions from those with the full context, over the open loop's contexts of a few training tasks. The trials' own tasks
are not looked at.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...models.model import Model
from ...records.arrays import Doubles
from ...records.defaults import LEVEL, MEMORY, POSITIONS
from ...records.errors import ConfigError
from ...worlds.draws import Use, number
from ..choice import Choice, parse
from ..sharing import KEY, Duo, count_retrieval
from ..strategies.base import Bools
from .closed_loop import returns_and_actions
from .open_loop import Reference, compare, reference_of
from .plan import FULL, Plan

TASKS = 8
"""Training tasks that heads are measured on, one history each: the last of the split, searches take the first."""


def check_training(choice: Choice, training: tuple[int, ...]) -> None:
    """Raise ConfigError where heads cannot be measured."""
    if isinstance(choice.shared, Duo) and not training:
        raise ConfigError(
            f"{KEY}=duo",
            expected="training tasks beside the held-out ones, on which retrieval heads are measured",
            found="none",
            action="share the budget another way",
        )


def retrieval_heads(model: Model, plan: Plan, choice: Choice, reference: Reference) -> Bools:
    """(L, H) True for the heads that keep all of a choice that shares so: those with the largest need.

    Of equal ones the later.

    Args:
        reference: of `on_training`.
    """
    assert isinstance(choice.shared, Duo)
    need = needs_of_heads(model, plan, choice, reference)
    found = np.zeros(need.size, np.bool_)
    found[np.argsort(need, axis=None, kind="stable")[need.size - count_retrieval(choice.shared, *need.shape) :]] = True
    return found.reshape(need.shape)


def needs_of_heads(model: Model, plan: Plan, choice: Choice, reference: Reference) -> Doubles:
    """(L, H) mean KL in nats of the actions where that head alone keeps K entries."""
    n = plan.n_context
    found = np.zeros((model.n_layer, model.n_head))
    for layer, head in np.ndindex(found.shape):
        budgets = np.full(found.shape, n, np.int64)
        budgets[layer, head] = choice.limit(n)
        found[layer, head] = compare(model, reference, choice, plan.positions, plan.seed, budgets).divergence.mean()
    return found


def on_training(model: Model, plan: Plan) -> Reference:
    """Contexts of training tasks, with draws that nothing else has."""
    rooms = replace(
        plan,
        goals=plan.training,
        streams=1,
        seed=number(plan.seed, Use.RETRIEVAL, 0),
        positions=POSITIONS,
        memory=MEMORY,
        level=LEVEL,
    )
    _, actions = returns_and_actions(model, rooms, parse(FULL))
    return reference_of(model, rooms, actions)
