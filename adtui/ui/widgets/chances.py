"""What the model would do at the selected row's state."""

from __future__ import annotations

from rich.text import Text

from ...records.chances import Chances
from ..renderables.chances import chances_lines
from .drawn import DrawnPane


class ChancesPane(DrawnPane):
    """A bar for each action."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(self._lines, lambda: self._reason, id=id, classes=classes)
        self.shown: Chances | None = None
        self._reason = "no run yet"

    def show(self, chances: Chances) -> None:
        """Draw these."""
        self.shown = chances
        self.redraw()

    def clear(self, reason: str) -> None:
        """Show nothing, and say why."""
        self.shown, self._reason = None, reason
        self.redraw()

    def _lines(self, width: int, height: int) -> list[Text]:
        return [] if self.shown is None else chances_lines(self.shown, width, height, utf8=self.table.utf8)
