"""Weights alone, as AD-eps' and DPT's authors save them: what no shape tells is taken from their code, and said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from references import ad_eps, contexts, dpt

from adtui.cli.main import main

DPT_NAME = "darkroom_heldout_shufTrue_lr0.001_embd16_layer2_head4_envs100_H9_d10_seed1.pt"


@pytest.fixture(scope="module")
def eps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ad_eps.make_run(tmp_path_factory.mktemp("eps"), bare=True, n_transit=6) / "model_last.pt"


@pytest.fixture(scope="module")
def authors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dpt.make_run(tmp_path_factory.mktemp("dpt"), bare=DPT_NAME, n_transit=10) / DPT_NAME


def analysed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["analyze", *arguments, "--samples", "1", "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    [line] = said.err.splitlines()
    return line


def inputs(path: Path) -> Path:
    walk = contexts(4)
    names = ("states", "actions", "rewards", "next_states", "query_states")
    arrays = {name: np.asarray(values)[None] for name, values in zip(names, walk[:5], strict=True)}
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def test_heads_that_no_shape_tells_are_asked_for(eps: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, "analyze", str(eps))
    assert "weights alone, without settings: no shape tells the head count" in line
    assert "--heads (4, unless changed)" in line
    assert "a head count that divides the width 16, found 3 heads" in refused(
        capsys, "analyze", str(eps), "--heads", "3"
    )


def test_the_heads_of_a_config_beside_it_count(eps: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model_last.pt").write_bytes(eps.read_bytes())
    (tmp_path / "config.yaml").write_text(
        "num_heads: 4\nenv_name: DarkRoom-v0\neval_seed: 7\nnum_train_goals: 27\n", encoding="utf-8"
    )
    text = json.dumps(analysed(capsys, str(tmp_path / "model_last.pt")))
    assert "4 heads, as num_heads says" in text
    assert "Key-to-Door as well" not in text
    assert "goals are held out by" not in text  # the file says which


def test_what_dpts_code_fixes_is_said(authors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = json.dumps(analysed(capsys, str(authors)))
    assert "Dark Room of 10 x 10, as DPT's code has it: no shape tells; horizon 9 from its positions" in text
    assert "goals are held out by DPT's code" in text
    assert "expected 1: this family's code has always 1 head, found 4" in refused(
        capsys, "analyze", str(authors), "--heads", "4"
    )


def test_a_seed_at_the_end_of_a_name_is_no_step(authors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(authors), "--samples", "1"]) == 0
    assert "step 0" in capsys.readouterr().out


def test_a_model_of_bandits_is_rolled_out_and_shown_on_inputs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "bandit_shufTrue_lr0.0001_layer2_head4_envs9_hists1_samples1_var0.2_cov0.0_H9_d5_seed1.pt"
    run = dpt.make_run(tmp_path / "bandit", bare=name, n_transit=10, state_size=1)
    text = json.dumps(analysed(capsys, str(run)))
    assert '"env": {"value": "bandit", "source": "checkpoint"}' in text
    assert '"reward_std": {"value": 0.2, "source": "checkpoint"}' in text
    assert "it was trained on none of them" in text
    assert "no transition counts as rewarded, and reward-seeking does not apply" in text
    output = tmp_path / "y.npz"
    given = inputs(tmp_path / "x.npz")
    assert main(["extract", str(run), "--inputs", str(given), "--output", str(output)]) == 0
    # The same weights in the users' layout, which the reference reads.
    torch.save({"model": torch.load(next(run.iterdir())), "config": {}}, tmp_path / "ckpt-1.pt")
    expected = dpt.expected(tmp_path / "ckpt-1.pt", *contexts(4))
    with np.load(output) as found:
        np.testing.assert_allclose(found["logits"][0], expected.logits, rtol=0, atol=1e-5)
        np.testing.assert_allclose(found["attn"][0], expected.attention, rtol=0, atol=1e-5)
