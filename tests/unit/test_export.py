"""Figures: the names users' papers refer to, the same bytes for the same input, nothing half-written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from checkpoints import make_run
from exhibits import DPI, decode, digests, tiny_exhibit
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from adtui.cli.main import main
from adtui.engine.opening import open_session
from adtui.files import atomic
from adtui.records.errors import ExportError
from adtui.reports.export import Exhibit, export_all, export_head
from adtui.reports.figures.heatmap import Heading, uniform_received, visible_pairs
from adtui.reports.figures.png import encode
from adtui.reports.figures.style import colourise


@pytest.fixture(scope="module")
def exhibit(tmp_path_factory: pytest.TempPathFactory) -> Exhibit:
    return tiny_exhibit(tmp_path_factory.mktemp("export"))


def test_names_are_those_of_the_present_script(exhibit: Exhibit, tmp_path: Path) -> None:
    written = [str(path.relative_to(tmp_path)) for path in export_all(exhibit, tmp_path)]
    expected = {"overview.png"}
    for layer in (0, 1):
        expected |= {
            f"layer_{layer}/attention_{kind}_sample{sample}_layer{layer}.png"
            for kind in ("heatmap", "lines")
            for sample in (0, 1)
        }
        expected.add(f"layer_{layer}/attention_summary_layer{layer}.png")
    assert set(written) == set(digests(tmp_path)) == expected
    assert len(written) == len(set(written)) == exhibit.count


def test_the_same_input_gives_the_same_bytes_whatever_the_users_settings(exhibit: Exhibit, tmp_path: Path) -> None:
    list(export_all(exhibit, tmp_path / "a"))
    with mpl.rc_context({"font.size": 30.0, "axes.facecolor": "black", "lines.linewidth": 9.0}):
        list(export_all(exhibit, tmp_path / "b"))
        assert mpl.rcParams["font.size"] == 30.0
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_a_fresh_process_gives_the_same_bytes(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    options = ["export", str(run), "--samples", "1", "--layers", "0", "--device", "cpu", "--output"]
    command = [sys.executable, "-m", "adtui", *options, str(tmp_path / "a")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 4
    assert main([*options, str(tmp_path / "b")]) == 0
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_order_does_not_matter(exhibit: Exhibit, tmp_path: Path) -> None:
    """A page that has shown other samples shows the next one like a new page."""
    list(export_all(exhibit, tmp_path / "all"))
    last = Exhibit(exhibit.title, exhibit.axes, exhibit.attentions, exhibit.stats, exhibit.matrices, [1], exhibit.dpi)
    list(export_all(last, tmp_path / "last"))
    whole, part = digests(tmp_path / "all"), digests(tmp_path / "last")
    assert all(whole[name] == part[name] for name in part)


@pytest.mark.parametrize(("head", "name"), [(1, "head1"), (None, "mean")])
def test_one_head(exhibit: Exhibit, tmp_path: Path, head: int | None, name: str) -> None:
    [path] = export_head(exhibit, tmp_path, sample=1, layer=0, head=head)
    assert path == tmp_path / "layer_0" / f"attention_head_sample1_layer0_{name}.png"
    assert decode(path.read_bytes()).std() > 0


def test_equal_attention_has_an_equal_colour_in_every_head_and_masked_is_no_colour_of_the_scale() -> None:
    weights = np.array([[0.2, 0.7], [0.7, 0.2]], np.float32)
    pixels = colourise(weights)
    assert (pixels[0, 0] == pixels[1, 1]).all()
    assert (pixels[0, 1] == pixels[1, 0]).all()
    assert (pixels[0, 0] != pixels[0, 1]).any()
    scale = {tuple(pixel) for pixel in colourise(np.linspace(0, 1, 2000, dtype=np.float32)[None])[0]}
    assert tuple(colourise(np.full((1, 1), np.nan, np.float32))[0, 0]) not in scale


def test_every_figure_says_which_contexts_it_shows(exhibit: Exhibit, tmp_path: Path) -> None:
    """In its subtitle and in its file: run, step, how many contexts, where from, the seed and their mark."""
    about = r"tiny · step \d+ · 2 contexts: test histories in \S+\.hdf5, seed 0, mark [0-9a-f]{8}"
    assert re.fullmatch(about, exhibit.title)
    for path in (*export_all(exhibit, tmp_path), *export_head(exhibit, tmp_path, sample=1, layer=0, head=None)):
        assert b"iTXtDescription\0\0\0\0\0" + exhibit.title.encode() in path.read_bytes(), path


def test_a_long_subtitle_is_whole(exhibit: Exhibit) -> None:
    figure = Figure(figsize=(14, 5))
    _, below = Heading(figure).say("Attention", f"{exhibit.title} · {'a long name of a run ' * 8}", exhibit.axes[0])
    box = below.get_window_extent(FigureCanvasAgg(figure).get_renderer())
    assert box.x1 <= figure.bbox.x1


def test_another_draw_has_another_subtitle(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "tiny")
    options: list[dict[str, Any]] = [{}, {"seed": 1}, {"samples": 3}, {"context": 7}]
    titles = {open_session(run, **{"samples": 2, **one}).title for one in options}
    assert len(titles) == len(options)


def test_the_encoder_loses_nothing() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (150, 31, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    pixels[20:90] = pixels[20]  # rows that repeat
    pixels[120:] = 255
    np.testing.assert_array_equal(decode(encode(pixels, 300.0)), pixels[..., :3])


@pytest.mark.parametrize("causal", [True, False])
def test_even_attention_receives_what_the_reference_curve_says(causal: bool) -> None:
    weights = np.tril(np.ones((3, 12, 12))) if causal else np.ones((3, 12, 12))
    weights /= weights.sum(axis=-1, keepdims=True)
    seen_by = np.arange(12, 0, -1) if causal else 12
    visible = visible_pairs(weights.astype(np.float32))
    np.testing.assert_allclose(uniform_received(visible), weights[0].sum(axis=0) / seen_by, rtol=1e-6)


@pytest.mark.parametrize("rows", [1, 2, 3, 6000])
def test_the_encoder_writes_a_valid_stream_where_every_row_repeats(rows: int) -> None:
    pixels = np.full((rows, 7, 4), 255, np.uint8)
    np.testing.assert_array_equal(decode(encode(pixels, 300.0)), pixels[..., :3])


def test_sizes_are_those_of_print(exhibit: Exhibit, tmp_path: Path) -> None:
    list(export_all(exhibit, tmp_path))
    for name, inches in {"lines_sample0_layer0": (14, 6), "summary_layer0": (14, 10)}.items():
        height, width, _ = decode((tmp_path / f"layer_0/attention_{name}.png").read_bytes()).shape
        assert (width, height) == (inches[0] * DPI, inches[1] * DPI)
    assert Exhibit(*([()] * 6)).dpi == 300.0  # type: ignore[arg-type]


def test_stopping_leaves_whole_files_only(exhibit: Exhibit, tmp_path: Path) -> None:
    steps = export_all(exhibit, tmp_path)
    assert isinstance(steps, Generator)
    first = next(steps)
    steps.close()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [first]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    exhibit: Exhibit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "figure.png"
    target.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ExportError, match="No space left"):
        atomic.write(target, b"new")
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_where_the_directory_should_be(exhibit: Exhibit, tmp_path: Path) -> None:
    (tmp_path / "figs").write_text("")
    with pytest.raises(ExportError, match="figs"):
        next(export_all(exhibit, tmp_path / "figs"))


def test_latents_and_separate_tokens_are_drawn(tmp_path: Path) -> None:
    """Every figure of runs whose tokens are no transitions, the compressor's included; twice the same."""
    from references import gpt2, rad

    session = open_session(rad.make_run(tmp_path / "runs" / "rad"), samples=2)
    list(session.measure_all())
    small = replace(session.exhibit(), dpi=DPI)
    names = [str(path.relative_to(tmp_path / "a")) for path in export_all(small, tmp_path / "a")]
    assert len(names) == small.count
    assert sorted(name for name in names if "compressor" in name) == [
        f"compressor/attention_compressor_sample{sample}_layer{layer}.png" for sample in (0, 1) for layer in (0, 1)
    ]
    assert [path.name for path in export_all(small, tmp_path / "b")] == [Path(name).name for name in names]
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    short = open_session(rad.make_run(tmp_path / "runs" / "short"), samples=1, context=4)
    list(short.measure_all())
    assert not [path for path in export_all(replace(short.exhibit(), dpi=DPI), tmp_path / "c") if "compr" in path.name]
    separate = open_session(gpt2.make_run(tmp_path / "runs" / "gpt2"), samples=1)
    list(separate.measure_all())
    written = list(export_all(replace(separate.exhibit(), dpi=DPI), tmp_path / "d"))
    assert len(written) == 7
    [one] = export_head(replace(separate.exhibit(), dpi=DPI), tmp_path / "d", sample=0, layer=1, head=None)
    assert one.is_file()
