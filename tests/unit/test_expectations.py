"""`adtui check`: what holds, what does not, what cannot be judged, and what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkpoints import make_run
from planted import planted_run, planted_session

from adtui.cli.main import main
from adtui.engine.compared_runs import candidates
from adtui.engine.comparison import Asked
from adtui.engine.documents import Documents
from adtui.engine.expectations import judge
from adtui.files.expectations import Expectation, load_expectations
from adtui.models.mark import weights_mark
from adtui.records.errors import ConfigError
from adtui.records.judgement import FAILS, HOLDS, OPEN

FEW = ("--device", "cpu", "--samples", "4", "--episodes", "2", "--streams", "1")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "tiny", "pre", n_transit=12)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """A model whose head 1 attends to rewards, tested."""
    directory = tmp_path_factory.mktemp("planted")
    session = planted_session(directory, analyse=False)
    [candidate] = candidates([str(planted_run(directory))])
    return Documents(session, candidate, Asked(), lambda *_: None, tested=True)


def outcome(documents: Documents, **entry: Any) -> str:
    return judge(Expectation.model_validate(entry), documents).outcome


def test_claims_hold_where_they_were_planted(planted: Documents) -> None:
    assert outcome(planted, claim="reward-seeking", where="L0H1") == HOLDS
    assert outcome(planted, claim="reward-seeking", where="L0H1", status="confirmed") == HOLDS
    assert outcome(planted, claim="reward-seeking", where="any head") == HOLDS
    assert outcome(planted, claim="reward-seeking", where="L0H2") == FAILS
    assert outcome(planted, claim="reward-seeking", where="L0H2", status="not observed") == HOLDS
    assert outcome(planted, claim="reward-seeking", where="L0H1", status="not observed") == FAILS
    assert outcome(planted, claim="reward-seeking", where="L0H1", status="refuted") == FAILS
    assert outcome(planted, claim="uniform", where="L0H2") == HOLDS
    assert outcome(planted, claim="uniform", where="L0H3") == OPEN
    assert outcome(planted, claim="uniform", where="L1") == OPEN


def test_numbers_are_compared_with_their_bounds(planted: Documents) -> None:
    [entry] = [one for one in planted.analysis["heads"]["plain"] if one["head"] == 1]
    found = entry["statistics"]["rewarded_lift"]
    name = "heads.plain.L0H1.rewarded_lift"
    assert outcome(planted, number=name, at_least=found["mean"] - 0.01) == HOLDS
    assert outcome(planted, number=name, at_least=found["mean"] + 0.01) == FAILS
    assert outcome(planted, number=f"{name}.n", equals=8) == HOLDS
    assert outcome(planted, number=name, at_least=found["low"] - 0.01, surely=True) == HOLDS
    assert outcome(planted, number=name, at_least=found["mean"], surely=True) == OPEN
    assert outcome(planted, number=name, at_least=found["high"] + 0.01, surely=True) == FAILS
    assert outcome(planted, number=name, equals=found["mean"] + 0.05, tolerance=0.1) == HOLDS
    assert outcome(planted, number="run.n_layer", equals=1) == HOLDS
    assert outcome(planted, number="run.n_layer", at_most=1, surely=True) == OPEN  # no interval
    assert outcome(planted, number="run.name", equals=planted.session.info.name) == HOLDS
    assert outcome(planted, number="run.name", equals="another") == FAILS
    assert outcome(planted, number="run.name", at_least=1) == OPEN
    for lacking in ("heads.plain.L9H9.entropy", "heads.plain.L0H1.entropie", "nothing", "run.step.x", "heads"):
        assert outcome(planted, number=lacking, at_least=0) == OPEN


def check(run: Path, path: Path, entries: Any, *more: str) -> int:
    path.write_text(yaml.safe_dump({"expect": entries}))
    return main(["check", str(run), "--expect", str(path), *FEW, *more])


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([{"number": "run.step", "equals": 7}, {"number": "returns.last", "at_most": 20}], 0),
        ([{"number": "run.step", "equals": 8}, {"number": "nothing", "equals": 1}], 1),
        ([{"number": "run.step", "equals": 7}, {"number": "circuit.test.share", "at_least": 0.9}], 2),
    ],
)
def test_exit_codes(
    run: Path,
    tmp_path: Path,
    entries: Any,
    code: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert check(run, tmp_path / "e.yaml", entries) == code
    assert capsys.readouterr().out.count("\n") == len(entries)
    assert check(run, tmp_path / "e.yaml", entries, "--json") == code
    told = json.loads(capsys.readouterr().out)
    assert [one["subject"] for one in told["expectations"]] == [entry["number"] for entry in entries]
    assert told["provenance"]["runs"][0]["run"] == "tiny"


def test_stored_reports_count_where_they_are_of_these_weights(
    run: Path, tmp_path: Path, planted: Documents, capsys: pytest.CaptureFixture[str]
) -> None:
    from adtui.engine.opening import open_session

    mark = weights_mark(open_session(run, samples=1, device="cpu").model)
    report = {
        "about": {"weights": mark},
        "verdict": {"recommended": "recent:20"},
        "trials": [{"cell": {"label": "a:1"}}],
    }
    mine, others = tmp_path / "mine.json", tmp_path / "others.json"
    mine.write_text(json.dumps(report))
    others.write_text(json.dumps(report | {"about": {"weights": "0" * 16}}))
    entries = [
        {"number": "compression.verdict.recommended", "equals": "recent:20"},
        {"number": "compression.trials.a:1.cell.label", "equals": "a:1"},
    ]
    assert check(run, tmp_path / "e.yaml", entries, "--compression", str(mine)) == 0
    assert check(run, tmp_path / "e.yaml", entries, "--compression", str(others)) == 2
    assert "others.json is about other weights" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expect: expected a value, found none"),
        ("expect: []", "expect: expected list should have at least 1 item"),
        ("expect: [{}]", "expect.0: expected either claim or number"),
        ("expect: [{claim: recency, number: run.step}]", "either claim or number"),
        ("expect: [{number: run.step}]", "at_least, at_most or equals beside number"),
        ("expect: [{number: run.step, equals: 1, at_least: 2}]", "equals alone, or bounds"),
        ("expect: [{claim: recency, at_least: 2}]", "no at_least beside claim"),
        ("expect: [{number: run.step, equals: 1, where: L1}]", "no where beside number"),
        ("expect: [{claim: recency, wher: L1}]", "did you mean where?"),
        ("expect: [{claim: recent}]", "expect.0.claim: expected recency, primacy"),
        ("expect: [{claim: recency, where: H1}]", "expect.0.where: expected anywhere, model"),
        ("expect: [{claim: recency, status: true}]", "expect.0.status: expected 'observed', 'confirmed'"),
        ("- a\n- b", "found a list"),
        ("expect: [", "e.yaml"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_and_exit_2(
    run: Path, tmp_path: Path, text: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(text)
    assert main(["check", str(run), "--expect", str(path)]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found nothing"):
        load_expectations(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="found a directory"):
        load_expectations(tmp_path)
