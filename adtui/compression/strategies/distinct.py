"""Keep the newest of all equal transitions, which stands for all of them: few tokens where much is repeated.

Of the kinds the newest and then the rewarded come first. What stands for m has ln m added to its attention scores, as m
copies of it would get together.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from .base import Bools, Contexts, Floats, Ints, Parameters, each_stands_for, highest, not_older, positions


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
    flat = np.zeros(kind.size, np.bool_)
    flat[kind.size - 1 - np.unique(kind.reshape(-1)[::-1], return_index=True)[1]] = True
    first = flat.reshape(kind.shape)
    tier = np.where(not_older(first) <= parameters.newest, 3, 1 + (contexts.rewards > 0))
    scores = np.where(first, tier, 0) * contexts.n + positions(contexts)
    return highest(scores, np.minimum(budget, first.sum(axis=1)))


def merged(contexts: Contexts, kept: Bools, parameters: Newest) -> Floats:
    """(B, n) what each that stays stands for: all of its kind. Of kinds that are dropped nothing stays."""
    del parameters
    kind = kinds(contexts)
    total = np.bincount(kind.reshape(-1), each_stands_for(contexts).reshape(-1))
    return np.where(kept, total[kind] if kind.size else 0, 0).astype(np.float32)


def kinds(contexts: Contexts) -> Ints:
    """(B, n) numbers from 0 on, equal where transitions of one context are: in state, action, reward and next state."""
    B, n = contexts.actions.shape
    found = np.repeat(np.arange(B), n)
    parts = contexts.states, contexts.actions, np.nan_to_num(contexts.rewards), contexts.next_states
    for column in (column for part in parts for column in part.reshape(B * n, -1 if n and B else 1).T):
        own, of = np.unique(column, return_inverse=True)
        found = np.unique(found * len(own) + of, return_inverse=True)[1]
    return found.reshape(B, n)
