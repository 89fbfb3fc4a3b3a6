"""What `checkpoint` gives to an adapter: the module's own weights and the settings, whatever lies around them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import reference, save_checkpoint, settings
from safetensors.torch import save_file
from torch import nn

from adtui.files.checkpoint import load_checkpoint
from adtui.models.adapter import AdaptedCheckpoint, adapted
from adtui.models.loading import load_model
from adtui.records.errors import CheckpointError

ADAPTER = Path(__file__).parents[1] / "adapters" / "plain_adapter.py"
MODEL = reference()
WEIGHTS = MODEL.state_dict()


def shown(path: Path) -> AdaptedCheckpoint:
    checkpoint = load_checkpoint(path)
    return adapted(checkpoint, checkpoint.config)


@pytest.mark.parametrize(
    "content",
    [
        WEIGHTS,
        {"state_dict": {f"model.{name}": value for name, value in WEIGHTS.items()}, "hyper_parameters": settings()},
        {"model": {f"module.{name}": value for name, value in WEIGHTS.items()}},
        {"module": WEIGHTS, "epoch": 3},
        {"trainer": {"policy": {f"_orig_mod.net.{name}": value for name, value in WEIGHTS.items()}}},
        {"ema": WEIGHTS},
    ],
    ids=["raw", "Lightning", "DDP", "DeepSpeed", "nested and compiled", "averaged"],
)
def test_the_modules_own_weights_come_out_of_any_wrapping(tmp_path: Path, content: dict[str, Any]) -> None:
    torch.save(content, tmp_path / "ckpt-7.pt")
    same_weights(shown(tmp_path / "ckpt-7.pt").state_dict(MODEL))


def same_weights(found: dict[str, Any]) -> None:
    assert found.keys() == WEIGHTS.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, WEIGHTS[name])


def test_of_safetensors_too(tmp_path: Path) -> None:
    save_file({name: value.contiguous() for name, value in WEIGHTS.items()}, tmp_path / "model.safetensors")
    same_weights(shown(tmp_path / "model.safetensors").state_dict(MODEL))


def test_of_several_the_place_says_which(tmp_path: Path) -> None:
    doubled = {name: 2 * value for name, value in WEIGHTS.items()}
    torch.save({"model": WEIGHTS, "ema": {"model": doubled}, "step": 9}, tmp_path / "ckpt-7.pt")
    checkpoint = shown(tmp_path / "ckpt-7.pt")
    assert checkpoint.step == 9
    same_weights(checkpoint.state_dict())
    torch.testing.assert_close(checkpoint.state_dict(place="ema.model")["pos_embedding"], doubled["pos_embedding"])
    with pytest.raises(CheckpointError, match=r"those of model and ema\.model; say which by `place`"):
        checkpoint.state_dict(MODEL)
    same_weights(checkpoint.state_dict(MODEL, place="model"))
    with pytest.raises(CheckpointError, match=r"weights at average, found model, ema\.model"):
        checkpoint.state_dict(place="average")


def test_another_modules_weights_are_refused_with_what_differs(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "ckpt-7.pt", WEIGHTS)
    with pytest.raises(CheckpointError, match=r"found none of 0\.weight, 0\.bias and besides pos_embedding"):
        shown(tmp_path / "ckpt-7.pt").state_dict(nn.Sequential(nn.Linear(2, 2)))


def test_parts_of_one_name_are_told_apart_by_their_prefix(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "ckpt-7.pt", WEIGHTS)
    checkpoint, linear = shown(tmp_path / "ckpt-7.pt"), nn.Linear(16, 5)
    with pytest.raises(CheckpointError, match=r"found those of model\..* and model\..*; say which by `place`"):
        checkpoint.state_dict(linear)
    found = checkpoint.state_dict(linear, place="model.pred_action")
    torch.testing.assert_close(found["bias"], WEIGHTS["pred_action.bias"])


@pytest.mark.parametrize(
    ("file", "settings_at"),
    [
        ("ckpt-7.pt", "config.yaml"),
        ("ckpt-7.pt", ".hydra/config.yaml"),
        ("checkpoints/ckpt-7.pt", "hparams.yaml"),
        ("checkpoints/ckpt-7.pt", ".hydra/config.yaml"),
    ],
)
def test_settings_beside_the_file_are_the_checkpoints(tmp_path: Path, file: str, settings_at: str) -> None:
    for name in (file, settings_at):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    torch.save(WEIGHTS, tmp_path / file)
    (tmp_path / settings_at).write_text("n_transit: 8\nmodel:\n  tf_n_head: 2\n")
    model = load_model(load_checkpoint(tmp_path / file), device="cpu", adapter=ADAPTER)
    assert model.n_context_max == 7
    assert f"those of {settings_at} beside it count" in " ".join(model.notes)
    assert load_model(load_checkpoint(tmp_path / file), device="cpu").n_head == 2
