"""A model of bandits through every command that lets it act: a tiny one of DPT's, as its authors save it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from references import dpt

from adtui.cli.main import main
from adtui.engine.opening import open_session
from adtui.records.map_messages import GetMoment
from adtui.ui.renderables.readout import transition
from adtui.ui.renderables.walk import arm_lines, returns_lines
from adtui.worlds.registry import make_world
from adtui.worlds.returns import usual_episodes

HORIZON = 9
HORIZONS = (("darkroom_heldout", 10, 100), ("bandit", 1, 20), ("bandit", 1, 100), ("bandit", 1, 900))
NAME = "{}_shufTrue_lr0.0001_do0_embd16_layer2_head4_envs9_hists1_samples1_var0.3_cov0.0_H9_d5_seed1.pt"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gaussian arms."""
    return dpt.make_run(
        tmp_path_factory.mktemp("bandit"), bare=NAME.format("bandit"), n_transit=HORIZON + 1, state_size=1
    )


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """What a command prints, whichever way."""
    assert main(list(words)) == code
    both = capsys.readouterr()
    return both.out + both.err


def test_evaluate_names_regret_and_the_agents_beside(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(run), "--streams", "1", "--episodes", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    curves = found["curves"]
    assert list(curves) == ["held_out", "train", "context_wiped", "reward_zeroed", "thompson", "ucb"]
    lost = 2 * (curves["held_out"]["optimal"] - curves["held_out"]["random"])
    assert any("18 pulls lost against the best arm" in note and f"{lost:.2f}" in note for note in found["notes"])
    assert all(0 < curve["regret"]["mean"] < HORIZON * 2 for curve in curves.values())
    text = " ".join(said(capsys, "evaluate", str(run), "--streams", "1", "--episodes", "2").split())
    assert "regret, all" in text
    assert "Thompson sampling" in text


def test_histories_are_as_many_pulls_as_dark_rooms_are_steps() -> None:
    assert [usual_episodes(make_world(*world)) for world in HORIZONS] == [40, 40, 8, 1]


def test_the_map_shows_arms(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "arm   pulls   mean paid   attention" in said(capsys, "map", str(run), "--samples", "1")
    assert main(["map", str(run), "--samples", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["mass"] is None
    assert sum(arm["pulls"] for arm in found["arms"]) == len(found["transitions"]) == HORIZON
    total = sum(one["attention"] for one in found["transitions"])
    assert sum(arm["attention"] for arm in found["arms"]) == pytest.approx(total, abs=1e-6)


def test_no_place_is_told_and_the_model_acts_on(run: Path) -> None:
    session = open_session(run, samples=1, device="cpu")
    sample, moment = session.samples[0], session.walks.moment(GetMoment(1, 0, 1, 0, HORIZON))
    assert transition(sample, 0).split()[2:] == [f"a{sample.actions[0]}", f"r={sample.rewards[0]:.3g}"]
    assert "(0,0)" not in transition(sample, 0)
    assert moment.size is None
    assert len(arm_lines(moment, 80, 20)) == 3 + 5
    assert "so far, best arm's mean" in returns_lines(moment, 80, 5)[-1].plain
    assert session.info.settings.env == "bandit"


@pytest.mark.parametrize("env", ["bandit", "bandit_thompson"])
def test_trials_and_probes_act_in_it(env: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = dpt.make_run(tmp_path / "run", bare=NAME.format(env), n_transit=HORIZON + 1, state_size=1)
    asked = ("--streams", "1", "--episodes", "3", "--budgets", "4", "--strategies", "recent", "--jobs", "1")
    found = json.loads(said_only(capsys, "compress", str(made), *asked, "--output", str(tmp_path / "o"), "--json"))
    graded = [note for note in found["about"]["notes"] if note.startswith("pulls pay sums of all sizes")]
    assert len(graded) == (env == "bandit")
    strata = found["trials"][0]["open_loop"]["strata"]
    assert strata["all"]["contexts"] > 0
    assert (sum(strata[name]["contexts"] for name in ("none", "1-10", "more")) > 0) == (env != "bandit")
    text = said(capsys, "probe", str(made), "--samples", "20", "--no-paths")
    assert "bandits pay by chance, and no reward is found there" in text


def said_only(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints to stdout."""
    assert main(list(words)) == 0
    return capsys.readouterr().out
