"""The native kernel of `attend.measured`: built from `kernel.cpp` by `adtui doctor --build-kernel`, used where it lies.

It is looked for once a process. Where there is none, or ADTUI_KERNEL is `off`, everything runs by torch alone.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from ..files.compiled import KERNEL, OFF, SWITCH, build, load

PER_THREAD = 1 << 18
"""Scores that a thread should have at least; starting one takes as long as some ten thousand of them."""
CHECK_SECONDS = 120
_POINTERS = (ctypes.c_void_p,) * 3
_SIZES = (ctypes.POINTER(ctypes.c_int64),) * 2


@dataclass(frozen=True)
class Kernel:
    """A loaded library; `function` is its `adtui_measure`."""

    function: Callable[..., int]

    def measure(self, q: Tensor, k: Tensor, v: Tensor, causal: bool, output: bool) -> tuple[Tensor, Tensor, Tensor]:
        """What `attend.measured` gives, of tensors that `takes` says yes to.

        Raises:
            torch.OutOfMemoryError: there is no room for it, or no thread.
        """
        q, k, v = (x if x.stride(-1) == 1 else x.contiguous() for x in (q, k, v))
        B, H, N, d = q.shape
        out = q.new_empty(B, H, N if output else 0, d)
        received = torch.empty(B, H, N, dtype=torch.float64)
        entropy = torch.empty_like(received)
        sizes = (ctypes.c_int64 * 5)(B, H, k.shape[1], N, d)
        strides = (ctypes.c_int64 * 9)(*(step for x in (q, k, v) for step in x.stride()[:3]))
        threads = max(1, min(torch.get_num_threads(), B * H * N * N // PER_THREAD))
        failed = self.function(
            q.data_ptr(), k.data_ptr(), v.data_ptr(), sizes, strides, int(causal), threads,
            out.data_ptr() if output else None, received.data_ptr(), entropy.data_ptr(),
        )  # fmt: skip
        if failed:
            raise torch.OutOfMemoryError("the kernel found no memory or no thread")
        return out, received, entropy


def takes(q: Tensor, k: Tensor, v: Tensor) -> bool:
    """Whether the kernel can run on these."""
    plain = all(x.device.type == "cpu" and x.dtype == torch.float32 and not x.requires_grad for x in (q, k, v))
    return plain and q.numel() > 0 and q.shape[-1] == k.shape[-1] == v.shape[-1] and q.shape[2] == k.shape[2]


def from_library(loaded: ctypes.CDLL) -> Kernel:
    """The kernel of a library that `kernel.cpp` was compiled to."""
    function = loaded.adtui_measure
    function.argtypes = (*_POINTERS, *_SIZES, ctypes.c_int, ctypes.c_int, *_POINTERS)
    return Kernel(function)


@cache
def kernel() -> Kernel | None:
    """The kernel that was built for this machine; None where there is none, or it is not to be used."""
    if os.environ.get(SWITCH, "").lower() == OFF:
        return None
    loaded, _ = load(KERNEL)
    return None if loaded is None else from_library(loaded)


def build_kernel() -> Path:
    """Compile the kernel for this machine and keep it, once its numbers have been compared with torch's.

    Raises:
        BuildError: as `files.compiled.build`.
    """
    return build(KERNEL, _wrong)


def _wrong(path: Path) -> str | None:
    """What is wrong with a library, tried in a process of its own: it may crash."""
    command = [sys.executable, "-m", __name__, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer after {CHECK_SECONDS} s"
    if done.returncode == 0:
        return None
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


def compare(made: Kernel) -> str | None:
    """Where a kernel and torch in float64 differ by more than float32's digits; None where they don't."""
    from .attend import portable

    generator = torch.Generator().manual_seed(0)
    for n, width, groups, causal in ((1, 8, 2, True), (130, 16, 4, True), (300, 24, 1, False), (257, 64, 2, True)):
        q, k, v = (torch.randn(2, heads, n, width, generator=generator) for heads in (4, groups, groups))
        expected = portable(q.double(), k.double(), v.double(), causal=causal)
        for name, one, other in zip(
            ("output", "received", "entropy"), made.measure(q, k, v, causal, True), expected, strict=True
        ):
            gap = float((one.double() - other).abs().max())
            if not gap <= 1e-4:
                return f"{name} off by {gap:.2g} at {n} tokens"
    return None


if __name__ == "__main__":
    sys.exit(compare(from_library(ctypes.CDLL(sys.argv[1]))))
