"""How a budget of K entries for each head is shared over layers and heads of a cache. Numpy only.

Letters: L layers, H heads, B contexts, M places of which each head holds some, n transitions of a full context.
What stays in a layer is decided in one place, `kept_of_layer`, from scores alone.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ..files.settings import load_settings
from ..records.arrays import Doubles, Ints
from ..records.errors import ConfigError
from .strategies.base import Bools, Parameters, highest


class Evenly(Parameters):
    """K in every head."""


class Ada(Parameters):
    """K · H in a layer, to whichever of its heads score highest, each at least `floor` of K.

    AdaKV: Feng et al. 2024, arXiv 2407.11550; the safeguard is kvpress's, which hands a head its best `floor` · K first
    and then the rest to the highest scores of the layer. The paper's shares the rest first and mixes with K after that.
    """

    floor: float = Field(default=0.2, ge=0, le=1, description="of K, what every head keeps at least")


class Pyramid(Parameters):
    """K · L over the layers, falling in a line from the first to the last, which gets K / `beta`.

    PyramidKV: Cai et al. 2024, arXiv 2406.02069.
    """

    beta: float = Field(default=20, ge=1, le=1e6, description="K over the last layer's budget")


class Duo(Parameters):
    """All in the heads that need it most, as measured on training tasks; K in the others.

    DuoAttention: Xiao et al. 2024, arXiv 2410.10819, with `sink-recent`. There the heads are found by training a gate
    for each; here by what is lost if one alone keeps K (`trials/retrieval.py`).
    """

    retrieval: float = Field(default=0.5, ge=0, le=1, description="share of all heads that keep the whole context")


Sharing = Evenly | Ada | Pyramid | Duo
EVENLY = Evenly()
SHARINGS: dict[str, type[Sharing]] = {"evenly": Evenly, "ada": Ada, "pyramid": Pyramid, "duo": Duo}
KEY = "shared"
"""As users type it: `shared=ada`, and what belongs to it after that."""


def sharing(name: str, values: dict[str, str]) -> Sharing:
    """By its name and parameters.

    Raises:
        ConfigError: there is none of that name, or a parameter is unknown or out of range.
    """
    if name not in SHARINGS:
        raise ConfigError(
            f"{KEY}={name[:60]}",
            expected="a way to share a budget over heads",
            found="an unknown name",
            action=f"use one of: {', '.join(SHARINGS)}",
        )
    return load_settings(values, SHARINGS[name], name=f"{KEY}={name}")


def words_of(shared: Sharing) -> str:
    """ "evenly", "ada:floor=0.2": as users type it."""
    name = next(name for name, kind in SHARINGS.items() if kind is type(shared))
    return ":".join((name, *(f"{key}={value}" for key, value in shared.model_dump().items())))


def holds_more(words: str) -> bool:
    """Whether heads that share so, in `words_of`, hold more than K each in the mean."""
    return SHARINGS[words.partition(":")[0]] is Duo


def budgets_of_heads(shared: Sharing, K: int, n: int, layers: int, heads: int, retrieval: Bools | None = None) -> Ints:
    """(L, H) entries of each head at most, when a context of n is full; of `ada` their mean in a layer.

    Their sum is K · L · H, where K ≤ n; with `duo` it is n for each retrieval head and K for each other.

    Args:
        retrieval: (L, H) the heads that keep all; of `duo` only.
    """
    K = min(K, n)
    budgets = np.full((layers, heads), K, np.int64)
    if isinstance(shared, Pyramid):
        budgets[:] = _line(K, n, layers, Fraction(shared.beta))[:, None]
    if isinstance(shared, Duo):
        assert retrieval is not None, "retrieval heads are measured before they are asked for"
        budgets[retrieval] = n
    return budgets


def _line(K: int, n: int, layers: int, beta: Fraction) -> Ints:
    """(L,) whole numbers that fall in a line from the first layer to the last; their sum is K · L.

    The last layer gets K / beta, and at least one entry; the first the same amount above K, and at most n. A line is
    symmetric around K, and so are halves that are rounded to even numbers: what is rounded adds up.
    """
    if layers == 1 or K == 0:
        return np.full(layers, K, np.int64)
    last = max(K / beta, Fraction(1), Fraction(2 * K - n))
    step = 2 * (K - last) / (layers - 1)
    return np.array([round(2 * K - last - layer * step) for layer in range(layers)], np.int64)


def count_retrieval(shared: Duo, layers: int, heads: int) -> int:
    """How many heads keep all."""
    return layers * heads - round(layers * heads * (1 - shared.retrieval))


def kept_of_layer(shared: Sharing, scores: NDArray[np.float64], present: Bools, budgets: Ints) -> Bools:
    """(B, H, M) True where an entry stays: the highest scores of each head, or of a layer where heads share.

    Of equal scores the later stays, in a layer the later head's. NaN is least.

    Args:
        scores: (B, H, M), comparable between heads for `ada`.
        present: (B, H, M) what the heads hold.
        budgets: (H,) of `budgets_of_heads`.
    """
    B, H, M = scores.shape
    order = np.where(present, np.nan_to_num(scores, nan=-np.inf, posinf=np.inf, neginf=-np.inf), np.nan)
    if isinstance(shared, Ada):
        order = _in_layer(order, present, int(budgets[0]), shared.floor)
        together = order.transpose(0, 2, 1).reshape(B, M * H)
        kept = highest(together, int(budgets.sum())).reshape(B, M, H).transpose(0, 2, 1)
    else:
        kept = highest(order.reshape(B * H, M), np.tile(budgets, B)).reshape(B, H, M)
    return kept & present


def _in_layer(order: Doubles, present: Bools, K: int, floor: float) -> Doubles:
    """The same with every head's own best put before all others of the layer."""
    B, H, M = order.shape
    safe = max(1, int(K * floor)) if floor > 0 and K > 0 else 0
    best = highest(order.reshape(B * H, M), safe).reshape(B, H, M)
    return np.where(best & present, np.inf, order)


def is_full(shared: Sharing, counts: Ints, budgets: Ints) -> bool:
    """Whether something has to go of what the heads of a layer hold, (B, H)."""
    if isinstance(shared, Ada):
        return bool((counts.sum(axis=1) > budgets.sum()).any())
    return bool((counts > budgets).any())
