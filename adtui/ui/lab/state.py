"""What the compression lab knows: what is chosen, what runs, what has been found. No widgets here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...compression.choice import find
from ...compression.strategies import NAMES
from ...compression.trials.front import AXES, Axis
from ...compression.trials.gate import pending
from ...compression.trials.plan import FULL, RANDOM, RECENT, WIPED, least_episodes, sweep
from ...records.defaults import BUDGETS, EPISODES, TRIAL_STREAMS
from ...records.defaults import STRATEGIES as FIRST
from ...records.defaults import SWEEP_FIGURES as FIGURES
from ...records.errors import ConfigError
from ...records.messages import Cancelled, Failed, OpenRun, Progress, Reply
from ...records.run import RunInfo
from ...records.trial import Baselines, ClosedLoop, SweepReport, Trial
from ...records.trial_messages import (
    BaselinesReady,
    CellsDamaged,
    LabReady,
    RunSweep,
    SweepReady,
    SweepStarted,
    TrialReady,
)

STRATEGIES = tuple(name for name in NAMES if name != FULL)
BESIDE = (RECENT, RANDOM)
"""Always run: the gate compares with them at every budget."""
LETTERS = dict(zip(STRATEGIES, "abcdefghijklmnopqrstuvwxyz", strict=False))
"""How the picture names strategies."""
GONE = "the engine has gone: r, in the explorer, starts it again; finished cells are kept"
MOST = 10_000
"""Histories per goal, and episodes: more is a slip of the finger."""


def says(strategy: str) -> str:
    """What a strategy keeps, in a line: the beginning of its own documentation."""
    text = (find(strategy).__doc__ or "").strip().partition("\n")[0]
    return text.removeprefix("Keep ").rstrip(".")


@dataclass(frozen=True)
class LabSettings:
    """What will be run; `streams` is the number of histories per held-out goal."""

    strategies: frozenset[str] = frozenset((*FIRST, *BESIDE))
    budgets: tuple[int, ...] = BUDGETS
    streams: int = TRIAL_STREAMS
    episodes: int = EPISODES

    def names(self) -> tuple[str, ...]:
        """The strategies in the order of the list."""
        return tuple(name for name in STRATEGIES if name in self.strategies)

    def cells(self) -> int:
        """How many cells that is, full context and its control included."""
        return len(sweep(self.names(), self.budgets)) + 2


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
        self._clear()

    def open(self, request: OpenRun, run: RunInfo, asked: int) -> None:
        """Another run or checkpoint: what was found is not about it. What was chosen stays.

        Args:
            request: how it was opened.
            asked: id of the question what its trials are made of.
        """
        self._request, self.run, self.asked = request, run, asked
        self.ready, self.error, self.job = None, "", None
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
            return replace(self.settings, streams=_number("histories per goal", text, 1))
        # Some of a history must be left when the context is full.
        least = 1 if self.ready is None else least_episodes(self.ready.n_context, self.ready.horizon)
        return replace(self.settings, episodes=_number("episodes", text, least))

    def _budgets(self, text: str) -> tuple[int, ...]:
        """ "10, 20" → (10, 20), in order."""
        parts = [part.strip() for part in text.split(",") if part.strip()]
        most = self.ready.n_context - 1 if self.ready is not None else MOST
        wrong = next((part for part in parts if not _whole(part, 1, most)), None if parts else text)
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

    # -- what is found -----------------------------------------------------------------------------------------------
    @property
    def running(self) -> bool:
        """True while a sweep is under way."""
        return self.job is not None

    def begin(self, number: int) -> None:
        """A sweep was asked for; what is shown of the one before stays until it starts."""
        self.job, self.error, self.progress = number, "", None

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


def _whole(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most


def _number(name: str, text: str, least: int) -> int:
    if not _whole(text.strip(), least, MOST):
        expected = f"a number from {least} to {MOST}"
        raise ConfigError(name, expected=expected, found=text.strip(), action="type another")
    return int(text)
