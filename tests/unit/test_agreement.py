"""The panel behind an insight: what agrees, what contradicts, and what becomes of the verdict of the first test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from adtui.insights.agreement import CONTEXTS, FIRST, OTHERS, agreement, chosen_contexts, floor_of, panel
from adtui.insights.confirmation import FLOOR, KnockOuts, settle, undecided_yet
from adtui.insights.kind import CAVEAT
from adtui.records.ablation import DENOISING, KL, LOGIT, MASK, MEAN, NOISING, RESAMPLED, Ablation
from adtui.records.insight import Insight, KnockOut

CLAIM = Insight("recency", "head", "It does.", 3.0, (2.5, 3.5), 6, 2.0, f"Ends. {CAVEAT}", ("recent",), 0, 1)
BASE = 0.1
How = tuple[str, str, str]


def knock_out(kl: float, logit: float) -> KnockOut:
    others = np.full(8, BASE)
    return KnockOut((0,), (0, 1), kl, False, others, others > 1, 0, 0, logit=logit, control_logit=np.full(8, 1.0))


def claim(ratios: Mapping[How, Sequence[float]], usual: Sequence[float] = (4.0, 5.0, 4.0, 4.5)) -> KnockOuts:
    """Ablated in four contexts of as many tasks; what the panel shall say where it is not `usual`."""

    def at(context: int, way: str, direction: str) -> KnockOut:
        kl, logit = (ratios.get((way, direction, metric), usual)[context] for metric in (KL, LOGIT))
        sign = -1 if direction == DENOISING else 1
        return knock_out(BASE * kl**sign, logit**sign)

    made = KnockOuts(CLAIM)
    for context in range(4):
        made.add(at(context, *FIRST), context, context)
    made.others = {(way, direction): {c: at(c, way, direction) for c in range(4)} for way, direction in OTHERS}
    return made


def test_where_all_ablations_agree_the_verdict_stands() -> None:
    (found,) = settle([claim({})])
    assert found.status == "confirmed"
    assert len(found.ablations) == 12
    assert all(one.agrees and one.n == 4 and one.tasks == 4 for one in found.ablations)
    for one in found.ablations:
        assert one.interval[0] <= one.ratio <= one.interval[1]
        assert one.ratio == pytest.approx(360**0.25), "denoising is turned round"
    assert "the other ablations agree: noising mask 4.4, mean 4.4, resampled 4.4, denoising mask 4.4" in found.tested
    assert CAVEAT not in found.caveat


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({(RESAMPLED, NOISING, KL): [1.0] * 4}, "no evidence", "against it: noising by resampled"),
        ({(MEAN, NOISING, KL): [1.1, 1.05, 1.1, 1.08]}, "no evidence", "against it: noising by mean"),
        ({(MEAN, NOISING, KL): [1.2, 1.1, 1.2, 1.1]}, "confirmed", "no other ablation contradicts it"),
        ({(MEAN, NOISING, KL): [0.6, 0.5, 0.6, 0.5]}, "no evidence", "against it: noising by mean"),
        ({(MEAN, NOISING, KL): [0.5, 3.0, 0.6, 1.0]}, "confirmed", "no other ablation contradicts it"),
        ({(MEAN, NOISING, KL): [0.9, 2.0, 0.9, 1.2]}, "confirmed", "no other ablation contradicts it"),
        ({(MASK, DENOISING, KL): [0.5, 0.4, 0.5, 0.4]}, "no evidence", "against it: denoising by mask"),
        ({(MASK, DENOISING, KL): [0.5, 1.6, 0.6, 1.6]}, "confirmed", "no other ablation contradicts it"),
        ({(MEAN, NOISING, LOGIT): [0.5, 0.4, 0.5, 0.4]}, "no evidence", "against it: noising by mean"),
        (
            {(way, DENOISING, LOGIT): [0.4, 1.4, 0.5, 1.6] for way in (MASK, MEAN, RESAMPLED)},
            "no evidence",
            "against it: denoising as a whole (logit difference)",
        ),
    ],
    ids=[
        "none",
        "too little",
        "beyond one line only",
        "other side",
        "open side",
        "open size",
        "kept: less",
        "kept: open",
        "logits",
        "a direction",
    ],
)
def test_where_they_disagree_there_is_no_evidence(changes: dict[How, list[float]], status: str, words: str) -> None:
    (found,) = settle([claim(changes)])
    assert found.status == status
    assert words in found.tested
    assert bool(found.suggests) == (status == "confirmed")


def test_a_refutation_needs_agreement_too() -> None:
    small = [0.2, 0.25, 0.2, 0.3]
    (found,) = settle([claim({}, small)])
    assert found.status == "refuted"
    assert all(one.agrees for one in found.ablations)
    (found,) = settle([claim({(MEAN, NOISING, KL): [4.0, 5.0, 4.0, 6.0]}, small)])
    assert found.status == "no evidence"
    assert "against it: noising by mean" in found.tested


def test_others_are_tried_only_on_what_the_first_test_decides() -> None:
    sure, idle = claim({}), claim({}, [1.0, 1.1, 0.9, 1.0])
    sure.others = idle.others = {}
    assert undecided_yet([sure, idle]) == [sure]
    found = settle([sure, idle])[1]
    assert found.status == "no evidence"
    assert [one.n for one in found.ablations] == [4, 4, *[0] * 10]
    assert {one.agrees for one in found.ablations} == {None}


def test_changes_that_nobody_could_see_are_alike() -> None:
    assert (floor_of(KL), floor_of(LOGIT)) == (FLOOR, 0.2)
    tiny = {how: {c: knock_out(0.1, 1e-3) for c in range(3)} for how in (FIRST, *OTHERS)}
    for each in tiny.values():
        for one in each.values():
            one.control_logit[:] = 0.15
    lines = panel(tiny, {c: c for c in range(3)}, larger=True)
    assert [one.ratio for one in lines if one.metric == LOGIT] == pytest.approx([1.0] * 6)


def test_contexts_are_taken_task_after_task() -> None:
    tasks = {context: context % 200 if context < 400 else 0 for context in range(600)}
    chosen = chosen_contexts(tasks)
    assert len(chosen) == CONTEXTS == len({tasks[context] for context in chosen})
    assert chosen == sorted(chosen)
    few = {3: 1, 9: 1, 4: 2}
    assert chosen_contexts(few) == [3, 4, 9]
    three = {context: context // 100 for context in range(300)}
    assert np.bincount([three[context] for context in chosen_contexts(three)]).tolist() == [CONTEXTS // 3] * 3


def test_nothing_is_said_of_what_was_not_tried() -> None:
    line = Ablation(MASK, NOISING, KL, 3.0, (2.0, 4.0), 4, 4, True)
    assert agreement([line, Ablation(MEAN, NOISING, KL)]) == (True, "")
