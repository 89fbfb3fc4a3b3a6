"""How far one distribution of actions is from another."""

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
