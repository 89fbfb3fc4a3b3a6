"""Bytes that an agent holds from one step to the next, computed from what it keeps and from the model's shape."""

from __future__ import annotations

from ..models.model import Model
from ..records.trial_cost import Held
from .acting import bytes_each
from .choice import Choice
from .strategies.base import Memory


def held(model: Model, choice: Choice, n: int, memory: Memory) -> Held:
    """Of an agent whose full context has n transitions.

    While it chooses, an agent with online memory holds one transition more than `Held.state` counts, its newest. One
    that chooses from the whole context at every step holds all n, whatever it acts on.
    """
    kept = choice.limit(n)
    return Held((kept if memory == "online" else n) * bytes_each(choice), cache_bytes(model, kept))


def cache_bytes(model: Model, n: int) -> int | None:
    """Keys and values of all layers of one pass over n transitions and the query; None in code that is not known.

    Latents count as tokens; the rounds that make them do not.
    """
    network = model.network
    if not network.own_layers:
        return None
    tokens = network.layout(n).n_tokens - network.takes_query_action  # an agent that acts has no action there yet
    return 2 * model.n_layer * tokens * model.d_model * next(network.parameters()).element_size()
