"""Ctrl+Z in the real program: to the shell that started it and back, and nowhere where there is none."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkpoints import make_run
from terminal import ALTERNATE, MOUSE, Terminal

ADTUI = [sys.executable, "-m", "adtui"]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return make_run(tmp_path / "runs" / "tiny")


def at(command: list[str], tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(command, tmp_path)
    yield terminal
    terminal.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Terminal]:
    yield from at(["sh", "-i"], tmp_path)


@pytest.fixture
def alone(tiny: Path, tmp_path: Path) -> Iterator[Terminal]:
    yield from at([*ADTUI, str(tiny), "--samples", "2"], tmp_path)


@pytest.mark.parametrize("within", ["", "sh -c '{}; true'"])
def test_ctrl_z_goes_to_the_shell_and_fg_comes_back(shell: Terminal, tiny: Path, within: str) -> None:
    command = shlex.join([*ADTUI, str(tiny), "--samples", "2"])
    shell.send((within.format(command) if within else command) + "\n")
    shell.wait("rank ")
    for keys in ("", "?"):  # over a dialog as well
        shell.send(keys)
        if keys:
            shell.wait("WHERE YOU ARE")
        shell.send("\x1a")
        shell.wait(lambda: not shell.modes[ALTERNATE] and not shell.modes[MOUSE])
        shell.send("echo $((6*7))here\n")
        shell.wait("42here")
        shell.send("fg\n")
        shell.wait(lambda: shell.modes[ALTERNATE])
        shell.wait("WHERE YOU ARE" if keys else "rank ")
    shell.send("\x1b")
    shell.gone("WHERE YOU ARE")
    shell.send("j")
    shell.wait("1 heads · L1")
    shell.send("q")
    shell.wait(lambda: not shell.modes[ALTERNATE])


def test_without_a_shell_it_stays(alone: Terminal) -> None:
    alone.wait("rank ")
    alone.send("\x1a")
    alone.told("no shell to go back to")
    alone.send("q")
    assert alone.exit_code() == 0
