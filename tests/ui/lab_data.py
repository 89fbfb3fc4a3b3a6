"""Replies of a sweep, made by hand: what the engine says of trials, without a model."""

from __future__ import annotations

from collections.abc import Sequence

from fake_engine import FakeEngine

from adtui.compression.choice import parse
from adtui.compression.sharing import words_of
from adtui.compression.trials.gate import judge
from adtui.compression.trials.plan import FULL, WIPED, sweep
from adtui.records.errors import ConfigError
from adtui.records.interval import Interval
from adtui.records.levels import Level
from adtui.records.messages import Cancel, Cancelled, Done, Exported, Failed, Progress, Request
from adtui.records.trial import STRATA, Baselines, ClosedLoop, OpenLoop, Stratum, SweepReport, Trial, TrialCell
from adtui.records.trial_cost import Cost, Held, Spread
from adtui.records.trial_messages import (
    AskLab,
    BaselinesReady,
    CellsDamaged,
    ExportSweep,
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
from adtui.records.trial_search import Round, SearchReport, Tried

H, EPISODES, N = 256, 12, 79
GOALS = tuple(index % 8 for index in range(H))
CHOSEN = "newest+rewarded:6:newest=1"
DIRECTORY = "figs/compression/AD-darkroom-seed0-0123456789abcdef"
OTHER_ENVIRONMENT = ConfigError(
    "env", expected="darkroom with 5 actions", found="key", action="evaluate a Dark Room run"
)


def around(mean: float, half: float = 0.2) -> Interval:
    return Interval(mean, mean - half, mean + half)


def closed(last: float, full: float = 17.0) -> ClosedLoop:
    """A history that learns up to `last`; histories differ a little, so that tests of significance have a spread."""
    values = tuple(last + 0.01 * (index % 4) for index in range(H))
    return ClosedLoop(
        episodes=tuple(around(last * episode / EPISODES) for episode in range(1, EPISODES + 1)),
        last=around(last),
        difference=around(last - full, 0.1),
        regret=around(20.0),
        improvement=around(0.4),
        first_by_history=(1.0,) * H,
        last_by_history=values,
    )


def trial(label: str, last: float, level: Level = "transition") -> Trial:
    """One cell with all of its parts."""
    choice = parse(label)
    strategy, budget = choice.strategy.NAME, choice.budget
    kept = float(budget or N)
    stratum = Stratum(around(0.95, 0.01), around(0.012, 0.001), around(0.08, 0.01), 192, H)
    milliseconds = Spread(kept / 395, kept / 400, kept / 390)
    return Trial(
        TrialCell(
            *(label, strategy, budget, {}, "kept" if level == "cache" else "reindexed"), level, words_of(choice.shared)
        ),
        H,
        OpenLoop(kept, N, dict.fromkeys(STRATA, stratum)),
        closed(last),
        Cost(Spread(0.5, 0.45, 0.55), milliseconds, Held(int(kept) * 52, int(kept + 1) * 2048)),
    )


def last_of(label: str) -> float:
    """What a cell returns: the rewarded ones do, random ones do not."""
    strategy, budget, *_ = (*label.split(":"), "")
    loss = {"newest+rewarded": 2, "random": 120, "recent": 40}.get(strategy, 60)
    return 17.0 - loss / int(budget or 1_000_000)


def baselines() -> Baselines:
    return Baselines(closed(17.0), closed(1.5), (0.3,) * H, (17.2,) * H)


def labels(request: RunSweep) -> tuple[str, ...]:
    return (FULL, WIPED, *(choice.label for choice in sweep(request.strategies, request.budgets)))


def started(request: RunSweep) -> SweepStarted:
    plan = {"n_context": N, "level": request.level, "streams": request.streams}
    about = {"checkpoint": "AD-darkroom-seed0/ckpt-1000.pt", "step": 1000, "plan": plan}
    return SweepStarted(request.id, 1, DIRECTORY, labels(request), H, about)


def report(request: RunSweep, trials: Sequence[Trial]) -> SweepReport:
    return SweepReport(started(request).about, baselines(), tuple(trials), judge(baselines(), trials, GOALS, N))


def rounds() -> tuple[Round, ...]:
    """Two of a search: three candidates, then the better two."""
    tried = [
        Tried("newest+rewarded:6:newest=1", 6, "spread", Interval(0.1, 0.0, 0.2), 0.0, kept=True),
        Tried("newest+rewarded:10", 10, "reindexed", Interval(0.2, 0.1, 0.3), 0.0, kept=True),
        Tried("recent:6", 6, "reindexed", Interval(5.0, 4.0, 6.0), 0.9, kept=False),
    ]
    return Round(16, 0.84, 17.0, tuple(tried)), Round(64, 0.84, 17.0, tuple(tried[:2]))


def search_report() -> SearchReport:
    """Its smallest candidate is chosen, and tested."""
    sweep_of = RunSweep(0, "runs/latest", (), (), DIRECTORY)
    own, *beside = (
        trial(label, last) for label, last in ((FULL, 17.0), (CHOSEN, 16.9), ("recent:6", 9), ("random:6", 5))
    )
    test = report(sweep_of, [own, *beside])
    return SearchReport(test.about, rounds(), CHOSEN, f"{CHOSEN}, spread is the smallest of 3", test, "spread")


class LabEngine(FakeEngine):
    """Answers for the lab too.

    Attributes:
        cells: how many cells a sweep finishes before it waits; None finishes all.
        kept: cells that an earlier sweep has finished: they are told of first.
        lab_error: what the lab is refused with.
        sweep_error: what a sweep fails with.
        damaged: what is said of kept cells that cannot be read.
        steps, cached, unheld: what it has timed, and why the model's keys and values cannot be held.
        rounds: how many of a search it finishes before it waits; None finishes all.
    """

    def __init__(self, cells: int | None = None) -> None:
        super().__init__()
        self.cells = cells
        self.kept: tuple[str, ...] = ()
        self.lab_error: ConfigError | None = None
        self.sweep_error: ConfigError | None = None
        self.damaged = ""
        self.steps: tuple[tuple[int, float], ...] = ((9, 0.0035), (79, 0.0555))
        self.cached: tuple[tuple[int, float], ...] = ((9, 0.004), (79, 0.011))
        self.unheld = ""
        self.rounds: int | None = None

    def answer(self, request: Request) -> None:
        match request:
            case AskLab() if self.lab_error is not None:
                self.say(Failed(request.id, self.lab_error, "user"))
            case AskLab():
                self.say(LabReady(request.id, 8, N, 20, self.steps, 2, self.cached, self.unheld))
            case RunSearch():
                self._search(request)
            case RunSweep() if self.sweep_error is not None:
                self.say(Failed(request.id, self.sweep_error, "user"))
            case RunSweep():
                self._sweep(request)
            case ExportSweep():
                names = ("report.json", "pareto.png", "pareto_bytes.png", "pareto_time.png", "returns.png")
                self.say(Exported(request.id, "/tmp/figs/compression", names), Done(request.id, "export"))
            case Cancel():
                self.say(Cancelled(request.job, "trials"))
            case _:
                super().answer(request)

    def _search(self, request: RunSearch) -> None:
        found = rounds()
        self.say(SearchStarted(request.id, 1, DIRECTORY, 3))
        for past, one in enumerate(found[: self.rounds]):
            self.say(
                Progress(request.id, "search", 100 * past, 900, 1.0, f"round {past + 1}, 3 of 3: about 4 min left")
            )
            self.say(RoundReady(request.id, one))
        if self.rounds is None:
            self.say(SearchReady(request.id, search_report()), Done(request.id, "search"))

    def _sweep(self, request: RunSweep) -> None:
        self.say(started(request))
        if self.damaged:
            self.say(CellsDamaged(request.id, self.damaged))
        found: list[Trial] = []
        order = sorted(labels(request), key=lambda label: label not in self.kept)
        for done, label in enumerate(order[: self.cells], start=1):
            if label == WIPED:
                self.say(BaselinesReady(request.id, baselines(), 0.05))
            else:
                found.append(trial(label, last_of(label), request.level))
                self.say(TrialReady(request.id, found[-1]))
            self.say(Progress(request.id, "trials", done, len(order), 0.5))
        if self.cells is None:
            self.say(SweepReady(request.id, report(request, found)), Done(request.id, "trials"))
