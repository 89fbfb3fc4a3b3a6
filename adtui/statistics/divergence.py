"""How far one distribution is from another."""

from __future__ import annotations

import numpy as np

from ..records.arrays import Doubles, Floats


def divergence(full: Floats, other: Floats) -> Doubles:
    """(…) KL(p ‖ q) in nats, never below 0, of the distributions that logits (…, A) give; their shapes broadcast."""
    log_p, log_q = log_probabilities(full), log_probabilities(other)
    found: Doubles = (np.exp(log_p) * (log_p - log_q)).sum(axis=-1)
    return np.maximum(found, 0.0)


def log_probabilities(logits: Floats) -> Doubles:
    """(…, A) logits → logarithms of the probabilities that they give."""
    wide = logits.astype(np.float64)
    out: Doubles = wide - np.logaddexp.reduce(wide, axis=-1, keepdims=True)
    return out


def jensen_shannon(p: Doubles, q: Doubles) -> Doubles:
    """(…) Jensen-Shannon divergence of distributions (…, n), over its maximum ln 2: from 0 to 1; shapes broadcast."""
    middle = (p + q) / 2
    found: Doubles = ((_relative(p, middle) + _relative(q, middle)) / 2).sum(axis=-1) / np.log(2)
    return np.clip(found, 0.0, 1.0)


def _relative(p: Doubles, q: Doubles) -> Doubles:
    """p ln(p / q), 0 where p is."""
    positive = p > 0
    ratio = np.where(positive, p, 1.0) / np.where(positive, q, 1.0)
    found: Doubles = np.where(positive, p, 0.0) * np.log(ratio)
    return found
