"""What of a context's statistics means something in a run's world."""

from __future__ import annotations

from ..records.run_settings import RunSettings
from .settings import world_of


def stateless(settings: RunSettings) -> bool:
    """Whether the run's world has no states to tell apart: see `Sample.stateless`."""
    world = world_of(settings)
    return world is not None and not world.STATES


def without_meaning(settings: RunSettings) -> tuple[str, ...]:
    """What of the statistics does not apply in the run's world; () in rooms of cells."""
    world = world_of(settings)
    if world is None or world.STATES:
        return ()
    lines = ["bandits have one state: nothing is said of equal states, places or phases of learning"]
    if not world.marked:
        lines.append("pulls pay sums of all sizes: no transition counts as rewarded, and reward-seeking does not apply")
    return tuple(lines)
