"""Which lines of a list are on display."""

from __future__ import annotations


def first_line(selected: int, shown: int, total: int) -> int:
    """The first of `shown` lines, so that the selected one is among them, near the middle."""
    return max(0, min(selected - shown // 2, total - shown))
