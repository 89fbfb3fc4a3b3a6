"""The high-water mark of this process's memory, or of its accelerator's, from a moment on."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from pathlib import Path

import torch

_STATUS, _REFERENCES, _MEMORY = (Path("/proc", name) for name in ("self/status", "self/clear_refs", "meminfo"))


class Resident:
    """How much memory grew at most since `begin`. On the CPU that can be read on Linux only."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._base: int | None = None

    def begin(self) -> None:
        """From here on. What was freed is given back first, else it would be filled again unseen."""
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            self._base = torch.cuda.memory_allocated(self._device)
        elif sys.platform == "linux":
            with contextlib.suppress(AttributeError):  # another C library than glibc
                ctypes.CDLL(None).malloc_trim(0)
            with contextlib.suppress(OSError):  # not allowed everywhere
                _REFERENCES.write_text("5")  # the mark falls to what is in use
                self._base = _line(_STATUS, "VmRSS")

    def growth(self) -> int | None:
        """Bytes; None where they cannot be read."""
        if self._base is None:
            return None
        if self._device.type == "cuda":
            return max(0, int(torch.cuda.max_memory_allocated(self._device)) - self._base)
        return max(0, _line(_STATUS, "VmHWM") - self._base)

    def available(self) -> int | None:
        """Bytes that may still be taken; None where nobody says."""
        if self._device.type == "cuda":
            return int(torch.cuda.mem_get_info(self._device)[0])
        return _line(_MEMORY, "MemAvailable") if sys.platform == "linux" else None


def _line(path: Path, name: str) -> int:
    """Bytes of a line such as "VmRSS:  10240 kB"."""
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    return 0
