"""What a compression trial drops."""

from __future__ import annotations

from typing import Final, Literal

Level = Literal["transition", "cache"]
"""A transition, the rest being read again; or its key and value in one head, the rest being held."""
TRANSITION: Final = "transition"
CACHE: Final = "cache"
LEVELS: tuple[Level, ...] = (TRANSITION, CACHE)


def at_level(name: str, level: str) -> str:
    """ "recent:10", or "recent:10, cache" where keys and values are dropped."""
    return name if level == TRANSITION else f"{name}, {level}"
