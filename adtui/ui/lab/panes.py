"""The lab's panes: what to run, and four views of what has been found."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from ...compression.trials.front import Axis, points, spent
from ...compression.trials.plan import FULL, RANDOM, RECENT, beside
from ...records.durations import time_left
from ...records.levels import CACHE, TRANSITION, Level, at_level
from ...records.plain import to_ascii
from ...records.trial import Trial
from ...records.trial_cost import size_words
from ..renderables.cells import FULL_NAME, cells_lines, short
from ..renderables.choices import Option, options_lines
from ..renderables.front import Mark, front_lines
from ..renderables.returns import ReturnsLine, returns_lines
from ..widgets.drawn import DrawnPane
from ..widgets.pane import color_table
from ..widgets.pane_stack import PaneStack
from .settings import BESIDE, LETTERS, SHARED, STRATEGIES, says
from .state import Lab
from .verdict import SEARCH, VerdictPane, verdict_text

CHOICES, FRONT, RETURNS, CELLS, VERDICT = range(5)
AXIS_NAMES: dict[Axis, str] = {
    "kept": "kept transitions",
    "bytes": "bytes that an agent holds",
    "time": "milliseconds of a step",
}
OF_CACHE: dict[Axis, str] = {"kept": "kept entries of a head"}
AXIS_WORDS: dict[Axis, tuple[float, Callable[[float], str]]] = {
    "kept": (1, "{:.0f}".format),
    "bytes": (1, size_words),
    "time": (1000, lambda value: f"{value / 1000:.2g} ms"),
}
"""What a number is multiplied by on the scale of the picture, and how it is written there."""
CHOSEN: dict[Level, str] = {TRANSITION: "for transitions", CACHE: "for the cache"}
HOW_MANY: dict[Level, str] = {
    TRANSITION: "How many transitions to keep; every strategy is run at each.",
    CACHE: "How many keys and values each head keeps; every strategy is run at each.",
}
HOW_SHARED = (
    "How heads share so many each: evenly; ada: by scores within a layer; pyramid: fewer in later layers; duo: half of "
    "the heads, those that need it most, keep all."
)
UNSEARCHED = "none with duo, where half of the heads keep all"


def about(seconds: float | None) -> str:
    """How long something will take on this machine, as far as it is known before it begins."""
    return "how long is not known yet" if seconds is None else f"about {time_left(seconds)} here"


class LabPanes(PaneStack):
    """Draws the lab's state.

    Args:
        lab: the state; whoever changes it calls `show`.
        plain: ASCII only.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("strategies", "front", "returns", "cells", "verdict")
    CONTAINERS: ClassVar[tuple[str, ...]] = ("#left", "#right")

    def __init__(self, lab: Lab, plain: bool = False) -> None:
        self.lab = lab
        self.cursor = 0
        self.choices = DrawnPane(self._choices, str, id="choices", classes="pane")
        self.front = DrawnPane(self._front, self._nothing, id="front", classes="pane")
        self.returns = DrawnPane(self._returns, self._nothing, id="returns", classes="pane")
        self.cells = DrawnPane(self._cells, self._nothing, id="cells", classes="pane")
        self.verdict = VerdictPane(id="verdict", classes="pane")
        super().__init__((self.choices, self.front, self.returns, self.cells, self.verdict), plain)

    def compose(self) -> ComposeResult:
        yield Static(id="tabs")
        with Horizontal(id="all"):
            with Vertical(id="left"):
                yield self.choices
            with Vertical(id="right"):
                yield self.front
                yield self.returns
                yield self.cells
                yield self.verdict

    @property
    def row(self) -> str:
        """The line of the list under the cursor: a strategy, or a setting."""
        return self.lab.settings.rows()[self.cursor]

    def move(self, step: int) -> None:
        """Move the cursor of the list."""
        self.cursor = max(0, min(self.cursor + step, len(self.lab.settings.rows()) - 1))
        self.choices.redraw()

    def turn_level(self) -> str:
        """The other level, with the cursor on the same line where it has it. Returns why not, in words."""
        row = self.row
        why = self.lab.turn_level()
        rows = self.lab.settings.rows()
        self.cursor = rows.index(row) if row in rows else min(self.cursor, len(rows) - 1)
        self.show()
        return why

    @property
    def page(self) -> int:
        """Lines of a page of the active pane."""
        return max(1, self.all[self.active].size.height * 2 // 3)

    def by_place(self) -> list[Trial]:
        """Finished cells as they lie in the picture, from left to right."""
        spent = {point.label: point.spent for point in points(self.lab.cells, self.lab.axis)}
        return sorted(
            (trial for trial in self.lab.cells if trial.cell.label in spent),
            key=lambda trial: (spent[trial.cell.label], LETTERS.get(trial.cell.strategy, "")),
        )

    def show(self) -> None:
        """Draw everything again."""
        for pane in (self.choices, self.front, self.returns, self.cells):
            pane.redraw()
        text = "\n".join(verdict_text(self.lab))
        self.verdict.say(self.words(text))
        lab, shown = self.lab, self.lab.shown
        assumed = "" if lab.split_known else "split assumed · "
        self.name_pane(CHOICES, f"{assumed}{len(lab.settings.chosen())} {CHOSEN[lab.settings.level]}")
        self.name_pane(FRONT, self._front_title())
        self.name_pane(RETURNS, short(shown) if shown is not None else "")
        self.name_pane(CELLS, self._cells_title())
        report = lab.report
        said = "" if report is None else report.verdict.recommended or "no evidence"
        self.name_pane(VERDICT, said and at_level(said, lab.settings.level))

    # -- what each pane draws ----------------------------------------------------------------------------------------
    @property
    def _utf8(self) -> bool:
        return color_table(self.app).utf8

    @property
    def _color(self) -> bool:
        return color_table(self.app).name != "ascii"

    def _nothing(self) -> str:
        if self.lab.runs_here:
            return "the search's path is in pane 5" if self.lab.searches_here else "no cell is finished yet"
        return "no trials yet: <lab.start> starts them"

    def _choices(self, width: int, height: int) -> list[Text]:
        chosen, known = self.lab.settings, self.lab.split_known
        rows = []
        for name in STRATEGIES[chosen.level]:
            box = "[+]" if name in BESIDE else "[x]" if name in chosen.strategies else "[ ]"
            about = says(name)
            whole = f"{name}: keeps {about}." + (" Always run, to compare with." if name in BESIDE else "")
            rows.append(Option(f"{box} {LETTERS[name]} {name}", about, whole))
        histories = f"{chosen.streams} per held-out goal" if known else f"{chosen.streams} per goal"
        running = "stop: <lab.stop>" if self.lab.running else ""
        values = (
            *(((SHARED, chosen.shared, HOW_SHARED),) if SHARED in chosen.rows() else ()),
            ("budgets", ", ".join(map(str, chosen.budgets)), HOW_MANY[chosen.level]),
            ("histories", histories, "Histories for each of the goals; more give narrower intervals."),
            ("episodes", f"{chosen.episodes} per history", "Episodes; returns are compared over the last ten."),
            ("start", running or "<lab.start>, or <lab.enter> here", "Run what is chosen. Finished cells are kept."),
            ("search", running or "<lab.search>, or <lab.enter> here", SEARCH),
        )
        rows += [Option(f"    {name}", self.words(value), more) for name, value, more in values]
        lines = options_lines(
            rows, self.cursor, width, height, below=[self.words(line) for line in self._summary()], utf8=self._utf8
        )
        return [_plain(line) for line in lines] if self._plain else lines

    def _summary(self) -> list[str]:
        lab = self.lab
        if lab.ready is None:
            return [lab.error or "asking the engine …"]
        chosen = lab.settings
        histories = lab.ready.goals * chosen.streams
        return [
            f"{chosen.cells()} cells × {histories} histories × {chosen.episodes} episodes, "
            f"on contexts of {lab.ready.n_context} transitions: {about(lab.seconds())}",
            f"a search (<lab.search>): {about(lab.search_seconds()) if chosen.searchable else UNSEARCHED}",
            *(f"Note: {doubt}." for doubt in lab.doubts),
        ]

    def _front(self, width: int, height: int) -> list[Text]:
        lab, shown, trials = self.lab, self.lab.shown, self.lab.found.trials
        whole = None if FULL not in trials else spent(trials[FULL], lab.axis)
        if lab.full is None or whole is None:
            return []
        unit, words = AXIS_WORDS[lab.axis]
        marks = [
            Mark(
                LETTERS.get(point.strategy, "?"),
                point.spent * unit,
                point.last,
                point.front,
                quiet=point.strategy in (RANDOM, RECENT),
                selected=shown is not None and shown in lab.cells and point.label == shown.cell.label,
            )
            for point in points(lab.cells, lab.axis)
        ]
        return front_lines(
            marks,
            width,
            height,
            full=lab.full.last,
            margin=lab.found.margin,
            whole=whole * unit,
            words=words,
            utf8=self._utf8,
            color=self._color,
        )

    def _front_title(self) -> str:
        full, margin = self.lab.full, self.lab.found.margin
        if full is None:
            names = AXIS_NAMES if self.lab.settings.level == TRANSITION else AXIS_NAMES | OF_CACHE
            return f"return against {names[self.lab.axis]}"
        known = f", margin {margin:.2f}" if math.isfinite(margin) else ""
        by = at_level(self.lab.axis, self.lab.settings.level)
        return f"return by {by} · full {full.last.mean:.2f}{known} · CAPITALS lead"

    def _cells_title(self) -> str:
        lab, asked = self.lab, self.lab.found.asked
        other = f", {len(lab.beside)} of the other level" if lab.beside else ""
        return f"{len(lab.cells)} of {asked}{other}" if asked else ""

    def _returns(self, width: int, height: int) -> list[Text]:
        lab, shown = self.lab, self.lab.shown
        if lab.full is None:
            return []
        trials = lab.found.trials if shown is None else lab.every[shown.cell.level].trials
        curves = []
        if shown is not None and shown.closed_loop is not None:
            curves.append(_curve(shown, short(shown)))
        curves.append(_curve(lab.found.trials[FULL], FULL_NAME))
        if shown is not None and shown.cell.budget is not None:
            cell = shown.cell
            labels = [beside(name, cell.budget or 0, cell.shared) for name in (RECENT, RANDOM)]
            others = [trials[label] for label in labels if label in trials and label != cell.label]
            curves += [_curve(one, short(one)) for one in others]
        return returns_lines(curves, width, height, utf8=self._utf8, color=self._color)

    def _cells(self, width: int, height: int) -> list[Text]:
        lab, shown = self.lab, self.lab.shown
        full = [lab.found.trials[FULL]] if FULL in lab.found.trials else []
        trials = [*full, *lab.cells, *lab.beside]
        return cells_lines(
            trials,
            width,
            height,
            letters=LETTERS,
            selected=None if shown is None else shown.cell,
            recommended=[one.cell for one in trials if one.cell.label == lab.every[one.cell.level].recommended],
            utf8=self._utf8,
        )


def _curve(trial: Trial, name: str) -> ReturnsLine:
    assert trial.closed_loop is not None
    return ReturnsLine(name, tuple(one.mean for one in trial.closed_loop.episodes))


def _plain(line: Text) -> Text:
    line.plain = to_ascii(line.plain)
    return line
