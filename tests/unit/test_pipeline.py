"""Opening a run: a capture that is not the model's own pass is refused; length and notes of what was chosen."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import make_run
from references import gpt2, llama, marked, rad

from adtui.cli.arguments import OPENING, add_opening, opening_options
from adtui.engine.opening import open_session
from adtui.files.runs import demo_run
from adtui.models import attend
from adtui.records.defaults import SAMPLES
from adtui.records.errors import ConfigError, ModelError
from adtui.records.messages import OpenRun
from adtui.records.provenance import drawn, mark

MODULES = {"llama": llama, "gpt2": gpt2, "rad": rad, "marked": marked}


@pytest.mark.parametrize("name", MODULES)
def test_a_capture_that_gives_other_logits_is_refused_with_the_difference(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = MODULES[name].make_run(tmp_path / "runs" / name, n_transit=12)
    open_session(run, samples=1)
    honest = attend.measured

    def shifted(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, **kwargs: Any) -> Any:
        """Every query looks one key to the left."""
        return honest(q, torch.roll(k, -1, dims=-2), v, **kwargs)

    monkeypatch.setattr(attend, "measured", shifted)
    with pytest.raises(ModelError, match=r"expected equal logits with and without capture, found a difference of \d"):
        open_session(run, samples=1)


@pytest.mark.parametrize("name", MODULES)
def test_the_gap_of_an_honest_capture_is_rounding(name: str, tmp_path: Path) -> None:
    session = open_session(MODULES[name].make_run(tmp_path / "runs" / name, n_transit=12), samples=2)
    assert session.info.logit_gap < 1e-4
    for index, sample in enumerate(session.samples):
        assert session.info.layout(index).n_tokens == session.capture(index).heads.n_tokens
        assert session.info.layout(index).n_context == sample.n_context


def test_batches_begin_where_their_histories_batches_begin(tmp_path: Path) -> None:
    session = open_session(marked.make_run(tmp_path / "runs" / "m", n_transit=20, compress_interval=6), samples=6)
    for sample in session.samples:
        first = int(sample.episode[0]) * 20 + int(sample.step[0])
        assert first % 6 == 0


def test_a_long_context_is_compressed_in_more_rounds(tmp_path: Path) -> None:
    run = rad.make_run(tmp_path / "runs" / "rad", n_transit=12)
    usual, long = open_session(run, samples=1), open_session(run, samples=1, context=60)
    assert usual.samples[0].n_context == 11
    assert long.samples[0].n_context == 60
    assert usual.info.compressor is not None
    assert long.info.compressor is not None
    assert len(long.info.compressor.rounds[0]) > len(usual.info.compressor.rounds[0])
    with pytest.raises(ConfigError, match="--context"):
        open_session(run, samples=1, context=1 << 20)


@pytest.mark.parametrize("wrong", [{"grid_size": 12}, {"grid_size": 4}, {"num_actions": 9}, {"num_actions": 2}])
def test_sizes_come_from_the_weights_whatever_the_settings_say(wrong: dict[str, int], tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "tiny", n_transit=8)
    [file] = run.glob("*.pt")
    content = torch.load(file, weights_only=True)
    content["config"] |= {"alg": None, **wrong}
    torch.save(content, file)
    session = open_session(run, samples=3)
    assert "rollouts" in session.info.source
    assert max(int(sample.states.max()) for sample in session.samples) <= 8


def test_the_bundled_runs_contexts_do_not_depend_on_how_many_are_asked_for() -> None:
    """To the bit, through the model: its logits round differently in batches of other sizes."""
    many = open_session(demo_run(), samples=40, device="cpu", context=30).samples
    for count in (1, 5, 18):
        found = open_session(demo_run(), samples=count, device="cpu", context=30).samples
        assert [mark([sample]) for sample in found] == [mark([sample]) for sample in many[:count]]
        assert [sample.label for sample in found] == [sample.label for sample in many[:count]]


def test_the_app_and_the_commands_open_the_same_contexts(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "tiny")
    parser = argparse.ArgumentParser()
    add_opening(parser)
    given = open_session(run, **opening_options(parser.parse_args([]))).info
    request = OpenRun(1, str(run))
    asked = {name: getattr(request, name) for name in OPENING}
    assert asked == opening_options(parser.parse_args([]))
    plain = open_session(run).info
    assert len(plain.samples) == SAMPLES
    assert drawn(plain) == drawn(given)
