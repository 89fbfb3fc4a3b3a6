"""A pass of one token over keys and values that are held from earlier ones, instead of over the tokens again."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from .attend import attend, row_weights
from .decoder import Block, Decoder, Pass


class HeldKeys(Protocol):
    """Whoever holds them. Tensors are on the model's device."""

    def before(self, layer: int) -> tuple[Tensor, Tensor, Tensor | None] | None:
        """Keys and values of a layer, (B, H, m, d/H) each; None where there are none yet.

        Besides, (B, H, m) bool: True where a head holds something; None where all hold m.
        """

    def add(self, layer: int, q: Tensor, k: Tensor, v: Tensor, row: Tensor, out_weight: Tensor) -> None:
        """A token was added.

        Args:
            q: (B, H, 1, d/H), its query.
            k, v: (B, H, m + 1, d/H), its own last.
            row: (B, H, m + 1), its attention.
            out_weight: (d, d), the output projection's weight (out, in).
        """


def appended(decoder: Decoder, token: Tensor, held: HeldKeys, *, add: bool) -> Tensor:
    """(B, 1, d) token with its position → (B, d) hidden state after all layers; it sees what is held, and itself.

    Args:
        add: tell `held` of its keys and values; else nothing stays of it, as of a query.
    """
    x = token
    for layer, block in enumerate(decoder.blocks):
        assert isinstance(block, Block)
        attention = _Attention(block, layer, held, add)
        x = block.after(x, attention(block.before(x)))
    x = x[:, 0]
    return x if decoder.final_norm is None else decoder.final_norm(x)


class _Attention:
    """Of one layer."""

    def __init__(self, block: Block, layer: int, held: HeldKeys, add: bool) -> None:
        self.attention, self.layer, self.held, self.add = block.attention, layer, held, add

    def __call__(self, x: Tensor) -> Tensor:
        q, k, v = self.attention.heads(x, Pass(None, False, self.layer, None, None))
        before, seen = self.held.before(self.layer), None
        if before is not None:
            k, v = torch.cat([before[0], k], dim=2), torch.cat([before[1], v], dim=2)
            seen = None if before[2] is None else F.pad(before[2], (0, 1), value=True)
        mask = None if seen is None else seen[:, :, None]
        y = attend(q, k, v, mask=mask, causal=False, layer=self.layer, recorder=None)
        if self.add:
            row = row_weights(q, k, 0, causal=False, seen=seen)
            self.held.add(self.layer, q, k, v, row, self.attention.out.weight)
        out: Tensor = self.attention.out(y.transpose(1, 2).flatten(2))
        return out
