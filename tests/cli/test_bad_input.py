"""Bad input is one clear line on stderr and exit code 2, never a traceback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
import torch
from checkpoints import make_run, reference, save_checkpoint, settings, write_histories

from adtui.cli.main import main

REPOSITORY = Path(__file__).resolve().parents[2]
NAME = "history_darkroom_PPO_alg-seed42.hdf5"
Broken = tuple[Path, str]


def missing(root: Path) -> Broken:
    return root / "none", "found nothing"


def empty_run(root: Path) -> Broken:
    (root / "AD").mkdir()
    return root / "AD", "an empty directory"


def no_checkpoints(root: Path) -> Broken:
    (root / "AD").mkdir()
    (root / "AD" / "config.yaml").write_text("a: 1")
    return root / "AD", "ckpt-<step>.pt"


def empty_runs(root: Path) -> Broken:
    (root / "runs").mkdir()
    return root / "runs" / "latest", "runs with checkpoints"


def several_runs(root: Path) -> Broken:
    make_run(root / "runs" / "a")
    make_run(root / "runs" / "b")
    return root / "runs", "name one"


def truncated(root: Path) -> Broken:
    run = make_run(root / "AD")
    file = run / "ckpt-7.pt"
    file.write_bytes(file.read_bytes()[:-2000])
    return run, "truncated or damaged"


def garbage(root: Path) -> Broken:
    (root / "AD").mkdir()
    (root / "AD" / "ckpt-7.pt").write_bytes(b"garbage" * 999)
    return root / "AD", "bytes of another kind"


def empty_file(root: Path) -> Broken:
    (root / "AD").mkdir()
    (root / "AD" / "ckpt-7.pt").write_bytes(b"")
    return root / "AD", "an empty file"


def wrong_keys(root: Path) -> Broken:
    save_checkpoint(root / "AD" / "ckpt-7.pt", {"conv.weight": torch.ones(3)})
    return root / "AD", "conv.weight"


def missing_key(root: Path) -> Broken:
    weights = reference().state_dict()
    del weights["transformer_encoder.layers.1.norm2.bias"]
    save_checkpoint(root / "AD" / "ckpt-7.pt", weights)
    return root / "AD", "layers.1.norm2.bias"


def wrong_shape(root: Path) -> Broken:
    weights = reference().state_dict() | {"pred_action.bias": torch.ones(4)}
    save_checkpoint(root / "AD" / "ckpt-7.pt", weights)
    return root / "AD", "pred_action.bias"


def not_a_checkpoint(root: Path) -> Broken:
    torch.save([1, 2], root / "best.pt")
    return root / "best.pt", "a list"


def nan_weights(root: Path) -> Broken:
    weights = reference().state_dict()
    weights["pred_action.weight"][0, 0] = float("nan")
    save_checkpoint(root / "AD" / "ckpt-7.pt", weights)
    return root / "AD", "pred_action.weight"


def bad_yaml(root: Path) -> Broken:
    run = make_run(root / "AD")
    (run / "config.yaml").write_text("a: [1, 2")
    return run, "the checkpoint has its own settings"


def unreadable_hdf5(root: Path) -> Broken:
    (root / "datasets").mkdir()
    (root / "datasets" / NAME).write_bytes(b"not HDF5" * 99)
    return make_run(root / "runs" / "AD"), NAME


def hdf5_without_data(root: Path) -> Broken:
    (root / "datasets").mkdir()
    with h5py.File(root / "datasets" / NAME, "w") as file:
        file.create_group("38")
    return make_run(root / "runs" / "AD"), "a data set states"


def hdf5_that_leads_elsewhere(root: Path) -> Broken:
    (root / "datasets").mkdir()
    with h5py.File(root / "datasets" / NAME, "w") as file:
        file["38"] = h5py.ExternalLink("other.hdf5", "/38")
    return make_run(root / "runs" / "AD"), "a link to other.hdf5"


def environment_that_is_a_path(root: Path) -> Broken:
    save_checkpoint(root / "AD" / "ckpt-7.pt", reference().state_dict(), settings(env="../../secret"))
    return root / "AD", "settings, env: expected a plain name"


def yaml_bomb(root: Path) -> Broken:
    run = make_run(root / "AD")
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    (run / "config.yaml").write_text("\n".join(lines))
    return run, "aliases count in full"


CASES = [
    missing,
    empty_run,
    no_checkpoints,
    empty_runs,
    several_runs,
    truncated,
    garbage,
    empty_file,
    wrong_keys,
    missing_key,
    wrong_shape,
    not_a_checkpoint,
    nan_weights,
    bad_yaml,
    unreadable_hdf5,
    hdf5_without_data,
    hdf5_that_leads_elsewhere,
    environment_that_is_a_path,
    yaml_bomb,
]


@pytest.mark.parametrize("command", ["analyze", "extract"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: Callable[[Path], Broken], command: str
) -> None:
    path, said = case(tmp_path)
    options = ["--output", str(tmp_path / "y.npz")] if command == "extract" else []
    assert main([command, str(path), *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("adtui: ")
    assert said in err
    assert "expected" in err
    assert not (tmp_path / "y.npz").exists()


@pytest.mark.parametrize("case", [missing, truncated], ids=lambda case: case.__name__)
def test_one_line_from_the_command(tmp_path: Path, case: Callable[[Path], Broken]) -> None:
    path, said = case(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "adtui", str(path)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_good_run_beside_a_bad_one_still_opens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "runs" / "good")
    shutil.copytree(run, tmp_path / "runs" / "bad")
    (tmp_path / "runs" / "bad" / "ckpt-7.pt").write_bytes(b"")
    assert main(["extract", str(run), "--output", str(tmp_path / "y.npz"), "--samples", "1"]) == 0


# -- --histories -------------------------------------------------------------------------------------------------------
def test_histories_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A traj_dir outside the project is not read; what the note says to type reads it, from any command."""
    far = write_histories(tmp_path / "far" / NAME).parent
    run = tmp_path / "project" / "runs" / "AD"
    save_checkpoint(run / "ckpt-7.pt", reference().state_dict(), settings(traj_dir=str(far)))
    monkeypatch.chdir(tmp_path / "project")
    assert main(["analyze", str(run), "--samples", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "rollouts" in found["run"]["source"]
    assert f"add --histories {far}" in " ".join(found["run"]["notes"])
    for path in (far, far / NAME, "../far"):
        assert main(["analyze", str(run), "--samples", "1", "--json", "--histories", str(path)]) == 0
        assert json.loads(capsys.readouterr().out)["run"]["source"] == f"test histories in {NAME}"
    options = ["--samples", "1", "--histories", str(far)]
    assert main(["extract", str(run), "--output", str(tmp_path / "y.npz"), *options]) == 0
    assert main(["export", str(run), "--output", str(tmp_path / "figs"), "--layers", "0", *options]) == 0


@pytest.mark.parametrize("place", ["none", "project"])
def test_histories_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str) -> None:
    run = make_run(tmp_path / "project" / "AD")
    assert main(["analyze", str(run), "--histories", str(tmp_path / place)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert f"--histories {tmp_path / place}: expected" in err
