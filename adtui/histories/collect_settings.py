"""What `adtui collect` can be told, with defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ..files.settings import Settings
from ..worlds.bandit import REWARD_STD
from ..worlds.darkroom import DARK_ROOM
from ..worlds.registry import WORLDS, make_world
from ..worlds.world import GRID_SIZE, NUM_ACTIONS, World

OF_BANDITS = ("thompson", "ucb")
"""Source agents of bandits alone."""
WITH_NOISE = ("explorer", "demonstrator")
"""Source agents whose action noise anneals."""


class CollectSettings(Settings):
    """Settings of `adtui collect`; names are those of the users' configuration where they have one."""

    env: str = DARK_ROOM
    alg: Literal["explorer", "demonstrator", "q-learning", "PPO", "thompson", "ucb"] = "explorer"
    alg_seed: int = 42
    n_stream: int = Field(default=40, ge=1, description="independent histories per goal")
    episodes: int = Field(default=16, ge=1, description="episodes per history")
    grid_size: int = Field(default=GRID_SIZE, ge=2)
    num_actions: int = Field(default=NUM_ACTIONS, ge=2, le=1000, description="arms of a bandit; 5 elsewhere")
    reward_std: float = Field(default=REWARD_STD, ge=0, le=1000, description="of what an arm of a bandit pays")
    horizon: int | None = Field(default=None, ge=1, description="steps per episode; the world's own when absent")
    env_split_seed: int = Field(default=0, description="of the users' split; dark_key_to_door numbers its tasks by it")
    goals: list[int] | None = Field(default=None, description="task indices; all of them when absent")
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
    def _consistent(self) -> CollectSettings:
        known_world(self.env, self.num_actions)
        total = self.world.n_tasks
        outside = [goal for goal in self.goals or [] if not 0 <= goal < total]
        if outside:
            raise ValueError(f"goals must lie in 0..{total - 1}, found {outside[0]}")
        check_source(self.env, self.alg)
        check_noise(self.alg, self.noise_start, self.noise_episodes)
        return self

    @property
    def world(self) -> World:
        return make_world(
            self.env, self.grid_size, self.horizon, self.env_split_seed, self.num_actions, self.reward_std
        )

    @property
    def output(self) -> Path:
        """Where users' loader looks for these histories."""
        return Path(self.traj_dir) / f"history_{self.env}_{self.alg}_alg-seed{self.alg_seed}.hdf5"

    @property
    def goal_indices(self) -> list[int]:
        return list(range(self.world.n_tasks)) if self.goals is None else self.goals

    @property
    def steps(self) -> int:
        """Steps per history."""
        return self.episodes * self.world.horizon


def known_world(env: str, num_actions: int) -> None:
    """Raise ValueError where no world has this name, or it has other actions."""
    if env not in WORLDS:
        raise ValueError(f"env must be one of {', '.join(WORLDS)}, found {env}")
    if WORLDS[env].STATES and num_actions != NUM_ACTIONS:
        raise ValueError(f"num_actions must be {NUM_ACTIONS} in {env}, found {num_actions}")


def check_source(env: str, alg: str) -> None:
    """Raise ValueError where a source agent cannot learn in this world."""
    world = WORLDS[env]
    if alg in OF_BANDITS and world.STATES:
        raise ValueError(f"alg {alg} pulls arms, and {env} has none: use explorer, demonstrator or q-learning")
    if alg in ("explorer", "PPO") and not world.STATES:
        raise ValueError(f"alg {alg} walks through cells, and bandits have none: use thompson, ucb or demonstrator")
    if alg == "explorer" and not world.PLAIN_MOVES:
        raise ValueError("alg explorer takes actions to move as Dark Room's do: use demonstrator or q-learning")


def check_noise(alg: str, start: tuple[float, float] | None, episodes: tuple[int, int] | None) -> None:
    """Raise ValueError where a range of action noise is no range, or the source agent has none."""
    if alg not in WITH_NOISE and (start is not None or episodes is not None):
        raise ValueError(f"noise_start and noise_episodes are of {' and '.join(WITH_NOISE)}, found alg {alg}")
    if start is not None and not 0 <= start[0] <= start[1] <= 1:
        raise ValueError(f"noise_start must be two shares in order, found {start[0]:.6g} and {start[1]:.6g}")
    if episodes is not None and not 1 <= episodes[0] <= episodes[1]:
        raise ValueError(f"noise_episodes must be two counts in order, found {episodes[0]} and {episodes[1]}")
