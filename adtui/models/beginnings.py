"""Contexts that begin alike, run through a causal decoder once as far as they do.

What a causal model computes of a token depends on nothing after it. The contexts of a trial are many, and many begin
with the same transitions: of these it keeps keys and values, CHUNK tokens at a time, and goes on from them. A context
that has moved on by a step begins otherwise, at learned positions every token of it is another one; rooms that share a
goal, and an agent that repeats itself, are what makes beginnings come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..records.arrays import Ints
from .alike import ALIKE
from .decoder import Block, Decoder, split_heads

CHUNK = 16
"""Tokens that are kept together."""
SHORTEST = CHUNK + ALIKE
"""Tokens of a context whose beginning is worth keeping."""
BYTES = 1 << 27
"""Of keys and values that are kept; when there are as many, all are forgotten."""


class Beginnings:
    """Keys and values of beginnings, in chunks; each is known by a digest of all that it depends on.

    Args:
        decoder: causal, and not rotary: each token is told where it stands before the first layer.
    """

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        d, layers = self.decoder.shape.d_model, self.decoder.shape.n_layer
        weight = next(decoder.parameters())
        self.room = max(1, BYTES // (2 * layers * CHUNK * d * weight.element_size()))
        self.kept = weight.new_empty(layers, 2, self.room, CHUNK, d)
        self.places: dict[bytes, int] = {}

    def hidden(self, tokens: Tensor, told: Sequence[bytes], each: int) -> Tensor:
        """(B, d) hidden states of the last of the tokens (B, N, d) of contexts that it `takes`.

        Args:
            told: of each row what its tokens were made from, beginning with `each` bytes for each but the last.
        """
        B, N = tokens.shape[:2]
        levels = (N - ALIKE) // CHUNK
        if len(self.places) + B * levels > self.room:
            self.places.clear()
        slots = np.zeros((B, levels), np.int64)
        width = each * CHUNK
        marks = [b""] * B
        for level in range(levels):
            part = slice(level * width, (level + 1) * width)
            marks = [blake2b(mark + row[part], digest_size=16).digest() for mark, row in zip(marks, told, strict=True)]
            fresh = list({mark: row for row, mark in enumerate(marks) if mark not in self.places}.values())
            if fresh:
                begin = len(self.places)
                self.places |= {marks[row]: begin + number for number, row in enumerate(fresh)}
                x = tokens[fresh, level * CHUNK : (level + 1) * CHUNK]
                self._run(x, slots[fresh, :level], slice(begin, begin + len(fresh)))
            slots[:, level] = [self.places[mark] for mark in marks]
        x = self._run(tokens[:, levels * CHUNK :], slots, None)
        return x if self.decoder.final_norm is None else self.decoder.final_norm(x)

    def takes(self, rows: int, n_tokens: int) -> bool:
        """Whether so many contexts have something to keep, room for it, and round as they do by themselves.

        With 33 to 35 tokens the last one's attention is computed among fewer than ALIKE queries, see `first_alike`.
        """
        alike = n_tokens % 32 == 0 or n_tokens % 32 >= ALIKE
        return alike and rows >= ALIKE and n_tokens >= SHORTEST and rows * (n_tokens // CHUNK) <= self.room

    def _run(self, x: Tensor, before: Ints, keep: slice | None) -> Tensor:
        """(B, m, d) tokens after the chunks `before` (B, c) → (B, d) of the last; or, to be kept, no more than that."""
        m, past = x.shape[1], before.shape[1] * CHUNK
        seen = torch.ones(m, past + m, dtype=torch.bool, device=x.device).tril(past)
        chunks = torch.as_tensor(before, device=x.device).flatten()
        for layer, block in enumerate(self.decoder.blocks):
            assert isinstance(block, Block), "a decoder is made of blocks"
            last = layer == self.decoder.shape.n_layer - 1
            q, k, v = block.attention.qkv(block.before(x)).chunk(3, dim=-1)
            if keep is not None:
                self.kept[layer, 0, keep], self.kept[layer, 1, keep] = k, v
                if last:
                    break
            if past:
                k, v = (torch.cat([self._of(layer, which, chunks, len(x)), own], 1) for which, own in ((0, k), (1, v)))
            if last:
                x, q, seen = x[:, -1:], q[:, -ALIKE:], seen[-ALIKE:]
            q, k, v = (split_heads(part, self.decoder.shape.n_head) for part in (q, k, v))
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)[:, :, -x.shape[1] :]
            x = block.after(x, block.attention.out(y.transpose(1, 2).flatten(2).contiguous()))
        return x[:, -1]

    def _of(self, layer: int, which: int, chunks: Tensor, rows: int) -> Tensor:
        """(B, c · CHUNK, d) keys, 0, or values, 1, of chunks (B · c,)."""
        kept = self.kept[layer, which]
        return kept.index_select(0, chunks).view(rows, -1, kept.shape[-1])
