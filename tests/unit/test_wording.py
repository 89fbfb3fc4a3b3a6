"""Numbers inside sentences."""

from __future__ import annotations

import pytest

from adtui.insights.wording import brief


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (168.2, 2, "170"),
        (2234.0, 3, "2230"),
        (0.04567, 2, "0.046"),
        (2.0, 2, "2"),
        (1e12, 2, "1e+12"),
        (1e-6, 2, "1e-06"),
    ],
)
def test_no_exponent_where_people_write_none(value: float, digits: int, text: str) -> None:
    assert brief(value, digits) == text
