"""Keep the newest of all equal transitions, which stands for all of them: few tokens where much is repeated.

Of the kinds the newest and then the rewarded come first. What stands for m has ln m added to its attention scores, as m
copies of it would get together.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from .base import Bools, Contexts, Floats, Ints, Parameters, each_stands_for, highest, positions


class Newest(Parameters):
    """How many kinds come before the rewarded."""

    newest: int = Field(default=1, ge=0, description="kinds kept because they are the newest")


NAME = "distinct"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Newest
EXACT = False


def keep(contexts: Contexts, budget: int, parameters: Newest, rng: np.random.Generator) -> Bools:
    """The newest kinds, then the rewarded, then the others, the newer first; fewer than K where there are fewer."""
    del rng
    kind = kinds(contexts)
    first = np.zeros(kind.shape, np.bool_)
    for row, of in enumerate(kind):
        first[row, contexts.n - 1 - np.unique(of[::-1], return_index=True)[1]] = True
    newer = np.cumsum(first[:, ::-1], axis=1)[:, ::-1]  # kinds that are not older, itself included
    tier = np.where(newer <= parameters.newest, 3, 1 + (contexts.rewards > 0))
    scores = np.where(first, tier, 0) * contexts.n + positions(contexts)
    return highest(scores, np.minimum(budget, first.sum(axis=1)))


def merged(contexts: Contexts, kept: Bools, parameters: Newest) -> Floats:
    """(B, n) what each that stays stands for: all of its kind. Of kinds that are dropped nothing stays."""
    del parameters
    total, own = np.zeros(kept.shape, np.float32), each_stands_for(contexts)
    for row, of in enumerate(kinds(contexts)):
        total[row] = np.bincount(of, own[row], minlength=1)[of] if len(of) else 0
    return np.where(kept, total, 0)


def kinds(contexts: Contexts) -> Ints:
    """(B, n) equal numbers where transitions of a context are equal: state, action, reward and next state."""
    B, n = contexts.actions.shape
    alone = contexts.actions[..., None], np.nan_to_num(contexts.rewards)[..., None]
    rows = np.concatenate([contexts.states, *alone, contexts.next_states], axis=2)
    found = np.zeros((B, n), np.int64)
    for row in range(B if n else 0):
        found[row] = np.unique(rows[row], axis=0, return_inverse=True)[1].reshape(n)
    return found
