"""Attention of one sample → its statistics, per layer and head. Numpy only.

The query row a (n + 1,) holds the attention of the query on the n context transitions and on itself; where a transition
has several tokens, their attention is summed. p is the row over the context, renormalised: p = a[:n] / Σ a[:n]. Of a
context that the model sees in part, n counts the transitions it sees; what goes to latents is told apart. Letters as in
`records`: L layers, H heads, N tokens.

What happens at the edges, so that nobody has to guess:
- no context (n = 0), or no attention at all on the context: everything about p is NaN, `max_position` is -1 and
  `holding` is 0; `self_mass` stays defined;
- n = 1: `entropy_norm` is NaN, since ln 1 = 0;
- `landmark_lift` is NaN where fewer than three transitions leave no candidate, `distinct` with one head;
- nothing rewarded, or the query state never visited, or nothing after it: that mass and that lift are NaN, not 0, so
  that a mean over samples counts only the samples that could show it; so are those of equal states where a world has
  only one, and those of rewards where these are of all sizes (`Sample.rewarded`);
- `recent_distant` is inf when only the first quarter is empty, 0 (logarithm -inf) when only the last is, NaN when both.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..records.arrays import Doubles, Floats, Ints
from ..records.attention import Attention
from ..records.layout import Layout
from ..records.sample import Sample
from ..records.statistics import HOLDING, HeadStats, SampleStats
from .landmarks import landmark_lift, received_lift
from .repeats import followers, repeats, revisits
from .script import seed_stats

HOLDING_TOLERANCE = 1e-9  # ten float64 tenths sum to 0.9999…: a level reached but for rounding is reached


CLEARLY = 1.25
"""A transition with more than this times its uniform share belongs to a run of neighbours."""


def sample_stats(
    attention: Attention, sample: Sample, layout: Layout | None = None, *, causal: bool = True
) -> SampleStats:
    """All statistics of one sample.

    Args:
        attention: one capture, with N tokens.
        sample: the context that was captured; gives rewards, states and episodes.
        layout: what the N tokens stand for; None is one token per transition, then the query.
        causal: the model's mask.

    Raises:
        ValueError: attention and sample do not have the same number of tokens (a mistake in the code, not the user's).
    """
    layout = Layout.plain(sample.n_context) if layout is None else layout
    if attention.n_tokens != layout.n_tokens:
        raise ValueError(f"attention has {attention.n_tokens} tokens, the sample {layout.n_tokens}")
    seen = visible_part(sample, layout)
    row = attention.query_row.astype(np.float64)
    weighted = value_weighted(row, attention.value_norm)
    lift, moved = (received_lift(attention, layout, causal=causal, weighted=on) for on in (False, True))
    return SampleStats(
        plain=head_stats(layout.by_transition(row), seen, layout.other(row), lift),
        weighted=head_stats(layout.by_transition(weighted), seen, layout.other(weighted), moved),
        seed=tuple(seed_stats(layer) for layer in layout.by_transition(attention.query_row)),
    )


def visible_part(sample: Sample, layout: Layout) -> Sample:
    """The sample with only the transitions that have tokens of their own: always its last ones."""
    seen = len(layout.visible)
    return replace(sample.last(seen), older=sample.n_context - seen)


def value_weighted(row: Doubles, value_norm: Floats) -> Doubles:
    """Weigh attention by what it moves: a_j ‖v_j W_O‖ over all N tokens, rescaled to sum to 1.

    An attended token with a small value vector changes little (Kobayashi et al. 2020, arXiv 2004.10102). NaN where all
    the products are 0.

    Args:
        row: (L, H, N), attention of the query.
        value_norm: (L, H, N), norms of the values after the output projection.
    """
    weighted = row * value_norm.astype(np.float64)
    return _ratio(weighted, weighted.sum(axis=-1, keepdims=True))


def head_stats(
    row: Doubles, sample: Sample, other: Doubles | None = None, received: Doubles | None = None
) -> HeadStats:
    """Statistics of query rows (L, H, n + 1) over the context of `sample`; definitions in `statistics.HeadStats`.

    Args:
        other: (L, H) attention on tokens that stand for no transition; None is none at all.
        received: (L, H, n) attention that each transition receives over what uniform attention would give it; None
            where only query rows are known.
    """
    n = sample.n_context
    context = row[..., :n]
    total = context.sum(axis=-1, keepdims=True)
    p = _ratio(context, total)
    defined = total[..., 0] > 0  # False for NaN too
    entropy = _where(defined, -_xlogx(p).sum(axis=-1))
    recent_distant = _recent_distant(context, defined)
    rewarded = sample.rewarded
    revisit, following, repeated = revisits(sample), followers(sample), repeats(sample)
    rewarded_mass, rewarded_lift = _mass_and_lift(p, rewarded)
    revisit_mass, revisit_lift = _mass_and_lift(p, revisit)
    mean, std, peak, position = _moments(context, defined)
    with np.errstate(divide="ignore"):
        log_recent_distant = np.log(recent_distant)
    leans = ~(np.abs(log_recent_distant) <= np.log(2))  # True for NaN too
    return HeadStats(
        self_mass=row[..., n].copy(),
        other_mass=np.zeros_like(total[..., 0]) if other is None else other,
        entropy=entropy,
        entropy_norm=entropy / np.log(n) if n > 1 else np.full_like(entropy, np.nan),
        effective=np.exp(entropy),
        mean=mean,
        std=std,
        max=peak,
        max_position=position,
        recent_distant=recent_distant,
        log_recent_distant=log_recent_distant,
        mean_lag=_where(defined, (p * (n - np.arange(n))).sum(axis=-1)),
        sink_mass=p[..., 0].copy() if n else np.full(defined.shape, np.nan),
        holding=_holding(p, defined),
        rewarded_mass=rewarded_mass,
        rewarded_lift=rewarded_lift,
        revisit_mass=revisit_mass,
        revisit_lift=revisit_lift,
        episode_lift=p[..., :0] if sample.stateless else _episode_lift(p, sample.episode[:n]),
        landmark_lift=np.full(defined.shape, np.nan) if received is None else landmark_lift(received),
        runs=np.where(leans, np.nan, _runs(p)),
        distinct=_distinct(p),
        induction_lift=_mass_and_lift(p, following)[1],
        ngram_lift=_mass_and_lift(p, repeated)[1],
        n_rewarded=int(rewarded.sum()),
        n_revisit=int(revisit.sum()),
        n_induction=int(following.sum()),
        n_ngram=int(repeated.sum()),
    )


def _ratio(numerator: Doubles, denominator: Doubles) -> Doubles:
    """numerator / denominator, with NaN for 0/0 and inf for x/0, silently."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Doubles = numerator / denominator
    return quotient


def _where(defined: NDArray[np.bool_], values: Doubles) -> Doubles:
    return np.where(defined, values, np.nan)


def _xlogx(p: Doubles) -> Doubles:
    """p ln p with 0 ln 0 = 0; NaN stays NaN."""
    return p * np.log(np.where(p == 0, 1.0, p))


def _moments(context: Doubles, defined: NDArray[np.bool_]) -> tuple[Doubles, Doubles, Doubles, Ints]:
    """Mean, population standard deviation, maximum and its first position, of raw context rows (L, H, n)."""
    if context.shape[-1] == 0:
        nan = np.full(defined.shape, np.nan)
        return nan, nan.copy(), nan.copy(), np.full(defined.shape, -1, np.int64)
    position = np.where(defined, context.argmax(axis=-1), -1).astype(np.int64)
    return context.mean(axis=-1), context.std(axis=-1), context.max(axis=-1), position


def _recent_distant(context: Doubles, defined: NDArray[np.bool_]) -> Doubles:
    """Mean of the last quarter over the mean of the first; a quarter is at least one token."""
    n = context.shape[-1]
    quarter = max(1, n // 4)
    recent = context[..., n - quarter :].sum(axis=-1) if n else np.zeros(defined.shape)
    return _where(defined, _ratio(recent, context[..., :quarter].sum(axis=-1)))


def _holding(p: Doubles, defined: NDArray[np.bool_]) -> Ints:
    """Fewest tokens that hold each level of the mass, (L, H, 4); ties cannot change a count. 0 where undefined."""
    descending = -np.sort(-np.where(defined[..., None], p, 0.0), axis=-1)
    cumulative = descending.cumsum(axis=-1)
    counts = [(cumulative < level - HOLDING_TOLERANCE).sum(axis=-1) + 1 for level in HOLDING]
    return np.where(defined[..., None], np.stack(counts, axis=-1), 0).astype(np.int64)


def _mass_and_lift(p: Doubles, marked: NDArray[np.bool_]) -> tuple[Doubles, Doubles]:
    """p on the marked tokens, and that over their share of the tokens; both NaN where none is marked."""
    if not marked.any():
        nan = np.full(p.shape[:-1], np.nan)
        return nan, nan.copy()
    mass = p[..., marked].sum(axis=-1)
    return mass, mass / marked.mean()


def clearly_attended(p: Doubles) -> NDArray[np.bool_]:
    """(…, n) the transitions with clearly more than their uniform share."""
    return np.asarray(p > CLEARLY / max(1, p.shape[-1]))


def _runs(p: Doubles) -> Doubles:
    """(L, H, n) → (L, H): how many runs of neighbours the clearly attended transitions form, over the number that as
    many at random would, k (n − k + 1) / n for k of n (Wald and Wolfowitz 1940). NaN where there are fewer than two."""
    marked = clearly_attended(p)
    n, k = p.shape[-1], marked.sum(axis=-1)
    if n == 0:
        return np.full(p.shape[:-1], np.nan)
    starts = marked[..., 0] + (marked[..., 1:] & ~marked[..., :-1]).sum(axis=-1)
    return np.where(k > 1, starts / np.maximum(k * (n - k + 1) / n, 1e-9), np.nan)


def _distinct(p: Doubles) -> Doubles:
    """KL of each head's row from the mean row of its layer, nats; NaN with one head, or where a row is undefined."""
    if p.shape[1] < 2:
        return np.full(p.shape[:2], np.nan)
    mean = p.mean(axis=1, keepdims=True)
    each: Doubles = (_xlogx(p) - p * np.log(np.where(mean > 0, mean, 1.0))).sum(axis=-1)
    return np.maximum(each, 0.0)


def _episode_lift(p: Doubles, episode: Ints) -> Doubles:
    """Mass on each episode over its share of the tokens, (L, H, E), oldest episode first."""
    names, members = np.unique(episode, return_inverse=True)
    one_hot = members.reshape(-1, 1) == np.arange(len(names))  # (n, E)
    mass: Doubles = p @ one_hot.astype(np.float64)
    return mass / one_hot.mean(axis=0) if len(names) else mass
