"""One run of the app in a directory of its own, brought to a chosen moment, with what must hold after a fault."""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import time
from pathlib import Path

_TESTS = str(Path(__file__).resolve().parents[1])
if _TESTS not in sys.path:  # pytest puts it there; `python -m tests.faults` does not
    sys.path.insert(0, _TESTS)

from processes import VARIABLE, marked, new_mark, wait_until_gone  # noqa: E402
from terminal import ALTERNATE, Terminal, assert_restored  # noqa: E402

REPOSITORY = Path(_TESTS).parent
MOMENTS = ("opening", "analysis", "view", "export")
ESCAPE = "\x1b"
PNG_END = b"IEND\xaeB`\x82"
LOADING_SECONDS = 3.0
"""About as long as torch takes to load."""


class Case:
    """The bundled run on a terminal.

    Attributes:
        exported: the key that asked for figures, "" where none did.

    Args:
        seed: of the moment's details.
        directory: the working directory, where figures go.
        run: what to open instead of the bundled run.
        before: a directory that goes before all others on the engine's module path, or None.
    """

    def __init__(self, seed: int, directory: Path, run: Path | None = None, before: Path | None = None) -> None:
        self.rng = random.Random(seed)
        self.directory = directory
        self.mark = new_mark()
        self.exported = ""
        path = os.pathsep.join(str(part) for part in (before, REPOSITORY) if part is not None)
        command = [sys.executable, "-m", "adtui", "demo" if run is None else str(run)]
        self.app = Terminal(command, directory, environment={VARIABLE: self.mark, "PYTHONPATH": path})

    @property
    def figures(self) -> Path:
        """Where exports go."""
        return self.directory / "figs" / "attention"

    # -- moments -----------------------------------------------------------------------------------------------------
    def reach(self, moment: str) -> None:
        """Bring the app to somewhere within opening, analysis, view or export; where exactly depends on the seed."""
        if moment == "opening":
            self.app.wait("q quit")
            self.pause(LOADING_SECONDS)
            return
        self.opened()
        if moment == "analysis":
            self.pause(0.1)
            return
        self.settled()
        if moment == "view":
            self.app.send("".join(self.rng.choices("jklhn[]", k=self.rng.randint(1, 12))))
            self.pause(0.05)
        else:
            self.exported = self.rng.choice("eE")
            self.app.send(self.exported)
            self.pause(2.5)

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
        deadline = time.monotonic() + 20
        while not (found := marked(self.mark, "adtui.engine")):
            assert time.monotonic() < deadline, f"no engine\n{self.app.text}"
            self.app.read(0.02)
        return next(iter(found))

    def kill_engine(self) -> None:
        """As the kernel does when memory is short."""
        os.kill(self.engine, signal.SIGKILL)

    def assert_no_half_files(self, swept: bool = True) -> None:
        """Every figure is whole. `swept`: no temporary file is left either."""
        for figure in self.directory.rglob("*.png"):
            assert figure.name.startswith(".") or figure.read_bytes().endswith(PNG_END), f"half-written: {figure}"
        left = list(self.directory.rglob("*.part"))
        assert not (swept and left), f"left behind: {left}"

    # -- what must hold ----------------------------------------------------------------------------------------------
    def goes_on(self) -> None:
        """Other heads can be looked at."""
        for key, name in (("m", " mean"), ("m", "2 heatmap · L"), ("?", "WHERE YOU ARE")):
            self.app.send(key)
            self.app.wait(name, 30)
        self.app.send(ESCAPE)
        self.app.gone("WHERE YOU ARE", 30)

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
