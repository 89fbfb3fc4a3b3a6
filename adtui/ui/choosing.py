"""The list of runs: chosen from at the start, and come back to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from textual import work

from ..files.runs import Run, find_run, runs_to_choose
from ..records.errors import RunError
from ..records.list_messages import Describe, Described
from ..records.messages import OpenRun
from .engine_client import EngineLink
from .following import FollowingApp
from .renderables.runs_table import RunRow
from .screens.picker import Chosen, PickerScreen


class ChoosingApp(FollowingApp):
    """Offers runs, and asks the engine one after the other what they are.

    Args:
        engine, request, run: see `ReloadingApp`; watch: see `FollowingApp`.
        runs: several to choose from at the start, or none.
    """

    def __init__(
        self,
        engine: EngineLink | None,
        request: OpenRun,
        run: Run | None,
        runs: Sequence[Run] = (),
        *,
        watch: bool = False,
    ) -> None:
        super().__init__(engine, request, run, watch=watch)
        self.runs = tuple(runs)
        self.plain = False
        self._first = request
        self._known: dict[tuple[str, tuple[int, int, int]], Described] = {}
        self._asked: dict[int, tuple[str, tuple[int, int, int]]] = {}

    def offer(self, runs: Sequence[Run], directory: str, current: Run | None = None, *, beside: bool = False) -> None:
        """Show the list."""
        if isinstance(self.screen, PickerScreen):
            return
        rows = [RunRow(run, run.fingerprint()) for run in runs]
        rows = [replace(row, known=self._known.get(row.mark)) for row in rows]
        self.push_screen(PickerScreen(rows, directory, current, self.plain, beside=beside), self._picked)
        self.describe_next()

    @work(exclusive=True, exit_on_error=False, group="choose")
    async def choose_again(self, *, beside: bool = False) -> None:
        """The runs that lie beside the one on display, or those of the start; in a thread, for slow network disks.

        Args:
            beside: to set one beside it.
        """
        directory = Path(self._first.path)
        if not self.runs:
            at = Path(self.request.path).resolve()
            directory = at.parent if at.is_dir() else at.parent.parent
        try:
            runs = await asyncio.to_thread(runs_to_choose, directory)
        except RunError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        here = Path(self.request.path).resolve()
        if not [run for run in runs if run.directory not in (here, here.parent)]:
            self.notify(f"no other runs in {directory}", severity="warning", markup=False)
            return
        current = [run for run in runs if run.directory in (here, here.parent)]
        self.offer(runs, str(directory), current[0] if current else runs[0], beside=beside)

    def describe_next(self) -> None:
        """Ask what the next run of the list is, if the list is there and the engine is free to answer."""
        if not self.alive or self._asked or not isinstance(self.screen, PickerScreen):
            return
        if (row := self.screen.undescribed()) is not None:
            request = Describe(self.engine.next_id(), str(row.run.directory))
            self._asked[request.id] = row.mark
            self.engine.send(request)

    def forget_questions(self) -> None:
        """The engine is gone, and will not answer."""
        self._asked.clear()

    def choose_instead(self, problem: str) -> None:
        """The first choice does not open: say why, and offer the others."""
        self.watched = None
        self.offer(self.runs, self._first.path)
        self.notify(problem, severity="error", timeout=15, markup=False)

    def described(self, reply: Described) -> None:
        """The engine knows what a run is."""
        mark = self._asked.pop(reply.id, None)
        if mark is not None:
            self._known[mark] = reply
        if isinstance(self.screen, PickerScreen):
            self.screen.described(reply)
        self.describe_next()

    def compare_chosen(self, runs: Sequence[Run]) -> None:
        """Compare one run with the one that is open, or several with each other."""
        raise NotImplementedError

    def _picked(self, chosen: Chosen | None) -> None:
        if chosen is None:
            return
        if chosen.compare:
            self.compare_chosen(chosen.runs)
            return
        self.open_chosen(chosen.runs[0])

    def open_found(self, path: str) -> None:
        """Open a run by one of its checkpoints, as if it were chosen in the list."""
        try:
            self.open_chosen(find_run(Path(path).parent if Path(path).is_file() else path))
        except RunError as error:
            self.notify(str(error), severity="error", markup=False)

    def open_chosen(self, run: Run) -> None:
        """Open a run of the list."""
        path = str(run.directory)
        if self.runs or run.directory == Path(self._first.path).resolve():
            request = replace(self._first, path=path)
        else:  # what was said of one run says nothing of another
            request = OpenRun(0, path, device=self._first.device, samples=self._first.samples, seed=self._first.seed)
        self.remember()
        self.forget_training()
        self.open_other(request, run)
