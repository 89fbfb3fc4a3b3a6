"""The example of docs/vectors.md, in Meta-World itself: collected, learnt from, opened, knocked out, let act.

Skipped where the extra `metaworld` is not installed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml

from adtui.cli.main import main
from adtui.engine.opening import open_session

pytest.importorskip("metaworld")
EXAMPLE = Path(__file__).parents[2] / "docs/vectors.md"
FEWER = """

make.train_tasks, make.test_tasks, make.horizon = range(4), range(50, 52), 25
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The example with fewer tasks and shorter episodes."""
    [code] = re.findall(r"```python\n(# reach\.py.*?)```", EXAMPLE.read_text(), re.DOTALL)
    path = tmp_path_factory.mktemp("world") / "reach.py"
    path.write_text(code + FEWER)
    return f"{path}:make"


@pytest.mark.filterwarnings("ignore:Constant.s. may be too high")
def test_reach_from_its_scripted_policy_to_knock_outs(
    world: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    histories, config = tmp_path / "h.hdf5", tmp_path / "reach.yaml"
    ask = ["collect", "--world", world, "--episodes", "2", "--streams", "1"]
    assert main([*ask, "--output", str(histories)]) == 0
    with h5py.File(histories) as file:
        assert sorted(file) == ["0", "1", "2", "3"]
        assert file["0/states"].shape == (50, 1, 11)
        assert file["0/rewards"][20:25].mean() > file["0/rewards"][:5].mean()  # the scripted policy gets there
    settings: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "configs/reach.yaml").read_text())
    settings |= {"histories": str(histories), "validation_tasks": 1, "n_transit": 30, "horizon": 25}
    settings |= {"train_timesteps": 20, "eval_interval": 10, "log_dir": str(tmp_path / "runs/AD-reach")}
    config.write_text(yaml.safe_dump(settings))
    assert main(["train", str(config)]) == 0
    session = open_session(tmp_path / "runs/AD-reach", device="cpu", samples=2, histories=histories)
    assert session.info.acts.words == "Gaussian actions of 4 numbers"
    found = session.knock_out(0, [3, 4])
    assert found.kl > 0
    assert np.isfinite(found.control_kl).all()
    there = open_session(tmp_path / "runs/AD-reach", device="cpu", samples=2, world=world)
    assert {sample.task for sample in there.info.samples} <= {50, 51}
    capsys.readouterr()
    measured = ["evaluate", str(tmp_path / "runs/AD-reach"), "--world", world, "--json"]
    assert main([*measured, "--episodes", "1", "--streams", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["curves"]["held_out"]["random"] > 0
