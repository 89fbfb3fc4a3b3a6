"""A run's settings: which place is believed, what is assumed, and that the record travels."""

from __future__ import annotations

import contextlib
import dataclasses
import pickle
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkpoints import reference, samples_of, save_checkpoint, settings, users_split, write_histories
from references import llama

from adtui.engine.opening import open_session
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.records.defaults import GOALS
from adtui.records.errors import CheckpointError, ConfigError
from adtui.records.run_settings import BESIDE, CHECKPOINT, DEFAULT, WEIGHTS, RunSettings
from adtui.worlds.settings import Stated, arena_of, run_settings, split_of

SPLIT = ("env_split_seed", "train_env_ratio")


# -- which place is believed -------------------------------------------------------------------------------------------
def beside_of(directory: Path, **values: Any) -> Path:
    (directory / "config.yaml").write_text(yaml.safe_dump(values))
    return directory / "config.yaml"


def test_the_weights_go_before_the_checkpoint_and_that_before_the_file(tmp_path: Path) -> None:
    beside = beside_of(tmp_path, grid_size=5, horizon=30, alg="A3C", env_split_seed=7)
    found = run_settings({"grid_size": 7, "horizon": 25, "alg": "PPO"}, beside, sizes={"grid_size": 9})
    assert (found.grid_size, found.horizon, found.alg, found.env_split_seed) == (9, 25, "PPO", 7)
    assert (found.train_env_ratio, found.num_actions) == (0.9, 5)
    expected = {
        "grid_size": WEIGHTS,
        "horizon": CHECKPOINT,
        "alg": CHECKPOINT,
        "env_split_seed": BESIDE,
        "train_env_ratio": DEFAULT,
        "num_actions": DEFAULT,
    }
    assert {name: found.sources[name] for name in expected} == expected


def test_a_name_without_a_value_in_the_checkpoint_hides_the_files(tmp_path: Path) -> None:
    """Such as `compress: null` of a run that was trained without, whose file was edited for the next."""
    beside = beside_of(tmp_path, compress="recent:5", train_source_timesteps=100, horizon=30)
    found = run_settings({"compress": None, "train_source_timesteps": None, "horizon": None}, beside)
    assert (found.compress, found.train_source_timesteps, found.horizon) == (None, None, 20)
    assert {found.sources[name] for name in ("compress", "train_source_timesteps", "horizon")} == {DEFAULT}


def test_every_setting_that_can_be_stated_is_in_the_record() -> None:
    told_otherwise = {"sources", "overruled", "groups", "marks", "arrows", "dim_obs", "dim_actions"}
    fields = {field.name for field in dataclasses.fields(RunSettings)} - told_otherwise
    assert fields == set(Stated.model_fields) == set(run_settings({}).sources)


@pytest.mark.parametrize(("dynamics", "size", "source"), [(True, 9, WEIGHTS), (False, 11, BESIDE)])
def test_a_grid_that_no_weight_tells_is_that_of_the_settings(
    tmp_path: Path, dynamics: bool, size: int, source: str
) -> None:
    """DPT's queries go through a linear layer: only with dynamics is there a row per cell."""
    run = llama.make_run(tmp_path / "AD", model="DPT", dynamics=dynamics)
    checkpoint = load_checkpoint(run / "ckpt-7.pt")
    config = {key: value for key, value in checkpoint.config.items() if key != "grid_size"}
    save_checkpoint(run / "ckpt-7.pt", dict(checkpoint.weights), config)
    beside_of(run, grid_size=11)
    session = open_session(run, samples=40, device="cpu")
    found = session.info.settings
    assert (found.grid_size, found.sources["grid_size"]) == (size, source)
    assert max(int(sample.states.max()) for sample in session.samples) == size - 1


def test_the_horizon_of_another_environment_is_not_invented() -> None:
    assert run_settings({"env": "maze"}).horizon is None
    assert run_settings({"env": "maze", "horizon": 50}).horizon == 50
    assert run_settings({"env": "maze", **dict.fromkeys(SPLIT, 0.5) | {"env_split_seed": 1}}).doubts == ()


@pytest.mark.parametrize(("env", "horizon"), [("darkroom", 20), ("darkroompermuted", 50), ("dark_key_to_door", 50)])
def test_the_horizon_of_a_known_world_is_said_to_be_assumed(env: str, horizon: int) -> None:
    found = run_settings({"env": env})
    assert found.horizon == horizon
    assert f"horizon {horizon}" in found.doubts[-1]


def test_the_record_travels_without_what_made_it() -> None:
    """The screen's process unpickles it: that may load neither pydantic nor the environments."""
    body = pickle.dumps(run_settings(settings()))
    code = (
        "import pickle, sys; found = pickle.loads(sys.stdin.buffer.read()); assert found.split_known;"
        "assert not {'pydantic', 'gymnasium', 'yaml', 'torch', 'h5py'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], input=body, check=True, timeout=60)


# -- what is assumed is said -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("told", "assumed"),
    [
        ({}, "env_split_seed 0, train_env_ratio 0.9"),
        ({"env_split_seed": 5}, "train_env_ratio 0.9"),
        ({"train_env_ratio": 0.8}, "env_split_seed 0"),
        ({"env_split_seed": 0, "train_env_ratio": 0.9}, None),
    ],
)
def test_a_split_that_the_run_does_not_name_is_said_to_be_assumed(told: dict[str, Any], assumed: str | None) -> None:
    found = run_settings({"env": "darkroom", "horizon": 20, **told})
    assert found.split_known == (assumed is None)
    assert found.held_out == ("held-out goals" if assumed is None else "goals assumed held out")
    lines = [f"goals are held out by the users' default {assumed}: the run does not say which it trained on"]
    assert found.doubts == (() if assumed is None else tuple(lines))


def test_environment_and_horizon_that_are_assumed_are_said() -> None:
    split = {"env_split_seed": 0, "train_env_ratio": 0.9}
    assert run_settings(split).doubts == (
        "assumed, as the run does not say: env darkroom, horizon 20 (the users' defaults)",
    )
    assert run_settings({**split, "env": "darkroom", "horizon": 20}).doubts == ()


def test_stored_histories_say_it_too(tmp_path: Path) -> None:
    config = settings()
    write_histories(tmp_path / "datasets" / "history_darkroom_PPO_alg-seed42.hdf5", range(81))
    known = samples_of(config, tmp_path, 19, 2, 0)
    assert (known.source.split(" in ")[0], known.notes) == ("test histories", ())
    for name in SPLIT:
        del config[name]
    for window in (None, 3):
        found = samples_of(config, tmp_path, 19, 2, 0, window=window)
        assert "the run does not say which it trained on" in found.notes[0]
        assert "test histories" not in found.source


def test_goals_of_an_assumed_split_are_not_said_to_be_trained_on(tmp_path: Path) -> None:
    write_histories(tmp_path / "datasets" / "history_darkroom_PPO_alg-seed42.hdf5", [0, 1])
    config = {"alg": "PPO", "alg_seed": 42}
    assert "these goals may have been trained on" in samples_of(config, tmp_path, 19, 1, 0).notes[-1]
    config |= dict.fromkeys(["env_split_seed"], 0) | {"train_env_ratio": 0.9}
    assert "these goals were trained on" in samples_of(config, tmp_path, 19, 1, 0).notes[-1]


def test_a_bad_value_that_is_not_used_does_no_harm(tmp_path: Path) -> None:
    found = run_settings({"horizon": 25}, beside_of(tmp_path, horizon=0, model=["a", "list"]))
    assert (found.horizon, found.model) == (25, None)


def test_the_split_of_a_run_is_that_of_its_rooms() -> None:
    found = run_settings(settings(env_split_seed=3, train_env_ratio=0.8))
    assert arena_of(found).split == split_of(found)
    assert arena_of(found).doubts(found) == found.doubts
    assert list(split_of(found).test) == users_split(3, 0.8)
    with pytest.raises(ConfigError, match="training and test goals"):
        arena_of(run_settings(settings(train_env_ratio=0)))


# -- where the weights and a configuration disagree --------------------------------------------------------------------
@pytest.mark.parametrize("place", ["checkpoint", "beside"])
def test_what_the_shapes_overrule_is_said(tmp_path: Path, place: str) -> None:
    said = {"grid_size": 8, "n_transit": 30, "tf_n_layer": 6, "tf_n_embd": 64, "num_actions": 4, "tf_n_head": 2}
    config = said if place == "checkpoint" else {"tf_n_head": 2}
    path = save_checkpoint(tmp_path / "ckpt-1.pt", reference().state_dict(), config | {"env_split_seed": 0})
    if place == "beside":
        beside_of(tmp_path, **said)
    info = open_session(path, device="cpu", samples=1).info
    assert info.settings.overruled.keys() == said.keys() - {"tf_n_head"}
    assert {line for line in info.notes if "which count" in line} == set(info.settings.overruled.values())
    assert info.settings.grid_size == 9
    assert info.settings.held_out == "goals assumed held out"


def test_the_checkpoint_counts_before_the_file_that_disagrees(tmp_path: Path) -> None:
    beside = beside_of(tmp_path, grid_size=5)
    assert run_settings({"grid_size": 9}, beside, sizes={"grid_size": 9}).overruled == {}
    assert run_settings({"grid_size": 7}, beside, sizes={"grid_size": 9}).overruled.keys() == {"grid_size"}
    assert "config.yaml" in run_settings({}, beside, sizes={"grid_size": 9}).overruled["grid_size"]


def test_no_run_of_the_users_disagrees_with_itself(fixtures_dir: Path) -> None:
    for path in sorted(fixtures_dir.glob("*/runs/*/ckpt-*.pt")):
        checkpoint = load_checkpoint(path)
        with contextlib.suppress(CheckpointError):
            sizes = load_model(checkpoint, device="cpu").sizes
            assert run_settings(checkpoint.config, sizes=sizes).overruled == {}


def test_a_grid_of_another_size_than_the_config_says(cases_dir: Path) -> None:
    info = open_session(cases_dir / "grid_size_disagrees/runs/AD-darkroom-seed0", device="cpu", samples=3).info
    assert info.settings.grid_size == 10
    assert any("grid_size is 10" in note and "says 9" in note for note in info.notes)
    assert "held-out" not in info.source


@pytest.mark.parametrize(
    ("env", "grid", "total"),
    [
        ("dark_key_to_door", 9, 200),
        ("dark_key_to_door", 3, 81),
        ("dark_key_to_door", 1000, 200),
        ("darkkeytodoor", 9, 9**4),
    ],
)
def test_two_names_of_key_to_door_have_two_splits(env: str, grid: int, total: int) -> None:
    order = list(range(total))
    random.Random(3).shuffle(order)
    config = {"env": env, "grid_size": grid, "env_split_seed": 3, "train_env_ratio": 0.95}
    assert split_of(run_settings(config)).test == tuple(order[round(total * 0.95) :])


def test_the_split_of_two_hundred_tasks(cases_dir: Path) -> None:
    info = open_session(
        cases_dir / "dark_key_to_door_split/runs/AD-dark_key_to_door-seed0", device="cpu", samples=8
    ).info
    held_out = {10, 66, 77, 98, 103, 107, 122, 124, 130, 194}
    assert {sample.task for sample in info.samples} < held_out
    assert {sample.label.split()[0] for sample in info.samples} == {"task"}
    assert info.notes == ()


def test_a_world_of_many_tasks_is_measured_on_some_and_that_is_said() -> None:
    found = run_settings(settings(env="darkkeytodoor", horizon=50))
    arena = arena_of(found)
    whole = split_of(found)
    assert arena.split.test == whole.test[: len(arena.split.test)]
    assert (len(arena.split.test), arena.held_out) == (GOALS, len(whole.test))
    assert f"{GOALS} of the {len(whole.test)} held-out goals" in arena.doubts(found)[-1]
