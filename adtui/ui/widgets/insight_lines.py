"""The insight log's lines: one for each insight, more under those that are unfolded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from ...records.insight import Insight
from ..renderables.colors import FAINT
from ..renderables.insight import Columns, columns_of, insight_line, insight_text, silent_line
from .pane import on_own_colors

Key = tuple[str, int | None, int | None, str]  # see records.Insight.key
Line = list[Segment]
SILENCE: Key = ("", None, None, "")
"""The key of the line that stands for all without evidence."""
INDENT = 2
"""Cells, of what is unfolded."""
CURSOR = Style(reverse=True)


@dataclass(frozen=True)
class Row:
    """A line of the log that the cursor can be on.

    Attributes:
        insight: None is the line that stands for all without evidence.
        unfolded: what is behind it is shown.
        count: how many are without evidence.
    """

    insight: Insight | None
    unfolded: bool = False
    count: int = 0

    @property
    def key(self) -> Key:
        """What makes it the same row when its numbers change."""
        return SILENCE if self.insight is None else self.insight.key


@dataclass(frozen=True)
class _Wrapped:
    row: Row
    layout: tuple[int, Columns, bool]
    lines: list[Line]

    def of(self, row: Row, layout: tuple[int, Columns, bool]) -> bool:
        """Whether these are the lines of this very row, laid out like this."""
        same = self.row.insight is row.insight and (self.row.unfolded, self.row.count) == (row.unfolded, row.count)
        return same and self.layout == layout


class InsightLines(Widget):
    """The log's text, wrapped row by row.

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
        self._rows: Sequence[Row] = ()
        self._cursor: Key | None = None
        self._utf8 = True
        self._wrapped: dict[Key, _Wrapped] = {}
        self._lines: tuple[int, list[Line]] | None = None

    def show(self, rows: Sequence[Row], cursor: Key | None, status: str, utf8: bool, note: str = "") -> None:
        """Show these rows and a note on all of them, or what there is to say while there are none.

        Args:
            cursor: the row that the cursor is on.
        """
        before = None if self._lines is None else len(self._lines[1])
        self._rows, self._cursor, self._status, self._utf8, self._note = rows, cursor, status, utf8, note
        self._lines = None
        self.refresh(layout=len(self._at(self.size.width)) != before)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        del container, viewport  # only the width tells how many lines there are
        return len(self._at(width))

    def render_line(self, y: int) -> Strip:
        lines = self._at(self.size.width)
        strip = on_own_colors(self, lines[y] if y < len(lines) else [])
        if self._rows and self._marked and y == self.span(self._cursor)[0]:
            return strip.extend_cell_length(self.size.width).apply_style(CURSOR)
        return strip

    @property
    def _marked(self) -> bool:
        return isinstance(self.parent, Widget) and self.parent.has_focus

    def span(self, key: Key | None) -> tuple[int, int]:
        """(first line of a row, the first line after it); of the first row where there is no such row."""
        line, first = 0, (0, 0)
        for index, row in enumerate(self._rows):
            height = len(self._wrapped[row.key].lines) if row.key in self._wrapped else 0
            if row.key == key:
                return line, line + height
            if not index:
                first = 0, height
            line += height
        return first

    def _at(self, width: int) -> list[Line]:
        """All lines at a width."""
        if self._lines is None or self._lines[0] != width:
            self._lines = (width, self._wrap(max(1, width)))
        return self._lines[1]

    def _wrap(self, width: int) -> list[Line]:
        lines: list[Line] = [] if self._rows else self._fold(Text(self._status), width)
        known, self._wrapped = self._wrapped, {}
        layout = width, columns_of([row.insight for row in self._rows if row.insight is not None]), self._utf8
        for row in self._rows:
            entry = known.get(row.key)
            if entry is None or not entry.of(row, layout):
                entry = _Wrapped(row, layout, self._draw(row, width, layout[1]))
            self._wrapped[row.key] = entry
            lines += entry.lines
        return [*lines, [], *self._fold(Text(self._note, FAINT), width)] if self._note else lines

    def _draw(self, row: Row, width: int, columns: Columns) -> list[Line]:
        if row.insight is None:
            return self._fold(silent_line(row.count, row.unfolded, self._utf8), width)
        lines = self._fold(insight_line(row.insight, width, columns, self._utf8), width)[:1]
        if row.unfolded:
            behind = self._fold(insight_text(row.insight, self._utf8), max(1, width - INDENT))
            lines += [[Segment(" " * INDENT), *line] for line in behind]
        return lines

    def _fold(self, text: Text, width: int) -> list[Line]:
        text.rstrip()
        return [list(line.render(self.app.console)) for line in text.wrap(self.app.console, width)]
