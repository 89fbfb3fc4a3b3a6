"""What a run says of itself, and where it says so. A plain record: it travels to the screen's process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import ConfigError
from .group_goals import GroupGoals

#: Where a value comes from, the first that has it: the weights' shapes, the checkpoint's own settings, the file beside
#: the checkpoint, the default of the users' training code.
WEIGHTS, CHECKPOINT, BESIDE, DEFAULT = "weights", "checkpoint", "config.yaml", "default"
#: What training code, Lightning, Hydra and transformers call the file of settings: the source of what stands in it.
CONFIGS = (
    BESIDE,
    "config.yml",
    "hparams.yaml",
    ".hydra/config.yaml",
    "config.json",
    "hparams.json",
    "args.json",
    *("hparams.yml", "args.yaml", "args.yml", "params.yaml", "params.json", "cfg.yaml", "settings.yaml"),
    *("model_config.json", "model_config.yaml", "train_config.json", "train_config.yaml", "training_config.json"),
)
HISTORIES = "histories"
"""What the run's histories show counts for more than any of these: how long their episodes are."""
_SAID = (WEIGHTS, CHECKPOINT, *CONFIGS, HISTORIES)


@dataclass(frozen=True)
class Customs:
    """What the code that wrote a checkpoint tells of it beside the users' own settings.

    Attributes:
        whose: the code in words, as "DPT's code": the source of what it fixes.
        assumed: settings that this code fixes and that no file says.
        told: settings that the run's own files say under other names.
    """

    whose: str = ""
    assumed: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)


#: Bytes of each of the three names that make up a file's name; file systems take 255 in all.
MAX_NAME = 72
_SPLIT = ("env_split_seed", "train_env_ratio")
_ROOMS = ("env", "horizon", "reward_std")
_ABOUT = ("sources", "overruled", "groups", "marks", "arrows")
_OF_CELLS, _OF_VECTORS = ("grid_size", "num_actions"), ("dim_obs", "dim_actions")
META_WORLD = "metaworld"
"""What DICP's configs call it; `task` says which, and names the files of histories."""


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run that its histories, rollouts and returns depend on; `settings.run_settings` makes
    it. Names are those of the users' configuration.

    Attributes:
        alg, alg_seed: of the learning histories; no alg names no file.
        model: "DPT" predicts the best action instead of the one taken; None where it is not text.
        horizon: steps of an episode; None where the run does not say and its environment is not Dark Room.
        n_transit: transitions of the users' windows, the query included.
        train_source_timesteps: steps of each history that the users' data set takes.
        compress: the strategy that the run was trained with, as it stands there.
        task: which of a family of environments; None where it is not text.
        dim_obs, dim_actions: numbers of a state and of an action that are vectors, as the weights' shapes tell; None
            where they are cells and single actions. Then grid_size and num_actions mean nothing.
        reward_std: standard deviation of what an arm of a bandit pays; None of other worlds.
        sources: the name of each of the above → WEIGHTS, HISTORIES, CHECKPOINT, one of CONFIGS, `Customs.whose`
            or DEFAULT.
        overruled: the name of what the weights' shapes or the histories tell, and a configuration otherwise → a line
            that says so.
        groups: the goals of the groups of the run's histories, where these are not the numbers of the groups.
        marks: what the run's histories pay for a step that their world pays 1 for, and for any other; None where steps
            that pay more than 0 are those.
        arrows: what each action does in the run's histories, drawn as `Sample.arrows`, where that is not what it does
            in the run's world; else None.
    """

    env: str
    alg: str | None
    alg_seed: int | str
    model: str | None
    traj_dir: str
    grid_size: int
    num_actions: int
    horizon: int | None
    env_split_seed: int
    train_env_ratio: float
    n_transit: int | None
    train_source_timesteps: int | None
    compress: Any
    sources: Mapping[str, str]
    overruled: Mapping[str, str] = field(default_factory=dict)
    groups: GroupGoals | None = None
    marks: tuple[float, float] | None = None
    arrows: str | None = None
    task: str | None = None
    dim_obs: int | None = None
    dim_actions: int | None = None
    reward_std: float | None = None

    @property
    def continuous(self) -> bool:
        """Whether states and actions are vectors."""
        return self.dim_actions is not None

    @property
    def actions(self) -> str:
        """ "5 actions", "actions of 4 numbers"."""
        return f"actions of {self.dim_actions} numbers" if self.continuous else f"{self.num_actions} actions"

    @property
    def file_name(self) -> str:
        """The name that training code gives to the file of the histories.

        Raises:
            ConfigError: env, alg or alg_seed would lead elsewhere, or cannot be part of a file's name.
        """
        named = {"task": self.task} if self.env == META_WORLD and self.task else {"env": self.env}
        parts = named | {"alg": self.alg or "", "alg_seed": _text(self.alg_seed)}
        for key, part in parts.items():
            if not _plain(part):
                shown = repr(part)
                raise ConfigError(
                    f"settings, {key}",
                    expected=f"a plain name of at most {MAX_NAME} bytes, as a file is named by it",
                    found=shown if len(shown) <= 60 else shown[:57] + "...",
                    action="correct it, or give the file with --histories",
                )
        return "history_{}_{}_alg-seed{}.hdf5".format(*parts.values())

    @property
    def wants_optimal(self) -> bool:
        """Whether the model was trained to predict the best action instead of the one taken: DPT."""
        return self.model == "DPT"

    # -- what is assumed ---------------------------------------------------------------------------------------------
    @property
    def split_known(self) -> bool:
        """Whether the run itself says which goals it was trained on.

        Its split numbers the groups of its histories; where group i is not goal i, that says nothing of goals. Nor
        does it where it is of a grid that the model was not made for.
        """
        return self.groups is None and "grid_size" not in self.overruled and not self._assumed(_SPLIT)

    @property
    def held_out(self) -> str:
        """What to call the goals on the test side of the split."""
        if self.groups is not None:
            return self.groups.test_goals
        return "held-out goals" if self.split_known else "goals assumed held out"

    @property
    def trained_on(self) -> str:
        """What to call the goals on the training side of the split."""
        if self.groups is not None and self.groups.contradicted:
            return "goals of the training groups"
        return "training goals" if self.split_known else "goals assumed trained on"

    @property
    def doubts(self) -> tuple[str, ...]:
        """What measurements would rest on without the run saying so, a line each; () where it says everything."""
        lines = list(self.overruled.values())
        if self.continuous:  # no shuffle splits their tasks
            return tuple(lines)
        split, rooms = self._assumed(_SPLIT), self._assumed(_ROOMS)
        if self.groups is not None:
            lines.append(self.groups.doubt)
        for source, values in split.items():
            whose = "the users' default" if source == DEFAULT else f"{source}, with"
            lines.append(f"goals are held out by {whose} {values}: the run does not say which it trained on")
        for source, values in rooms.items():
            whose = "the users' defaults" if source == DEFAULT else source
            lines.append(f"assumed, as the run does not say: {values} ({whose})")
        return tuple(lines)

    def _assumed(self, names: tuple[str, ...]) -> dict[str, str]:
        """Source → those of the settings that the run does not say itself, with their values."""
        found: dict[str, list[str]] = {}
        for name in names:
            if self.sources.get(name) not in _SAID and getattr(self, name) is not None:
                value = getattr(self, name)
                shown = f"{value:.4g}" if isinstance(value, float) else value
                found.setdefault(self.sources[name], []).append(f"{name} {shown}")
        return {source: ", ".join(values) for source, values in found.items()}

    def to_json(self) -> dict[str, Any]:
        """Name → `value` and `source`."""
        left_out = {*_ABOUT, *(_OF_CELLS if self.continuous else _OF_VECTORS)}
        left_out |= {name for name in ("task", "reward_std") if getattr(self, name) is None}
        names = [field.name for field in fields(self) if field.name not in left_out]
        return {name: {"value": getattr(self, name), "source": self.sources.get(name, WEIGHTS)} for name in names}


def _plain(text: str) -> bool:
    """Whether the text may be part of a file's name: no separators, no "..", nothing invisible, of a sane length."""
    if not text or not text.isprintable() or ".." in text or "/" in text or "\\" in text:
        return False
    return len(text.encode()) <= MAX_NAME


def _text(number: int | str) -> str:
    """Its text; none for a number that Python refuses to print, of thousands of digits."""
    try:
        return str(number)
    except ValueError:
        return ""
