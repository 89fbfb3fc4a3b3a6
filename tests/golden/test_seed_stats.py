"""The `seed` set equals what the users' script printed for samples 0–4, on every layer, to the printed digit.

`peer_printed.json` and `peer_stats.json` were made by running that script on the fixture run; `golden.npz` holds the
batches that it saw and the attention that it extracted.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adtui.cli import analyze
from adtui.records.statistics import HeadStats, SampleStats
from adtui.statistics.script import printed, seed_section, seed_stats

FIELDS = {
    "mean_context_attention": "mean_context_attention",
    "std": "std_context_attention",
    "max_position": "max_context_position",
    "recent_distant_ratio": "recent_to_distant_ratio",
    "entropy": "attention_entropy",
}


@pytest.fixture(scope="module")
def directory(fixtures_dir: Path) -> Path:
    return fixtures_dir / "adcw_ad"


@pytest.fixture(scope="module")
def expected(directory: Path) -> Any:
    return json.loads((directory / "peer_printed.json").read_text())


@pytest.fixture(scope="module")
def golden_stats(directory: Path) -> list[SampleStats]:
    """Only the seed set, from the golden attention: no model involved."""
    unused: Any = object.__new__(HeadStats)
    attention = np.load(directory / "golden.npz")["attn"]  # (sample, layer, head, query, key)
    return [SampleStats(unused, unused, tuple(seed_stats(layer[:, -1]) for layer in one)) for one in attention]


def test_golden_attention_gives_the_printed_numbers(golden_stats: list[SampleStats], expected: Any) -> None:
    assert seed_section(golden_stats) == expected


def test_golden_attention_gives_the_raw_numbers(golden_stats: list[SampleStats], directory: Path) -> None:
    raw = json.loads((directory / "peer_stats.json").read_text())["stats"]
    for layer, samples in enumerate(raw):
        for index, theirs in enumerate(samples):
            for name, their_name in FIELDS.items():
                ours = getattr(golden_stats[index].seed[layer], name)
                assert ours == pytest.approx(theirs[their_name], rel=1e-5), (layer, index, name)


def analyze_text(directory: Path, run: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    parser = argparse.ArgumentParser()
    analyze.prepare_parser(parser)
    arguments = [str(run), "--inputs", str(directory / "golden.npz"), "--device", "cpu", *options]
    assert analyze.run(parser.parse_args(arguments)) == 0
    return capsys.readouterr().out


def test_the_command_reproduces_the_script(
    directory: Path, adcw_run: Path, expected: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(analyze_text(directory, adcw_run, capsys, "--json"))["seed"] == expected


def test_the_text_contains_every_printed_number(
    directory: Path,
    adcw_run: Path,
    golden_stats: list[SampleStats],
    expected: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = analyze_text(directory, adcw_run, capsys)
    sections = out.split("As the attention script prints it")[1].split("Layer ")[1:]
    assert len(sections) == len(expected)
    for layer, section in enumerate(sections):
        lines = [line.split() for line in section.splitlines()]
        for index, sample in enumerate(golden_stats):
            assert [str(index), *printed(sample.seed[layer]).values()] in lines
        for name, value in expected[f"layer{layer}"]["overall"]:
            assert [*name.split(), *value.split()] in lines
        for sentence in expected[f"layer{layer}"]["insights"]:
            assert f"script says: {sentence}" in section
