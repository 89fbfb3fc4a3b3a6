"""What `adtui collect` can be told, with defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ..files.settings import Settings
from ..worlds.darkroom import GRID_SIZE, HORIZON


class CollectSettings(Settings):
    """Settings of `adtui collect`; names are those of the users' configuration where they have one."""

    env: Literal["darkroom"] = "darkroom"
    alg: Literal["explorer", "demonstrator", "q-learning", "PPO"] = "explorer"
    alg_seed: int = 42
    n_stream: int = Field(default=40, ge=1, description="independent histories per goal")
    episodes: int = Field(default=16, ge=1, description="episodes per history")
    grid_size: int = Field(default=GRID_SIZE, ge=2)
    horizon: int = Field(default=HORIZON, ge=1)
    goals: list[int] | None = Field(default=None, description="goal indices; all of them when absent")
    traj_dir: str = "./datasets"
    noise_start: tuple[float, float] | None = Field(default=None, description="action noise at the start, drawn from")
    noise_episodes: tuple[int, int] | None = Field(default=None, description="episodes until noise is 0, drawn from")
    epsilon_episodes: int | None = Field(default=None, ge=1, description="Q-learning: episodes until epsilon is low")
    policy: str = "MlpPolicy"
    source_lr: float = Field(default=3e-4, gt=0, description="PPO learning rate")
    n_steps: int = Field(default=80, ge=2, description="PPO steps per update and stream")
    batch_size: int = Field(default=40, ge=2, description="PPO minibatch")
    n_epochs: int = Field(default=20, ge=1, description="PPO passes per update")

    @model_validator(mode="after")
    def _goals_inside(self) -> CollectSettings:
        size = self.grid_size**2
        outside = [goal for goal in self.goals or [] if not 0 <= goal < size]
        if outside:
            raise ValueError(f"goals must lie in 0..{size - 1}, found {outside[0]}")
        return self

    @property
    def output(self) -> Path:
        """Where users' loader looks for these histories."""
        return Path(self.traj_dir) / f"history_{self.env}_{self.alg}_alg-seed{self.alg_seed}.hdf5"

    @property
    def goal_indices(self) -> list[int]:
        return list(range(self.grid_size**2)) if self.goals is None else self.goals

    @property
    def steps(self) -> int:
        """Steps per history."""
        return self.episodes * self.horizon
