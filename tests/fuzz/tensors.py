"""Tensors that a state_dict was never meant to hold, each made after a good one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

_DTYPES = (
    torch.float16,
    torch.bfloat16,
    torch.float64,
    torch.float8_e4m3fn,
    torch.int8,
    torch.uint8,
    torch.int64,
    torch.bool,
    torch.complex64,
)
_EXTREMES = (float("nan"), float("inf"), float("-inf"), 3e38, -3e38, 1e-45, 1e20, 0.0)

Maker = Callable[[Random, Tensor], Any]


def _spiked(rng: Random, like: Tensor) -> Tensor:
    """One value, or all of them, extreme."""
    tensor = like.clone()
    if rng.random() < 0.5 or tensor.numel() == 0:
        return tensor.fill_(rng.choice(_EXTREMES))
    tensor.view(-1)[rng.randrange(tensor.numel())] = rng.choice(_EXTREMES)
    return tensor


def _shaped(rng: Random, like: Tensor) -> Tensor:
    """Another shape, not far from the good one."""
    shape = list(like.shape)
    change = rng.randrange(6)
    if change == 0 or not shape:
        shape.append(rng.choice((0, 1, 2)))
    elif change == 1:
        shape.pop()
    elif change == 2:
        shape.reverse()
    elif change == 3:
        shape.insert(0, 1)
    else:
        axis = rng.randrange(len(shape))
        shape[axis] = rng.choice((0, 1, shape[axis] - 1, shape[axis] + 1, 2 * shape[axis]))
    return torch.ones(shape) * 0.1


def _expanded(rng: Random, like: Tensor) -> Tensor:
    """A shape far larger than the data behind it."""
    sizes = rng.choice(((10**6, 10**6), (2**31, 4), (10**9,), (3000, 3000), tuple(like.shape)))
    return torch.zeros(1).expand(sizes)


def _quantised(rng: Random, like: Tensor) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(like.float(), 0.1, 0, torch.qint8)


MAKERS: dict[str, Maker] = {
    "spiked": _spiked,
    "shaped": _shaped,
    "expanded": _expanded,
    "quantised": _quantised,
    "scalar": lambda rng, like: torch.tensor(rng.choice(_EXTREMES)),
    "empty": lambda rng, like: torch.empty(rng.choice(((0,), (0, 3), (2, 0, 4)))),
    "dtype": lambda rng, like: like.to(rng.choice(_DTYPES)),
    "sparse": lambda rng, like: like.to_sparse(),
    "compressed": lambda rng, like: (like if like.ndim == 2 else torch.eye(3)).to_sparse_csr(),
    "meta": lambda rng, like: like.to("meta"),
    "parameter": lambda rng, like: nn.Parameter(like.clone(), requires_grad=like.is_floating_point()),
    "view": lambda rng, like: torch.randn(50_000, generator=torch.Generator().manual_seed(0))[7:][: like.numel()],
    "transposed": lambda rng, like: like.clone().t() if like.ndim == 2 else like.flip(0),
    "strided": lambda rng, like: torch.as_strided(like.clone(), tuple(like.shape), (0,) * like.ndim),
    "conjugate": lambda rng, like: torch.zeros(4, dtype=torch.complex64).conj(),
    "negative": lambda rng, like: torch.zeros(4, dtype=torch.complex64).conj().imag,
    "list": lambda rng, like: like.tolist(),
    "array": lambda rng, like: like.numpy(),
    "none": lambda rng, like: None,
    "storage": lambda rng, like: like.clone().untyped_storage() if rng.random() < 0.5 else like.clone().storage(),
}


def odd_tensor(rng: Random, like: Tensor) -> tuple[str, Any]:
    """(what it is, the tensor or what stands for it)."""
    name = rng.choice(tuple(MAKERS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # prototype layouts and old storages
        return name, MAKERS[name](rng, like)
