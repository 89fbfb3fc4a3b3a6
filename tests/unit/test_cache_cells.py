"""Cells of a cache as a sweep runs them: what heads share, and what they cost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from checkpoints import make_run

from adtui.compression.trials import cell
from adtui.compression.trials.cell import run_cell
from adtui.compression.trials.open_loop import Reference
from adtui.compression.trials.plan import FULL, ModelSource, Plan
from adtui.compression.trials.retrieval import on_training
from adtui.models.model import Model
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
