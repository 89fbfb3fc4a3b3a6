"""What names of checkpoints say: steps, series, and that neither a seed nor a size is a step."""

from __future__ import annotations

from pathlib import Path

import pytest

from adtui.files.checkpoint_names import named_step, series
from adtui.files.runs import find_run
from adtui.records.errors import RunError


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("ckpt-900.pt", 900),
        ("epoch=3-step=900.ckpt", 900),
        ("epoch=3-val_loss=0.52.ckpt", 3),
        ("model_epoch_10.pt", 10),
        ("net9000.pth", 9000),
        ("ckpt-10k.pt", 10_000),
        ("step_2M.pt", 2_000_000),
        ("7.pt", 7),
        ("checkpoint.pth.tar", None),
        ("model_best.pt", None),
        ("AD-seed1.pt", None),
        ("darkroom_embd32_layer4_head4_lr0.001_H50_seed1.pt", None),
        ("darkroom_embd32_layer4_head4_H50.pt", None),
        ("model_0.52.pt", None),
        ("model-v2.pt", None),
    ],
)
def test_the_step_of_a_name(name: str, step: int | None) -> None:
    assert named_step(name) == step


@pytest.mark.parametrize(
    ("names", "newest", "steps"),
    [
        (["ckpt_900.pt", "ckpt_1000.pt"], "ckpt_1000.pt", [900, 1000]),
        (["AD_seed0_900.pt", "AD_seed0_1000.pt"], "AD_seed0_1000.pt", [900, 1000]),
        (["m_9k.pt", "m_10k.pt"], "m_10k.pt", [9000, 10_000]),
        (["epoch=9-loss=0.7.ckpt", "epoch=10-loss=0.61.ckpt"], "epoch=10-loss=0.61.ckpt", [9, 10]),
        (["best.pt", "step_100.pt", "step_200.pt"], "step_200.pt", [100, 200]),
        (["model.pt", "model_ema.pt"], "model.pt", [None]),
        (["model_ema.pt"], "model_ema.pt", [None]),
        (["mp_rank_00_model_states.pt", "zero_pp_rank_0_mp_rank_00_optim_states.pt"], "mp_rank_00_model_states.pt",
         [None]),
        (["checkpoint.pth.tar", "optimizer.pth.tar"], "checkpoint.pth.tar", [None]),
    ],
)  # fmt: skip
def test_one_series(names: list[str], newest: str, steps: list[int | None]) -> None:
    found = series([Path(name) for name in names])
    assert found[-1][1].name == newest
    assert [step for step, _ in found] == steps


@pytest.mark.parametrize(
    "names",
    [
        ["AD_seed0.pt", "AD_seed1.pt"],  # two runs, not two steps
        ["model_3_0.52.pt", "model_10_0.41.pt"],  # an epoch and a loss? nobody says
        ["ckpt_2026-05-01_12-00-00.pt", "ckpt_2026-05-02_10-00-00.pt"],
        ["model_0.52.pt", "model_0.41.pt"],
        ["epoch=3.ckpt", "epoch=03.ckpt"],
        ["last.ckpt", "last-v1.ckpt"],
        ["actor.pt", "model.pth"],
        ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
    ],
)
def test_no_series_where_the_newest_would_be_a_guess(names: list[str], tmp_path: Path) -> None:
    assert series([Path(name) for name in names]) == ()
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(RunError, match=r"give the checkpoint file itself|put them together"):
        find_run(tmp_path)


def touched(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_checkpoints_that_have_a_directory_each_are_one_run(tmp_path: Path) -> None:
    run = touched(
        tmp_path / "AD",
        *(f"checkpoint-{step}/{name}" for step in (900, 1000) for name in ("model.safetensors", "optimizer.pt")),
        "checkpoint-1100/optimizer.pt",  # not written yet
        "config.yaml",
    )
    found = find_run(run)
    assert [step for step, _ in found.checkpoints] == [900, 1000]
    assert found.latest == run / "checkpoint-1000" / "model.safetensors"
    assert (found.name, found.directory, found.config_path) == ("AD", run, run / "config.yaml")
    assert found.newest_step() == 1000
    touched(run, "checkpoint-1100/model.safetensors")
    assert found.newest_step() == 1100
    assert find_run(run / "checkpoint-900").step == 900
    touched(run, "model.safetensors")  # what training came to
    assert find_run(run).latest == run / "model.safetensors"
