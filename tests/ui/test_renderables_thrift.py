"""Whatever is left out, the terminal must look as if everything had been sent: checked on an emulated terminal."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from adtui.ui.terminal.shadow import DEFAULT, Shadow, ansi, cells, cheapest, parts, step

WIDTH, HEIGHT = 12, 4
TRUE = ColorSystem.TRUECOLOR
STYLES = [
    None,
    Style(),
    Style.parse("#ff0000 on #000000"),
    Style.parse("#000000 on #ff0000"),
    Style.parse("#00ff00 on #ff0000"),
    Style.parse("bold #00ff00 on #000000"),
    Style.parse("reverse #00ff00"),
    Style.parse("on #0000ff"),
    Style.parse("red on color(200)"),
]
LINE = st.lists(
    st.builds(Segment, st.text(st.sampled_from("ab ▀█é"), min_size=1, max_size=5), st.sampled_from(STYLES)),
    max_size=4,
)
UPDATE = st.lists(st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), LINE), max_size=4)


def looks(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """What can be seen of every cell: a space has no foreground, and a lower half block is an upper one turned over."""
    picture = []
    for y in range(HEIGHT):
        row: list[tuple[object, ...]] = []
        for x in range(WIDTH):
            cell = screen.buffer[y][x]
            char, front, back = cell.data, cell.fg, cell.bg
            if char == "▄":
                char, front, back = "▀", back, front
            if char == " " and not cell.reverse:
                front = ""
            row.append((char, front, back, cell.bold, cell.reverse))
        picture.append(row)
    return picture


def plainly(lines: list[tuple[int, int, list[Segment]]]) -> str:
    """Everything, cell by cell, with a reset in between."""
    out = []
    for x, y, segments in lines:
        for i, (char, sgr) in enumerate(cells(segments, TRUE)[: WIDTH - x]):
            if char:
                paint = f"\x1b[0;{sgr}m" if sgr else "\x1b[0m"
                out.append(f"\x1b[{y + 1};{x + i + 1}H{paint}{char}\x1b[0m")
    return "".join(out)


@given(st.lists(UPDATE, min_size=1, max_size=4))
def test_the_terminal_looks_as_if_everything_had_been_sent(
    updates: list[list[tuple[int, int, list[Segment]]]],
) -> None:
    full, lean = pyte.Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)
    to_full, to_lean = pyte.Stream(full), pyte.Stream(lean)
    shadow = Shadow(WIDTH, HEIGHT)
    for update in updates:
        to_full.feed(plainly(update))
        to_lean.feed(shadow.update(update, TRUE))
        assert looks(lean) == looks(full)


def test_a_wide_character_is_drawn_whole() -> None:
    shadow = Shadow(WIDTH, HEIGHT)
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    for text in ("a漢b", "a漢c", "漢漢", "abcd"):
        stream.feed(shadow.update([(0, 0, [Segment(text)])], TRUE))
        assert screen.display[0].startswith(text)


def test_nothing_new_is_nothing_sent() -> None:
    shadow = Shadow(WIDTH, HEIGHT)
    line = [(0, 0, [Segment("hello", STYLES[2])])]
    assert shadow.update(line, TRUE) == "\x1b[1;1H\x1b[38;2;255;0;0;48;2;0;0;0mhello\x1b[0m"
    assert shadow.update(line, TRUE) == ""
    shadow.forget()
    assert shadow.update(line, TRUE) != ""


def test_only_the_changed_cell_is_sent() -> None:
    shadow = Shadow(WIDTH, HEIGHT)
    shadow.update([(0, 1, [Segment("rank 1 of 9")])], TRUE)
    assert shadow.update([(0, 1, [Segment("rank 3 of 9")])], TRUE) == "\x1b[2;6H3"


def test_short_gaps_are_written_and_long_ones_jumped_over() -> None:
    shadow = Shadow(WIDTH, HEIGHT)
    shadow.update([(0, 0, [Segment("abcdefghijkl")])], TRUE)
    assert shadow.update([(0, 0, [Segment("XbcXefghijkX")])], TRUE) == "\x1b[1;1HXbcX\x1b[7CX"


def test_what_lies_outside_is_cut() -> None:
    shadow = Shadow(WIDTH, HEIGHT)
    assert shadow.update([(10, 0, [Segment("abc")]), (0, 9, [Segment("x")])], TRUE) == "\x1b[1;11Hab"


def test_control_segments_are_left_out() -> None:
    assert cells([Segment("\x1b[2J", None, [(1,)]), Segment("a")], TRUE) == [("a", "")]  # type: ignore[list-item]


def test_marks_without_width_stay_with_their_letter() -> None:
    assert cells([Segment("e\u0301x")], TRUE) == [("e\u0301", ""), ("x", "")]


@pytest.mark.parametrize("system", [ColorSystem.STANDARD, ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR])
@given(front=st.integers(0, 255), back=st.integers(0, 255), bold=st.booleans())
def test_parts_reassemble(system: ColorSystem, front: int, back: int, bold: bool) -> None:
    style = Style(color=f"color({front})", bgcolor=f"color({back})", bold=bold)
    sgr = ansi(style, system)
    assert ";".join(part for part in parts(sgr) if part) == sgr
    assert parts(sgr)[1]
    assert parts(sgr)[2]


def test_steps() -> None:
    red, red_on_blue = ("", "31", ""), ("", "31", "44")
    assert step(DEFAULT, red) == "31"
    assert step(red, red_on_blue) == "44"
    assert step(red_on_blue, red) == "49"
    assert step(red_on_blue, DEFAULT) == "0"
    assert step(("1", "31", ""), red) == "0;31"
    assert step(red, ("1", "31", "")) == "0;1;31"
    assert step(DEFAULT, DEFAULT) == ""


def test_half_blocks_turn_over_where_that_is_shorter() -> None:
    assert cheapest("▀", ("", "38;5;1", "48;5;2"), ("", "38;5;2", "48;5;3")) == ("▄", ("", "38;5;2", "48;5;1"))
    assert cheapest("▀", ("", "38;5;1", "48;5;2"), ("", "38;5;1", "48;5;3")) == ("▀", ("", "38;5;1", "48;5;2"))
    assert cheapest("▀", ("", "31", "44"), ("", "34", "43")) == ("▄", ("", "34", "41"))
    assert cheapest("▀", ("", "91", "104"), ("", "94", "43")) == ("▄", ("", "94", "101"))


def test_what_lies_beside_a_terminal_that_has_shrunk_is_left_out() -> None:
    shadow = Shadow(WIDTH, HEIGHT)
    beside = [(WIDTH + 3, 0, [Segment("abc")]), (WIDTH, 1, [Segment("abc")]), (0, HEIGHT, [Segment("abc")])]
    assert shadow.update(beside, TRUE) == ""
    assert shadow.update([(-2, 0, [Segment("abc")])], TRUE) == "\x1b[1;1Hc"
