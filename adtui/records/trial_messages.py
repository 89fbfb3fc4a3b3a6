"""What the compression lab and `adtui compress` ask the engine, and its replies; see `messages`.

Trials run in a process of their own; the engine passes on what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .defaults import DEVICE, EPISODES, LEVEL, TRIAL_STREAMS
from .levels import Level
from .messages import Reply, Request

if TYPE_CHECKING:  # they cost the app 60 ms, and it needs them only in the lab
    from .trial import Baselines, SweepReport, Trial
    from .trial_search import Round, SearchReport


# -- requests ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class AskLab(Request):
    """Ask what compression trials of the open run would be made of. Reply: LabReady.

    Attributes:
        context: see OpenRun.
    """

    context: int | None = None


@dataclass(frozen=True)
class RunSweep(Request):
    """Run compression trials, in a process of their own. Cells that are finished already are not run again.

    Replies: SweepStarted, CellsDamaged where some cannot be read, TrialReady per cell and BaselinesReady as they are
    known, Progress, SweepReady, Done.

    Attributes:
        path: see `runs.find_run`.
        strategies, budgets: see `compression.trials.plan.sweep`.
        directory: finished cells go to `<directory>/<run>-<fingerprint>`.
        device, heads, causal, adapter, context, streams, episodes, level: see `compression.trials.prepare`.
    """

    path: str
    strategies: tuple[str, ...]
    budgets: tuple[int, ...]
    directory: str
    device: str = DEVICE
    heads: int | None = None
    causal: bool | None = None
    adapter: str | None = None
    context: int | None = None
    streams: int = TRIAL_STREAMS
    episodes: int = EPISODES
    level: Level = LEVEL


@dataclass(frozen=True)
class RunSearch(Request):
    """Search for the smallest context that does, in a process of its own. What is finished already is not run again.

    Replies: SearchStarted, Progress, RoundReady per round, SearchReady, Done.

    Attributes:
        path: see `runs.find_run`.
        strategies: see `compression.trials.candidates.candidates_of`.
        directory: what is finished goes to `<directory>/search-<run>-<fingerprint>`.
        device, heads, causal, adapter, context, streams, episodes, level: see `compression.trials.prepare`.
    """

    path: str
    strategies: tuple[str, ...]
    directory: str
    device: str = DEVICE
    heads: int | None = None
    causal: bool | None = None
    adapter: str | None = None
    context: int | None = None
    streams: int = TRIAL_STREAMS
    episodes: int = EPISODES
    level: Level = LEVEL


@dataclass(frozen=True)
class ExportSweep(Request):
    """Write a report of trials as JSON and as figures. Replies: Progress, Exported."""

    report: SweepReport
    directory: str


# -- replies -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class LabReady(Reply):
    """What trials of this run are made of.

    Attributes:
        goals: held-out ones.
        n_context: transitions of a full context.
        horizon: steps of an episode.
        steps: (transitions, seconds) of a step of ROOMS rooms at once, for two lengths; () where it was not timed.
        places: in how many ways kept transitions can stand in this model, as far as a search tries it.
        cached: the same as `steps` of agents whose heads hold so many keys and values; () where they cannot.
        unheld: why they cannot, in words; "" where they can.
    """

    goals: int
    n_context: int
    horizon: int
    steps: tuple[tuple[int, float], ...] = ()
    places: int = 1
    cached: tuple[tuple[int, float], ...] = ()
    unheld: str = ""


@dataclass(frozen=True)
class SweepStarted(Reply):
    """The trials have begun.

    Attributes:
        pid: of the process that runs them.
        directory: where finished cells are kept.
        labels: of all cells in the order in which they are run.
        histories: of every cell.
        about: see `trial.SweepReport`.
    """

    pid: int
    directory: str
    labels: tuple[str, ...]
    histories: int
    about: dict[str, Any]


@dataclass(frozen=True)
class CellsDamaged(Reply):
    """Some of the cells that were kept cannot be read, which `said` says in a line; they are run again."""

    said: str


@dataclass(frozen=True)
class TrialReady(Reply):
    trial: Trial


@dataclass(frozen=True)
class BaselinesReady(Reply):
    """What trials are held against; `margin_share` as in `trial.Verdict`."""

    baselines: Baselines
    margin_share: float


@dataclass(frozen=True)
class SweepReady(Reply):
    """All cells are finished, and the gate has judged them."""

    report: SweepReport


@dataclass(frozen=True)
class SearchStarted(Reply):
    """The search has begun.

    Attributes:
        pid: of the process that runs it.
        directory: where finished runs are kept.
        candidates: how many are tried.
    """

    pid: int
    directory: str
    candidates: int


@dataclass(frozen=True)
class RoundReady(Reply):
    """A round of the search is finished."""

    round: Round


@dataclass(frozen=True)
class SearchReady(Reply):
    """The search has ended, with the one test where there was something to test."""

    report: SearchReport
