"""What the probes are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from ..records.defaults import DEVICE, PROBE_HISTORIES, SEED


@dataclass(frozen=True)
class Options:
    """What is asked for.

    Attributes:
        device, heads, causal, adapter: see `loading.load_model`.
        context: transitions of every context, None for as many as the model usually sees.
        samples: histories; each gives a few contexts. Every task has equally many.
        paths: whether rewards are to be followed through the heads.
        world: MODULE:FACTORY of environments to act in instead of the run's own.
    """

    device: str = DEVICE
    heads: int | None = None
    causal: bool | None = None
    adapter: str | None = None
    context: int | None = None
    samples: int = PROBE_HISTORIES
    seed: int = SEED
    paths: bool = True
    world: str | None = None
