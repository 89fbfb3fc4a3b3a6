"""Moves of the selection: every one by example, at the edges, in every kind of run; and what holds of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from fake_engine import CONTEXT, EPISODE, HEADS, LAYERS, run_info, sample
from hypothesis import given
from hypothesis import strategies as st

from adtui.records.attention import Window
from adtui.records.layout import CLOSE, LATENT, OPEN, QUERY, QUERY_ACTION, TOKENS, TRANSITION, TRANSITIONS, Layout
from adtui.records.run import CompressorInfo, RunInfo
from adtui.ui.explorer.selection import LAST, Selection

READ = CONTEXT
"""Position of the query row where a transition is one token."""
FIRST, LATENTS, ROUNDS = 40, 5, 3
"""Of the run with a compressor: the first transition with tokens of its own, latents before it, rounds."""


def plain() -> RunInfo:
    """One token for each transition."""
    return run_info()


def separate() -> RunInfo:
    """State, action and reward tokens; samples of different lengths."""
    samples = tuple(sample(index, context) for index, context in enumerate((CONTEXT, 23, 41)))
    return replace(run_info(), samples=samples, layouts=tuple(Layout.separate(0, one.n_context) for one in samples))


def compressed() -> RunInfo:
    """Latents for the oldest transitions, made in rounds; the last sample is short and was not compressed."""
    samples = (sample(0), sample(1), sample(2, 12))
    layout = Layout.separate(FIRST, CONTEXT, LATENTS)
    keys = Layout.of([(LATENT, np.full(LATENTS, -1)), (TRANSITION, np.arange(10))], CONTEXT)
    memory = CompressorInfo(2, 2, LATENTS, ((keys,) * ROUNDS, (keys,), ()))
    layouts = (layout, layout, Layout.separate(0, 12))
    return replace(run_info(), samples=samples, layouts=layouts, compressor=memory)


def marked() -> RunInfo:
    """Marks around the context, and a token after the one at which the action is read."""
    parts = [(OPEN, -1), (TRANSITION, np.arange(CONTEXT)), (CLOSE, -1), (QUERY, CONTEXT), (QUERY_ACTION, CONTEXT)]
    return replace(run_info(), layouts=(Layout.of(parts, CONTEXT, read=CONTEXT + 2),) * 3)


RUNS = {"plain": plain(), "separate": separate(), "compressed": compressed(), "marked": marked()}
Move = Callable[[Selection, RunInfo], Selection]
MOVES: dict[str, Move] = {
    "up": lambda s, run: s.moved(run, layers=-1),
    "down": lambda s, run: s.moved(run, layers=1),
    "left": lambda s, run: s.moved(run, heads=-1),
    "right": lambda s, run: s.moved(run, heads=1),
    "sample before": lambda s, run: s.moved(run, samples=-1),
    "sample after": lambda s, run: s.moved(run, samples=1),
    "row before": lambda s, run: s.rows_moved(run, -1),
    "row after": lambda s, run: s.rows_moved(run, 1),
    "far row": lambda s, run: s.rows_moved(run, 1000),
    "episode before": lambda s, run: s.episodes_moved(run, -1),
    "episode after": lambda s, run: s.episodes_moved(run, 1),
    "unit": lambda s, run: s.other_view(run),
    "mean": lambda s, run: replace(s, mean=not s.mean).clamped(run),
    "memory down": lambda s, run: s.memory_moved(run, layers=1),
    "memory right": lambda s, run: s.memory_moved(run, heads=1),
    "round": lambda s, run: s.memory_moved(run, rounds=1),
    "round back": lambda s, run: s.memory_moved(run, rounds=-1),
}
runs = st.sampled_from(sorted(RUNS)).map(RUNS.__getitem__)


@st.composite
def windows(draw: st.DrawFn, n: int) -> Window:
    top, left = draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))
    return top, draw(st.integers(top + 1, n)), left, draw(st.integers(left + 1, n))


@st.composite
def selections(draw: st.DrawFn, run: RunInfo) -> Selection:
    """Any selection that exists in a run."""
    chosen = Selection(
        sample=draw(st.integers(0, len(run.samples) - 1)),
        layer=draw(st.integers(0, run.n_layer - 1)),
        head=draw(st.integers(0, run.n_head - 1)),
        mean=draw(st.booleans()),
        unit=draw(st.sampled_from([TOKENS, TRANSITIONS])),
    )
    n = len(chosen.axis(run))
    query, window = draw(st.integers(LAST, n - 1)), draw(st.none() | windows(n))
    chosen = replace(chosen, query=query, window=window)
    if run.compressor is not None:
        rounds = len(run.compressor.rounds[chosen.sample])
        chosen = replace(
            chosen,
            round=draw(st.integers(0, max(0, rounds - 1))),
            memory_layer=draw(st.integers(0, run.compressor.n_layer - 1)),
            memory_head=draw(st.integers(0, run.compressor.n_head - 1)),
        )
    return chosen.clamped(run)


def is_inside(selection: Selection, run: RunInfo) -> bool:
    """Whether all that a selection names exists in a run."""
    n = len(selection.axis(run))
    window = selection.window or (0, n, 0, n)
    memory = run.compressor
    return (
        0 <= selection.sample < len(run.samples)
        and 0 <= selection.layer < run.n_layer
        and 0 <= selection.head < run.n_head
        and LAST <= selection.query < n
        and 0 <= selection.row(selection.axis(run)) < n
        and all(0 <= first < end <= n for first, end in (window[:2], window[2:]))
        and (
            memory is None
            or (
                0 <= selection.memory_layer < memory.n_layer
                and 0 <= selection.memory_head < memory.n_head
                and 0 <= selection.round < max(1, len(memory.rounds[selection.sample]))
            )
        )
    )


# -- by example --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("move", "changes"),
    [
        ("up", {"layer": 0}),
        ("down", {"layer": 2}),
        ("left", {"head": 0}),
        ("right", {"head": 2}),
        ("sample before", {"sample": 0}),
        ("sample after", {"sample": 2}),
        ("row before", {"query": READ - 1}),
        ("row after", {}),
        ("episode before", {"query": READ - READ % EPISODE}),
        ("episode after", {}),
        ("mean", {"mean": True}),
        ("unit", {"unit": TOKENS}),
        ("memory down", {"memory_layer": 1}),
        ("round", {}),
    ],
)
def test_a_step_from_the_middle(move: str, changes: dict[str, object]) -> None:
    start = Selection(sample=1, layer=1, head=1)
    assert MOVES[move](start, RUNS["plain"]) == replace(start, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("move", ["up", "left", "sample before"])
def test_the_first_of_all_is_an_edge(move: str) -> None:
    assert MOVES[move](Selection(), RUNS["plain"]) == Selection()


@pytest.mark.parametrize("move", ["down", "right", "sample after", "row after", "episode after"])
def test_the_last_of_all_is_an_edge(move: str) -> None:
    last = Selection(sample=2, layer=LAYERS - 1, head=HEADS - 1)
    assert MOVES[move](last, RUNS["plain"]) == last


def test_rows_end_at_the_first_position_and_at_the_last_token_even_after_the_query_row() -> None:
    run = RUNS["marked"]
    after = Selection(unit=TOKENS).rows_moved(run, 1)
    assert after.query == len(after.axis(run)) - 1 > after.axis(run).read
    assert after.rows_moved(run, 1) == after
    assert after.rows_moved(run, -1).query == LAST, "where the action is read is always called the last"
    assert after.rows_moved(run, -1000).query == 0


def test_episodes_are_walked_by_their_first_transitions() -> None:
    run = RUNS["plain"]
    here, rows = Selection(), []
    for _ in range(5):
        here = here.episodes_moved(run, -1)
        rows.append(here.query)
    assert rows == [40, 20, 0, 0, 0]
    for _ in range(4):
        here = here.episodes_moved(run, 1)
        rows.append(here.query)
    assert rows[5:] == [20, 40, LAST, LAST]


def test_an_episode_that_only_latents_remember_has_no_first_position() -> None:
    run = RUNS["compressed"]
    before = Selection().episodes_moved(run, -1)
    assert before.query == LATENTS, "the first transition that has a token stands behind the latents"
    assert before.episodes_moved(run, -1).query == 0


def test_a_step_to_another_head_leaves_the_mean_and_one_to_another_layer_does_not() -> None:
    run, mean = RUNS["compressed"], Selection(mean=True)
    assert mean.where == mean.memory_where == "L0 mean"
    assert mean.shown_head is None
    assert mean.moved(run, layers=1).where == "L1 mean"
    assert mean.moved(run, heads=1).where == "L0H1"
    assert mean.moved(run, heads=-1).where == "L0H0"
    assert mean.memory_moved(run, layers=1).memory_where == "L1 mean"
    assert mean.memory_moved(run, heads=1).memory_where == "L0H1"


def test_the_other_view_keeps_the_transition() -> None:
    run = RUNS["separate"]
    tokens = Selection(query=7, window=(0, 9, 0, 9)).other_view(run)
    assert (tokens.unit, tokens.query, tokens.window) == (TOKENS, 21, None)
    assert tokens.rows_moved(run, 2).other_view(run).query == 7, "an action or a reward is of its transition"
    assert Selection().other_view(run).query == LAST


def test_another_sample_is_shown_as_far_as_it_goes() -> None:
    run = RUNS["separate"]
    short = Selection(query=50, window=(40, 60, 40, 60)).moved(run, samples=1)
    assert short.query == LAST
    assert short.window == (4, 24, 4, 24), "as large as it was"


def test_rounds_go_round_in_a_circle_and_stay_in_a_sample_that_has_some() -> None:
    run = RUNS["compressed"]
    rounds, here = [], Selection()
    for _ in range(ROUNDS + 1):
        here = here.memory_moved(run, rounds=1)
        rounds.append(here.round)
    assert rounds == [1, 2, 0, 1]
    assert here.moved(run, samples=1).round == 0, "the next sample has one round"
    assert here.moved(run, samples=2).memory_moved(run, rounds=1).round == 0


def test_places_name_what_is_selected() -> None:
    run = RUNS["compressed"]
    chosen = Selection(sample=1, layer=2, head=3, query=4, unit=TOKENS, round=0, memory_layer=1, memory_head=1)
    place, memory = chosen.place(run), chosen.memory_place
    assert (place.sample, place.layer, place.head, place.query, place.unit, place.round) == (1, 2, 3, 4, TOKENS, None)
    assert (memory.sample, memory.layer, memory.head, memory.unit, memory.round) == (1, 1, 1, TOKENS, 0)
    assert replace(chosen, mean=True).place(run).head is replace(chosen, mean=True).memory_place.head is None
    assert Selection(unit=TOKENS).place(run).query == run.layout(0).read


# -- of all moves ------------------------------------------------------------------------------------------------------
@given(st.data(), st.lists(st.sampled_from(sorted(MOVES)), max_size=12))
def test_no_sequence_of_moves_leaves_the_run(data: st.DataObject, moves: list[str]) -> None:
    run = data.draw(runs)
    here = data.draw(selections(run))
    for move in moves:
        here = MOVES[move](here, run)
        assert is_inside(here, run), move
        assert here.clamped(run) == here, "what exists is its own nearest"


@given(st.data(), st.sampled_from(["layer", "head", "sample"]), st.integers(-3, 3))
def test_a_step_and_its_inverse_lead_back(data: st.DataObject, what: str, by: int) -> None:
    run = data.draw(runs)
    start = replace(data.draw(selections(run)), mean=False)
    count = {"layer": run.n_layer, "head": run.n_head, "sample": len(run.samples)}[what]
    there = start.moved(run, **{f"{what}s": by})
    if not 0 <= getattr(start, what) + by < count:
        assert getattr(there, what) == (0 if by < 0 else count - 1), "as far as it goes"
        return
    back = there.moved(run, **{f"{what}s": -by})
    if what == "sample":  # another length may have cut the row, the window and the round
        assert (back.sample, back.layer, back.head) == (start.sample, start.layer, start.head)
    else:
        assert back == start


@given(st.data(), st.integers(-100, 100))
def test_rows_lead_back_where_there_is_room(data: st.DataObject, by: int) -> None:
    run = data.draw(runs)
    start = data.draw(selections(run))
    axis = start.axis(run)
    there = start.rows_moved(run, by)
    wanted = start.row(axis) + by
    assert there.row(axis) == min(max(wanted, 0), len(axis) - 1)
    if 0 <= wanted < len(axis):
        assert there.rows_moved(run, -by) == start


@given(st.data(), st.integers(-10, 10))
def test_rounds_lead_back(data: st.DataObject, by: int) -> None:
    run = RUNS["compressed"]
    start = data.draw(selections(run))
    assert start.memory_moved(run, rounds=by).memory_moved(run, rounds=-by) == start


@given(st.data())
def test_the_other_view_and_back_is_the_same_transition_of_the_whole_matrix(data: st.DataObject) -> None:
    run = data.draw(runs)
    start = data.draw(selections(run))
    layout = run.layout(start.sample)
    there = start.other_view(run)
    back = there.other_view(run)
    assert there.unit != start.unit
    assert there.window is None
    if start.unit == TRANSITIONS:
        assert back == replace(start, window=None)
    else:
        before, after = (int(layout.transition[one.row(one.axis(run))]) for one in (start, back))
        assert before == after


@given(st.data())
def test_episodes_are_found_in_the_direction_of_the_key(data: st.DataObject) -> None:
    run = data.draw(runs)
    start = data.draw(selections(run))
    axis = start.axis(run)
    row, stops = start.row(axis), {0, axis.read, *axis.starts.tolist()}
    before, after = (start.episodes_moved(run, step).row(axis) for step in (-1, 1))
    assert {before, after} <= stops
    assert before < row or before == row == 0
    assert after > row or (after == axis.read and row >= int(axis.starts.max()))


@given(st.data())
def test_a_window_keeps_its_size_where_the_sample_is_as_long(data: st.DataObject) -> None:
    run = RUNS["plain"]
    start = data.draw(selections(run))
    moved = start.moved(run, samples=1, layers=1)
    assert moved.window == start.window
