"""CPU-seconds of our figures against a seaborn baseline of the same shapes, sizes and resolution, run in turn.

    python benchmarks/figures.py [--rounds 3] [--samples 5] [--layers 4]

The baseline does what the AD code's attention script does for each figure: `seaborn.heatmap` per head on a 14 × 10 inch
grid, curves and bars on 14 × 6, four 30-bin histograms on 14 × 10, `tight_layout`, and `savefig` at 300 dpi with
`bbox_inches="tight"`. Both write into a temporary directory. seaborn comes with `pip install --group bench`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from adtui.records.arrays import Floats
from adtui.records.attention import Attention
from adtui.records.axis import Axis
from adtui.records.sample import Sample
from adtui.reports.export import Exhibit, export_all
from adtui.statistics.heads import sample_stats

H, N, HORIZON = 4, 80, 20


def random_sample(index: int) -> Sample:
    """A context of random transitions."""
    rng = np.random.default_rng(index)
    time_steps = np.arange(N) + 7 * index
    return Sample(
        label=f"random {index}",
        states=rng.integers(0, 9, (N - 1, 2)),
        actions=rng.integers(0, 5, N - 1),
        rewards=(rng.random(N - 1) < 0.1).astype(np.float32),
        next_states=rng.integers(0, 9, (N - 1, 2)),
        query_state=rng.integers(0, 9, 2),
        episode=time_steps // HORIZON,
        step=time_steps % HORIZON,
        history=index,
    )


def attention_of(sample: int, layer: int) -> Floats:
    """(H, N, N) causal attention, spiky as trained heads are."""
    scores = np.random.default_rng((sample, layer)).normal(scale=2.0, size=(H, N, N))
    scores[:, np.triu(np.ones((N, N), bool), 1)] = -np.inf
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), np.float32)


def exhibit(n_samples: int, n_layers: int) -> Exhibit:
    """Our input: the records that a session would have."""
    samples = [random_sample(index) for index in range(n_samples)]
    seen_by = np.arange(N, 0, -1)
    attentions = []
    for index in range(n_samples):
        layers = np.stack([attention_of(index, layer) for layer in range(n_layers)])
        attentions.append(
            Attention(
                query_row=layers[:, :, -1],
                row_entropy=np.zeros((n_layers, H, N)),
                received=layers.sum(axis=2) / seen_by,
                value_norm=np.ones((n_layers, H, N), np.float32),
                logits=np.zeros(5, np.float32),
            )
        )
    stats = [sample_stats(a, s) for a, s in zip(attentions, samples, strict=True)]
    return Exhibit(
        "random", [Axis.plain(sample) for sample in samples], attentions, stats, attention_of, range(n_layers)
    )


def ours(what: Exhibit, directory: Path) -> int:
    """Every figure but the overview, which the baseline does not have."""
    return sum(1 for path in export_all(what, directory) if path.name != "overview.png")


def baseline(what: Exhibit, directory: Path) -> int:
    """The same figures by seaborn and pyplot."""
    import matplotlib.pyplot as plt
    import seaborn

    count = 0

    def save(name: str) -> None:
        nonlocal count
        plt.tight_layout()
        plt.savefig(directory / name, dpi=300, bbox_inches="tight")
        plt.close()
        count += 1

    for layer in what.layers:
        for sample in range(len(what.axes)):
            heads = attention_of(sample, layer)
            figure, axes = plt.subplots(2, 2, figsize=(14, 10))
            for head, ax in enumerate(axes.flat):
                seaborn.heatmap(heads[head], cmap="Reds", ax=ax, cbar=True, xticklabels=False, yticklabels=False)
                ax.set(title=f"Head {head}", xlabel="Key position", ylabel="Query position")
            figure.suptitle("Attention", fontsize=16, y=1.02)
            save(f"heatmap_{sample}_{layer}.png")
            mean = heads.mean(axis=0)
            figure, (left, right) = plt.subplots(1, 2, figsize=(14, 6))
            left.plot(mean[-1], marker="o", linewidth=2, markersize=4)
            right.bar(range(N), mean.mean(axis=0), alpha=0.7)
            for ax in (left, right):
                ax.grid(visible=True, alpha=0.3)
                ax.axvline(N - 1, color="r", linestyle="--", label="query")
                ax.legend()
            save(f"lines_{sample}_{layer}.png")
        figure, axes = plt.subplots(2, 2, figsize=(14, 10))
        seed = [s.seed[layer] for s in what.stats]
        columns = ("mean_context_attention", "std", "entropy", "recent_distant_ratio")
        for ax, column in zip(axes.flat, columns, strict=True):
            values = [getattr(s, column) for s in seed]
            ax.hist(values, bins=30, alpha=0.7, edgecolor="black")
            ax.axvline(np.mean(values), color="r", linestyle="--", label="mean")
            ax.legend()
        save(f"summary_{layer}.png")
    return count


def cpu_seconds(draw: Callable[[Exhibit, Path], int], what: Exhibit) -> tuple[float, int]:
    """CPU time of this process and the number of figures."""
    with tempfile.TemporaryDirectory() as directory:
        start = time.process_time()
        count = draw(what, Path(directory))
        return time.process_time() - start, count


def main() -> int:
    parser = argparse.ArgumentParser(description="our figures against a seaborn baseline, in CPU-seconds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--layers", type=int, default=4)
    args = parser.parse_args()
    try:
        import seaborn  # noqa: F401
    except ImportError:
        print("the baseline needs seaborn: pip install --group bench", file=sys.stderr)
        return 1
    what = exhibit(args.samples, args.layers)
    cpu_seconds(ours, exhibit(1, 1))  # fonts and colour maps are loaded once, outside the measurement
    cpu_seconds(baseline, exhibit(1, 1))
    rows = []
    for number in range(1, args.rounds + 1):
        (mine, n_mine), (theirs, n_theirs) = cpu_seconds(ours, what), cpu_seconds(baseline, what)
        assert n_mine == n_theirs, (n_mine, n_theirs)
        rows.append((mine, theirs))
        print(f"round {number}: {n_mine} figures: ours {mine:.2f} s, seaborn {theirs:.2f} s, ratio {mine / theirs:.3f}")
    mine, theirs = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio = statistics.median(m / t for m, t in rows)
    print(
        f"median: ours {mine:.2f} s, seaborn {theirs:.2f} s, ratio {ratio:.3f} (target 0.25), plus our overview sheet"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
