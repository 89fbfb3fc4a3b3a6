"""Several runs compared: what they differ in, how they learn on the same tasks, what they attend to."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from ...reports.comparison import curves_of
from ...reports.comparison_rows import csv_text
from ..key_bars import screen_bar
from ..keys import bindings
from ..renderables.returns import COLOURS, ReturnsLine, returns_lines
from ..renderables.runs_comparison import detail_lines, run_lines
from ..screens.line import LineScreen
from ..screens.panes import PanesScreen
from ..widgets.drawn import DrawnPane
from ..widgets.pane import color_table
from ..widgets.pane_stack import PaneStack
from .keys import RUNS_TITLE
from .state import RunsState

RUNS, CURVES, ONE = range(3)


class RunsPanes(PaneStack):
    """Draws the state.

    Args:
        state: whoever changes it calls `show`.
        plain: ASCII only.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("runs", "return per episode", "run")
    CONTAINERS: ClassVar[tuple[str, ...]] = ("#compared-below",)

    def __init__(self, state: RunsState, plain: bool = False) -> None:
        self.state = state
        self.reason = "opening the first run …"
        self.runs = DrawnPane(self._runs, self._nothing, id="compared-runs", classes="pane")
        self.curves = DrawnPane(self._curves, self._no_curve, id="compared-curves", classes="pane")
        self.one = DrawnPane(self._one, self._nothing, id="compared-one", classes="pane")
        super().__init__((self.runs, self.curves, self.one), plain)

    def compose(self) -> ComposeResult:
        yield Static(id="tabs")
        with Vertical(id="compared"):
            yield self.runs
            with Horizontal(id="compared-below"):
                yield self.curves
                yield self.one

    def show(self) -> None:
        """Draw everything again."""
        for pane in (self.runs, self.curves, self.one):
            pane.redraw()
        state, found = self.state, self.state.found
        if found is None:
            return
        missing = f" · {found.missing} to come" if found.missing else ""
        kept = f" · /{state.text}" if state.text else ""
        self.name_pane(RUNS, f"{len(state.rows)} of {len(found.rows)}{kept}{missing}")
        self.name_pane(ONE, "" if state.row is None else f"#{state.row.number} {state.row.label}")

    @property
    def _utf8(self) -> bool:
        return color_table(self.app).utf8

    def _nothing(self) -> str:
        none = self.state.found is not None and bool(self.state.text)
        return f"no run has {self.state.text}" if none else self.words(self.reason)

    def _no_curve(self) -> str:
        return self._nothing() if self.state.found is None else "nothing could be rolled out"

    def _runs(self, width: int, height: int) -> list[Text]:
        state = self.state
        if state.found is None or not (rows := state.rows):
            return []
        shown = rows, state.at, state.first, width, height
        return run_lines(state.found, *shown, by=state.heading, down=state.falls, utf8=self._utf8)

    def _curves(self, width: int, height: int) -> list[Text]:
        if (found := self.state.found) is None:
            return []
        lines = [
            ReturnsLine(f"#{row.number} {row.label}", tuple(one.mean for one in row.learned.episodes))
            for row in sorted(curves_of(found), key=lambda row: row.number)
            if row.learned is not None
        ]
        table = color_table(self.app)
        colour = table.name != "ascii" and not table.mono
        return returns_lines(lines[: len(COLOURS)], width, height, utf8=table.utf8, color=colour)

    def _one(self, width: int, height: int) -> list[Text]:
        found, row = self.state.found, self.state.row
        return [] if found is None or row is None else detail_lines(found, row, width, height, utf8=self._utf8)


class RunsScreen(PanesScreen[RunsPanes]):
    """Keys change the state; what the engine finds is drawn."""

    PLACE = "runs"
    HELP = RUNS_TITLE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("runs")]

    class Open(Message):
        """A run is wanted in the explorer."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    class Beside(Message):
        """Two runs are wanted side by side."""

        def __init__(self, first: str, second: str) -> None:
            super().__init__()
            self.first, self.second = first, second

    class Stop(Message):
        """No more runs are wanted."""

    def __init__(self, state: RunsState, plain: bool = False) -> None:
        super().__init__(RunsPanes(state, plain), plain)
        self.state = state

    def on_mount(self) -> None:
        super().on_mount()
        self.status.message = f"{len(self.state.asked.paths)} runs compared"
        self.panes.show()

    def bar(self) -> str:
        return screen_bar("runs", self.size.width, plain=self.plain, changes=self.changes)

    def leave(self) -> None:
        """Back to where it was opened; measuring goes on."""
        self.dismiss()

    def draw(self) -> None:
        """More is known."""
        if self.is_mounted:
            self.panes.show()

    def failed(self, why: str) -> None:
        """No more will be known."""
        self.panes.reason = why
        self.draw()

    # -- keys --------------------------------------------------------------------------------------------------------
    def action_move(self, by: int) -> None:
        """Another run."""
        self.state.move(by)
        self.draw()

    def action_aside(self, by: int) -> None:
        """Other columns."""
        self.state.aside(by)
        self.draw()

    def action_sort(self) -> None:
        """By the next column."""
        self.state.sort()
        self.draw()

    def action_turn(self) -> None:
        """The order turned round."""
        self.state.turned = not self.state.turned
        self.draw()

    def action_filter(self) -> None:
        """Type what runs must have."""

        def take(text: str | None) -> None:
            if text is not None:
                self.state.text = text.strip()
                self.draw()

        hint = "text of a name, or name=value of a setting; nothing shows all"
        self.app.push_screen(LineScreen("Runs", str, hint=hint, placeholder="n_transit=80", plain=self.plain), take)

    def action_open(self) -> None:
        """The run in the explorer."""
        if (row := self.state.row) is not None:
            self.post_message(self.Open(row.path))

    def action_beside(self) -> None:
        """The run beside the first of the table."""
        rows, row = self.state.rows, self.state.row
        if row is None or row.number == rows[0].number:
            self.notify("choose another than the first of the table: that is what it stands beside", severity="warning")
        else:
            self.post_message(self.Beside(rows[0].path, row.path))

    def action_stop(self) -> None:
        """No more runs."""
        self.post_message(self.Stop())

    def action_copy(self) -> None:
        """The table as CSV."""
        if self.state.found is None:
            self.notify("no numbers yet", severity="warning")
            return
        self.app.copy_to_clipboard(csv_text(self.state.found))
        self.notify(f"copied {len(self.state.found.rows)} runs (if your terminal allows OSC 52)")

    def action_copy_command(self) -> None:
        """The command that prints the same."""
        self.app.copy_to_clipboard(self.state.command)
        self.notify(f"copied (if your terminal allows OSC 52): {self.state.command}", markup=False)
