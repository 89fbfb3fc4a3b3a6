"""Training: parallel queries, the reserve of goals, exact resumption, files on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from adtui.files.settings import load_settings
from adtui.histories.collect import collect
from adtui.histories.collect_settings import CollectSettings
from adtui.records.errors import CheckpointError, ConfigError, HistoryError
from adtui.training.run import RESUME, train
from adtui.training.settings import TrainSettings
from adtui.training.steps import StepReport, Training, make_network, make_source, rate, reserve
from adtui.training.windows import draw_windows
from adtui.worlds.agents import Explorer, run_source
from adtui.worlds.darkroom import DarkRoom

TINY = load_settings(Path(__file__).parents[2] / "configs/tiny.yaml", TrainSettings)


def tiny(run_dir: Path, **changes: Any) -> TrainSettings:
    return TrainSettings.model_validate(TINY.model_dump() | {"log_dir": str(run_dir)} | changes)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_parallel_logits_equal_one_query_at_every_prefix_length(norm: str) -> None:
    network = make_network(TrainSettings.model_validate(TINY.model_dump() | {"norm": norm, "tf_n_layer": 3}))
    histories = run_source(Explorer(), DarkRoom(), np.array([3, 40]), 4, np.random.default_rng(0))
    windows = draw_windows(histories, 4, 24, 0.5, np.random.default_rng(0))
    states, actions, rewards, reached = (
        torch.from_numpy(part) for part in (windows.states, windows.actions, windows.rewards, windows.next_states)
    )
    with torch.inference_mode():
        together = network.parallel_logits(states, actions, rewards, reached)
        for t in range(24):
            one = network(states[:, :t], actions[:, :t], rewards[:, :t], reached[:, :t], states[:, t])
            torch.testing.assert_close(together[:, t], one, atol=1e-5, rtol=1e-5)


def test_held_back_goals_are_training_goals_and_never_trained_on() -> None:
    settings = TrainSettings()
    train_goals, held_back = reserve(settings)
    split = DarkRoom().split(0, 0.9)
    assert set(train_goals) | set(held_back) == set(split.train)
    assert not set(train_goals) & set(held_back)
    assert not set(split.test) & (set(train_goals) | set(held_back))
    assert len(held_back) == 8
    assert reserve(TrainSettings(seed=5)) == (train_goals, held_back)


def test_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = train(tiny(tmp_path / "whole"))
    steps = iter(range(100))
    part = train(tiny(tmp_path / "parts"), should_stop=lambda: next(steps) >= 7)
    assert part.step == 7
    resumed: list[StepReport] = []
    rest = train(tiny(tmp_path / "parts"), on_step=resumed.append)
    assert [report.step for report in resumed] == list(range(8, 13))
    assert rest.best == whole.best
    for name, weight in whole.network.state_dict().items():
        assert torch.equal(weight, rest.network.state_dict()[name]), name
    assert torch.equal(
        rest.optimizer.state_dict()["state"][0]["exp_avg"], whole.optimizer.state_dict()["state"][0]["exp_avg"]
    )


def test_run_directory_has_the_users_layout(tmp_path: Path) -> None:
    settings = tiny(tmp_path / "runs" / "AD-darkroom-seed0")
    training = train(settings)
    assert os.readlink(tmp_path / "runs" / "latest") == "AD-darkroom-seed0"
    assert training.best is not None
    content = torch.load(settings.run_dir / f"ckpt-{training.best[0]}.pt", weights_only=True)
    assert set(content) == {"step", "config", "model"}
    assert content["step"] == training.best[0]
    assert yaml.safe_load((settings.run_dir / "config.yaml").read_text()) == content["config"]
    assert {"tf_n_embd", "tf_n_layer", "tf_n_head", "n_transit", "norm", "env_split_seed"} <= set(content["config"])
    names = set(content["model"])
    assert {"pos_embedding", "embed_context.weight", "embed_query_state.weight", "pred_action.bias"} <= names
    assert "transformer_encoder.layers.0.self_attn.in_proj_weight" in names
    assert "transformer_encoder.norm.weight" in names
    assert not list(settings.run_dir.glob(".*"))


def test_equal_runs_write_equal_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        train(TINY)
        files.append({path.name: path.read_bytes() for path in Path("runs/AD-darkroom-seed0").iterdir()})
    assert files[0] == files[1]


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_weights_load_into_the_reference_encoder(tmp_path: Path, norm: str) -> None:
    """The checkpoint is an `nn.TransformerEncoder` of the layout that `norm` names, and gives the same logits."""
    training = train(tiny(tmp_path, norm=norm, train_timesteps=2))
    weights = training.network.to_state_dict()
    d = TINY.tf_n_embd
    layer = torch.nn.TransformerEncoderLayer(
        d, TINY.tf_n_head, 4 * d, activation="gelu", batch_first=True, norm_first=norm == "pre"
    )
    final = torch.nn.LayerNorm(d) if norm == "pre" else None
    reference = torch.nn.TransformerEncoder(layer, TINY.tf_n_layer, norm=final, enable_nested_tensor=False).eval()
    prefix = "transformer_encoder."
    reference.load_state_dict({k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)})
    x = torch.randn(2, 10, d, generator=torch.Generator().manual_seed(0))
    mask = torch.nn.Transformer.generate_square_subsequent_mask(10)
    with torch.inference_mode():
        torch.testing.assert_close(training.network.decoder(x), reference(x, mask=mask), atol=1e-5, rtol=1e-5)


def losses(seed: int, steps: int) -> list[float]:
    changes = {"seed": seed, "train_timesteps": 60, "lr": 1e-2, "train_batch_size": 8, "episodes": 16}
    training = Training(TrainSettings.model_validate(TINY.model_dump() | changes))
    return [training.advance().loss for _ in range(steps)]


def test_loss_falls_below_that_of_chance() -> None:
    assert np.mean(losses(0, 60)[-20:]) < np.log(5) - 0.1


def test_training_depends_on_the_seed_alone() -> None:
    first = losses(0, 4)
    assert first == losses(0, 4)
    assert first != losses(1, 4)


def test_learning_rate_warms_up_and_decays() -> None:
    settings = TrainSettings(num_warmup_steps=10, train_timesteps=100)
    rates = [rate(step, settings) for step in range(101)]
    assert rates[0] == pytest.approx(0.1, abs=0.01)
    assert max(rates) == pytest.approx(1, abs=0.03)
    assert rates[-1] == pytest.approx(0.02)


def test_windows_cut_histories_and_show_both_kinds_of_episode_end() -> None:
    histories = run_source(Explorer(), DarkRoom(), np.arange(0, 81, 5), 6, np.random.default_rng(0))
    windows = draw_windows(histories, 200, 40, 0.25, np.random.default_rng(0))
    inside = np.roll(windows.states, -1, axis=1) == windows.next_states
    assert inside[:, :-1].all(axis=-1).mean() > 0.9
    first = (windows.states[:, 0] == 4).all(axis=-1).mean()
    assert 0.25 <= first < 0.5
    assert not windows.reward_seen()[:, 0].any()


def test_the_source_has_the_noise_that_is_said_and_else_its_own() -> None:
    said = TrainSettings(noise_start=(1.0, 1.0), noise_episodes=(3, 8))
    assert make_source(said) == Explorer((1.0, 1.0), (3, 8))
    assert said.stored()["noise_episodes"] == [3, 8]
    usual = TrainSettings()
    assert make_source(usual) == Explorer()
    assert not {"noise_start", "noise_episodes"} & usual.stored().keys()  # the bundled runs keep their bytes


CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
RECIPES = [path for path in CONFIGS if not path.name.startswith("collect-") and path.name != "reach.yaml"]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_leave_tasks_to_choose_on_and_tasks_to_test_on(path: Path) -> None:
    settings = load_settings(path, TrainSettings)
    train_tasks, held_back = reserve(settings)
    test = settings.world.split(settings.env_split_seed, settings.train_env_ratio).test
    assert len(test) >= 8
    assert len(held_back) == settings.validation_goals
    assert len({*train_tasks, *held_back, *test}) == settings.world.n_tasks


def test_training_reads_collected_histories(tmp_path: Path) -> None:
    path = collect(CollectSettings(n_stream=2, episodes=2, traj_dir=str(tmp_path / "datasets")))
    training = train(tiny(tmp_path / "run", histories=str(path), train_timesteps=4))
    assert training.step == 4
    with pytest.raises(HistoryError, match="nowhere"):
        train(tiny(tmp_path / "other", histories=str(tmp_path / "nowhere.hdf5")))


def test_other_settings_in_the_same_directory_are_refused(tmp_path: Path) -> None:
    train(tiny(tmp_path, train_timesteps=4))
    with pytest.raises(ConfigError, match=r"lr: 0\.5"):
        train(tiny(tmp_path, train_timesteps=4, lr=0.5))
    with pytest.raises(ConfigError, match=r"noise_start: None.*noise_start: \[0\.5, 1\.0\]"):
        train(tiny(tmp_path, train_timesteps=4, noise_start=(0.5, 1.0)))
    (tmp_path / RESUME).write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match=r"resume\.pt"):
        train(tiny(tmp_path, train_timesteps=4))
    (tmp_path / RESUME).unlink()
    with pytest.raises(ConfigError, match="checkpoints without it"):
        train(tiny(tmp_path, train_timesteps=4))


def test_a_stopped_run_goes_on_from_whole_steps_only(tmp_path: Path) -> None:
    train(tiny(tmp_path, train_timesteps=4))
    state = torch.load(tmp_path / RESUME, weights_only=True)
    torch.save(state | {"step": 3.5}, tmp_path / RESUME)
    with pytest.raises(CheckpointError, match=r"resume\.pt"):
        train(tiny(tmp_path, train_timesteps=4))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tf_n_head": 3}, "tf_n_head must divide"),
        ({"n_transit": 500}, "raise episodes"),
        ({"validation_goals": 73}, "validation_goals below"),
        ({"norm": "middle"}, "norm"),
        ({"learning_rate": 1}, "learning_rate"),
        ({"noise_start": [1.0, 0.3]}, "noise_start must be two shares in order"),
        ({"noise_start": [0.5, 1.5]}, "noise_start must be two shares in order"),
        ({"noise_episodes": [0, 3]}, "noise_episodes must be two counts in order"),
        ({"alg": "q-learning", "noise_episodes": [1, 3]}, "explorer and demonstrator, found alg q-learning"),
    ],
)
def test_inconsistent_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_settings(changes, TrainSettings)
