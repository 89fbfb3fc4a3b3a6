"""The search for the smallest context: what it tries and keeps; it tests once, on other tasks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from checkpoints import make_run
from references import rad

from adtui.cli.main import main
from adtui.compression.choice import parse
from adtui.compression.trials import search as searching
from adtui.compression.trials.candidates import SMALLEST, Candidate, candidates_of, usual_budgets
from adtui.compression.trials.plan import FULL, RANDOM, RECENT, ModelSource, Plan
from adtui.compression.trials.search import Search, places_of, search
from adtui.compression.trials.search_store import FILE
from adtui.records.errors import ConfigError
from adtui.records.trial_search import SearchReport
from adtui.reports.search import search_lines
from adtui.worlds.darkroom import DarkRoom

PLAN = Plan(DarkRoom(), goals=(3, 41), n_context=11, streams=2, episodes=3, seed=4, queries=3)
TRAINING = (1, 5, 9, 13)
LABELS = ("recent:8", "recent:4", "uniform:4", "newest+rewarded:4:newest=1")
CANDIDATES = tuple(Candidate(parse(label), "reindexed") for label in LABELS)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Search:
    run = make_run(tmp_path_factory.mktemp("search") / "run", "pre", n_transit=12)
    opening = ModelSource(str(next(run.glob("*.pt"))), device="cpu")
    return Search(opening, PLAN, TRAINING, CANDIDATES, margin=0.05)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "HISTORIES", (4, 8))


def lossy(losses: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Plan]]:
    """Returns that are 10 in full, less what each candidate loses; tells what was run."""
    ran = []

    def run(opening: ModelSource, plan: Plan, candidate: Candidate) -> tuple[Candidate, list[float]]:
        del opening
        ran.append((label := candidate.name, plan))
        return candidate, [10 - losses.get(label, 0) + 0.01 * (room % 3) for room in range(len(plan.rooms))]

    monkeypatch.setattr(searching, "_run", run)
    return ran


def test_the_smallest_that_loses_little_is_chosen_and_rooms_are_of_training_tasks(
    wanted: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = lossy({"recent:4": 3, "uniform:4": 0.1, "newest+rewarded:4:newest=1": 2}, monkeypatch)
    report = search(wanted)
    assert report.chosen == "uniform:4"
    assert [len(one.tried) for one in report.rounds] == [4, 2]
    assert [one.label for one in report.rounds[0].tried if one.kept] == ["uniform:4", "recent:8"]
    assert {goal for _, plan in ran for goal in plan.goals} == set(TRAINING)
    assert {plan.seed for _, plan in ran}.isdisjoint({PLAN.seed})
    assert report.confirmation is not None
    assert [one.cell.label for one in report.confirmation.trials] == [FULL, "uniform:4", f"{RECENT}:4", f"{RANDOM}:4"]
    assert report.confirmation.about["plan"]["goals"] == PLAN.goals
    assert report.confirmation.about["plan"]["seed"] == PLAN.seed
    assert "Chosen: uniform:4 is the smallest of 4 candidates" in "\n".join(search_lines(report))


def test_where_all_lose_too_much_nothing_is_tested(wanted: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    lossy(dict.fromkeys(LABELS, 5), monkeypatch)
    report = search(wanted)
    assert report.chosen is None
    assert report.confirmation is None
    assert "no candidate loses at most" in report.why


def test_with_no_time_nothing_is_begun(wanted: Search) -> None:
    report = search(replace(wanted, seconds=0.0))
    assert (report.rounds, report.chosen) == ((), None)
    assert "the time was over" in report.why


def test_a_stopped_search_goes_on_and_equal_seeds_give_equal_paths(
    wanted: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = search(wanted)

    class Enough(Exception):  # noqa: N818
        pass

    def stop(what: str, done: int, total: int, fresh: bool) -> None:
        assert fresh
        assert done < total
        if what.startswith("round 1, 3 of 5"):
            raise Enough

    with pytest.raises(Enough):
        search(wanted, output=tmp_path, progress=stop)
    kept = json.loads((tmp_path / FILE).read_text())["runs"]
    assert len(kept) == 3
    honest, ran = searching._run, []

    def spy(opening: ModelSource, plan: Plan, candidate: Candidate) -> tuple[Candidate, list[float]]:
        ran.append(f"{len(plan.rooms)}/{candidate.name}")
        return honest(opening, plan, candidate)

    monkeypatch.setattr(searching, "_run", spy)
    again = search(wanted, output=tmp_path)
    assert not set(ran) & set(kept)
    assert path(again) == path(whole)
    with pytest.raises(ConfigError, match="another checkpoint or other settings"):
        search(replace(wanted, plan=replace(PLAN, seed=5)), output=tmp_path)
    (tmp_path / FILE).write_text("{")
    with pytest.raises(ConfigError, match="remove it"):
        search(wanted, output=tmp_path)


def path(report: SearchReport) -> str:
    return repr((report.rounds, report.chosen, report.why))


def test_candidates_are_every_split_below_the_contexts_length_and_no_control() -> None:
    found = candidates_of(["newest+rewarded", "random"], 11, ("reindexed", "spread"))
    names = [one.name for one in found]
    assert {"newest+rewarded:10", "newest+rewarded:10:newest=3", "recent:8", "recent:8, spread"} <= set(names)
    assert len(names) == len(set(names))
    assert all(one.choice.strategy.NAME != "random" and one.budget < 11 for one in found)
    assert {one.name.split(":")[0] for one in candidates_of(["recent"], 11, ("reindexed",))} == {"recent"}


def test_a_long_context_is_tried_with_long_budgets_too() -> None:
    assert usual_budgets(11) == (4, 5, 6, 8, 10)
    assert usual_budgets(80) == SMALLEST
    assert usual_budgets(400) == (*SMALLEST, 80, 160, 320)
    assert {one.budget for one in candidates_of(["recent"], 119, ("spread",))} == {*SMALLEST, 80}


def test_budgets_and_splits_that_are_said_are_those_that_are_tried() -> None:
    asked = ["newest+rewarded:newest=3", "uniform:7", "recent:30"]
    found = candidates_of(asked, 11, ("spread",), (9, 5, 11))
    assert sorted(one.choice.label for one in found) == [
        *("newest+rewarded:5:newest=3", "newest+rewarded:9:newest=3"),
        *("recent:5", "recent:7", "recent:9", "uniform:7"),
    ]


def test_where_transitions_stand_is_tried_too_and_the_test_is_of_the_same(
    wanted: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = tuple(Candidate(parse("uniform:4"), places) for places in places_of(wanted.opening, wanted.plan))
    assert [one.positions for one in both] == ["reindexed", "spread"]
    lossy({"uniform:4": 3}, monkeypatch)
    report = search(replace(wanted, candidates=both))
    assert (report.chosen, report.positions) == ("uniform:4", "spread")
    assert report.why.startswith("uniform:4, spread is the smallest of 2 candidates")
    assert report.confirmation is not None
    assert {trial.cell.positions for trial in report.confirmation.trials} == {"spread"}


def test_a_candidate_that_fails_in_few_rooms_only_is_not_good_enough(
    wanted: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One room of eight that loses 1.6: a mean of 0.2 is below half of the margin of 0.49, one of eight is too many."""
    monkeypatch.setattr(searching, "HISTORIES", (8,))

    def run(opening: ModelSource, plan: Plan, candidate: Candidate) -> tuple[Candidate, list[float]]:
        del opening
        returns = np.full(len(plan.rooms), 10.0)
        returns[0] -= 1.6 if candidate.name == "recent:4" else 0
        return candidate, returns.tolist()

    monkeypatch.setattr(searching, "_run", run)
    report = search(replace(wanted, candidates=CANDIDATES[:2]))
    last, few = report.rounds[-1].tried
    assert (few.label, few.collapses) == ("recent:4", 0.125)
    assert few.loss.mean == pytest.approx(0.2)
    assert few.loss.mean < 0.5 * report.rounds[-1].margin
    assert report.chosen == last.label == "recent:8"


def test_a_split_keeps_so_many_because_they_are_new() -> None:
    from adtui.compression.choice import choose
    from adtui.compression.strategies.base import Contexts

    rewards = np.array([[1, 0, 1, 0, 0, 0, 0, 0]], np.float32)
    zeros = np.zeros((1, 8), np.int64)
    contexts = Contexts(
        np.zeros((1, 8, 2), np.int64), zeros, rewards, np.zeros((1, 8, 2), np.int64), zeros[:, :2], zeros
    )
    kept = choose(parse("newest+rewarded:3:newest=1"), contexts, np.random.default_rng(0))
    assert np.flatnonzero(kept[0]).tolist() == [0, 2, 7]


def test_the_command_prints_the_path_and_refuses_a_limit_without_a_search(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(make_run(tmp_path / "run", "pre", n_transit=8))
    small = ["compress", run, "--device", "cpu", "--jobs", "1", "--episodes", "3", "--streams", "1"]
    assert main([*small, "--search", "--strategies", "recent"]) == 0
    out = capsys.readouterr().out
    assert "Round 1: " in out
    assert "histories of training tasks" in out
    assert main([*small, "--time", "1"]) == 2
    assert "--search beside it" in capsys.readouterr().err
    assert main([*small, "--search", "--budgets", "7,200"]) == 2
    assert "--budgets: expected at least one below 7" in capsys.readouterr().err
    assert main([*small, "--search", "--strategies", "recent", "--level", "cache", "--json"]) == 0
    tried = [one for found in json.loads(capsys.readouterr().out)["rounds"] for one in found["tried"]]
    assert {(one["label"], one["positions"], one["level"]) for one in tried} == {
        (f"recent:{K}", "kept", "cache") for K in (4, 5, 6)
    }
    assert main([*small, "--search", "--strategies", "distinct", "--level", "cache"]) == 2
    assert "strategy distinct: expected one that keeps exactly K by rewards" in capsys.readouterr().err


def test_a_search_refuses_beforehand_what_a_model_cannot_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(rad.make_run(tmp_path / "run"))
    asked = ["compress", run, "--device", "cpu", "--jobs", "1", "--search", "--strategies", "recent,distinct"]
    assert main(asked) == 2
    assert "expected strategies that merge nothing" in capsys.readouterr().err
