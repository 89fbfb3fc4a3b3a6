"""The training run as text, to the sign."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from adtui.records.interval import Interval
from adtui.records.timeline import ENTROPY, RECENCY, Effects, Emergence, Point, Returns, Timeline
from adtui.ui.renderables.timeline import columns, emergence_lines, head_lines, levels, return_lines

NO = np.zeros((1, 2), np.bool_)


def effects(*values: float) -> Effects:
    mean = np.array([values])
    return Effects(mean, mean, mean, np.full((1, 2), 9), NO, NO)


def timeline() -> Timeline:
    """Two heads: one falls from even to peaked, the other is not defined; one leans on the new from step 20 on."""
    points = []
    for step, (even, ratio) in {0: (1.0, 1.0), 10: (0.5, 2.0), 20: (0.25, 4.0), 30: (0.0, 4.0)}.items():
        told = Interval(float(step), step - 1.0, step + 1.0)
        returns = Returns(Interval(0, 0, 0), told, 3, 8) if step != 10 else None
        points.append(
            Point(step, f"ckpt-{step}.pt", {ENTROPY: effects(even, np.nan), RECENCY: effects(ratio, 0.5)}, returns)
        )
    since = Emergence(RECENCY, 0, 0, 20, 10, False, 2, 4, Interval(4, 3, 5))
    old = Emergence(RECENCY, 0, 1, 0, None, True, 4, 4, Interval(4, 3, 5))
    return Timeline({}, tuple(points), (old, since), 0.5, 30.0)


def text(lines: Sequence[object]) -> list[str]:
    return [str(line) for line in lines]


def test_heads_stand_side_by_side_on_one_scale() -> None:
    lines = text(head_lines(timeline(), ENTROPY, 1, (0, 0), 17, 3))
    assert [line.rstrip() for line in lines] == ["L0H0     L0H1 –", "██", "████▄▄▁▁"]


def test_a_claim_that_has_emerged_is_marked_from_its_step_on() -> None:
    first, *bars = head_lines(timeline(), RECENCY, 0, (0, 0), 29, 2)
    assert str(first).rstrip() == "L0H0 1.00 →20  L0H1 0.50 →0"
    [line] = bars
    assert str(line) == "▁▁▁▁▄▄▄███████ ▁▁▁▁▁▁▁▁▁▁▁▁▁▁"
    bright = [str(line)[span.start : span.end] for span in line.spans if "214" in str(span.style)]
    assert "".join(bright) == "███████" + "▁" * 14


def test_ratios_are_shown_by_their_logarithm_between_one_and_the_largest() -> None:
    found = levels(timeline(), RECENCY)
    assert found[:, 0, 0].tolist() == [0.0, 0.5, 1.0, 1.0]
    assert found[:, 0, 1].tolist() == [0.0] * 4


def test_where_there_is_no_room_nothing_is_drawn() -> None:
    assert head_lines(timeline(), ENTROPY, 0, (0, 0), 7, 9) == []
    assert head_lines(timeline(), ENTROPY, 0, (0, 0), 40, 1) == []
    assert return_lines(timeline(), 0, 40, 1) == []


def test_the_return_is_told_at_the_nearest_checkpoint_that_has_one() -> None:
    lines = text(return_lines(timeline(), 3, 99, 2))
    assert lines[0] == "step 30: last 3 episodes 30.0 [29.0, 31.0] · first 0.0 · optimal 30.0 · random 0.5"
    assert len(lines[1]) == 99
    ascii_lines = text(return_lines(timeline(), 0, 99, 2, utf8=False))
    assert all(line.isascii() for line in ascii_lines)


def test_claims_are_bright_once_they_hold() -> None:
    lines = emergence_lines(timeline().emergences, 10, 60, 5)
    assert text(lines) == [
        "L0H1 recency: by the first checkpoint, step 0",
        "L0H0 recency: step 20 (after 10)",
    ]
    assert [bool(line.style.dim) for line in lines] == [False, True]  # type: ignore[union-attr]


@pytest.mark.parametrize("utf8", [True, False])
@pytest.mark.parametrize("width", range(8, 90))
def test_what_has_no_room_goes_by_whole_parts_or_is_seen_to_be_cut(width: int, utf8: bool) -> None:
    found = timeline()
    words, *_ = text(return_lines(found, 3, width, 3, utf8=utf8))
    (whole, *_), between = text(return_lines(found, 3, 200, 3, utf8=utf8)), " · " if utf8 else " | "
    assert len(words) <= width
    assert whole.startswith(words)
    assert whole == words or whole[len(words) :].startswith((between, " "))
    for said, all_of_it in zip(
        text(emergence_lines(found.emergences, 9, width, 2, utf8=utf8)),
        text(emergence_lines(found.emergences, 9, 200, 2, utf8=utf8)),
        strict=True,
    ):
        assert len(said) <= width
        assert said == all_of_it or said == all_of_it[: width - 1] + ("…" if utf8 else "~")


def test_columns_go_evenly_over_the_checkpoints() -> None:
    assert columns(4, 8).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert columns(100, 4).tolist() == [0, 25, 50, 75]
