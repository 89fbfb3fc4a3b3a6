"""Choose one of several runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ...files.runs import Run
from ...records.list_messages import Described
from ...records.plain import to_ascii_cells
from ..engine_app import EngineApp
from ..key_bars import list_bar
from ..key_names import UNCHANGED
from ..list_keys import LIST, LIST_TITLE, OWN
from ..renderables.runs_table import AGE, COLUMNS, RunRow, ordered, table
from .help import HelpScreen
from .lists import step

MARGIN = 2
"""Columns that the list keeps free: one at the left, one for its scroll bar."""
MARK = "●"
"""In the column at the left, of a run that is marked."""


@dataclass(frozen=True)
class Chosen:
    """What was chosen in the list.

    Attributes:
        runs: one to open, one to set beside the open one, or several to compare.
        compare: whether they are to be compared.
    """

    runs: tuple[Run, ...]
    compare: bool = False


class PickerScreen(Screen[Chosen | None]):
    """Runs, newest first. Enter opens, Space marks, `=` compares, `/` filters, `o` sorts by the next column, Esc goes
    back, q quits.

    With two marked or more, `=` and Enter compare these; else `=` sets one beside the run that is open.

    Args:
        rows: the runs, with what is known of them already.
        directory: where they lie.
        current: the run that is open, highlighted; None where none is.
        beside: the list is for choosing what stands beside that run: Enter does what `=` does.
        plain: ASCII only.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.explanation, priority=key.action == "filter")
        for key in LIST
        if key.keys != OWN
    ]

    def __init__(
        self,
        rows: Sequence[RunRow],
        directory: str,
        current: Run | None = None,
        plain: bool = False,
        *,
        beside: bool = False,
    ) -> None:
        super().__init__()
        self._rows = tuple(rows)
        self._shown = self._rows
        self._directory = directory
        self._column, self._turned = AGE, False
        self._current = current
        self._plain = plain
        self._beside = beside
        self._marked: dict[Path, Run] = {}

    def compose(self) -> ComposeResult:
        yield Static(id="status")
        yield Input(placeholder="filter by name or family", id="filter")
        yield Static(id="columns")
        yield OptionList(id="runs")
        yield Static(id="keys")

    def on_mount(self) -> None:
        self.query_one("#filter", Input).display = False
        self._fill(self._first())
        self.query_one(OptionList).focus()

    def on_resize(self, event: events.Resize) -> None:
        self._fill(self._highlighted(), event.size.width)
        self._draw_keys(event.size.width)

    def _first(self) -> Run | None:
        """What is highlighted at first: the open run, or another where one is chosen to stand beside it."""
        if not self._beside or self._current is None:
            return self._current
        others = (row.run for row in self._shown if row.run.directory != self._current.directory)
        return next(others, self._current)

    def _draw_keys(self, width: int) -> None:
        self.query_one("#keys", Static).update(list_bar(width, back=self._current is not None))

    def _say(self) -> None:
        """Where the runs lie, and what they are chosen for."""
        count = f"{len(self._rows)} run" + ("s" if len(self._rows) > 1 else "")
        said = f" {count} in {self._directory}"
        if self._marked:
            then = "= compares them" if len(self._marked) > 1 else "mark another, then ="
            said = f" {len(self._marked)} marked of{said}: {then}"
        elif self._beside and self._current is not None:
            said = f" beside {self._current.name}:{said}"
        self.query_one("#status", Static).update(Content(to_ascii_cells(said, unless=not self._plain)))

    # -- rows --------------------------------------------------------------------------------------------------------
    def undescribed(self) -> RunRow | None:
        """The first run of which nothing is known yet, of those on display before the others."""
        return next((row for row in (*self._shown, *self._rows) if row.known is None), None)

    def described(self, known: Described) -> None:
        """More is known of one run; the highlight stays on the run that it is on."""
        self._rows = tuple(
            replace(row, known=known) if str(row.run.directory) == known.path else row for row in self._rows
        )
        self._fill(self._highlighted())

    def _highlighted(self) -> Run | None:
        at = self.query_one(OptionList).highlighted
        return None if at is None or at >= len(self._shown) else self._shown[at].run

    def _fill(self, highlight: Run | None = None, width: int | None = None) -> None:
        """Every row that the filter lets through, with one of them highlighted, else the first."""
        pattern = self.query_one("#filter", Input).value.lower()
        kept = [row for row in self._rows if pattern in _searched(row)]
        self._shown = ordered(kept, self._column, self._turned)
        wide = (self.size.width if width is None else width) - MARGIN - bool(self._marked)
        head, *lines = table(self._shown, time.time(), wide, self._column, self._turned)
        if self._plain:
            head, *lines = map(to_ascii_cells, (head, *lines))
        self._say()
        self.query_one("#columns", Static).update(Content(f"{' ' if self._marked else ''} {head}"))
        options = self.query_one(OptionList)
        options.clear_options()
        marks = [self._mark_of(row.run) for row in self._shown] if self._marked else [""] * len(lines)
        options.add_options([Option(Content(f"{mark}{line}")) for mark, line in zip(marks, lines, strict=True)])
        at = [index for index, row in enumerate(self._shown) if highlight and row.run.directory == highlight.directory]
        options.highlighted = at[0] if at else 0 if self._shown else None

    def _mark_of(self, run: Run) -> str:
        return to_ascii_cells(MARK if run.directory in self._marked else " ", unless=not self._plain)

    # -- keys --------------------------------------------------------------------------------------------------------
    def action_help(self) -> None:
        """Every key, those of this list first."""
        changes = self.app.key_changes if isinstance(self.app, EngineApp) else UNCHANGED
        self.app.push_screen(HelpScreen(self._plain, changes, LIST_TITLE))

    def action_mark(self) -> None:
        """Mark the highlighted run, or no more; on to the next."""
        if (run := self._highlighted()) is None:
            return
        if self._marked.pop(run.directory, None) is None:
            self._marked[run.directory] = run
        at = self.query_one(OptionList).highlighted or 0
        self._fill(self._shown[min(at + 1, len(self._shown) - 1)].run)

    def action_compare(self) -> None:
        """What is marked; else this run with the open one."""
        marked = tuple(row.run for row in self._rows if row.run.directory in self._marked)
        here = self._highlighted()
        other = marked[0] if marked else here
        if len(marked) > 1:
            self.dismiss(Chosen(marked, compare=True))
        elif self._current is None or other is None:
            self.notify("mark two runs or more with Space, then = compares them", severity="warning")
        else:
            self.dismiss(Chosen((other,), compare=True))

    def _take(self, run: Run) -> None:
        """Enter on a run."""
        if len(self._marked) > 1 or self._beside:
            self.action_compare()
        else:
            self.dismiss(Chosen((run,)))

    def action_cursor(self, by: int) -> None:
        """Move the highlight."""
        step(self.query_one(OptionList), by)

    def action_sort(self) -> None:
        """By the next column."""
        self._column, self._turned = COLUMNS[(COLUMNS.index(self._column) + 1) % len(COLUMNS)], False
        self._fill(self._highlighted())

    def action_turn(self) -> None:
        """The other way round."""
        self._turned = not self._turned
        self._fill(self._highlighted())

    def action_filter(self) -> None:
        """Type part of a name or a family."""
        line = self.query_one("#filter", Input)
        line.display = True
        self.set_focus(line)  # now: what is typed next is for the line

    def action_clear(self) -> None:
        """Show every run again; with nothing to clear, go back to the run that is open."""
        line = self.query_one("#filter", Input)
        if self._current is not None and not line.display:
            self.dismiss(None)
            return
        line.value = ""
        line.display = False
        self.set_focus(self.query_one(OptionList))

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        self._fill()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self._fill()  # what was typed last may still be on its way as a change
        if len(self._shown) == 1:
            self._take(self._shown[0].run)
        else:
            self.set_focus(self.query_one(OptionList))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self._take(self._shown[event.option_index].run)


def _searched(row: RunRow) -> str:
    return f"{row.run.name} {'' if row.known is None else row.known.family}".lower()
