"""Settings of `adtui train` where states and actions are vectors: a config that has `dim_obs`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from ..files.settings import Settings
from ..records.action_head import DETERMINISTIC, GAUSSIAN, ActionHead
from ..records.run_settings import META_WORLD


class VectorTrainSettings(Settings):
    """Names are those of DICP's Meta-World configuration where it has one."""

    model: Literal["AD"] = "AD"
    env: str = META_WORLD
    task: str | None = Field(default=None, description="which of Meta-World's; names the run")
    alg: str = Field(default="PPO", description="source of the histories, part of their file's usual name")
    alg_seed: int = 0
    traj_dir: str = "./datasets"
    histories: str = Field(description="HDF5 file to learn from")
    horizon: int | None = Field(default=None, ge=1, description="steps per episode, where the file has no dones")
    dim_obs: int = Field(ge=1, le=4096, description="numbers of a state")
    dim_actions: int = Field(ge=1, le=1024, description="numbers of an action")
    learn_var: bool = Field(default=True, description="mean and variance of actions, else their numbers alone")
    validation_tasks: int = Field(default=5, ge=1, description="tasks held back to choose the checkpoint")

    seed: int = Field(default=0, ge=0, description="of weights and batches")
    n_transit: int = Field(default=100, ge=2, description="n_transit - 1 transitions and the query")
    tf_n_embd: int = Field(default=32, ge=1)
    tf_n_layer: int = Field(default=2, ge=1)
    tf_n_head: int = Field(default=2, ge=1, description="divides tf_n_embd, in even parts")
    tf_n_inner: int | None = Field(default=None, ge=1, description="4 * tf_n_embd when absent")

    train_timesteps: int = Field(default=1000, ge=1, description="optimiser steps")
    train_batch_size: int = Field(default=64, ge=1, description="windows per step, one action learnt in each")
    lr: float = Field(default=3e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    clip: float = Field(default=1.0, gt=0, description="largest gradient norm")
    eval_interval: int = Field(default=100, ge=1, description="steps between validations")
    threads: int = Field(default=1, ge=1, description="CPU threads; results depend on it in the last digits")
    log_dir: str | None = Field(default=None, description="run directory; runs/AD-<task or env>-seed<seed> when absent")

    @model_validator(mode="after")
    def _consistent(self) -> VectorTrainSettings:
        if self.tf_n_embd % self.tf_n_head or self.tf_n_embd // self.tf_n_head % 2:
            found = f"{self.tf_n_head} and {self.tf_n_embd}"
            raise ValueError(f"tf_n_head must divide tf_n_embd into even parts, found {found}")
        return self

    @property
    def head(self) -> ActionHead:
        """What the model says of an action."""
        return ActionHead(GAUSSIAN if self.learn_var else DETERMINISTIC, self.dim_actions)

    @property
    def run_dir(self) -> Path:
        return Path(self.log_dir or f"runs/AD-{self.task or self.env}-seed{self.seed}")

    def stored(self) -> dict[str, Any]:
        """Plain values for the checkpoint and config.yaml, with the run directory that was used."""
        return self.model_dump(mode="json") | {"dynamics": False, "log_dir": str(self.run_dir)}
