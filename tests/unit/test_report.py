"""The reports: everything is in them, they fit, and they are plain text and strict JSON."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adtui.insights.log import find_insights
from adtui.insights.thresholds import RULES
from adtui.records.ablation import CAVEAT as ABLATIONS
from adtui.records.ablation import Ablation
from adtui.records.attention import Attention
from adtui.records.insight import Insight, Placebo
from adtui.records.run import RunInfo
from adtui.records.sample import Sample
from adtui.records.statistics import HeadStats, SampleStats
from adtui.reports.document import SCHEMA, dumps, json_report
from adtui.reports.text import text_report
from adtui.statistics.averages import AVERAGED
from adtui.statistics.heads import sample_stats
from adtui.worlds.settings import run_settings

SCHEMA_DOCUMENT = Path(__file__).parents[2] / "docs" / "analyze-schema.md"


def analysis(histories: int = 5, n: int = 60) -> tuple[RunInfo, list[SampleStats], list[Insight]]:
    """A model with 2 layers of 2 heads: L0 uniform, L1H0 recent, L1H1 on a single token; rewards in every context."""
    rng = np.random.default_rng(0)
    x = np.arange(n) / n
    shapes = np.array([[np.ones(n), np.ones(n)], [np.exp(x / 0.3), 1e-6 + (np.arange(n) == n // 2)]])
    stats, samples = [], []
    for history in range(histories):
        rows = shapes * np.exp(rng.normal(0, 0.02, shapes.shape))
        rows = np.concatenate([0.9 * rows / rows.sum(-1, keepdims=True), np.full((2, 2, 1), 0.1)], -1)
        row = rows.astype(np.float32)
        cells = rng.integers(0, 9, (n, 2))
        rewards = (np.arange(n) == 3).astype(np.float32)
        sample = Sample(
            f"goal (2,4) stream {history} step 120", cells, np.zeros(n, np.int64), rewards, cells, np.array([10, 10]),
            np.arange(n + 1) // 20, np.arange(n + 1) % 20, goal=(2, 4), target_action=3, history=history,
        )  # fmt: skip
        attention = Attention(row, np.zeros(row.shape), np.zeros(row.shape), np.ones_like(row), np.zeros(5, np.float32))
        samples.append(sample)
        stats.append(sample_stats(attention, sample))
    info = RunInfo(
        name="AD-darkroom-seed0", path="/data/a long way/runs/AD-darkroom-seed0/ckpt-310.pt", step=31000,
        family="encoder · post-norm · causal", device="cpu", n_layer=2, n_head=2, d_model=64, n_actions=5,
        n_context_max=79, parameters=211_269, samples=tuple(samples), source="test histories", logit_gap=1.2e-7,
        notes=("the head count was given by --heads [2]",), settings=run_settings({"horizon": 30}),
    )  # fmt: skip
    return info, stats, list(find_insights(stats, samples))


def test_the_ablations_are_in_the_json_with_their_caveat_and_in_the_text() -> None:
    info, stats, insights = analysis()
    line = Ablation("mean", "noising", "KL", 2.5, (1.5, 4.0), 36, 8, agrees=True)
    tested = dataclasses.replace(insights[0], status="confirmed", ablations=(line, Ablation("mask", "noising", "KL")))
    first, *others = json.loads(dumps(json_report(info, stats, [tested, *insights[1:]])))["insights"]
    assert first["ablations"][0] == {
        "way": "mean", "direction": "noising", "metric": "KL", "ratio": 2.5, "interval": [1.5, 4.0], "n": 36,
        "tasks": 8, "agrees": True,
    }  # fmt: skip
    assert (first["ablations"][1]["ratio"], first["ablations"][1]["n"], first["ablations"][1]["agrees"]) == (
        None,
        0,
        None,
    )
    assert first["caveat"].endswith(ABLATIONS)
    assert not any(one["ablations"] or ABLATIONS in one["caveat"] for one in others)
    assert "Masking renormalises" in text_report(info, stats, [tested, *insights[1:]])
    assert "Masking renormalises" not in text_report(info, stats, insights)


def test_the_text_has_every_section_and_every_head() -> None:
    text = text_report(*analysis())
    for part in (
        "AD-darkroom-seed0  step 31,000", "encoder · post-norm · causal", "--heads [2]", "5 independent histories",
        "goal (2,4) stream 4 step 120", "Insights", "Heads", "As the attention script prints it", "knock-out",
    ):  # fmt: skip
        assert part in text
    for where in ("L0H0", "L0H1", "L1H0", "L1H1"):
        assert len(re.findall(rf"^ +{where} ", text, re.MULTILINE)) == 3  # a row in each table
    assert "Layer 0 (mean over heads) is nearly uniform" in text
    assert "Layer 1 (mean over heads) leans on recent tokens" in text
    assert "– Heads, observed: L1H0" in text
    assert "– Layer 1 head 1 is sparse: 1 of 60 positions (2%)" in text
    assert "observed: " in text
    assert "No evidence of primacy" in text


@pytest.mark.parametrize("width", [72, 80, 120])
def test_the_text_fits_and_is_plain(width: int) -> None:
    text = text_report(*analysis(), width=width)
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= width
    assert all(line == line.rstrip() for line in text.splitlines())
    for header in ("recent/distant", "effective positions", "tokens holding 90 %", "first-token mass"):
        assert header in text  # no header is broken


def test_colour_is_only_for_terminals() -> None:
    assert "\x1b[" in text_report(*analysis(), color=True)


def test_ascii_loses_no_digit() -> None:
    rich, plain = text_report(*analysis()), text_report(*analysis(), ascii_only=True)
    assert plain.isascii()
    assert "?" not in plain
    assert re.findall(r"\d+", rich) == re.findall(r"\d+", plain)


def test_one_history_says_that_there_is_no_interval() -> None:
    text = text_report(*analysis(histories=1))
    assert "1 independent history" in text
    assert "one history, no interval" in text
    assert "Nothing that these samples support." in text
    assert "nan" not in text


def test_what_weighting_by_values_removes_is_marked() -> None:
    info, stats, _ = analysis()
    uniform = dataclasses.replace(
        stats[0].plain,
        log_recent_distant=np.zeros((2, 2)),
        recent_distant=np.ones((2, 2)),
    )
    mixed = [SampleStats(one.plain, uniform, one.seed) for one in stats]
    text = " ".join(text_report(info, mixed, list(find_insights(mixed, info.samples))).split())
    assert "Weighted by the values' norms it disappears (newest/oldest quarter 1)." in text


def test_one_finding_is_told_once_and_the_placebos_stand_below() -> None:
    info, stats, insights = analysis()
    placebo = Placebo(tests=848, confirmed=1, refuted=0, beyond=40)
    heads = [one for one in insights if one.scope == "head" and one.kind == "sparse"]
    leader = dataclasses.replace(heads[0], status="confirmed", tested="hiding it matters", also=("landmark",))
    follower = dataclasses.replace(leader, kind="landmark", also=(), same_as="sparse", sentence="TOLD BEFORE")
    text = " ".join(text_report(info, stats, [leader, follower], placebo=placebo).split())
    assert "hiding it matters; the same transitions as landmark." in text
    assert "TOLD BEFORE" not in text
    assert "of 848 placebos 0.12 % would have been confirmed, 0 % refuted." in text
    document = json_report(info, stats, [leader, follower], placebo)
    assert document["placebo"] == {"tests": 848, "confirmed": 1, "refuted": 0, "beyond": 40}
    assert [one["same_as"] for one in document["insights"]] == ["", "sparse"]
    assert all(one["value"] > 0 and one["reason"] for one in document["tests"].values())


def strict(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("histories", [1, 5])
def test_json_is_strict_ascii_and_complete(histories: int) -> None:
    text = dumps(json_report(*analysis(histories)))
    document = strict(text)
    assert text.isascii()
    assert document["schema"] == SCHEMA
    assert document["n_histories"] == histories
    assert [(head["layer"], head["head"]) for head in document["heads"]["plain"]] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    statistics = document["heads"]["weighted"][0]["statistics"]
    assert set(AVERAGED) - {"holding"} < set(statistics)
    assert {"holding_50", "holding_80", "holding_90", "holding_95"} < set(statistics)
    assert (statistics["entropy"]["low"] is None) == (histories == 1)
    assert statistics["revisit_lift"] == {"mean": None, "low": None, "high": None, "n": 0}
    assert set(document["per_sample"][0]["plain"]) == {item.name for item in dataclasses.fields(HeadStats)}
    assert list(document["seed"]) == ["layer0", "layer1"]
    assert len(document["seed"]["layer0"]["samples"]) == histories
    assert document["samples"][0]["goal"] == [2, 4]
    assert set(document["rules"]) == set(RULES)


def test_json_numbers_are_the_records() -> None:
    info, stats, insights = analysis()
    document = json_report(info, stats, insights)
    assert document["per_sample"][2]["plain"]["entropy"] == stats[2].plain.entropy.tolist()
    assert [one["sentence"] for one in document["insights"]] == [one.sentence for one in insights]
    assert [one["where"] for one in document["insights"]] == [one.where for one in insights]


def test_every_json_key_is_documented() -> None:
    document = json_report(*analysis())
    names = set(document) | set(document["run"]) | set(document["samples"][0]) | set(document["insights"][0])
    names |= set(document["heads"]["plain"][0]["statistics"]) | set(document["per_sample"][0]["plain"])
    names |= set(document["seed"]["layer0"]) | set(document["seed"]["layer0"]["samples"][0])
    names |= set(document["rules"]["recency"])
    text = SCHEMA_DOCUMENT.read_text()
    assert sorted(name for name in names if f"`{name}`" not in text) == []
