"""Every family's capture equals the golden file in the repository; and the files are what their script makes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from data_files import DATA, FILES, arrays, read, run_of

from adtui.cli.main import main
from adtui.models.loading import FAMILIES

TOLERANCE = 1e-5


@pytest.mark.parametrize("name", FILES)
def test_extract_equals_the_golden_file(name: str, tmp_path: Path) -> None:
    golden = read(DATA / f"{name}.npz")
    run, output = run_of(golden, tmp_path / "run"), tmp_path / "found.npz"
    assert main(["extract", str(run), "--inputs", str(DATA / f"{name}.npz"), "--output", str(output)]) == 0
    found = read(output)
    given = [name for name in golden if name != "config" and not name.startswith(("weights/", "in_"))]
    assert {"attn", "logits"} <= set(given)
    for array in given:
        np.testing.assert_allclose(found[array], golden[array], rtol=0, atol=TOLERANCE, err_msg=array)


@pytest.mark.parametrize("name", FILES)
def test_the_script_makes_the_file_again(name: str) -> None:
    golden, again = read(DATA / f"{name}.npz"), arrays(FILES[name])
    assert list(golden) == list(again)
    assert json.loads(str(golden.pop("config"))) == json.loads(str(again.pop("config")))
    for array, values in golden.items():
        assert values.dtype == again[array].dtype, array
        np.testing.assert_allclose(again[array], values, rtol=0, atol=1e-6, err_msg=array)


@pytest.mark.parametrize("name", FILES)
def test_a_golden_file_tells_its_heads_tokens_and_contexts_apart(name: str) -> None:
    """Were they alike, or the attention uniform, equality would say little."""
    attention = read(DATA / f"{name}.npz")["attn"]
    last = attention[..., -1, :]
    np.testing.assert_allclose(last.sum(axis=-1), 1, atol=1e-5)
    if attention.shape[2] > 1:  # one family has a single head
        assert np.abs(last[:, :, 0] - last[:, :, 1]).max(axis=-1).min() > 0.01
    assert (last.max(axis=-1) > 1.5 / last.shape[-1]).all()
    assert np.abs(last[0] - last[1]).max() > 0.01


def test_no_family_lacks_a_golden_file() -> None:
    families = {golden.reference.__name__.rpartition(".")[2] for golden in FILES.values()}
    assert families == {family.__name__.rpartition(".")[2] for family in FAMILIES}


def test_the_golden_files_are_small() -> None:
    assert {path.stem for path in DATA.iterdir()} == set(FILES)
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 400_000
