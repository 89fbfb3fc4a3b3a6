"""What becomes of the action at the query when the reward of a context is moved to other places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .arrays import Doubles, Ints

DIGITS = 4
"""Of logarithms of probabilities that are compared: those of single precision that no batch changes."""


@dataclass(frozen=True)
class Relocation:
    """One context under K edits, each of which moves its reward to another place.

    Attributes:
        places: (K, 2) the cells that the edits name.
        right: (K, A) which actions at the query lead to each of these.
        before: (A,) probabilities of the actions in the context as it was.
        after: (K, A) under each edit.
    """

    places: Ints
    right: NDArray[np.bool_]
    before: Doubles
    after: Doubles

    @property
    def toward(self) -> Doubles:
        """(K, K) probability of a right step for each place (second index) under each edit (first)."""
        found: Doubles = self.after @ self.right.T.astype(np.float64)
        return found

    @property
    def ranks(self) -> Doubles:
        """(K, K) rank of each place (second index) under each edit (first), by the likeliest of its right actions.

        From 0.5 for the least likely; places that are alike to four digits share their mean rank. A policy that an edit
        only makes bolder or shyer ranks the places as before.
        """
        best = np.where(self.right, self.after[:, None], 0.0).max(axis=-1)
        seen = np.round(np.log(np.maximum(best, np.finfo(np.float64).tiny)), DIGITS)
        less, equal = (compare(seen[:, None], seen[:, :, None]) for compare in (np.less, np.equal))
        found: Doubles = less.sum(axis=-1) + equal.sum(axis=-1) / 2
        return found

    @property
    def toward_before(self) -> Doubles:
        """(K,) the same without an edit."""
        found: Doubles = self.right.astype(np.float64) @ self.before
        return found
