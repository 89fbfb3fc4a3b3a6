"""Reference models of the checkpoint families, written apart from `adtui.models`, and tiny runs of each.

Every module offers `make_run`, which writes a run directory in the users' layout, and `expected`, which computes
attention and logits from a checkpoint file alone (its weights and its own config), in float64.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from adtui.worlds.darkroom import DarkRoom

Array = NDArray[Any]
Weights = dict[str, Tensor]


class Expected(NamedTuple):
    """What a model must give for one context: attention (L, H, N, N), action logits (A,), and more by name."""

    attention: Array
    logits: Array
    extras: dict[str, Any]


class Context(NamedTuple):
    """One context: states (n, 2), actions (n,), rewards (n,), next_states (n, 2), query_state (2,), target_action.

    Of vectors (n, S), (n, D), (n,), (n, S), (S,), (D,).
    """

    states: Array
    actions: Array
    rewards: Array
    next_states: Array
    query_state: Array
    target_action: Any


def contexts(n: int, seed: int = 0, *, horizon: int = 20) -> Context:
    """A Dark Room walk of `n` transitions: every other step, by chance, heads for a goal near the centre.

    As in stored histories, `next_states` of an episode's last step is the state after the reset.
    """
    rng = np.random.default_rng(seed)
    room = DarkRoom(horizon=horizon)
    near = np.array(room.start) + rng.permutation([[1, 0], [0, -1], [-1, 1], [2, 0]])[0]
    goal = int(near[0]) * 9 + int(near[1])
    rooms = room.rooms(np.array([goal]))
    rows: list[tuple[Array, int, int, Array]] = []
    for _ in range(n):
        state, action = rooms.states[0], _step_towards(rooms.states[0], goal, rng)
        reached, rewards, ended = rooms.step(np.array([action]))
        rows.append((state, action, int(rewards[0]), rooms.reset()[0] if ended else reached[0]))
    query = rooms.states[0]
    states, actions, gained, following = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Context(
        np.array(states, dtype=np.int64).reshape(n, 2),
        np.array(actions, dtype=np.int64),
        np.array(gained, dtype=np.int64),
        np.array(following, dtype=np.int64).reshape(n, 2),
        np.array(query, dtype=np.int64),
        _step_towards(query, goal, rng),
    )


def _step_towards(state: Array, goal: int, rng: np.random.Generator) -> int:
    """An action: half the time a random one, else one that comes nearer to the goal, or stays on it."""
    dx, dy = np.array(DarkRoom().goal(goal)) - state
    if rng.random() < 0.5:
        return int(rng.integers(5))
    if dx:
        return 0 if dx > 0 else 1
    return (2 if dy > 0 else 3) if dy else 4


def read(run_or_checkpoint: Path) -> tuple[Weights, dict[str, Any]]:
    """Weights in float64 and the config of a checkpoint, or of a run's latest one (largest integer step)."""
    path = Path(run_or_checkpoint)
    if path.is_dir():
        path = max(path.glob("ckpt-*.pt"), key=lambda file: int(file.stem.removeprefix("ckpt-")))
    file = torch.load(path, weights_only=True, map_location="cpu")
    return {key: value.double() for key, value in file["model"].items()}, file["config"]


def perturb(module: nn.Module, scale: float) -> nn.Module:
    """Add noise to every weight, so that no norm, bias or position is trivial; `module` itself, in eval mode."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * scale)
    return module.eval()


def cell_index(state: Array, grid: int) -> int:
    """Row of a state (x, y) in an embedding of the grid's cells."""
    return int(state[0]) * grid + int(state[1])


def transition_features(states: Array, actions: Array, rewards: Array, next_states: Array, num_actions: int) -> Array:
    """Rows (n, 2 + A + 1 + 2): state, one-hot action, reward, next state."""
    one_hot = np.eye(num_actions)[np.asarray(actions, dtype=np.int64)]
    return np.concatenate([states, one_hot, np.asarray(rewards)[:, None], next_states], axis=1).astype(np.float64)
