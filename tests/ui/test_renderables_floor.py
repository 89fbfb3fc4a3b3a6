"""The floor plan as cells of the terminal."""

from __future__ import annotations

import numpy as np
import pytest

from adtui.ui.renderables.colors import choose_table
from adtui.ui.renderables.floor import DOWN, LEFT, RIGHT, UP, Floor, block, floor_lines, path

TRUE, ASCII = choose_table("truecolor", True), choose_table(None, False)
NONE = np.full((3, 3), np.nan, np.float32)


def floor(**more: object) -> Floor:
    states, reached = np.array([[1, 1], [0, 1], [0, 2]]), np.array([[0, 1], [0, 2], [0, 2]])
    mass = NONE.copy()
    mass[0, 1], mass[0, 2] = 0.25, 0.75
    parts = {"mass": mass, "n_keys": 3, "links": path(states, reached, 3), "agent": (2, 0)}
    return Floor(**(parts | more))  # type: ignore[arg-type]


def test_a_path_links_neighbours_and_nothing_else() -> None:
    links = path(np.array([[1, 1], [0, 1], [0, 2], [2, 0]]), np.array([[0, 1], [0, 2], [0, 2], [0, 0]]), 3)
    assert links.tolist() == [[0, DOWN | RIGHT, LEFT], [0, UP, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("size", "width", "height", "cell"),
    [(9, 68, 34, (7, 3)), (9, 78, 16, (3, 1)), (9, 40, 7, (3, 1)), (20, 68, 34, (3, 1)), (3, 200, 60, (9, 4))],
)
def test_a_cell_is_as_large_as_fits_and_about_square(size: int, width: int, height: int, cell: tuple[int, int]) -> None:
    assert block(size, width, height) == cell


def test_signs_path_and_numbers_stand_where_they_belong() -> None:
    drawn = floor(action="→", landmarks={"G": (0, 2)}, rewarded=frozenset({(0, 2), (0, 1)}))
    lines = [line.plain for line in floor_lines(drawn, 21, 9, TRUE)]
    assert lines == [
        "       .25    .75    ",
        "          *──────G   ",
        "          │          ",
        "          │          ",
        "          ╵          ",
        "                     ",
        "                     ",
        "   @→                ",
        "                     ",
    ]


def test_ascii_has_shades_and_no_other_signs() -> None:
    lines = [line.plain for line in floor_lines(floor(), 9, 3, ASCII)]
    assert all(line.isascii() for line in lines)
    assert [len(line) for line in lines] == [9, 9, 9]
    assert lines[2][1] == "@"


def test_a_larger_mass_is_a_lighter_colour_and_no_transition_is_the_mask() -> None:
    (line, *_) = floor_lines(floor(), 9, 3, TRUE)
    grounds = [tuple(span.style.bgcolor.triplet or ()) for span in line.spans]  # type: ignore[union-attr]
    masked, low, high = grounds[:3]
    assert masked == TRUE.masked
    assert sum(low) < sum(high)
    np.testing.assert_array_equal(high, TRUE.rgb[-1])


def test_what_does_not_fit_shows_the_cursors_part() -> None:
    size = 20
    mass = np.full((size, size), np.nan, np.float32)
    big = Floor(mass, 1, np.zeros((size, size), np.int64), agent=(0, 0), cursor=(19, 19), landmarks={"G": (19, 19)})
    lines = [line.plain for line in floor_lines(big, 20, 5, TRUE)]
    assert len(lines) == 5
    assert "G" in lines[-1]
    assert not any("@" in line for line in lines)
