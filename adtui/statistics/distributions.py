"""How far what a model would do is from what it would do otherwise, for every kind of action head.

- categorical: KL in nats between the probabilities; and the change of the logit difference.
- Gaussian: KL in nats between two Gaussians with independent numbers; and the largest shift of a mean.
- deterministic: the squared distance, summed over the numbers of the action; and the largest shift of a number. Both
  in units of each number's standard deviation over the context: between Gaussians of that spread the KL is half of it.

A number that does not vary over the context (or a context of one transition) has no such unit: there its own is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..records.action_head import CATEGORICAL, GAUSSIAN, ActionHead
from ..records.arrays import Doubles, Floats, Ints
from ..records.sample import Sample
from .divergence import divergence, log_probabilities

CONSTANT = 1e-6
"""A standard deviation below it is none."""


class Distribution(Protocol):
    """What outputs (…, K) of one context say of the action, beside one another."""

    def divergence(self, full: Floats, other: Floats) -> Doubles:
        """(…) how far `other` is from `full`, never below 0; their shapes broadcast."""

    def change(self, outputs: Floats) -> Doubles:
        """(V, K) → (V,) how far each is from the first row by the second metric."""

    def told(self, outputs: Floats) -> Doubles:
        """(…, K) as people read them: probabilities; means, then standard deviations; the numbers."""

    def likeliest(self, outputs: Floats) -> Ints | None:
        """(…) the likeliest action; None where it is none of several."""


class Categorical:
    """Logits of single actions."""

    def divergence(self, full: Floats, other: Floats) -> Doubles:
        return divergence(full, other)

    def change(self, outputs: Floats) -> Doubles:
        return logit_changes(outputs)

    def told(self, outputs: Floats) -> Doubles:
        chances: Doubles = np.exp(log_probabilities(outputs))
        return chances

    def likeliest(self, outputs: Floats) -> Ints | None:
        return np.asarray(outputs.argmax(axis=-1), np.int64)


@dataclass(frozen=True)
class Gaussian:
    """Means (…, D) and logarithms of variances (…, D), one after the other; `scale` (D,) is of the context."""

    scale: Doubles

    def divergence(self, full: Floats, other: Floats) -> Doubles:
        mean, log_var = _halves(full)
        mean_2, log_var_2 = _halves(other)
        narrower = log_var - log_var_2
        apart = np.exp(narrower) + (mean - mean_2) ** 2 * np.exp(-log_var_2)
        found: Doubles = 0.5 * (apart - 1 - narrower).sum(axis=-1)
        return np.maximum(found, 0.0)

    def change(self, outputs: Floats) -> Doubles:
        return _largest_shift(_halves(outputs)[0], self.scale)

    def told(self, outputs: Floats) -> Doubles:
        mean, log_var = _halves(outputs)
        return np.concatenate([mean, np.exp(log_var / 2)], axis=-1)

    def likeliest(self, outputs: Floats) -> Ints | None:
        del outputs
        return None


@dataclass(frozen=True)
class Deterministic:
    """The action itself (…, D); `scale` (D,) is of the context."""

    scale: Doubles

    def divergence(self, full: Floats, other: Floats) -> Doubles:
        apart = (full.astype(np.float64) - other.astype(np.float64)) / self.scale
        found: Doubles = (apart**2).sum(axis=-1)
        return found

    def change(self, outputs: Floats) -> Doubles:
        return _largest_shift(outputs.astype(np.float64), self.scale)

    def told(self, outputs: Floats) -> Doubles:
        return outputs.astype(np.float64)

    def likeliest(self, outputs: Floats) -> Ints | None:
        del outputs
        return None


def distribution(head: ActionHead, sample: Sample) -> Distribution:
    """Of a head's outputs at one context, whose actions give the units."""
    if head.kind == CATEGORICAL:
        return Categorical()
    scale = action_scale(sample)
    return Gaussian(scale) if head.kind == GAUSSIAN else Deterministic(scale)


def action_scale(sample: Sample) -> Doubles:
    """(D,) the standard deviation of each number of the action over the context; 1 where it does not vary."""
    actions = np.asarray(sample.actions, np.float64)
    spread = actions.std(axis=0) if len(actions) else np.zeros(actions.shape[1])
    return np.where(spread > CONSTANT, spread, 1.0)


def logit_changes(logits: Floats) -> Doubles:
    """(V, A) logits → (V,) how far the logit difference is from the first row's, either way.

    The difference is that of the first row's likeliest action from the mean of all others. Zhang & Nanda take one
    other answer; here none is the wrong one, and which is second may hang on a hair.
    """
    wide = logits.astype(np.float64)
    best, A = int(wide[0].argmax()), wide.shape[1]
    difference = wide[:, best] - (wide.sum(axis=1) - wide[:, best]) / max(1, A - 1)
    change: Doubles = np.abs(difference - difference[0])
    return change


def _halves(outputs: Floats) -> tuple[Doubles, Doubles]:
    wide = outputs.astype(np.float64)
    half = wide.shape[-1] // 2
    return wide[..., :half], wide[..., half:]


def _largest_shift(means: Doubles, scale: Doubles) -> Doubles:
    """(V, D) → (V,) of the numbers of the action, the largest distance from the first row's, in units of its scale."""
    shift: Doubles = (np.abs(means - means[0]) / scale).max(axis=-1)
    return shift
