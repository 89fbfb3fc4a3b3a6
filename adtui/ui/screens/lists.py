"""What screens with a list of options share."""

from __future__ import annotations

from textual.widgets import OptionList


def step(options: OptionList, by: int) -> None:
    """The highlight one option down (1) or up (-1), past those that cannot be chosen."""
    if by > 0:
        options.action_cursor_down()
    else:
        options.action_cursor_up()
