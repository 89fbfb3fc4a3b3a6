"""Formats, sizes, scales and colours of figures."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exhibits import decode, digests, tiny_exhibit

from adtui.records.look import COLOURS, FORMATS, PDF, PRINTED, SVG, Look
from adtui.records.weight_scale import positions
from adtui.reports.export import Exhibit, export_all, export_head
from adtui.reports.figures.style import colourise, print_style


@pytest.fixture(scope="module")
def exhibit(tmp_path_factory: pytest.TempPathFactory) -> Exhibit:
    return tiny_exhibit(tmp_path_factory.mktemp("look"))


def head_page(exhibit: Exhibit, directory: Path, look: Look) -> bytes:
    [path] = export_head(replace(exhibit, look=look), directory, sample=0, layer=1, head=1)
    assert path.suffix == f".{look.format}"
    return path.read_bytes()


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_the_same_twice_and_begins_as_its_kind_does(
    exhibit: Exhibit, tmp_path: Path, form: str
) -> None:
    look = Look(form, "dusk_r", "log", titles=False, size=7.0)
    page = head_page(exhibit, tmp_path / "a", look)
    assert page.startswith({"png": b"\x89PNG", "pdf": b"%PDF-", "svg": b"<?xml"}[form])
    assert page == head_page(exhibit, tmp_path / "b", look)


def test_all_figures_are_written_in_the_format_and_pages_are_not_mixed_up(exhibit: Exhibit, tmp_path: Path) -> None:
    written = list(export_all(replace(exhibit, look=Look(SVG)), tmp_path))
    assert {path.suffix for path in written} == {".svg"}
    assert len(written) == exhibit.count
    assert len(set(digests(tmp_path).values())) == exhibit.count


def test_a_smaller_page_is_the_same_page_scaled(exhibit: Exhibit, tmp_path: Path) -> None:
    """A PNG keeps its pixels; a PDF's page is half as wide and high, and all its lines are there."""
    whole, half = (decode(head_page(exhibit, tmp_path / str(size), Look(size=size))) for size in (None, 7.0))
    np.testing.assert_array_equal(whole, half)
    pages = [head_page(exhibit, tmp_path / f"pdf{size}", Look(PDF, size=size)) for size in (14.0, 7.0)]
    large, small = (media_box(page) for page in pages)
    np.testing.assert_allclose(large, 2 * small)
    strokes = [drawn(page).count(b"\nS\n") + drawn(page).count(b" l\n") for page in pages]
    assert strokes[0] == strokes[1] > 100


def media_box(pdf: bytes) -> np.ndarray:
    """Width and height of the page, in points."""
    found = re.search(rb"MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert found
    return np.array(found.groups(), float)


def drawn(pdf: bytes) -> bytes:
    """What the page of a PDF draws."""
    streams = [match.end() for match in re.finditer(rb"stream\r?\n", pdf)]
    found = []
    for at in streams:
        try:
            found.append(zlib.decompressobj().decompress(pdf[at:]))
        except zlib.error:
            continue
    return max((one for one in found if b" re\n" in one or b" l\n" in one), key=len)


def test_without_headings_only_the_room_above_is_gone(exhibit: Exhibit, tmp_path: Path) -> None:
    with_, without = (decode(head_page(exhibit, tmp_path / str(on), Look(titles=on))) for on in (True, False))
    assert 0 < len(with_) - len(without) < len(with_) / 10
    np.testing.assert_array_equal(with_[-len(without) + 10 :], without[10:])


@pytest.mark.parametrize("scale", PRINTED)
def test_more_attention_is_never_lower_on_the_scale_and_the_ends_are_its_ends(scale: str) -> None:
    weights = np.linspace(0.0, 0.5, 64, dtype=np.float32)[None]
    at = positions(weights, scale, 64, 0.5)[0]
    assert (np.diff(at) >= 0).all()
    assert at[-1] == pytest.approx(1.0)
    if scale != "log":
        assert at[0] == 0.0


@pytest.mark.parametrize("name", COLOURS)
def test_a_reversed_scale_is_the_scale_from_the_other_end(name: str) -> None:
    weights = np.array([[0.0, 1.0]], np.float32)
    with print_style(Look(colours=name)):
        first, last = colourise(weights)[0]
    with print_style(Look(colours=name.removesuffix("_r") if name.endswith("_r") else f"{name}_r")):
        np.testing.assert_array_equal(colourise(weights)[0], [last, first])
    assert abs(int(first.sum()) - int(last.sum())) > 300
    assert (colourise(weights)[0, 0] != first).any() or name == "viridis"  # nothing of it stays behind
