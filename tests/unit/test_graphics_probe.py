"""What a terminal can show is what it has answered, and its answers never become keys."""

from __future__ import annotations

import os
import pty
import select
import termios
import threading
import time
import tty
from itertools import pairwise

import pytest

from adtui.ui.terminal import graphics_asking
from adtui.ui.terminal.graphics_answers import BROKEN_SECONDS, HOLD_SECONDS, AnswerFilter
from adtui.ui.terminal.graphics_input import AnsweringParser
from adtui.ui.terminal.graphics_probe import (
    AUTO,
    CELLS,
    KITTY,
    SIXEL,
    Capabilities,
    Probe,
    kitty_query,
    may_ask,
    may_ask_kitty,
)

ATTRIBUTES, WITH_SIXEL, CELL = "\x1b[?62;22c", "\x1b[?62;4;22c", "\x1b[6;20;10t"
KITTY_YES, KITTY_NO = "\x1b_Gi=31;OK\x1b\\", "\x1b_Gi=31;EBADPNG:no\x1b\\"


def probed(*answers: str, apc: bool = True) -> Probe:
    probe = Probe(apc)
    probe.begin()
    for answer in answers:
        probe.take(answer)
    return probe


@pytest.mark.parametrize(
    ("answers", "chosen"),
    [
        ((CELL, ATTRIBUTES, KITTY_YES, ATTRIBUTES), KITTY),
        ((CELL, WITH_SIXEL, ATTRIBUTES.replace("22", "4")), SIXEL),
        ((CELL, WITH_SIXEL, KITTY_YES, WITH_SIXEL), KITTY),
        ((CELL, ATTRIBUTES, KITTY_NO, ATTRIBUTES), CELLS),
        ((CELL, ATTRIBUTES, "\x1b_Gi=7;OK\x1b\\", ATTRIBUTES), CELLS),
        ((ATTRIBUTES, KITTY_YES, ATTRIBUTES), CELLS),  # no size of a cell: no picture could be placed
        (("\x1b[6;0;10t", WITH_SIXEL, WITH_SIXEL), CELLS),
        (("\x1b[6;99999;10t", WITH_SIXEL, WITH_SIXEL), CELLS),
        ((CELL, "\x1b[?64;14c", "\x1b[?64;14c"), CELLS),  # 14 is not 4
        ((), CELLS),
    ],
)
def test_only_what_was_answered_is_used(answers: tuple[str, ...], chosen: str) -> None:
    assert probed(*answers).found.protocol(AUTO) == chosen


def test_a_wish_narrows_the_choice_and_never_widens_it() -> None:
    both = Capabilities((62, 4), kitty=True, cell=(10, 20))
    assert [both.protocol(wish) for wish in (AUTO, KITTY, SIXEL, CELLS)] == [KITTY, KITTY, SIXEL, CELLS]
    none = Capabilities((62,), cell=(10, 20))
    assert {none.protocol(wish) for wish in (AUTO, KITTY, SIXEL)} == {CELLS}


def test_kitty_is_asked_only_once_the_terminal_has_answered() -> None:
    probe = Probe(apc=True)
    assert "\x1b_" not in probe.begin()
    assert probe.take(CELL) == ""
    assert kitty_query() in probe.take(ATTRIBUTES)
    assert not probe.settled
    assert probe.take(ATTRIBUTES) == ""
    assert probe.settled


def test_a_late_answer_changes_nothing() -> None:
    probe = probed(CELL)
    probe.give_up()
    probe.take(KITTY_YES)
    probe.take(WITH_SIXEL)
    assert probe.found.protocol(AUTO) == CELLS


@pytest.mark.parametrize(
    ("environ", "anything", "kitty"),
    [
        ({"TERM": "xterm-kitty"}, True, True),
        ({"TERM": "linux"}, False, True),
        ({"TERM": "dumb"}, False, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, True),
        ({"TERM": "tmux-256color"}, True, False),
        ({"TERM": "screen"}, True, False),
        ({"TERM": "xterm", "TMUX": "/tmp/tmux,1,0"}, True, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, True, False),
    ],
)
def test_who_is_asked(environ: dict[str, str], anything: bool, kitty: bool) -> None:
    assert (may_ask(environ), may_ask_kitty(environ)) == (anything, kitty)


def test_answers_leave_the_input_whatever_pieces_they_come_in() -> None:
    sent = f"a{CELL}b\x1b[A{KITTY_YES}{WITH_SIXEL}\x1b[6~c"
    for cut in range(len(sent) + 1):
        for second in (cut, min(len(sent), cut + 3)):
            parts = [sent[a:b] for a, b in pairwise(sorted({0, cut, second, len(sent)}))]
            heard = AnswerFilter()
            found = [heard.feed(part, 0.0) for part in parts]
            keys = "".join(rest for rest, _ in found) + heard.expire(1e9)
            assert (keys, [one for _, some in found for one in some]) == (
                "ab\x1b[A\x1b[6~c",
                [CELL, KITTY_YES, WITH_SIXEL],
            )


def test_keys_come_at_once_when_nothing_is_waited_for() -> None:
    heard = AnswerFilter()
    assert heard.feed("\x1b", 0.0) == ("", [])
    assert heard.expire(HOLD_SECONDS) == "\x1b"
    heard.waiting = False
    assert heard.feed("\x1b", 1.0) == ("\x1b", [])
    assert heard.feed("\x1b[", 1.0) == ("\x1b[", [])


@pytest.mark.parametrize("half", ["\x1b_Gi=31;O", "\x1b[?62;4", "\x1b[6;20;1"])
def test_half_an_answer_is_thrown_away(half: str) -> None:
    heard = AnswerFilter()
    assert heard.feed(half, 0.0) == ("", [])
    assert heard.expire(HOLD_SECONDS) == ""
    assert heard.expire(BROKEN_SECONDS) == ""
    assert heard.feed("q", 2.0) == ("q", [])


def test_textual_sees_no_key_in_an_answer() -> None:
    parser = AnsweringParser()
    names = [type(event).__name__ for event in parser.feed(f"{CELL}{KITTY_YES}{WITH_SIXEL}q")]
    assert names == ["TerminalAnswered"] * 3 + ["Key"]
    assert [getattr(event, "key", None) for event in parser.feed("\x1b[A")] == ["up"]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([f"{CELL}{WITH_SIXEL}", WITH_SIXEL], "sixel; cells of 10 x 20 pixels"),
        ([f"{CELL}{ATTRIBUTES}", f"{KITTY_YES}{ATTRIBUTES}"], "kitty; cells of 10 x 20 pixels"),
        ([ATTRIBUTES, ATTRIBUTES], "neither kitty nor sixel; no size of a cell"),
        (["\x1b[?62;4"], "no answer"),
    ],
)
def test_asking_without_an_app_leaves_nothing_in_the_input(
    answers: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphics_asking, "SECONDS", 0.2)
    monkeypatch.setattr(graphics_asking, "may_ask_kitty", lambda: True)
    terminal, program = pty.openpty()

    def answer() -> None:
        for text in answers:
            os.read(terminal, 4096)
            os.write(terminal, text.encode())

    other = threading.Thread(target=answer)
    other.start()
    try:
        before = termios.tcgetattr(program)
        assert graphics_asking.ask_terminal(program, program).described() == told
        assert termios.tcgetattr(program) == before
        other.join()
        assert not select.select([program], [], [], 0)[0]
    finally:
        os.close(terminal)
        os.close(program)


@pytest.mark.parametrize(
    ("owed", "answers", "left"),
    [
        (1, [f"{CELL}{ATTRIBUTES}"], ""),
        (2, [f"{CELL}{ATTRIBUTES}", f"{KITTY_YES}{ATTRIBUTES}"], ""),
        (1, [ATTRIBUTES[:3], ATTRIBUTES[3:]], ""),
        (0, ["typed"], "typed"),
    ],
)
def test_who_leaves_before_the_answer_hears_it_out(owed: int, answers: list[str], left: str) -> None:
    terminal, program = pty.openpty()
    tty.setraw(program)

    def answer() -> None:
        for text in answers:
            time.sleep(0.05)
            os.write(terminal, text.encode())

    other = threading.Thread(target=answer)
    other.start()
    try:
        graphics_asking.hear_out(program, owed, seconds=60)
        other.join()
        assert (os.read(program, 4096).decode() if select.select([program], [], [], 0)[0] else "") == left
    finally:
        os.close(terminal)
        os.close(program)
