"""Statistics of the query row of one sample, per head and as the users' script has them."""

from __future__ import annotations

from dataclasses import dataclass

from .arrays import Doubles, Ints

HOLDING = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class HeadStats:
    """Statistics of the query row of one sample; every array starts with (L, H). NaN where undefined.

    p is the row over the n context transitions that the model sees, renormalised to sum to 1 (definitions: README,
    "What each number means"). A transition of several tokens has the sum of their attention.

    Attributes:
        self_mass: attention of the query on itself.
        other_mass: attention of the query on tokens that stand for no transition: latents, marks, a flow's; 0 without.
        entropy: H(p), nats.
        entropy_norm: H(p) / ln n, in [0, 1].
        effective: e^H, effective number of positions.
        mean, std, max: of the raw row over the context keys.
        max_position: int64, context index of the maximum.
        recent_distant: mean of the last quarter / mean of the first quarter.
        log_recent_distant: its natural logarithm.
        mean_lag: Σ p_j (n − j), in tokens; 1 is the token just before the query.
        sink_mass: p on the first token.
        holding: (L, H, 4) int64, fewest tokens that hold 50, 80, 90 and 95 % of p.
        rewarded_mass, rewarded_lift: p on transitions with reward > 0, and that over their uniform share.
        revisit_mass, revisit_lift: p on transitions whose state is the query state, and that over the uniform share.
        episode_lift: (L, H, E), mass on each episode over its uniform share, episodes in order of time.
        landmark_lift: the most that one transition receives, over what uniform attention would give it; the first
            transition and the newest quarter do not count.
        runs: number of runs of neighbours that the transitions with clearly more than their uniform share form, over
            the number that as many transitions at random would form; NaN where attention leans to one end.
        distinct: KL(p ‖ the mean p of the layer's heads), nats; its mean over heads is their Jensen-Shannon divergence.
        induction_lift: p on the transitions next after one that starts in the query state, over their uniform share.
        ngram_lift: the same of those that start in the query state after the state and action that led to the query.
        n_rewarded, n_revisit, n_induction, n_ngram: how many context transitions are rewarded, start in the query
            state, follow one that does, and repeat how it was come to.
    """

    self_mass: Doubles
    other_mass: Doubles
    entropy: Doubles
    entropy_norm: Doubles
    effective: Doubles
    mean: Doubles
    std: Doubles
    max: Doubles
    max_position: Ints
    recent_distant: Doubles
    log_recent_distant: Doubles
    mean_lag: Doubles
    sink_mass: Doubles
    holding: Ints
    rewarded_mass: Doubles
    rewarded_lift: Doubles
    revisit_mass: Doubles
    revisit_lift: Doubles
    episode_lift: Doubles
    landmark_lift: Doubles
    runs: Doubles
    distinct: Doubles
    induction_lift: Doubles
    ngram_lift: Doubles
    n_rewarded: int
    n_revisit: int
    n_induction: int
    n_ngram: int


@dataclass(frozen=True)
class SeedStats:
    """What the users' present script prints for one sample and layer: head-averaged, their arithmetic, their names."""

    sequence_length: int
    context_tokens: int
    mean_context_attention: float
    std: float
    max_position: int
    recent_distant_ratio: float
    entropy: float


@dataclass(frozen=True)
class SampleStats:
    """All statistics of one sample: per head, value-weighted per head, and the seed set per layer (length L)."""

    plain: HeadStats
    weighted: HeadStats
    seed: tuple[SeedStats, ...]
