"""Long work as a generator: whoever drives it can answer others, and stop it, between two steps."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

T = TypeVar("T")
Step = TypeVar("Step")
Said = TypeVar("Said")


def at_one_go(steps: Generator[Step, None, T], show: Callable[[Step], object] = lambda _: None) -> T:
    """What the steps come to, without a pause; each is shown."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            found: T = end.value
            return found
        show(step)


def said(steps: Generator[Step, None, T], say: Callable[[Step], Said]) -> Generator[Said, Any, T]:
    """The same steps in other words, and what they come to."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            found: T = end.value
            return found
        yield say(step)
