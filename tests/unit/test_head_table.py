"""The table of heads: its numbers, and what can be asked of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from fake_engine import HEADS, LAYERS, insight, sample, sample_stats
from hypothesis import given
from hypothesis import strategies as st

from adtui.insights.head_query import COLUMNS, HeadQuery, is_query, parse_query, sorted_by, value_of
from adtui.insights.head_table import HeadRow, head_rows
from adtui.records.errors import ConfigError
from adtui.statistics.averages import aggregate

SAMPLES = [sample(history) for history in range(3)]
STATS = [sample_stats(seed) for seed in range(3)]
ROW = HeadRow(1, 2, 0.5, 20.0, 12.0, 3.0, 0.1, 1.0, 0.2, (("recency", "confirmed"), ("sparse", "observed")))


def test_the_numbers_are_the_means_over_samples() -> None:
    rows = head_rows(STATS, SAMPLES, [])
    assert [row.where for row in rows] == [f"L{layer}H{head}" for layer in range(LAYERS) for head in range(HEADS)]
    means = aggregate([one.plain for one in STATS], SAMPLES)
    expected = {"entropy": "entropy_norm", "keys": "effective", "recency": "recent_distant"}
    for column, name in expected.items():
        assert [value_of(row, column) for row in rows] == means[name].mean.ravel().tolist()
    assert all(math.isnan(row.knock_out_kl) and row.kinds == () for row in rows)
    assert head_rows([], [], []) == ()


def test_a_head_has_its_own_insights_and_its_largest_knock_out() -> None:
    found = [
        insight(),
        replace(insight(), kind="sparse", status="confirmed", knock_out_kl=0.3),
        replace(insight(), kind="sink", status="no evidence", knock_out_kl=0.1),
        replace(insight(), phase="explore", status="refuted"),
        insight(1, None),
        insight(0, 0),
    ]
    row = next(row for row in head_rows(STATS, SAMPLES, found) if row.where == "L1H2")
    assert row.kinds == (("sparse", "confirmed"), ("recency", "refuted"))
    assert row.knock_out_kl == 0.3


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("", True),
        ("recency>10", True),
        ("recency > 12", False),
        ("recency>=12 keys<21", True),
        ("kl=0.2", True),
        ("confirmed", True),
        ("refuted", False),
        ("Recency", True),
        ("sparse, observed", True),
        ("reward-seeking", False),
        ("max entropy", True),
        ("entropy<.4 max kl", False),
    ],
)
def test_a_query_takes_what_meets_it(text: str, takes: bool) -> None:
    assert parse_query(text).takes(ROW) == takes


def test_undefined_meets_no_condition_and_comes_last() -> None:
    nan = replace(ROW, knock_out_kl=math.nan)
    assert not parse_query("kl<1").takes(nan)
    for largest in (True, False):
        assert sorted_by([nan, ROW], "kl", largest) == (ROW, nan)


@given(st.lists(st.floats(0, 1), max_size=8), st.sampled_from(sorted(COLUMNS)), st.booleans())
def test_sorting_orders_and_loses_nothing(values: list[float], column: str, largest: bool) -> None:
    rows = [replace(ROW, **{COLUMNS[column]: value}, head=at) for at, value in enumerate(values)]  # type: ignore[arg-type]
    found = sorted_by(rows, column, largest)
    assert sorted(row.head for row in found) == list(range(len(rows)))
    assert np.all(np.diff([value_of(row, column) for row in found]) * (1 if largest else -1) <= 0)


def test_max_and_min_say_what_is_sorted_by() -> None:
    assert parse_query("max entropy") == HeadQuery("max entropy", by="entropy")
    assert parse_query("confirmed min keys") == HeadQuery(
        "confirmed min keys", words=("confirmed",), by="keys", largest=False
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recncy>10", "did you mean recency"),
        ("max entopy", "did you mean entropy"),
        ("recency>ten", "a number"),
        ("recency>nan", "a number"),
        ("confirmd", "did you mean confirmed"),
        ("recency>", "recency>"),
        ("recencyx", "did you mean recency"),
    ],
)
def test_what_is_not_understood_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_query(text)
    assert is_query(text)


@pytest.mark.parametrize("text", ["", "x", "L2H", "2.", "57", "ep", "ep x", "q1.5x"])
def test_a_broken_place_is_not_taken_for_a_query(text: str) -> None:
    assert not is_query(text)
