"""The places that can be typed after `/`."""

from __future__ import annotations

import pytest
from fake_engine import run_info

from adtui.records.errors import ConfigError
from adtui.ui.explorer.goto import Target, parse, resolve
from adtui.ui.explorer.selection import Selection


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("L2H3", Target(layer=2, head=3)),
        ("l2 h3", Target(layer=2, head=3)),
        ("l2,h3", Target(layer=2, head=3)),
        ("2.3", Target(layer=2, head=3)),
        ("L2", Target(layer=2)),
        ("h1", Target(head=1)),
        ("q57", Target(query=57)),
        ("q-1", Target(query=-1)),
        ("k12", Target(key=12)),
        ("ep3", Target(episode=3)),
        ("EP 3", Target(episode=3)),
        ("s2", Target(sample=2)),
        (" s2 2.3 q57 k12 ", Target(layer=2, head=3, query=57, key=12, sample=2)),
    ],
)
def test_parse(text: str, target: Target) -> None:
    assert parse(text) == target


@pytest.mark.parametrize("text", ["", "  ", "x", "L", "L2H", "2.", "57", "L2Hx", "q1.5x", "L2 and H3"])
def test_what_is_not_a_place_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="L2H3"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("L3", "a layer from 0 to 2"),
        ("H4", "a head from 0 to 3"),
        ("s3", "a sample from 0 to 2"),
        ("q60", "a query from 0 to 59"),
        ("k60", "a key from 0 to 59"),
        ("ep3", "an episode of this sample, 0 to 2"),
    ],
)
def test_places_outside_the_run_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve(parse(text), run_info(), Selection())


@pytest.mark.parametrize(
    ("text", "selection", "key"),
    [
        ("1.2", Selection(layer=1, head=2), None),
        ("h2", Selection(head=2), None),
        ("q59", Selection(), None),
        ("q-1", Selection(), None),
        ("q0", Selection(query=0), None),
        ("k-1", Selection(mean=True), 59),
        ("ep1", Selection(mean=True), 20),
        ("ep1 k3", Selection(mean=True), 3),
        ("s2", Selection(sample=2, mean=True), None),
    ],
)
def test_resolve(text: str, selection: Selection, key: int | None) -> None:
    start = Selection(mean=selection.mean, query=5 if text.startswith("q") else -1)
    assert resolve(parse(text), run_info(), start) == (selection, key)
