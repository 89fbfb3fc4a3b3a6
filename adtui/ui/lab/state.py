"""What the compression lab knows: what is chosen, what runs, what has been found. No widgets here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from ...compression.strategies.base import Positions
from ...compression.trials.candidates import candidates_of
from ...compression.trials.estimate import search_seconds, sweep_seconds
from ...compression.trials.front import AXES, Axis
from ...compression.trials.gate import pending
from ...compression.trials.plan import FULL, WIPED, least_episodes, sweep
from ...records.defaults import SWEEP_FIGURES as FIGURES
from ...records.defaults import TRIAL_STREAMS
from ...records.errors import ConfigError
from ...records.messages import Cancelled, Failed, OpenRun, Progress, Reply
from ...records.run import RunInfo
from ...records.trial import Baselines, ClosedLoop, SweepReport, Trial
from ...records.trial_messages import (
    BaselinesReady,
    CellsDamaged,
    LabReady,
    RoundReady,
    RunSearch,
    RunSweep,
    SearchReady,
    SearchStarted,
    SweepReady,
    SweepStarted,
    TrialReady,
)
from ...records.trial_search import Round, SearchReport
from .settings import BESIDE, MOST, LabSettings, number, whole

GONE = "the engine has gone: <explorer.reload>, in the explorer, starts it again; finished cells are kept"
PLACES: tuple[Positions, ...] = ("reindexed", "spread")
"""Where a search lets kept transitions stand, as far as the model can be told."""


class Lab:
    """The lab's state. The screen shows it; replies of the engine and keys change it.

    Attributes:
        ready: what trials of the open run are made of, None until the engine has said so.
        error: why there can be no trials, or why the last ones failed; "" otherwise.
        asked: id of the question whose answer is `ready`.
        job: id of the sweep that runs, None when none does.
        started: of the sweep on display, None before the first.
        trials: its finished cells by label, the full context first.
        report: its report, None until all cells are finished.
        searching: whether what runs, or ran last, is a search.
        candidates: how many it tries.
        rounds: those that are finished.
        search: its report, None until it has ended; its test is shown as a sweep.
        selected: label of the cell whose curve is shown; None is the newest.
        axis: what the picture has across.
    """

    def __init__(self) -> None:
        self.settings = LabSettings()
        self.axis: Axis = AXES[0]
        self.run: RunInfo | None = None
        self.ready: LabReady | None = None
        self.error = ""
        self.asked = 0
        self.job: int | None = None
        self.searching = False
        self._clear()

    def open(self, request: OpenRun, run: RunInfo, asked: int) -> None:
        """Another run or checkpoint: what was found is not about it. What was chosen stays.

        Args:
            request: how it was opened.
            asked: id of the question what its trials are made of.
        """
        self._request, self.run, self.asked = request, run, asked
        self.ready, self.error, self.job, self.searching = None, "", None, False
        self._clear()

    @property
    def split_known(self) -> bool:
        """Whether the run says which goals it was trained on."""
        return self.run is None or self.run.settings.split_known

    @property
    def doubts(self) -> tuple[str, ...]:
        """What trials of the run rest on without the run saying so."""
        return () if self.run is None else self.run.settings.doubts

    def lost(self) -> None:
        """The engine is gone. What was found stays to look at; nothing can be run until a run is open again."""
        self.ready, self.error, self.job = None, GONE, None

    def _clear(self) -> None:
        self.started: SweepStarted | None = None
        self.trials: dict[str, Trial] = {}
        self.baselines: Baselines | None = None
        self.margin_share = 0.0
        self.progress: Progress | None = None
        self.report: SweepReport | None = None
        self.selected: str | None = None
        self.candidates, self.directory = 0, ""
        self.rounds: list[Round] = []
        self.search: SearchReport | None = None

    # -- what is chosen ----------------------------------------------------------------------------------------------
    def toggle(self, name: str) -> None:
        """Choose a strategy, or not; those that the gate needs stay chosen."""
        if name not in BESIDE:
            self.settings = replace(self.settings, strategies=self.settings.strategies ^ {name})

    def read(self, name: str, text: str) -> LabSettings:
        """The settings with one of them as it was typed: "budgets", "histories" or "episodes"; "" changes nothing.

        Raises:
            ConfigError: it is no number, or one that cannot be used.
        """
        if not text.strip():
            return self.settings
        if name == "budgets":
            return replace(self.settings, budgets=self._budgets(text))
        if name == "histories":
            return replace(self.settings, streams=number("histories per goal", text, 1))
        # Some of a history must be left when the context is full.
        least = 1 if self.ready is None else least_episodes(self.ready.n_context, self.ready.horizon)
        return replace(self.settings, episodes=number("episodes", text, least))

    def _budgets(self, text: str) -> tuple[int, ...]:
        """ "10, 20" → (10, 20), in order."""
        parts = [part.strip() for part in text.split(",") if part.strip()]
        most = self.ready.n_context - 1 if self.ready is not None else MOST
        wrong = next((part for part in parts if not whole(part, 1, most)), None if parts else text)
        if wrong is not None:
            raise ConfigError(
                "budgets",
                expected=f"numbers from 1 to {most} with commas between (a full context has {most + 1} transitions)",
                found=wrong,
                action="write such as 10,20,40",
            )
        return tuple(sorted({int(part) for part in parts}))

    def request(self, number: int) -> RunSweep:
        """The sweep that is chosen. Only while a run is open."""
        assert self.run is not None, "no run is open"
        chosen, opened = self.settings, self._request
        return RunSweep(
            number,
            self.run.path,
            chosen.names(),
            chosen.budgets,
            FIGURES,
            device=opened.device,
            heads=opened.heads,
            causal=opened.causal,
            adapter=opened.adapter,
            context=opened.context,
            streams=chosen.streams,
            episodes=chosen.episodes,
        )

    def search_request(self, number: int) -> RunSearch:
        """The search among what is chosen. Only while a run is open."""
        asked = self.request(number)
        return RunSearch(**{field.name: getattr(asked, field.name) for field in fields(RunSearch)})

    def seconds(self) -> float | None:
        """About how long the chosen trials take on this machine; None where that is not known."""
        if self.ready is None:
            return None
        chosen = self.settings
        return sweep_seconds(self.ready, sweep(chosen.names(), chosen.budgets), chosen.streams, chosen.episodes)

    def search_seconds(self) -> float | None:
        """The same of a search."""
        if self.ready is None:
            return None
        chosen, places = self.settings, PLACES[: self.ready.places]
        tried = candidates_of(chosen.names(), self.ready.n_context, places)
        streams = None if chosen.streams == TRIAL_STREAMS else chosen.streams
        return search_seconds(self.ready, tried, streams, chosen.episodes)

    # -- what is found -----------------------------------------------------------------------------------------------
    @property
    def running(self) -> bool:
        """True while a sweep is under way."""
        return self.job is not None

    def begin(self, number: int, *, searching: bool = False) -> None:
        """A sweep or a search was asked for; what is shown of the one before stays until it starts."""
        self.job, self.error, self.progress, self.searching = number, "", None, searching

    def receive(self, reply: Reply) -> bool:
        """Take in a reply. Returns False where it is not about the lab."""
        if reply.id not in (self.job, self.asked):
            return False
        match reply:
            case LabReady():
                self._know(reply)
            case SweepStarted():
                self._clear()
                self.started = reply
            case TrialReady():
                self.trials[reply.trial.cell.label] = reply.trial
            case BaselinesReady():
                self.baselines, self.margin_share = reply.baselines, reply.margin_share
            case Progress():
                self.progress = reply
            case SweepReady():
                self.report = reply.report
                self.job = None
            case SearchStarted():
                self._clear()
                self.candidates, self.directory = reply.candidates, reply.directory
            case RoundReady():
                self.rounds.append(reply.round)
            case SearchReady():
                self._found(reply)
            case Failed():
                self.error = str(reply.error)
                self.job = None
            case Cancelled():
                self.job = None
            case CellsDamaged():
                pass  # told once, by the desk
            case _:
                return False
        return True

    def _found(self, reply: SearchReady) -> None:
        """The search has ended: its test is a sweep of one candidate."""
        self.search, self.job = reply.report, None
        test = reply.report.confirmation
        if test is None:
            return
        labels = (FULL, WIPED, *(trial.cell.label for trial in test.trials[1:]))
        histories = test.trials[0].histories
        self.started = SweepStarted(reply.id, 0, self.directory, labels, histories, test.about)
        self.trials = {trial.cell.label: trial for trial in test.trials}
        self.baselines, self.margin_share = test.baselines, test.verdict.margin_share
        self.report, self.selected = test, reply.report.chosen

    def _know(self, reply: LabReady) -> None:
        self.ready, self.error = reply, ""
        fitting = tuple(budget for budget in self.settings.budgets if budget < reply.n_context)
        quarter = max(1, reply.n_context // 4)
        least = least_episodes(reply.n_context, reply.horizon)
        episodes = max(self.settings.episodes, least)
        self.settings = replace(self.settings, budgets=fitting or (quarter,), episodes=episodes)

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
    def shown(self) -> Trial | None:
        """The cell whose curve is shown."""
        if self.selected in self.trials:
            return self.trials[self.selected]
        newest = [trial for label, trial in self.trials.items() if label != FULL]
        return newest[-1] if newest else None

    def turn(self) -> None:
        """The next axis."""
        self.axis = AXES[(AXES.index(self.axis) + 1) % len(AXES)]

    def move(self, step: int, order: Sequence[Trial] | None = None) -> None:
        """Select the next cell, in the order of the table or in another."""
        cells = list(self.cells if order is None else order)
        if cells:
            shown = self.shown
            index = cells.index(shown) if shown in cells else 0
            self.selected = cells[max(0, min(index + step, len(cells) - 1))].cell.label

    @property
    def next_label(self) -> str | None:
        """The cell that runs now: the first of the order that is not finished, in this sweep or in an earlier one."""
        if self.started is None or not self.running:
            return None
        finished = {*self.trials, *(() if self.baselines is None else (WIPED,))}
        return next((label for label in self.started.labels if label not in finished), None)

    def document(self) -> SweepReport | None:
        """What can be exported: the report, or what of it there is, without a verdict."""
        if self.report is not None or self.started is None or self.baselines is None:
            return self.report
        trials = [self.trials[FULL], *self.cells] if FULL in self.trials else self.cells
        verdict = pending(self.baselines, len(self.started.labels) - 2, len(self.cells), self.margin_share)
        return SweepReport(self.started.about, self.baselines, tuple(trials), verdict)
