"""Where Enter on an insight goes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_engine import CONTEXT, run_info
from pane_data import insight

from adtui.records.sample import Sample
from adtui.ui.explorer.evidence import place_of
from adtui.ui.explorer.selection import LAST, Selection


def rewarded(sample: Sample, *at: int) -> Sample:
    """The sample with rewards at these transitions alone."""
    rewards = np.zeros(sample.n_context, np.float32)
    rewards[list(at)] = 1
    return replace(sample, rewards=rewards)


def test_to_the_newest_transition_that_it_names_in_the_nearest_sample_that_has_one() -> None:
    run = run_info()
    one, two, three = run.samples
    run = replace(run, samples=(rewarded(one), rewarded(two, 3, 17), rewarded(three, 5)))
    seeking = insight("reward-seeking", layer=1, head=2)
    there, key = place_of(seeking, run, Selection(mean=True, query=7))
    assert (there.sample, there.layer, there.head, there.mean, there.query, key) == (1, 1, 2, False, LAST, 17)
    there, key = place_of(seeking, run, Selection(sample=2))
    assert (there.sample, key) == (2, 5)


@pytest.mark.parametrize(("kind", "key"), [("recency", CONTEXT - 1), ("primacy", CONTEXT // 4 - 1), ("sink", 0)])
def test_what_names_a_place_in_every_context_stays_in_its_sample(kind: str, key: int) -> None:
    assert place_of(insight(kind, layer=0, head=0), run_info(), Selection(sample=2))[1] == key
    assert place_of(insight(kind, layer=0, head=0), run_info(), Selection(sample=2))[0].sample == 2


def test_a_kind_that_names_none_and_a_wider_scope() -> None:
    there, key = place_of(insight("uniform", layer=None), run_info(), Selection(sample=1, layer=2, head=3))
    assert (there.sample, there.layer, there.head, there.mean, key) == (1, 2, 3, True, None)
    there, _ = place_of(insight("sparse", layer=1), run_info(), Selection(layer=2, head=3))
    assert (there.layer, there.mean) == (1, True)
