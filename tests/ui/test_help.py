"""The help explains every key and every number."""

from __future__ import annotations

import pytest
from textual.content import Content

from adtui.ui.key import COMPRESSOR, HEATMAP, INSIGHTS, VIEWS_DIFFER
from adtui.ui.key_bars import bar, screen_bar
from adtui.ui.key_names import UNCHANGED, changed
from adtui.ui.keys import KEYS, LAB
from adtui.ui.renderables.statistics import STATISTICS
from adtui.ui.screens.help import text


def test_help_mentions_every_key() -> None:
    whole = text()
    for key in changed((*KEYS, *LAB), "", UNCHANGED):
        assert f"  {key.shown} " in whole
        assert key.explanation in whole


def test_help_explains_every_statistic() -> None:
    whole = text()
    for _, short, explanation in STATISTICS:
        assert short in whole
        assert explanation in whole


@pytest.mark.parametrize("width", [31, 49, 67, 105])
def test_what_is_long_goes_on_below_itself(width: int) -> None:
    lines = text(width=width).splitlines()
    assert max(map(len, lines)) <= width
    words = " ".join(" ".join(lines).split())
    for key in changed((*KEYS, *LAB), "", UNCHANGED):
        assert " ".join(key.explanation.split()) in words
    indents = {len(line) - len(line.lstrip()) for line in lines if line}
    assert indents == ({0, 2, 4} if width < 50 else {0, 2, 26})


def test_plain_help_is_ascii() -> None:
    assert text(plain=True).isascii()


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_key_bar_fits_and_always_offers_help_and_the_ways_out(width: int) -> None:
    ends = dict.fromkeys(("sides", "runs"), "Esc q back  ? help")
    for place in ("map", "timeline", "lab", *ends):
        plain = Content.from_markup(screen_bar(place, width)).plain
        assert len(plain) <= width
        assert plain.endswith(ends.get(place, "Esc explorer  ? help  q quit"))
    plain = Content.from_markup(bar(width, heatmap=False)).plain
    assert len(plain) <= width
    assert plain.endswith("? help  q quit")


def test_the_bar_names_keys_that_mean_something_here() -> None:
    assert "tokens" not in bar(200, heatmap=False)
    there = Content.from_markup(bar(80, heatmap=False, has=frozenset({INSIGHTS}))).plain
    assert there.startswith("↑↓ insight  Enter unfold  f filter  g go there  i ratios")
    assert "filter" not in bar(200, heatmap=False)
    assert "round" not in bar(200, heatmap=False, has=frozenset({VIEWS_DIFFER}))
    whole = Content.from_markup(bar(200, heatmap=False, has=frozenset({VIEWS_DIFFER, COMPRESSOR}))).plain
    assert "t tokens" in whole
    assert "c round" in whole
    assert "zoom" not in whole
    assert "+ zoom" in Content.from_markup(bar(200, heatmap=True, has=frozenset({HEATMAP}))).plain
