"""`adtui extract` writes whole files that say everything needed to use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from references import flow, gpt2

from adtui.cli import arguments, extract
from adtui.cli.main import main


def extracted(run: Path, output: Path, *options: str) -> dict[str, Any]:
    assert main(["extract", str(run), "--output", str(output), *options]) == 0
    with np.load(output) as file:
        return dict(file)


def test_shapes_and_laws(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = extracted(tiny_run, tmp_path / "y.npz", "--samples", "3")
    assert capsys.readouterr().out == f"{tmp_path / 'y.npz'}\n"
    assert found["attn"].shape == (3, 2, 2, 20, 20)
    assert found["attn"].dtype == np.float32
    assert found["logits"].shape == (3, 5)
    assert found["in_states"].shape == (3, 19, 2)
    np.testing.assert_allclose(found["attn"].sum(axis=-1), 1, atol=1e-5)
    assert (np.triu(found["attn"], 1) == 0).all()


def test_its_output_is_valid_input(tiny_run: Path, tmp_path: Path) -> None:
    first = extracted(tiny_run, tmp_path / "a.npz", "--samples", "2", "--seed", "3", "--context", "7")
    again = extracted(tiny_run, tmp_path / "b.npz", "--inputs", str(tmp_path / "a.npz"))
    assert first["attn"].shape[-1] == 8
    assert (str(first["mark"]), int(first["seed"])) == (str(again["mark"]), 3)
    assert str(first["drawn"]).endswith(f", seed 3, mark {first['mark']}")
    assert (str(again["drawn"]), int(again["seed"])) == (f"2 contexts: the inputs of a.npz, mark {again['mark']}", -1)
    for name in first.keys() - {"drawn", "seed", "provenance"}:
        np.testing.assert_array_equal(first[name], again[name], err_msg=name)


def test_more_samples_are_the_same_and_others(tiny_run: Path, tmp_path: Path) -> None:
    few = extracted(tiny_run, tmp_path / "few.npz", "--samples", "2")
    more = extracted(tiny_run, tmp_path / "more.npz", "--samples", "5")
    assert few["mark"] != more["mark"]
    for name in ("attn", "logits", "in_states", "in_actions", "in_rewards", "in_next_states", "in_query_states"):
        np.testing.assert_array_equal(few[name], more[name][:2], err_msg=name)


def test_layers_are_a_part_of_all(tiny_run: Path, tmp_path: Path) -> None:
    whole = extracted(tiny_run, tmp_path / "a.npz", "--samples", "1")
    part = extracted(tiny_run, tmp_path / "b.npz", "--samples", "1", "--layers", "1")
    np.testing.assert_array_equal(part["attn"], whole["attn"][:, 1:])
    assert part["layers"].tolist() == [1]


def test_without_the_mask_every_key_is_seen(tiny_run: Path, tmp_path: Path) -> None:
    found = extracted(tiny_run, tmp_path / "y.npz", "--samples", "1", "--no-causal")
    assert (found["attn"] > 0).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--layers", "2"], "layers from 0 to 1"),
        (["--context", "20"], "--context"),
        (["--window", "99999"], "--window"),
        (["--heads", "3"], "head count"),
        (["--device", "abacus"], "--device"),
        (["--inputs", "none.npz"], "none.npz"),
    ],
)
def test_options_that_do_not_fit(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert main(["extract", str(tiny_run), "--output", str(tmp_path / "y.npz"), *options]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert said in line
    assert not list(tmp_path.iterdir())


def test_absurd_sizes_are_refused(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extract, "MAX_BYTES", 1000)
    assert main(["extract", str(tiny_run), "--output", str(tmp_path / "y.npz")]) == 2
    assert "fewer --layers" in capsys.readouterr().err


def test_an_output_that_cannot_be_written(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for output in (tmp_path, tmp_path / "file" / "y.npz"):
        assert main(["extract", str(tiny_run), "--output", str(output), "--samples", "1"]) == 2
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        assert str(output) in line


@pytest.mark.parametrize(
    ("text", "layers"), [("0", [0]), ("0,2-3", [0, 2, 3]), ("3, 1", [1, 3]), ("1-1", [1]), ("2,1-2", [1, 2])]
)
def test_layer_lists(text: str, layers: list[int]) -> None:
    assert arguments.layers(text) == layers


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "3-1", "1,,2"])
def test_bad_layer_lists(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["extract", "x", "--output", "y", f"--layers={text}"])
    assert caught.value.code == 2


def test_a_flow_step_is_one_that_the_model_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flowing, other = flow.make_run(tmp_path / "flow"), gpt2.make_run(tmp_path / "gpt2")
    output = str(tmp_path / "y.npz")
    assert main(["extract", str(flowing), "--samples", "1", "--output", output, "--flow-step", "4"]) == 2
    assert "--flow-step: expected 0, the prior pass, to 3, found 4" in capsys.readouterr().err
    assert main(["extract", str(other), "--samples", "1", "--output", output, "--flow-step", "1"]) == 2
    assert "--flow-step: expected a model of the flow family, found gpt2" in capsys.readouterr().err


def test_a_new_directory_is_said(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "new" / "y.npz"
    for told in (f"adtui: making the directory {tmp_path / 'new'}\n", ""):
        assert main(["extract", str(tiny_run), "--samples", "1", "--output", str(output)]) == 0
        out, err = capsys.readouterr()
        assert out == f"{output}\n"
        assert told in err
        assert err.count("making") == bool(told)
