"""A run's settings, read in one place: which histories, which tasks were held out, how long an episode is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ..files.beside import config_name
from ..files.nested import flat
from ..files.settings import load_settings
from ..files.yaml import load_yaml
from ..records.defaults import GOALS
from ..records.errors import ConfigError
from ..records.run_settings import CHECKPOINT, DEFAULT, WEIGHTS, Customs, RunSettings
from ..records.sample import ARROWS
from .bandit import REWARD_STD, Bandit
from .darkroom import DARK_ROOM
from .registry import WORLDS, make_world
from .world import GRID_SIZE, NUM_ACTIONS, Split, World

#: What the weights' shapes settle; of their other sizes it is only said where a configuration tells otherwise.
_BY_SHAPE = ("grid_size", "num_actions")
_OF_VECTORS = ("dim_obs", "dim_actions")
"""What the shapes tell of models of vectors alone: a configuration of another may have such names as well."""
#: A config may claim any grid; a shuffle of more tasks than this is no longer quick.
MAX_TASKS = 1_000_000
MAX_STD = 1000
_THEIRS = {
    "var": "reward_std",  # DPT's bandits
    "episode_length": "horizon",
    "max_episode_steps": "horizon",
    "environment": "env",
    "env_id": "env",
    "env_name": "env",
}
"""What other code calls a setting, and what it is called here; the last that is there counts."""
UNKNOWN = "unknown"
"""The environment of a model of vectors whose run does not name it."""


class Stated(BaseModel):
    """What one place may state, and the users' default where none does; the other keys do not matter here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    env: str = DARK_ROOM
    alg: str | None = None
    alg_seed: int | str = 0
    task: Any = None
    model: Any = None
    traj_dir: str = "./datasets"
    grid_size: int = Field(GRID_SIZE, ge=1, le=1000)
    num_actions: int = Field(NUM_ACTIONS, ge=1)
    reward_std: Any = REWARD_STD
    horizon: int | None = Field(None, ge=1, le=1_000_000)
    env_split_seed: int = 0
    train_env_ratio: float = Field(0.9, ge=0, le=1)
    n_transit: int | None = Field(None, ge=2)
    train_source_timesteps: int | None = Field(None, ge=1)
    compress: Any = None


def run_settings(
    config: Mapping[str, Any],
    beside: Path | None = None,
    *,
    name: str | Path = "settings",
    sizes: Mapping[str, int] | None = None,
    customs: Customs | None = None,
) -> RunSettings:
    """What the weights' shapes tell, else the checkpoint's own settings, else those of the file beside it.

    What none of them says is as the code that wrote the checkpoint fixes it, where that is known, else the users'
    default.

    Args:
        config: the checkpoint's settings. A name that stands there without a value hides the file's.
        beside: see `Run.config_path`.
        name: what errors call the checkpoint's settings: its path.
        customs: see `model.Model.customs`.
        sizes: see `model.Model.sizes`; where a place says otherwise, `RunSettings.overruled` tells.

    Raises:
        ConfigError: a value that is used is of the wrong kind or out of bounds, or the file is no YAML.
    """
    customs = customs or Customs()
    sizes = sizes or {}
    shaped = {key: sizes[key] for key in _BY_SHAPE if key in sizes}
    places = [(WEIGHTS, name, shaped), (CHECKPOINT, name, config)]
    if beside is not None:
        places.append((config_name(beside), beside, _load_beside(beside, alone=not config)))
    places.append((CHECKPOINT if config or beside is None else config_name(beside), name, customs.told))
    values, sources = _values([*places, (customs.whose, name, customs.assumed)])
    for key in ("model", "task"):
        if not isinstance(values[key], str):  # other code may call something else so
            values[key] = None
    values |= {key: sizes.get(key) for key in _OF_VECTORS}
    if values["dim_actions"] is not None and sources["env"] == DEFAULT:
        values["env"] = UNKNOWN  # the default is a room of cells
    kind = WORLDS.get(values["env"])
    if values["horizon"] is None and kind is not None:
        values["horizon"] = kind.HORIZON
    if kind is not None and kind.STATES:
        _check_grid(values["grid_size"], name)
    values["reward_std"] = _deviation(values["reward_std"], name) if kind is Bandit else None
    overruled: dict[str, str] = {}
    for source, _, said in reversed(places[1:]):
        kept = {key: line for key, line in overruled.items() if said.get(key) is None}  # of the place after it
        overruled = kept | _overruled(sizes, _place(source), said)
    return RunSettings(**values, sources=sources, overruled=overruled)


def _check_grid(size: int, name: str | Path) -> None:
    """A grid of one cell is no room; bandits alone have no other."""
    if size < 2:
        found, action = str(size), "correct it"
        raise ConfigError(f"{name}, grid_size", expected="a whole number of at least 2", found=found, action=action)


def _deviation(told: Any, name: str | Path) -> float:
    """Of what an arm pays; only bandits have it, other code may call something else so."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= MAX_STD:
        expected = f"a number from 0 to {MAX_STD}"
        raise ConfigError(f"{name}, reward_std", expected=expected, found=f"{told!r:.40}", action="correct it")
    return float(told)


def _values(places: Sequence[tuple[str, str | Path, Mapping[str, Any]]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Each setting from the first of the places (source, name, what it says) that has it, and which one that was."""
    values = Stated.model_validate({}).model_dump()
    sources = dict.fromkeys(values, DEFAULT)
    settled: set[str] = set()
    for source, label, found in places:
        theirs = {ours: found[name] for name, ours in _THEIRS.items() if isinstance(found.get(name), str | int | float)}
        said = theirs | dict(found)
        own = {key: said[key] for key in values if key in said and key not in settled}
        told = {key: value for key, value in own.items() if value is not None}
        values |= load_settings(told, Stated, name=str(label)).model_dump(include=set(told))
        sources |= dict.fromkeys(told, source)
        settled |= own.keys()
    return values, sources


def _overruled(sizes: Mapping[str, int], place: str, said: Mapping[str, Any]) -> dict[str, str]:
    """What one place says otherwise than the weights' shapes, which count."""
    lines = {}
    for name, size in sizes.items():
        value = said.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value != size:
            lines[name] = f"{name} is {size} by the weights' shapes, which count; the {place} says {value:.6g}"
    return lines


def _place(source: str) -> str:
    return "checkpoint's config" if source == CHECKPOINT else f"{source} beside it"


def _load_beside(path: Path, *, alone: bool) -> dict[str, Any]:
    """The file's values; `alone` where the checkpoint has none of its own."""
    try:
        return flat(load_yaml(path))
    except ConfigError as error:
        advice = "correct it" if alone else "correct it, or remove it: the checkpoint has its own settings"
        raise ConfigError(error.subject, expected=error.expected, found=error.found, action=advice) from None


# -- what follows from them --------------------------------------------------------------------------------------------
def can_roll_out(settings: RunSettings) -> bool:
    """Whether the model can be rolled out: the dynamics of its world are known here, with as many actions."""
    world = known_world(settings)
    return world is not None and world.n_drawn_from <= MAX_TASKS


def count_tasks(settings: RunSettings) -> int | None:
    """How many tasks the environment has, or None when that is not known or beyond MAX_TASKS."""
    world = world_of(settings)
    return world.n_tasks if world is not None and world.n_tasks <= MAX_TASKS else None


def split_of(settings: RunSettings) -> Split:
    """The users' split of the tasks, in the order of their data set; empty where the tasks are not known.

    It numbers the groups of a file of histories. See `goals_of` for the goals in them.
    """
    world = world_of(settings)
    if world is None or count_tasks(settings) is None:
        return Split((), ())
    return world.split(settings.env_split_seed, settings.train_env_ratio)


def world_of(settings: RunSettings) -> World | None:
    """The world that the run is of; None where it is not known."""
    if settings.env not in WORLDS or settings.continuous:
        return None
    std = REWARD_STD if settings.reward_std is None else settings.reward_std
    return make_world(
        settings.env, settings.grid_size, settings.horizon, settings.env_split_seed, settings.num_actions, std
    )


def known_world(settings: RunSettings) -> World | None:
    """The same, where the run's actions are also as many as that world's; else None."""
    world = world_of(settings)
    return None if world is None or settings.num_actions != world.num_actions else world


def arrows(settings: RunSettings, task: int | None = None) -> str:
    """What each action does, drawn: see `Sample.arrows`. As in Dark Room where the run's world is not known."""
    world = known_world(settings)
    if settings.arrows is not None:
        return settings.arrows
    if world is None:
        return ARROWS
    return world.arrows(task if task is not None and 0 <= task < world.n_tasks else None)


def goals_of(settings: RunSettings) -> Split:
    """The goals on both sides of the split: its numbers, or what the groups of these numbers hold.

    A goal on both sides counts as trained on.
    """
    split, groups = split_of(settings), settings.groups
    if groups is None:
        return split
    train = groups.of(split.train)
    return Split(train, tuple(goal for goal in groups.of(split.test) if goal not in set(train)))


@dataclass(frozen=True)
class Arena:
    """What a run is measured in: its world, tasks on both sides of the split.

    Attributes:
        split: of the test tasks, the first GOALS; the split has shuffled them.
        held_out: how many test tasks there are.
        words: what these are called; "" as the run's settings say.
        said: what should be said of a measurement in a world of the user's, which no settings know.
    """

    world: World
    split: Split
    held_out: int
    words: str = ""
    said: tuple[str, ...] = ()

    def called(self, settings: RunSettings) -> str:
        """What the test tasks are called."""
        return self.words or settings.held_out

    def doubts(self, settings: RunSettings) -> tuple[str, ...]:
        """What should be said of a measurement: `RunSettings.doubts`, and that not every held-out task is in it."""
        if self.said:
            return self.said
        if (count := len(self.split.test)) == self.held_out:
            return settings.doubts
        return (*settings.doubts, f"measured on {count} of the {self.held_out} {settings.held_out}, the split's first")


def arena_of(settings: RunSettings) -> Arena:
    """Where a run's model is let act.

    Raises:
        ConfigError: the run is of another environment, or its split leaves no goal on one side.
    """
    world = known_world(settings)
    if world is None:
        found = f"{settings.env} with {settings.actions}"
        expected = f"{', '.join(WORLDS)}, with {NUM_ACTIONS} actions (bandits: any number)"
        action = "`adtui evaluate --world MODULE:FACTORY` lets it act in environments of yours"
        if not settings.continuous:
            action = f"evaluate a run of one of these, or {action}"
        raise ConfigError("env", expected=expected, found=found, action=action)
    if world.n_drawn_from > MAX_TASKS:
        raise ConfigError(
            "grid_size",
            expected=f"a room of {settings.env} with at most {MAX_TASKS} tasks",
            found=f"{world.n_drawn_from} in one of {world.where}",
            action="correct it",
        )
    split = goals_of(settings)
    if (not split.test or not split.train) and settings.groups is not None:
        raise ConfigError(
            settings.groups.file,
            expected="groups whose rewards show goals to measure on, on both sides of the run's split",
            found=f"{len(split.train)} training and {len(split.test)} test goals",
            action="collect histories whose group i holds goal i, or evaluate another run",
        )
    if not split.test or not split.train:
        raise ConfigError(
            "train_env_ratio",
            expected="training and test goals",
            found=f"{len(split.train)} and {len(split.test)}",
            action="evaluate a run that holds goals back",
        )
    return Arena(world, Split(split.train, split.test[:GOALS]), len(split.test))
