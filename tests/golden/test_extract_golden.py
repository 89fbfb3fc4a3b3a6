"""`adtui extract` equals what the users' own model gave: attention and logits of adcw_ad's golden.npz, to 1e-5."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from adtui.cli.main import main


def test_extract_equals_golden(fixtures_dir: Path, adcw_run: Path, tmp_path: Path) -> None:
    golden = fixtures_dir / "adcw_ad" / "golden.npz"
    output = tmp_path / "y.npz"
    assert main(["extract", str(adcw_run), "--inputs", str(golden), "--output", str(output)]) == 0
    with np.load(golden) as expected, np.load(output) as found:
        np.testing.assert_allclose(found["attn"], expected["attn"], rtol=0, atol=1e-5)
        np.testing.assert_allclose(found["logits"], expected["logits"], rtol=0, atol=1e-5)


def test_the_first_windows_are_the_golden_samples(fixtures_dir: Path, adcw_run: Path, tmp_path: Path) -> None:
    """dataset_index 0…4 of golden.npz: the run's own histories, found from the run directory."""
    output = tmp_path / "y.npz"
    assert main(["extract", str(adcw_run.parent / "latest"), "--window", "0", "--output", str(output)]) == 0
    with np.load(fixtures_dir / "adcw_ad" / "golden.npz") as expected, np.load(output) as found:
        np.testing.assert_allclose(found["attn"], expected["attn"], rtol=0, atol=1e-5)
        np.testing.assert_array_equal(found["in_target_actions"], expected["in_target_actions"])
