"""Why a pane is empty, in its middle, on as many lines as that takes."""

from __future__ import annotations

import textwrap


def reason_lines(reason: str, width: int, height: int) -> list[str]:
    """Lines from the top of a pane of width × height cells; what has no room on the last is left out by whole words."""
    if width < 1 or height < 1:
        return []
    lines = [line.center(width) for line in textwrap.wrap(reason, width)[:height]]
    return [""] * (height // 2 - len(lines) // 2 if len(lines) < height else 0) + lines
