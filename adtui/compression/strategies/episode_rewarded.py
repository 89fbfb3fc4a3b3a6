"""Keep the running episode, then the newest rewarded transitions of earlier ones, filled with the newest others.

Where a reward comes once in an episode, no state says what is to be done next: only what this episode has brought does.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from .base import Bools, Contexts, Parameters, highest, not_older, positions, running


class Earlier(Parameters):
    """How many of the earlier are kept because they are rewarded."""

    rewarded: int = Field(default=4, ge=0, description="of earlier episodes, kept because they are rewarded")


NAME = "episode+rewarded"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Earlier
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Earlier, rng: np.random.Generator) -> Bools:
    """Of the running episode the rewarded first; the newer before the older throughout."""
    del rng
    now, rewarded = running(contexts), contexts.rewards > 0
    earlier = rewarded & ~now
    tier = np.where(now, 2 + rewarded, earlier & (not_older(earlier) <= parameters.rewarded))
    return highest(tier * contexts.n + positions(contexts), budget)
