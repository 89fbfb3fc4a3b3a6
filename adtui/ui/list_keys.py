"""The keys of the list of runs. They stay what they are, whatever keys the user has settled."""

from __future__ import annotations

from .key import EVERYWHERE, Key

OWN = "enter"
"""The list itself takes it, as it does the arrows: it needs no binding."""
LIST_TITLE = "List of runs (<explorer.runs>)"
LIST = (
    Key("j", "↓ j", "cursor(1)", "", "to the run below"),
    Key("k", "↑ k", "cursor(-1)", "", "to the run above"),
    Key(OWN, "Enter", "open", "open", "open it; with two or more marked, compare these"),
    Key("space", "Space", "mark", "mark", "mark it, or no more"),
    Key("equals_sign", "=", "compare", "compare", "compare what is marked, or set this run beside the open one"),
    Key("slash", "/", "filter", "filter", "only runs with this text in their name or family"),
    Key("o", "o", "sort", "sort", "sort by the next column"),
    Key("O", "O", "turn", "turn", "turn the order round"),
    Key("escape", "Esc", "clear", "back", "clear the filter, or go back to the open run"),
    *(key for key in EVERYWHERE if key.label),
)
