"""Choose one of several runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ...files.runs import UNKNOWN_STEP, Run


class PickerScreen(Screen[Run | None]):
    """Runs, newest first: name, step and age. Enter opens, `/` filters, q leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor(1)", "down"),
        Binding("k", "cursor(-1)", "up"),
        Binding("slash", "filter", "filter", priority=True),
        Binding("escape", "clear", "clear the filter"),
        Binding("q", "leave", "quit"),
    ]

    def __init__(self, runs: Sequence[Run], directory: str) -> None:
        super().__init__()
        self._runs = tuple(runs)
        self._shown = self._runs
        self._directory = directory

    def compose(self) -> ComposeResult:
        yield Static(Content(f" {len(self._runs)} runs in {self._directory}"), id="status")
        yield Input(placeholder="filter by name", id="filter")
        yield OptionList(id="runs")
        keys = (("j/k", "move"), ("Enter", "open"), ("/", "filter"), ("q", "quit"))
        yield Static("  ".join(f"[b $accent]{key}[/] {what}" for key, what in keys), id="keys")

    def on_mount(self) -> None:
        self.query_one("#filter", Input).display = False
        self._fill("")
        self.query_one(OptionList).focus()

    def _fill(self, pattern: str) -> None:
        self._shown = tuple(run for run in self._runs if pattern.lower() in run.name.lower())
        options = self.query_one(OptionList)
        options.clear_options()
        width = max((len(run.name) for run in self._shown), default=0)
        now = time.time()
        options.add_options([Option(Content(_line(run, width, now))) for run in self._shown])
        options.highlighted = 0 if self._shown else None

    def action_cursor(self, step: int) -> None:
        """Move the highlight."""
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_filter(self) -> None:
        """Type part of a name."""
        line = self.query_one("#filter", Input)
        line.display = True
        self.set_focus(line)  # now: what is typed next is for the line

    def action_clear(self) -> None:
        """Show every run again."""
        line = self.query_one("#filter", Input)
        line.value = ""
        line.display = False
        self.set_focus(self.query_one(OptionList))

    def action_leave(self) -> None:
        """Leave without opening a run."""
        self.dismiss(None)

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted, "#filter")
    def _filtered(self, event: Input.Submitted) -> None:
        self._fill(event.value)
        if len(self._shown) == 1:
            self.dismiss(self._shown[0])
        else:
            self.set_focus(self.query_one(OptionList))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index])


def _line(run: Run, width: int, now: float) -> str:
    step = "no step" if run.step == UNKNOWN_STEP else f"step {run.step}"
    many = f"{len(run.checkpoints)} checkpoint" + ("s" if len(run.checkpoints) > 1 else "")
    return f"{run.name:<{width}}  {step:>12}  {many:>15}  {age(now - run.fingerprint()[1] / 1e9)}"


def age(seconds: float) -> str:
    """How long ago, in one unit."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
