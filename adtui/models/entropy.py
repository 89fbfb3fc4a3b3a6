"""Entropy of attention's rows."""

from __future__ import annotations

import torch
from torch import Tensor

DIRECT = 0.02
"""Entropies below this share of the largest possible score are summed term by term; see `attend.portable`."""


def entropy_of(p: Tensor) -> Tensor:
    """(rows, keys) weights that sum to 1 → (rows,) −Σ p ln p, never negative."""
    return (p * -p.clamp(torch.finfo(p.dtype).tiny, 1.0).log()).sum(-1)
