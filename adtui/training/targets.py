"""Targets with compression in the loop: the model learns from contexts as a strategy leaves them.

A context of up to K transitions is left whole by every strategy that keeps exactly K: those targets come from one pass
of parallel queries over a window's first steps. Later ones are drawn: some times t, and for each the K transitions
that the strategy keeps of the t before it, re-indexed, as one sequence with its query. The times are shared by a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..compression.choice import Choice, choose
from ..compression.strategies.base import Contexts
from ..models.families.encoder import Encoder
from .windows import TrainingBatch

QUERIES = 16
"""Times drawn from a window, beside its first K."""


@dataclass(frozen=True)
class Targets:
    """Logits and what they should be, both (B, T, A), and the steps t of the windows that they are about, (T,)."""

    logits: Tensor
    probabilities: Tensor
    steps: NDArray[np.int64]


def compressed_targets(
    network: Encoder,
    windows: TrainingBatch,
    choice: Choice,
    horizon: int,
    rng: np.random.Generator,
    device: torch.device,
) -> Targets:
    """Targets at every t ≤ K and at QUERIES times after that.

    Args:
        choice: a strategy that keeps exactly its budget K and needs nothing of the model (`TrainSettings` sees to it).
        horizon: steps per episode, for strategies that look at episodes.
        rng: draws the times, and drives strategies of chance.
    """
    B, n = windows.actions.shape
    whole = min(choice.limit(n - 1) + 1, n)  # targets whose contexts are left whole

    def there(values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(device)

    parts = (windows.states, windows.actions, windows.rewards, windows.next_states)
    logits = [network.parallel_logits(*(there(part[:, :whole]) for part in parts))]
    later = np.arange(whole, n)
    times = np.sort(rng.choice(later, min(QUERIES, len(later)), replace=False))
    if len(times):
        episode = (windows.starts[:, None] + np.arange(n)) // horizon
        rows = np.arange(B)[:, None]
        chosen = []
        for t in times.tolist():
            contexts = Contexts(
                windows.states[:, :t],
                windows.actions[:, :t],
                windows.rewards[:, :t],
                windows.next_states[:, :t],
                windows.states[:, t],
                episode[:, :t],
            )
            chosen.append(np.nonzero(choose(choice, contexts, rng))[1].reshape(B, -1))
        at = np.concatenate(chosen)  # (T · B, K), the times one after the other
        row = np.tile(rows, (len(times), 1))
        queries = windows.states[:, times].swapaxes(0, 1).reshape(-1, 2)
        found = network(*(there(part[row, at]) for part in parts), there(queries))
        logits.append(found.view(len(times), B, -1).transpose(0, 1))
    steps = np.concatenate([np.arange(whole), times]).astype(np.int64)
    return Targets(torch.cat(logits, dim=1), there(windows.probabilities[:, steps]), steps)
