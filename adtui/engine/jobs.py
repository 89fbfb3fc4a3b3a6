"""Requests → replies: quick ones at once, long jobs a step at a time in between. Knows no pipe."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from ..attention import pooling
from ..records.chances import knocked_out
from ..records.compare_messages import CompareRuns
from ..records.errors import EngineError
from ..records.list_messages import Describe
from ..records.map_messages import ExportMoment, GetMoment, MomentReady
from ..records.messages import (
    AskKnockOut,
    Cancel,
    Cancelled,
    CellReady,
    ChancesReady,
    Done,
    Expect,
    ExportAll,
    ExportView,
    GetCell,
    GetChances,
    GetSheet,
    GetView,
    GetWeights,
    InsightFound,
    KnockOutReady,
    Opened,
    OpenRun,
    PlaceboReady,
    Progress,
    Reply,
    Request,
    Resume,
    SamplesAdded,
    SheetReady,
    StatsReady,
    ViewReady,
    WeightsReady,
)
from ..records.run import MoreSamples
from ..records.session_messages import AskOrigin, OriginReady
from ..records.side_messages import ExportPair, GetPair, MatchHeads, SetBeside
from ..records.timeline_messages import FollowTraining
from ..records.trial_messages import AskLab, ExportSweep, RunSearch, RunSweep
from .describing import describe
from .exports import export, export_all
from .failures import failure
from .job import Clock, Job, Steps, Stopped
from .lab import lab_ready
from .sides import WHAT as BESIDE
from .sides import Sides
from .timelines import follow
from .trials_child import ChildComparison, ChildSearch, ChildSweep

if TYPE_CHECKING:
    from .insight_tests import Told
    from .session import Session

Analysis = OpenRun | Resume
LASTING = (FollowTraining, SetBeside, CompareRuns)  # long work that is not about what is open


class Engine:
    """Answers requests through `send`. Knows no pipe, so that tests can call it directly.

    Attributes:
        newest_view: id of the newest GetView about the model, told from outside while an older one is being answered.
        analysis: id of the newest request that analyses what is open: the app knows its samples by it.
        stopping: ids of jobs to stop, told from outside while a step of theirs is under way.
        nudge: called from any thread when a job that was idle can go on.
        keep: whether contexts are taken from the user's cache.
    """

    keep = False

    def __init__(self, send: Callable[[Reply], None], nudge: Callable[[], None] = lambda: None) -> None:
        self.send, self.nudge = send, nudge
        self.session: Session | None = None
        self.jobs: deque[Job] = deque()
        self.stopping: set[int] = set()
        self.newest_view = self.analysis = 0
        self.sides = Sides(send)

    def handle(self, request: Request) -> None:
        """Answer a quick request, or queue a long one."""
        match request:
            case OpenRun():
                self._drop_jobs(lambda job: isinstance(job.request, OpenRun) and job.opening)
                before = frozenset(job.request.id for job in self.jobs if not isinstance(job.request, LASTING))
                self.jobs.appendleft(Job(request, "analysis", self._open(request, before), opening=True))
            case Resume():
                self._drop_jobs(lambda job: job.what == "analysis")
                self._guard(request, lambda: self.jobs.append(Job(request, "analysis", self._resume(request))))
            case ExportView() | ExportMoment() | ExportSweep() | ExportPair():
                steps = export(request, self._opened, self.sides, self.send)
                self.jobs.appendleft(Job(request, "export", steps))
            case ExportAll():
                self.jobs.append(Job(request, "export", export_all(self._opened, request, self.send, self._add)))
            case SetBeside():
                self._drop_jobs(lambda job: isinstance(job.request, SetBeside))
                compared = self.sides.compare(request, lambda: self._check_stop(request), self.keep)
                self.jobs.appendleft(Job(request, BESIDE, compared))
            case MatchHeads() | GetPair():
                self._guard(request, lambda: self.sides.answer(request))
            case Describe():
                self._guard(request, lambda: self.send(describe(request)))
            case RunSweep() | RunSearch() | CompareRuns():
                self._guard(request, lambda: self._start(request))
            case FollowTraining():
                self._drop_jobs(lambda job: isinstance(job.request, FollowTraining))
                steps = follow(request, self.send, lambda: self._check_stop(request))
                self.jobs.appendleft(Job(request, "timeline", steps))
            case GetSheet() if self._is_large(request):
                self._drop_jobs(lambda job: isinstance(job.request, GetSheet))
                self.jobs.appendleft(Job(request, "thumbnails", self._sheet(request)))
            case Expect():
                pass
            case Cancel():
                self.stopping.discard(request.job)
                self._drop_jobs(lambda job: job.request.id == request.job)
            case _:
                self._guard(request, lambda: self._answer(request))

    @property
    def busy(self) -> bool:
        """True while a job has something to do."""
        return any(not job.idle for job in self.jobs)

    def advance(self) -> None:
        """Do one step of the first job that has something to do, of the late ones last."""
        job = min((job for job in self.jobs if not job.idle), key=lambda job: job.late, default=None)
        if job is not None and not self._guard(job.request, lambda: self._step(job)) and job in self.jobs:
            self.jobs.remove(job)
            job.steps.close()

    def _step(self, job: Job) -> None:
        try:
            next(job.steps)
        except StopIteration:
            self.jobs.remove(job)
            self.send(Done(job.request.id, job.what))

    def cancel_all(self) -> None:
        """Stop every long job."""
        self._drop_jobs(lambda _: True)

    def _drop_jobs(self, chosen: Callable[[Job], bool]) -> None:
        for job in [job for job in self.jobs if chosen(job)]:
            self.jobs.remove(job)
            job.steps.close()
            self.send(Cancelled(job.request.id, job.what))

    def _guard(self, request: Request, work: Callable[[], None]) -> bool:
        """Run work; an exception becomes a Failed reply. Returns whether it went well."""
        try:
            work()
        except Stopped:
            self._drop_jobs(lambda job: job.request.id == request.id)
        except BrokenPipeError:
            raise
        except Exception as error:
            self.send(failure(request.id, error))
        else:
            return True
        return False

    def _answer(self, request: Request) -> None:
        session = self._opened()
        match request:
            case GetView(place=place, frame=frame):
                self.send(ViewReady(request.id, session.view(place, frame, lambda: self._check_newest(request))))
            case GetSheet():
                deque(self._sheet(request), maxlen=0)
            case GetCell():
                self.send(CellReady(request.id, session.cell(request.place, request.key)))
            case AskKnockOut():
                found = session.knock_out(request.sample, request.transitions, request.head)
                chances = knocked_out(found, request.sample, session.samples[request.sample], request.label)
                self.send(KnockOutReady(request.id, request.label, found, chances))
            case GetChances():
                self.send(ChancesReady(request.id, session.chances(request.sample, request.index)))
            case GetWeights(place=place, window=window):
                self.send(WeightsReady(request.id, place, window, session.weights(place, window)))
            case GetMoment():
                self.send(MomentReady(request.id, session.walks.moment(request)))
            case AskLab():
                self.send(lab_ready(request, session))
            case AskOrigin():
                self.send(OriginReady(request.id, session.provenance("session").text))
            case _:
                what, wanted = type(request).__name__, "a request of this version"
                raise EngineError(what, expected=wanted, found="another", action="restart adtui")

    def _check_newest(self, request: GetView) -> None:
        """The one pass over a large matrix takes seconds: a newer question for its pane ends it, unanswered."""
        if request.place.round is None and self.newest_view > request.id:
            raise Stopped

    def _is_large(self, request: GetSheet) -> bool:
        """Whether thumbnails take seconds: then a head can be looked at meanwhile."""
        known = self.session is not None and 0 <= request.sample < len(self.session.samples)
        return known and self._opened().layout(request.sample).view(request.unit).n_tokens > pooling.BASE

    def _sheet(self, request: GetSheet) -> Steps:
        found = yield from self._opened().sheet(request.sample, request.frame, request.unit)
        self.send(SheetReady(request.id, found))

    def _opened(self) -> Session:
        if self.session is None:
            raise EngineError("engine", expected="an open run", found="none yet", action="wait until it has opened")
        return self.session

    # -- long jobs ---------------------------------------------------------------------------------------------------
    def _open(self, request: OpenRun, before: frozenset[int]) -> Steps:
        """Open a run, end the work of `before` on the one that was open, analyse it."""
        from .opening import open_asked  # torch: about two seconds

        self.session = session = open_asked(request, lambda done, total: self._rolled(request, done, total), self.keep)
        self.send(Opened(request.id, session.info))
        self._drop_jobs(lambda job: job.request.id in before)
        for job in self.jobs:
            job.opening = False
        yield
        yield from self._all(request, session)

    def _resume(self, request: Resume) -> Steps:
        """What was stopped: the samples that are not analysed yet, those that are not there yet, the tests anew."""
        return self._all(request, self._opened())

    def _all(self, request: Analysis, session: Session) -> Steps:
        self.analysis, total = request.id, len(session.samples)
        clock = Clock()
        self.send(Progress(request.id, "analysis", 0, total))
        for index in range(total):
            if index not in session.logged:
                yield from self._analyse(request, session, index)
            self.send(Progress(request.id, "analysis", index + 1, total, clock.rate(index + 1)))
        for job in self.jobs:
            job.late = job.late or job.request is request
        yield from self._grow(request, session)
        yield from self._test_insights(request, session)

    def _grow(self, request: Analysis, session: Session) -> Steps:
        """The samples that were not waited for, each analysed when it is there."""
        for more in chain(session.grow(), (None,)):
            if more is not None:  # told at once: whoever stops this job here shall know what the run has
                self.send(SamplesAdded(request.id, more))
            yield
            for index in range(len(session.logged), len(session.samples)):  # what an export has made, too
                yield from self._analyse(request, session, index)

    def _add(self, more: MoreSamples) -> None:
        self.send(SamplesAdded(self.analysis, more))

    def _analyse(self, request: Analysis, session: Session, index: int) -> Steps:
        stats, insights = yield from session.analysing(index)
        self.send(StatsReady(request.id, index, stats))
        for insight in insights:
            self.send(InsightFound(request.id, insight))
        yield

    def _test_insights(self, request: Analysis, session: Session) -> Steps:
        """Observed → confirmed, refuted or no evidence, provisionally until all are tested; placebos; redraws."""
        yield from self._testing(request, session, "knock-outs", session.test_insights())
        if session.placebo is not None:
            self.send(PlaceboReady(request.id, session.placebo))
        yield from self._testing(request, session, "redraws", session.redraws())

    def _testing(self, request: Analysis, session: Session, what: str, told: Iterator[Told]) -> Steps:
        shown = (-1, -1)
        for found in told:
            if isinstance(found, tuple):
                if found != shown:
                    self.send(Progress(request.id, what, *found, note=session.log.undecided))
                shown = found
                yield
            else:
                self.send(InsightFound(request.id, found))

    def _rolled(self, request: Request, done: int, total: int) -> None:
        """Opening is one step, and rollouts take long: between episodes it can be stopped."""
        self._check_stop(request)
        self.send(Progress(request.id, "rollouts", done, total))

    def _check_stop(self, request: Request) -> None:
        if request.id in self.stopping:
            raise Stopped

    # -- work for another process --------------------------------------------------------------------------------------
    def _start(self, request: RunSweep | RunSearch | CompareRuns) -> None:
        """One of a kind at a time: what an earlier one has told is kept. First in the line, as it mostly waits."""
        kind = next(kind for kind in (ChildSweep, ChildSearch, ChildComparison) if isinstance(request, kind.REQUEST))
        self._drop_jobs(lambda job: isinstance(job.request, kind.INSTEAD))
        self.jobs.appendleft(Job(request, kind.WHAT, kind(request, self.send, self.nudge)))
