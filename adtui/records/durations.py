"""How long something takes, in words."""

from __future__ import annotations


def time_left(seconds: float) -> str:
    """ "40 s", "12 min", "3 h": no more digits than a guess has."""
    if seconds < 90:
        return f"{max(1, round(seconds, -1)):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
