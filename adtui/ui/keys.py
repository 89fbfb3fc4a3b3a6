"""The one table of keys: bindings, key bars (`key_bars`), the help screen and the palette are made from it."""

from __future__ import annotations

from textual.binding import Binding

from ..records.defaults import FIGURES, SWEEP_FIGURES
from .key import COMPRESSOR, EVERYWHERE, HEADS, HEATMAP, INSIGHTS, VIEWS_DIFFER, Key, pane_keys
from .key_names import RESERVED, key_name
from .runs.keys import RUNS
from .sides.keys import SIDES

MOVES = (
    Key("up,k", "↑ k", "move(-1,0)", "", "previous layer; cursor or text of the focused pane one line up"),
    Key("down,j", "↓ j", "move(1,0)", "", "next layer; cursor or text of the focused pane one line down"),
    Key("left,h", "← h", "move(0,-1)", "", "previous head; with the heatmap focused, cursor one key left"),
    Key("right,l", "→ l", "move(0,1)", "", "next head; with the heatmap focused, cursor one key right"),
    Key("shift+up,K", "⇧↑ K", "select(-1,0)", "", "previous layer, from any pane"),
    Key("shift+down,J", "⇧↓ J", "select(1,0)", "", "next layer, from any pane"),
    Key("shift+left,H", "⇧← H", "select(0,-1)", "", "previous head, from any pane"),
    Key("shift+right,L", "⇧→ L", "select(0,1)", "", "next head, from any pane"),
    Key("n", "n", "sample(1)", "sample", "next sample (another learning history)"),
    Key("p", "p", "sample(-1)", "", "previous sample"),
    Key("right_square_bracket", "]", "row(1)", "query row", "next query row: the curve shows where that token looks"),
    Key("left_square_bracket", "[", "row(-1)", "", "previous query row"),
    Key("right_curly_bracket", "}", "episode(1)", "", "query row to the start of the next episode"),
    Key("left_curly_bracket", "{", "episode(-1)", "", "query row to the start of the episode, then of the one before"),
    Key("full_stop", ".", "checkpoint(1)", "", "the run's next checkpoint, at the same place"),
    Key("comma", ",", "checkpoint(-1)", "", "the checkpoint before"),
    Key("slash", "/", "goto", "go to", "go to a place: L2H3, 2.3, q57, k12, ep3, s2, or several at once"),
    Key(
        "o",
        "o",
        "heads",
        "heads",
        "every head in a table that sorts (o, O) and filters (/ recency>10)",
        HEADS,
    ),
)


PANES = (
    *pane_keys(
        "the heads, layer by head",
        "the attention heatmap",
        "attention of the query row on the history",
        "attention that each token receives",
        "the statistics",
        "the insights",
        "what the model would do at the query row's state",
        "the query's attention on latent tokens (models with a compressor)",
        "what each latent was made from; <explorer.up> <explorer.left> move its cursor, <explorer.previous_layer> "
        "<explorer.previous_head> its head",
    ),
    Key(
        "enter",
        "Enter",
        "full",
        "full size",
        "the focused pane at full size, and back; insights: unfold the one under the cursor, fold it again",
        there=(INSIGHTS, "unfold"),
    ),
    Key("F", "F", "whole", "", "the focused pane at full size, and back, the insights too"),
    Key("escape", "Esc", "back", "", "close what is open; leave full size; then cancel running work"),
)
VIEWS = (
    Key("plus", "+", "zoom(1)", "zoom", "zoom the heatmap in at its cursor; past an edge it pans", HEATMAP),
    Key("minus", "-", "zoom(-1)", "", "zoom the heatmap out"),
    Key("0", "0", "zoom(0)", "", "the whole matrix in the heatmap again"),
    Key("m", "m", "mean", "mean", "mean over heads, and back to one head"),
    Key("t", "t", "unit", "tokens", "tokens, or transitions (their tokens summed), if they differ", VIEWS_DIFFER),
    Key("c", "c", "round", "round", "next round of the compressor, or step of the flow", COMPRESSOR),
    Key("s", "s", "scale", "scale", "colour scale: linear, square root, logarithmic, row-relative"),
)
INSIGHT_KEYS = (
    Key("f", "f", "filter", "filter", "insights: only ✔ confirmed, then ●, ✘, ○; then all", INSIGHTS),
    Key(
        "g",
        "g",
        "evidence",
        "go there",
        "insights: to the head, sample and transition that show it",
        INSIGHTS,
    ),
    Key(
        "i",
        "i",
        "ratios",
        "ratios",
        "insights: every ablation of what one names, and what came of it",
        INSIGHTS,
    ),
)
TESTS = (
    Key(
        "x",
        "x",
        "knock_out",
        "knock out",
        "hide the transition under the cursor from the model too; heads pane: mute the head",
    ),
    Key("X", "X", "knock_out_episode", "", "hide the whole episode under the cursor too; what is hidden adds up"),
    Key("u", "u", "undo", "", "show again what was hidden last of this sample"),
    Key("z", "z", "knock_outs", "", "every knock-out so far, with what it found"),
    Key("v", "v", "map", "map", "the map: attention on the world itself; play on, take transitions away, turn rewards"),
    Key("C", "C", "lab", "compress", "the compression lab: which transitions can the context lose? try it"),
)
OUTPUTS = (
    Key("e", "e", "export", "export", f"write the figures of what is shown into {FIGURES}"),
    Key("E", "E", "export_all", "", f"write every figure of the run into {FIGURES}; <explorer.back> cancels"),
    Key("y", "y", "copy", "copy", "copy the focused pane's numbers as a table (TSV) to your clipboard (OSC 52)"),
    Key("Y", "Y", "copy_command", "", "copy the shell command that prints, draws or writes what the pane shows"),
)
GENERAL = (
    Key("b", "b", "bookmark", "", "set a bookmark on this head, sample and query row; it is there when you come back"),
    Key("apostrophe", "'", "bookmarks", "", "the bookmarks of this checkpoint: Enter goes to one, d takes it away"),
    Key("a", "a", "answer", "answer", "the answer in full; Enter on a part goes to its evidence"),
    Key(
        "T",
        "T",
        "timeline",
        "",
        "the training run: every head and the return over the checkpoints; <timeline.open> opens one",
    ),
    Key("equals_sign", "=", "beside", "", "another run beside this one: heads matched, the same contexts through both"),
    Key("w", "w", "watch", "", "watch training: open every new checkpoint when it is complete, or no more"),
    Key("r", "r", "reload", "", "reload the run: takes the newest checkpoint, keeps the selection"),
    Key("R", "R", "runs", "", "the list of runs: family, return, step and age of each; Enter opens, Esc goes back"),
    *EVERYWHERE,
)

GROUPS: tuple[tuple[str, tuple[Key, ...]], ...] = (
    ("Where you are", MOVES),
    ("Panes", PANES),
    ("How it is shown", VIEWS),
    ("What is found", INSIGHT_KEYS),
    ("What it matters for", TESTS),
    ("What you take away", OUTPUTS),
    ("Everything else", GENERAL),
)
KEYS: tuple[Key, ...] = tuple(key for _, keys in GROUPS for key in keys)

LAB: tuple[Key, ...] = (
    Key("up,k", "↑ k", "move(-1)", "", "previous line of the list; in the other panes the previous cell"),
    Key("down,j", "↓ j", "move(1)", "", "next line of the list; in the other panes the next cell"),
    Key("pageup", "PgUp", "page(-1)", "", "a page of the list, or of cells, up"),
    Key("pagedown", "PgDn", "page(1)", "", "a page of them down"),
    Key("home", "Home", "edge(-1)", "", "the first line of the list; in the other panes the first cell"),
    Key("end", "End", "edge(1)", "", "the last line of the list; in the other panes the last cell"),
    Key("left,h", "← h", "aside(-1)", "", "the cell at the left in the picture: it costs less"),
    Key("right,l", "→ l", "aside(1)", "", "the cell at the right in the picture: it costs more"),
    Key("space", "Space", "choose", "choose", "choose the strategy under the cursor, or not; change the setting"),
    Key("enter", "Enter", "enter", "", "the same in the list; any other pane at full size, and back"),
    Key(
        "L",
        "L",
        "level",
        "level",
        "what is dropped: whole transitions, or keys and values of each head (the cache), and the trials of that",
    ),
    Key("b", "b", "budgets", "", "type how many to keep, with commas between"),
    Key("s", "s", "start", "start", "run the trials that are chosen; finished cells are not run again"),
    Key(
        "o",
        "o",
        "search",
        "search",
        "find the smallest context that does, and test it once; what is finished is kept",
    ),
    Key(
        "x",
        "x",
        "stop",
        "stop",
        "stop the trials or the search; what is finished is kept, and <lab.start> or <lab.search> goes on",
    ),
    Key("v", "v", "axis", "axis", "the picture against kept transitions, bytes that an agent holds, or time of a step"),
    Key("e", "e", "export", "export", f"write report.json and four figures beside the cells, in {SWEEP_FIGURES}"),
    Key(
        "Y",
        "Y",
        "copy_command",
        "",
        "copy the shell command that runs the same trials; on the search's line, or after one, the same search",
    ),
    *pane_keys(
        "strategies, and what to run",
        "return against kept transitions, bytes or time",
        "return per episode of the selected cell",
        "the finished cells",
        "the verdict, with its reasons",
    ),
    Key("escape", "Esc", "back", "explorer", "leave full size; then back to the explorer, the trials go on"),
    *EVERYWHERE,
)
LAB_TITLE = "The compression lab (<explorer.lab>)"

MAP: tuple[Key, ...] = (
    Key("up,k", "↑ k", "move(-1,0)", "", "cursor one cell up; in the list of transitions the previous one"),
    Key("down,j", "↓ j", "move(1,0)", "", "cursor one cell down; in the list the next one"),
    Key("left,h", "← h", "move(0,-1)", "", "cursor one cell to the left"),
    Key("right,l", "→ l", "move(0,1)", "", "cursor one cell to the right"),
    Key("g", "g", "here", "", "cursor to the query's cell, which it then follows"),
    Key(
        "space",
        "Space",
        "act",
        "act",
        "let the model act; before the walk's end, one step on unless something is edited",
    ),
    Key("full_stop", ".", "step(1)", "step", "one step forth in the walk"),
    Key("comma", ",", "step(-1)", "", "one step back"),
    Key("greater_than_sign", ">", "step_episode(1)", "episode", "to the start of the next episode"),
    Key("less_than_sign", "<", "step_episode(-1)", "", "to the start of this episode, then of the one before"),
    Key("d", "d", "hide", "delete", "take the chosen transition of this cell out of the context"),
    Key("t", "t", "turn", "reward", "turn its reward on or off"),
    Key("u", "u", "undo", "undo", "take the newest edit back"),
    Key("U", "U", "afresh", "", "take all edits back, and forget what was played"),
    Key("o", "o", "ends", "ended/began", "attention where transitions ended, or where they began"),
    Key(
        "right_curly_bracket",
        "}",
        "episode(1)",
        "",
        "only the transitions of one episode, the next; after the last all",
    ),
    Key("left_curly_bracket", "{", "episode(-1)", "", "the same backwards"),
    Key("shift+up,K", "⇧↑ K", "select(-1,0)", "", "previous layer"),
    Key("shift+down,J", "⇧↓ J", "select(1,0)", "", "next layer"),
    Key("shift+left,H", "⇧← H", "select(0,-1)", "", "previous head"),
    Key("shift+right,L", "⇧→ L", "select(0,1)", "", "next head"),
    Key("m", "m", "mean", "mean", "mean over heads, and back to one head"),
    Key("n", "n", "sample(1)", "sample", "next sample (another learning history)"),
    Key("p", "p", "sample(-1)", "", "previous sample"),
    Key("s", "s", "scale", "scale", "colour scale: square root, linear, logarithmic"),
    Key("e", "e", "export", "export", f"write the map as a figure into {FIGURES}"),
    Key("G", "G", "film", "", f"write the walk so far as an animated GIF into {FIGURES}"),
    Key("y", "y", "copy", "copy", "copy the cells' numbers as a table (TSV) to your clipboard (OSC 52)"),
    *pane_keys(
        "the floor plan",
        "what the model would do, before and after edits",
        "the transitions of the cursor's cell, for <map.hide> and <map.turn>",
        "return per episode",
    ),
    Key("enter", "Enter", "full", "", "the focused pane at full size, and back"),
    Key("v", "v", "leave", "", "back to the explorer, with this head and sample"),
    Key("escape", "Esc", "back", "explorer", "leave full size; then back to the explorer"),
    *EVERYWHERE,
)
MAP_TITLE = "The map (<explorer.map>)"

TIMELINE: tuple[Key, ...] = (
    Key("full_stop", ".", "step(1)", "step", "one checkpoint on"),
    Key("comma", ",", "step(-1)", "", "one checkpoint back"),
    Key("greater_than_sign", ">", "tenth(1)", "", "a tenth of the run on"),
    Key("less_than_sign", "<", "tenth(-1)", "", "a tenth of the run back"),
    Key("enter", "Enter", "open", "open", "open this checkpoint in the explorer, at this head"),
    Key("equals_sign", "=", "beside", "beside", "this checkpoint beside the one that is open"),
    Key("up,k", "↑ k", "move(-1,0)", "", "previous layer"),
    Key("down,j", "↓ j", "move(1,0)", "", "next layer"),
    Key("left,h", "← h", "move(0,-1)", "", "previous head"),
    Key("right,l", "→ l", "move(0,1)", "", "next head"),
    Key("s", "s", "measure", "measure", "another measure of the heads: entropy, recency, reward lift"),
    Key("f", "f", "full", "full size", "the focused pane at full size, and back"),
    *pane_keys("every head over the checkpoints", "the in-context return", "since when each claim holds"),
    Key("T", "T", "leave", "", "back to the explorer"),
    Key("escape", "Esc", "back", "explorer", "leave full size; then back to the explorer, measuring goes on"),
    *EVERYWHERE,
)
TIMELINE_TITLE = "The training run (<explorer.timeline>)"
TABLES = {"explorer": KEYS, "map": MAP, "timeline": TIMELINE, "lab": LAB, "sides": SIDES, "runs": RUNS}
"""By the names that a settings file has for the screens."""


def bindings(place: str = "explorer") -> list[Binding]:
    """One of `TABLES` as Textual's bindings, with the ids of `key_names.Changes`. The app itself binds RESERVED.

    All have priority: then they act in the order in which they were typed. Other keys are queued at the pane that has
    the focus when they arrive, which is the wrong one when several come in one packet, as over a slow line.
    """
    return [
        Binding(
            key.keys,
            key.action,
            key.label,
            show=bool(key.label),
            priority=True,
            id=f"{place}.{key_name(key.action)}",
        )
        for key in TABLES[place]
        if key.keys not in RESERVED
    ]
