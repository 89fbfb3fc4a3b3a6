"""The insight log: fills while samples are analysed."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from adtui.records import Insight
from adtui.ui.renderables.insight import insight_text, order

from .pane import ScrollPane


class InsightLog(ScrollPane):
    """Insights in order of status and scope; a newer one of the same kind and scope takes its predecessor's place."""

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self.border_title = "insights"
        self._insights: dict[tuple[str, int | None, int | None, str], Insight] = {}
        self._status = "no insight yet"

    def compose(self) -> ComposeResult:
        yield Static(self._status, id="insights-text")

    @property
    def insights(self) -> list[Insight]:
        """In the order of the log."""
        return sorted(self._insights.values(), key=order)

    def add(self, insight: Insight) -> None:
        """Add an insight, or replace the one of the same key; forget it where it is withdrawn."""
        if insight.withdrawn:
            self._insights.pop(insight.key, None)
        else:
            self._insights[insight.key] = insight
        self._changed()

    def clear(self) -> None:
        """Forget every insight."""
        self._insights.clear()
        self._changed()

    def status(self, text: str) -> None:
        """What to say while there is no insight: "no insight yet: analysing sample 2 of 5", "no evidence"."""
        self._status = text
        if not self._insights:
            self._changed()

    def _changed(self) -> None:
        # Once after a burst: extraction finds many insights at a time, and each would lay out the whole log again.
        self.call_after_refresh(self._write)

    def _write(self) -> None:
        text = self.query_one("#insights-text", Static)
        insights = self.insights
        if not insights:
            text.update(Text(self._status))
            return
        utf8 = self.table.utf8
        text.update(Text("\n").join(insight_text(each, utf8) for each in insights))
