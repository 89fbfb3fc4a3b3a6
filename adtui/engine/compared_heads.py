"""Two models head by head: the same contexts through both, heads matched, what they write and claim side by side."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
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
from ..records.run_settings import DEFAULT, RunSettings
from ..records.sample import Sample
from ..records.statistics import SampleStats
from ..records.steps import at_one_go, said
from ..statistics.assignment import assign
from ..statistics.divergence import jensen_shannon
from ..statistics.heads import sample_stats
from ..statistics.intervals import average_within
from ..worlds.registry import WORLDS
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
    """`passing` at once; `show` is called with how many are done. Raises what it raises."""
    return at_one_go(passing(model, samples), show)


def passing(model: Model, samples: Sequence[Sample]) -> Generator[int, None, Seen]:
    """Pass contexts of one length through a model; yields how many are done.

    Raises:
        ConfigError: it keeps some transitions as latents, so that its rows are not over all of them.
    """
    rows, written, stats = [], [], []
    for done, sample in enumerate(samples, 1):
        check_sees_all(model, sample.n_context)
        attention, layout = capture(model, sample).attention, model.layout(sample)
        row = attention.query_row.astype(np.float64)
        moved = layout.by_transition(row * attention.value_norm)
        shape = (-1, sample.n_context + 1)
        rows.append(_shares(layout.by_transition(row), -1).reshape(shape))
        written.append(_shares(moved, (1, 2)).reshape(shape))
        stats.append(sample_stats(attention, sample, layout, causal=model.causal))
        yield done
    heads = tuple((layer, head) for layer in range(model.n_layer) for head in range(model.n_head))
    return Seen(np.stack(rows), np.stack(written), tuple(stats), heads)


def check_sees_all(model: Model, n: int) -> None:
    """Raises ConfigError where a model keeps some of n transitions as latents: its rows are then not over all."""

    def seen(n: int) -> int:
        return len(model.network.layout(n).visible)

    if seen(n) < n:
        most = next((fewer for fewer in range(n - 1, 0, -1) if seen(fewer) == fewer), 0)
        raise ConfigError(
            model.description,
            expected="models that see every transition of a context one by one",
            found=f"one that sees {seen(n)} of {n}",
            action=f"give --context {most} or less" if most else "compare runs without a compressor",
        )


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

    @property
    def names(self) -> tuple[str, str]:
        """Both runs in words."""
        info, source = self.first.info, self.source
        return f"{info.name} · step {info.step}", f"{source.run} · step {source.step}"

    def provenance(self, options: Mapping[str, Any]) -> Provenance:
        """Where what is said of both comes from."""
        first = self.first.provenance("compare")
        return Provenance("compare", (*first.sources, self.source), first.contexts, {**options, "heads": True})


def opened(
    first: Candidate,
    second: Candidate,
    asked: Asked,
    show: Progress,
    *,
    own: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Opened:
    """Open both, with contexts of the first that are no longer than either takes.

    Args:
        options: more of `open_session`, for the first.

    Raises:
        AdtuiError: one cannot be opened, or they are of other actions, another grid or another world.
    """
    models = [open_model(run_of(one), asked) for one in (first, second)]
    _check_worlds(first, second, [settings for _, settings, _ in models])
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
    for model, _, _ in models:
        check_sees_all(model, n)  # before contexts are made, which takes long
    common: dict[str, Any] = {"device": asked.device, "heads": asked.heads, "adapter": asked.adapter}
    common |= {"context": n, "samples": asked.samples}

    def rolled(done: int, total: int) -> None:
        show("making contexts", done, total)

    session = open_session(first.path, seed=asked.seed, progress=rolled, **common, **(options or {}))
    fresh = open_session(second.path, seed=asked.seed + 1, progress=rolled, **common) if own else None
    return Opened(session, models[1][0], models[1][2], fresh)


def _check_worlds(first: Candidate, second: Candidate, settings: Sequence[RunSettings]) -> None:
    """Raises ConfigError where both runs say of which world they are, and these are not of one kind."""
    one, other = (known.env for known in settings)
    if one == other or any(known.sources.get("env", DEFAULT) == DEFAULT for known in settings):
        return
    kinds = [WORLDS.get(name, str) for name in (one, other)]
    if not any(issubclass(*both) for both in (kinds, kinds[::-1])) or str in kinds:
        raise ConfigError(
            second.label,
            expected=f"the world {one}, as {first.label} has",
            found=other,
            action="compare runs of one world",
        )


@dataclass(frozen=True, eq=False)
class Both:
    """What both models did.

    Attributes:
        pair: the models.
        first, second: on the contexts of the first.
        claimed: what the claims about the second rest on.
    """

    pair: Opened
    first: Seen
    second: Seen
    claimed: Seen


def passing_both(pair: Opened) -> Generator[tuple[str, int, int], None, Both]:
    """Pass all contexts through both models; yields what is done, how much of it, and of how much.

    Raises:
        ConfigError: the models do not take the same contexts.
    """
    samples = pair.first.samples
    one = yield from _told("first model", pair.first.model, samples)
    other = yield from _told("second model", pair.second, samples)
    claimed = other if pair.own is None else (yield from _told("its own contexts", pair.second, pair.own.samples))
    return Both(pair, one, other, claimed)


def _told(what: str, model: Model, samples: Sequence[Sample]) -> Generator[tuple[str, int, int], None, Seen]:
    return said(passing(model, samples), lambda done: (what, done, len(samples)))


def compare_heads(pair: Opened, by: str, show: Progress) -> HeadComparison:
    """Everything of two models on the contexts of the first. Raises what `passing_both` and `matched` raise."""
    return compared(at_one_go(passing_both(pair), lambda step: show(*step)), by)


def compared(both: Both, by: str) -> HeadComparison:
    """What two models did, head by head.

    Raises:
        ConfigError: see `matched`.
    """
    pair, one, other = both.pair, both.first, both.second
    first, own, samples = pair.first, pair.own, pair.first.samples
    by_index = matched(one, other, by)
    pairs = pairs_of(one, other, by_index, samples)
    fresh = samples if own is None else own.samples
    tests = claim_tests(
        Evidence(one.stats, samples),
        Evidence(both.claimed.stats, fresh),
        [(one.heads[i], other.heads[j]) for i, j in by_index],
        paired=own is None,
    )
    larger, column = (one, 0) if len(one.heads) > len(other.heads) else (other, 1)
    partners = {pair[column] for pair in by_index}
    alone = tuple(head for index, head in enumerate(larger.heads) if index not in partners)
    contexts = first.provenance("compare").contexts
    return HeadComparison(
        first=pair.names[0],
        second=pair.names[1],
        contexts=contexts,
        claims_on=(contexts, contexts if own is None else own.provenance("compare").contexts),
        matched=by,
        pairs=tuple(pairs),
        unmatched=alone,
        tests=tests,
        provenance=pair.provenance({"match": by}),
    )
