"""Titles of panes that are never cut: they say less where there is less room."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

PARTS, SIGNS = " · ", "  "
"""What stands between the parts of a title, and between those of a legend."""


def fitted(forms: Sequence[str], width: int, between: str = PARTS) -> str:
    """The longest way to say it that fits into `width` cells.

    Args:
        forms: ways to say it, from the longest to the shortest. The shortest loses its parts from its end, then the
            words of its first part but one.
        between: what stands between parts.
    """
    for form in forms:
        if cell_len(form) <= width:
            return form
    shortest = forms[-1] if forms else ""
    return _without_end(_without_end(shortest, width, between), width, " ")


def _without_end(text: str, width: int, between: str) -> str:
    while cell_len(text) > width and between in text:
        text = text.rpartition(between)[0]
    return text
