"""The worlds that are known, by the names that users' configs give them."""

from __future__ import annotations

from .darkroom import DarkRoom
from .key_to_door import KeyToDoor
from .permuted import PermutedDarkRoom
from .public_rooms import ADEpsDarkRoom, DPTDarkRoom
from .world import World

#: Name in a config → the world. Another world is one line here.
WORLDS: dict[str, type[World]] = {
    name: world for world in (DarkRoom, PermutedDarkRoom, KeyToDoor, DPTDarkRoom, ADEpsDarkRoom) for name in world.NAMES
}


def make_world(env: str, size: int, horizon: int | None = None, seed: int = 0) -> World:
    """The world of a name, with the users' own horizon where none is given; KeyError for a name that is not known."""
    kind = WORLDS[env]
    return kind(env, size, kind.HORIZON if horizon is None else horizon, seed)
