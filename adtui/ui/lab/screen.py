"""The compression lab: choose strategies and budgets, watch the trials, read the verdict."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from ...records.messages import Progress
from ...records.run import RunInfo
from ...records.trial_messages import ExportSweep, RunSearch, RunSweep
from ..engine_client import EngineLink
from ..key_bars import screen_bar
from ..keys import LAB_TITLE, bindings
from ..screens.line import LineScreen
from ..screens.panes import PanesScreen
from .panes import CHOICES, FRONT, UNSEARCHED, VERDICT, LabPanes
from .settings import SETTINGS, SHARED, LabSettings
from .shell_command import shell_command
from .state import Lab

FAR = 10_000
"""Lines: more than there are of anything."""


class LabScreen(PanesScreen[LabPanes]):
    """The state outlives it, so that it can be left while trials run.

    Args:
        lab: the state.
        run: what is open.
        progress: how far the newest long work is.
        plain: ASCII only.
    """

    PLACE = "lab"
    HELP = LAB_TITLE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("lab")]

    class Start(Message):
        """The user wants the trials run."""

        def __init__(self, request: RunSweep | RunSearch) -> None:
            super().__init__()
            self.request = request

    class Stop(Message):
        """The user wants the trials stopped."""

        def __init__(self, job: int) -> None:
            super().__init__()
            self.job = job

    class Export(Message):
        """The user wants the files."""

        def __init__(self, request: ExportSweep) -> None:
            super().__init__()
            self.request = request

    def __init__(
        self, engine: EngineLink, lab: Lab, run: RunInfo, progress: Progress | None, plain: bool = False
    ) -> None:
        super().__init__(LabPanes(lab, plain), plain)
        self.lab = lab
        self._engine = engine
        self._run, self._progress = run, progress

    def on_mount(self) -> None:
        self.status.run = self._run
        self.show_progress(self._progress)
        self.panes.show()

    def bar(self) -> str:
        return screen_bar("lab", self.size.width, plain=self.plain, changes=self.changes)

    def leave(self) -> None:
        """Trials go on."""
        self.dismiss()

    def opened(self, run: RunInfo) -> None:
        """Another run or checkpoint is open."""
        self.status.open(run)
        self.panes.show()

    def show(self) -> None:
        """The lab's state has changed."""
        if self.is_mounted:
            self.panes.show()

    # -- moving ------------------------------------------------------------------------------------------------------
    def action_move(self, step: int) -> None:
        """Another line, or another cell."""
        if self.panes.active == CHOICES:
            self.panes.move(step)
        elif self.panes.active == VERDICT:
            self.panes.verdict.scroll_relative(y=step, animate=False)
        else:
            self.lab.move(step)
            self.panes.show()

    def action_page(self, step: int) -> None:
        """As many lines, or cells, as there are on a page."""
        self.action_move(step * self.panes.page)

    def action_edge(self, step: int) -> None:
        """The first line, or the last."""
        self.action_move(step * FAR)

    def action_aside(self, step: int) -> None:
        """Another cell, as they lie in the picture."""
        if self.panes.active != CHOICES:
            self.lab.move(step, self.panes.by_place())
            self.panes.show()

    def action_axis(self) -> None:
        """What the picture has across."""
        self.lab.turn()
        self.panes.show()

    def action_level(self) -> None:
        """What is dropped: transitions, or keys and values."""
        if self.lab.ready is None:
            self.notify(self.lab.error or "the engine has not answered yet", severity="warning", markup=False)
        elif why := self.panes.turn_level():
            self.notify(why, severity="warning", markup=False)

    # -- choosing ----------------------------------------------------------------------------------------------------
    def action_choose(self) -> None:
        """What the line under the cursor is for."""
        if self.panes.active != CHOICES:
            self.panes.activate(CHOICES)
        elif self.panes.row == "start":
            self.action_start()
        elif self.panes.row == "search":
            self.action_search()
        elif self.panes.row == SHARED:
            self.lab.settings = self.lab.settings.turned()
            self.panes.show()
        elif self.panes.row in SETTINGS:
            self._change(self.panes.row)
        else:
            self.lab.toggle(self.panes.row)
            self.panes.show()

    def action_enter(self) -> None:
        """The same in the list; full size elsewhere."""
        if self.panes.active == CHOICES:
            self.action_choose()
        else:
            self.action_full()

    def action_budgets(self) -> None:
        """Type budgets."""
        self._change("budgets")

    def _change(self, name: str) -> None:
        lab, now = self.lab, self.lab.settings
        hint, value = {
            "budgets": ("how many to keep, with commas between", ",".join(map(str, now.budgets))),
            "histories": ("how many for each goal", str(now.streams)),
            "episodes": ("how many in each history", str(now.episodes)),
        }[name]

        def taken(settings: LabSettings | None) -> None:
            if settings is not None:
                lab.settings = settings
                self.panes.show()

        read = partial(lab.read, name)
        hint = f"{hint}; an empty line leaves it"
        self.app.push_screen(LineScreen(name.capitalize(), read, hint=hint, placeholder=value, plain=self.plain), taken)

    # -- trials ------------------------------------------------------------------------------------------------------
    def action_start(self) -> None:
        """Run what is chosen."""
        if self._free():
            self._begin(self.lab.request(self._engine.next_id()), FRONT)

    def action_search(self) -> None:
        """Look for the smallest context that does."""
        if not self.lab.settings.searchable:
            self.notify(f"a search: {UNSEARCHED}", severity="warning")
        elif self._free():
            self._begin(self.lab.search_request(self._engine.next_id()), VERDICT)

    def _free(self) -> bool:
        """Whether something can be run now; says why not."""
        if self.lab.running:
            what = "search is" if self.lab.searching else "trials are"
            self.notify(
                f"the {what} running: <lab.stop> stops {'it' if self.lab.searching else 'them'}", severity="warning"
            )
        elif self.lab.ready is None:
            self.notify(self.lab.error or "the engine has not answered yet", severity="warning", markup=False)
        return not self.lab.running and self.lab.ready is not None

    def _begin(self, request: RunSweep | RunSearch, seen: int) -> None:
        self.lab.begin(request.id, searching=isinstance(request, RunSearch))
        self.panes.show()
        self.post_message(self.Start(request))
        if self.panes.folded and self.panes.active == CHOICES:
            self.panes.activate(seen)  # else nothing would be seen to happen

    def action_stop(self) -> None:
        """Stop the trials, or the search."""
        if self.lab.job is not None:
            self.post_message(self.Stop(self.lab.job))
        else:
            self.notify("nothing is running", severity="warning")

    def action_export(self) -> None:
        """Write what has been found."""
        document, started = self.lab.found.document(), self.lab.started
        if document is None or started is None:
            self.notify("nothing to export yet: <lab.start> starts the trials", severity="warning")
        else:
            self.post_message(self.Export(ExportSweep(self._engine.next_id(), document, started.directory)))

    @property
    def _means_search(self) -> bool:
        """Whether a search is what is pointed at: its line in the list, or elsewhere what is on display."""
        return self.panes.row == "search" if self.panes.active == CHOICES else self.lab.searches_here

    def action_copy_command(self) -> None:
        """The shell command that runs the same."""
        if self.lab.run is None:
            self.notify("no command yet: the run is opening", severity="warning")
            return
        command = shell_command(self.lab, search=self._means_search)
        self.app.copy_to_clipboard(command)
        self.notify(f"copied (if your terminal allows OSC 52): {command}", markup=False)
