"""Rotary positions."""

from __future__ import annotations

import torch
from torch import Tensor


def rotate(x: Tensor, positions: Tensor | None = None, base: float = 10000.0) -> Tensor:
    """Rotary positions, half-split: component i of (B, H, N, d_h) is paired with i + d_h/2 (Su et al. 2021).

    Args:
        positions: (B, N), or None for 0, 1, 2, …
    """
    N, width = x.shape[-2:]
    theta = base ** (-torch.arange(0, width, 2, device=x.device, dtype=torch.float32) / width)
    if positions is None:
        angle = torch.outer(torch.arange(N, device=x.device, dtype=torch.float32), theta)
    else:
        angle = positions[:, None, :, None].to(torch.float32) * theta
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
