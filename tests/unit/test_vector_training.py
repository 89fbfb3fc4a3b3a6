"""Training on histories of vectors: what is written opens as DICP's files do, and is what was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from references import llama_vectors

from adtui.cli.main import main
from adtui.engine.opening import open_session
from adtui.files.checkpoint import load_checkpoint
from adtui.models.llama_weights import deinterleaved, interleaved, to_file
from adtui.models.loading import load_model
from adtui.training.vector_settings import VectorTrainSettings
from adtui.training.vectors import Pool, VectorReport, loss, make_network, read_pools, train_vectors

SMALL: dict[str, Any] = {
    "env": "point",
    "dim_obs": 5,
    "dim_actions": 3,
    "validation_tasks": 1,
    "n_transit": 6,
    "tf_n_embd": 8,
    "tf_n_layer": 1,
    "train_timesteps": 8,
    "train_batch_size": 8,
    "eval_interval": 4,
}


def settings(directory: Path, **more: Any) -> VectorTrainSettings:
    path = directory / "h.hdf5"
    if not path.exists():
        llama_vectors.write_histories(path, tasks=3, steps=24)
    values = SMALL | {"histories": str(path), "log_dir": str(directory / "runs/AD-point")} | more
    return VectorTrainSettings(**values)


@pytest.mark.parametrize("learn_var", [True, False])
def test_what_is_written_is_what_was_trained_and_opens(learn_var: bool, tmp_path: Path) -> None:
    asked = settings(tmp_path, learn_var=learn_var)
    reports: list[VectorReport] = []
    step, lowest = train_vectors(asked, on_step=reports.append)
    assert [one.step for one in reports] == list(range(1, 9))
    measured = {one.step: one.validation for one in reports if one.validation is not None}
    assert set(measured) == {4, 8}
    assert (measured[step], lowest) == (lowest, min(measured.values()))
    info = open_session(asked.run_dir, device="cpu", samples=2, histories=asked.histories).info
    assert info.step == step
    assert info.acts == asked.head
    assert info.settings.horizon == asked.horizon
    again = settings(tmp_path, learn_var=learn_var, log_dir=str(tmp_path / "runs/again"))
    assert train_vectors(again) == (step, lowest)


def test_it_learns(tmp_path: Path) -> None:
    """Actions that repeat the first number of the state: enough steps bring the loss near 0."""
    rng = np.random.default_rng(0)
    states = rng.normal(0, 1, (4, 40, 5)).astype(np.float32)
    pool = Pool(states, np.repeat(states[..., :1], 3, axis=2), np.zeros((4, 40), np.float32), states)
    network = make_network(settings(tmp_path, learn_var=False))
    before = float(loss(network, pool.windows(6, 256, rng)).detach())
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(80):
        optimizer.zero_grad()
        loss(network, pool.windows(6, 64, rng)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert float(loss(network, pool.windows(6, 256, rng)).detach()) < 0.2 * before


def test_windows_are_pieces_of_one_history() -> None:
    steps = np.arange(80, dtype=np.float32).reshape(2, 40, 1)
    pool = Pool(steps, steps + 0.5, steps[..., 0], steps + 1)
    states, actions, rewards, following, queries, targets = pool.windows(6, 50, np.random.default_rng(1))
    np.testing.assert_array_equal(following[:, :-1], states[:, 1:])
    np.testing.assert_array_equal(queries, states[:, -1] + 1)
    np.testing.assert_array_equal(targets, queries + 0.5)
    np.testing.assert_array_equal(actions, states + 0.5)
    np.testing.assert_array_equal(rewards, states[..., 0])
    assert {float(one) // 40 for one in queries.flatten()} == {0, 1}


def test_names_and_rows_are_those_of_users_files(tmp_path: Path) -> None:
    run = llama_vectors.make_run(tmp_path / "run", n_head=4)
    checkpoint = load_checkpoint(next(run.glob("*.pt")))
    found = to_file(load_model(checkpoint).network)
    assert found.keys() == checkpoint.weights.keys()
    for name, values in checkpoint.weights.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    rows = torch.arange(24.0)
    np.testing.assert_array_equal(deinterleaved(interleaved(rows, 4), 4), rows)


def test_tasks_held_back_are_not_learnt_from(tmp_path: Path) -> None:
    asked = settings(tmp_path)
    learnt, back = read_pools(asked)
    assert (len(learnt.rewards), len(back.rewards)) == (4, 2)
    assert not any((one == two).all() for one in learnt.states for two in back.states)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"validation_tasks": 3}, "more than the 3 tasks"),
        ({"n_transit": 25}, "at least n_transit = 25 steps"),
        ({"dim_obs": 4}, "states of 4 numbers, found 5"),
        ({"dim_actions": 2}, "(steps, streams, 2)"),
        ({"tf_n_head": 8}, "even parts"),
        ({"histories": "/no/such.hdf5"}, "found nothing"),
        ({"horizon": 5}, "expected episodes of 5 steps, as `horizon` says, found 20 by its dones; set horizon: 20"),
        ({"dim_obs": 0}, "greater than or equal to 1"),
        ({"norm": "pre"}, "known setting"),
    ],
)
def test_what_cannot_be_trained_is_one_line(
    more: dict[str, Any], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = settings(tmp_path).model_dump(mode="json") | more
    config = tmp_path / "c.yaml"
    config.write_text(yaml.safe_dump(values))
    assert main(["train", str(config)]) == 2
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1
    assert words in said


def test_the_command_trains_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(yaml.safe_dump(settings(tmp_path).model_dump(mode="json")))
    assert main(["train", str(config), "--seed", "3"]) == 0
    captured = capsys.readouterr()
    assert captured.out.strip().endswith("AD-point")
    assert "on tasks held back" in captured.err
    assert main(["train", str(config)]) == 2
    assert "name another log_dir" in capsys.readouterr().err
    assert main(["train", str(config), "--compress", "recent:3"]) == 2


def test_the_bundled_config_is_one() -> None:
    values = yaml.safe_load((Path(__file__).parents[2] / "configs/reach.yaml").read_text())
    assert VectorTrainSettings(**values).head.outputs == 8
