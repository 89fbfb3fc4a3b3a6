"""Planted attention gets exactly the right insights; thresholds scale with n; the log tells differences."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from adtui.insights import KINDS, RULES, InsightLog, find_insights, seed_insights
from adtui.records import Attention, Insight, Sample, SampleStats, SeedStats
from adtui.stats import sample_stats

Shape = Callable[[np.ndarray], np.ndarray]  # density over x in (0, 1), 0 the oldest and 1 the newest token

RECENT: Shape = lambda x: np.exp(x / 0.3)  # noqa: E731
FLAT: Shape = lambda x: np.ones_like(x)  # noqa: E731
RAMP: Shape = lambda x: x  # noqa: E731
NEEDLES: Shape = lambda x: np.where(np.abs(x - 0.5) < 0.05, 1.0, 1e-3)  # noqa: E731
TILTED: Shape = lambda x: np.exp(0.6 * x) * np.where(np.sin(9 * x) > 0, 1.0, 0.1)  # noqa: E731


def make(heads: list[list[Shape]], n: int = 80, histories: int = 6, noise: float = 0.02, seed: int = 0):
    """SampleStats and samples of a model whose heads have these shapes, up to `noise` (log-normal, per token)."""
    rng = np.random.default_rng(seed)
    x = (np.arange(n) + 0.5) / n
    cells = np.zeros((n, 2), np.int64)
    stats, samples = [], []
    for history in range(histories):
        rows = np.array([[shape(x) for shape in layer] for layer in heads])
        rows = rows * np.exp(rng.normal(0, noise, rows.shape))
        rows = np.concatenate([0.9 * rows / rows.sum(-1, keepdims=True), np.full((*rows.shape[:2], 1), 0.1)], axis=-1)
        row = rows.astype(np.float32)
        attention = Attention(row, np.zeros(row.shape), np.zeros(row.shape), np.ones_like(row), np.zeros(5, np.float32))
        sample = Sample(
            f"history {history}", cells, np.zeros(n, np.int64), np.zeros(n, np.float32), cells, np.array([4, 4]),
            np.arange(n + 1) // 20, np.arange(n + 1) % 20, history=history,
        )  # fmt: skip
        samples.append(sample)
        stats.append(sample_stats(attention, sample))
    return stats, samples


def observed(found: list[Insight], scope: str) -> set[tuple[str, str]]:
    return {(one.kind, one.where) for one in found if one.status == "observed" and one.scope == scope}


@pytest.mark.parametrize("n", [40, 80, 800])
@pytest.mark.parametrize(
    ("shape", "kinds"),
    [
        (RECENT, {"recency"}),
        (RAMP, {"recency"}),
        (FLAT, {"spread", "uniform"}),
        (NEEDLES, {"spread", "sparse"}),
        (lambda x: RECENT(1 - x), {"primacy"}),
        (TILTED, set()),
    ],
    ids=["recent", "ramp", "flat", "needles", "old", "tilted"],
)
def test_a_shape_gets_its_verdict_whatever_the_length(shape: Shape, kinds: set[str], n: int) -> None:
    found = list(find_insights(*make([[shape]], n=n)))
    for scope, where in (("head", "L0H0"), ("layer", "L0"), ("model", "model")):
        assert observed(found, scope) == {(kind, where) for kind in kinds}


def test_every_planted_head_gets_its_own_insights_and_no_others() -> None:
    found = list(find_insights(*make([[RECENT, FLAT], [NEEDLES, TILTED]])))
    assert observed(found, "head") == {
        ("recency", "L0H0"), ("spread", "L0H1"), ("uniform", "L0H1"), ("spread", "L1H0"), ("sparse", "L1H0"),
    }  # fmt: skip


def test_what_is_observed_has_evidence_a_caveat_and_suggestions() -> None:
    for one in find_insights(*make([[RECENT, FLAT], [NEEDLES, TILTED]])):
        assert one.n == 6
        assert one.n_keys == 80
        assert one.interval[0] <= one.effect <= one.interval[1]
        assert "knock-out" in one.caveat
        if one.status == "observed":
            rule = RULES[one.kind]
            assert all(rule.met_by(end) for end in one.interval)
            assert one.suggests
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
    assert {one.kind for one in found if one.scope == "model"} == {claim.kind for claim in KINDS}


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
    assert all(one.status == "no evidence" and "not defined here" in one.sentence for one in short)
    assert len(short) == len(KINDS)


def test_the_log_tells_only_what_is_new_or_changed() -> None:
    stats, samples = make([[RECENT, FLAT]], histories=5)
    log = InsightLog()
    assert all(one.status == "no evidence" for one in log.update(stats[:1], samples[:1]))
    assert log.update(stats[:1], samples[:1]) == []
    log.update(stats[:3], samples[:3])
    assert observed(list(log.insights), "head") == {("recency", "L0H0"), ("spread", "L0H1"), ("uniform", "L0H1")}
    log.update(stats, samples)
    assert list(log.insights) == list(find_insights(stats, samples))
    keys = [(one.kind, one.layer, one.head) for one in log.insights]
    assert len(keys) == len(set(keys))


def test_the_log_withdraws_what_more_samples_do_not_support() -> None:
    recent, samples = make([[RECENT]], histories=3)
    old, more = make([[lambda x: RECENT(1 - x)]], histories=6)
    log = InsightLog()
    log.update(recent, samples)
    told = log.update(recent + old[3:], samples + more[3:])
    (gone,) = [one for one in told if one.kind == "recency" and one.scope == "head"]
    assert gone.status == "no evidence"
    assert "no evidence of recency any more" in gone.sentence
    assert all(one.kind != "recency" or one.scope == "model" for one in log.insights)
    assert log.update(recent + old[3:], samples + more[3:]) == []


def test_updating_is_cheap() -> None:
    stats, samples = make([[RECENT, FLAT, NEEDLES, TILTED]] * 4, histories=20)
    log = InsightLog()
    log.update(stats[:5], samples[:5])
    start = time.perf_counter()
    log.update(stats, samples)
    assert time.perf_counter() - start < 0.5  # about 0.02 s on an idle core


def test_every_rule_has_a_reason_and_a_scale_free_threshold() -> None:
    assert {claim.kind for claim in KINDS} == set(RULES)
    for rule in RULES.values():
        assert rule.reason
        assert 0 < rule.threshold <= 2


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
