"""Records that travel between modules and between the two processes: frozen, numpy only, shapes in the docstrings.

Letters: L layers, H heads, n context transitions, N tokens, A actions. In most families N = n + 1 and the last token
is the query; `layout.Layout` says what each token stands for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .layout import TRANSITIONS, Layout
from .run_settings import RunSettings

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """One context as the model sees it: n transitions of one learning history, then the query state.

    Attributes:
        label: where it comes from, for people ("goal (2,4) stream 0 step 120").
        states: (n, 2) int64, grid cells.
        actions: (n,) int64.
        rewards: (n,) float32.
        next_states: (n, 2) int64, as given to the model.
        query_state: (2,) int64.
        episode: (N,) int64, the episode of each token within the history; its last entry is the query's.
        step: (N,) int64, the time step within that episode; its last entry is the query's.
        goal: the goal cell, or None when unknown.
        target_action: the action that the source took at the query, or None when unknown.
        history: index of the learning history; samples with equal `history` are not independent.
    """

    label: str
    states: Ints
    actions: Ints
    rewards: Floats
    next_states: Ints
    query_state: Ints
    episode: Ints
    step: Ints
    goal: tuple[int, int] | None = None
    target_action: int | None = None
    history: int = 0

    @property
    def n_context(self) -> int:
        """Number of context transitions, n."""
        return int(self.actions.shape[0])

    @property
    def n_tokens(self) -> int:
        """Number of tokens, n + 1."""
        return self.n_context + 1

    @property
    def episode_starts(self) -> Ints:
        """Token indices at which a new episode begins, the first token included."""
        changed = np.flatnonzero(np.diff(self.episode)) + 1
        return np.concatenate([np.zeros(1, np.int64), changed]).astype(np.int64)

    def last(self, n: int) -> Sample:
        """The same sample with only the last n transitions of its context."""
        if n == self.n_context:
            return self
        first = self.n_context - n
        return replace(
            self,
            states=self.states[first:],
            actions=self.actions[first:],
            rewards=self.rewards[first:],
            next_states=self.next_states[first:],
            episode=self.episode[first:],
            step=self.step[first:],
        )


@dataclass(frozen=True)
class Attention:
    """What one capture of one sample keeps. Memory is O(L·H·N), never O(L·H·N²).

    Attributes:
        query_row: (L, H, N) float32, attention of the token at which the action is read; each row sums to 1.
        row_entropy: (L, H, N) float64, entropy in nats of every query row over the keys that it can see.
        received: (L, H, N) float64, attention that each key receives, summed over queries and divided by how many
            queries can see it.
        value_norm: (L, H, N) float32, ‖v_j W_O‖ of each key's value after that head's part of the output projection.
        logits: (A,) float32, action logits at the query from the same pass.
    """

    query_row: Floats
    row_entropy: Doubles
    received: Doubles
    value_norm: Floats
    logits: Floats

    @property
    def n_layer(self) -> int:
        return int(self.query_row.shape[0])

    @property
    def n_head(self) -> int:
        return int(self.query_row.shape[1])

    @property
    def n_tokens(self) -> int:
        return int(self.query_row.shape[2])


HOLDING = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class HeadStats:
    """Statistics of the query row of one sample; every array starts with (L, H). NaN where undefined.

    p is the row over the n context transitions that the model sees, renormalised to sum to 1 (definitions: README,
    "What each number means"). A transition of several tokens has the sum of their attention.

    Attributes:
        self_mass: attention of the query on itself.
        other_mass: attention of the query on tokens that stand for no transition: latents, marks; 0 without any.
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
        n_rewarded, n_revisit: how many context transitions are rewarded / start in the query state.
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
    n_rewarded: int
    n_revisit: int


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


@dataclass(frozen=True)
class Insight:
    """One statement about what the model attends to, with its evidence.

    Attributes:
        kind: "recency", "uniform", "sparse", …
        scope: "head", "layer" or "model".
        layer, head: indices from 0, None where the scope is wider.
        sentence: what is claimed, in plain words with the numbers.
        effect: the measured size of the effect, in the unit that the sentence names.
        interval: 95 % bootstrap interval of the effect over independent histories.
        n: number of independent histories.
        threshold: what the effect was compared with.
        caveat: what this does not show.
        suggests: names of the compression strategies worth testing.
        status: "observed", "confirmed", "refuted" or "no evidence".
        n_keys: number of context keys that the threshold was scaled to.
        phase: of the histories that it is about, "explore", "first reward" or "exploit"; "" is all of them.
        withdrawn: said before, and no longer supported by more samples: whoever keeps a list forgets it.
        tested: how the knock-out went, or why there is none, in words; "" before the test.
        knock_out: how much more hiding the transitions that it names moves the actions than hiding as many random
            others: geometric mean of the ratio of the two KL divergences.
        knock_out_interval, knock_out_n: its 95 % interval, and the number of independent histories.
        knock_out_kl: mean KL(p_full ‖ p_without) of the knock-out, nats.
        knock_out_changed, control_changed: share of the samples whose most likely action changes, and the same for the
            random others.
    """

    kind: str
    scope: str
    sentence: str
    effect: float
    interval: tuple[float, float]
    n: int
    threshold: float
    caveat: str
    suggests: tuple[str, ...] = ()
    layer: int | None = None
    head: int | None = None
    status: str = "observed"
    n_keys: int = 0
    phase: str = ""
    withdrawn: bool = False
    tested: str = ""
    knock_out: float = float("nan")
    knock_out_interval: tuple[float, float] = (float("nan"), float("nan"))
    knock_out_n: int = 0
    knock_out_kl: float = float("nan")
    knock_out_changed: float = float("nan")
    control_changed: float = float("nan")

    @property
    def key(self) -> tuple[str, int | None, int | None, str]:
        """What makes it the same statement when its numbers change."""
        return self.kind, self.layer, self.head, self.phase

    @property
    def where(self) -> str:
        """The scope as people say it, counted from 0 like the figures' file names: "L2H3", "L2", "model"."""
        if self.layer is None:
            return "model"
        return f"L{self.layer}" + ("" if self.head is None else f"H{self.head}")


@dataclass(frozen=True)
class KnockOut:
    """What hiding some transitions, or muting a head, does to the action; and what R controls of the same size do.

    Attributes:
        transitions: the context transitions that were hidden; () where a head was muted.
        where: the one head that they were hidden from, or that was muted, (layer, head); (layer, None) is a layer's
            heads, None every head.
        kl: KL(p_full ‖ p_without) of the action distribution, nats.
        changed: whether the most likely action changed.
        control_kl, control_changed: (R,) the same for as many random other transitions, or for other heads muted one by
            one; R is 0 where too few others are left.
        action_before, action_after: the most likely action.
        muted: a head was muted.
    """

    transitions: tuple[int, ...]
    where: tuple[int, int | None] | None
    kl: float
    changed: bool
    control_kl: Doubles
    control_changed: NDArray[np.bool_]
    action_before: int
    action_after: int
    muted: bool = False

    @property
    def excess(self) -> float:
        """kl above the controls' mean; NaN without controls."""
        return self.kl - float(self.control_kl.mean()) if len(self.control_kl) else float("nan")


@dataclass(frozen=True)
class CompressorInfo:
    """A compressor: an attention model of its own, run in rounds, whose latent tokens stand for the oldest transitions.

    Attributes:
        n_layer, n_head: its own sizes.
        n_latents: m, the latent tokens that every round makes.
        rounds: per sample, one layout for each round: the keys that the latents attend to in that round, which are the
            latents of the round before and the tokens of some transitions.
    """

    n_layer: int
    n_head: int
    n_latents: int
    rounds: tuple[tuple[Layout, ...], ...]


@dataclass(frozen=True)
class RunInfo:
    """What the app shows of an opened run.

    Attributes:
        name: the run directory's name.
        path: the checkpoint file.
        step: training step of the checkpoint.
        family: model family ("encoder", …) with its variant in words, e.g. "encoder · pre-norm · causal".
        device: "cpu", "cuda:0", …
        n_context_max: the longest context that the model takes, in transitions.
        parameters: number of weights.
        samples: the contexts on display.
        source: where the samples come from, in words.
        seed: what the samples were drawn with; None where nothing was drawn.
        logit_gap: largest difference between captured and plain logits, on the first sample.
        settings: what the run says of itself, and where.
        notes: things the user should know (overridden head count, missing histories, …).
        layouts: what each token of each sample stands for, in the order of `samples`; empty when every sample has one
            token per transition, then the query.
        compressor: the attention that made latent tokens out of the oldest transitions, or None.
    """

    name: str
    path: str
    step: int
    family: str
    device: str
    n_layer: int
    n_head: int
    d_model: int
    n_actions: int
    n_context_max: int
    parameters: int
    samples: tuple[Sample, ...]
    source: str
    logit_gap: float
    settings: RunSettings
    notes: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()
    compressor: CompressorInfo | None = None
    seed: int | None = None

    def layout(self, sample: int) -> Layout:
        """What the tokens of a sample stand for."""
        return self.layouts[sample] if self.layouts else Layout.plain(self.samples[sample].n_context)


@dataclass(frozen=True)
class Place:
    """One query row of one head (or of the mean over heads) of one sample and layer: where attention is looked at.

    With `round`, it is the compressor's attention in that round: layer and head are the compressor's, and queries are
    its latents.

    Attributes:
        sample, layer: indices from 0.
        head: index from 0, or None for the mean over heads.
        query: a position from 0; asked for as -1, it is the query row.
        unit: "tokens" or "transitions", what a position is.
        round: of the compressor, or None for the model itself.
    """

    sample: int
    layer: int
    head: int | None
    query: int
    unit: str = TRANSITIONS
    round: int | None = None

    def shares_matrix(self, other: Place) -> bool:
        """Whether both are about the same matrix, whatever their rows."""
        return replace(self, query=other.query) == other


@dataclass(frozen=True)
class Frame:
    """What a picture has to fit into, and what part of the matrix it shows.

    Attributes:
        rows, cols: pixels at most.
        window: first query, query end, first key, key end; None is the whole matrix. In a matrix of more than
            `pooling.BASE` positions whose pixels are larger than its blocks, it grows to the edges of these blocks.
    """

    rows: int
    cols: int
    window: tuple[int, int, int, int] | None = None


@dataclass(frozen=True)
class HeadView:
    """What the explorer shows of one head (or the mean over heads) of one sample and layer.

    The matrix has Q queries down and K keys across. Of the model itself both are the N positions of the place's unit;
    of a compressor's round they are its latents and the keys of that round (`CompressorInfo.rounds`).

    Attributes:
        place: what it is about; its query is the row on display, from 0.
        pooled: (R, C) float32, the Q × K matrix, or a window of it, max-pooled to at most the pane's pixels; NaN where
            no query of the block can see any key of the block.
        row_edges: (R + 1,) int64, positions that bound the pooled rows; col_edges: (C + 1,) likewise. They begin at 0
            and end at Q and K unless a window is shown.
        peak: (R, C, 2) int64, (query, key) of each block's maximum; (-1, -1) where pooled is NaN.
        query_row: (K,) float32, attention of the place's query on every key.
        received: (K,) float32, attention received per key, per query that can see it.
        row_entropy: (Q,) float32, nats; of a transition's row, over the tokens that its state token sees.
    """

    place: Place
    pooled: Floats
    row_edges: Ints
    col_edges: Ints
    peak: Ints
    query_row: Floats
    received: Floats
    row_entropy: Floats

    @property
    def exact(self) -> bool:
        """True when every pixel is one (query, key) pair."""
        rows, cols = self.row_edges, self.col_edges
        return self.pooled.shape == (int(rows[-1] - rows[0]), int(cols[-1] - cols[0]))

    @property
    def shows_ranks(self) -> bool:
        """True when every pixel is one pair and rows are whole, so that a weight's rank can be read off the picture."""
        return self.exact and self.pooled.shape[1] == self.query_row.shape[0]


@dataclass(frozen=True)
class CellInfo:
    """One attention weight: value, its rank in its row (1 is the largest) and the number of keys the query sees."""

    place: Place
    key: int
    value: float
    rank: int
    visible: int


@dataclass(frozen=True)
class Sheet:
    """Thumbnails of every head of one sample.

    Attributes:
        thumbnails: (L, H, h, w) float32, max-pooled like HeadView.pooled, NaN where masked.
        entropy_norm: (L, H) float64, H(p)/ln n of the query row, for the captions.
        unit: "tokens" or "transitions", see Place.
    """

    sample: int
    thumbnails: Floats
    entropy_norm: Doubles
    unit: str = TRANSITIONS
