"""What is said where a run has no histories and its model cannot be let act in its world."""

from __future__ import annotations

import difflib
from pathlib import Path

from ..records.errors import HistoryError
from ..records.run_settings import META_WORLD, WEIGHTS, RunSettings
from ..worlds.registry import WORLDS
from ..worlds.settings import can_roll_out, world_of


def none_found(settings: RunSettings, run_dir: Path, window: int | None, notes: tuple[str, ...]) -> HistoryError:
    """The error; it says what was recognised of the run, and what its world would have to be.

    Args:
        run_dir, window: see `samples.load_samples`.
        notes: see `paths.find_histories`.
    """
    action = "give --histories PATH" + ("" if window is None else ", or omit --window")
    unknown = ""
    if not can_roll_out(settings):
        unknown = _unknown(settings)
        action += _elsewhere(settings)
    if settings.alg is None:
        found = f"no alg in its config to name them{unknown}"
        return HistoryError(run_dir, expected="the run's histories", found=found, action=action)
    return HistoryError(
        settings.file_name,
        expected=f"the run's histories in {settings.traj_dir}, seen from {run_dir} or from here",
        found=(notes[0] if notes else "no such file") + unknown,
        action=action,
    )


def _unknown(settings: RunSettings) -> str:
    """Why its model is not let act instead, with what was recognised of it."""
    told = f", and its world ({settings.env}) is none to roll it out in here"
    if settings.continuous:
        return told
    if (world := world_of(settings)) is not None:
        if world.num_actions == settings.num_actions:
            return f"{told}: it has {world.n_drawn_from} tasks"
        return f"{told}: {world.num_actions} actions there, and {settings.num_actions} in the model"
    near = difflib.get_close_matches(settings.env.lower(), WORLDS, n=1, cutoff=0.6)
    grid = f"states in a {settings.grid_size} x {settings.grid_size} grid and "
    shape = (grid if settings.sources.get("grid_size") == WEIGHTS else "") + settings.actions
    meant = f" (env: {near[0]} may be meant)" if near else ""
    return f"{told}: the model, of {shape}, was recognised, but the worlds known here are {', '.join(WORLDS)}{meant}"


def _elsewhere(settings: RunSettings) -> str:
    """Where it could act."""
    if settings.continuous:
        return f": a model of {_vectors(settings)} is not rolled out here but in its world, --world MODULE:FACTORY"
    return (
        ", or let it act in a world of your own, --world MODULE:FACTORY (and where the model is not what was "
        "recognised, --adapter FILE)"
    )


def _vectors(settings: RunSettings) -> str:
    named = f"Meta-World ({settings.task}), with" if settings.env == META_WORLD else f"{settings.env}, with"
    return f"{named} states of {settings.dim_obs} numbers and {settings.actions},"
