"""`--window i` is the users' own sample i: equal to the batches that their data set gave (fixtures, stream 0)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from checkpoints import samples_of

from adtui.histories.inputs import inputs_npz


@pytest.mark.parametrize("family", ["adcw_ad", "dicp_ad", "rad_ad"])
def test_windows_equal_the_users_samples(fixtures_dir: Path, family: str) -> None:
    config = yaml.safe_load((fixtures_dir / family / "config.yaml").read_text())
    config |= {"alg_seed": 42, "traj_dir": str(fixtures_dir / "datasets")}
    inputs = inputs_npz(fixtures_dir / family / "golden.npz")
    indices = np.load(fixtures_dir / family / "golden.npz")["dataset_index"]
    for index, expected in zip(indices, inputs, strict=True):
        found = samples_of(config, fixtures_dir / family, 79, 1, 0, window=int(index)).samples[0]
        for name in ("states", "actions", "rewards", "next_states", "query_state"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
        assert found.target_action == expected.target_action
        # The inputs do not say where episodes begin; the resets in them do.
        np.testing.assert_array_equal(found.step, expected.step)
        np.testing.assert_array_equal(np.diff(found.episode), np.diff(expected.episode))


def test_the_run_finds_its_histories(adcw_run: Path) -> None:
    config = {"env": "darkroom", "alg": "PPO", "alg_seed": 42, "traj_dir": "./datasets", "n_transit": 80}
    found = samples_of(config, adcw_run, 79, 16, 0)
    assert "test histories" in found.source
    assert len({sample.history for sample in found.samples}) == 16
