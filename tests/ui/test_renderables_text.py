"""Read-outs, statistics, insights and the status line, exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pane_data import axis, insight, run_info, sample, sample_stats
from rich.cells import cell_len

from adtui.records.axis import Axis
from adtui.records.chances import Chances
from adtui.records.statistics import HeadStats
from adtui.ui.renderables.chances import chances_lines, chances_title
from adtui.ui.renderables.insight import insight_line, insight_text, order
from adtui.ui.renderables.readout import action_arrow, cell_readout, weight
from adtui.ui.renderables.statistics import STATISTICS, bars, episode_lines, number, seed_lines, statistics_lines
from adtui.ui.renderables.status import progress_bar, progress_text, shortened_progress, status_line


# -- read-out ----------------------------------------------------------------------------------------------------------
def test_readout() -> None:
    tokens = replace(
        sample(60, 20),
        states=np.full((60, 2), (4, 4)),
        next_states=np.full((60, 2), (5, 4)),
        query_state=np.array((2, 4)),
        rewards=np.ones(60, np.float32),
    )
    here = Axis.plain(tokens)
    line = cell_readout(here, here, 60, 23, 0.183, rank=(2, 60))
    assert line == ("query ep3 t0 (2,4) → key ep1 t3 (4,4) ↓ (5,4) r=1", "0.183 · rank 2 of 60")


def test_readout_of_a_pooled_cell() -> None:
    line = cell_readout(axis(), axis(), 8, 3, 0.0004, block=(3, 3))
    assert line == ("query ep1 t2 (2,0) → key ep0 t3 (3,0) ↓ (4,0) r=0", "4.0e-04 · largest of 3×3 weights · rank …")


def test_readout_of_the_query_itself() -> None:
    line = cell_readout(axis(), axis(), 10, 10, 0.5, rank=(1, 11))
    assert line == ("query ep1 t4 (4,0) → key = query (4,0)", "0.500 · rank 1 of 11")


def test_readout_of_a_masked_cell() -> None:
    line = cell_readout(axis(), axis(), 3, 7, None)
    assert line == ("query ep0 t3 (3,0) → key ep1 t1 (1,0)", "key is after the query: masked")


def test_readout_in_ascii() -> None:
    line = cell_readout(axis(), axis(), 8, 3, 0.25, rank=(1, 9), block=(3, 2), utf8=False)
    assert line == (
        "query ep1 t2 (2,0) -> key ep0 t3 (3,0) v (4,0) r=0",
        "0.250 | largest of 3x2 weights | rank 1 of 9",
    )
    assert cell_readout(axis(), axis(), 8, 3, 0.25, utf8=False)[1] == "0.250 | rank ..."


def test_arrows_follow_the_matrix_drawing() -> None:
    assert [action_arrow(action) for action in range(6)] == ["↓", "↑", "→", "←", "•", "a5"]
    assert [action_arrow(action, utf8=False) for action in range(6)] == ["v", "^", ">", "<", ".", "a5"]


def test_small_weights_keep_their_digits() -> None:
    assert [weight(value) for value in (0.0, 0.00012, 0.001, 0.1834, 1.0)] == [
        "0.000",
        "1.2e-04",
        "0.001",
        "0.183",
        "1.000",
    ]


# -- actions -----------------------------------------------------------------------------------------------------------
def actions(without: tuple[float, ...] | None = None, utf8: bool = True, height: int = 5, width: int = 20) -> list[str]:
    full = np.array([0.5, 0.25, 0.2, 0.05, 0.0])
    taken = None if without is None else np.array(without)
    shown = Chances(0, 10, full, taken, "ep0 t3 (3,0)")
    return [line.plain for line in chances_lines(shown, width, height, utf8=utf8)]


def test_a_bar_per_action() -> None:
    assert actions() == ["↓ 0.500  ██████", "↑ 0.250  ███", "→ 0.200  ██", "← 0.050  █", "• 0.000  "]
    assert actions(utf8=False)[:2] == ["v 0.500  ######", "^ 0.250  ###"]


def test_what_a_knock_out_makes_of_the_actions() -> None:
    assert actions((0.25, 0.5, 0.2, 0.05, 0.0), width=30)[:3] == [
        "↓ 0.500  → 0.250  ███░░░",
        "↑ 0.250  → 0.500  ███▒▒▒",
        "→ 0.200  → 0.200  ██",
    ]
    assert actions((0.25, 0.5, 0.2, 0.05, 0.0), width=30, utf8=False)[1] == "^ 0.250  > 0.500  ###+++"


def test_the_likeliest_actions_where_not_all_fit() -> None:
    assert actions(height=3) == ["↓ 0.500  ██████", "↑ 0.250  ███", "3 others: 0.250"]
    assert actions(height=1) == ["↓ 0.500  ██████"]


def test_where_the_actions_are() -> None:
    plain = Chances(0, 10, np.full(5, 0.2))
    assert chances_title(plain, "ep1 t4 (4,0)") == ("at ep1 t4 (4,0)",)
    hidden = replace(plain, without=plain.full, label="ep0 t3 (3,0)")
    taken = "without ep0 t3 (3,0)"
    assert chances_title(hidden, "ep1 t4 (4,0)") == (f"at ep1 t4 (4,0) · {taken}", taken)


# -- statistics --------------------------------------------------------------------------------------------------------
def drawn(head: int | None, utf8: bool = True) -> list[str]:
    return statistics_lines(sample_stats(), 0, head, utf8=utf8)


def test_statistics_of_one_head() -> None:
    assert drawn(0) == [
        "over the context       plain   ‖a·vW‖",
        "self mass              0.010    0.020",
        "entropy H              2.000    4.000",
        "H / ln n               0.400    0.800",
        "effective keys         7.000     14.0",
        "recent/distant         1.500    3.000",
        "ln recent/distant      0.405    1.099",
        "mean lag               4.000    8.000",
        "first token                0        0",
        "rewarded mass (1)      0.300    0.600",
        "rewarded lift          1.200    2.400",
        "same-state mass (0)        –        –",
        "same-state lift            –        –",
        "landmark lift          2.000    4.000",
        "keys for 50 %              1        2",
        "keys for 80 %              2        4",
        "keys for 90 %              3        6",
        "keys for 95 %              4        8",
        "mean                   0.090    0.180",
        "std                  4.0e-04  8.0e-04",
        "max                    0.200    0.400",
        "max position               3        6",
        "runs/chance            0.500    1.000",
        "distinct               0.100    0.200",
        "induction lift (0)         –        –",
        "n-gram lift (0)            –        –",
    ]


def test_statistics_of_the_mean_over_heads() -> None:
    lines = drawn(None)
    assert lines[1].split() == ["self", "mass", "0.015", "0.030"]
    assert next(line for line in lines if line.startswith("max position")).split()[2:] == ["–", "–"]


def test_statistics_in_ascii() -> None:
    assert all(line.isascii() for line in drawn(0, utf8=False) + drawn(None, utf8=False))
    assert all(line.isascii() for line in episode_lines(sample_stats(), 0, 0, utf8=False))


def test_every_statistic_has_a_row_and_an_explanation() -> None:
    fields = set(HeadStats.__dataclass_fields__) - {"n_rewarded", "n_revisit", "n_induction", "n_ngram"}
    assert {key for key, _, _ in STATISTICS} == fields
    assert all(sentence.endswith(".") for _, _, sentence in STATISTICS)


def test_numbers() -> None:
    values = (0.0, 0.00042, 0.0123, 1.2345, 12.345, 123.45, -0.5, float("nan"), float("inf"))
    assert [number(value) for value in values] == ["0", "4.2e-04", "0.012", "1.234", "12.3", "123", "-0.500", "–", "–"]
    assert [number(value) for value in (999999.0, 9.169e12, -2e6)] == ["999999", "9.2e+12", "-2.0e+06"]


def test_bars() -> None:
    assert bars(np.array([0.0, 0.5, 1.0, np.nan, 2.0])) == "▁▃▅.█"
    assert bars(np.array([0.0, 0.5, 1.0, np.nan, 2.0]), utf8=False) == "_-=.#"
    assert bars(np.zeros(3)) == "..."


def test_progress_of_unknown_length_has_no_bar() -> None:
    assert progress_text(0, 0, "loading") == "loading …"
    assert progress_text(0, 0, "loading", utf8=False) == "loading ..."
    assert progress_text(90, 90, "analysis", 181_234.0).endswith(" 90/90")  # from a cache
    assert progress_text(1, 2, "trials", 0.08).endswith(" 1/2 12 s each")
    assert progress_text(1, 2, "knock-outs", note="3 undecided").endswith(" 1/2, 3 undecided")


@pytest.mark.parametrize("width", range(14, 100))
def test_progress_is_shortened_and_never_left_out(width: int) -> None:
    shown = shortened_progress(3, 14, "trials", 0.0, "recent:20: episode 12 of 160, about 21 min left", width)
    line = status_line(run_info(), 0, shown, width)
    assert "trials" in line
    assert "3/14" in line
    assert len(line) <= width
    assert ("21 min left" in line) == (width >= 79)


def test_episode_lines() -> None:
    assert episode_lines(sample_stats(), 0, 0) == ["plain  ▅█ max 1.000", "‖a·vW‖ ▅█ max 2.000"]


def test_seed_lines_have_the_digits_of_the_present_script() -> None:
    assert seed_lines(sample_stats().seed[0]) == [
        "sequence length 80, context 79",
        "mean context attention 0.0122",
        "std 0.0026",
        "max position 18",
        "recent/distant ratio 0.65",
        "entropy 4.2374",
    ]


# -- insights ----------------------------------------------------------------------------------------------------------
def test_an_insight_in_one_line() -> None:
    told = insight(status="confirmed", knock_out=17.25, knock_out_interval=(9.0, 30.0))
    assert insight_line(insight(), 60).plain == "● L2 recency 2.81 [2.1 – 3.6]"
    assert insight_line(told, 80).plain == "✔ L2 recency 2.81 [2.1 – 3.6]  hidden ×17.2 [9 – 30]"
    assert insight_line(told, 80, (5, 9)).plain == "✔ L2    recency   2.81 [2.1 – 3.6]  hidden ×17.2 [9 – 30]"
    assert insight_line(told, 80, utf8=False).plain == "+ L2 recency 2.81 [2.1 - 3.6]  hidden x17.2 [9 - 30]"
    assert insight_line(insight(phase="explore"), 80).plain == "● L2 recency (explore) 2.81 [2.1 – 3.6]"


@given(st.integers(1, 90))
def test_a_line_keeps_its_name_and_never_overflows(width: int) -> None:
    line = insight_line(insight(knock_out=17.25, knock_out_interval=(9.0, 30.0)), width, (5, 14)).plain
    assert cell_len(line) <= width
    assert line.startswith("● L2"[:width])
    assert width < 12 or "recency" in line


def test_an_unfolded_insight_shows_its_evidence() -> None:
    assert insight_text(insight()).plain.splitlines() == [
        "Layer 2 looks at the recent past.",
        "effect 2.81 [2.1 – 3.6] · n=5 histories · threshold 2 · observed",
        "One checkpoint.",
        "try: recent-K",
    ]


def test_insight_in_ascii_without_caveat() -> None:
    text = insight_text(insight(caveat="", suggests=(), status="refuted", n=1), utf8=False).plain
    assert text.splitlines() == [
        "Layer 2 looks at the recent past.",
        "effect 2.81 [2.1 - 3.6] | n=1 history | threshold 2 | refuted",
    ]


def test_insight_without_an_interval_says_so() -> None:
    short = insight(interval=(float("nan"), float("nan")), n=1)
    assert "effect 2.81 (no interval) · n=1 history" in insight_text(short).plain
    assert insight_line(short, 60).plain == "● L2 recency 2.81 (no interval)"


def test_order_is_status_then_scope() -> None:
    found = [
        insight("a", status="no evidence"),
        insight("b", layer=1, head=0),
        insight("c", layer=1),
        insight("d", layer=None),
        insight("e", status="confirmed"),
    ]
    assert [each.kind for each in sorted(found, key=order)] == ["e", "d", "c", "b", "a"]


# -- status ------------------------------------------------------------------------------------------------------------
def test_status_line_in_full() -> None:
    line = status_line(run_info(), 0, progress_text(1, 2, "analysis", 2.25), 120)
    assert line == (
        "demo · step 9000 · analysis ██████░░░░░░ 1/2 2.25/s · s0 of 2: goal (5,0) · cpu · encoder · rollouts"
    )


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (60, "demo · step 9000 · s1 of 2: goal (5,0) · cpu · encoder"),
        (50, "demo · step 9000 · s1 of 2: goal (5,0) · cpu"),
        (20, "demo · step 9000"),
        (3, "dem"),
    ],
)
def test_status_line_drops_fields_from_the_right(width: int, expected: str) -> None:
    assert status_line(run_info(), 1, "", width) == expected


@given(st.integers(1, 150))
def test_status_line_never_overflows(width: int) -> None:
    line = status_line(run_info(), 0, progress_text(3, 9, "analysis"), width)
    assert cell_len(line) <= width


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (80, "opening /data/project/runs/AD-darkroom-seed0 · rollouts ██████░░░░░░ 4/8"),
        (60, "opening …/runs/AD-darkroom-seed0 · rollouts ██████░░░░░░ 4/8"),
        (44, "opening …m-seed0 · rollouts ██████░░░░░░ 4/8"),
        (36, "rollouts ██████░░░░░░ 4/8"),
        (10, "opening /d"),
    ],
)
def test_a_long_path_leaves_room_for_progress(width: int, expected: str) -> None:
    message = "opening /data/project/runs/AD-darkroom-seed0"
    assert status_line(None, None, progress_text(4, 8, "rollouts"), width, message) == expected


@given(st.integers(1, 150))
def test_progress_is_told_wherever_it_fits(width: int) -> None:
    progress = progress_text(4, 8, "rollouts")
    line = status_line(None, None, progress, width, "opening /data/project/runs/AD-darkroom-seed0")
    assert progress in line or width < cell_len(progress)


def test_status_line_before_a_run() -> None:
    assert status_line(None, None, "", 80, "starting the engine") == "starting the engine"
    assert status_line(None, None, "", 80) == "no run"


def test_progress_bar() -> None:
    assert progress_bar(0, 10, 4) == "░░░░"
    assert progress_bar(5, 16, 4) == "█▎░░"
    assert progress_bar(10, 10, 4) == "████"
    assert progress_bar(1, 0, 4) == "░░░░"
    assert progress_bar(5, 10, 4, utf8=False) == "##--"


@given(st.integers(0, 200), st.integers(1, 200), st.booleans())
def test_progress_bar_has_its_width(done: int, total: int, utf8: bool) -> None:
    assert cell_len(progress_bar(done, total, 12, utf8)) == 12
