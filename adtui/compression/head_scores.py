"""What a head's own queries, keys and values say of each key: scores that strategies choose by.

Letters: … whatever stands before, m keys, w queries, d_h features of a head. `seen` is True where there is a key.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SINKS = 4
"""The first queries, which are left out of `QueryMoments`: kvpress takes those of the first tokens for outliers."""


def key_difference(k: Tensor, seen: Tensor | None = None) -> Tensor:
    """(…, m, d_h) keys → (…, m): minus the cosine to the mean of all keys' directions.

    KeyDiff: Park et al. 2025, arXiv 2504.15364.
    """
    directions = F.normalize(k, p=2, dim=-1)
    if seen is None:
        anchor = directions.mean(dim=-2, keepdim=True)
    else:
        anchor = (directions * seen[..., None]).sum(dim=-2, keepdim=True)  # its length does not count
    return -F.cosine_similarity(k, anchor, dim=-1)


class QueryMoments:
    """Count, mean (…, d_h) and second moment (…, d_h, d_h) of queries, in float64: all that is kept of them."""

    def __init__(self) -> None:
        self.passed = self.count = 0
        self.mean = self.square = torch.zeros(0)

    def add(self, q: Tensor) -> None:
        """(…, w, d_h) more queries, in the order of time; the first SINKS of all are left out."""
        late = q[..., max(0, SINKS - self.passed) :, :].double()
        self.passed += q.shape[-2]
        if not late.shape[-2]:
            return
        if not self.count:
            self.mean, self.square = (
                torch.zeros_like(late[..., 0, :]),
                torch.zeros_like(late[..., :1, :].mT @ late[..., :1, :]),
            )
        self.count += late.shape[-2]
        share = late.shape[-2] / self.count
        self.mean += share * (late.mean(dim=-2) - self.mean)
        self.square += share * (late.mT @ late / late.shape[-2] - self.square)

    @property
    def covariance(self) -> Tensor:
        """(…, d_h, d_h), over all of them."""
        return self.square - self.mean[..., :, None] * self.mean[..., None, :]


def expected_attention(k: Tensor, v: Tensor, queries: QueryMoments, seen: Tensor | None = None) -> Tensor:
    """(…, m) attention that a query is expected to pay, times ‖v‖; keys and values (…, m, d_h).

    E exp(q k / √d_h) = exp(μ k / √d_h + k Σ k / (2 d_h)) of normal queries with mean μ and covariance Σ, in proportion
    over the keys: Devoto et al. 2025, arXiv 2510.00636. Where there were no queries yet all attention is equal.
    """
    width = k.shape[-1]
    scores = torch.zeros(k.shape[:-1], dtype=torch.float64, device=k.device)
    if queries.count:
        keys = k.double()
        scores = (keys @ queries.mean[..., None])[..., 0] * width**-0.5
        scores = scores + ((keys @ queries.covariance) * keys).sum(dim=-1) / (2 * width)
    if seen is not None:
        scores = scores.masked_fill(~seen, float("-inf"))
    paid: Tensor = torch.softmax(scores, dim=-1) * v.double().norm(dim=-1)
    return paid


def window_attention(q: Tensor, k: Tensor, visible: Tensor) -> Tensor:
    """(…, m) attention of w queries (…, w, d_h) on keys (…, m, d_h), their mean; a query that sees no key says nothing.

    Args:
        visible: (…, w, m) True where the query sees the key.
    """
    scores = (q @ k.mT * q.shape[-1] ** -0.5).masked_fill(~visible, float("-inf"))
    return torch.nan_to_num(torch.softmax(scores, dim=-1)).mean(dim=-2)
