"""Keep transitions ever more sparsely with age: the density halves with every half-life."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from .base import Bools, Contexts, Parameters

ROUNDING = 1e-9
"""An age of 4 is not to become 3 by the rounding of a logarithm."""


class HalfLife(Parameters):
    """How fast the density decays."""

    half_life: float = Field(default=20, ge=0.01, le=1e6, description="age in transitions at which the density halves")


NAME = "exponential"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = HalfLife
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: HalfLife, rng: np.random.Generator) -> Bools:
    """The quantiles of a density that decays with age, the newest first.

    Where the density would exceed one per transition, neighbours are taken instead: a dense recent part, a thin past.
    """
    del rng
    kept = np.zeros(contexts.actions.shape, np.bool_)
    n, count = contexts.n, min(budget, contexts.n)
    rate = math.log(2) / parameters.half_life
    ranks = np.arange(count)
    # F(age) = (1 - e^(-rate age)) / (1 - e^(-rate n)) solved for F = rank / count
    ages = np.floor(-np.log1p(ranks / max(count, 1) * math.expm1(-rate * n)) / rate + ROUNDING).astype(np.int64)
    ages = np.maximum.accumulate(ages - ranks) + ranks  # no age twice
    ages = np.minimum(ages, n - count + ranks)  # and room for those that follow
    kept[:, n - 1 - ages] = True
    return kept
