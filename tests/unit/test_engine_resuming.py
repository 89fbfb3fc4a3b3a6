"""A reload that fails or is stopped, and an analysis that was stopped: nothing of the open run is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from checkpoints import make_run
from planted import planted_run

from adtui.engine.jobs import Engine
from adtui.models.model import Model
from adtui.records.messages import (
    Cancel,
    Cancelled,
    Done,
    ExportAll,
    Failed,
    InsightFound,
    Opened,
    OpenRun,
    Progress,
    Resume,
    SamplesAdded,
    StatsReady,
)
from adtui.records.timeline_messages import FollowTraining, TimelineReady


def begun(path: Path, steps: int, samples: int | None = 3) -> tuple[Engine, list[Any]]:
    """An engine in the middle of an analysis."""
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(OpenRun(1, str(path), samples=samples, device="cpu"))
    for _ in range(steps):
        engine.advance()
    return engine, sent


def finish(engine: Engine) -> None:
    while engine.jobs:
        engine.advance()


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_run(tmp_path_factory.mktemp("runs") / "planted")


def test_a_reload_that_fails_leaves_the_open_runs_work_alone(tmp_path: Path) -> None:
    engine, sent = begun(make_run(tmp_path / "one", n_transit=8), 2)
    session = engine.session
    engine.handle(OpenRun(2, str(tmp_path / "no-such-run")))
    finish(engine)
    assert engine.session is session
    assert [reply.id for reply in sent if isinstance(reply, Failed)] == [2]
    assert [reply.sample for reply in sent if isinstance(reply, StatsReady)] == [0, 1, 2]
    assert [reply.id for reply in sent if isinstance(reply, Done)] == [1]


def test_a_reload_comes_first_and_ends_the_work_on_what_was_open(tmp_path: Path) -> None:
    path = make_run(tmp_path / "one", n_transit=8)
    engine, sent = begun(path, 2)
    engine.handle(OpenRun(2, str(path), samples=3, device="cpu"))
    finish(engine)
    opened = [reply.id for reply in sent if isinstance(reply, Opened)]
    assert opened == [1, 2]
    after = sent[next(i for i, reply in enumerate(sent) if isinstance(reply, Opened) and reply.id == 2) + 1 :]
    assert after[0] == Cancelled(1, "analysis")
    assert {reply.id for reply in after[1:]} == {2}


def test_what_is_asked_for_while_a_run_opens_is_done_afterwards(tmp_path: Path) -> None:
    engine, sent = begun(make_run(tmp_path / "one", n_transit=8), 0)
    engine.handle(ExportAll(2, str(tmp_path / "figs")))
    finish(engine)
    assert {reply.id for reply in sent if isinstance(reply, Done)} == {1, 2}
    assert not any(isinstance(reply, Cancelled) for reply in sent)


def test_two_reloads_in_a_row_open_the_last(tmp_path: Path) -> None:
    path = make_run(tmp_path / "one", n_transit=8)
    engine, sent = begun(path, 2)
    for number in (2, 3):
        engine.handle(OpenRun(number, str(path), samples=3, device="cpu"))
    finish(engine)
    assert [reply.id for reply in sent if isinstance(reply, Opened)] == [1, 3]


@pytest.mark.parametrize("tested", [0, 2])
def test_a_stopped_analysis_that_goes_on_ends_as_if_it_had_not_been_stopped(planted: Path, tested: int) -> None:
    engine, _ = begun(planted, 0, samples=9)
    finish(engine)
    assert engine.session is not None
    whole = engine.session.log.insights
    engine, sent = begun(planted, 2, samples=9)
    while sum(isinstance(reply, InsightFound) and bool(reply.insight.tested) for reply in sent) < tested:
        engine.advance()
    engine.handle(Cancel(2, 1))
    assert sent[-1] == Cancelled(1, "analysis")
    assert not engine.jobs
    engine.handle(Resume(3))
    finish(engine)
    assert sent[-1] == Done(3, "analysis")
    assert engine.session is not None
    assert [repr(one) for one in engine.session.log.insights] == [repr(one) for one in whole]


def test_samples_are_told_of_before_the_analysis_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adtui.engine.opening.SAMPLES", 30)
    engine, sent = begun(make_run(tmp_path / "one", n_transit=4), 1, samples=None)
    while not any(isinstance(reply, SamplesAdded) for reply in sent):
        engine.advance()
        engine_knows, app_knows = count(engine), told(sent)
        assert engine_knows == app_knows
    engine.handle(Cancel(2, 1))
    engine.handle(Resume(3))
    finish(engine)
    assert count(engine) == told(sent) == 30
    assert sorted(reply.sample for reply in sent if isinstance(reply, StatsReady)) == list(range(30))


def count(engine: Engine) -> int:
    assert engine.session is not None
    return len(engine.session.samples)


def told(sent: list[Any]) -> int:
    first = sum(len(reply.run.samples) for reply in sent if isinstance(reply, Opened))
    return first + sum(len(reply.more.samples) for reply in sent if isinstance(reply, SamplesAdded))


def test_resuming_without_a_run_is_refused() -> None:
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(Resume(1))
    assert isinstance(sent[-1], Failed)
    assert not engine.jobs


@pytest.fixture
def measuring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Engine, list[Any]]:
    """A run that is open and, as request 2, being measured over its training; the cache beside it; what was said."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = make_run(tmp_path / "one", n_transit=8)
    engine, sent = begun(path, 2)
    engine.handle(FollowTraining(2, OpenRun(0, str(path), device="cpu")))
    while not any(isinstance(reply, Progress) and reply.what == "timeline" for reply in sent):
        engine.advance()
    return path, engine, sent


def test_a_head_can_be_looked_at_between_two_steps_of_the_rollouts_that_training_is_measured_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step of the engine runs the model once, at most."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = make_run(tmp_path / "one", n_transit=4, n_layer=1)
    engine, sent = begun(path, 2, samples=1)
    passes = [0]
    honest = Model.policy

    def spy(self: Model, *parts: Any, **options: Any) -> Any:
        passes[-1] += 1
        return honest(self, *parts, **options)

    monkeypatch.setattr(Model, "policy", spy)
    engine.handle(FollowTraining(2, OpenRun(0, str(path), device="cpu")))
    while not any(isinstance(reply, Progress) and reply.what == "timeline" for reply in sent):
        passes.append(0)
        engine.advance()
    assert set(passes) == {0, 1}
    assert sum(passes) > 100


def test_what_measures_the_run_goes_on_when_another_checkpoint_opens(
    measuring: tuple[Path, Engine, list[Any]],
) -> None:
    path, engine, sent = measuring
    engine.handle(OpenRun(3, str(path / "ckpt-7.pt"), samples=1, device="cpu"))
    finish(engine)
    assert [reply.id for reply in sent if isinstance(reply, Cancelled)] == [1]
    assert sorted(reply.id for reply in sent if isinstance(reply, Done)) == [2, 3]
    last = [reply.timeline for reply in sent if isinstance(reply, TimelineReady)][-1]
    assert [point.step for point in last.points] == [7]
    assert last.points[0].returns is not None


def test_measuring_the_run_can_be_stopped_and_keeps_what_it_has(
    measuring: tuple[Path, Engine, list[Any]],
) -> None:
    path, engine, sent = measuring
    engine.handle(Cancel(3, 2))
    assert [reply.id for reply in sent if isinstance(reply, Cancelled)] == [2]
    assert list((path.parent / "cache").glob("adtui/timeline/*/*/ckpt-7.pt.json"))
