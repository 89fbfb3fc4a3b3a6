"""Findings that tell the same story are told once, and nothing that differs is hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adtui.insights.named_transitions import NAMES
from adtui.insights.stories import TELLING, overlap, told_once
from adtui.records.insight import Insight

ONE = Insight("sparse", "head", "It is.", 0.1, (0.1, 0.2), 6, 0.25, "", (), 0, 1, status="confirmed")


def test_every_kind_that_names_something_has_its_rank() -> None:
    assert sorted(TELLING) == sorted(NAMES)


def test_overlap_is_a_mean_over_contexts_of_either() -> None:
    assert overlap({0: (1, 2), 1: (5,)}, {0: (2, 1), 1: (5,)}) == 1.0
    assert overlap({0: (1, 2, 3)}, {0: (1, 2, 4)}) == 0.5
    assert overlap({0: (1,), 1: (2,)}, {0: (1,)}) == 0.5
    assert overlap({}, {}) == 0.0


def test_the_kind_that_says_most_is_told() -> None:
    kinds = ("sparse", "recency", "reward-seeking", "landmark")
    found = told_once([replace(ONE, kind=kind) for kind in kinds], [{0: (3, 4)}, {0: (8, 9)}, {0: (3, 4)}, {0: (3, 4)}])
    assert [one.kind for one in found] == list(kinds)
    assert [one.same_as for one in found] == ["reward-seeking", "", "", "reward-seeking"]
    assert [one.also for one in found] == [(), (), ("landmark", "sparse"), ()]


@pytest.mark.parametrize("other", [{"head": 2}, {"phase": "explore"}, {"status": "refuted"}, {"layer": 1}])
def test_another_place_phase_or_status_is_another_story(other: dict[str, object]) -> None:
    pair = [ONE, replace(ONE, kind="landmark", **other)]  # type: ignore[arg-type]
    assert all(not one.same_as for one in told_once(pair, [{0: (1,)}, {0: (1,)}]))
