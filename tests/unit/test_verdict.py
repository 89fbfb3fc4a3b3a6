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
from adtui.engine.insight_tests import InsightTests
from adtui.engine.opening import open_session
from adtui.engine.session import Session
from adtui.insights.confirmation import FLOOR, MIN_TASKS, NOTHING_NAMED, KnockOuts, settle
from adtui.insights.kind import CAVEAT
from adtui.insights.named_transitions import NAMES, every_head, named
from adtui.insights.placebo import placebo
from adtui.insights.thresholds import TESTS
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
def found_planted(planted: Session) -> list[Insight]:
    return knocked_out(planted)


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


def test_planted_heads_get_exactly_their_insights_and_the_knock_outs_confirm_them(found_planted: list[Insight]) -> None:
    found = {(one.where, one.kind): one.status for one in found_planted if one.scope == "head" and not one.phase}
    assert found == {
        ("L0H0", "recency"): "confirmed",
        ("L0H0", "sparse"): "confirmed",
        ("L0H1", "reward-seeking"): "confirmed",
        ("L0H1", "sparse"): "confirmed",
        ("L0H1", "landmark"): "confirmed",
        ("L0H2", "uniform"): "observed",
        ("L0H2", "spread"): "observed",
    }


def test_what_is_confirmed_moved_the_actions_more_than_random_others(found_planted: list[Insight]) -> None:
    for one in found_planted:
        if one.status == "confirmed":
            assert one.knock_out_interval[0] > 1
            assert one.knock_out_interval[0] <= one.knock_out <= one.knock_out_interval[1]
            assert one.knock_out_kl > FLOOR
            assert one.knock_out_changed >= one.control_changed
            assert CAVEAT not in one.caveat
            assert one.suggests
            assert len(one.ablations) == 12
            assert all(line.agrees for line in one.ablations)
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


def test_a_verdict_needs_tasks_a_small_p_and_a_size(bundled: tuple[Session, list[Insight]]) -> None:
    least = TESTS["ratio"].value
    for one in bundled[1]:
        low, high = one.knock_out_interval
        decided = one.status in ("confirmed", "refuted")
        assert ("others may differ" in one.tested) == (decided and low <= 1 <= high)
        if one.status in ("confirmed", "refuted"):
            assert one.knock_out_n >= MIN_TASKS
            assert one.knock_out_contexts >= one.knock_out_n
            assert one.knock_out_p <= TESTS["false discoveries"].value
        if one.kind == "reward-following":
            assert (one.status == "confirmed") == (one.effect >= TESTS["moved probability"].value)
        elif one.status == "confirmed":
            assert one.knock_out >= least
            assert one.knock_out_kl >= TESTS["KL"].value or one.knock_out_changed >= TESTS["changed actions"].value
        elif one.status == "refuted":
            assert one.knock_out <= 1 / least


def test_placebos_of_the_bundled_run_are_hardly_ever_believed(bundled: tuple[Session, list[Insight]]) -> None:
    found = bundled[0].placebo
    assert found is not None
    assert found.tests > 100
    assert found.confirmed + found.refuted <= TESTS["false discoveries"].value * found.tests
    assert found.beyond <= 0.1 * found.tests
    assert f"of {found.tests} placebos" in found.words


def test_planted_kinds_that_name_the_same_are_told_once(found_planted: list[Insight]) -> None:
    found = {(one.where, one.kind): one for one in found_planted if one.scope == "head" and not one.phase}
    told = found["L0H1", "reward-seeking"]
    assert told.also == ("landmark", "sparse")
    assert told.same_as == ""
    assert found["L0H1", "landmark"].same_as == found["L0H1", "sparse"].same_as == "reward-seeking"
    assert found["L0H0", "recency"].also == ()


def test_named_transitions_are_few_enough_for_a_control(bundled: tuple[Session, list[Insight]]) -> None:
    session, found = bundled
    kinds = set()
    for one in found:
        for index, sample in enumerate(session.samples):
            here = every_head(sample, session.attentions[index], session.layout(index), causal=True).of(one)
            chosen = named(one, here)
            assert (chosen is None) == (one.kind not in NAMES)
            if chosen is not None:
                kinds.add(one.kind)
                assert len(chosen) <= N // 2
                assert len(np.unique(chosen)) == len(chosen)
    assert kinds == set(NAMES)


# -- the verdict itself ------------------------------------------------------------------------------------------------
CLAIM = Insight("recency", "head", "It does.", 3.0, (2.5, 3.5), 6, 2.0, f"Ends. {CAVEAT}", ("recent",), 0, 1)


def knocked(
    kls: list[float], controls: list[float], tasks: list[int] | None = None, claim: Insight = CLAIM
) -> KnockOuts:
    made = KnockOuts(claim)
    for index, (kl, control) in enumerate(zip(kls, controls, strict=True)):
        others = np.full(8, control)
        one = KnockOut((0,), (0, 1), kl, kl > 1, others, others > 1, 0, 1)
        made.add(one, index, index if tasks is None else tasks[index])
    return made


@pytest.mark.parametrize(
    ("kls", "controls", "status"),
    [
        ([0.5, 0.6, 0.4, 0.7], [0.1, 0.1, 0.1, 0.1], "confirmed"),
        ([0.1, 0.1, 0.1, 0.1], [0.5, 0.6, 0.4, 0.7], "refuted"),
        ([0.5, 0.1, 0.4, 0.05], [0.1, 0.5, 0.1, 0.6], "no evidence"),
        ([1e-5, 2e-5, 5e-4, 4.9e-3], [1e-7, 1e-7, 1e-7, 1e-7], "no evidence"),  # below the floor all are alike
        ([0.12, 0.11, 0.13, 0.12], [0.1, 0.1, 0.1, 0.1], "no evidence"),  # a ratio of 1.2 is too little
        ([0.1, 0.1, 0.1, 0.1], [0.12, 0.11, 0.13, 0.12], "no evidence"),
        ([0.5, 0.6], [0.1, 0.1], "no evidence"),
    ],
    ids=["more", "less", "either", "invisible", "little more", "little less", "two tasks"],
)
def test_the_rule(kls: list[float], controls: list[float], status: str) -> None:
    (verdict,) = settle([knocked(kls, controls)])
    assert verdict.status == status
    assert bool(verdict.suggests) == (status == "confirmed")
    assert (CAVEAT in verdict.caveat) == (status != "confirmed")


def test_the_ratio_is_a_geometric_mean_over_draws_contexts_and_tasks() -> None:
    made = knocked([0.4, 0.1, 0.2, 0.2], [0.1, 0.1, 0.1, 0.1], [0, 0, 1, 2])
    (verdict,) = settle([made])
    assert verdict.knock_out == pytest.approx(2.0)
    assert (verdict.knock_out_n, verdict.knock_out_contexts) == (3, 4)
    assert verdict.knock_out_kl == pytest.approx(0.225)
    skewed = KnockOuts(CLAIM)
    for index in range(3):
        kls = np.array([0.01, 0.16, 0.01, 0.16])
        skewed.add(KnockOut((0,), (0, 1), 0.04, False, kls, kls > 1, 0, 1), index, index)
    assert settle([skewed])[0].knock_out == pytest.approx(1.0)  # over the draws' mean it were 0.47


def test_many_contexts_of_one_task_are_not_many_tasks() -> None:
    one_task = knocked([0.5] * 12, [0.1] * 12, [7] * 12)
    assert settle([one_task])[0].tested.startswith("not decided: 1 tasks")
    mixed = knocked([0.5, 0.6, 0.4] * 4 + [0.05] * 12, [0.1] * 24, [0, 1, 2] * 4 + [3, 4, 5] * 4)
    (verdict,) = settle([mixed])
    assert verdict.knock_out_p < 0.001, "no random draw in these contexts"
    assert verdict.status == "confirmed"
    assert "the interval over tasks holds 1" in verdict.tested, "half of the tasks go the other way"
    assert verdict.knock_out_interval[0] < 1 < verdict.knock_out_interval[1]


def test_without_controls_a_context_says_nothing() -> None:
    made = KnockOuts(CLAIM)
    made.add(KnockOut((0,), None, 1.0, True, np.zeros(0), np.zeros(0, np.bool_), 0, 1), 0, 0)
    assert settle([made])[0].tested.startswith("not decided: 0 tasks")


def chance(tests: int, contexts: int, seed: int) -> list[KnockOuts]:
    """Tests of sets that are draws like the others, of skewed KLs."""
    rng = np.random.default_rng(seed)
    made = [KnockOuts(CLAIM) for _ in range(tests)]
    for one in made:
        for index in range(contexts):
            kl = rng.lognormal(-3, 2, 9)
            one.add(KnockOut((0,), (0, 1), float(kl[0]), False, kl[1:], kl[1:] > 9, 0, 1), index, index)
    return made


def test_one_lucky_test_among_many_does_not_survive() -> None:
    idle = chance(200, 12, seed=1)
    alone = [settle([one])[0].status for one in idle]
    assert 0 < len(alone) - alone.count("no evidence") <= 16
    assert alone.count("refuted") > 0 or alone.count("confirmed") > 0
    together = settle(idle)
    assert {one.status for one in together} == {"no evidence"}
    assert any("not beyond chance among 200 tests" in one.tested for one in together)
    sure = knocked([5.0, 6.0, 5.5, 6.5, 5.2], [0.05] * 5)
    assert settle([*idle, sure])[-1].status == "confirmed"


def test_placebos_of_many_contexts_are_refuted_no_more_often_than_of_few() -> None:
    """The earlier rule refuted half of them with sixty contexts."""
    for contexts in (18, 60):
        found = placebo(chance(60, contexts, seed=contexts))
        assert found is not None
        assert found.tests == 60 * 8
        assert found.beyond <= 0.05 * found.tests + 3 * np.sqrt(0.05 * 0.95 * found.tests)
        assert found.confirmed + found.refuted <= 2


def test_what_is_shown_on_the_way_is_what_the_rule_says_of_the_tests_so_far(planted: Session) -> None:
    observed = [replace(one, status="observed", tested="") for one in planted.log.insights if one.knock_out_kl > 0]
    layouts = [planted.layout(index) for index in range(len(planted.samples))]
    tests = InsightTests(planted.model, planted.samples, layouts, planted.attentions)
    last: dict[object, Insight] = {}
    for found in tests.run(observed):
        if isinstance(found, Insight):
            last[found.key] = found
            told = {one.key: one.status for one in settle([*tests.tested, tests.followed])}
            assert found.status == told[found.key]
            assert found.status == "no evidence" or all(line.n for line in found.ablations)
    assert {key: one.status for key, one in last.items()} == told


def test_insights_of_a_phase_are_tested_in_that_phase_only(planted: Session) -> None:
    layouts = [planted.layout(index) for index in range(len(planted.samples))]
    tests = InsightTests(planted.model, planted.samples, layouts, planted.attentions)
    for _ in tests.run([replace(CLAIM, phase="explore", layer=0, head=0)]):
        pass
    assert not tests.tested[0].knock_outs  # every planted context holds rewards
    assert tests.placebo() is None


def test_knock_outs_leave_torch_as_it_was(planted: Session) -> None:
    before = torch.random.get_rng_state()
    knocked_out(planted)
    assert torch.equal(before, torch.random.get_rng_state())
