"""PPO source histories, as users collect them: one agent per goal, its parallel environments are the streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..records.errors import ConfigError
from ..worlds.agents import Histories, ProgressCallback
from ..worlds.draws import Use, number
from ..worlds.environment import Environment
from ..worlds.world import NUM_ACTIONS

if TYPE_CHECKING:
    from .collect_settings import CollectSettings


def run_ppo(settings: CollectSettings, progress: ProgressCallback | None) -> Iterator[Histories]:
    """The histories of one goal after another.

    Raises:
        ConfigError: stable-baselines3 is not installed.
    """
    try:
        import stable_baselines3  # noqa: F401
        import torch
    except ImportError as error:
        raise ConfigError(
            "alg: PPO", expected="stable-baselines3", found="no such package", action="pip install adtui[ppo]"
        ) from error
    torch.set_num_threads(1)  # the networks are tiny: more threads only wait for each other
    goals = settings.goal_indices
    for index, goal in enumerate(goals):
        yield _histories(goal, _learn(goal, settings), settings)
        if progress is not None:
            progress(index + 1, len(goals))


def _learn(goal: int, settings: CollectSettings) -> list[tuple[Any, ...]]:
    """Let one agent learn; rows of (states, actions, rewards, cells reached), each over streams."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import DummyVecEnv

    def room() -> Environment:
        return Environment(settings.world, goal)

    rows: list[tuple[Any, ...]] = []

    def keep(seen: dict[str, Any], _: dict[str, Any]) -> bool:
        """Called after each step with the agent's local variables; False ends the learning."""
        reached = np.array(seen["new_obs"])
        for stream, info in enumerate(seen["infos"]):
            if seen["dones"][stream]:
                reached[stream] = info["terminal_observation"]
        before = np.array(seen["self"]._last_obs)
        rows.append((before, np.array(seen["actions"]), np.array(seen["rewards"]), reached))
        return len(rows) < settings.steps

    agent = PPO(
        settings.policy,
        DummyVecEnv([room] * settings.n_stream),
        learning_rate=settings.source_lr,
        n_steps=settings.n_steps,
        batch_size=settings.batch_size,
        n_epochs=settings.n_epochs,
        seed=number(settings.alg_seed, Use.AGENTS, goal),
        device="cpu",
    )
    agent.learn((settings.steps + settings.n_steps) * settings.n_stream, callback=keep)
    return rows


def _histories(goal: int, rows: list[tuple[Any, ...]], settings: CollectSettings) -> Histories:
    """Rows of (states, actions, rewards, next states), each over streams, as room-major histories."""
    columns = zip(*rows, strict=True)
    states, actions, rewards, reached = (np.stack(column, axis=1).astype(np.int64) for column in columns)
    chosen = np.eye(NUM_ACTIONS, dtype=np.float32)[actions]
    goals = np.full(settings.n_stream, goal, dtype=np.int64)
    return Histories(goals, states, actions, rewards, reached, chosen, settings.world.horizon)
