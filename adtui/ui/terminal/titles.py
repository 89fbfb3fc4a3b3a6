"""Titles of panes, sent as one line."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


def retitle(pane: Widget, title: str) -> bool:
    """Set a title and repaint its line only; assigning to `border_title` sends the whole pane, tens of kilobytes.

    Returns False when the pane has that title already.
    """
    content = Content(title)
    if pane._border_title == content:
        return False
    pane._border_title = content
    pane.refresh(Region(-1, -1, pane.outer_size.width, 1))
    return True
