"""Every key and every number, explained."""

from __future__ import annotations

import textwrap
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ...records.plain import to_ascii
from ..key_names import UNCHANGED, Changes, changed
from ..key_words import filled
from ..keys import GROUPS, LAB, LAB_TITLE, MAP, MAP_TITLE, TIMELINE, TIMELINE_TITLE
from ..list_keys import LIST, LIST_TITLE
from ..renderables.statistics import STATISTICS
from ..runs.keys import RUNS, RUNS_TITLE
from ..sides.keys import SIDES, SIDES_TITLE
from .box import BoxScreen, inner_width

PICTURES = (
    (
        "answer",
        "above the panes: what the model as a whole uses, by which heads, and what stored trials of compression",
    ),
    ("", "say. ×17: hiding it moves the actions 17 times as much as hiding as many at random; (44 % of actions): in"),
    ("", "so many contexts the likeliest changes. ● is seen in attention only; ✔ confirmed, ✘ refuted by tests"),
    ("", "(+0.31) of a moved reward: so much more probable is a right step for the place that it was moved to"),
    ("heads", "one thumbnail per layer (down) and head (across); the caption is the entropy H/ln n of the query's row"),
    (
        "",
        "◆ behind a head: of the certified circuit that `adtui circuit` found for these weights: few heads that, with",
    ),
    (
        "",
        "the others giving what they give on average, keep the model's return on held-out goals; the log says how much",
    ),
    ("heatmap", "query tokens down, key tokens across; brighter is more attention; dark above the diagonal is masked"),
    (
        "",
        "when a run is longer than the pane, a pixel is the maximum over its block; <explorer.zoom_in> zooms in",
    ),
    ("ticks", "an episode begins; marks on the axes are rewarded transitions; the query row is the one in the curve"),
    ("read-out", "both tokens of the cursor: episode, step, state, action, next state, reward; the weight; its rank"),
    ("query curve", "attention of the query row on every token of the history"),
    ("received", "attention that a token receives, averaged over the queries that can see it"),
    (
        "actions",
        "what the model would do at the query row's state, given the transitions before it; after "
        "<explorer.knock_out> also",
    ),
    ("", "without what was taken away: █ stays, ░ is lost, ▒ is gained"),
    ("transitions", "where a transition has several tokens: its column is their sum, its row that of its state token"),
    ("latents", "tokens that sum up the oldest transitions: attention of the query row on each"),
    (
        "compressor",
        "latents down, what they were made from across, in one round; "
        "<explorer.previous_layer> <explorer.previous_head> move its layer and head",
    ),
    (
        "insights",
        "a line each: mark, where, kind, effect [95 % over independent histories]; hidden ×17: see the answer;",
    ),
    (
        "",
        "unfolded: what the numbers say, the test, and what that does not show. The title counts those found, and says",
    ),
    (
        "",
        "how many of what these contexts show tests have taken away: the same finding as another, or no evidence",
    ),
    (
        "",
        "✔ hiding what it names moves the actions more than hiding as many at random, ✘ less; ○ no evidence",
    ),
    (
        "",
        "<explorer.ratios>: every way to ablate it (mask, mean, resampled; noising, denoising; KL, logits) and whether "
        "they agree",
    ),
    ("", "placebos: sets named by chance, decided by the first test, so that any found among them are false"),
    (
        "map",
        "a cell is as bright as the query row's attention on transitions that ended (<map.ends>: began) there; "
        "grey: none did",
    ),
    ("", "@ the query's cell and its likeliest action, letters: the task's places, * a reward had, lines: the path"),
    (
        "heads (training)",
        "a head over the checkpoints, oldest at the left, the same scale for all; bright from where its claim holds",
    ),
    (
        "B − A (two runs)",
        "orange where B attends more, blue where A does, dark at zero; without colours b B and a A",
    ),
    (
        "heads (two runs)",
        "rows: Jensen-Shannon divergence of the query rows, 0 to 1; writes: of what heads write there",
    ),
    ("front (lab)", "a letter per cell, a capital where no cell keeps at most as much and returns at least as much"),
    ("", "bars are 95 % intervals; the line is the full context, the band below it the loss that counts as none"),
    ("returns (lab)", "return per episode of the selected cell, full context, and recent and random at its budget"),
    (
        "cells (lab)",
        "return of the last episodes; same action, KL mean and 95th percentile (nats) against full context;",
    ),
    ("", "P>full: chance of returning more, paired, ties half; time of a step over that with full context"),
    ("", "(cache): keys and values are dropped; append: time over an agent's that appends and holds all, see the docs"),
)


NAMES, LEAST = 23, 24
"""Columns of the names, and those that an explanation beside them takes at least."""


class HelpScreen(BoxScreen[None]):
    """One scrollable page, made from the tables that the app itself uses, so that it cannot go stale."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "close", "close"),
    ]

    def __init__(self, plain: bool = False, changes: Changes = UNCHANGED, first: str = "") -> None:
        super().__init__()
        self._plain, self._first = plain, first
        self._changes = changes

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box") as box:
            box.border_title = "Help"
            box.border_subtitle = "j/k PgUp/PgDn Home/End scroll, Esc closes"
            yield Static(id="text")

    def on_mount(self) -> None:
        self._draw(self.app.size.width)

    def on_resize(self, event: events.Resize) -> None:
        self._draw(event.size.width)

    def _draw(self, width: int) -> None:
        shown = text(self._plain, self._changes, self._first, inner_width(width) - 1)  # a scroll bar of two
        self.query_one("#text", Static).update(Content(shown))

    def action_close(self) -> None:
        """Back to the explorer."""
        self.dismiss(None)


def text(plain: bool = False, changes: Changes = UNCHANGED, first: str = "", width: int = 10_000) -> str:
    """The whole help as text, the keys under the title `first` before the others.

    `plain` is for terminals without UTF-8, `changes` are the user's own keys. What is longer than `width` goes on below
    itself: beside its key, or where that leaves too little room, under it.
    """
    lines: list[str] = []
    tables = [("explorer", *group) for group in GROUPS]
    tables += [("map", MAP_TITLE, MAP), ("timeline", TIMELINE_TITLE, TIMELINE)]
    tables += [
        ("sides", SIDES_TITLE, SIDES),
        ("runs", RUNS_TITLE, RUNS),
        ("lab", LAB_TITLE, LAB),
        ("list", LIST_TITLE, LIST),
    ]
    for place, title, keys in sorted(tables, key=lambda table: table[1] != first):
        name, opened, keys_to_it = title.partition(" (")
        lines.append(filled(f"{name.upper()}{opened}{keys_to_it}", changes))
        for key in changed(keys, place, changes):
            lines += _entry(to_ascii(key.shown, unless=not plain), key.explanation, width)
        lines.append("")
    lines.append("THE PICTURES")
    lines += [line for name, explanation in PICTURES for line in _entry(name, filled(explanation, changes), width)]
    numbers = "THE NUMBERS (of the query's row: its attention on the n context transitions, made to sum to 1)"
    lines += ["", *textwrap.wrap(numbers, width)]
    lines += [line for _, short, explanation in STATISTICS for line in _entry(short, explanation, width)]
    whole = "\n".join(lines)
    return to_ascii(whole, unless=not plain)


def _entry(name: str, explanation: str, width: int) -> list[str]:
    """A name, and what it is on one or more lines in a column of its own."""
    beside = 2 + NAMES + 1
    if width - beside >= LEAST:
        first, *rest = textwrap.wrap(explanation, width - beside)
        return [f"  {name:<{NAMES}} {first}", *(" " * beside + line for line in rest)]
    return [f"  {name}".rstrip(), *(f"    {line}" for line in textwrap.wrap(explanation, max(8, width - 4)))]
