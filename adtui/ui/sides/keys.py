"""The keys of two runs side by side."""

from __future__ import annotations

from ...records.defaults import FIGURES
from ..key import EVERYWHERE, Key, pane_keys

SIDES: tuple[Key, ...] = (
    Key("up,k", "↑ k", "move(-1,0)", "", "the pair of heads above in the table: more different"),
    Key("down,j", "↓ j", "move(1,0)", "", "the pair below"),
    Key("left,h", "← h", "move(0,-1)", "", "the pair of A's previous head"),
    Key("right,l", "→ l", "move(0,1)", "", "the pair of A's next head"),
    Key("n", "n", "sample(1)", "sample", "next sample (another learning history), through both"),
    Key("p", "p", "sample(-1)", "", "previous sample"),
    Key("right_square_bracket", "]", "row(1)", "query row", "next query row, of both"),
    Key("left_square_bracket", "[", "row(-1)", "", "previous query row"),
    Key("right_curly_bracket", "}", "episode(1)", "", "query row to the start of the next episode"),
    Key("left_curly_bracket", "{", "episode(-1)", "", "query row to the start of the episode, then of the one before"),
    Key("m", "m", "match", "matching", "match heads by their index, or by how near their rows are"),
    Key("s", "s", "scale", "scale", "colour scale of A and B: logarithmic, square root, linear, row-relative"),
    Key("e", "e", "export", "export", f"write both matrices and their difference as a figure into {FIGURES}"),
    Key("y", "y", "copy", "", "copy the table of heads (TSV) to your clipboard (OSC 52)"),
    Key("Y", "Y", "copy_command", "", "copy the shell command that prints the same comparison"),
    Key("R", "R", "other", "other run", "choose another run beside A"),
    *pane_keys(
        "pairs of heads, the most different first",
        "A's attention",
        "B's attention",
        "B less A: orange is more in B, blue more in A",
        "both rows of the query",
        "claims about the pair, those that hold in one only first",
    ),
    Key("enter,f", "Enter f", "full", "full size", "the focused pane at full size, and back"),
    Key("equals_sign", "=", "leave", "", "back to where you came from"),
    Key("escape,q", "Esc q", "back", "back", "leave full size; then back; a comparison under way is stopped"),
    *(key for key in EVERYWHERE if key.keys != "q"),
)
SIDES_TITLE = "Two runs side by side (<explorer.beside>)"
