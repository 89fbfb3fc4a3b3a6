"""Two models head by head: the same contexts through both, heads matched, what they write and claim side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..attention.capture import capture
from ..insights.differences import claim_tests
from ..insights.evidence import Evidence
from ..models.model import Model
from ..records.arrays import Doubles
from ..records.errors import ConfigError
from ..records.head_comparison import INDEX, ROWS, Head, HeadComparison, Pair
from ..records.provenance import Provenance, Source
from ..records.sample import Sample
from ..records.statistics import SampleStats
from ..statistics.assignment import assign
from ..statistics.divergence import jensen_shannon
from ..statistics.heads import sample_stats
from ..statistics.intervals import average_within
from .compared_runs import Candidate, run_of
from .comparison import Asked, intervals, open_model
from .opening import open_session
from .session import Session

#: Called with (what is done, parts done, in all).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a model did on C contexts.

    Attributes:
        rows: (C, heads, n + 1) attention of the query on each transition and itself, layer by layer; each sums to 1.
        written: likewise, what each of these writes at the query as a share of what the layer's heads write.
        stats: of each context.
        heads: (layer, head) of the second axis.
    """

    rows: Doubles
    written: Doubles
    stats: tuple[SampleStats, ...]
    heads: tuple[Head, ...]


def seen(model: Model, samples: Sequence[Sample], show: Callable[[int], None] = lambda _: None) -> Seen:
    """Pass contexts of one length through a model; `show` is called with how many are done.

    Raises:
        ConfigError: it keeps some transitions as latents, so that its rows are not over all of them.
    """
    rows, written, stats = [], [], []
    for done, sample in enumerate(samples, 1):
        attention, layout = capture(model, sample).attention, model.layout(sample)
        if len(layout.visible) < sample.n_context:
            raise ConfigError(
                model.description,
                expected="models that see every transition of a context one by one",
                found=f"one that sees {len(layout.visible)} of {sample.n_context}",
                action="give a shorter --context",
            )
        row = attention.query_row.astype(np.float64)
        moved = layout.by_transition(row * attention.value_norm)
        shape = (-1, sample.n_context + 1)
        rows.append(_shares(layout.by_transition(row), -1).reshape(shape))
        written.append(_shares(moved, (1, 2)).reshape(shape))
        stats.append(sample_stats(attention, sample, layout, causal=model.causal))
        show(done)
    heads = tuple((layer, head) for layer in range(model.n_layer) for head in range(model.n_head))
    return Seen(np.stack(rows), np.stack(written), tuple(stats), heads)


def _shares(values: Doubles, axis: int | tuple[int, ...]) -> Doubles:
    """Over their sum along these axes; 0 where that is 0."""
    total = values.sum(axis=axis, keepdims=True)
    shares: Doubles = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    return shares


def matched(first: Seen, second: Seen, by: str) -> list[tuple[int, int]]:
    """Pairs of heads, as indices: those whose rows are nearest on the whole, or those of the same place.

    Raises:
        ConfigError: `by` is INDEX and the models have other layers or heads.
    """
    if by == INDEX:
        if first.heads != second.heads:
            raise ConfigError(
                "--match",
                expected="models with the same layers and heads",
                found=f"{len(first.heads)} and {len(second.heads)} heads",
                action=f"use --match {ROWS}",
            )
        return [(index, index) for index in range(len(first.heads))]
    cost = np.zeros((len(first.heads), len(second.heads)))
    for one, other in zip(first.rows, second.rows, strict=True):
        cost += jensen_shannon(one[:, None], other[None])
    return assign(cost / len(first.rows))


def pairs_of(first: Seen, second: Seen, by: Sequence[tuple[int, int]], samples: Sequence[Sample]) -> list[Pair]:
    """How far the heads of each pair are apart, the most different first."""
    here, there = (np.array(side) for side in zip(*by, strict=True))
    units = np.array([one.history if one.task is None else -1 - one.task for one in samples])
    u, v = first.written[:, here], second.written[:, there]
    together = (u + v).sum(axis=-1)
    apart = np.divide(np.abs(u - v).sum(axis=-1), together, out=np.zeros_like(together), where=together > 0)
    divergences = intervals(jensen_shannon(first.rows[:, here], second.rows[:, there]), units)
    differences = intervals(apart, units)
    shares = [average_within(part.sum(axis=-1), units).mean(axis=0) for part in (u, v)]
    pairs = [
        Pair(first.heads[i], second.heads[j], divergences[k], differences[k], *(float(part[k]) for part in shares))
        for k, (i, j) in enumerate(by)
    ]
    return sorted(pairs, key=lambda pair: (-pair.difference.mean, -pair.divergence.mean, pair.first))


@dataclass(frozen=True, eq=False)
class Opened:
    """Two runs made ready; see `opened`.

    Attributes:
        first: with the contexts that both are shown.
        second, source: the other's model, and its checkpoint.
        own: the second run with contexts of its own, on which its claims rest then; None for the same contexts.
    """

    first: Session
    second: Model
    source: Source
    own: Session | None = None


def opened(first: Candidate, second: Candidate, asked: Asked, show: Progress, *, own: bool = False) -> Opened:
    """Open both, with contexts of the first that are no longer than either takes.

    Raises:
        AdtuiError: one cannot be opened, or they are of other actions or another grid.
    """
    models = [open_model(run_of(one), asked) for one in (first, second)]
    for what, values in (
        ("actions", [model.n_actions for model, _, _ in models]),
        ("cells a side", [settings.grid_size for _, settings, _ in models]),
    ):
        if values[0] != values[1]:
            raise ConfigError(
                second.label, expected=f"{values[0]} {what}, as {first.label} has", found=str(values[1]),
                action="compare runs of one world",
            )  # fmt: skip
    n = min(model.context_length(asked.context) for model, _, _ in models)
    options: dict[str, Any] = {"device": asked.device, "heads": asked.heads, "adapter": asked.adapter}
    options |= {"context": n, "samples": asked.samples}

    def rolled(done: int, total: int) -> None:
        show("making contexts", done, total)

    session = open_session(first.path, seed=asked.seed, progress=rolled, **options)
    fresh = open_session(second.path, seed=asked.seed + 1, progress=rolled, **options) if own else None
    return Opened(session, models[1][0], models[1][2], fresh)


def compare_heads(pair: Opened, by: str, show: Progress) -> HeadComparison:
    """Everything of two models on the contexts of the first.

    Raises:
        ConfigError: the models do not take the same contexts.
    """
    first, second, own = pair.first, pair.second, pair.own
    samples = first.samples
    one = seen(first.model, samples, lambda done: show("first model", done, len(samples)))
    other = seen(second, samples, lambda done: show("second model", done, len(samples)))
    by_index = matched(one, other, by)
    pairs = pairs_of(one, other, by_index, samples)
    fresh = samples if own is None else own.samples
    claimed = other if own is None else seen(second, fresh, lambda done: show("its own contexts", done, len(fresh)))
    tests = claim_tests(
        Evidence(one.stats, samples),
        Evidence(claimed.stats, fresh),
        [(one.heads[i], other.heads[j]) for i, j in by_index],
        paired=own is None,
    )
    larger, column = (one, 0) if len(one.heads) > len(other.heads) else (other, 1)
    partners = {pair[column] for pair in by_index}
    alone = tuple(head for index, head in enumerate(larger.heads) if index not in partners)
    contexts = first.provenance("compare").contexts
    return HeadComparison(
        first=f"{first.info.name} · step {first.info.step}",
        second=f"{pair.source.run} · step {pair.source.step}",
        contexts=contexts,
        claims_on=(contexts, contexts if own is None else own.provenance("compare").contexts),
        matched=by,
        pairs=tuple(pairs),
        unmatched=alone,
        tests=tests,
        provenance=Provenance(
            "compare", (*first.provenance("compare").sources, pair.source), contexts, {"match": by, "heads": True}
        ),
    )
