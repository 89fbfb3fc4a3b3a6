"""Knock-outs decide on insights: planted heads get theirs, an untrained model none, the bundled run real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import save_checkpoint, settings
from planted import N, planted_session

import adtui
from adtui.engine.opening import open_session
from adtui.engine.session import Session
from adtui.insights.confirmation import FLOOR, NOTHING_NAMED, KnockOuts, settle
from adtui.insights.evidence import MIN_HISTORIES
from adtui.insights.kind import CAVEAT
from adtui.insights.named_transitions import NAMES, context, named
from adtui.models.decoder import DecoderShape
from adtui.models.families.encoder import Encoder
from adtui.records.insight import Insight, KnockOut
from adtui.records.sample import PHASES, phase_of
from adtui.training.start_values import initialise

RUN = Path(adtui.__file__).parent / "bundled" / "runs" / "AD-darkroom-seed0"


def knocked_out(session: Session) -> list[Insight]:
    """The insights of a session after all knock-outs."""
    for _ in session.test_insights():
        pass
    return list(session.log.insights)


def analysed(path: Path, samples: int) -> Session:
    session = open_session(path, samples=samples, device="cpu")
    for _ in session.analyse_all():
        pass
    return session


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return planted_session(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def bundled() -> tuple[Session, list[Insight]]:
    session = analysed(RUN, 18)
    return session, knocked_out(session)


def test_the_planted_heads_attend_as_planted(planted: Session) -> None:
    for index, sample in enumerate(planted.samples):
        row = planted.attentions[index].query_row[0]
        assert row[0, N - 1] > 0.999
        assert row[1][:N][sample.rewards > 0] == pytest.approx(0.25, abs=0.02)
        assert row[2] == pytest.approx(1 / (N + 1), abs=1e-6)


def test_planted_heads_get_exactly_their_insights_and_the_knock_outs_confirm_them(planted: Session) -> None:
    found = {(one.where, one.kind): one.status for one in knocked_out(planted) if one.scope == "head" and not one.phase}
    assert found == {
        ("L0H0", "recency"): "confirmed",
        ("L0H0", "sparse"): "confirmed",
        ("L0H1", "reward-seeking"): "confirmed",
        ("L0H1", "sparse"): "confirmed",
        ("L0H1", "landmark"): "confirmed",
        ("L0H2", "uniform"): "observed",
        ("L0H2", "spread"): "observed",
    }


def test_what_is_confirmed_moved_the_actions_more_than_random_others(planted: Session) -> None:
    for one in knocked_out(planted):
        if one.status == "confirmed":
            assert one.knock_out_interval[0] > 1
            assert one.knock_out_interval[0] <= one.knock_out <= one.knock_out_interval[1]
            assert one.knock_out_kl > FLOOR
            assert one.knock_out_changed >= one.control_changed
            assert CAVEAT not in one.caveat
            assert one.suggests
        if one.status == "observed":
            assert one.tested == NOTHING_NAMED
            assert CAVEAT in one.caveat


@pytest.mark.parametrize("seed", [0, 1])
def test_an_untrained_model_has_nothing_confirmed(tmp_path: Path, seed: int) -> None:
    network = Encoder(DecoderShape(32, 3, 4, 64, pre_norm=True), 60, 9, 5)
    initialise(network, seed)
    save_checkpoint(tmp_path / "run" / "ckpt-1.pt", network.to_state_dict(), settings(4, 60))
    found = knocked_out(analysed(tmp_path / "run", 12))
    assert any(one.status == "observed" for one in found)
    assert [one for one in found if one.status == "confirmed"] == []


def test_the_bundled_run_is_found_to_need_recent_and_rewarded_transitions(
    bundled: tuple[Session, list[Insight]],
) -> None:
    session, found = bundled
    assert {phase_of(sample) for sample in session.samples} == set(PHASES)
    status = {(one.kind, one.where, one.phase): one.status for one in found}
    assert status["recency", "model", ""] == "confirmed"
    assert status["reward-seeking", "model", ""] == "confirmed"
    assert status["uniform", "L0H3", ""] == "observed"


def test_no_confirmation_rests_on_few_histories_or_an_interval_across_one(
    bundled: tuple[Session, list[Insight]],
) -> None:
    for one in bundled[1]:
        low, high = one.knock_out_interval
        if one.status == "confirmed":
            assert low > 1
            assert one.knock_out_n >= MIN_HISTORIES
        elif one.status == "refuted":
            assert high < 1
        elif one.status == "no evidence" and low > 1:
            assert "not beyond chance among" in one.tested


def test_named_transitions_are_few_enough_for_a_control(bundled: tuple[Session, list[Insight]]) -> None:
    session, found = bundled
    kinds = set()
    for one in found:
        for index, sample in enumerate(session.samples):
            here = context(sample, session.attentions[index], session.layout(index), one, causal=True)
            chosen = named(one, here)
            assert (chosen is None) == (one.kind not in NAMES)
            if chosen is not None:
                kinds.add(one.kind)
                assert len(chosen) <= N // 2
                assert len(np.unique(chosen)) == len(chosen)
    assert kinds == set(NAMES)


# -- the verdict itself ------------------------------------------------------------------------------------------------
CLAIM = Insight("recency", "head", "It does.", 3.0, (2.5, 3.5), 6, 2.0, f"Ends. {CAVEAT}", ("recent",), 0, 1)


def knocked(kls: list[float], controls: list[float], histories: list[int] | None = None) -> KnockOuts:
    made = KnockOuts(CLAIM)
    for index, (kl, control) in enumerate(zip(kls, controls, strict=True)):
        others = np.full(4, control)
        one = KnockOut((0,), (0, 1), kl, kl > 1, others, others > 1, 0, 1)
        made.add(one, index if histories is None else histories[index])
    return made


@pytest.mark.parametrize(
    ("kls", "controls", "status"),
    [
        ([0.5, 0.6, 0.4, 0.7], [0.1, 0.1, 0.1, 0.1], "confirmed"),
        ([0.1, 0.1, 0.1, 0.1], [0.5, 0.6, 0.4, 0.7], "refuted"),
        ([0.5, 0.1, 0.4, 0.05], [0.1, 0.5, 0.1, 0.6], "no evidence"),
        ([1e-5, 2e-5, 5e-4, 4.9e-3], [1e-7, 1e-7, 1e-7, 1e-7], "no evidence"),  # below the floor all are alike
        ([0.5, 0.6], [0.1, 0.1], "no evidence"),
    ],
    ids=["more", "less", "either", "invisible", "two histories"],
)
def test_the_interval_decides(kls: list[float], controls: list[float], status: str) -> None:
    verdict = knocked(kls, controls).verdict()
    assert verdict.status == status
    assert bool(verdict.suggests) == (status == "confirmed")


def test_the_ratio_is_a_geometric_mean_over_histories() -> None:
    verdict = knocked([0.4, 0.1, 0.2, 0.2], [0.1, 0.1, 0.1, 0.1], [0, 0, 1, 2]).verdict()
    assert verdict.knock_out == pytest.approx(2.0)
    assert verdict.knock_out_n == 3
    assert verdict.knock_out_kl == pytest.approx(0.225)


def test_without_controls_a_context_says_nothing() -> None:
    made = KnockOuts(CLAIM)
    made.add(KnockOut((0,), None, 1.0, True, np.zeros(0), np.zeros(0, np.bool_), 0, 1), 0)
    assert made.verdict().tested.startswith("not decided: 0 histories")


def test_one_lucky_test_among_many_does_not_survive() -> None:
    rng = np.random.default_rng(1)
    idle = [knocked(list(np.exp(rng.normal(0, 1, 5))), [1.0] * 5) for _ in range(200)]
    lucky = [one for one in idle if one.verdict().status == "confirmed"]
    assert lucky
    again = list(settle(idle))
    assert len(again) == len(lucky)
    assert {one.status for one in again} == {"no evidence"}
    assert all("not beyond chance among 200 tests" in one.tested for one in again)
    sure = knocked([5.0, 6.0, 5.5, 6.5, 5.2], [0.05] * 5)
    assert all(one.tested != sure.verdict().tested for one in settle([*idle, sure]))


def test_insights_of_a_phase_are_tested_in_that_phase_only(planted: Session) -> None:
    only = KnockOuts(replace(CLAIM, phase="explore", layer=0, head=0))
    for _ in planted._try(only):
        pass
    assert only.knock_outs == []  # every planted context holds rewards


def test_knock_outs_leave_torch_as_it_was(planted: Session) -> None:
    before = torch.random.get_rng_state()
    knocked_out(planted)
    assert torch.equal(before, torch.random.get_rng_state())
