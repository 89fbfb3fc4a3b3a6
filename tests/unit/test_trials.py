"""Compression trials: what must be equal is equal, and what is paired is paired."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import make_run

from adtui.compression.choice import parse
from adtui.compression.trials import runner, store
from adtui.compression.trials.cell import run_cell
from adtui.compression.trials.plan import FULL, WIPED, ModelSource, Plan, fingerprint, sweep
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.records.errors import ConfigError
from adtui.records.trial import SweepReport, Trial
from adtui.statistics.significance import holm, p_greater, t_tail
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.rollouts import rollout

PLAN = Plan(DarkRoom(), goals=(3, 41), n_context=11, streams=2, episodes=3, seed=4, queries=3)
CHOICES = [parse("recent:4"), parse("random:4"), parse("top-attention:4")]


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    run = make_run(tmp_path_factory.mktemp("trials") / "run", "pre", n_transit=12)
    return ModelSource(str(next(run.glob("*.pt"))), device="cpu")


@pytest.fixture(scope="module")
def report(opening: ModelSource) -> SweepReport:
    return runner.run(opening, PLAN, CHOICES)


# -- cells -------------------------------------------------------------------------------------------------------------
def test_full_context_is_itself(report: SweepReport) -> None:
    none = report.trials[0]
    assert none.cell.label == FULL
    assert none.open_loop is not None
    whole = none.open_loop.strata["all"]
    assert (whole.agreement.mean, none.open_loop.kept) == (1, 11)
    assert whole.kl.mean == pytest.approx(0, abs=1e-9)
    assert none.closed_loop is not None
    assert (none.closed_loop.difference.mean, none.closed_loop.improvement.mean) == (0, 0.5)


def test_full_context_and_recent_are_plain_rollouts(opening: ModelSource, report: SweepReport) -> None:
    """Same rooms, same seeds: the last K transitions are what a rollout with a context of K shows."""
    policy = load_model(load_checkpoint(opening.checkpoint)).policy
    for trial, n in zip(report.trials, (11, 4), strict=False):
        past = rollout(policy, PLAN.world, PLAN.rooms, PLAN.episodes, n, seed=PLAN.seed)
        assert trial.closed_loop is not None
        assert [one.mean for one in trial.closed_loop.episodes] == pytest.approx(past.returns().mean(axis=0).tolist())


def test_differences_are_paired_by_history(report: SweepReport) -> None:
    full, recent = (trial.closed_loop for trial in report.trials[:2])
    assert full is not None
    assert recent is not None
    pairs = np.array(recent.last_by_history) - np.array(full.last_by_history)
    assert recent.difference.mean == pytest.approx(pairs.mean())
    assert len(recent.last_by_history) == report.trials[1].histories == 4
    assert report.baselines.optimal[0] == report.baselines.optimal[1]


def test_strata_share_the_contexts_out(report: SweepReport) -> None:
    for trial in report.trials:
        assert trial.open_loop is not None
        strata = trial.open_loop.strata
        assert strata["all"].contexts == sum(strata[name].contexts for name in ("none", "1-10", "more"))


def test_a_cells_numbers_depend_on_nothing_else(opening: ModelSource, report: SweepReport) -> None:
    alone = runner.run(opening, PLAN, CHOICES[1:2])
    assert timeless(alone.trials[1]) == timeless(report.trials[2])
    side_by_side = runner.run(opening, PLAN, CHOICES, jobs=2)
    assert [timeless(trial) for trial in side_by_side.trials] == [timeless(trial) for trial in report.trials]


@pytest.mark.parametrize("backend", ["ray", "dask"])
def test_a_cluster_gives_the_same_numbers(opening: ModelSource, report: SweepReport, backend: str) -> None:
    pytest.importorskip({"ray": "ray", "dask": "dask.distributed"}[backend], reason="in the extra `distributed`")
    spread = runner.run(opening, PLAN, CHOICES, jobs=2, backend=backend)
    assert [timeless(trial) for trial in spread.trials] == [timeless(trial) for trial in report.trials]


def timeless(trial: Trial) -> str:
    """Everything but how long a step took."""
    return repr(replace(trial, cost=None))


# -- stopped sweeps ----------------------------------------------------------------------------------------------------
def test_a_stopped_sweep_goes_on_where_it_ended(
    opening: ModelSource, report: SweepReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Enough(Exception):  # noqa: N818
        pass

    def stop(label: str, done: int, total: int) -> None:
        del total
        if done == 3:
            raise Enough(label)

    with pytest.raises(Enough):
        runner.run(opening, PLAN, CHOICES, output=tmp_path, progress=stop)
    shape = (len(PLAN.rooms), PLAN.episodes)
    assert list(store.load(tmp_path, fingerprint(opening, PLAN), shape).finished) == [FULL, WIPED, "recent:4"]
    honest, ran = run_cell, []

    def spy(opening: ModelSource, plan: Plan, label: str, actions: Any, progress: Any) -> Any:
        ran.append(label)
        return honest(opening, plan, label, actions, progress)

    monkeypatch.setattr(runner, "run_cell", spy)
    told: list[tuple[str, int, int]] = []
    whole = runner.run(opening, PLAN, CHOICES, output=tmp_path, inside=lambda *where: told.append(where))
    assert ran == ["random:4", "top-attention:4"]
    assert told == [(label, done + 1, PLAN.episodes) for label in ran for done in range(PLAN.episodes)]
    assert [timeless(trial) for trial in whole.trials] == [timeless(trial) for trial in report.trials]


def test_cells_of_another_plan_are_not_mixed_in(opening: ModelSource, tmp_path: Path) -> None:
    runner.run(opening, PLAN, CHOICES[:1], output=tmp_path)
    with pytest.raises(ConfigError, match="cells of this checkpoint with these settings"):
        runner.run(opening, replace(PLAN, seed=5), CHOICES[:1], output=tmp_path)
    (tmp_path / store.NAME).write_text("not json\n")
    with pytest.raises(ConfigError, match="finished cells, a JSON line each"):
        runner.run(opening, PLAN, CHOICES[:1], output=tmp_path)


def cell_line(**changes: Any) -> bytes:
    compared = {name: [0, 1] for name in store.COMPARED}
    whole = {"cell": "recent:4", "returns": [[1, 2], [3, 4]], "actions": None, "compared": compared}
    return json.dumps({**whole, "step_ratio": 1.5, "peak_memory": None, **changes}).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\x00" * 40,
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        cell_line()[:-5],
        cell_line(cell=4),
        cell_line(cell=FULL),
        cell_line(returns=[[1, 2]]),
        cell_line(returns=[[1, 2], [3, 4.5]]),
        cell_line(returns=[[1, 2], [3, float("nan")]]),
        cell_line(returns=[[1, 2], [3, 1e300]]),
        cell_line(compared=None),
        cell_line(compared={name: [9] for name in store.COMPARED}),
        cell_line(compared={"kl": [1]}),
        cell_line(step_ratio="fast"),
        cell_line(cost={"ratio": {"median": "fast", "low": 1.0, "high": 2.0}}),
        cell_line(cost={"ratio": {"median": 1.0, "low": 1.0, "high": 2.0}, "held": {"state": 1.5, "cache": None}}),
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_a_damaged_line_costs_its_own_cell(tmp_path: Path, line: bytes, last: bool) -> None:
    good = cell_line(cell="random:4")
    lines = [b'{"fingerprint": "mine"}', *((good, line) if last else (line, good))]
    path = tmp_path / store.NAME
    path.write_bytes(b"\n".join(lines) + b"\n")
    kept = store.load(tmp_path, "mine", (2, 2))
    assert list(kept.finished) == ["random:4"]
    number = 3 if last else 2
    assert kept.said == f"{path}: line {number} is no finished cell, counted as not run (1 kept)"


def test_the_sweep_brings_what_the_gate_compares_with() -> None:
    labels = [choice.label for choice in sweep(["newest+rewarded", "sink-recent:7:sinks=2"], [3, 5])]
    assert labels[:3] == ["newest+rewarded:3", "newest+rewarded:5", "sink-recent:7:sinks=2"]
    assert {f"{name}:{K}" for name in ("recent", "random") for K in (3, 5, 7)} <= set(labels)
    assert len(labels) == len(set(labels)) == 9


def test_too_few_episodes_for_a_context() -> None:
    with pytest.raises(ConfigError, match="--episodes"):
        replace(PLAN, n_context=79, episodes=3)


def test_an_untrained_model_gets_no_recommendation(report: SweepReport) -> None:
    assert report.verdict.recommended is None
    assert "No evidence for compressing" in report.verdict.sentence


PARTS = ("closed_loop", "open_loop", "cell", "cost")


def test_the_json_is_json(report: SweepReport) -> None:
    document = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert document["schema"] == "adtui.compress/1"
    text = (Path(__file__).parents[2] / "docs" / "trials.md").read_text()
    keys = {key for trial in document["trials"] for part in PARTS for key in trial[part]}
    keys |= set(document) | set(document["verdict"]) | set(document["baselines"])
    assert sorted(key for key in keys if f"`{key}`" not in text) == []


# -- tests of significance ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("t", "freedom", "p"),
    [(1.0, 1, 0.25), (2.0, 10, 0.036694), (0.0, 5, 0.5), (-2.0, 10, 0.963306), (2.042, 30, 0.025)],
)
def test_the_t_distribution(t: float, freedom: int, p: float) -> None:
    assert t_tail(t, freedom) == pytest.approx(p, abs=2e-5)


def test_one_sided_p() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert p_greater(values, 0) == pytest.approx(t_tail(2.5 / (values.std(ddof=1) / 2), 3))
    assert p_greater(values, 2.5) == pytest.approx(0.5)
    assert p_greater([2.0, 2.0, 2.0], 1) == 0
    assert p_greater([2.0, 2.0, 2.0], 2) == 1
    assert p_greater([9.0], 0) == 1


def test_holms_correction() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]
