"""An analysis as JSON, schema "adtui.analyze/1" (docs/analyze-schema.md). Pure functions; NaN and ±inf become null."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from ..insights.answer import answer_of
from ..insights.head_table import head_rows
from ..insights.thresholds import RULES, TESTS
from ..records.ablation import CAVEAT as ABLATIONS
from ..records.as_json import as_json
from ..records.insight import Insight, Placebo
from ..records.interval import Estimate
from ..records.provenance import Provenance, drawn, mark
from ..records.run import RunInfo
from ..records.sample import Sample
from ..records.statistics import HOLDING, HeadStats, SampleStats
from ..statistics.averages import aggregate
from ..statistics.script import seed_section

SCHEMA = "adtui.analyze/1"


def json_report(
    info: RunInfo,
    stats: Sequence[SampleStats],
    insights: Sequence[Insight],
    placebo: Placebo | None = None,
    testing: bool | None = False,
    provenance: Provenance | None = None,
) -> dict[str, Any]:
    """Everything that `adtui analyze --json` prints, as plain lists, dicts, numbers and strings.

    Args:
        info: the run, with its samples.
        stats: one per sample of `info`.
        insights: in order of importance.
        placebo: of their tests, where they were tested.
        testing: see `insights.answer`.
        provenance: of what it is about.
    """
    document = {
        "schema": SCHEMA,
        "provenance": None if provenance is None else provenance.to_json(),
        "answer": {
            line.name: {"words": line.words, "basis": line.basis, "parts": [asdict(part) for part in line.parts]}
            for line in answer_of(info, insights, testing)
        },
        "run": _run(info),
        "samples": [_sample(index, sample) for index, sample in enumerate(info.samples)],
        "n_histories": len({sample.history for sample in info.samples}),
        "seed": seed_section(stats),
        "heads": {
            "plain": _heads(aggregate([one.plain for one in stats], info.samples)),
            "weighted": _heads(aggregate([one.weighted for one in stats], info.samples)),
        },
        "table": [asdict(row) for row in head_rows(stats, info.samples, insights)],
        "per_sample": [{"plain": _arrays(one.plain), "weighted": _arrays(one.weighted)} for one in stats],
        "insights": [_insight(insight) for insight in insights],
        "rules": {
            kind: {"needs": rule.scaled, "min_keys": rule.min_keys, "reason": rule.reason}
            for kind, rule in RULES.items()
        },
        "tests": {name: {"value": one.value, "reason": one.reason} for name, one in TESTS.items()},
        "placebo": None if placebo is None else {item.name: getattr(placebo, item.name) for item in fields(placebo)},
    }
    plain: dict[str, Any] = as_json(document)
    return plain


def dumps(document: dict[str, Any]) -> str:
    """JSON text in ASCII, so that any terminal or pipe takes it."""
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _run(info: RunInfo) -> dict[str, Any]:
    left_out = {"samples", "settings", "layouts", "compressor", "circuit", "trials", "head"}
    stated = {item.name: getattr(info, item.name) for item in fields(info) if item.name not in left_out}
    stated["actions"] = asdict(info.acts) | {"divergence": info.acts.divergence, "unit": info.acts.unit}
    return stated | {"drawn": drawn(info), "mark": mark(info.samples), "settings": info.settings.to_json()}


def _sample(index: int, sample: Sample) -> dict[str, Any]:
    return {
        "index": index,
        "label": sample.label,
        "history": sample.history,
        "n_context": sample.n_context,
        "n_episodes": len(sample.episode_starts),
        "n_rewarded": sample.rewarded.sum(),
        "goal": sample.goal,
        "query_state": sample.query_state,
        "target_action": sample.target_action,
    }


def _heads(estimates: dict[str, Estimate]) -> list[dict[str, Any]]:
    """One entry per head with every averaged statistic; `holding` becomes holding_50, … holding_95."""
    split = dict(estimates)
    holding = split.pop("holding")
    for index, level in enumerate(HOLDING):
        split[f"holding_{level * 100:.0f}"] = holding.last(index)
    layers, heads = holding.mean.shape[:2]
    return [
        {
            "layer": layer,
            "head": head,
            "statistics": {
                name: {
                    "mean": one.mean[layer, head],
                    "low": one.low[layer, head],
                    "high": one.high[layer, head],
                    "n": one.n[layer, head],
                }
                for name, one in split.items()
            },
        }
        for layer in range(layers)
        for head in range(heads)
    ]


def _arrays(stats: HeadStats) -> dict[str, Any]:
    return {item.name: getattr(stats, item.name) for item in fields(stats)}


def _insight(insight: Insight) -> dict[str, Any]:
    entry = {item.name: getattr(insight, item.name) for item in fields(insight) if item.name != "withdrawn"}
    lines = [{item.name: getattr(one, item.name) for item in fields(one)} for one in insight.ablations]
    caveat = f"{insight.caveat} {ABLATIONS}".strip() if lines else insight.caveat
    return entry | {"where": insight.where, "ablations": lines, "caveat": caveat}
