"""Which transitions of a context repeat what is at the query: its state, what followed it, how it was come to.

Numpy only. Induction heads attend to what followed an earlier occurrence of the present token (Olsson et al. 2022,
arXiv 2209.11895), n-gram heads to what followed an earlier occurrence of the last n tokens (Akyürek et al. 2024, arXiv
2401.12973; built into Algorithm Distillation by Zisman et al., arXiv 2411.01958). The present token is here the
query's state, and what an agent did there, got and saw next stands in the transition that starts in it. Two states are
the same where the agent cannot tell them apart: in every world here its observation is its cell, and nothing else.
Vectors are the same where all their numbers are; near ones are not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..records.arrays import Values
from ..records.sample import Sample

Marks = NDArray[np.bool_]


def same_state(states: Values, state: Values) -> Marks:
    """(…,) whether cells (…, 2) are a cell (2,); of vectors, whether every number is the same."""
    return np.asarray((states == state).all(axis=-1))


def revisits(sample: Sample) -> Marks:
    """(n,) the transitions that start in the query's state; none where there is only one state to be in."""
    if sample.stateless:
        return np.zeros(sample.n_context, np.bool_)
    return same_state(sample.states, sample.query_state)


def followers(sample: Sample) -> Marks:
    """(n,) the transitions next after one that starts in the query's state, in the same episode.

    Without those that start in it themselves: an agent that stands still would make both kinds one.
    """
    again = revisits(sample)
    return _after(again, sample) & ~again


def repeats(sample: Sample) -> Marks:
    """(n,) the transitions that start in the query's state and were come to by the same state and action as the query.

    None where the query begins an episode: nothing led to it.
    """
    n = sample.n_context
    if n == 0 or sample.episode[n] != sample.episode[n - 1]:
        return np.zeros(n, np.bool_)
    acted = sample.actions.reshape(n, -1)
    last = same_state(sample.states, sample.states[-1]) & same_state(acted, acted[-1])
    return _after(last, sample) & revisits(sample)


def _after(marked: Marks, sample: Sample) -> Marks:
    """(n,) the transitions next after a marked one, in the same episode."""
    n = sample.n_context
    after = np.zeros(n, np.bool_)
    after[1:] = marked[:-1] & (sample.episode[1:n] == sample.episode[: max(0, n - 1)])
    return after
