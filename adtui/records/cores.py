"""How many processors this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """Those that the system lets it run on, where it says so (Linux), else all that there are; 1 at least."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
