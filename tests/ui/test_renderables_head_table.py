"""The table of heads as lines, at every width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adtui.insights.head_query import COLUMNS
from adtui.insights.head_table import HeadRow
from adtui.ui.renderables.head_table import head_table

NAN = float("nan")
ROWS = (
    HeadRow(0, 1, 0.5, 20.0, 12.0, 3.0, 0.1, 1.0, 0.2, (("recency", "confirmed"), ("sparse", "observed"))),
    HeadRow(1, 0, 0.98, 150.0, 1.0, NAN, 0.02, NAN, NAN, ()),
)


def test_with_room_for_all() -> None:
    assert head_table(ROWS, 105, "entropy", True) == (
        "head  H/ln n▼  eff. keys  recency  reward   self  same state  KL hidden  kinds",
        "L0H1    0.500       20.0     12.0   3.000  0.100       1.000      0.200  ✔recency ●sparse",
        "L1H0    0.980        150    1.000       –  0.020           –          –",
    )


def test_in_forty_columns() -> None:
    assert head_table(ROWS, 31, "", True) == (
        "head▲  H/ln n  kinds",
        "L0H1    0.500  ✔recency ●sparse",
        "L1H0    0.980",
    )


@given(st.integers(4, 120), st.sampled_from(["", *COLUMNS]), st.booleans())
def test_no_line_overflows_and_the_head_is_always_there(width: int, column: str, largest: bool) -> None:
    titles, *lines = head_table(ROWS, width, column, largest)
    assert all(len(line) <= width for line in (titles, *lines))
    assert [line[:3] for line in lines] == ["L0H", "L1H"]
    assert width < 30 or ("▼" in titles or "▲" in titles)
