"""The keys that read what is found: through the insights, into one, and from there to the attention that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...insights.shown_best import clearest_sample, newest_named
from ...records.insight import Insight
from ...records.run import RunInfo
from ...records.statistics import SampleStats
from ..screens.ablations import AblationsScreen
from .panes import INSIGHTS, NUMBERS
from .selection import LAST, Selection
from .taking import TakingScreen


class ReadingScreen(TakingScreen):
    """The insights' cursor, and where it leads."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the other panes g is theirs: to the top."""
        if action == "evidence":
            return self.panes.active == INSIGHTS
        return super().check_action(action, parameters)

    def action_move(self, down: int, right: int) -> None:
        """Up and down go through the text that has the focus; everywhere else as without text."""
        if down and self.panes.active == INSIGHTS:
            self.panes.insights.move_cursor(down)
        elif down and self.panes.active == NUMBERS:
            self.panes.statistics.scroll_relative(y=down, animate=False)
        else:
            super().action_move(down, right)

    def action_full(self) -> None:
        """The active pane at full size, or back; of the insights, what is behind the one under the cursor."""
        if self.panes.active == INSIGHTS and self.panes.insights.rows:
            self.panes.insights.toggle()
        else:
            super().action_full()

    def action_whole(self) -> None:
        """The active pane at full size, or back, whichever it is."""
        super().action_full()

    def action_filter(self) -> None:
        """Insights of one status only, the next; then all."""
        self.panes.activate(INSIGHTS)
        self.panes.insights.next_filter()
        self.presenter.titles()

    def action_ratios(self) -> None:
        """Every ablation behind the insights, the one under the cursor first."""
        pane = self.panes.insights
        if not pane.insights:
            self.notify("no insight yet", severity="warning")
            return
        self.app.push_screen(AblationsScreen(pane.insights, pane.place, self.plain), self._after_ratios)

    def _after_ratios(self, full: bool | None) -> None:
        if full and not self.panes.full:
            self.panes.activate(INSIGHTS)
            self.action_whole()

    def action_evidence(self) -> None:
        """To the head, sample and transition that show the insight under the cursor."""
        run, insight = self.presenter.run, self.panes.insights.current
        if run is None or insight is None:
            self.notify("there is no insight under the cursor", severity="warning")
        else:
            selection, key = evidence(insight, run, self.presenter.stats, self.presenter.selection)
            self.presenter.go(selection, key)
            self.status.sample = self.presenter.selection.sample
            self.notify(_said(insight, self.presenter.selection, key), timeout=4)


def evidence(
    insight: Insight, run: RunInfo, stats: Mapping[int, SampleStats], chosen: Selection
) -> tuple[Selection, int | None]:
    """The selection that shows an insight best, and the position of a transition that it names; None without one.

    An insight of a layer is shown by the mean over its heads, one of the model by the head that is selected.
    """
    sample = clearest_sample(insight, stats, run.samples)
    there = replace(chosen, sample=chosen.sample if sample is None else sample, query=LAST)
    if insight.layer is not None:
        head = chosen.head if insight.head is None else insight.head
        there = replace(there, layer=insight.layer, head=head, mean=insight.head is None)
    there = there.clamped(run)
    named = newest_named(insight, stats.get(there.sample), run.samples[there.sample], run.layout(there.sample))
    positions = [] if named is None else np.flatnonzero(there.axis(run).layout.transition == named).tolist()
    return there, positions[0] if positions else None


def _said(insight: Insight, chosen: Selection, key: int | None) -> str:
    what = f"{insight.where} {insight.kind}: s{chosen.sample}, {chosen.where}"
    return what if key is None else f"{what}, cursor on k{key}, which it names"
