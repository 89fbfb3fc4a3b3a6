"""What a timeline is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from ..records.defaults import DEVICE, SEED, TIMELINE_CONTEXTS, TIMELINE_RETURNS


@dataclass(frozen=True)
class Options:
    """What is asked for.

    Attributes:
        device, heads, causal, adapter: see `loading.load_model`.
        context: transitions of a context, None for as many as the model usually sees.
        contexts: how many contexts every checkpoint is measured on.
        reference: step of the checkpoint whose rollouts these are; None for the newest.
        returns: at how many checkpoints, spread evenly, the return is measured; 0 is none.
        histories: the run's HDF5 file, None to look for it.
        fresh: measure anew what the cache has.
    """

    device: str = DEVICE
    heads: int | None = None
    causal: bool | None = None
    adapter: str | None = None
    context: int | None = None
    contexts: int = TIMELINE_CONTEXTS
    reference: int | None = None
    returns: int = TIMELINE_RETURNS
    seed: int = SEED
    histories: str | None = None
    fresh: bool = False
