"""Some of many contexts, so that no task has more of them than another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

Item = TypeVar("Item", bound=int | tuple[int, int])


def in_turn(items: Iterable[tuple[int, Item]], most: int) -> list[Item]:
    """At most so many of (task, item): the first of every task in the order given, then the second of every task, …

    Those of one turn are taken in the items' own order.
    """
    seen: dict[int, int] = {}
    turns = []
    for task, item in items:
        turns.append((seen.get(task, 0), item))
        seen[task] = seen.get(task, 0) + 1
    return [item for _, item in sorted(turns)[:most]]
