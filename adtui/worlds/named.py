"""A world of the user's by its name: where trials, circuits and probes let a model act instead of in its run's own."""

from __future__ import annotations

from typing import Protocol

from ..records.action_head import ActionHead
from ..records.run_settings import RunSettings
from .settings import Arena


class Acting(Protocol):
    """What has to be known of a model that acts.

    Attributes:
        vector_size: numbers of a state; 0 where states are cells.
        sizes: of it `grid_size`, where the weights tell one.
    """

    @property
    def head(self) -> ActionHead: ...

    @property
    def vector_size(self) -> int: ...

    @property
    def sizes(self) -> dict[str, int]: ...


def arena_named(world: str, model: Acting, settings: RunSettings) -> Arena:
    """The tasks of MODULE:FACTORY, which is imported and run.

    Raises:
        ConfigError: see `factory_world.arena_in`.
    """
    from .factory_world import arena_in  # gymnasium, and the user's code

    return arena_in(world, model.head, model.vector_size, model.sizes.get("grid_size"), settings)
