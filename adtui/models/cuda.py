"""By which route attention is measured on a CUDA device: the one place where that is chosen.

Triton's kernels (`tiles.py`) where Triton is, else torch's fused attention (`stock.py`), else rows in blocks, as on the
CPU. None of it has been run on a device: a route is taken only where its numbers in float32 are those of the portable
route in float64, which is tried at first use in a process, on the device itself.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from ..files.compiled import OFF, SWITCH
from . import stock

Measure = Callable[[Tensor, Tensor, Tensor, bool, bool], tuple[Tensor, Tensor, Tensor]]
"""(q, k, v, causal, output) → what `attend.measured` gives, in float32 without a mask of the model's own."""
EXACT = 1e-4
"""What the numbers of a device may be off by, in float32."""
CASES = ((1, 8, 2, True), (130, 16, 4, True), (300, 24, 1, False), (257, 64, 2, True))
"""Tokens, numbers of a head, heads of keys, causal: what routes are compared on."""


@dataclass(frozen=True)
class Route:
    """How attention is measured on a device.

    Attributes:
        name: in words.
        measure: None for rows in blocks.
        refused: what was tried before it, and why each is not taken.
    """

    name: str
    measure: Measure | None
    refused: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """With what was refused."""
        return self.name + (f" ({'; '.join(self.refused)})" if self.refused else "")


def chosen(q: Tensor, k: Tensor) -> Measure | None:
    """How to measure these; None where it is not float32 on a CUDA device, or rows in blocks are right there."""
    if q.device.type != "cuda" or q.dtype != torch.float32 or q.requires_grad or q.shape[2] != k.shape[2]:
        return None
    return None if os.environ.get(SWITCH, "").lower() == OFF else route(str(q.device)).measure


@cache
def route(device: str) -> Route:
    """The first of the routes that is right on a device."""
    refused: list[str] = []
    for name, find in (("Triton's kernels", _tiles), ("torch's fused attention", lambda: stock.measure)):
        measure = find()
        fault = "no Triton is here" if measure is None else _fault(measure, torch.device(device))
        if measure is not None and not fault:
            return Route(name, measure, tuple(refused))
        refused.append(f"{name}: {fault}")
    return Route("torch alone, in blocks", None, tuple(refused))


def _tiles() -> Measure | None:
    if importlib.util.find_spec("triton") is None:
        return None
    from .tiles import measure

    return measure


def _fault(measure: Measure, device: torch.device) -> str:
    """Why a route is not taken: what is off by how much, or what its compiler or torch says; "" where it is right."""
    try:
        return difference(measure, device)
    except Exception as error:  # a compiler's errors are of many kinds; each is said
        return f"{type(error).__name__} {' '.join(str(error).split())[:120]}".strip()


def difference(measure: Measure, device: torch.device) -> str:
    """Where a route in float32 and the portable one in float64 differ by more than float32's digits; "" nowhere."""
    from .attend import portable

    generator = torch.Generator().manual_seed(0)
    for n, width, groups, causal in CASES:
        q, k, v = (torch.randn(2, heads, n, width, generator=generator) for heads in (4, groups, groups))
        expected = portable(q.double(), k.double(), v.double(), causal=causal)
        found = measure(q.to(device), k.to(device), v.to(device), causal, True)
        for name, one, other in zip(("output", "received", "entropy"), found, expected, strict=True):
            gap = float((one.cpu().double() - other).abs().max())
            if not gap <= EXACT:
                return f"{name} off by {gap:.2g} at {n} tokens"
    return ""
