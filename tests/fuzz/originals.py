"""The good files that mutations start from, as bytes: tiny, so that thousands of cases open in minutes."""

from __future__ import annotations

import functools
import importlib
import io
import logging
import os
import pickle
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

_TESTS = str(Path(__file__).resolve().parents[1])
if _TESTS not in sys.path:  # pytest puts it there; `python -m tests.fuzz` does not
    sys.path.insert(0, _TESTS)

from checkpoints import reference, settings, write_histories  # noqa: E402

from .older_format import dump_older  # noqa: E402

N_TRANSIT = 8
KEPT = "ADTUI_FUZZ_ORIGINALS"
"""A variable of the environment; a third of a short campaign is making them."""
HISTORIES = "history_darkroom_PPO_alg-seed42.hdf5"
#: Modules of `tests/references` that make runs of the other families, and sizes at which short contexts compress.
REFERENCES: dict[str, tuple[dict[str, Any], ...]] = {
    "llama": ({}, {"dynamics": True}),
    "llama_vectors": ({}, {"dynamics": True}),
    "gpt2": ({},),
    "gpt2_blocks": ({},),
    "rad": ({"rad_max_seq_length": 12, "n_context_positions": 24},),
    "compressed_ad": ({"n_transit": 8, "n_context_positions": 24},),
    "flow": ({},),
    "ad_eps": ({},),
    "dpt": ({},),
    "marked": ({"compress_interval": 4, "n_transit": 14},),
}
#: A third of the held-out goals and one that was trained on.
GOALS = (0, 27, 38, 51)
#: Steps and streams of their histories: two whole episodes, as training asks for.
STEPS, STREAMS = 40, 2
#: What a reader needs that is in no shape; the rest of the settings then comes from config.yaml.
_BARE = {"tf_n_head": 2}
_TRAIN_YAML = """\
# settings of adtui train
model: AD
env: darkroom
grid_size: 9
horizon: 20
env_split_seed: 0
train_env_ratio: 0.9
seed: 0
n_transit: 8
tf_n_embd: 8
tf_n_layer: 2
tf_n_head: 2
norm: post
alg: q-learning
train_timesteps: 100
lr: 1e-3
beta1: 0.9
log_dir: null
"""
_USERS_YAML = """\
env: darkroom
alg: PPO
alg_seed: 42
device: !!python/object/apply:torch.device
- cuda
- 0
env_split_seed: 0
grid_size: 9
horizon: 20
mixed: &shared {a: [1, 2.5, true, null, 2024-01-01], b: "text"}
again: *shared
n_transit: 8
num_actions: 5
tf_n_head: 2
train_env_ratio: 0.9
train_source_timesteps: 24
traj_dir: ./datasets
"""


@dataclass(frozen=True)
class Originals:
    """Good files.

    Attributes:
        contents: what checkpoints of every family hold, as Python values.
        checkpoints: the same as files, in torch's zip and in its older format.
        bare: a checkpoint whose config holds the head count only.
        yaml: a run's config.yaml and settings of `adtui train`.
        histories: one HDF5 file.
        inputs: one npz file; vectors: one for models whose states and actions are vectors.
    """

    contents: tuple[dict[str, Any], ...]
    checkpoints: tuple[bytes, ...]
    bare: bytes
    yaml: tuple[bytes, ...]
    histories: bytes
    inputs: bytes
    vectors: bytes


def dump(content: Any, *, legacy: bool = False) -> bytes:
    """`torch.save` to bytes; the same bytes each time."""
    if legacy:
        return dump_older(content)
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


@functools.cache
def originals() -> Originals:
    """All good files; made once a process, or those that another process has kept in the file that KEPT names."""
    if kept := os.environ.get(KEPT):
        found: Originals = pickle.loads(Path(kept).read_bytes())
        return found
    contents = [_encoder("post", 0), _encoder("pre", 1), *_other_families()]
    files = [dump(content) for content in contents] + [dump(contents[0], legacy=True)]
    with tempfile.TemporaryDirectory() as directory:
        histories = write_histories(Path(directory) / HISTORIES, GOALS, length=STEPS, streams=STREAMS).read_bytes()
    return Originals(
        contents=tuple(contents),
        checkpoints=tuple(files),
        bare=dump({**contents[0], "config": _BARE}),
        yaml=(_USERS_YAML.encode(), _TRAIN_YAML.encode()),
        histories=histories,
        inputs=_npz(contexts()),
        vectors=_npz(_vectors()),
    )


def contexts() -> dict[str, np.ndarray[Any, Any]]:
    """Two contexts of n transitions by the names of an inputs file."""
    rng = np.random.default_rng(0)
    b, n = 2, N_TRANSIT - 1
    return {
        "in_states": rng.integers(0, 9, (b, n, 2)),
        "in_actions": rng.integers(0, 5, (b, n)),
        "in_rewards": rng.integers(0, 2, (b, n)).astype(np.float32),
        "in_next_states": rng.integers(0, 9, (b, n, 2)),
        "in_query_states": rng.integers(0, 9, (b, 2)),
        "in_target_actions": np.array([1, -1]),
        "in_episode": np.zeros((b, n + 1), np.int64),
        "in_step": np.tile(np.arange(n + 1), (b, 1)),
    }


def _vectors() -> dict[str, np.ndarray[Any, Any]]:
    """Two contexts of vectors, for the family's usual sizes."""
    from references import llama_vectors

    each = [llama_vectors.contexts(N_TRANSIT - 1, seed) for seed in (0, 1)]
    names = ("states", "actions", "rewards", "next_states", "query_state")
    found = {f"in_{name}": np.stack([getattr(one, name) for one in each]) for name in names}
    return found | {"in_query_states": found.pop("in_query_state")}


def _npz(arrays: dict[str, np.ndarray[Any, Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _encoder(norm: str, seed: int) -> dict[str, Any]:
    model = reference(norm, d_model=8, n_layer=2, n_head=2, n_transit=N_TRANSIT, seed=seed)
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    config = settings(2, N_TRANSIT) | {"best": np.float64(0.5), "betas": (0.9, 0.999)}
    return {"step": 7, "config": config, "model": weights, "optimizer": {"state": {0: {}}}, "lr_sched": {"last": 7}}


def _other_families() -> list[dict[str, Any]]:
    """Contents of runs of the other families."""
    logging.getLogger("transformers").setLevel(logging.ERROR)  # remarks on the references' tiny vocabulary
    found = []
    for name, variants in REFERENCES.items():
        module = importlib.import_module(f"references.{name}")
        for sizes in variants:
            with tempfile.TemporaryDirectory() as directory:
                run = module.make_run(Path(directory) / "run", **{"d_model": 8, "n_transit": N_TRANSIT} | sizes)
                file = next(iter(sorted(Path(run).glob("*.pt"))))
                found.append(torch.load(file, map_location="cpu", weights_only=True))
    return found
