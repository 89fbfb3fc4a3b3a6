"""A few of each of what `python -m tests.calibration` counts by the thousand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from adtui.insights.confirmation import CONTROLS, Draws
from adtui.probes.lived import Lived, Plan, live
from adtui.records.arrays import Doubles
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.rollouts import random_policy

from . import agreement, gate, null_models, probes, relocations
from .earlier import earlier
from .placebos import LEVEL, Pool, rates
from .power import confirmed
from .rates import Rate, table


@pytest.fixture(scope="module")
def skewed() -> Pool:
    """As skewed as the KLs of the bundled run: their logarithm's standard deviation is 2. 60 contexts of 8 tasks."""
    rng = np.random.default_rng(0)
    return Pool(rng.lognormal(-5, 2, (60, 136)), rng.lognormal(-5, 2, (60, 8, 17)), np.arange(60) % 8)


@pytest.mark.parametrize("contexts", [18, 60])
def test_sets_named_by_chance_are_found_as_often_as_the_level_says(skewed: Pool, contexts: int) -> None:
    found = rates(skewed, contexts, 300, seed=1)
    for side in ("+", "−"):
        assert found[f"test {side}"].within(LEVEL)
        assert found[f"rule {side}"].share <= found[f"test {side}"].share


def test_the_earlier_rule_refuted_chance(skewed: Pool) -> None:
    assert rates(skewed, 60, 100, seed=1)["earlier −"].share > 4 * LEVEL


@pytest.mark.parametrize("contexts", [6, 18])
def test_a_strong_effect_is_confirmed_no_less_often_than_before(skewed: Pool, contexts: int) -> None:
    rng = np.random.default_rng(contexts)
    hits = np.zeros(3)
    for _ in range(100):
        chosen = rng.choice(60, contexts, replace=False)
        equal, apart = skewed.equal[chosen, : 1 + CONTROLS].copy(), skewed.apart[chosen, 0].copy()
        equal[:, 0] *= 10
        apart[:, 0] *= 10
        hits += confirmed(equal, apart, np.arange(contexts))
    before, alone, rule = hits / 100
    assert alone >= before
    assert rule >= before


def test_the_other_ablations_leave_a_planted_effect_confirmed() -> None:
    found = agreement.tried(1.0, 12, seed=0)
    rng = np.random.default_rng(0)
    hits = np.zeros(2)
    for _ in range(30):
        hits += agreement.confirmed(found, rng.choice(12, 6, replace=False))
    first, agreed = hits
    assert first >= 24
    assert agreed >= first - 2


def test_models_that_have_learnt_nothing_have_nothing_confirmed(tmp_path: Path) -> None:
    for seed, make in enumerate((null_models.untrained, null_models.permuted)):
        run = make(tmp_path / make.__name__, seed)
        session = null_models.finished(run, 6, context=19)
        assert not [one for one in session.log.insights if one.status in ("confirmed", "refuted")]
        insights, placebo = null_models.every_insight(session)
        assert sum(one.knock_out_p <= 1 for one in insights) > 20
        assert not [one for one in insights if one.status in ("confirmed", "refuted")]
        assert placebo is not None
        assert placebo.confirmed + placebo.refuted == 0


def test_places_paired_by_chance_are_no_evidence_and_the_bundled_run_follows() -> None:
    text, own = relocations.report(18, 30, 1, seed=0)
    assert all(one.within(LEVEL) for one in own)
    assert "untrained" in text
    whole = next(line for line in text.splitlines() if line.startswith("| 100% of the model") and "| 6  " in line)
    assert "100.0 ± 0.0 %" in whole.split("|")[5]


def test_a_rate_knows_its_error() -> None:
    assert str(Rate(50, 1000)) == "5.0 ± 0.7 %"
    assert Rate(30, 1000).within(0.025)
    assert not Rate(60, 1000).within(0.025)
    assert table("T", ["a", "bb"], [[1, "x"]]).splitlines() == ["## T", "", "| a | bb |", "|---|----|", "| 1 | x  |"]


def test_both_rules_see_a_plain_effect_and_nothing_in_equal_draws() -> None:
    kl = np.full((8, 9), 0.1)
    assert Draws(kl, np.zeros(kl.shape, np.bool_), np.arange(8)).effects()[0].p == 1.0
    assert earlier(kl) == (False, False)
    kl[:, 0] = 0.4
    assert Draws(kl, np.zeros(kl.shape, np.bool_), np.arange(8)).effects()[0].side == "confirmed"
    assert earlier(kl) == (True, False)


@pytest.fixture(scope="module")
def walked() -> Lived:
    """Random walks on 40 tasks, two rooms each."""
    found = [*live(random_policy, Plan(DarkRoom(size=7), np.arange(40), 2, 25, 1, 0))][-1]
    assert isinstance(found, Lived)
    return found


@pytest.mark.parametrize("make", [probes.per_task, probes.per_context, probes.switching, probes.by_side])
def test_labels_that_only_chance_or_the_inputs_tell_are_no_findings(
    walked: Lived, make: Callable[[Lived, np.random.Generator], Doubles]
) -> None:
    cells = np.eye(7, dtype=np.float32)[walked.contexts.query_states].reshape(walked.contexts.count, -1)
    noise = np.random.default_rng(0).normal(size=(len(cells), 8)).astype(np.float32)
    stream = np.stack([np.pad(cells, ((0, 0), (0, 8))), np.concatenate([cells, noise], axis=1)])
    found = probes.rates(walked, stream, partial(make, walked), 60, seed=1)
    assert found["test"].within(probes.LEVEL)
    assert found["rule"].share <= found["test"].share
    assert (found["exchanged"].share > 0.9) == (make is probes.by_side)


def test_a_planted_signal_is_read(walked: Lived) -> None:
    rng = np.random.default_rng(0)
    stream = rng.normal(size=(2, walked.contexts.count, 16)).astype(np.float32)
    found = probes.rates(walked, stream, partial(probes.planted, stream[1], stream[0], 0.4), 20, seed=1)
    assert found["rule"].count >= 18


@pytest.mark.parametrize("design", [(8, 16, True), (8, 16, False), (32, 4, False)])
def test_rare_losses_pass_a_t_test_and_not_the_gate(design: tuple[int, int, bool]) -> None:
    """Skewed differences whose mean is exactly the margin: nothing may be called not inferior."""
    for pool in gate.pools(None, seed=0).values():
        false = gate.rates(pool, -gate.MARGIN, design, 200, seed=1)
        assert false["gate, mean"].within(0.025)
        assert false["gate"].count <= false["gate, mean"].count
        assert gate.accepted(design)
    rare = next(iter(gate.pools(None, seed=0).values()))
    assert gate.rates(rare, -gate.MARGIN, design, 200, seed=1)["t"].share > 0.1


def test_no_loss_passes_the_gate_with_enough_histories() -> None:
    none = np.random.default_rng(0).normal(0, 0.1, (8, 16))
    assert gate.rates(none, 0.0, (8, 16, False), 50, seed=1)["gate"].share == 1
    assert gate.rates(none, 0.0, (8, 8, False), 50, seed=1)["gate"].share == 0
    assert not gate.accepted((8, 8, False))
