"""What `adtui doctor` says of pictures: what the terminal answers when it is asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

from .diagnosis import Finding


def pictures(environ: Mapping[str, str], given: IO[str], shown: IO[str]) -> Finding:
    """Whether the heatmap can be shown in pixels. Asks the terminal, where it may be asked.

    Args:
        given, shown: the terminal's input and output.
    """
    from ..ui.terminal.graphics_asking import ask_terminal
    from ..ui.terminal.graphics_probe import AUTO, CELLS, may_ask

    if not may_ask(environ):
        return Finding("pictures", "in cells: a terminal of this kind, or one with NO_COLOR, is not asked")
    if not given.isatty() or not shown.isatty():
        return Finding("pictures", "not asked: input and output are not both the terminal")
    found = ask_terminal(given.fileno(), shown.fileno())
    protocol = found.protocol(AUTO)
    how = "in cells" if protocol == CELLS else f"in pixels by {protocol}"
    return Finding("pictures", f"{how}; the terminal answered: {found.described()}")
