"""Windows of a matrix: laws of zooming and panning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtui.records.attention import Window
from adtui.ui.explorer import zoom

SIZES = st.integers(1, 20000)


@st.composite
def places(draw: st.DrawFn) -> tuple[Window | None, tuple[int, int], int]:
    """A window or None, a weight in it, and the matrix's size."""
    n = draw(SIZES)
    sides = []
    for _ in range(2):
        size = draw(st.integers(1, n))
        first = draw(st.integers(0, n - size))
        sides.append((first, first + size, draw(st.integers(first, first + size - 1))))
    (top, bottom, query), (left, right, key) = sides
    window = zoom.clamped((top, bottom, left, right), n)
    return window, (query, key), n


def spans(window: Window | None, n: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return ((0, n), (0, n)) if window is None else (window[:2], window[2:])


@given(place=places(), pixels=st.tuples(st.integers(1, 200), st.integers(1, 200)))
def test_zooming_keeps_the_weight_in_the_window_and_the_window_in_the_matrix(
    place: tuple[Window | None, tuple[int, int], int], pixels: tuple[int, int]
) -> None:
    window, at, n = place
    closer, wider = zoom.zoomed_in(window, at, pixels, n), zoom.zoomed_out(window, at, n)
    for i, here in enumerate(at):
        before, inner, outer = (spans(each, n)[i] for each in (window, closer, wider))
        for first, last in (inner, outer):
            assert 0 <= first <= here < last <= n
        size = before[1] - before[0]
        assert inner[1] - inner[0] == max(size // 2, min(size, pixels[i]))
        assert outer[1] - outer[0] == min(2 * size, n)


@given(place=places(), pixels=st.tuples(st.integers(1, 200), st.integers(1, 200)))
def test_zooming_in_ends_at_one_weight_a_pixel_and_out_at_the_whole(
    place: tuple[Window | None, tuple[int, int], int], pixels: tuple[int, int]
) -> None:
    window, at, n = place
    for _ in range(20):
        window = zoom.zoomed_in(window, at, pixels, n)
    assert zoom.zoomed_in(window, at, pixels, n) == window
    assert all(last - first <= most for (first, last), most in zip(spans(window, n), pixels, strict=True))
    for _ in range(20):
        window = zoom.zoomed_out(window, at, n)
    assert window is None


@given(place=places(), target=st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)))
def test_panning_keeps_the_size_and_finds_the_weight(
    place: tuple[Window | None, tuple[int, int], int], target: tuple[float, float]
) -> None:
    window, _, n = place
    query, key = (int(share * n) for share in target)
    moved = zoom.moved_to(window, query, key, n)
    for here, before, after in zip((query, key), spans(window, n), spans(moved, n), strict=True):
        assert 0 <= after[0] <= here < after[1] <= n
        assert after[1] - after[0] == before[1] - before[0]
        assert after == before or not before[0] <= here < before[1]


def test_a_step_past_the_edge_moves_by_a_third() -> None:
    assert zoom.moved_to((300, 600, 0, 300), 450, 300, 1000) == (300, 600, 100, 400)
    assert zoom.moved_to((300, 600, 0, 300), 299, 20, 1000) == (200, 500, 0, 300)
    assert zoom.moved_to((300, 600, 0, 300), 600, 20, 700) == (400, 700, 0, 300)
    assert zoom.moved_to((300, 600, 0, 300), 450, 999, 1000) == (300, 600, 700, 1000)


@pytest.mark.parametrize(
    ("window", "n", "expected"),
    [(None, 9, None), ((5, 9, 0, 4), 20, (5, 9, 0, 4)), ((15, 19, 0, 4), 9, (5, 9, 0, 4)), ((5, 25, 0, 30), 9, None)],
)
def test_another_matrix_keeps_what_it_can(window: Window | None, n: int, expected: Window | None) -> None:
    assert zoom.clamped(window, n) == expected


def test_the_label_includes_the_last_ones() -> None:
    assert zoom.label((512, 768, 0, 256)) == "q512–767 k0–255"
