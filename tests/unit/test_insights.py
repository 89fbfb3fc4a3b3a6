"""Planted attention gets exactly the right insights; thresholds scale with n; the log tells differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from adtui.compression.strategies import NAMES
from adtui.insights.evidence import Evidence
from adtui.insights.judging import Judging
from adtui.insights.kinds import INSIGHT_KINDS
from adtui.insights.log import InsightLog, find_insights
from adtui.insights.thresholds import RULES
from adtui.records.attention import Attention
from adtui.records.insight import Insight
from adtui.records.sample import Sample, phase_of
from adtui.records.statistics import SampleStats, SeedStats
from adtui.statistics.heads import sample_stats
from adtui.statistics.landmarks import uniform_received
from adtui.statistics.script import seed_insights

Shape = Callable[[np.ndarray], np.ndarray]  # density over x in (0, 1), 0 the oldest and 1 the newest token
Made = tuple[list[SampleStats], list[Sample]]

RECENT: Shape = lambda x: np.exp(x / 0.3)  # noqa: E731
FLAT: Shape = lambda x: np.ones_like(x)  # noqa: E731
RAMP: Shape = lambda x: x  # noqa: E731
NEEDLES: Shape = lambda x: np.where(np.abs(x - 0.5) < 0.05, 1.0, 1e-3)  # noqa: E731
WOBBLY: Shape = lambda x: np.exp(0.6 * x) * np.where(np.arange(len(x)) % 3 == 1, 1.0, 0.3)  # noqa: E731
TILTED: Shape = lambda x: np.exp(0.6 * x) * np.where(np.sin(9 * x) > 0, 1.0, 0.1)  # noqa: E731


def make(
    heads: list[list[Shape]],
    n: int = 80,
    histories: int = 6,
    noise: float = 0.02,
    seed: int = 0,
    rewards: Callable[[int], np.ndarray] | None = None,
    received: np.ndarray | None = None,
) -> Made:
    """SampleStats and samples of a model whose heads have these shapes, up to `noise` (log-normal, per token).

    Args:
        rewards: history → (n,) rewards; none by default.
        received: (L, H, n + 1) attention received; uniform by default.
    """
    rng = np.random.default_rng(seed)
    x = (np.arange(n) + 0.5) / n
    cells = np.zeros((n, 2), np.int64)
    stats, samples = [], []
    for history in range(histories):
        rows = np.array([[shape(x) for shape in layer] for layer in heads])
        rows = rows * np.exp(rng.normal(0, noise, rows.shape))
        rows = np.concatenate([0.9 * rows / rows.sum(-1, keepdims=True), np.full((*rows.shape[:2], 1), 0.1)], axis=-1)
        row = rows.astype(np.float32)
        got = np.broadcast_to(uniform_received(n + 1, causal=True), row.shape) if received is None else received
        attention = Attention(row, np.zeros(row.shape), got, np.ones_like(row), np.zeros(5, np.float32))
        gains = np.zeros(n) if rewards is None else rewards(history)
        sample = Sample(
            f"history {history}", cells, np.zeros(n, np.int64), gains.astype(np.float32), cells, np.array([4, 4]),
            np.arange(n + 1) // 20, np.arange(n + 1) % 20, history=history,
        )  # fmt: skip
        samples.append(sample)
        stats.append(sample_stats(attention, sample))
    return stats, samples


def observed(found: list[Insight], scope: str) -> set[tuple[str, str]]:
    return {(one.kind, one.where) for one in found if one.status == "observed" and one.scope == scope and not one.phase}


@pytest.mark.parametrize("n", [40, 80, 800])
@pytest.mark.parametrize(
    ("shape", "kinds"),
    [
        (RECENT, {"recency"}),
        (RAMP, {"recency"}),
        (FLAT, {"spread", "uniform"}),
        (NEEDLES, {"spread", "sparse", "clustered"}),
        (lambda x: RECENT(1 - x), {"primacy"}),
        (TILTED, {"clustered"}),
        (WOBBLY, set()),
    ],
    ids=["recent", "ramp", "flat", "needles", "old", "tilted", "wobbly"],
)
def test_a_shape_gets_its_verdict_whatever_the_length(shape: Shape, kinds: set[str], n: int) -> None:
    found = list(find_insights(*make([[shape]], n=n)))
    for scope, where in (("head", "L0H0"), ("layer", "L0"), ("model", "model")):
        assert observed(found, scope) == {(kind, where) for kind in kinds}


def test_every_planted_head_gets_its_own_insights_and_no_others() -> None:
    found = list(find_insights(*make([[RECENT, FLAT], [NEEDLES, TILTED]])))
    assert observed(found, "head") == {
        ("recency", "L0H0"), ("spread", "L0H1"), ("uniform", "L0H1"), ("spread", "L1H0"), ("sparse", "L1H0"),
        ("clustered", "L1H0"), ("clustered", "L1H1"),
    }  # fmt: skip
    assert observed(found, "layer") == {
        ("recency", "L0"), ("clustered", "L1"), ("specialised heads", "L1"),
    }  # fmt: skip


def test_what_is_observed_has_evidence_a_caveat_and_suggestions() -> None:
    for one in find_insights(*make([[RECENT, FLAT], [NEEDLES, TILTED]])):
        assert one.n_keys == 80
        if "not defined here" in one.sentence:
            assert one.kind in ("reward-seeking", "state-revisit", "induction", "n-gram", "phase change")
            continue
        assert one.n == 6
        assert one.interval[0] <= one.effect <= one.interval[1]
        assert "knock-out" in one.caveat
        if one.status == "observed":
            rule = RULES[one.kind]
            assert rule.holds(*one.interval, one.n_keys)
            assert one.suggests
            assert set(one.suggests) <= set(NAMES)
        else:
            assert one.scope == "model"
            assert not one.suggests


def test_an_interval_across_the_threshold_is_no_evidence() -> None:
    # e^(0.93 x) has a ratio of about 2.0, and much noise
    found = list(find_insights(*make([[lambda x: np.exp(0.93 * x)]], noise=0.8)))
    (recency,) = [one for one in found if one.kind == "recency"]
    assert recency.status == "no evidence"
    assert recency.interval[0] < recency.threshold < recency.interval[1]
    assert "Of 1 heads: 0 show it, 0 clearly do not, 1 undecided" in recency.sentence


def test_order_is_observed_first_then_scope_then_clearness() -> None:
    found = list(find_insights(*make([[RECENT, FLAT], [NEEDLES, RECENT]])))
    ranks = [(one.status != "observed", ("model", "layer", "head").index(one.scope)) for one in found]
    assert ranks == sorted(ranks)
    assert {one.kind for one in found if one.scope == "model"} == {kind.name for kind in INSIGHT_KINDS}


def test_values_that_undo_the_attention_are_mentioned() -> None:
    stats, samples = make([[RECENT]])
    flat, _ = make([[FLAT]])
    mixed = [SampleStats(one.plain, other.plain, one.seed) for one, other in zip(stats, flat, strict=True)]
    found = [one for one in find_insights(mixed, samples) if one.kind == "recency"]
    assert all("Weighted by the values' norms it disappears" in one.caveat for one in found)


@pytest.mark.parametrize(("histories", "words"), [(1, "one history, no interval"), (2, "two histories, no interval")])
def test_few_histories_give_readings_only(histories: int, words: str) -> None:
    found = list(find_insights(*make([[RECENT, RECENT], [FLAT, FLAT]], histories=histories)))
    assert {(one.kind, one.where) for one in found} == {("recency", "L0"), ("spread", "L1"), ("uniform", "L1")}
    for one in found:
        assert one.status == "no evidence"
        assert words in one.sentence
        assert np.isnan(one.interval).all()
        assert one.n == histories


def test_nothing_is_said_of_nothing_or_of_very_short_contexts() -> None:
    assert list(find_insights([], [])) == []
    short = list(find_insights(*make([[RECENT, FLAT]], n=5)))
    assert {one.kind for one in short if one.status == "observed"} == {"short context"}
    short = [one for one in short if one.status != "observed"]
    assert all(one.status == "no evidence" and "not defined here" in one.sentence for one in short)
    assert len(short) == len(INSIGHT_KINDS) - 1


def test_the_log_tells_only_what_is_new_or_changed() -> None:
    stats, samples = make([[RECENT, FLAT]], histories=5)
    log = InsightLog()
    assert all(one.status == "no evidence" for one in log.update(stats[:1], samples[:1]))
    assert log.update(stats[:1], samples[:1]) == []
    log.update(stats[:3], samples[:3])
    assert observed(list(log.insights), "head") == {("recency", "L0H0"), ("spread", "L0H1"), ("uniform", "L0H1")}
    log.update(stats, samples)
    assert repr(log.insights) == repr(tuple(find_insights(stats, samples)))  # NaN is not equal to itself
    keys = [one.key for one in log.insights]
    assert len(keys) == len(set(keys))


def test_the_log_withdraws_what_more_samples_do_not_support() -> None:
    recent, samples = make([[RECENT]], histories=3)
    old, more = make([[lambda x: RECENT(1 - x)]], histories=6)
    log = InsightLog()
    log.update(recent, samples)
    told = log.update(recent + old[3:], samples + more[3:])
    (gone,) = [one for one in told if one.kind == "recency" and one.scope == "head"]
    assert gone.status == "no evidence"
    assert gone.withdrawn
    assert "no evidence of recency any more" in gone.sentence
    assert all(one.kind != "recency" or one.scope == "model" for one in log.insights)
    assert log.update(recent + old[3:], samples + more[3:]) == []


def test_every_rule_has_a_reason_and_a_scale_free_threshold() -> None:
    assert {kind.name for kind in INSIGHT_KINDS} == set(RULES)
    for rule in RULES.values():
        assert rule.reason
        assert 0 < rule.threshold <= 2
        assert rule.power in (0, 0.5)


@pytest.mark.parametrize(
    ("ratio", "entropy", "lines"),
    [
        (2.5, 1.0, ("Strong recency bias detected!", "Low attention entropy (focused attention)!")),
        (1.5, 2.0, ("Low attention entropy (focused attention)!",)),
        (1.1, 4.0, ("Attention is spread across history!", "High attention entropy (uniform distribution)!")),
    ],
)
def test_the_scripts_own_rules(ratio: float, entropy: float, lines: tuple[str, ...]) -> None:
    assert seed_insights([SeedStats(80, 79, 0.01, 0.01, 0, ratio, entropy)]) == lines


# -- kinds that need more than the shape ------------------------------------------------------------------------------
def episodes_rewarded(history: int) -> np.ndarray:
    """Two rewards in one episode, elsewhere in every history."""
    gains = np.zeros(80)
    gains[[23 + history, 31 + history]] = 1
    return gains


def on_rewards(factor: float, histories: int = 6) -> Made:
    """One head that gives rewarded transitions `factor` times the others' attention."""
    _, samples = make([[FLAT]], histories=histories, rewards=episodes_rewarded)
    out = []
    for sample in samples:
        row = np.where(sample.rewards > 0, factor, 1.0)
        row = np.append(0.9 * row / row.sum(), 0.1).astype(np.float32)[None, None]
        zeros, one = np.zeros(row.shape), np.ones_like(row)
        out.append(sample_stats(Attention(row, zeros, zeros, one, np.zeros(5, np.float32)), sample))
    return out, samples


def test_reward_seeking_counts_only_sparse_rewards() -> None:
    found = list(find_insights(*on_rewards(8.0)))
    assert ("reward-seeking", "L0H0") in observed(found, "head")
    (head,) = [one for one in found if one.kind == "reward-seeking" and one.scope == "head"]
    assert head.effect == pytest.approx(8 / (94 / 80), rel=1e-6)
    assert not {kind for kind, _ in observed(list(find_insights(*on_rewards(1.5))), "head")} & {"reward-seeking"}
    stats, samples = on_rewards(8.0)
    dense = [replace(one, plain=replace(one.plain, n_rewarded=20)) for one in stats]
    (line,) = [one for one in find_insights(dense, samples) if one.kind == "reward-seeking"]
    assert "not defined here" in line.sentence


@pytest.mark.parametrize("n", [16, 80, 800])
def test_a_sink_is_judged_by_the_square_root_of_n(n: int) -> None:
    def sink(times: float) -> Shape:
        return lambda x: np.where(np.arange(len(x)) == 0, times * np.sqrt(len(x)), 1.0)

    for times, found in ((3.0, True), (0.5, False)):
        kinds = {kind for kind, _ in observed(list(find_insights(*make([[sink(times)]], n=n))), "head")}
        assert ("sink" in kinds) == found


def test_a_landmark_is_what_many_queries_come_back_to() -> None:
    plain = np.broadcast_to(uniform_received(81, causal=True), (1, 1, 81)).copy()
    high, newest, first = plain.copy(), plain.copy(), plain.copy()
    high[0, 0, 30] *= 15
    newest[0, 0, 75] *= 15  # few queries have seen it
    first[0, 0, 0] *= 15  # a sink at most
    for received, found in ((high, True), (newest, False), (first, False), (plain, False)):
        kinds = {kind for kind, _ in observed(list(find_insights(*make([[FLAT]], received=received))), "head")}
        assert ("landmark" in kinds) == found


def test_depth_and_specialisation() -> None:
    narrowing = list(find_insights(*make([[FLAT, FLAT], [RECENT, RECENT], [NEEDLES, NEEDLES]])))
    (depth,) = [one for one in narrowing if one.kind == "depth trend"]
    assert depth.status == "observed"
    assert "narrows with depth" in depth.sentence
    assert depth.effect < 0.5
    alike = list(find_insights(*make([[NEEDLES, NEEDLES]])))
    apart = list(find_insights(*make([[NEEDLES, lambda x: RECENT(1 - x)]])))
    assert ("specialised heads", "L0") not in observed(alike, "layer")
    assert ("specialised heads", "L0") in observed(apart, "layer")
    (one,) = [one for one in apart if one.kind == "specialised heads" and one.scope == "layer"]
    assert 0 < one.effect < 1


def test_disjoint_heads_are_as_special_as_can_be() -> None:
    left: Shape = lambda x: np.where(x < 0.5, 1.0, 0.0)  # noqa: E731
    right: Shape = lambda x: np.where(x < 0.5, 0.0, 1.0)  # noqa: E731
    (one,) = [
        one for one in find_insights(*make([[left, right]])) if one.kind == "specialised heads" and one.scope == "layer"
    ]
    assert one.effect == pytest.approx(1, abs=1e-3)


def by_phase(explore: Shape, exploit: Shape) -> Made:
    """Four histories that explore with one shape, then four that exploit with another."""
    early, first = make([[explore]], histories=4)
    late, second = make([[exploit]], histories=4, rewards=lambda _: np.arange(80) % 20 == 19)
    second = [replace(sample, history=sample.history + 4) for sample in second]
    return early + late, first + second


def test_phases_are_judged_apart_where_the_whole_is_not() -> None:
    stats, samples = by_phase(FLAT, RECENT)
    assert [phase_of(sample) for sample in samples] == ["explore"] * 4 + ["exploit"] * 4
    found = [one for one in find_insights(stats, samples) if one.status == "observed" and one.scope == "head"]
    assert {(one.kind, one.phase) for one in found} == {
        ("uniform", "explore"), ("spread", "explore"), ("recency", "exploit"),
    }  # fmt: skip
    (recency,) = [one for one in found if one.kind == "recency"]
    assert recency.n == 4
    assert recency.sentence.startswith("While exploiting (two rewarded episodes or more in context): layer 0 head 0")


def test_a_phase_change_is_measured_between_phases() -> None:
    (change,) = [one for one in find_insights(*by_phase(FLAT, NEEDLES)) if one.kind == "phase change" and one.head == 0]
    assert change.effect == pytest.approx(0.1, rel=0.3)
    assert "narrows when exploration gives way" in change.sentence
    same = [one for one in find_insights(*by_phase(RECENT, RECENT)) if one.kind == "phase change"]
    assert [one.status for one in same] == ["no evidence"]


def test_many_heads_of_noise_give_no_more_discoveries_than_the_rate() -> None:
    """Every head's true ratio is on the line: one in twenty intervals would exclude it on each side by chance."""
    rng = np.random.default_rng(5)
    stats, samples = make([[FLAT] * 64], histories=8)
    noisy = [
        replace(one, plain=replace(one.plain, log_recent_distant=rng.normal(np.log(2.0), 0.5, one.plain.entropy.shape)))
        for one in stats
    ]
    evidence = Evidence(noisy, samples)
    (kind,) = [kind for kind in INSIGHT_KINDS if kind.name == "recency"]
    judging = Judging(kind, evidence)
    effects = judging.effects()
    alone = sum(kind.rule.holds(low, high, 80) for low, high in zip(effects.low[2:], effects.high[2:], strict=True))
    found = [one for one in judging.find() if one.scope == "head" and one.status == "observed"]
    assert alone > 0
    assert found == []


def test_a_context_of_which_latents_carry_the_rest_is_not_called_short() -> None:
    stats, samples = make([[RECENT, FLAT]], n=5)
    carried = [replace(one, older=75) for one in samples]
    found = list(find_insights(stats, carried))
    assert not [one for one in found if one.status == "observed"]
    (short,) = [one for one in found if one.kind == "short context"]
    assert "latents carry what is older" in short.sentence
