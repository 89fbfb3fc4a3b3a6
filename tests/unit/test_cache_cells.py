"""Cells of a cache as a sweep runs them: what heads share, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from checkpoints import make_run

from adtui.compression.caching import CachePolicy, budgets_of, held_in_cache, read_through
from adtui.compression.choice import parse
from adtui.compression.made_up import agent_in_mid_life
from adtui.compression.strategies.base import Contexts
from adtui.compression.trials import alone, cell, costs, runner
from adtui.compression.trials.alone import Asked, made_up, measured
from adtui.compression.trials.cell import opened, run_cell
from adtui.compression.trials.front import points, spent
from adtui.compression.trials.open_loop import Reference
from adtui.compression.trials.plan import FULL, ModelSource, Plan
from adtui.compression.trials.retrieval import on_training
from adtui.models.model import Model
from adtui.records.arrays import Doubles, Floats
from adtui.records.trial_cost import Alone, Cost, Held, Spread
from adtui.reports.figures.trials import pareto_figure
from adtui.reports.trials import alone_lines
from adtui.worlds.darkroom import DarkRoom

DUO = "recent:3:shared=duo:retrieval=0.5"
PLAN = Plan(
    *(DarkRoom(), (3,), 11),
    streams=1,
    episodes=3,
    queries=2,
    positions="kept",
    level="cache",
    training=(8, 50),
)


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    run = make_run(tmp_path_factory.mktemp("cells") / "run", "pre", n_transit=12)
    return ModelSource(str(next(run.glob("*.pt"))), device="cpu")


def test_retrieval_heads_are_found_on_contexts_that_are_made_once(
    opening: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def make(model: Model, plan: Plan) -> Reference:
        made.append(plan)
        return on_training(model, plan)

    monkeypatch.setattr(cell, "on_training", make)
    cell._on_training.cache_clear()
    full = run_cell(opening, PLAN, FULL, None)
    assert made == []
    for label in (DUO, DUO.replace("recent", "random"), "recent:3"):
        found = run_cell(opening, PLAN, label, full.actions)
        assert found.heads is not None
        heads = sorted(found.heads.reshape(-1).tolist())
        assert heads == ([3.0] * 4 if label == "recent:3" else [3.0] * 2 + [11.0] * 2)
    assert made == [PLAN]
    run_cell(opening, replace(PLAN, training=(8,)), DUO, full.actions)
    assert len(made) == 2


HEADS = ((5.0, 1.0), (2.0, 4.0))
"""Entries of K = 3 as heads came to share them; those of `duo` beside it."""
KEEPING_ALL = ((11.0, 3.0), (3.0, 11.0))


@pytest.mark.parametrize("label", ["recent:3", "expected-attention:3", "observation-window:3", "random:3"])
@pytest.mark.parametrize("shared", ["", ":shared=ada", ":shared=pyramid:beta=2", ":shared=duo"])
def test_a_cell_of_a_cache_is_timed_and_weighs_what_is_computed(
    opening: ModelSource, monkeypatch: pytest.MonkeyPatch, label: str, shared: str
) -> None:
    monkeypatch.setattr(alone, "TIMED", 6)
    heads = KEEPING_ALL if "duo" in shared else HEADS
    asked = Asked(opening, label + shared, "kept", "online", 11, (11, 33), heads)
    model, choice = opened(opening)[0], parse(label + shared)
    own, longer = measured(model, choice, asked)
    assert (own.n, own.kept, own.scaled, longer.n, longer.kept, longer.scaled) == (11, 3, False, 33, 9, True)
    for one in (own, longer):
        assert one.milliseconds is not None
        assert one.milliseconds.low <= one.milliseconds.median <= one.milliseconds.high
        assert one.weighed == one.held
        entries = 2 * (one.kept + one.n) if "duo" in shared else 4 * one.kept
        assert one.held.cache == entries * 2 * (model.d_model // model.n_head) * 4
    monkeypatch.setattr(alone, "LONGEST", 0.0)
    _, refused = measured(model, choice, asked)
    assert refused.why.startswith("not tried: a step may take")
    assert refused.weighed is None


@pytest.mark.parametrize("label", ["key-difference:3:shared=ada", "recent:3", "sink-recent:3:sinks=1:shared=duo"])
def test_a_made_up_agent_is_full_and_drops_as_it_reads(opening: ModelSource, label: str) -> None:
    model, choice = opened(opening)[0], parse(label)
    retrieval = np.array(KEEPING_ALL) >= 11
    budgets = budgets_of(model, choice, 11, retrieval)
    agent = agent_in_mid_life(model, choice, 11, budgets, np.array(HEADS))
    shared_out = [[5, 1], [2, 4]] if "ada" in label else budgets.tolist()
    assert agent.counts[0].tolist() == shared_out
    before = {layer: held.came.copy() for layer, held in agent.layers.items()}
    read_through(agent, made_up(model, 1))
    assert agent.weighed == held_in_cache(model, choice, 11, budgets)
    for layer, held in agent.layers.items():
        assert held.counts.sum() == budgets[layer].sum()
        assert held.came.tolist() != before[layer].tolist()
        assert 11 in held.came


def test_a_sweep_of_a_cache_measures_every_cell_by_itself(
    opening: ModelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Doubles | None] = {}

    def fake(opening: ModelSource, plan: Plan, label: str, heads: Doubles | None) -> tuple[Alone, ...]:
        asked[label] = heads
        held_by = None if heads is None else tuple(map(tuple, heads.tolist()))
        request = Asked(opening, label, plan.positions, plan.memory, 11, (11,), held_by)
        return measured(opened(opening)[0], parse(label), request)

    monkeypatch.setattr(runner, "costs_alone", fake)
    beside = Alone(11, 11, False, Held(1, 1), None, None, appends=True)
    monkeypatch.setattr(runner, "appending_alone", lambda *_: (beside,))
    monkeypatch.setattr(alone, "TIMED", 6)
    report = runner.run(opening, PLAN, [parse(DUO), parse("recent:3")], output=tmp_path, alone=True)
    assert list(asked) == [FULL, DUO, "recent:3"]
    assert asked[FULL] is None
    assert asked["recent:3"] is not None
    assert asked["recent:3"].tolist() == [[3.0, 3.0], [3.0, 3.0]]
    for axis in ("bytes", "time"):
        assert [point.label for point in points(report.trials, axis)] == [DUO, "recent:3"]
    whole, *held = (
        trial.cost.held for trial in report.trials if trial.cost is not None and trial.cost.held is not None
    )
    assert [spent(trial, "bytes") for trial in report.trials] == [
        whole.state,
        *(one.state + (one.cache or 0) for one in held),
    ]
    axes, legend = (figure := pareto_figure(report, "bytes")).axes[0], figure.legends[0]
    assert any("level cache" in text.get_text() for text in figure.texts)
    assert axes.get_xlabel() == "Bytes that an agent holds: keys, values and what stands beside them"
    assert [text.get_text() for text in legend.get_texts()][:2] == ["recent, duo", "recent"]
    lines = alone_lines(report)
    assert "beyond the model's and what an agent holds" in lines[0]
    assert [line.split(":")[0].strip() for line in lines[2:]] == [
        "full context",
        "appending, all in every head",
        "recent, 3, shared=duo, retrieval=0.5",
        "recent, 3",
    ]
    again = runner.run(opening, PLAN, [parse(DUO), parse("recent:3")], output=tmp_path, alone=True)
    assert len(asked) == 3
    assert [trial.cost for trial in again.trials] == [trial.cost for trial in report.trials]


@pytest.mark.parametrize("label", [FULL, "recent:3"])
def test_full_context_is_timed_as_it_acts_and_as_an_agent_that_appends(
    opening: ModelSource, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    """Told apart by what is held: all in every head, or three; a pass over the context makes nobody read."""
    model, choice = opened(opening)[0], parse(label)
    contexts = alone.made_up(model, 11, 2)
    read = list[str]()

    def reading(policy: CachePolicy, part: Contexts) -> Floats:
        said = read_through(policy, part)
        read.append("all" if policy.counts.min() == 11 else "three" if policy.counts.max() == 3 else "others")
        return said

    def seconds(_: Model, step: Callable[[], object]) -> float:
        read.clear()
        step()
        return {(): 8.0, ("all",): 2.0, ("three",): 1.0}[tuple(read)]

    monkeypatch.setattr(costs, "read_through", reading)
    monkeypatch.setattr(costs, "seconds", seconds)
    budgets = None if label == FULL else budgets_of(model, choice, 11)
    found = costs.cost(model, contexts, choice, "kept", "online", budgets, "cache")
    assert found.ratio == Spread(*[1.0 if label == FULL else 1 / 8] * 3)
    assert found.appended == Spread(*[4.0 if label == FULL else 0.5] * 3)
    assert costs.cost(model, contexts, parse("recent:3"), "reindexed", "online").appended is None


def test_the_agent_that_appends_is_measured_beside_full_context_at_every_length(
    opening: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def measured_here(opening: ModelSource, plan: Plan, label: str, heads: Doubles | None = None) -> tuple[Alone, ...]:
        held_by = None if heads is None else tuple(map(tuple, heads.tolist()))
        asked.append(label)
        return measured(
            opened(opening)[0], parse(label), Asked(opening, label, "kept", "online", 11, (11, 33), held_by)
        )

    monkeypatch.setattr(alone, "TIMED", 6)
    monkeypatch.setattr(alone, "costs_alone", measured_here)
    own, longer = alone.appending_alone(opening, PLAN)
    assert asked == ["recent:11"]
    assert (own.kept, longer.kept, own.appends, longer.appends) == (11, 33, True, True)
    assert own.weighed == own.held
    cost = Cost(Spread(1, 1, 1), alone=(own, longer))
    report = SimpleNamespace(about={}, trials=[SimpleNamespace(cell=SimpleNamespace(label=FULL), cost=cost)])
    assert alone_lines(cast(Any, report))[2].strip().startswith("appending, all in every head: ")


def test_what_weighs_otherwise_than_computed_is_said() -> None:
    held = Held(100, 400)
    cost = Cost(Spread(1, 1, 1), alone=(Alone(11, 3, False, held, Spread(1, 1, 1), None, weighed=Held(100, 432)),))
    report = SimpleNamespace(about={}, trials=[SimpleNamespace(cell=SimpleNamespace(label="recent:3"), cost=cost)])
    assert alone_lines(cast(Any, report))[2].endswith("keys and values 400 B (computed; it weighs +32 B)")
