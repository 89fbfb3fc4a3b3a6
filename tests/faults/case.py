"""One run of the app in a directory of its own, brought to a chosen moment, with what must hold after a fault."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
import time
from functools import partial
from pathlib import Path

_TESTS = str(Path(__file__).resolve().parents[1])
if _TESTS not in sys.path:  # pytest puts it there; `python -m tests.faults` does not
    sys.path.insert(0, _TESTS)

from processes import VARIABLE, marked, new_mark, wait_until_gone  # noqa: E402
from terminal import ALTERNATE, LONGEST, Terminal, assert_restored  # noqa: E402

from adtui.ui.lab.settings import LabSettings  # noqa: E402

REPOSITORY = Path(_TESTS).parent
MOMENTS = ("opening", "analysis", "knock-outs", "view", "export", "trials")
ENGINE = "-m adtui.engine "
"""The engine's command line, and not that of the trials which it starts."""
ESCAPE = "\x1b"
CELLS = "cells.jsonl"
"""As `adtui.compression.trials.store` names them; importing that costs two seconds."""
PNG_END = b"IEND\xaeB`\x82"
LOADING_SECONDS = 3.0
"""About as long as torch takes to load."""
FEW_SAMPLES = ("4", "6", "8")
"""Histories, where the moment is not about them: the bundled run's own 18 take long to roll out."""
_DOING = re.compile(r"(rollouts|analysis|knock-outs|export|trials) [^0-9]*\d+/\d+")


class Case:
    """The bundled run on a terminal.

    Attributes:
        exported: the key that asked for figures, "" where none did.
        doing: what the engine was at when the moment came, as the status line says; "" is nothing.

    Args:
        seed: of the moment's details.
        directory: the working directory, where figures go.
        run: what to open instead of the bundled run.
        samples: how many histories to open, None for as many as a user gets.
        before: a directory that goes before all others on the engine's module path, or None.
    """

    def __init__(
        self,
        seed: int,
        directory: Path,
        run: Path | None = None,
        samples: str | None = None,
        before: Path | None = None,
    ) -> None:
        self.rng = random.Random(seed)
        self.directory = directory
        self.mark = new_mark()
        self.exported = self.doing = ""
        path = os.pathsep.join(str(part) for part in (before, REPOSITORY) if part is not None)
        command = [sys.executable, "-m", "adtui", "demo" if run is None else str(run)]
        command += [] if samples is None else ["--samples", samples]
        self.app = Terminal(command, directory, environment={VARIABLE: self.mark, "PYTHONPATH": path})

    @property
    def figures(self) -> Path:
        """Where exports go."""
        return self.directory / "figs" / "attention"

    # -- moments -----------------------------------------------------------------------------------------------------
    def reach(self, moment: str) -> None:
        """Bring the app to somewhere within one of MOMENTS; where exactly depends on the seed."""
        if moment == "opening":
            self.app.wait("q quit")
            self.pause(LOADING_SECONDS)
        elif moment == "analysis":
            self.opened()
            self.pause(1.0)
        elif moment == "knock-outs":
            self.app.told(r"knock-outs [^0-9]*\d+/\d+")
            self.pause(6.0)
        elif moment == "trials":
            self.opened()
            self.start_trials()
            self.pause(8.0)
        else:
            self.opened()
            self.settled()
            if moment == "view":
                self.app.send("".join(self.rng.choices("jklhn[]", k=self.rng.randint(1, 12))))
                self.pause(0.05)
            else:
                self.exported = self.rng.choice("eE")
                self.app.send(self.exported)
                if self.rng.random() < 0.3:
                    self.pause(2.5)  # while it waits its turn, and figures are made ready
                else:
                    self.app.told("export |wrote ")
                    self.pause(0.5 if self.exported == "e" else 2.5)
        found = _DOING.search(self.status)
        self.doing = found[1] if found else "trials" if "stop: x" in self.app.text else ""

    @property
    def status(self) -> str:
        """The first line of the screen."""
        return self.app.screen.display[0]

    def start_trials(self) -> None:
        """In the lab: trials of one short history per goal, so that a cell takes a second."""
        self.app.send("C")
        self.app.wait("contexts of")
        for keys, asks, number, shows in (
            ("j" * LabSettings().rows().index("histories") + " ", "Histories", "1", "1 per held-out"),
            ("j ", "Episodes", "5", "5 per history"),
        ):
            self.app.send(keys)
            self.app.wait(asks)
            self.app.send(number + "\r")
            self.app.wait(shows)
        self.app.send("s")
        self.app.told("stop: x")

    def finished_cells(self) -> list[str]:
        """The finished cells on disk, a line each; every line must be whole."""
        lines = [line for path in self.directory.rglob(CELLS) for line in path.read_text().splitlines()]
        for line in lines:
            try:
                json.loads(line)
            except ValueError:
                raise AssertionError(f"half-written: {line[-80:]}") from None
        return [line for line in lines if '"cell"' in line]

    def shown_cells(self) -> int:
        """How many finished cells the lab shows, full context and control not counted."""
        return self._cells[0]

    @property
    def all_shown(self) -> bool:
        """Whether the lab shows all of them."""
        shown, total = self._cells
        return shown == total > 0

    @property
    def _cells(self) -> tuple[int, int]:
        found = re.search(r"4 cells · (\d+) of (\d+)", self.app.text)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def pause(self, most: float) -> None:
        """Read the screen for a random while."""
        end = time.monotonic() + self.rng.uniform(0, most)
        while time.monotonic() < end:
            self.app.read(0.02)

    def opened(self) -> None:
        """Wait until pictures are on the screen."""
        self.app.wait(self._has_opened)

    def _has_opened(self) -> bool:
        return re.search(r"1 heads · L\d", self.app.text) is not None and "query ep" in self.app.text

    def settled(self) -> None:
        """Wait until the analysis has ended."""
        self.app.wait(lambda: re.search(r"\d+ found|no evidence", self.app.text))

    # -- processes and files -----------------------------------------------------------------------------------------
    @property
    def engine(self) -> int:
        """Its process id."""
        deadline = time.monotonic() + LONGEST
        while not (found := marked(self.mark, ENGINE)):
            assert time.monotonic() < deadline, f"no engine\n{self.app.text}"
            self.app.read(0.02)
        return next(iter(found))

    def kill_engine(self) -> None:
        """As the kernel does when memory is short."""
        os.kill(self.engine, signal.SIGKILL)

    def engine_gone(self) -> None:
        """Wait until the engine is gone and what it had started too."""
        end = time.monotonic() + LONGEST
        while left := marked(self.mark, "adtui.engine"):
            assert time.monotonic() < end, f"outlived the engine: {left}"
            self.app.read(0.05)

    def assert_no_half_files(self, swept: bool = True) -> None:
        """Every figure and every finished cell is whole. `swept`: no temporary file is left either."""
        self.finished_cells()
        for figure in self.directory.rglob("*.png"):
            assert figure.name.startswith(".") or figure.read_bytes().endswith(PNG_END), f"half-written: {figure}"
        left = list(self.directory.rglob("*.part"))
        assert not (swept and left), f"left behind: {left}"

    # -- what must hold ----------------------------------------------------------------------------------------------
    def goes_on(self) -> None:
        """Other heads can be looked at."""
        for key, pattern in (("m", r"heatmap · L\d+ mean"), ("m", r"heatmap · L\d+H\d+"), ("?", "WHERE YOU ARE")):
            self.app.send(key)
            self.app.wait(partial(lambda pattern: re.search(pattern, self.app.text), pattern))
        self.app.send(ESCAPE)
        self.app.gone("WHERE YOU ARE")

    def quits(self) -> None:
        """`q` ends it in order."""
        self.app.send("q")
        code = self.app.exit_code()
        assert code == 0, f"exit code {code}\n{self.app.text}"
        self.restored()

    def restored(self) -> None:
        """The terminal is as it was; no process is left."""
        if ALTERNATE in self.app.modes:
            assert_restored(self.app)
        self.nothing_left()

    def nothing_left(self) -> None:
        """No process is left."""
        wait_until_gone(self.mark)

    def close(self) -> None:
        """End whatever is left."""
        self.app.close()
        for pid in marked(self.mark, ""):
            os.kill(pid, signal.SIGKILL)
