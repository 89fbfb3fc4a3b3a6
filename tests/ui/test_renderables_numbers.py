"""Actions that are numbers: the lines of the actions pane, read-outs and what a knock-out says of them."""

from __future__ import annotations

import numpy as np
import pytest
from references import llama_vectors

from adtui.records.action_head import DETERMINISTIC, GAUSSIAN, ActionHead
from adtui.records.axis import Axis
from adtui.records.chances import Chances
from adtui.records.insight import KnockOut
from adtui.records.layout import Layout
from adtui.records.sample import Sample
from adtui.ui.explorer import tables
from adtui.ui.renderables.chances import chances_lines
from adtui.ui.renderables.knock_out import knock_out_text
from adtui.ui.renderables.readout import in_words, place, transition

TWO, ALONE = ActionHead(GAUSSIAN, 2), ActionHead(DETERMINISTIC, 2)
FULL, LESS = np.array([0.5, -2.0, 0.1, 0.25]), np.array([0.0, -2.0, 0.1, 1.5])


def sample() -> Sample:
    given = llama_vectors.contexts(6, 1)
    clock = np.arange(7, dtype=np.int64)
    return Sample("it", *given[:4], given.query_state, clock // 4, clock % 4)


def test_a_line_for_each_number_with_its_spread_and_place() -> None:
    """The line goes from −2 to 2, as far as the means do: 0.5 lies on cell 12 of cells 0 to 20."""
    lines = [line.plain for line in chances_lines(Chances(0, 6, FULL, head=TWO), 36, 5)]
    assert lines == ["a0 +0.50 ±0.10 ────────────●────────", "a1 -2.00 ±0.25 ●────────────────────"]
    ascii_only = [line.plain for line in chances_lines(Chances(0, 6, FULL, head=TWO), 36, 5, utf8=False)]
    assert ascii_only == ["a0 +0.50 +0.10 ------------*--------", "a1 -2.00 +0.25 *--------------------"]


def test_a_knock_out_stands_beside_it() -> None:
    lines = [line.plain for line in chances_lines(Chances(0, 6, FULL, LESS, "it", head=TWO), 40, 5)]
    assert lines == ["a0 +0.50 ±0.10 → +0.00 ±0.10 ─────○●────", "a1 -2.00 ±0.25 → -2.00 ±1.50 ●──────────"]
    alone = [line.plain for line in chances_lines(Chances(0, 6, FULL[:2], LESS[:2], "it", head=ALONE), 40, 5)]
    assert alone[0].startswith("a0 +0.50 → +0.00 ")


@pytest.mark.parametrize("width", [1, 8, 20, 60])
@pytest.mark.parametrize("height", [1, 2, 3, 12])
def test_lines_keep_to_their_pane(width: int, height: int) -> None:
    many = Chances(0, 6, np.linspace(-3, 3, 11), head=ActionHead(DETERMINISTIC, 11))
    lines = chances_lines(many, width, height)
    assert len(lines) <= height
    assert all(line.cell_len <= max(width, 16) for line in lines)
    assert (lines[-1].plain == f"{12 - height} numbers more") == (1 < height < 11)


def test_vectors_in_words() -> None:
    assert in_words(np.array([2, 4])) == "(2,4)"
    assert in_words(np.array([0.123, -4, 5.5], np.float32)) == "(0.12,-4,5.5)"
    assert in_words(np.array([0.123, -4, 5.5, 1], np.float32)) == "(0.12,-4,5.5,..)"
    one = sample()
    assert place(one, 5) == f"ep1 t1 {in_words(one.states[5])}"
    assert transition(one, 2).startswith(f"ep0 t2 {in_words(one.states[2])} a=({one.actions[2, 0]:.2g},")
    assert transition(one, 2).isascii()


@pytest.mark.parametrize(
    ("head", "measured"), [(TWO, "KL between Gaussians 0.031 nats"), (ALONE, "squared distance 0.031 SD²")]
)
def test_what_a_knock_out_says(head: ActionHead, measured: str) -> None:
    chances = np.stack([FULL, LESS])[:, : head.outputs]
    found = KnockOut(
        (3,), None, 0.031, False, np.full(4, 0.01), np.zeros(4, np.bool_), -1, -1, chances=chances, head=head
    )
    assert knock_out_text(found, "ep0 t3") == (
        f"without ep0 t3: {measured}; a random transition 0.010 on average (more than 4 of 4); "
        "a0 moves most, +0.50 → +0.00"
    )
    assert knock_out_text(found, "ep0 t3", utf8=False).isascii()


def test_copied_tables_have_a_column_for_each_number() -> None:
    one = sample()
    axis = Axis(Layout.plain(6), one)
    header, first, *_, query = tables.curve(np.arange(7, dtype=np.float32), axis, "a").splitlines()
    assert header.split("\t") == [
        "token", "kind", "episode", "step", *(f"s{i}" for i in range(5)), "a0", "a1", "a2", "reward", "a",
    ]  # fmt: skip
    assert len(first.split("\t")) == len(query.split("\t")) == 14
    assert first.split("\t")[4] == f"{one.states[0, 0]:.6g}"
    assert query.split("\t")[9:13] == ["", "", "", ""]
    assert tables.chances(Chances(0, 6, FULL, LESS, "it", head=TWO)).splitlines() == [
        "number\tmean\tstandard deviation\tmean without it\tstandard deviation without it",
        "0\t0.5\t0.1\t0\t0.1",
        "1\t-2\t0.25\t-2\t1.5",
    ]
