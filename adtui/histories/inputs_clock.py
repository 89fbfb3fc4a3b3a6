"""When the episodes of contexts out of a file end: contexts begin anywhere, so that only their resets tell."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..records.arrays import Ints, Values
from ..records.sample import Sample
from .borders import Seen, fits, seen


def clocks_of(
    states: Values, actions: Values, next_states: Values, queries: Values, size: int | None, horizon: int
) -> list[tuple[Ints, Ints]]:
    """(episode, step) of the n + 1 tokens of each of B contexts.

    Episodes lie every `horizon` steps, so as to agree with the resets that show in a context; where they cannot, every
    so many steps as all contexts agree upon, else from one reset that shows to the next. A context in which none shows
    is one episode.

    Args:
        states, next_states: (B, n, S); actions: (B, n) or (B, n, D); queries: (B, S).
        size: of the grid; None where states are vectors.
    """
    looks = []
    for i in range(len(states)):
        tokens = np.concatenate([states[i], queries[i][None]])[:, None]
        acted, after = (np.concatenate([one[i], one[i][-1:]])[:, None] for one in (actions, next_states))
        looks.append(seen(tokens, acted, after, size, begun=False))
    if not all(_agrees(horizon, look) for look in looks):
        apart = math.gcd(*(int(gap) for look in looks for gap in np.diff(look.times)))
        horizon = apart if apart > 1 and all(_agrees(apart, look) for look in looks) else 0
    return [_clock(look, horizon) for look in looks]


def _agrees(horizon: int, look: Seen) -> bool:
    """Whether episodes of this length could have left what is seen, wherever the first one began."""
    return not len(look.times) or fits(horizon, [look], int(look.times[0]) % horizon)


def _clock(look: Seen, horizon: int) -> tuple[Ints, Ints]:
    """The clock of one context; horizon 0 where its episodes have no common length."""
    time = np.arange(len(look.ended) + 1, dtype=np.int64)
    if not len(look.times):
        return np.zeros_like(time), time
    if not horizon:
        starts = np.concatenate([[0], look.times]).astype(np.int64)
        episode = np.searchsorted(starts, time, side="right").astype(np.int64) - 1
        return episode, time - starts[episode]
    first = int(look.times[0]) % horizon
    shift = math.ceil(first / horizon) * horizon - first  # steps of the first episode that lie before the context
    return (time + shift) // horizon, (time + shift) % horizon


def episode_notes(name: str, samples: Sequence[Sample], horizon: int) -> tuple[str, ...]:
    """What users should know of the episodes of contexts out of a file, a line each.

    Args:
        horizon: steps of an episode, as the run says.
    """
    whole: set[int] = set()
    longest, silent = 0, 0
    for sample in samples:
        starts = sample.episode_starts
        if len(starts) == 1:
            silent += sample.n_tokens > horizon
            continue
        whole |= {int(length) for length in np.diff(starts)[int(sample.step[0] > 0) :]}
        longest = max(longest, int(sample.step.max()) + 1)
    notes = []
    if whole - {horizon} or longest > horizon:
        told = f"episodes of {name} do not all have the {horizon} steps that the run's settings say"
        if whole:
            least, most = min(whole), max(whole)
            told += f", but {least}" + (f" to {most}" if most > least else "")
        notes.append(f"{told}: what the file shows counts")
    if silent:
        found = f"no end of an episode shows in {silent} of the {len(samples)} contexts of {name}"
        notes.append(f"{found}, longer than the {horizon} steps of one: each counts as one episode")
    return tuple(notes)
