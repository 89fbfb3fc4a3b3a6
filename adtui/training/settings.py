"""Settings of `adtui train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from ..compression.choice import parse
from ..compression.strategies import STRATEGIES
from ..files.settings import Settings
from ..histories.collect_settings import check_noise, check_source, known_world
from ..records.errors import ConfigError
from ..worlds.bandit import REWARD_STD
from ..worlds.darkroom import DARK_ROOM
from ..worlds.registry import make_world
from ..worlds.world import GRID_SIZE, NUM_ACTIONS, World

_SAID_ONLY = ("noise_start", "noise_episodes")
"""Stored where they are said: runs from before there were such settings keep their bytes."""


class TrainSettings(Settings):
    """Settings of `adtui train`; names are those of the users' configuration where they have one."""

    model: Literal["AD"] = "AD"
    env: str = DARK_ROOM
    grid_size: int = Field(default=GRID_SIZE, ge=2, le=1000, description="side of the room")
    horizon: int | None = Field(default=None, ge=1, description="steps per episode; the world's own when absent")
    dim_states: Literal[2] = 2
    dim_actions: Literal[1] = 1
    num_actions: int = Field(default=NUM_ACTIONS, ge=2, le=1000, description="arms of a bandit; 5 elsewhere")
    reward_std: float = Field(default=REWARD_STD, ge=0, le=1000, description="of what an arm of a bandit pays")
    env_split_seed: int = Field(default=0, description="seed of the split into training and test goals")
    train_env_ratio: float = Field(default=0.9, gt=0, le=1, description="share of goals for training")
    validation_goals: int = Field(default=8, ge=1, description="training goals held back to choose the checkpoint")

    seed: int = Field(default=0, ge=0, description="of weights, histories and batches")
    n_transit: int = Field(default=80, ge=2, description="positions: n_transit - 1 transitions and the query")
    tf_n_embd: int = Field(default=64, ge=1)
    tf_n_layer: int = Field(default=4, ge=1)
    tf_n_head: int = Field(default=4, ge=1, description="divides tf_n_embd")
    tf_dim_feedforward: int | None = Field(default=None, ge=1, description="4 * tf_n_embd when absent")
    norm: Literal["pre", "post"] = Field(default="pre", description="post is the layout of users' files")

    alg: Literal["explorer", "demonstrator", "q-learning", "thompson", "ucb"] = Field(
        default="explorer", description="source agent"
    )
    noise_start: tuple[float, float] | None = Field(default=None, description="action noise at the start, drawn from")
    noise_episodes: tuple[int, int] | None = Field(default=None, description="episodes until noise is 0, drawn from")
    histories: str | None = Field(default=None, description="HDF5 file to learn from instead of fresh histories")
    train_n_stream: int = Field(default=40, ge=1, description="histories per goal")
    episodes: int = Field(default=16, ge=1, description="episodes per history")
    redraw_interval: int = Field(default=300, ge=1, description="steps after which fresh histories are drawn")
    start_share: float = Field(default=0.25, ge=0, le=1, description="windows that begin with a history")

    compress: str | None = Field(default=None, description="STRATEGY:K, the context that each target is learnt from")

    train_timesteps: int = Field(default=1200, ge=1, description="optimiser steps")
    train_batch_size: int = Field(default=32, ge=1, description="windows per step")
    lr: float = Field(default=2e-3, gt=0)
    lr_end: float = Field(default=0.02, ge=0, le=1, description="last learning rate as a share of lr")
    num_warmup_steps: int = Field(default=50, ge=0)
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.98, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0)
    clip: float = Field(default=1.0, gt=0, description="largest gradient norm")
    eval_interval: int = Field(default=100, ge=1, description="steps between validations")
    threads: int = Field(default=1, ge=1, description="CPU threads; results depend on it in the last digits")
    log_dir: str | None = Field(
        default=None, description="run directory; runs/AD-<env>[-<size>][-post]-seed<seed> when absent"
    )

    @model_validator(mode="after")
    def _consistent(self) -> TrainSettings:
        known_world(self.env, self.num_actions)
        if self.histories is None:
            check_source(self.env, self.alg)
        check_noise(self.alg, self.noise_start, self.noise_episodes)
        if self.tf_n_embd % self.tf_n_head:
            raise ValueError(f"tf_n_head must divide tf_n_embd, found {self.tf_n_head} and {self.tf_n_embd}")
        if self.histories is None and self.episodes * self.world.horizon < self.n_transit:
            raise ValueError(f"histories of at least n_transit = {self.n_transit} steps: raise episodes")
        if self.compress is not None:
            _check_choice(self.compress, self.n_transit)
        available = len(self.world.split(self.env_split_seed, self.train_env_ratio).train)
        if self.validation_goals >= available:
            raise ValueError(f"validation_goals below the {available} training goals")
        return self

    @property
    def world(self) -> World:
        return make_world(
            self.env, self.grid_size, self.horizon, self.env_split_seed, self.num_actions, self.reward_std
        )

    @property
    def run_dir(self) -> Path:
        layout = "-post" if self.norm == "post" else ""
        size = "" if self.grid_size == GRID_SIZE else f"-{self.grid_size}x{self.grid_size}"
        kept = f"-{self.compress.replace(':', '-').replace('=', '')}" if self.compress else ""
        return Path(self.log_dir or f"runs/AD-{self.env}{size}{layout}{kept}-seed{self.seed}")

    def stored(self) -> dict[str, Any]:
        """Plain values for the checkpoint and config.yaml, with the run directory that was used."""
        world = self.world
        told = {"horizon": world.horizon, "grid_size": world.size, "log_dir": str(self.run_dir)}
        values = self.model_dump(mode="json") | told
        if world.STATES:
            del values["reward_std"]  # of bandits alone
        for name in _SAID_ONLY:
            if values[name] is None:
                del values[name]
        return values


def _check_choice(text: str, n_transit: int) -> None:
    """Raise ValueError unless a model can be trained on what this choice keeps."""
    try:
        choice = parse(text)
    except ConfigError as error:
        raise ValueError(f"a strategy and its budget, {error.expected}; {error.action}") from None
    if choice.budget is None or not 1 <= choice.budget < n_transit:
        raise ValueError(f"a strategy with a budget from 1 to {n_transit - 1}, such as recent:20")
    if choice.strategy.NEEDS or not choice.strategy.EXACT:
        able = ", ".join(one.NAME for one in STRATEGIES if one.EXACT and not one.NEEDS and one.NAME != "none")
        raise ValueError(f"a strategy that keeps exactly its budget and needs nothing of the model: {able}")
