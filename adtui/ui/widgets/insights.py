"""The insight log: fills while samples are analysed, and changes while insights are tested."""

from __future__ import annotations

from rich.segment import Segment
from rich.text import Text
from textual.app import ComposeResult
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from ...records.insight import Insight
from ..renderables.colors import FAINT
from ..renderables.insight import insight_text, order
from .pane import ScrollPane, on_own_colors

Key = tuple[str, int | None, int | None, str]
Line = list[Segment]


class InsightLines(Widget):
    """The log's text, wrapped insight by insight.

    One of sixty insights changes several times a second while they are tested. As one text, all would be wrapped and
    laid out again each time: 30 ms in which no key is answered.
    """

    DEFAULT_CSS = """
    InsightLines { width: 1fr; height: auto; }
    """

    def __init__(self, status: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._status = status
        self._note = ""
        self._insights: list[Insight] = []
        self._utf8 = True
        self._wrapped: dict[Key, tuple[Insight, int, list[Line]]] = {}
        self._lines: tuple[int, list[Line]] | None = None

    def show(self, insights: list[Insight], status: str, utf8: bool, note: str = "") -> None:
        """Show these insights in this order and a note on all of them, or what there is to say while there are none."""
        before = None if self._lines is None else len(self._lines[1])
        self._insights, self._status, self._utf8, self._note = insights, status, utf8, note
        self._lines = None
        self.refresh(layout=len(self._at(self.size.width)) != before)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        del container, viewport  # only the width tells how many lines there are
        return len(self._at(width))

    def render_line(self, y: int) -> Strip:
        lines = self._at(self.size.width)
        return on_own_colors(self, lines[y] if y < len(lines) else [])

    def _at(self, width: int) -> list[Line]:
        """All lines at a width."""
        if self._lines is None or self._lines[0] != width:
            self._lines = (width, self._wrap(max(1, width)))
        return self._lines[1]

    def _wrap(self, width: int) -> list[Line]:
        if not self._insights:
            return self._fold(Text(self._status), width)
        known, self._wrapped = self._wrapped, {}
        lines: list[Line] = []
        for insight in self._insights:
            entry = known.get(insight.key)
            if entry is None or entry[0] is not insight or entry[1] != width:
                entry = (insight, width, self._fold(insight_text(insight, self._utf8), width))
            self._wrapped[insight.key] = entry
            lines += [*([[]] if lines else []), *entry[2]]
        return [*lines, [], *self._fold(Text(self._note, FAINT), width)] if self._note else lines

    def at_line(self, y: int) -> int:
        """The place in the log of the insight that line y shows, or the first one below it."""
        end = -1
        for place, insight in enumerate(self._insights):
            end += 1 + len(self._wrapped[insight.key][2]) if insight.key in self._wrapped else 0
            if y < end:
                return place
        return max(0, len(self._insights) - 1)

    def line_of(self, key: Key) -> int | None:
        """The first line of an insight; None where it is not shown."""
        line = 0
        for insight in self._insights:
            if insight.key == key:
                return line
            line += 1 + len(self._wrapped[insight.key][2]) if insight.key in self._wrapped else 0
        return None

    def _fold(self, text: Text, width: int) -> list[Line]:
        text.rstrip()
        return [list(line.render(self.app.console)) for line in text.wrap(self.app.console, width)]


class InsightsPane(ScrollPane):
    """Insights in order of status and scope; a newer one of the same kind and scope takes its predecessor's place."""

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self.border_title = "insights"
        self._insights: dict[Key, Insight] = {}
        self._status = "no insight yet"
        self._note = ""
        self._text = InsightLines(self._status, id="insights-text")

    def compose(self) -> ComposeResult:
        yield self._text

    @property
    def insights(self) -> list[Insight]:
        """In the order of the log; one that tells the same as another is not told again."""
        return sorted((one for one in self._insights.values() if not one.same_as), key=order)

    @property
    def topmost(self) -> int:
        """The place in the log of the insight at the top of what is on display."""
        return self._text.at_line(int(self.scroll_y))

    @property
    def known(self) -> list[Insight]:
        """All of them, those that tell the same as another too."""
        return list(self._insights.values())

    def reveal(self, key: Key) -> None:
        """Scroll an insight to the top; nothing where it has gone."""
        if (line := self._text.line_of(key)) is not None:
            self.scroll_to(y=line, animate=False)

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
        self._note = ""
        self._changed()

    def status(self, text: str) -> None:
        """What to say while there is no insight: "no insight yet: analysing sample 2 of 5", "no evidence"."""
        self._status = text
        if not self._insights:
            self._changed()

    def note(self, text: str) -> None:
        """What to say below the insights, about all of them."""
        self._note = text
        self._changed()

    def _changed(self) -> None:
        # Once after a burst: extraction finds many insights at a time.
        self.call_after_refresh(self._write)

    def _write(self) -> None:
        self._text.show(self.insights, self._status, self.table.utf8, self._note)
