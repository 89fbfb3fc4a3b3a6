"""The insight log: fills while samples are analysed, and changes while insights are tested."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from textual.app import ComposeResult

from ...records.insight import Insight
from ..renderables.insight import MARKS, STATUSES, counted, fallen, order
from .insight_lines import FOLDED, InsightLines, Key, Log
from .pane import ScrollPane

NO_EVIDENCE = STATUSES[-1]


class InsightsPane(ScrollPane):
    """Insights in order of status and scope, one line each; a newer one of the same kind and scope takes its
    predecessor's place. Those without evidence are one line at the end, until it is entered."""

    BINDINGS = [
        ("g,home", "edge(0)", "Top"),
        ("G,end", "edge(-1)", "End"),
    ]

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self.border_title = "insights"
        self._insights: dict[Key, Insight] = {}
        self._once: set[Key] = set()
        self._most = 0
        self._status = "no insight yet"
        self._note = ""
        self._only = ""
        self._at: Key | None = None
        self._unfolded: set[Key] = set()
        self._lists_all = False
        self._text = InsightLines(self._status, id="insights-text")

    def compose(self) -> ComposeResult:
        yield self._text

    # -- what is known -----------------------------------------------------------------------------------------------
    @property
    def insights(self) -> list[Insight]:
        """In the order of the log; one that tells the same as another is not told again."""
        return sorted((one for one in self._insights.values() if not one.same_as), key=order)

    @property
    def known(self) -> list[Insight]:
        """All of them, those that tell the same as another too."""
        return list(self._insights.values())

    @property
    def told(self) -> str:
        """For the title: how many there are of each status, what is left out, and why there are fewer than before."""
        only = f"only {MARKS[self._only]} {self._only}" if self._only else ""
        found = counted(self.insights)
        gone = [self._insights.get(key) for key in self._once]
        return " · ".join(part for part in (only, found, fallen(self.insights, self._most, gone)) if part)

    def add(self, insight: Insight) -> None:
        """Add an insight, or replace the one of the same key; forget it where it is withdrawn."""
        if insight.withdrawn:
            self._insights.pop(insight.key, None)
        else:
            self._insights[insight.key] = insight
            if insight.status != NO_EVIDENCE:
                self._once.add(insight.key)
        found = sum(1 for one in self._insights.values() if one.status != NO_EVIDENCE and not one.same_as)
        self._most = max(self._most, found)
        self._changed()

    def clear(self) -> None:
        """Forget every insight."""
        self._insights.clear()
        self._once.clear()
        self._unfolded.clear()
        self._most, self._note, self._at, self._lists_all = 0, "", None, False
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

    # -- what is shown -----------------------------------------------------------------------------------------------
    @property
    def current(self) -> Insight | None:
        """The insight under the cursor; None on the line for those without evidence, or where there is none."""
        at = self._log().at
        return None if at is None else self._insights.get(at)

    @property
    def empty(self) -> bool:
        """Whether there is no line that the cursor could be on."""
        return not self._log().keys

    @property
    def is_unfolded(self) -> bool:
        """Whether the insight under the cursor is shown whole."""
        return self._log().at in self._unfolded

    def _log(self) -> Log:
        shown = [one for one in self.insights if self._only in ("", one.status)]
        folds = not self._only and not self._lists_all
        with_evidence = [one for one in shown if not folds or one.status != NO_EVIDENCE]
        status = f"no insight is {self._only}" if self._only and self._insights else self._status
        folded = len(shown) - len(with_evidence)
        log = Log(with_evidence, folded, frozenset(self._unfolded), self._at, status, self._note, self.table.utf8)
        keys = log.keys
        return log if self._at in keys else replace(log, at=keys[0] if keys else None)

    def reveal(self, key: Key) -> None:
        """Unfold an insight and scroll it to the top; nothing where it has gone."""
        if key not in self._insights:
            return
        self._only = ""
        self._lists_all |= self._insights[key].status == NO_EVIDENCE
        self._at = key
        self._unfolded.add(key)
        self._write()
        if (span := self._text.span(key)) is not None:
            self.scroll_to(y=span[0], animate=False)

    def next_filter(self) -> None:
        """Show only those of the next status that there is one of, or all again."""
        there = Counter(one.status for one in self.insights)
        kinds = ["", *(status for status in STATUSES if there[status])]
        self._only = kinds[(kinds.index(self._only) + 1) % len(kinds)] if self._only in kinds else ""
        self._write()
        self.scroll_home(animate=False)

    def list_all(self) -> None:
        """Those without evidence too, each on a line."""
        self._lists_all = True
        none = [one for one in self.insights if one.status == NO_EVIDENCE]
        self._at = none[0].key if none else self._at
        self._write()

    # -- keys --------------------------------------------------------------------------------------------------------
    def move(self, down: int, right: int) -> None:
        """An arrow: the cursor up or down, or what it is on folded (left) or unfolded (right)."""
        if right:
            self.unfold(right > 0)
        else:
            self._step(down)

    def _step(self, step: int) -> None:
        log = self._log()
        if log.at is not None:
            at = log.keys.index(log.at) + step
            self._go(log.keys[min(max(at, 0), len(log.keys) - 1)])

    def action_edge(self, index: int) -> None:
        """The cursor to the first (0) or last (-1) insight."""
        if keys := self._log().keys:
            self._go(keys[index])

    def _go(self, key: Key) -> None:
        self._at = key
        self._write()
        self._follow(key)

    def unfold(self, unfold: bool) -> None:
        """Show the insight under the cursor whole, or as a line."""
        at = self._log().at
        if at is None:
            return
        if at == FOLDED:
            self.list_all()
        elif unfold:
            self._unfolded.add(at)
        elif at in self._unfolded:
            self._unfolded.discard(at)
        elif self._lists_all and self._insights[at].status == NO_EVIDENCE:
            self._lists_all, self._at = False, FOLDED
        self._write()
        self._follow(self._log().at)

    def _follow(self, key: Key | None) -> None:
        """Scroll so that an insight is on display, its first line above all."""
        span = None if key is None else self._text.span(key)
        if span is None:
            return
        top, height = int(self.scroll_y), self.scrollable_content_region.height
        y = min(span[0], max(top, span[1] - height))
        self.call_after_refresh(self.scroll_to, y=y, animate=False)

    def on_focus(self) -> None:
        self._text.refresh()

    def on_blur(self) -> None:
        self._text.refresh()

    def _changed(self) -> None:
        # Once after a burst: extraction finds many insights at a time.
        self.call_after_refresh(self._write)

    def _write(self) -> None:
        self._text.show(self._log())
