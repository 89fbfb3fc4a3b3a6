"""Small records for the panes' tests: ten transitions in two episodes, and attention made by hand."""

from __future__ import annotations

import numpy as np

from adtui.records.attention import HeadView, Sheet
from adtui.records.axis import Axis
from adtui.records.insight import Insight
from adtui.records.place import Place
from adtui.records.run import RunInfo
from adtui.records.sample import Sample
from adtui.records.statistics import HeadStats, SampleStats, SeedStats
from adtui.worlds.settings import run_settings

N_CONTEXT = 10
N = N_CONTEXT + 1


def sample(n: int = N_CONTEXT, horizon: int = 6) -> Sample:
    """Walks down the first column; the transition that ends each episode is rewarded."""
    token = np.arange(n + 1)
    steps = token % horizon
    states = np.stack([steps, np.zeros_like(steps)], axis=1)
    return Sample(
        label="goal (5,0)",
        states=states[:n],
        actions=np.zeros(n, np.int64),
        rewards=(steps[:n] == horizon - 1).astype(np.float32),
        next_states=states[:n] + np.array((1, 0)),
        query_state=states[n],
        episode=token // horizon,
        step=steps,
    )


def axis(n: int = N_CONTEXT, horizon: int = 6) -> Axis:
    """The sample's tokens."""
    return Axis.plain(sample(n, horizon))


def attention(n: int = N, causal: bool = True) -> np.ndarray:
    """(n, n) float32: key j gets 1, 2, 3 … of the row's sum; NaN after the query where causal."""
    weights = np.tile(np.arange(1, n + 1, dtype=np.float32), (n, 1))
    if causal:
        weights[np.triu_indices(n, 1)] = np.nan
    return np.asarray(weights / np.nansum(weights, axis=1, keepdims=True), np.float32)


def view(
    matrix: np.ndarray | None = None,
    block: int = 1,
    query: int = -1,
    layer: int = 0,
    head: int = 0,
    window: tuple[int, int, int, int] | None = None,
) -> HeadView:
    """A view of the matrix, or of a window of it, with block × block pixels."""
    matrix = attention() if matrix is None else matrix
    n = len(matrix)
    top, bottom, left, right = window or (0, n, 0, n)
    down = np.append(np.arange(top, bottom, block), bottom).astype(np.int64)
    across = np.append(np.arange(left, right, block), right).astype(np.int64)
    shape = len(down) - 1, len(across) - 1
    pooled, peak = np.full(shape, np.nan, np.float32), np.full((*shape, 2), -1, np.int64)
    for r, c in np.ndindex(*shape):
        part = matrix[down[r] : down[r + 1], across[c] : across[c + 1]]
        if np.isfinite(part).any():
            at = np.unravel_index(int(np.nanargmax(part)), part.shape)
            pooled[r, c], peak[r, c] = part[at], (down[r] + at[0], across[c] + at[1])
    row = np.nan_to_num(matrix[query]).astype(np.float32)
    return HeadView(Place(0, layer, head, query % n), pooled, down, across, peak, row, np.nanmean(matrix, 0), row)


def sheet(layers: int = 2, heads: int = 3, size: int = 4) -> Sheet:
    """Every thumbnail is the same triangle; entropies differ."""
    picture = attention(size)
    entropy = np.linspace(0.1, 0.9, layers * heads).reshape(layers, heads)
    return Sheet(0, np.broadcast_to(picture, (layers, heads, size, size)).copy(), entropy)


def head_stats(layers: int = 1, heads: int = 2, scale: float = 1.0) -> HeadStats:
    """Every number is its place in the list times `scale`, head 1 twice as much as head 0."""
    grow = np.arange(1, heads + 1) * np.ones((layers, 1)) * scale
    integer = grow.astype(np.int64)
    return HeadStats(
        self_mass=0.01 * grow,
        other_mass=0.0 * grow,
        entropy=2 * grow,
        entropy_norm=0.4 * grow,
        effective=7 * grow,
        mean=0.09 * grow,
        std=0.0004 * grow,
        max=0.2 * grow,
        max_position=integer * 3,
        recent_distant=1.5 * grow,
        log_recent_distant=np.log(1.5 * grow),
        mean_lag=4 * grow,
        sink_mass=0.0 * grow,
        holding=integer[..., None] * np.array((1, 2, 3, 4)),
        rewarded_mass=0.3 * grow,
        rewarded_lift=1.2 * grow,
        revisit_mass=np.nan * grow,
        revisit_lift=np.nan * grow,
        episode_lift=grow[..., None] * np.array((0.5, 1.0)),
        landmark_lift=2 * grow,
        runs=0.5 * grow,
        distinct=0.1 * grow,
        induction_lift=np.nan * grow,
        ngram_lift=np.nan * grow,
        n_rewarded=1,
        n_revisit=0,
        n_induction=0,
        n_ngram=0,
    )


def sample_stats() -> SampleStats:
    seed = SeedStats(80, 79, 0.0122, 0.0026, 18, 0.65, 4.2374)
    return SampleStats(head_stats(), head_stats(scale=2.0), (seed,))


def insight(kind: str = "recency", **changes: object) -> Insight:
    values: dict[str, object] = {
        "kind": kind,
        "scope": "layer",
        "sentence": "Layer 2 looks at the recent past.",
        "effect": 2.81,
        "interval": (2.1, 3.6),
        "n": 5,
        "threshold": 2.0,
        "caveat": "One checkpoint.",
        "suggests": ("recent-K",),
        "layer": 2,
    }
    return Insight(**{**values, **changes})  # type: ignore[arg-type]


def run_info() -> RunInfo:
    return RunInfo(
        name="demo",
        path="runs/demo/ckpt-9000.pt",
        step=9000,
        family="encoder",
        device="cpu",
        n_layer=2,
        n_head=3,
        d_model=16,
        n_actions=5,
        n_context_max=N_CONTEXT,
        parameters=1000,
        samples=(sample(), sample()),
        source="rollouts",
        logit_gap=0.0,
        settings=run_settings({}),
    )
