"""Python values that settings, steps and keys were never meant to hold."""

from __future__ import annotations

import collections
import datetime
import decimal
from collections.abc import Callable
from pathlib import PurePosixPath
from random import Random
from typing import Any

import numpy as np
import torch

TEXTS = (
    "",
    " ",
    "\0",
    "two\nlines",
    "\r\n\r\n",
    "line\u2028separator\x85next",
    "\x1b[2J\x1b]0;title\x07",
    "\ud800",
    "\u202eright to left",
    "é" * 300,
    "x" * 100_000,
    "../../../../etc/passwd",
    "~nobody-of-that-name/data",
    "/dev/zero",
    "{0.__class__}",
    "%s%n",
    "1e3",
    "nan",
    "True",
)
INTS = (0, 1, -1, 2, 3, 7, 81, 255, 2**31, 2**31 - 1, 2**63, -(2**63), 2**64, 10**9, 10**30, 10**600)
FLOATS = (0.0, -0.0, 0.5, 1.5, 1e-320, 1e308, -1e308, float("nan"), float("inf"), float("-inf"))

_ATOMS: tuple[Callable[[Random], Any], ...] = (
    lambda rng: None,
    lambda rng: rng.random() < 0.5,
    lambda rng: rng.choice(INTS),
    lambda rng: rng.choice(INTS),
    lambda rng: rng.choice(FLOATS),
    lambda rng: rng.choice(TEXTS),
    lambda rng: rng.choice(TEXTS),
    lambda rng: rng.randbytes(rng.choice((0, 5))),
    lambda rng: complex(1, float("nan")),
    lambda rng: np.float64(rng.choice(FLOATS)),
    lambda rng: np.int64(rng.randrange(-9, 99)),
    lambda rng: np.bool_(True),
    lambda rng: torch.tensor(rng.choice(FLOATS)),
    lambda rng: torch.tensor(rng.randrange(99)),
    lambda rng: torch.zeros(rng.choice(((0,), (1,), (2, 3)))),
    lambda rng: torch.tensor(1 + 2j),
    lambda rng: torch.float16,
    lambda rng: torch.device("cuda", 5),
    lambda rng: torch.Size((1, 2)),
)
#: Kinds that a loader of plain values refuses by name.
FOREIGN: tuple[Callable[[Random], Any], ...] = (
    lambda rng: np.arange(3),
    lambda rng: datetime.date(2024, 1, 1),
    lambda rng: decimal.Decimal("1.5"),
    lambda rng: PurePosixPath("a/b"),
    lambda rng: range(3),
    lambda rng: slice(1, 2),
    lambda rng: np.dtype("f4"),
    lambda rng: np.str_("text"),
    lambda rng: collections.deque([1]),
    lambda rng: len,
)


def odd(rng: Random, depth: int = 0) -> Any:
    """Any value; containers nest, a few refer to themselves."""
    if depth < 3 and rng.random() < 0.3:
        return _container(rng, depth)
    if rng.random() < 0.06:
        return rng.choice(FOREIGN)(rng)
    return rng.choice(_ATOMS)(rng)


def _container(rng: Random, depth: int) -> Any:
    items = [odd(rng, depth + 1) for _ in range(rng.choice((0, 1, 2, 5)))]
    shape = rng.randrange(8)
    if shape == 0:
        return tuple(items)
    if shape == 1:
        return {odd_key(rng): item for item in items}
    if shape == 2:
        return collections.OrderedDict((str(i), item) for i, item in enumerate(items))
    if shape == 3:
        return {rng.choice(INTS[:8])}  # one element: the order of more may differ from process to process
    if shape == 4:
        items.append(items)  # itself
        return items
    if shape == 5:
        mapping: dict[Any, Any] = {"items": items}
        mapping["self"] = mapping
        return mapping
    if shape == 6:
        return deep(rng.choice((30, 60, 120)))
    return items


def odd_key(rng: Random) -> Any:
    """A key of a mapping, hashable."""
    return rng.choice((None, True, 0, -1, 2.5, float("nan"), b"model", (), (1, "a"), *TEXTS))


def deep(levels: int) -> list[Any]:
    """A list in a list in a list …"""
    inner: list[Any] = []
    for _ in range(levels):
        inner = [inner]
    return inner


def wide(levels: int = 25, each: int = 10) -> list[Any]:
    """Few objects that are astronomically many when written out (billion laughs)."""
    inner: list[Any] = [0]
    for _ in range(levels):
        inner = [inner] * each
    return inner
