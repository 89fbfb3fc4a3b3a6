"""Opening a run: a capture that is not the model's own pass is refused; length and notes of what was chosen."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import make_run
from planted import planted_session
from references import ad_eps, compressed_ad, dpt, flow, gpt2, gpt2_blocks, llama, marked, rad

from adtui.cli.arguments import OPENING, add_opening, opening_options
from adtui.engine import opening
from adtui.engine.opening import open_session, usual_count
from adtui.files.demos import demo_run
from adtui.insights.log import find_insights
from adtui.models import attend
from adtui.records.defaults import FIRST, SAMPLES
from adtui.records.errors import ConfigError, ModelError
from adtui.records.messages import OpenRun
from adtui.records.provenance import drawn, mark

MODULES = {"llama": llama, "gpt2": gpt2, "rad": rad, "marked": marked}
MODULES |= {"gpt2 blocks": gpt2_blocks, "compressed AD": compressed_ad, "flow": flow, "ad-eps": ad_eps, "dpt": dpt}


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
    many = open_session(demo_run(), samples=40, device="cpu", context=30, keep=False).samples
    for count in (1, 5, 18):
        found = open_session(demo_run(), samples=count, device="cpu", context=30, keep=False).samples
        assert [mark([sample]) for sample in found] == [mark([sample]) for sample in many[:count]]
        assert [sample.label for sample in found] == [sample.label for sample in many[:count]]


def test_the_app_and_the_commands_open_the_same_contexts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "SAMPLES", 30)
    run = make_run(tmp_path / "runs" / "tiny", n_transit=4)
    parser = argparse.ArgumentParser()
    add_opening(parser)
    given = open_session(run, keep=False, **opening_options(parser.parse_args([]))).info
    request = OpenRun(1, str(run))
    asked = {name: getattr(request, name) for name in OPENING}
    assert asked == opening_options(parser.parse_args([]))
    app = open_session(run, first=True, keep=False)
    assert len(app.samples) == FIRST
    assert app.waiting == 30 - FIRST
    assert [more for more in app.grow() if more is not None]
    assert (len(app.samples), app.waiting) == (30, 0)
    assert drawn(app.info) == drawn(given)


def test_whoever_asks_for_a_number_gets_it_at_once(tmp_path: Path) -> None:
    session = open_session(make_run(tmp_path / "runs" / "tiny", n_transit=4), samples=20, first=True)
    assert (len(session.samples), session.waiting, list(session.grow())) == (20, 0, [])


def test_histories_that_are_fewer_than_usual_are_all_taken_without_a_word(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note about a number that nobody asked for would be noise."""
    monkeypatch.setattr(opening, "FIRST", 6)
    whole, begun = open_session(tiny_run), open_session(tiny_run, first=True)
    assert len(whole.samples) == 16  # one for each goal that was held out
    assert not [note for note in whole.info.notes if "asked for" in note]
    assert (len(begun.samples), begun.waiting) == (6, 10)
    for _ in begun.grow():
        pass
    assert mark(begun.samples) == mark(whole.samples)
    assert repr(begun.info.layouts) == repr(whole.info.layouts)
    assert begun.title == whole.title


def test_a_compressors_rounds_grow_with_the_samples(tmp_path: Path) -> None:
    session = open_session(rad.make_run(tmp_path / "runs" / "rad", n_transit=12), first=True, context=14)
    next(more for more in session.grow() if more is not None)
    assert len(session.samples) > FIRST
    assert repr(session.info.compressor) == repr(session.model.compressor(session.samples))
    assert session.info.first(FIRST).samples == session.samples[:FIRST]


def test_large_models_take_fewer_contexts_where_nobody_says_how_many() -> None:
    model = open_session(demo_run(), samples=1, device="cpu").model
    counts = [usual_count(model, n, 20) for n in (20, 79, 160, 320, 640, 4096)]
    assert counts == sorted(counts, reverse=True)
    assert counts[:2] == [SAMPLES, SAMPLES]
    assert counts[-1] == FIRST


def test_insights_are_stated_now_and_then_and_in_the_end_are_those_of_all_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = planted_session(tmp_path / "planted", 20, analyse=False)
    stated: list[int] = []
    honest = session.log.updating

    def counted(stats: Any, samples: Any) -> Any:
        stated.append(len(samples))
        return honest(stats, samples)

    monkeypatch.setattr(session.log, "updating", counted)
    told: dict[Any, Any] = {}
    for index in [*range(20), 7, 19]:  # what was logged is not logged again
        told |= {one.key: one for one in session.analyse(index)[1]}
    assert stated == [3, 6, 9, 18, 20]
    found = list(find_insights([session.stats[index] for index in range(20)], session.samples))
    assert repr(session.log.insights) == repr(tuple(found))  # NaN is not equal to itself
    kept = {key: repr(one) for key, one in told.items() if not one.withdrawn}
    assert kept == {one.key: repr(one) for one in found}, "told as differences, it comes to the same"
