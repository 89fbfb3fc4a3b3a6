"""The keys of the list of runs, as the help has them. They stay what they are, whatever keys the user has settled."""

from __future__ import annotations

from .key import Key

LIST_TITLE = "List of runs (R)"
LIST = (
    Key("j,k", "↑ ↓ j k", "cursor", "", "to the run below, or above"),
    Key("enter", "Enter", "open", "", "open it; with two or more marked, compare these"),
    Key("space", "Space", "mark", "", "mark it, or no more"),
    Key("equals_sign", "=", "compare", "", "compare what is marked, or set this run beside the open one"),
    Key("slash", "/", "filter", "", "only runs with this text in their name or family"),
    Key("o", "o", "sort", "", "sort by the next column"),
    Key("O", "O", "turn", "", "turn the order round"),
    Key("escape", "Esc", "clear", "", "clear the filter, or go back to the open run"),
)
