"""Where an insight can be looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_engine import CONTEXT, insight, sample, sample_stats

from adtui.insights.shown_best import clearest_sample, newest_named
from adtui.records.layout import Layout
from adtui.records.sample import phase_of
from adtui.records.statistics import SampleStats

SAMPLES = [sample(history) for history in range(3)]
PLAIN = Layout.plain(CONTEXT)


def with_ratio(log_ratio: float) -> SampleStats:
    stats = sample_stats(0)
    plain = replace(stats.plain, log_recent_distant=np.full_like(stats.plain.log_recent_distant, log_ratio))
    return replace(stats, plain=plain)


@pytest.mark.parametrize(("kind", "index"), [("recency", 2), ("primacy", 0), ("spread", 1)])
def test_the_clearest_sample_is_furthest_on_the_rules_side(kind: str, index: int) -> None:
    stats = {0: with_ratio(-2.0), 1: with_ratio(0.1), 2: with_ratio(1.5)}
    assert clearest_sample(replace(insight(), kind=kind), stats, SAMPLES) == index


def test_only_samples_of_the_phase_count_and_only_what_they_define() -> None:
    stats = {0: with_ratio(float("nan")), 1: with_ratio(0.1)}
    assert clearest_sample(insight(), stats, SAMPLES) == 1
    other = next(phase for phase in ("explore", "exploit") if phase != phase_of(SAMPLES[1]))
    assert clearest_sample(replace(insight(), phase=other), stats, SAMPLES) is None
    assert clearest_sample(replace(insight(), kind="phase change"), stats, SAMPLES) is None
    assert clearest_sample(replace(insight(), kind="reward-following"), stats, SAMPLES) is None


def test_the_newest_named_transition() -> None:
    stats = sample_stats(0)
    rewarded = int(np.flatnonzero(SAMPLES[0].rewards > 0)[-1])
    expected = {
        "recency": CONTEXT - 1,
        "primacy": CONTEXT // 4 - 1,
        "sink": 0,
        "reward-seeking": rewarded,
        "sparse": int(stats.plain.max_position[1, 2]),
        "landmark": None,
        "uniform": None,
    }
    found = {kind: newest_named(replace(insight(), kind=kind), stats, SAMPLES[0], PLAIN) for kind in expected}
    assert found == expected


def test_behind_latents_it_is_among_the_transitions_that_are_seen() -> None:
    visible = np.arange(CONTEXT - 8, CONTEXT + 1, dtype=np.int64)
    layout = Layout(np.full(9, PLAIN.kind[0]), visible, CONTEXT, 8)
    assert newest_named(replace(insight(), kind="sink"), None, SAMPLES[0], layout) == CONTEXT - 8
    assert newest_named(insight(), None, SAMPLES[0], layout) == CONTEXT - 1
