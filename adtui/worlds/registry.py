"""The worlds that are known, by the names that users' configs give them."""

from __future__ import annotations

from .bandit import REWARD_STD, Bandit
from .darkroom import DarkRoom
from .key_to_door import KeyToDoor
from .permuted import PermutedDarkRoom
from .public_rooms import ADEpsDarkRoom, DPTDarkRoom
from .world import NUM_ACTIONS, World

#: Name in a config → the world. Another world is one line here.
WORLDS: dict[str, type[World]] = {
    name: world
    for world in (DarkRoom, PermutedDarkRoom, KeyToDoor, DPTDarkRoom, ADEpsDarkRoom, Bandit)
    for name in world.NAMES
}


def make_world(
    env: str,
    size: int,
    horizon: int | None = None,
    seed: int = 0,
    num_actions: int = NUM_ACTIONS,
    reward_std: float = REWARD_STD,
) -> World:
    """The world of a name, with the users' own horizon where none is given; KeyError for a name that is not known.

    Args:
        num_actions, reward_std: of bandits, which have no size; of other worlds `size` alone counts.
    """
    return WORLDS[env].of(env, size, horizon, seed, num_actions, reward_std)
