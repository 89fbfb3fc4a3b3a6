"""The answer in full: every part of it, and the way to its evidence."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ...records.answer import COMPRESS, HEADS, USES, Answer, Key
from ...records.plain import to_ascii, to_ascii_cells
from .lists import step

LAB = "lab"
QUESTIONS = {
    USES: "Which transitions of its history the action depends on: hidden, they change it more than as many others",
    HEADS: "Which heads that goes through: the same, hidden from one head alone",
    COMPRESS: "Whether a shorter context returns as much",
}


class AnswerScreen(ModalScreen[Key | str | None]):
    """Arrows choose a part, Enter goes to its evidence: the insight's key, or LAB.

    Args:
        answer: what is known.
        plain: ASCII only.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,a", "close", "close"),
        Binding("down,j", "cursor(1)", "next"),
        Binding("up,k", "cursor(-1)", "previous"),
    ]

    def __init__(self, answer: Answer, plain: bool = False) -> None:
        super().__init__()
        self._plain = plain
        self._goals: list[Key | str] = []
        options: list[Option] = []
        for line in answer:
            basis = f"  ({line.basis})" if line.basis else ""
            title = Text(to_ascii(f"{line.name.upper()}  {QUESTIONS[line.name]}{basis}", unless=not plain), "bold")
            options.append(Option(title, disabled=True))
            for part in line.parts:
                goal = LAB if line.name == COMPRESS else part.insight
                text = Text(to_ascii(f"  {part.text}", unless=not plain))
                options.append(Option(text, id=None if goal is None else str(len(self._goals)), disabled=goal is None))
                if goal is not None:
                    self._goals.append(goal)
        self._list = OptionList(*options, id="parts", compact=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "What the model uses"
            hint = "↑↓ part  Enter its evidence  Esc"
            box.border_subtitle = to_ascii_cells(hint, unless=not self._plain)
            yield self._list

    def on_mount(self) -> None:
        self._list.action_first()

    def action_cursor(self, by: int) -> None:
        """The next or previous part that has evidence."""
        step(self._list, by)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(None if event.option.id is None else self._goals[int(event.option.id)])

    def action_close(self) -> None:
        """Back to the explorer."""
        self.dismiss(None)
