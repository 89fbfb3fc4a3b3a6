"""Titles, legends and lines of panes, which say less where there is less room; what has no shorter form shows that it
is cut."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from ...records.plain import to_ascii_cells

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
    return without_end(without_end(shortest, width, between), width, " ")


def fitted_legend(forms: Sequence[Text], width: int) -> Text:
    """The first of the ways to say it that fits, the longest first; nothing where none does."""
    return next((form for form in forms if form.cell_len <= width), Text(end=""))


def cut(text: str, width: int, utf8: bool = True) -> str:
    """At most `width` characters, the last of them a sign where some are missing."""
    return text if len(text) <= width else (text[: width - 1] + to_ascii_cells("…", unless=utf8))[:width]


def without_end(text: str, width: int, between: str) -> str:
    """Without as many of its last parts as do not fit; the first one stays."""
    while cell_len(text) > width and between in text:
        text = text.rpartition(between)[0]
    return text
