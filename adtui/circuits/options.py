"""What a search for a circuit is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from ..records.defaults import CIRCUIT_CONTEXTS, CIRCUIT_SHARE, DEVICE, EPISODES, SEED, TRIAL_STREAMS


@dataclass(frozen=True)
class Options:
    """What is asked for.

    Attributes:
        device, heads, causal, adapter: see `loading.load_model`.
        context: transitions of a full context, None for as many as the model usually sees.
        contexts: how many contexts sets of heads are compared on, and rooms that means are taken from.
        exhaustive: also try every set of heads.
        share: of the full model's return, to be kept.
        streams, episodes: histories per held-out goal, and episodes of each.
        histories: the HDF5 file of a run that cannot be rolled out, None to look for it.
        workers: threads that roll out side by side; the numbers do not depend on it.
        world: MODULE:FACTORY of environments to act in instead of the run's own.
    """

    device: str = DEVICE
    heads: int | None = None
    causal: bool | None = None
    adapter: str | None = None
    context: int | None = None
    contexts: int = CIRCUIT_CONTEXTS
    exhaustive: bool = False
    share: float = CIRCUIT_SHARE
    streams: int = TRIAL_STREAMS
    episodes: int = EPISODES
    seed: int = SEED
    histories: str | None = None
    workers: int = 1
    world: str | None = None
