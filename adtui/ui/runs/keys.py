"""The keys of the comparison of runs."""

from __future__ import annotations

from ..key import EVERYWHERE, Key, pane_keys

RUNS: tuple[Key, ...] = (
    Key("up,k", "↑ k", "move(-1)", "", "the run above"),
    Key("down,j", "↓ j", "move(1)", "", "the run below"),
    Key("left,h", "← h", "aside(-1)", "", "columns to the left"),
    Key("right,l", "→ l", "aside(1)", "", "columns to the right"),
    Key("o", "o", "sort", "sort", "sort by the next column; returns and claims the largest first"),
    Key("O", "O", "turn", "turn", "the order turned round"),
    Key("slash", "/", "filter", "filter", "only runs with a text in their name or settings (n_transit=80)"),
    Key("enter", "Enter", "open", "open", "open this run in the explorer"),
    Key("equals_sign", "=", "beside", "beside", "this run side by side with the first of the table, head by head"),
    Key("x", "x", "stop", "stop", "stop measuring; whole rows are kept"),
    Key("y", "y", "copy", "copy", "copy the table as CSV to your clipboard (OSC 52)"),
    Key("Y", "Y", "copy_command", "", "copy the shell command that prints the same comparison"),
    *pane_keys("the runs", "return per episode, on the same tasks", "all that is known of the run"),
    Key("f", "f", "full", "full size", "the focused pane at full size, and back"),
    Key("escape,q", "Esc q", "back", "back", "leave full size; then back; measuring goes on"),
    *(key for key in EVERYWHERE if key.keys != "q"),
)
RUNS_TITLE = "Runs compared (Space, =)"
