"""The insight log's text: a line for each insight, unfolded where the user wants to read it."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from ...records.insight import Insight
from ..renderables.colors import FAINT
from ..renderables.insight import folded_line, insight_line, insight_text
from .pane import on_own_colors

Key = tuple[str, int | None, int | None, str]
Line = list[Segment]
FOLDED: Key = ("", None, None, "")
"""In place of an insight's key: the one line for all that have no evidence."""
CURSOR = Style(reverse=True)


@dataclass(frozen=True)
class Log:
    """What is shown.

    Attributes:
        insights: in this order, each on a line.
        folded: how many more, without evidence, are one line at the end.
        unfolded: keys of those that are shown whole.
        at: the key of the line that the cursor is on, FOLDED for the last one; None is nowhere.
        status: what to say while there is nothing else.
        note: what to say below all of them.
    """

    insights: Sequence[Insight] = ()
    folded: int = 0
    unfolded: Set[Key] = frozenset()
    at: Key | None = None
    status: str = ""
    note: str = ""
    utf8: bool = True

    @property
    def keys(self) -> list[Key]:
        """Of all lines that the cursor can be on."""
        return [*(insight.key for insight in self.insights), *([FOLDED] if self.folded else [])]


class InsightLines(Widget):
    """Lines of the log.

    One of sixty insights changes several times a second while they are tested. As one text, all would be wrapped and
    laid out again each time: 30 ms in which no key is answered.
    """

    DEFAULT_CSS = """
    InsightLines { width: 1fr; height: auto; }
    """

    def __init__(self, status: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.log_shown = Log(status=status)
        self._wrapped: dict[Key, tuple[Insight, tuple[int, bool, bool], list[Line]]] = {}
        self._starts: dict[Key, int] = {}
        self._lines: tuple[int, list[Line]] | None = None

    def show(self, log: Log) -> None:
        """Show something else."""
        before = None if self._lines is None else len(self._lines[1])
        self.log_shown = log
        self._lines = None
        self.refresh(layout=len(self._at(self.size.width)) != before)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        del container, viewport  # only the width tells how many lines there are
        return len(self._at(width))

    def render_line(self, y: int) -> Strip:
        lines = self._at(self.size.width)
        line = lines[y] if y < len(lines) else []
        at = self.log_shown.at
        if at is not None and self._starts.get(at) == y and self.screen.focused is self.parent:
            line = [Segment(text, (style or Style()) + CURSOR) for text, style, _ in line]
        return on_own_colors(self, line)

    def span(self, key: Key) -> tuple[int, int] | None:
        """(first, end) lines of an insight; None where it is not shown."""
        self._at(self.size.width)
        if (start := self._starts.get(key)) is None:
            return None
        return start, start + (len(self._wrapped[key][2]) if key in self._wrapped else 1)

    def _at(self, width: int) -> list[Line]:
        """All lines at a width."""
        if self._lines is None or self._lines[0] != width:
            self._lines = (width, self._wrap(max(1, width)))
        return self._lines[1]

    def _wrap(self, width: int) -> list[Line]:
        log = self.log_shown
        self._starts.clear()
        if not log.keys:
            return self._fold(Text(log.status), width)
        known, self._wrapped = self._wrapped, {}
        lines: list[Line] = []
        for insight in log.insights:
            form = (width, log.utf8, insight.key in log.unfolded)
            entry = known.get(insight.key)
            if entry is None or entry[0] is not insight or entry[1] != form:
                entry = (insight, form, self._lay_out(insight, *form))
            self._wrapped[insight.key] = entry
            self._starts[insight.key] = len(lines)
            lines += entry[2]
        if log.folded:
            self._starts[FOLDED] = len(lines)
            lines.append(self._cut(folded_line(log.folded, log.utf8), width))
        return [*lines, [], *self._fold(Text(log.note, FAINT), width)] if log.note else lines

    def _lay_out(self, insight: Insight, width: int, utf8: bool, unfolded: bool) -> list[Line]:
        line = self._cut(insight_line(insight, utf8), width)
        return [line, *self._fold(insight_text(insight, utf8), width)] if unfolded else [line]

    def _cut(self, text: Text, width: int) -> Line:
        text.truncate(width, overflow=text.overflow)
        return list(text.render(self.app.console))

    def _fold(self, text: Text, width: int) -> list[Line]:
        text.rstrip()
        return [list(line.render(self.app.console)) for line in text.wrap(self.app.console, width)]
