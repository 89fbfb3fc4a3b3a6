"""An agent in the middle of its life, whose heads hold made-up keys and values: to be timed and weighed."""

from __future__ import annotations

import numpy as np
import torch

from ..models.model import Model
from ..records.arrays import Doubles, Ints
from .caching import CachePolicy, Queries
from .choice import Choice
from .held_layer import HeldLayer
from .sharing import Ada
from .strategies.base import EXPECTED, WINDOW, WINDOW_QUERIES

EPISODE, REWARDED = 20, 10
"""Transitions of an episode; every which one pays."""


def agent_in_mid_life(
    model: Model, choice: Choice, n: int, budgets: Ints, shares: Doubles, rooms: int = 1
) -> CachePolicy:
    """One that has read n transitions and holds what it may, so that the next one makes every full head drop one.

    Keys, values and queries are random, and heads hold their newest; the same each time.

    Args:
        budgets: (L, H) of its heads.
        shares: (L, H) entries of the heads in proportion: where scores divide a layer's budget, it is divided so.
        rooms: agents side by side, which hold alike.
    """
    rng, width = np.random.default_rng(0), model.d_model // model.n_head
    like = next(model.network.parameters())

    def random(*shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.standard_normal(shape, np.float32)).to(like)

    agent = CachePolicy(model, choice, n, EPISODE, rng, budgets)
    agent.step = n
    for layer, most in enumerate(np.minimum(budgets, n)):
        counts = _shared_out(int(most.sum()), shares[layer]) if isinstance(choice.shared, Ada) else most
        came = np.tile(np.concatenate([np.arange(n - count, n) for count in counts.tolist()]), rooms)
        total, received = len(came), rng.random(len(came))
        rewards = (came % REWARDED == REWARDED - 1).astype(np.float32)
        keys, values = random(total, width), random(total, width)
        each, episode = np.tile(counts, (rooms, 1)), came // EPISODE
        agent.layers[layer] = HeldLayer(each, keys, values, rewards, episode, received, came)
        queries = agent.queries[layer] = Queries()
        needs = choice.strategy.NEEDS & {WINDOW, EXPECTED}
        for _ in range(min(n, WINDOW_QUERIES) if needs else 0):
            queries.add(random(rooms, model.n_head, 1, width), needs)
    return agent


def _shared_out(total: int, shares: Doubles) -> Ints:
    """(H,) whole numbers in proportion to shares that add up to a total: the largest remainders are rounded up."""
    exact = total * shares / shares.sum()
    found: Ints = np.floor(exact).astype(np.int64)
    found[np.argsort(found - exact, kind="stable")[: total - int(found.sum())]] += 1
    return found
