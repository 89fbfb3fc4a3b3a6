"""An adapter that a run names: asked for on a terminal, before anything is drawn."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkpoints import make_run
from terminal import Terminal, assert_restored

ADAPTER = Path(__file__).parents[1] / "adapters" / "plain_adapter.py"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    run = make_run(tmp_path / "runs" / "tiny", n_transit=12)
    shutil.copy(ADAPTER, run / "theirs.py")
    (run / "adtui.yaml").write_text("adapter: theirs.py\n")
    command = [sys.executable, "-m", "adtui", "runs/tiny", "--samples", "2"]
    found = Terminal(command, tmp_path, size=(160, 44))
    yield found
    found.close()


def test_a_yes_runs_it(terminal: Terminal) -> None:
    terminal.wait(lambda: "Runit?[y/N]" in re.sub(r"\s", "", terminal.text))  # wherever the line is broken
    terminal.send("y\r")
    terminal.wait("1 heads · L")
    terminal.wait("adapted · Mine of theirs.py")
    terminal.wait(lambda: re.search(r"\d+ found|no evidence", terminal.text))
    terminal.send("KKKKHHHHL")
    terminal.wait("1 heads · L0H1")
    terminal.send("q")
    assert terminal.exit_code() == 0
    assert_restored(terminal)
