"""A compressor in a user's model: which attention is of which round and layer, as the adapter's `rounds` says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ..records.errors import AdapterError
from .watching import Aside

Round = list[tuple[Tensor, Tensor]]
"""For each layer, attention among the latents (B, H, m, m) and of the latents to what the round reads (B, H, m, K)."""


@dataclass(frozen=True)
class RoundSizes:
    """What is shown of a compressor: its layers and heads, and the latents that every round makes."""

    n_layer: int
    n_head: int
    n_latents: int


def in_rounds(where: str, aside: Sequence[Aside], keys: Sequence[int], n_latents: int) -> list[Round]:
    """Put a pass's attention of another form in its place: in every round, layer by layer, own before cross.

    Args:
        where: the adapter, for messages.
        aside: in the order of the pass. What is neither among latents nor of latents to a round's keys is left out.
        keys: how many each round reads.

    Raises:
        AdapterError: it is not that of these rounds.
    """
    forms = {(n_latents, n_latents), *((n_latents, count) for count in keys)}
    found = [one for one in aside if one[:2] in forms]
    layers = len(found) // (2 * len(keys))
    expected = [form for count in keys for form in [(n_latents, n_latents), (n_latents, count)] * layers]
    if not layers or [one[:2] for one in found] != expected:
        shown = ", ".join(f"{queries} by {count}" for queries, count, _ in found[:6]) or "none"
        raise AdapterError(
            f"{where}.rounds",
            expected=f"attention among {n_latents} latents, then of them to {' and '.join(map(str, keys))} keys, in "
            "each layer of a round",
            found=shown,
            action="let `rounds` list what each round reads, or leave it out",
        )
    pairs = [(own[2], cross[2]) for own, cross in zip(found[::2], found[1::2], strict=True)]
    return [pairs[first : first + layers] for first in range(0, len(pairs), layers)]
