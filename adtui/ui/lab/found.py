"""What trials of one level have found: a sweep, or a search and its test. No widgets here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ...compression.trials.gate import pending
from ...compression.trials.plan import FULL, WIPED
from ...records.levels import Level
from ...records.trial import Baselines, ClosedLoop, SweepReport, Trial
from ...records.trial_messages import SearchReady, SweepStarted
from ...records.trial_search import Round, SearchReport
from .settings import LabSettings

_OWN = ("positions", "memory", "level", "training")
"""Of a plan: what levels differ in though their rooms and draws are the same."""


@dataclass
class Found:
    """Empty before the first trials of a level.

    Attributes:
        started: of the sweep on display, None before the first.
        trials: its finished cells by label, the full context first.
        report: its report, None until all cells are finished.
        candidates, directory: of a search: how many it tries, and where it keeps what is finished.
        rounds: those that are finished.
        search: its report, None until it has ended; its test is shown as a sweep.
        settings: what the trials were begun with.
    """

    level: Level
    started: SweepStarted | None = None
    trials: dict[str, Trial] = field(default_factory=dict)
    baselines: Baselines | None = None
    margin_share: float = 0.0
    report: SweepReport | None = None
    candidates: int = 0
    directory: str = ""
    rounds: list[Round] = field(default_factory=list)
    search: SearchReport | None = None
    settings: LabSettings | None = None

    def searched(self, reply: SearchReady) -> None:
        """A search has ended: its test is a sweep of one candidate."""
        self.search = reply.report
        test = reply.report.confirmation
        if test is None:
            return
        labels = (FULL, WIPED, *(trial.cell.label for trial in test.trials[1:]))
        histories = test.trials[0].histories
        self.started = SweepStarted(reply.id, 0, self.directory, labels, histories, test.about)
        self.trials = {trial.cell.label: trial for trial in test.trials}
        self.baselines, self.margin_share, self.report = test.baselines, test.verdict.margin_share, test

    @property
    def cells(self) -> list[Trial]:
        """Finished cells in the order in which they were asked for, without the full context."""
        order = self.started.labels if self.started is not None else ()
        return [self.trials[label] for label in order if label in self.trials and label != FULL]

    @property
    def full(self) -> ClosedLoop | None:
        """The full context, once it is known."""
        return self.trials[FULL].closed_loop if FULL in self.trials else None

    @property
    def margin(self) -> float:
        """The loss that counts as none, in return per episode; NaN until it is known."""
        if self.full is None or self.baselines is None:
            return math.nan
        random = self.baselines.random
        return self.margin_share * (self.full.last.mean - sum(random) / len(random))

    def kept_for(self, settings: LabSettings) -> str | None:
        """Where cells of these settings were kept; None where there are none: of a search it is another plan."""
        mine = self.settings
        if mine is None or self.started is None or self.directory:
            return None
        same = (mine.streams, mine.episodes) == (settings.streams, settings.episodes)
        return self.started.directory if same else None

    @property
    def recommended(self) -> str | None:
        """Label of the cell that the gate recommends."""
        return None if self.report is None else self.report.verdict.recommended

    @property
    def asked(self) -> int:
        """Cells of the sweep, full context and its control left out."""
        return len(self.started.labels) - 2 if self.started is not None else 0

    def next_label(self) -> str | None:
        """The first cell of the order that is not finished, in this sweep or in an earlier one."""
        finished = {*self.trials, *(() if self.baselines is None else (WIPED,))}
        order = () if self.started is None else self.started.labels
        return next((label for label in order if label not in finished), None)

    def document(self) -> SweepReport | None:
        """What can be exported: the report, or what of it there is, without a verdict."""
        if self.report is not None or self.started is None or self.baselines is None:
            return self.report
        trials = [self.trials[FULL], *self.cells] if FULL in self.trials else self.cells
        verdict = pending(self.baselines, self.asked, len(self.cells), self.margin_share)
        return SweepReport(self.started.about, self.baselines, tuple(trials), verdict)

    def beside(self, other: Found) -> bool:
        """Whether cells of both are of the same rooms and draws, so that their returns can be held together."""
        return self.started is not None and other.started is not None and _rooms(self) == _rooms(other)


def _rooms(found: Found) -> dict[str, object]:
    assert found.started is not None
    return {name: value for name, value in found.started.about.get("plan", {}).items() if name not in _OWN}
