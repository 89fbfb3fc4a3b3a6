"""Settings are found where training code leaves them: nested by topic, in files of several names, beside or above."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import references.marked
import torch
import yaml
from checkpoints import reference, settings

from adtui.engine.opening import open_session
from adtui.files.beside import config_beside, config_name
from adtui.files.checkpoint import load_checkpoint
from adtui.files.nested import flat
from adtui.files.yaml import load_yaml
from adtui.models.loading import load_model
from adtui.models.weights import truth, whole
from adtui.records.run_settings import CONFIGS, DEFAULT

WEIGHTS = reference().state_dict()
TOLD: dict[str, Any] = {
    "env": "darkkeytodoor",
    "horizon": 50,
    "env_split_seed": 3,
    "train_env_ratio": 0.8,
    "tf_n_head": 2,
    "n_transit": 20,
}


def write(path: Path, values: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values) if path.suffix == ".json" else yaml.safe_dump(values))


@pytest.mark.parametrize("file", ["model_last.pt", "checkpoints/model_last.pt", "checkpoint-1000/model_last.pt"])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_file_of_settings_is_the_runs_for_every_reader(tmp_path: Path, file: str, name: str) -> None:
    """Not its head count alone: the world, the horizon and the split come from it too."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    torch.save(WEIGHTS, tmp_path / file)
    write(tmp_path / name, TOLD)
    info = open_session(tmp_path, device="cpu", samples=1).info
    found = info.settings
    assert {key: getattr(found, key) for key in TOLD if key != "tf_n_head"} == {
        key: value for key, value in TOLD.items() if key != "tf_n_head"
    }
    assert {found.sources[key] for key in TOLD if key != "tf_n_head"} == {name}
    assert found.split_known
    assert found.doubts == ()
    assert f"those of {name} beside it count" in " ".join(info.notes)


def test_the_nearest_file_counts_and_a_plain_directory_has_none_above_it(tmp_path: Path) -> None:
    inner = tmp_path / "checkpoints" / "checkpoint_0"
    inner.mkdir(parents=True)
    write(tmp_path / "config.yaml", {"a": 1})
    assert config_beside(inner) == tmp_path / "config.yaml"
    write(inner / "config.json", {"a": 2})
    assert config_beside(inner) == inner / "config.json"
    assert config_beside(tmp_path / "checkpoints") == tmp_path / "config.yaml"
    (tmp_path / "seed0").mkdir()
    assert config_beside(tmp_path / "seed0") is None
    assert [config_name(tmp_path / name) for name in CONFIGS] == list(CONFIGS)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"model": {"tf_n_head": 2}, "env": {"name": "darkkeytodoor", "horizon": 50}},
         {"tf_n_head": 2, "env": "darkkeytodoor", "horizon": 50}),
        ({"env": "darkroom", "data": {"env": "other", "alg": "PPO"}}, {"env": "darkroom", "alg": "PPO"}),
        ({"config": {"model": {"tf_n_head": 4, "name": "DPT"}}}, {"tf_n_head": 4, "model": "DPT"}),
        ({"train": {"horizon": 20}, "dataset": {"horizon": 20}}, {"horizon": 20}),
    ],
)  # fmt: skip
def test_topics_are_brought_to_the_top(said: dict[str, Any], told: dict[str, Any]) -> None:
    assert flat(said).items() >= told.items()


@pytest.mark.parametrize(
    "said",
    [
        {"train": {"horizon": 20}, "dataset": {"horizon": 30}},  # topics that disagree tell nothing
        {"train": {"horizon": True}, "dataset": {"horizon": 1}},
        {"optimizer": {"horizon": 5}, "logger": {"horizon": 6}},  # no topics of the run
        {"model": {"a": {"horizon": 7}}},
        {"model": {"net": {"transformer": {"horizon": 7}}}},
    ],
)
def test_what_no_topic_tells_for_sure_is_not_told(said: dict[str, Any]) -> None:
    assert "horizon" not in flat(said)
    assert flat({}) == {}
    assert flat(flat(said)) == flat(said)


def test_an_environment_without_a_name_is_no_name(tmp_path: Path) -> None:
    torch.save({"config": settings() | {"env": {"grid_size": 9}}, "model": WEIGHTS}, tmp_path / "ckpt-1.pt")
    found = open_session(tmp_path, device="cpu", samples=1).info.settings
    assert (found.env, found.sources["env"]) == ("darkroom", DEFAULT)


@pytest.mark.parametrize(
    "said",
    [
        {name: {"value": value, "desc": None} for name, value in TOLD.items()},  # Weights & Biases
        {name: str(value) for name, value in TOLD.items()},  # a command line's
        {**TOLD, "tf_n_head": 2.0, "horizon": 50.0},  # JSON of numbers
        {"n_heads": "2", "env_name": "darkkeytodoor", "max_episode_steps": 50, **{
            name: TOLD[name] for name in ("env_split_seed", "train_env_ratio", "n_transit")}},
    ],
)  # fmt: skip
def test_other_spellings_mean_the_same(tmp_path: Path, said: dict[str, Any]) -> None:
    torch.save({"config": said, "model": WEIGHTS}, tmp_path / "ckpt-1.pt")
    info = open_session(tmp_path, device="cpu", samples=1).info
    assert info.n_head == 2
    assert info.settings.doubts == ()
    assert (info.settings.env, info.settings.horizon, info.settings.env_split_seed) == ("darkkeytodoor", 50, 3)


@pytest.mark.parametrize(("said", "marked"), [("false", False), (0, False), (False, False), ("True", True), (1, True)])
def test_yes_and_no_in_any_spelling(tmp_path: Path, said: Any, marked: bool) -> None:
    file = references.marked.make_run(tmp_path / "run", use_compressed_context=False) / "ckpt-7.pt"
    content = torch.load(file, weights_only=True)
    content["config"] |= {"use_compressed_context": said}
    torch.save(content, file)
    model = load_model(load_checkpoint(file), device="cpu")
    assert ("without marks" in model.description) == (not marked)


def test_what_is_yes_and_what_is_whole() -> None:
    assert [truth(value) for value in ("no", "yes", 2, "maybe", None, 0.0)] == [False, True, None, None, None, None]
    values: list[Any] = ["12", 12.0, 12, True, "1e3", 1.5, float("nan"), float("inf"), None]
    assert [whole(value) for value in values] == [12, 12, 12] + [None] * 6


def test_references_within_a_file_are_followed(tmp_path: Path) -> None:
    """Hydra writes its files before it resolves them."""
    nested = {"heads": 2, "twice": "${heads}", "model": {"n_head": "${twice}"}, "env": {"name": "${world.name}"}}
    told = flat({**nested, "world": {"name": "darkroom"}, "lost": "${nowhere}", "a": "${b}", "b": "${a}"})
    assert (told["n_head"], told["env"]) == (2, "darkroom")
    assert told["lost"] == "${nowhere}"
    assert told["a"] in ("${a}", "${b}")


def test_json_may_be_indented_by_tabs(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"env": "darkroom", "heads": [1, {"a": None}]}, indent="\t"))
    assert load_yaml(path) == {"env": "darkroom", "heads": [1, {"a": None}]}
