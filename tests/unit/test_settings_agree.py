"""Whoever asks for a run's split and horizon gets the same, and says so where they are assumed."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import yaml
from checkpoints import reference, save_checkpoint, settings, users_split
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from adtui.cli.main import main
from adtui.compression.trials.prepare import prepare
from adtui.engine.jobs import Engine
from adtui.engine.session import Session
from adtui.records.messages import Failed, OpenRun
from adtui.records.run_settings import BESIDE, CHECKPOINT, WEIGHTS
from adtui.records.trial_messages import AskLab, LabReady
from adtui.worlds.darkroom import DarkRoom

N_TRANSIT = 14
SPLIT = ("env_split_seed", "train_env_ratio")
LACKING = {"env_split_seed": 5, "train_env_ratio": 0.8, "horizon": 30}
"""What the checkpoint does not say and `config.yaml` does."""


def make(directory: Path, config: dict[str, Any], beside: dict[str, Any] | None, n_transit: int = N_TRANSIT) -> Path:
    """A run from which no histories are in sight, so that it is rolled out."""
    weights = reference("pre", d_model=8, n_layer=1, n_head=1, n_transit=n_transit).state_dict()
    save_checkpoint(directory / "ckpt-1.pt", weights, {"tf_n_head": 1, **config})
    if beside is not None:
        (directory / "config.yaml").write_text(yaml.safe_dump(beside))
    return directory


@dataclasses.dataclass(frozen=True)
class Said:
    """What each consumer makes of one run."""

    session: Session
    lab: LabReady
    evaluated: dict[str, Any]
    plan: Any
    about: dict[str, Any]


def ask(run: Path) -> Said:
    """Open it in the engine, ask for the lab, evaluate it, and make its trials ready."""
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(OpenRun(1, str(run), samples=4, device="cpu"))
    engine.advance()
    engine.handle(AskLab(2))
    assert not [reply for reply in sent if isinstance(reply, Failed)]
    assert engine.session is not None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(["evaluate", str(run), "--json", "--episodes", "1", "--streams", "1", "--device", "cpu"]) == 0
    evaluated = json.loads(printed.getvalue())
    ready = prepare(run, device="cpu")
    return Said(engine.session, sent[-1], evaluated, ready.plan, ready.about)


def check_agreement(said: Said, goals: list[int], horizon: int) -> None:
    """Everyone measures on these goals, in episodes of this length."""
    for sample in said.session.samples:
        assert sample.goal is not None
        assert sample.goal[0] * 9 + sample.goal[1] in goals
        assert (np.diff(sample.episode * horizon + sample.step) == 1).all()
        assert sample.step.max() < horizon
    assert (said.lab.goals, said.lab.horizon) == (len(goals), horizon)
    assert (said.plan.goals, said.plan.world.horizon) == (tuple(goals), horizon)
    held_out = said.evaluated["curves"]["held_out"]
    assert sorted(map(int, held_out["by_goal"])) == sorted(goals)
    assert held_out["optimal"] == pytest.approx(DarkRoom(horizon=horizon).optimal_returns(np.array(goals)).mean())
    told = said.session.info.settings.to_json()
    assert said.evaluated["settings"] == said.about["settings"] == told


# -- one answer for everyone -------------------------------------------------------------------------------------------
def test_what_only_config_yaml_says_holds_for_everyone(tmp_path: Path) -> None:
    run = make(tmp_path / "AD", {"env": "darkroom"}, LACKING, n_transit=40)
    said = ask(run)
    goals = users_split(5, 0.8)
    assert len(goals) == 16
    check_agreement(said, goals, 30)
    sources = said.session.info.settings.sources
    assert {name: sources[name] for name in LACKING} == dict.fromkeys(LACKING, BESIDE)
    assert (sources["env"], sources["grid_size"], sources["num_actions"]) == (CHECKPOINT, WEIGHTS, WEIGHTS)
    assert said.evaluated["notes"] == said.about["notes"] == []
    assert said.session.info.source == "the model's own rollouts on held-out goals"


CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "env_split_seed": st.integers(-3, 10**9),
        "train_env_ratio": st.sampled_from([0.8, 0.85, 0.9, 0.95]),
        "horizon": st.integers(4, 9),
        "env": st.just("darkroom"),
        "grid_size": st.integers(2, 20),
    },
)


@given(config=CONFIGS, beside=st.none() | CONFIGS)
@hypothesis_settings(max_examples=12, deadline=None, derandomize=True)
def test_any_config_means_the_same_to_everyone(config: dict[str, Any], beside: dict[str, Any] | None) -> None:
    expected = {"env_split_seed": 0, "train_env_ratio": 0.9, "horizon": 20} | (beside or {}) | config
    goals = users_split(expected["env_split_seed"], expected["train_env_ratio"])
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        said = ask(make(Path(directory) / "AD", config, beside))
    check_agreement(said, goals, expected["horizon"])
    known = all(name in {**(beside or {}), **config} for name in SPLIT)
    assert said.session.info.settings.split_known == known
    assert ("assumed" in said.session.info.source) == (not known)


def test_how_the_run_was_trained_is_found_beside_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make(tmp_path / "AD", settings(1, N_TRANSIT), {"compress": "recent:4"})
    assert main(["evaluate", str(run), "--json", "--episodes", "1", "--streams", "1"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["compress"] == "recent:4"
    assert "compressed" in document["curves"]


def test_everyone_says_that_the_split_is_assumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make(tmp_path / "AD", {"env": "darkroom", "horizon": 20}, None)
    said = ask(run)
    (doubt,) = said.session.info.settings.doubts
    info = said.session.info
    assert doubt in info.notes
    assert info.source == "the model's own rollouts on goals assumed held out"
    assert said.evaluated["notes"] == said.about["notes"] == [doubt]
    assert said.about["held_out"] == "goals assumed held out"
    words = {
        "analyze": ["--samples", "1"],
        "evaluate": ["--episodes", "1", "--streams", "1"],
        "compress": ["--strategies", "recent", "--budgets", "4", "--streams", "1", "--episodes", "3", "--jobs", "1"],
    }
    for command, options in words.items():
        assert main([command, str(run), "--device", "cpu", *options]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert doubt in shown
        assert "held-out goals" not in shown
        assert "training goals" not in shown


@pytest.mark.parametrize(
    ("command", "part", "options"),
    [
        ("analyze", "run", "--samples 1"),
        ("evaluate", None, "--streams 1 --episodes 1"),
        ("compress", "about", "--streams 1 --episodes 3 --strategies recent --budgets 4 --jobs 1"),
    ],
)
def test_every_document_has_the_settings_with_their_sources(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, part: str | None, options: str
) -> None:
    run = make(tmp_path / "AD", {"env": "darkroom"}, LACKING)
    assert main([command, str(run), "--json", "--device", "cpu", *options.split()]) == 0
    document = json.loads(capsys.readouterr().out)
    found = (document if part is None else document[part])["settings"]
    assert found["horizon"] == {"value": 30, "source": "config.yaml"}
    assert found["env"] == {"value": "darkroom", "source": "checkpoint"}
    assert found["grid_size"] == {"value": 9, "source": "weights"}
    assert found["alg_seed"] == {"value": 0, "source": "default"}


# -- values that cannot be used ----------------------------------------------------------------------------------------
UNUSABLE = [
    ({"horizon": 0}, "horizon"),
    ({"horizon": "long"}, "horizon"),
    ({"train_env_ratio": 2}, "train_env_ratio"),
    ({"train_env_ratio": float("nan")}, "train_env_ratio"),
    ({"env_split_seed": "zero"}, "env_split_seed"),
]
NOT_TO_BE_EVALUATED = [({"train_env_ratio": 1}, "found 81 and 0"), ({"env": "maze"}, "maze with 5 actions")]


@pytest.mark.parametrize("place", [CHECKPOINT, BESIDE])
@pytest.mark.parametrize(("bad", "said"), UNUSABLE)
@pytest.mark.parametrize("command", ["analyze", "evaluate", "compress"])
def test_a_bad_value_is_one_line_that_names_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, bad: dict[str, Any], said: str, place: str
) -> None:
    good = {"env": "darkroom"}
    run = make(tmp_path / "AD", good | bad, None) if place == CHECKPOINT else make(tmp_path / "AD", good, bad)
    assert main([command, str(run)]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert f"{'ckpt-1.pt' if place == CHECKPOINT else 'config.yaml'}, {said}: expected" in line


@pytest.mark.parametrize(("bad", "said"), NOT_TO_BE_EVALUATED)
@pytest.mark.parametrize("command", ["evaluate", "compress"])
def test_rooms_that_cannot_be_evaluated_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, bad: dict[str, Any], said: str
) -> None:
    assert main([command, str(make(tmp_path / "AD", settings(1, N_TRANSIT, **bad), None))]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert said in line
