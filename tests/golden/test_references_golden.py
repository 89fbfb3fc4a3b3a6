"""The reference models equal what the users' own models gave: golden.npz of dicp_ad, rad_ad, rad_rad and adcw_ad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from references import Array, Expected, gpt2, llama, marked, rad


def _golden(fixtures_dir: Path, name: str) -> tuple[Path, dict[str, Array]]:
    """The one run of a fixture and its golden arrays."""
    (run,) = (path for path in (fixtures_dir / name / "runs").iterdir() if list(path.glob("ckpt-*.pt")))
    with np.load(fixtures_dir / name / "golden.npz") as file:
        return run, dict(file)


def _expected(module: Any, run: Path, golden: dict[str, Array], sample: int) -> Expected:
    """What a reference gives for one golden sample; some files hold one-hot actions."""
    actions = golden["in_actions"][sample]
    found: Expected = module.expected(
        run,
        golden["in_states"][sample],
        actions.argmax(-1) if actions.ndim == 2 else actions,
        golden["in_rewards"][sample],
        golden["in_next_states"][sample],
        golden["in_query_states"][sample],
        int(golden["in_target_actions"][sample]),
    )
    return found


def _assert_close(found: Array, golden: Array) -> None:
    """Equal in shape, and in value to 1e-5."""
    assert found.shape == golden.shape
    np.testing.assert_allclose(found, golden, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "module", "samples"),
    [
        ("dicp_ad", llama, 5),
        ("rad_ad", gpt2, 1),
        ("rad_rad", rad, 3),
        ("adcw_ad", marked, 5),  # the marked family without marks and types
    ],
)
def test_attention_and_logits(fixtures_dir: Path, name: str, module: Any, samples: int) -> None:
    run, golden = _golden(fixtures_dir, name)
    assert len(golden["attn"]) == samples
    for sample in range(samples):
        found = _expected(module, run, golden, sample)
        _assert_close(found.attention, golden["attn"][sample])
        _assert_close(found.logits, golden["logits"][sample])


def test_logits_at_every_state_token(fixtures_dir: Path) -> None:
    run, golden = _golden(fixtures_dir, "rad_ad")
    found = _expected(gpt2, run, golden, 0)
    _assert_close(found.extras["state_logits"], golden["logits_all_state_tokens"][0])


def test_rounds_of_compression(fixtures_dir: Path) -> None:
    run, golden = _golden(fixtures_dir, "rad_rad")
    info = json.loads(str(golden["compression_info"]))
    for sample in range(3):
        found = _expected(rad, run, golden, sample)
        _assert_close(found.extras["state_logits"], golden["logits_selected"][sample])
        assert len(found.extras["rounds"]) == info["num_compressions"]
        for number, patterns in enumerate(found.extras["rounds"]):
            for kind, layers in patterns.items():
                for layer, pattern in enumerate(layers):
                    _assert_close(pattern, golden[f"compress_round{number}_layer{layer}_{kind}"][sample])
