"""One intercepted attention: its tensors as (batch, heads, tokens, width), and what its mask hides.

Whatever computed it (`scaled_dot_product_attention`, FlexAttention, a softmax of scores), it is looked at in one form.
Where queries and keys under a plain mask say everything, no matrix is made; else the scores are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..records.errors import ModelError

SDPA, FLEX, SOFTMAX = KINDS = ("sdpa", "flex", "softmax")
CAUSAL: Final = "causal"
FULL: Final = "full"
Look = Literal["causal", "full"] | Tensor
"""What the queries of a call see: the keys up to their own, all, or a (B or 1, H or 1, Q, K) bool of what is hidden."""
FAR = 5000.0
"""Scores so far below the largest of their row are a mask's: code writes −inf, −1e9, −1e4 or the least number."""
LEAST = -1e4
"""ln of a weight of 0: e to it is 0 in every type, and 0 times it is no NaN."""


class UnfoldedError(ValueError):
    """A tensor's leading sizes are no batch and heads."""


@dataclass(frozen=True, eq=False)
class Call:
    """An attention whose queries and keys are seen.

    Attributes:
        kind: SDPA or FLEX.
        q, k, v: (B, H, Q, d), (B, H, K, d), (B, H, K, d_v).
        scale: of the scores q kᵀ.
        mask: (…, Q, K) bool, True where the query may see the key, or numbers that are added to the scores; None.
        causal: a key is hidden from the queries before it, where there is no mask.
        scored: gives the scores of q and k where `mask` does not: (B, H, Q, K), −inf where hidden. FlexAttention's.
    """

    kind: str
    q: Tensor
    k: Tensor
    v: Tensor
    scale: float
    mask: Tensor | None = None
    causal: bool = False
    scored: Callable[[Tensor, Tensor], Tensor] | None = None

    @property
    def sizes(self) -> tuple[int, int, int]:
        """(heads, queries, keys)."""
        return int(self.q.shape[1]), int(self.q.shape[2]), int(self.k.shape[2])

    @property
    def queries(self) -> Tensor:
        """q such that the scores are q kᵀ / √d."""
        factor = self.scale * self.q.shape[3] ** 0.5
        return self.q if abs(factor - 1) < 1e-6 else self.q * factor

    @cached_property
    def products(self) -> Tensor:
        """(B, H, Q, K) scores before any mask."""
        return (self.q @ self.k.transpose(-2, -1)) * self.scale

    @cached_property
    def scores(self) -> Tensor:
        """(B, H, Q, K), −inf where the key is hidden."""
        if self.scored is not None:
            return self.scored(self.q, self.k)
        if self.mask is None:
            hidden = triangle(self.q.shape[2], self.k.shape[2], self.q.device) if self.causal else None
            return self.products if hidden is None else self.products.masked_fill(hidden, float("-inf"))
        if self.mask.dtype == torch.bool:
            return self.products.masked_fill(~self.mask, float("-inf"))
        return self.products + self.mask

    @cached_property
    def look(self) -> Look:
        """What the queries see."""
        if self.scored is None and self.mask is None:
            return CAUSAL if self.causal else FULL
        if self.scored is None and self.mask is not None:
            hidden = ~self.mask if self.mask.dtype == torch.bool else self.mask < -FAR
            return named(hidden)
        return named(self.scores == float("-inf"))

    def attended(self, shown: Tensor | None) -> Tensor:
        """The output (B, H, Q, d_v), keys where `shown` (B, 1 or H, Q, K) is not True hidden as well."""
        if self.scored is not None:
            scores = self.scores if shown is None else self.scores.masked_fill(~shown, float("-inf"))
            return weights_of(scores).to(self.v.dtype) @ self.v
        mask, causal = self.mask, self.causal and self.mask is None
        if shown is not None and mask is None:
            mask = shown & ~triangle(*self.sizes[1:], shown.device) if causal else shown
        elif shown is not None and mask is not None:
            hidden = ~shown if mask.dtype == torch.bool else ~shown | (mask < -FAR)
            mask = mask & ~hidden if mask.dtype == torch.bool else mask.masked_fill(hidden, float("-inf"))
        causal = causal and mask is None
        y = F.scaled_dot_product_attention(self.q, self.k, self.v, attn_mask=mask, is_causal=causal, scale=self.scale)
        if mask is None:
            return y
        empty = ~(mask if mask.dtype == torch.bool else mask != float("-inf")).any(-1, keepdim=True)
        return y.masked_fill(empty, 0.0)

    @cached_property
    def plain(self) -> bool:
        """Whether queries and keys under a causal mask, or under none, say everything: one block of `measured`."""
        if isinstance(self.look, Tensor) or self.q.shape[3] != self.v.shape[3]:
            return False
        if self.scored is not None:
            seen = self.scores != float("-inf")
            return torch.equal(self.scores.where(seen, 0.0), self.products.to(self.scores).where(seen, 0.0))
        if self.mask is None or self.mask.dtype == torch.bool:
            return True
        return not bool((self.mask.masked_fill(self.mask < -FAR, 0.0) != 0).any())


def weights_of(scores: Tensor) -> Tensor:
    """Softmax over the keys; a query that sees none has weights of 0."""
    weights = torch.softmax(scores, dim=-1)
    return weights.masked_fill((scores == float("-inf")).all(-1, keepdim=True), 0.0)


def look_of_scores(scores: Tensor) -> Look:
    """What queries see by (B, H, Q, K) scores."""
    return named(masked(scores))


def masked(scores: Tensor) -> Tensor:
    """Bool, True where scores (…, Q, K) are a mask's: −inf, or FAR below the largest of their row."""
    return scores < scores.amax(-1, keepdim=True) - FAR


def named(hidden: Tensor) -> Look:
    """A mask (…, Q, K) by its name, where it has one."""
    if not bool(hidden.any()):
        return FULL
    Q, K = hidden.shape[-2:]
    if Q == K and bool((hidden == triangle(Q, K, hidden.device)).all()):
        return CAUSAL
    return hidden


def is_look(look: Look, name: str) -> bool:
    """Whether it is the one of this name."""
    return isinstance(look, str) and look == name


def triangle(Q: int, K: int, device: torch.device) -> Tensor:
    """(Q, K) bool, True where a key comes after the query."""
    return torch.ones(Q, K, dtype=torch.bool, device=device).triu(1)


def hidden_of(look: Look, n_tokens: int, device: torch.device) -> Tensor:
    """(N, N) bool, True where no head of no context lets the query see the key."""
    if isinstance(look, Tensor):
        return look.reshape(-1, *look.shape[-2:]).all(0)
    hidden = triangle(n_tokens, n_tokens, device)
    return hidden if is_look(look, CAUSAL) else torch.zeros_like(hidden)


def as_queries(weights: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix kept whole, in the form of queries and keys (B, H, N, N) each: softmax(q kᵀ / √N) is `weights`.

    The keys are the unit vectors and the queries ln P · √N: what reads rows off queries and keys then reads these.
    """
    N = weights.shape[-1]
    logs = weights.log().clamp_min(LEAST) * N**0.5
    units = torch.eye(N, dtype=weights.dtype, device=weights.device)
    return logs, units.expand(*weights.shape[:2], N, N)


def fold(x: Tensor, batch: int) -> Tensor:
    """(…, N, d) → (B, H, N, d): heads may lie in the first dimension behind the batch, or be several dimensions.

    Raises:
        UnfoldedError: the leading sizes are no multiple of the batch.
    """
    lead = x.shape[:-2]
    count = prod(lead)
    if batch < 1 or count % batch or (len(lead) > 1 and lead[0] != batch):
        raise UnfoldedError(f"{tuple(x.shape)}")
    return x.reshape(batch, count // batch, *x.shape[-2:])


def fold_mask(mask: Tensor, lead: torch.Size, batch: int) -> Tensor:
    """A mask (…, Q, K) that fits tensors with these leading sizes → one that fits folded ones."""
    if mask.dim() <= 2 or (len(lead) == 2 and mask.dim() == 4):
        return mask
    return fold(mask.expand(*lead, *mask.shape[-2:]), batch)


def grouped(x: Tensor, n_head: int) -> Tensor:
    """Keys or values (B, H', K, d) that groups of heads share → (B, H, K, d)."""
    shared = x.shape[1]
    if shared == n_head:
        return x
    if n_head % shared:
        raise ModelError(
            "attention", expected="as many queries' heads as a multiple of keys'", found=f"{n_head} and {shared}",
            action="check the model",
        )  # fmt: skip
    return x.repeat_interleave(n_head // shared, dim=1)
