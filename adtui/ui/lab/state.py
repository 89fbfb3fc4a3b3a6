"""What the compression lab knows: what is chosen, what runs, what has been found. No widgets here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from ...compression.strategies.base import Positions
from ...compression.trials.candidates import candidates_of
from ...compression.trials.estimate import search_seconds, sweep_seconds
from ...compression.trials.front import AXES, Axis
from ...compression.trials.plan import FULL, least_episodes, sweep
from ...records.defaults import LEVEL, TRIAL_STREAMS
from ...records.defaults import SWEEP_FIGURES as FIGURES
from ...records.levels import CACHE, LEVELS, Level
from ...records.messages import Cancelled, Failed, OpenRun, Progress, Reply
from ...records.run import RunInfo
from ...records.trial import ClosedLoop, SweepReport, Trial, TrialCell
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
from .found import Found
from .settings import LabSettings, typed

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
        every: what has been found at each level. That of the chosen level is on display; of the other, the cells.
        searching: whether what runs, or ran last, is a search.
        selected: the cell whose curve is shown; None is the newest.
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
        self._ran: Level = LEVEL
        self._began = self.settings
        self._clear()

    def open(self, request: OpenRun, run: RunInfo, asked: int) -> None:
        """Another run or checkpoint: what was found is not about it. What was chosen stays.

        Args:
            request: how it was opened.
            asked: id of the question what its trials are made of.
        """
        self.opened, self.run, self.asked = request, run, asked
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
        self.every: dict[Level, Found] = {level: Found(level) for level in LEVELS}
        self.progress: Progress | None = None
        self.selected: TrialCell | None = None

    @property
    def found(self) -> Found:
        """What is on display."""
        return self.every[self.settings.level]

    # -- what is chosen ----------------------------------------------------------------------------------------------
    def toggle(self, name: str) -> None:
        """Choose a strategy, or not; those that the gate needs stay chosen."""
        self.settings = self.settings.toggled(name)

    def turn_level(self) -> str:
        """Show and run the other level. Returns why this model cannot, in words; "" where it can."""
        if self.settings.level == LEVEL and self.ready is not None and self.ready.unheld:
            return self.ready.unheld
        self.settings = replace(self.settings, level=CACHE if self.settings.level == LEVEL else LEVEL)
        self.selected = None
        return ""

    def read(self, name: str, text: str) -> LabSettings:
        """See `settings.typed`."""
        return typed(self.settings, name, text, self.ready)

    def request(self, number: int) -> RunSweep:
        """The sweep that is chosen. Only while a run is open."""
        assert self.run is not None, "no run is open"
        chosen, opened = self.settings, self.opened
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
            level=chosen.level,
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
        choices = sweep(chosen.names(), chosen.budgets)
        return sweep_seconds(self.ready, choices, chosen.streams, chosen.episodes, chosen.level)

    def search_seconds(self) -> float | None:
        """The same of a search."""
        if self.ready is None or not self.settings.searchable:
            return None
        chosen = self.settings
        places: Sequence[Positions] = ("kept",) if chosen.level == CACHE else PLACES[: self.ready.places]
        tried = candidates_of(chosen.names(), self.ready.n_context, places, level=chosen.level)
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
        self._ran, self._began = self.settings.level, self.settings

    def receive(self, reply: Reply) -> bool:
        """Take in a reply. Returns False where it is not about the lab."""
        if reply.id not in (self.job, self.asked):
            return False
        ran = self.every[self._ran]
        match reply:
            case LabReady():
                self._know(reply)
            case SweepStarted():
                self._begun(Found(self._ran, reply, settings=self._began))
            case TrialReady():
                ran.trials[reply.trial.cell.label] = reply.trial
            case BaselinesReady():
                ran.baselines, ran.margin_share = reply.baselines, reply.margin_share
            case Progress():
                self.progress = reply
            case SweepReady():
                ran.report = reply.report
                self.job = None
            case SearchStarted():
                self._begun(Found(self._ran, candidates=reply.candidates, directory=reply.directory))
            case RoundReady():
                ran.rounds.append(reply.round)
            case SearchReady():
                ran.searched(reply)
                self.job = None
                self.selected = next((one.cell for one in ran.cells if one.cell.label == reply.report.chosen), None)
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

    def _begun(self, found: Found) -> None:
        """Trials have begun: those before them at that level are not shown any more."""
        self.every[found.level] = found
        self.progress = None
        if self.found is found:
            self.selected = None

    def _know(self, reply: LabReady) -> None:
        self.ready, self.error = reply, ""
        fitting = tuple(budget for budget in self.settings.budgets if budget < reply.n_context)
        quarter = max(1, reply.n_context // 4)
        least = least_episodes(reply.n_context, reply.horizon)
        episodes = max(self.settings.episodes, least)
        level = LEVEL if reply.unheld else self.settings.level
        self.settings = replace(self.settings, budgets=fitting or (quarter,), episodes=episodes, level=level)

    @property
    def cells(self) -> list[Trial]:
        """Finished cells on display, without the full context."""
        return self.found.cells

    @property
    def beside(self) -> list[Trial]:
        """Finished cells of the other level, where they were run in the same rooms with the same draws."""
        others = (one for one in self.every.values() if one is not self.found)
        return [cell for other in others if self.found.beside(other) for cell in other.cells]

    @property
    def full(self) -> ClosedLoop | None:
        """The full context, once it is known."""
        return self.found.full

    @property
    def report(self) -> SweepReport | None:
        """Of what is on display."""
        return self.found.report

    @property
    def started(self) -> SweepStarted | None:
        """The sweep on display."""
        return self.found.started

    @property
    def shown(self) -> Trial | None:
        """The cell whose curve is shown."""
        chosen = next((one for one in (*self.cells, *self.beside) if one.cell == self.selected), None)
        newest = [trial for label, trial in self.found.trials.items() if label != FULL]
        return chosen or (newest[-1] if newest else None)

    def turn(self) -> None:
        """The next axis."""
        self.axis = AXES[(AXES.index(self.axis) + 1) % len(AXES)]

    def move(self, step: int, order: Sequence[Trial] | None = None) -> None:
        """Select the next cell, in the order of the table or in another."""
        cells = list((*self.cells, *self.beside) if order is None else order)
        if cells:
            shown = self.shown
            index = cells.index(shown) if shown in cells else 0
            self.selected = cells[max(0, min(index + step, len(cells) - 1))].cell

    @property
    def next_label(self) -> str | None:
        """The cell that runs now, of what is on display."""
        return self.found.next_label() if self.runs_here else None

    @property
    def runs_here(self) -> bool:
        """Whether what runs is of the level on display."""
        return self.running and self._ran == self.settings.level

    @property
    def searches_here(self) -> bool:
        """Whether what is on display is a search."""
        return self.searching if self._ran == self.settings.level else bool(self.found.directory)
