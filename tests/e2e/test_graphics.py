"""The real program on terminals that show pictures, say so late, by half or never; nothing of it is left behind."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from answering_terminal import ATTRIBUTES_QUERY, CELL_QUERY, KITTY, KITTY_QUERY, SIXEL, AnsweringTerminal
from picture_terminal import NOTHING
from terminal import ALTERNATE, assert_restored

ADTUI = [sys.executable, "-m", "adtui"]
Start = Callable[..., AnsweringTerminal]
STRAY = re.compile(r"Gi=|EINVAL|;OK|62;22c|6;20;10t|\[16t")


@pytest.fixture
def start(tmp_path: Path, tiny: Path) -> Iterator[Start]:
    """Starts adtui on a terminal that answers, and ends it after the test."""
    terminals: list[AnsweringTerminal] = []

    def run(answers: Mapping[bytes, str], *arguments: str, **environment: str) -> AnsweringTerminal:
        command = [*ADTUI, str(tiny), *arguments]
        options = {"environment": {"COLORTERM": "truecolor", **environment}}
        terminals.append(AnsweringTerminal(command, tmp_path, answers, **options))
        return terminals[-1]

    yield run
    for terminal in terminals:
        terminal.close()


def sharp(terminal: AnsweringTerminal) -> bool:
    """Whether a picture is shown."""
    return bool((terminal.pictures.shown() != NOTHING).any())


def stopped(terminal: AnsweringTerminal) -> bool:
    """Whether the program has stopped itself; told to go on before, it would stop after that for ever."""
    return Path(f"/proc/{terminal.session}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_kitty_shows_the_heatmap_and_gives_it_back(start: Start) -> None:
    terminal = start(KITTY)
    terminal.wait(lambda: sharp(terminal))
    terminal.wait("rank ")
    terminal.send("?")
    terminal.wait(lambda: not sharp(terminal))  # the help covers all of it
    terminal.send("\x1b")
    terminal.wait(lambda: sharp(terminal))
    asked = len(terminal.asked)
    terminal.resize(110, 36)
    terminal.wait(lambda: terminal.asked[asked:] == [CELL_QUERY])
    terminal.signal(signal.SIGTSTP)
    terminal.wait(lambda: stopped(terminal))
    terminal.read()
    assert not terminal.modes[ALTERNATE]
    assert not sharp(terminal)
    assert not terminal.pictures.images
    terminal.signal(signal.SIGCONT)
    terminal.wait(lambda: sharp(terminal))
    assert not STRAY.search(terminal.text)
    terminal.signal(signal.SIGTERM)
    assert terminal.exit_code() == 128 + signal.SIGTERM
    assert not terminal.pictures.placed
    assert not terminal.pictures.images
    assert_restored(terminal)


def test_sixels_live_through_the_engines_death(start: Start) -> None:
    terminal = start(SIXEL, "--graphics", "sixel")
    terminal.wait("rank ")
    terminal.wait(lambda: sharp(terminal), 30)
    engine = next(line for line in terminal.processes() if "adtui.engine" in line)
    os.kill(int(engine.split()[0]), signal.SIGKILL)
    terminal.wait("the engine has gone")
    assert not STRAY.search(terminal.text)
    terminal.send("q")
    terminal.gone("the engine has gone")
    terminal.send("q")
    assert terminal.exit_code() == 0
    assert_restored(terminal)


HALF = {CELL_QUERY: "\x1b[6;20", ATTRIBUTES_QUERY: "\x1b[?62;4"}
WRONG = {CELL_QUERY: "\x1b[6;0;0t", ATTRIBUTES_QUERY: "\x1b[?62;22c", KITTY_QUERY: "\x1b_Gi=31;EINVAL:no\x1b\\"}


@pytest.mark.parametrize("answers", [{}, HALF, WRONG], ids=["never", "half", "wrong"])
def test_without_a_whole_answer_it_stays_in_cells_and_no_key_is_pressed(
    start: Start, answers: Mapping[bytes, str]
) -> None:
    terminal = start(answers)
    terminal.wait("1 heads")
    terminal.wait(lambda: ATTRIBUTES_QUERY in terminal.asked)
    terminal.send("?")
    terminal.wait("Esc")
    assert not sharp(terminal)
    assert (KITTY_QUERY in terminal.asked) == (answers is WRONG)
    assert not STRAY.search(terminal.text)
    terminal.send("q")
    terminal.signal(signal.SIGTERM)
    terminal.exit_code()
    assert not STRAY.search(terminal.text)
    assert terminal.modes[ALTERNATE] is False


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [(("--graphics", "cells"), {}), ((), {"NO_COLOR": "1"}), ((), {"LANG": "C"}), ((), {"TERM": "linux"})],
    ids=["cells", "no colours", "ASCII", "console"],
)
def test_who_wants_no_picture_is_not_asked(
    start: Start, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    terminal = start(KITTY, *arguments, **environment)
    terminal.wait("1 heads")
    terminal.send("q")
    assert terminal.exit_code() == 0
    assert terminal.asked == []


def test_doctor_tells_what_the_terminal_answered(tmp_path: Path) -> None:
    terminal = AnsweringTerminal([*ADTUI, "doctor"], tmp_path, KITTY)
    try:
        terminal.exit_code()
        text = re.sub(r"\s+", " ", terminal.raw.decode(errors="replace"))
        assert "in pixels by kitty; the terminal answered: kitty; cells of 10 x 20 pixels" in text
    finally:
        terminal.close()
