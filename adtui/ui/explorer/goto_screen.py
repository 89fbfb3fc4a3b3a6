"""`/`: type a place, go there; or what heads must meet, for the table of heads."""

from __future__ import annotations

from collections.abc import Callable

from ...insights.head_query import EXAMPLES as QUERIES
from ...insights.head_query import HeadQuery, is_query, parse_query
from ...records.errors import ConfigError
from ..screens.line import LineScreen
from .goto import EXAMPLES, Target, parse


class GotoScreen(LineScreen[Target | HeadQuery]):
    """Reads a place, or a query of heads.

    Args:
        check: raises AdtuiError when a well-formed place does not exist in this run.
        plain: ASCII only.
    """

    def __init__(self, check: Callable[[Target], object], plain: bool = False) -> None:
        def read(text: str) -> Target | HeadQuery:
            try:
                target = parse(text)
            except ConfigError:
                if is_query(text):
                    return parse_query(text)
                raise
            check(target)
            return target

        hint = f"layer and head, query row, key, episode, sample; several at once. Or which heads: {QUERIES}"
        super().__init__("Go to", read, hint=hint, placeholder=EXAMPLES, plain=plain)
