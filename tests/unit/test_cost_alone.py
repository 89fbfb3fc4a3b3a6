"""One agent in a process of its own, and models lengthened to be timed."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from checkpoints import make_run
from small_runs import MAKERS

from adtui.compression.choice import parse
from adtui.compression.trials import alone, runner, store
from adtui.compression.trials.alone import Asked, costs_alone, made_up, measured
from adtui.compression.trials.plan import FULL, ModelSource, Plan, fingerprint
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.models.longer import lengthened
from adtui.records.arrays import Doubles
from adtui.records.errors import EngineError
from adtui.records.trial_cost import Alone
from adtui.reports.trials import alone_lines
from adtui.worlds.darkroom import DarkRoom

PLAN = Plan(DarkRoom(), goals=(3,), n_context=11, streams=1, episodes=3, queries=2)


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    run = make_run(tmp_path_factory.mktemp("alone") / "run", "pre", n_transit=12)
    return ModelSource(str(next(run.glob("*.pt"))), device="cpu")


@pytest.mark.parametrize("name", MAKERS)
def test_a_lengthened_model_is_the_same_where_both_have_positions(tmp_path: Path, name: str) -> None:
    make, more = MAKERS[name]
    model = load_model(load_checkpoint(next(make(tmp_path / "run", **more).glob("*.pt"))), device="cpu")
    n = model.n_context_max
    assert lengthened(model, n) is model
    if n > 1000:  # latents take in any number
        return
    longer = lengthened(model, 3 * n)
    if not model.network.keeps_positions:
        assert longer is None
        return
    assert longer is not None
    assert longer.n_context_max >= 3 * n
    assert np.isfinite(longer.policy(*made_up(model, 3 * n).inputs)).all()
    fits = made_up(model, n).inputs
    np.testing.assert_array_equal(longer.policy(*fits), model.policy(*fits))
    assert model.n_context_max == n, "the model itself is left alone"


def test_the_same_share_of_a_longer_context_is_kept_and_what_would_take_too_long_is_not_tried(
    opening: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(load_checkpoint(opening.checkpoint), device="cpu")
    monkeypatch.setattr(alone, "TIMED", 6)
    asked = Asked(opening, "recent:4", "spread", "online", 11, (11, 33))
    own, longer = measured(model, parse("recent:4"), asked)
    assert (own.n, own.kept, own.scaled, longer.n, longer.kept, longer.scaled) == (11, 4, False, 33, 12, True)
    assert (own.held.state, longer.held.state) == (4 * 52, 12 * 52)
    assert own.milliseconds is not None
    assert own.milliseconds.low <= own.milliseconds.median <= own.milliseconds.high
    monkeypatch.setattr(alone, "LONGEST", 0.0)
    _, refused = measured(model, parse("recent:4"), asked)
    assert refused.milliseconds is None
    assert refused.why.startswith("not tried: a step may take")


def test_a_sweep_measures_each_cell_once_and_keeps_it(
    opening: ModelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []

    def fake(opening: ModelSource, plan: Plan, label: str, heads: Doubles | None) -> tuple[Alone, ...]:
        ran.append(label)
        assert heads is None
        return measured(
            load_model(load_checkpoint(opening.checkpoint)),
            parse(label),
            Asked(opening, label, "reindexed", "online", 11, (11,)),
        )

    monkeypatch.setattr(runner, "costs_alone", fake)
    report = runner.run(opening, PLAN, [parse("recent:4")], output=tmp_path, alone=True)
    assert ran == [FULL, "recent:4"]
    lines = alone_lines(report)
    assert "contexts of 11 transitions" in lines[1]
    assert "holds 208 B, keys and values" in lines[3]
    again = runner.run(opening, PLAN, [parse("recent:4")], output=tmp_path, alone=True)
    assert ran == [FULL, "recent:4"]
    assert [trial.cost for trial in again.trials] == [trial.cost for trial in report.trials]
    kept = store.load(tmp_path, fingerprint(opening, PLAN), (1, 3)).finished["recent:4"]
    assert kept.cost is not None
    assert len(kept.cost.alone) == 1


def test_it_is_a_process_of_its_own_and_one_that_fails_says_so(
    opening: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "LONGER", (30,))
    own, longer = costs_alone(opening, PLAN, "recent:4")
    assert own.milliseconds is not None
    assert longer.kept == 11
    killed = CompletedProcess("", -9, b"", b"first\nKilled\n")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: killed)
    with pytest.raises(EngineError, match=r"costs of recent:4.*exit code -9: Killed"):
        costs_alone(opening, PLAN, "recent:4")
