"""The answer above the panes while evidence comes in, and the head that shows it best."""

from __future__ import annotations

import numpy as np

from ...insights.answer import answer_of, telling_head
from ...records.run import RunInfo
from ...records.statistics import SampleStats
from .panes import Panes


class Answering:
    """Writes the three lines, and proposes heads until the user has taken over.

    Args:
        panes: with the strip, and the insights that it is made of.
        leads: whether heads are proposed at all.

    Attributes:
        where: in words how far the tests were when they were stopped, "" while they go on or when all is done.
    """

    def __init__(self, panes: Panes, leads: bool) -> None:
        self._panes, self._leads = panes, leads
        self._testing = False
        self.where = ""

    def show(self, run: RunInfo | None) -> None:
        """What is known by now."""
        if run is not None:
            known, stopped = self._panes.insights.known, bool(self.where)
            self._panes.answer.show(answer_of(run, known, self._testing, stopped=stopped))

    def begin(self, run: RunInfo) -> None:
        """A run has opened: it will be tested."""
        self._testing, self.where = True, ""
        self.show(run)

    def end(self, run: RunInfo | None, where: str = "") -> None:
        """Nothing is tested any more, to the end or not."""
        self._testing, self.where = False, where
        self.show(run)

    def hold(self) -> None:
        """The user has taken over."""
        self._leads = False

    def most_focused(self, stats: SampleStats) -> tuple[int, int] | None:
        """The (layer, head) of lowest H/ln n; None where it is the user who leads."""
        if not self._leads:
            return None
        entropy = np.where(np.isfinite(stats.plain.entropy_norm), stats.plain.entropy_norm, np.inf)
        layer, head = np.unravel_index(int(entropy.argmin()), entropy.shape)
        return int(layer), int(head)

    def most_telling(self) -> tuple[int, int] | None:
        """The (layer, head) of the largest confirmed effect; None where there is none, or the user leads."""
        return telling_head(self._panes.insights.known) if self._leads else None
