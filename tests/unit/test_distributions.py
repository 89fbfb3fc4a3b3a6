"""How far one answer is from another, for each kind of action head: laws, and numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from references import llama_vectors

from adtui.attention.knock_outs import NO_ACTION
from adtui.insights.agreement import FIRST, OTHERS, agreement, panel
from adtui.insights.answer import answer
from adtui.insights.confirmation import KnockOuts, settle
from adtui.records.action_head import CATEGORICAL, DETERMINISTIC, GAUSSIAN, KINDS, ActionHead
from adtui.records.insight import Insight, KnockOut
from adtui.records.sample import Sample
from adtui.statistics.distributions import action_scale, distribution, logit_changes

HEADS = [ActionHead(kind, 3) for kind in KINDS]


def sample(actions: np.ndarray | None = None, rewards: np.ndarray | None = None) -> Sample:
    given = llama_vectors.contexts(12, 1)
    actions = given.actions if actions is None else actions
    clock = np.arange(13, dtype=np.int64)
    paid = given.rewards if rewards is None else rewards
    return Sample("it", given.states, actions, paid, given.next_states, given.query_state, clock * 0, clock)


def of(head: ActionHead) -> Sample:
    return sample() if head.continuous else sample(np.zeros(12, np.int64))


@pytest.mark.parametrize("head", HEADS, ids=KINDS)
def test_what_is_the_same_is_no_distance_apart_and_all_else_is_some(head: ActionHead) -> None:
    outputs = np.random.default_rng(0).normal(size=(5, head.outputs)).astype(np.float32)
    said = distribution(head, of(head))
    apart = said.divergence(outputs[0], outputs)
    assert apart.shape == (5,)
    assert apart[0] == pytest.approx(0, abs=1e-12)
    assert (apart[1:] > 0.01).all()
    assert said.change(outputs)[0] == 0
    assert (said.change(outputs)[1:] > 0).all()
    assert said.told(outputs).shape == outputs.shape
    assert (said.likeliest(outputs) is None) == head.continuous


def test_the_divergence_of_gaussians_is_what_integration_gives() -> None:
    """KL(N(1, e^0.4) ‖ N(0.2, e^-0.6)), by the trapezium rule over ±30."""
    x = np.linspace(-30, 30, 200_001)
    log_p, log_q = (-0.5 * (np.log(2 * np.pi) + lv + (x - m) ** 2 / np.exp(lv)) for m, lv in ((1, 0.4), (0.2, -0.6)))
    wanted = float(np.trapezoid(np.exp(log_p) * (log_p - log_q), x))
    said = distribution(ActionHead(GAUSSIAN, 1), sample(np.zeros((12, 1), np.float32)))
    full, other = np.array([1, 0.4], np.float32), np.array([0.2, -0.6], np.float32)
    assert float(said.divergence(full, other)) == pytest.approx(wanted, rel=1e-5)
    assert float(said.divergence(other, full)) != pytest.approx(wanted, rel=0.1)
    np.testing.assert_allclose(said.told(full), [1, np.exp(0.2)], rtol=1e-6)


def test_independent_numbers_add_up() -> None:
    rng = np.random.default_rng(1)
    for kind in (GAUSSIAN, DETERMINISTIC):
        parts, together = ActionHead(kind, 1), ActionHead(kind, 3)
        full, other = rng.normal(size=(2, together.outputs)).astype(np.float32)
        whole = distribution(together, sample()).divergence(full, other)
        each = [
            distribution(parts, sample(sample().actions[:, [i]])).divergence(full[i::3], other[i::3]) for i in range(3)
        ]
        assert float(whole) == pytest.approx(float(sum(each)), rel=1e-6)


def test_distances_are_in_units_of_the_contexts_own_actions() -> None:
    actions = np.array([[0, 5, 1], [4, 5, -1]] * 6, np.float32)  # standard deviations 2, none, 1
    np.testing.assert_allclose(action_scale(sample(actions)), [2, 1, 1])
    said = distribution(ActionHead(DETERMINISTIC, 3), sample(actions))
    outputs = np.array([[0, 0, 0], [3, 1, 0.5]], np.float32)
    np.testing.assert_allclose(said.divergence(outputs[0], outputs), [0, 1.5**2 + 1 + 0.25])
    np.testing.assert_allclose(said.change(outputs), [0, 1.5])
    wide = distribution(ActionHead(DETERMINISTIC, 3), sample(10 * actions))
    np.testing.assert_allclose(wide.divergence(outputs[0], outputs), [0, 0.15**2 + 1 + 0.05**2])
    gaussian = distribution(ActionHead(GAUSSIAN, 3), sample(actions))
    np.testing.assert_allclose(gaussian.change(np.hstack([outputs, outputs])), [0, 1.5])


def test_a_categorical_head_is_what_it_was() -> None:
    logits = np.random.default_rng(2).normal(size=(4, 3)).astype(np.float32)
    said = distribution(ActionHead(CATEGORICAL, 3), of(HEADS[0]))
    p = np.exp(logits.astype(np.float64))
    p /= p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(said.told(logits), p)
    np.testing.assert_allclose(said.divergence(logits[0], logits), (p[0] * np.log(p[0] / p)).sum(axis=1), atol=1e-12)
    np.testing.assert_array_equal(said.change(logits), logit_changes(logits))


# -- what insights make of them ----------------------------------------------------------------------------------------
INSIGHT = Insight("recency", "model", "It is.", 3.0, (2.0, 4.0), 6, 2.0, "", ("recent",), n_keys=12)


def knocked_out(head: ActionHead, named: float, chance: float) -> KnockOuts:
    """Six tasks in which the named set moves the actions by `named`, and eight draws by about `chance`."""
    rng = np.random.default_rng(3)
    made = KnockOuts(INSIGHT)
    for task in range(6):
        others = chance * rng.uniform(0.8, 1.2, 8)
        action = NO_ACTION if head.continuous else 0
        one = KnockOut(
            (0,), None, named, False, others, np.zeros(8, np.bool_), action, action, logit=named, control_logit=others,
            head=head,
        )  # fmt: skip
        made.add(one, task, task)
        made.others = {how: {**made.others.get(how, {}), task: one} for how in OTHERS}
    return made


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (HEADS[0], "(KL 0.5 nats; 0% of actions change, 0% at random; p"),
        (HEADS[1], "(KL between Gaussians 0.5 nats; p"),
        (HEADS[2], "(squared distance 0.5 SD²; p"),
    ],
)
def test_the_divergence_is_named_and_no_numbers_change_places(head: ActionHead, words: str) -> None:
    against = knocked_out(
        head, 0.5, 5.0
    )  # keeping only the named set must change less than chance sets for a confirmation
    [found] = settle([against])
    assert words in found.tested, found.tested
    assert np.isnan(found.knock_out_changed) == head.continuous
    metrics = list(dict.fromkeys(one.metric for one in found.ablations))
    assert tuple(metrics) == head.metrics
    shown = answer([found], contexts=6, n_heads=4)[0].words
    assert "nan" not in shown


@pytest.mark.parametrize(("head", "least"), [(HEADS[0], 0.005), (HEADS[1], 0.005), (HEADS[2], 0.01)], ids=KINDS)
def test_what_nobody_could_see_is_no_finding(head: ActionHead, least: float) -> None:
    """Ten times as much as chance, but below the floor of its own divergence."""
    for size, seen in ((0.9 * least, False), (5 * least, True)):
        effect = knocked_out(head, size, size / 10).effect
        assert (effect.side == "confirmed") == seen, (size, effect.side)


@pytest.mark.parametrize("head", HEADS, ids=KINDS)
def test_the_panel_agrees_by_the_heads_own_metrics(head: ActionHead) -> None:
    noising, denoising = knocked_out(head, 1.0, 0.1), knocked_out(head, 0.1, 1.0)
    tried = {
        FIRST: noising.knock_outs,
        **{how: (noising if how[1] == FIRST[1] else denoising).knock_outs for how in OTHERS},
    }
    lines = panel(tried, noising.tasks, True, head)
    assert {one.metric for one in lines} == set(head.metrics)
    assert all(one.agrees for one in lines)
    assert agreement(lines, head)[0]
