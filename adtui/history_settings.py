"""What a run's config says about its histories: which file, which tasks were held out, how long an episode is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from .config import load_settings, load_yaml
from .darkroom import GRID_SIZE, HORIZON, NUM_ACTIONS, split_tasks
from .errors import ConfigError

#: The environment whose dynamics and goal cells are known; of the others below, how many tasks there are.
DARK_ROOM = "darkroom"
_PERMUTED, _PERMUTATIONS = "darkroompermuted", 120
_KEY_TO_DOOR = "darkkeytodoor"
#: A config may claim any grid; a shuffle of more tasks than this is no longer quick.
MAX_TASKS = 1_000_000
#: Bytes of each of the three names that make up a file's name; file systems take 255 in all.
MAX_NAME = 72


class HistorySettings(BaseModel):
    """What a run's config says about its histories; the other keys do not matter here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    env: str = DARK_ROOM
    alg: str | None = None
    alg_seed: int | str = 0
    model: Any = None
    traj_dir: str = "./datasets"
    grid_size: int = Field(GRID_SIZE, ge=2, le=1000)
    num_actions: int = Field(NUM_ACTIONS, ge=1)
    horizon: int | None = Field(None, ge=1, le=1_000_000)
    env_split_seed: int = 0
    train_env_ratio: float = Field(0.9, ge=0, le=1)
    n_transit: int | None = Field(None, ge=2)
    train_source_timesteps: int | None = Field(None, ge=1)

    @property
    def file_name(self) -> str:
        """The name that training code gives to the file.

        Raises:
            ConfigError: env, alg or alg_seed would lead elsewhere, or cannot be part of a file's name.
        """
        parts = {"env": self.env, "alg": self.alg or "", "alg_seed": _text(self.alg_seed)}
        for key, part in parts.items():
            if not _plain(part):
                shown = repr(part)
                raise ConfigError(
                    f"settings, {key}",
                    expected=f"a plain name of at most {MAX_NAME} bytes, as a file is named by it",
                    found=shown if len(shown) <= 60 else shown[:57] + "...",
                    action="correct it, or give the file with --histories",
                )
        return "history_{env}_{alg}_alg-seed{alg_seed}.hdf5".format(**parts)

    @property
    def known(self) -> bool:
        """Whether the model can be rolled out: only Dark Room's dynamics are known here."""
        return self.env == DARK_ROOM and self.num_actions == NUM_ACTIONS

    @property
    def wants_optimal(self) -> bool:
        """Whether the model was trained to predict the best action instead of the one taken: DPT."""
        return isinstance(self.model, str) and self.model == "DPT"

    @property
    def episode_length(self) -> int | None:
        """Steps of an episode, where that is known."""
        return self.horizon or (HORIZON if self.env == DARK_ROOM else None)

    @property
    def n_tasks(self) -> int | None:
        """How many tasks the environment has, or None when that is not known or beyond MAX_TASKS."""
        counts = {DARK_ROOM: self.grid_size**2, _PERMUTED: _PERMUTATIONS, _KEY_TO_DOOR: self.grid_size**4}
        total = counts.get(self.env)
        return total if total is not None and total <= MAX_TASKS else None

    @cached_property
    def test_tasks(self) -> tuple[int, ...]:
        """Held-out tasks in the order of the users' data set; empty when none was held out, or when it is not known."""
        return split_tasks(self.env_split_seed, self.train_env_ratio, self.n_tasks or 0).test


def history_settings(config: Mapping[str, Any], run_dir: Path) -> HistorySettings:
    """The checkpoint's own settings; `config.yaml` in `run_dir` fills in what they lack.

    Raises:
        ConfigError: settings of the wrong kind, or a bad config.yaml.
    """
    beside = run_dir / "config.yaml"
    values: dict[str, Any] = {}
    if os.path.isfile(beside):
        try:
            values = load_yaml(beside)
        except ConfigError as error:
            advice = "correct it, or remove it: the checkpoint has its own settings"
            action = advice if config else "correct it"
            raise ConfigError(error.subject, expected=error.expected, found=error.found, action=action) from None
    merged = {**values, **config}
    known = {key: merged[key] for key in HistorySettings.model_fields if merged.get(key) is not None}
    return load_settings(known, HistorySettings)


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
