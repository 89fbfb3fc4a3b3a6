"""`/`: type a place, go there."""

from __future__ import annotations

from collections.abc import Callable

from ..screens.line import LineScreen
from .goto import EXAMPLES, Target, parse


class GotoScreen(LineScreen[Target]):
    """Reads a place.

    Args:
        check: raises AdtuiError when a well-formed place does not exist in this run.
        plain: ASCII only.
    """

    def __init__(self, check: Callable[[Target], object], plain: bool = False) -> None:
        def read(text: str) -> Target:
            target = parse(text)
            check(target)
            return target

        hint = "layer and head, query row, key, episode, sample; several at once"
        super().__init__("Go to", read, hint=hint, placeholder=EXAMPLES, plain=plain)
