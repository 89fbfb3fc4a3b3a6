"""A search as the app hears of it, and what is said of its length before it begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from checkpoints import make_run

from adtui.compression.choice import parse
from adtui.compression.trials import search as searching
from adtui.compression.trials.candidates import HISTORIES, HISTORIES_TESTED, Candidate, weight, work
from adtui.compression.trials.estimate import search_seconds, seconds_of, sweep_seconds
from adtui.engine import trials_process
from adtui.engine.lab import timed_steps
from adtui.engine.search_stream import Pace
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.records.messages import Failed, Progress
from adtui.records.trial_messages import LabReady, RoundReady, RunSearch, SearchReady, SearchStarted

READY = LabReady(1, 8, 79, 20, ((9, 0.004), (79, 0.060)), 2)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("search") / "runs" / "tiny", "pre", n_transit=8)


def test_a_search_tells_of_its_rounds_then_of_its_end(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "HISTORIES", (2, 4))
    sent: list[Any] = []
    request = RunSearch(7, str(run), ("recent",), str(tmp_path), device="cpu", streams=1, episodes=3)
    trials_process.serve(request, sent.append)
    started, *_, ended = sent
    assert isinstance(started, SearchStarted)
    assert isinstance(ended, SearchReady)
    assert started.candidates == 6  # 4, 5 and 6 of 7 transitions, standing in two ways
    assert tuple(one.round for one in sent if isinstance(one, RoundReady)) == ended.report.rounds
    assert (Path(started.directory) / "search.json").is_file()
    assert {one.id for one in sent} == {7}
    nowhere = RunSearch(8, str(tmp_path / "none"), ("recent",), str(tmp_path))
    trials_process.serve(nowhere, sent.append)
    assert isinstance(sent[-1], Failed)


def test_the_time_left_is_told_from_what_ran_now() -> None:
    sent: list[Any] = []
    now = [0.0]
    pace = Pace(3, sent.append, clock=lambda: now[0])
    pace.far("kept", 500, 1000, False)
    for second, done in ((1.0, 520), (10.0, 600)):
        now[0] = second
        pace.far("b", done, 1000, True)
    assert [one.note for one in sent if isinstance(one, Progress)] == ["kept", "b", "b, about 40 s left"]
    assert [(one.done, one.total) for one in sent] == [(50, 100), (52, 100), (60, 100)]


def test_work_is_of_the_rounds_and_the_test() -> None:
    both = [Candidate(parse(f"recent:{K}"), "reindexed") for K in (4, 8)]
    each, full = (weight(4) + weight(8)) / 2, weight(79)
    assert work(both, 79, (), 10) == 10 * (2 * full + 3 * each)
    assert work(both, 79, (16, 32), 10) == 16 * (full + 2 * each) + 32 * (full + each) + 10 * (2 * full + 3 * each)


def test_what_takes_how_long_is_read_off_two_steps() -> None:
    own = seconds_of(READY, 44)
    assert own == pytest.approx(0.032 + 0.002)
    assert seconds_of(LabReady(1, 8, 79, 20), 44) is None
    one, two = (sweep_seconds(READY, [parse("recent:9")] * count, 16, 40) for count in (1, 2))
    assert one is not None
    assert two is not None
    assert two - one == pytest.approx(4 * (800 + 12) * 0.006)  # 128 histories are four batches of 32
    dear = sweep_seconds(READY, [parse("top-attention:9")], 16, 40)
    assert dear is not None
    assert dear - one == pytest.approx(4 * (800 + 12) * 0.004), "another pass to choose"


def test_a_search_takes_longer_with_more_candidates_and_is_unknown_without_steps() -> None:
    few = [Candidate(parse("recent:4"), "reindexed")]
    short, long = (search_seconds(READY, few * count, None, 40) for count in (1, 8))
    assert short is not None
    assert long is not None
    assert long > short > (sum(HISTORIES) + 2 * HISTORIES_TESTED) / 32 * 800 * 0.060
    assert search_seconds(LabReady(1, 8, 79, 20), few, None, 40) is None


def test_steps_are_timed_at_two_lengths(run: Path) -> None:
    model = load_model(load_checkpoint(next(run.glob("*.pt"))), device="cpu")
    (short, first), (long, last) = timed_steps(model, 7)
    assert (short, long) == (1, 7)
    assert first > 0
    assert last > 0
