"""Keep the newest, and of the older transitions those that began nearest to where the query stands.

An agent that forgets retrieves from what it still has: this is for `--memory full`, which searches the whole context.
"""

from __future__ import annotations

import numpy as np

from .base import Bools, Contexts, Parameters, highest, protected, rewarded_then_recent
from .newest_rewarded import Split

NAME = "retrieval"
CITES = "Schmied et al. 2024, arXiv 2410.07071"
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Split
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Split, rng: np.random.Generator) -> Bools:
    """By steps from the transition's state to the query's; of equally near ones the rewarded, then the newer first."""
    del rng
    away = np.abs(contexts.states - contexts.query_states[:, None]).sum(axis=-1)
    order = np.lexsort((-rewarded_then_recent(contexts), away), axis=-1)
    nearness = -np.argsort(order, axis=1)
    return highest(protected(nearness, newest=parameters.of(budget)), budget)
