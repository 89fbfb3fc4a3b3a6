"""The insight log: fills while samples are analysed, and changes while insights are tested."""

from __future__ import annotations

from collections import Counter

from textual.app import ComposeResult

from ...records.insight import Insight
from ..renderables.insight import MARKS, SILENT, order
from .insight_lines import SILENCE, InsightLines, Key, Row
from .pane import ScrollPane

FILTERS = ("", "confirmed", "observed", "refuted", SILENT)
"""What `next_filter` goes through: all, then of one status."""
SAME, UNTESTABLE = "the same finding as another", "no evidence when tested"
"""Why an insight that these contexts show is not counted as found any more."""


class InsightsPane(ScrollPane):
    """Insights in order of status and scope; a newer one of the same kind and scope takes its predecessor's place.

    Those without evidence share one line until that is unfolded. A cursor is on one of the lines.
    """

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self.border_title = "insights"
        self._insights: dict[Key, Insight] = {}
        self._found: set[Key] = set()
        self._status = "no insight yet"
        self._note = ""
        self._unfolded: set[Key] = set()
        self._cursor: Key | None = None
        self._at = 0
        self.filter = ""
        self._text = InsightLines(self._status, id="insights-text")

    def compose(self) -> ComposeResult:
        yield self._text

    # -- what there is -----------------------------------------------------------------------------------------------
    @property
    def insights(self) -> list[Insight]:
        """In the order of the log, whatever the filter; one that tells the same as another is not told again."""
        return sorted((one for one in self._insights.values() if not one.same_as), key=order)

    @property
    def known(self) -> list[Insight]:
        """All of them, those that tell the same as another too."""
        return list(self._insights.values())

    @property
    def said(self) -> tuple[str, str]:
        """( "✔ only", see `gone`), for the title; "" is nothing to say."""
        return f"{MARKS[self.filter]} only" if self.filter else "", self.gone

    @property
    def gone(self) -> str:
        """ "23 gone: 12 the same finding as another, …": the contexts show them, tests took them away; "" is none.

        What only fewer contexts showed is not among them: it was not found in these.
        """
        why = Counter(reason for key in self._found if (reason := self._reason(key)))
        parts = [f"{why[reason]} {reason}" for reason in (SAME, UNTESTABLE) if why[reason]]
        if len(parts) == 1:
            return f"{why.total()} gone: {next(iter(why))}"
        return f"{why.total()} gone: {', '.join(parts)}" if parts else ""

    def _reason(self, key: Key) -> str:
        if (now := self._insights.get(key)) is None:
            return ""
        if now.same_as:
            return SAME
        return UNTESTABLE if now.status == SILENT and now.tested else ""

    @property
    def rows(self) -> list[Row]:
        """What the cursor can be on, from the top."""
        told = self.insights
        if self.filter:
            told, silent = [one for one in told if one.status == self.filter], []
        else:
            silent = [one for one in told if one.status == SILENT]
            told = [one for one in told if one.status != SILENT]
        rows = [Row(one, one.key in self._unfolded) for one in told]
        if silent:
            unfolded = SILENCE in self._unfolded
            rows.append(Row(None, unfolded, len(silent)))
            rows += [Row(one, one.key in self._unfolded) for one in silent if unfolded]
        return rows

    # -- the cursor --------------------------------------------------------------------------------------------------
    @property
    def current(self) -> Insight | None:
        """The insight under the cursor; None on the line that stands for many, and without any."""
        rows = self.rows
        return rows[self._index(rows)].insight if rows else None

    @property
    def place(self) -> int:
        """Where `current` is among `insights`; 0 where it is none."""
        current = self.current
        return 0 if current is None else [one.key for one in self.insights].index(current.key)

    def _index(self, rows: list[Row]) -> int:
        keys = [row.key for row in rows]
        return keys.index(self._cursor) if self._cursor in keys else min(self._at, len(rows) - 1)

    def move_cursor(self, step: int) -> None:
        """To the next line (1) or the previous one (-1); what is unfolded and longer than the pane scrolls first."""
        rows = self.rows
        at = self._index(rows) if rows else 0
        first, end = self._text.span(rows[at].key) if rows else (0, 0)
        top, height = int(self.scroll_target_y), self.scrollable_content_region.height
        more = (step > 0 and end > top + height) or (step < 0 and first < top)
        if more or not rows or not 0 <= at + step < len(rows):
            self.scroll_to(y=top + step, animate=False, immediate=True)
            return
        self._put(rows[at + step].key, at + step)

    def toggle(self) -> None:
        """Unfold what is behind the line under the cursor, or fold it again."""
        if rows := self.rows:
            at = self._index(rows)
            self._unfolded ^= {rows[at].key}
            self._put(rows[at].key, at)

    def next_filter(self) -> str:
        """Show only the confirmed ones, then those of each other status, all again; says which."""
        self.filter = FILTERS[(FILTERS.index(self.filter) + 1) % len(FILTERS)]
        self._changed()
        return self.filter

    def reveal(self, key: Key) -> None:
        """Put the cursor on an insight and unfold it; nothing where it has gone."""
        if (insight := self._insights.get(key)) is None:
            return
        if self.filter not in ("", insight.status):
            self.filter = ""
        self._unfolded |= {key, *([SILENCE] if insight.status == SILENT else [])}
        self._put(key, self._at)

    def _put(self, key: Key, at: int) -> None:
        self._cursor, self._at = key, at
        self._write()
        self.call_after_refresh(self._follow)

    def _follow(self) -> None:
        """Scroll so that the line under the cursor is there, and what is unfolded under it as far as there is room."""
        first, end = self._text.span(self._cursor)
        top, height = int(self.scroll_target_y), self.scrollable_content_region.height
        wanted = min(first, max(top, end - height))
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, immediate=True)

    def on_focus(self) -> None:
        self._text.refresh()

    def on_blur(self) -> None:
        self._text.refresh()

    # -- what comes in -----------------------------------------------------------------------------------------------
    def add(self, insight: Insight) -> None:
        """Add an insight, or replace the one of the same key; forget it where it is withdrawn."""
        if insight.withdrawn:
            self._insights.pop(insight.key, None)
        else:
            self._insights[insight.key] = insight
            if insight.status != SILENT and not insight.same_as:
                self._found.add(insight.key)
        self._changed()

    def clear(self) -> None:
        """Forget every insight."""
        self._insights.clear()
        self._found.clear()
        self._unfolded.clear()
        self._cursor, self._at, self._note = None, 0, ""
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
        rows = self.rows
        none = self._status if not self._insights or not self.filter else f"none of {len(self.insights)}: {self.filter}"
        note = "\n".join(part for part in (self.gone, self._note) if part)
        cursor = rows[self._index(rows)].key if rows else None
        self._text.show(rows, cursor, none, self.table.utf8, note)
