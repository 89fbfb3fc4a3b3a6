"""Curves: thinning keeps spikes, ticks don't touch, drawing has the pane's size and is remembered."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtui.ui.renderables.curve import _draw, curve_lines, thin, ticks

EPISODE = np.arange(40) // 10
REWARDED = np.arange(40) % 10 == 9


def values(count: int = 40) -> np.ndarray:
    curve = np.full(count, 0.5 / count, np.float32)
    curve[count // 2] = 0.5
    return curve


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=400), st.integers(1, 120))
def test_thinning_keeps_the_largest_and_the_order(numbers: list[float], points: int) -> None:
    curve = np.array(numbers, np.float32)
    x, y = thin(curve, points)
    assert len(x) == len(y) <= max(points, 1)
    assert y.max() == curve.max()
    assert (np.diff(x) > 0).all()
    assert (curve[x.astype(int)] == y).all()


@given(st.integers(1, 60), st.integers(1, 20), st.integers(8, 150))
def test_tick_labels_do_not_touch(episodes: int, horizon: int, width: int) -> None:
    episode = np.repeat(np.arange(episodes), horizon)
    positions, labels = ticks(episode, width)
    assert positions[0] == 0
    spans = []
    for token, label in zip(positions, labels, strict=True):
        middle = token / max(1, len(episode) - 1) * (width - 1)
        spans.append((middle - len(label) / 2, middle + len(label) / 2))
    assert all(after[0] >= before[1] for before, after in pairwise(spans))


@pytest.mark.parametrize(("width", "height"), [(16, 4), (34, 7), (60, 10), (118, 30)])
@pytest.mark.parametrize("utf8", [True, False])
def test_size_and_characters(width: int, height: int, utf8: bool) -> None:
    lines = curve_lines(values(), width, height, episode=EPISODE, rewarded=REWARDED, utf8=utf8, color=utf8)
    assert len(lines) == height
    assert all(len(line.plain) <= width for line in lines)
    if not utf8:
        assert all(line.plain.isascii() and not line.spans for line in lines)


def test_what_is_drawn() -> None:
    lines = [
        line.plain.rstrip()
        for line in curve_lines(values(), 30, 7, episode=EPISODE, rewarded=REWARDED, utf8=False, color=False)
    ]
    assert lines[0].startswith("0.500+")
    assert lines[0].count("*") == 1
    assert lines[-1].split() == ["e0", "e1", "e2", "e3"]
    assert sum(line.count("^") for line in lines[:-2]) >= 3


@pytest.mark.parametrize("height", [7, 8, 10])
@pytest.mark.parametrize("high", [0.026, 0.03, 0.05, 0.104, 0.214, 0.9])
def test_the_axis_begins_at_nought_and_ends_at_the_largest(high: float, height: int) -> None:
    curve = values()
    curve[20] = high
    lines = curve_lines(curve, 34, height, episode=EPISODE, rewarded=REWARDED)
    labels = [line.plain.split("┤")[0].strip() for line in lines if "┤" in line.plain]
    assert (labels[0], labels[-1]) == (f"{high:.3f}", "0")
    assert labels[1:-1] in ([], ["0.025"])


def test_too_small_or_empty_draws_nothing() -> None:
    assert curve_lines(values(), 15, 9, episode=EPISODE, rewarded=REWARDED) == []
    assert curve_lines(values(), 40, 3, episode=EPISODE, rewarded=REWARDED) == []
    assert curve_lines(values()[:0], 40, 9, episode=EPISODE[:0], rewarded=REWARDED[:0]) == []


def test_all_zero_and_one_token_are_no_errors() -> None:
    zero = np.zeros(40, np.float32)
    assert len(curve_lines(zero, 40, 8, episode=EPISODE, rewarded=REWARDED)) == 8
    assert len(curve_lines(values(1), 40, 8, episode=EPISODE[:1], rewarded=REWARDED[:1])) == 8


def test_the_same_picture_is_drawn_once() -> None:
    _draw.cache_clear()
    first = curve_lines(values(), 40, 8, episode=EPISODE, rewarded=REWARDED)
    second = curve_lines(values(), 40, 8, episode=EPISODE, rewarded=REWARDED)
    assert [line.plain for line in first] == [line.plain for line in second]
    assert _draw.cache_info().misses == 1
