"""What the actions of a file do, where that is not what they do in the run's world."""

from __future__ import annotations

from ..records.sample import ARROWS, DOES
from ..worlds.world import MOVES, World
from .file import HistoryFile
from .looks import some


def other_moves(file: HistoryFile, world: World) -> tuple[str, str] | None:
    """(what each action does, drawn; a line that says so), where all tasks looked at show the same, and another than
    the world's; else None, as in worlds whose tasks differ in it.
    """
    if (does := world.does(None)) is None:
        return None
    own = "".join(ARROWS[move] for move in does.tolist())
    seen = [look.ways.does for task in some(file.tasks) if (look := file.clock.look(task)) is not None]
    drawn = {
        "".join(ARROWS[MOVES.tolist().index(one)] for one in moves.tolist()) for moves in seen if moves is not None
    }
    if len(drawn) != 1 or len(found := drawn.pop()) != len(own) or found == own:
        return None
    told = ", ".join(f"{action} {DOES[arrow]}" for action, arrow in enumerate(found))
    return (
        found,
        f"actions of {file.path.name} do otherwise than in {world.env}: {told}; rollouts move as {world.env} does",
    )
