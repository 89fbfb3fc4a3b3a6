"""Tiny runs in the users' format, made by code: checkpoints of the encoder family, and learning histories."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor, nn

from adtui.histories.samples import SampleSet, load_samples
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.settings import run_settings

GRID = 9
ACTIONS = 5


class ReferenceEncoder(nn.Module):
    """The encoder family as torch's own modules make it; the names in its state_dict are the users'."""

    def __init__(self, *, norm: str, d_model: int, n_layer: int, n_head: int, n_transit: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            d_model, n_head, 2 * d_model, 0.0, "gelu", batch_first=True, norm_first=norm == "pre"
        )
        final = nn.LayerNorm(d_model) if norm == "pre" else None
        self.transformer_encoder = nn.TransformerEncoder(layer, n_layer, final, enable_nested_tensor=False)
        self.pos_embedding = nn.Parameter(torch.randn(1, n_transit, d_model) * 0.1)
        self.embed_context = nn.Linear(2 + ACTIONS + 1 + 2, d_model)
        self.embed_query_state = nn.Embedding(GRID * GRID, d_model)
        self.pred_action = nn.Linear(d_model, ACTIONS)

    @torch.no_grad()
    def sharpen(self) -> None:
        """Keep deep layers from attending uniformly: near cells make near tokens, which post-norm layers average."""
        self.pos_embedding.mul_(4)
        for layer in self.transformer_encoder.layers:
            layer.self_attn.in_proj_weight.mul_(2)


def reference(
    norm: str = "post", *, d_model: int = 16, n_layer: int = 2, n_head: int = 2, n_transit: int = 20, seed: int = 0
) -> ReferenceEncoder:
    """A reference model whose weights are all perturbed, so that no norm or bias is trivial."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ReferenceEncoder(norm=norm, d_model=d_model, n_layer=n_layer, n_head=n_head, n_transit=n_transit)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()


def settings(n_head: int = 2, n_transit: int = 20, **more: Any) -> dict[str, Any]:
    """The part of the users' config that a reader needs."""
    return {
        "env": "darkroom",
        "alg": "PPO",
        "alg_seed": 42,
        "grid_size": GRID,
        "num_actions": ACTIONS,
        "horizon": 20,
        "env_split_seed": 0,
        "train_env_ratio": 0.9,
        "n_transit": n_transit,
        "tf_n_head": n_head,
        "traj_dir": "./datasets",
        "device": torch.device("cpu"),
        **more,
    }


def save_checkpoint(path: Path, weights: dict[str, Tensor], config: dict[str, Any] | None = None) -> Path:
    """Write `weights` as the users' training code does; the step is the number in the file's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    step = int("".join(filter(str.isdigit, path.stem)) or 0)
    config = settings() if config is None else config
    torch.save({"step": step, "config": config, "model": weights, "optimizer": {}, "lr_sched": {}}, path)
    return path


def make_run(directory: Path, norm: str = "post", *, step: int = 7, **sizes: int) -> Path:
    """A run directory with one checkpoint of a tiny reference model."""
    model = reference(norm, **sizes)
    config = settings(sizes.get("n_head", 2), sizes.get("n_transit", 20))
    save_checkpoint(directory / f"ckpt-{step}.pt", model.state_dict(), config)
    return directory


def users_split(seed: int, ratio: float) -> list[int]:
    """Held-out goals, as the users' training code shuffles them."""
    order = list(range(81))
    random.Random(seed).shuffle(order)
    return order[round(81 * ratio) :]


def samples_of(config: dict[str, Any], run_dir: Path, *choice: Any, **more: Any) -> SampleSet:
    """Samples of the run in `run_dir` whose checkpoint holds these settings."""
    beside = run_dir / "config.yaml"
    return load_samples(run_settings(config, beside if beside.is_file() else None), run_dir, *choice, **more)


def write_histories(path: Path, goals: Iterable[int] = range(81), *, length: int = 60, streams: int = 2) -> Path:
    """Histories of random walks in the users' layout, with the reset state after each episode's last step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(histories(tuple(goals), length, streams))
    return path


@cache
def histories(goals: tuple[int, ...], length: int, streams: int) -> bytes:
    """What such a file holds: many tests write the same."""
    rng = np.random.default_rng(0)
    written = BytesIO()
    with h5py.File(written, "w") as file:
        for goal in goals:
            rooms = DarkRoom(size=GRID).rooms(np.full(streams, goal))
            columns: dict[str, list[Any]] = {key: [] for key in ("states", "actions", "rewards", "next_states")}
            for _ in range(length):
                states, actions = rooms.states, rng.integers(ACTIONS, size=streams)
                reached, rewards, ended = rooms.step(actions)
                stored = rooms.reset() if ended else reached
                for key, value in zip(columns, (states, actions, rewards, stored), strict=True):
                    columns[key].append(value)
            group = file.create_group(str(goal))
            for key, values in columns.items():
                group[key] = np.array(values, dtype=np.int32)
    return written.getvalue()
