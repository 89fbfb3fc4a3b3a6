"""The app: what the engine says goes to its screens, what they ask goes to the engine; it lives on when that dies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.geometry import Size

from ..files.runs import Run
from ..records.exit_codes import USER_ERROR
from ..records.list_messages import Described
from ..records.messages import (
    Cancel,
    Cancelled,
    Done,
    Exported,
    Failed,
    InsightFound,
    KnockOutReady,
    Opened,
    OpenRun,
    PlaceboReady,
    Progress,
    Ready,
    SamplesAdded,
    StatsReady,
)
from ..records.timeline_messages import TimelineReady
from .commands import KeyCommands
from .comparing import ComparingApp
from .engine_client import EngineLink
from .explorer.screen import ExplorerScreen
from .jobs import KEPT, how_far
from .lab.desk import WHAT as TRIALS
from .lab.desk import LabDesk
from .messages import EngineDied, EngineReplied
from .reloading import WATCH_SECONDS
from .renderables.colors import ColorTable, choose_table
from .renderables.exported import written
from .screens.dialog import Dialog
from .screens.too_small import TooSmallScreen, fits
from .terminal.signals import leave_on_signals

if TYPE_CHECKING:
    from .lab.screen import LabScreen


class AdtuiApp(ComparingApp):
    """`adtui PATH`. Its result is None, or the line to print on stderr after the terminal is back.

    Args:
        request: what to open; its id is ignored.
        run: the run, watched for newer checkpoints; None when only the engine can tell.
        runs: several runs to choose from, or none.
        engine: the engine; tests bring their own.
        plain: ASCII only, whatever the terminal could show.
        slow_link: fewer bytes for the same keys: 256 colours, which take half of the bytes of millions, and coarser
            pictures.
        look_ahead: fetch the heads beside the one on display while nothing else is asked.
        telling: show the head of lowest H/ln n, then that of the largest confirmed effect, until the first key.
        watch: open every new checkpoint when it is complete.
        beside: see `ComparingApp`.
    """

    CSS_PATH = "adtui.tcss"
    TITLE = "adtui"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar = {KeyCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", "quit", show=False, priority=True, system=True),
        Binding("ctrl+z", "suspend_process", "back to the shell", show=False, priority=True, system=True),
    ]

    def __init__(
        self,
        request: OpenRun,
        run: Run | None = None,
        runs: Sequence[Run] = (),
        engine: EngineLink | None = None,
        *,
        plain: bool = False,
        slow_link: bool = False,
        look_ahead: bool = False,
        telling: bool = False,
        watch: bool = False,
        beside: str = "",
    ) -> None:
        super().__init__(engine, request, run, runs, watch=watch, beside=beside)
        self.animation_level = "none"  # over SSH every frame of an animation is bytes
        self.plain = plain
        self.explorer = ExplorerScreen(self.engine, plain, coarse=slow_link, look_ahead=look_ahead, telling=telling)
        if slow_link and self.console.color_system == "truecolor":
            self.sent_colors = "256"
        colors = self.sent_colors or self.console.color_system
        self.color_table: ColorTable = choose_table(colors, utf8=not plain, mono=self.no_color)
        self.desk = LabDesk(self, self.engine, plain)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.MouseDown):
            self.explorer.presenter.answering.hold()
        await super().on_event(event)

    # -- start and end -----------------------------------------------------------------------------------------------
    def get_default_screen(self) -> ExplorerScreen:
        return self.explorer

    def on_mount(self) -> None:
        self.set_class(self.plain, "-plain")
        leave_on_signals(self)
        if self.runs:
            self.offer(self.runs, self.request.path)
        self._cover(self.size)
        # After the first paint: importing torch in the other process must not delay what the user sees.
        self.call_after_refresh(self.listen)
        self.set_interval(WATCH_SECONDS, self.look_sometimes)
        self.watch_on()

    async def action_quit(self) -> None:
        """End the app and the engine."""
        self.exit()

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="what would you like to do?"))

    def on_resize(self, event: events.Resize) -> None:
        self._cover(event.size)  # self.size is still the size of before

    @on(TooSmallScreen.Uncovered)
    def _uncovered(self) -> None:
        self._cover(self.size)

    def _cover(self, size: Size) -> None:
        """Below the smallest size, show nothing but that."""
        covered = any(isinstance(screen, TooSmallScreen) for screen in self.screen_stack)
        if not covered and not fits(*size):
            self.push_screen(TooSmallScreen())
        elif fits(*size) and isinstance(self.screen, TooSmallScreen):
            self.pop_screen()

    # -- engine ------------------------------------------------------------------------------------------------------
    @on(EngineReplied)
    def _replied(self, event: EngineReplied) -> None:
        reply = event.reply
        told = self.desk.receive(reply) or self.take(reply)
        match reply:
            case Ready():
                self.alive = True
                if (not self.runs or self.watched is not None) and not self.wait_for_first():
                    self.open_run()
                self.describe_next()
            case Described():
                self.described(reply)
            case Opened():
                if reply.id == self.opening:
                    self.has_opened(reply.run, reply.id)
                    self.explorer.open(reply.run)
                    self.say_watching()
                    self.desk.opened(self.asked, reply.run)
            case SamplesAdded():
                if reply.id == self.shown and self.opened is not None:
                    self.opened = self.opened.grown(reply.more)
                    self.explorer.grow(reply.more)
            case StatsReady() | InsightFound() | PlaceboReady():
                if reply.id == self.shown:  # else it is about the checkpoint before
                    self.explorer.presenter.receive(reply)
                    self._analysed |= isinstance(reply, PlaceboReady)
            case Progress():
                self.jobs.update(reply)
            case Done():
                self.jobs.end(reply.id)
                if reply.id == self.shown:
                    self.has_analysed()
                    self.explorer.presenter.analysed()
            case Exported():
                self.jobs.end(reply.id)
                self.notify(written(reply), title="export", timeout=8)
            case Cancelled():
                self._cancelled(reply)
            case KnockOutReady():
                self.explorer.knocked_out(reply)
            case TimelineReady():
                self.take_timeline(reply.id, reply.timeline)
            case Failed() if self.waits_on(reply):
                pass
            case Failed() if told:
                self.jobs.end(reply.id)
            case Failed():
                self._failed(reply)
            case _:
                self.explorer.receive(reply)
        self.show_progress()

    def _cancelled(self, reply: Cancelled) -> None:
        progress = self.jobs.of(reply.id)
        if not self.jobs.end(reply.id):
            return
        if reply.id == self.opening and self.opened is None:
            self.explorer.stopped_opening()
            return
        if reply.id == self.shown and progress is not None and not self._analysed:
            self.explorer.presenter.stopped(f"stopped {how_far(progress)}: <explorer.reload> resumes")
        elif reply.id == self.opening:
            self.not_opened()
        self.notify(f"{reply.what} {KEPT.get(reply.what, 'cancelled')}")

    def show_progress(self) -> None:
        super().show_progress()
        self.explorer.show_progress(self.jobs.progress)
        self.desk.show_progress(self.jobs.progress)
        if self.timeline is not None:
            self.timeline.show_progress(self.jobs.progress)

    def _failed(self, reply: Failed) -> None:
        progress, was_job = self.jobs.of(reply.id), self.jobs.end(reply.id)
        if reply.id == self.shown and progress is not None and not self._analysed:
            self.explorer.presenter.stopped(f"failed {how_far(progress)}: <explorer.reload> resumes")
        reopening = reply.id == self.opening and self.opened is not None
        if reopening:
            self.not_opened()
        if reply.id == self.opening and self.opened is None and reply.kind == "user" and self.runs:
            self.choose_instead(str(reply.error))
        elif reply.id == self.opening and self.opened is None and reply.kind == "user":
            self.exit(str(reply.error), return_code=USER_ERROR)
        elif was_job or reply.kind != "user":
            if reply.id == self.opening and self.opened is None:
                self.explorer.stopped_opening("failed")
            self._say("that failed", str(reply.error), reply.detail)
        else:
            self.explorer.receive(reply)

    @on(EngineDied)
    def _died(self, event: EngineDied) -> None:
        self.alive = False
        if self.shown is not None and not self._analysed:
            self.explorer.presenter.stopped("engine gone: <explorer.reload> restarts it")
        self.jobs.clear()
        self.forget_questions()
        self.show_progress()
        self.desk.lost()
        self.lose()
        self.explorer.note("engine gone: <explorer.reload> restarts it")
        self._say("the engine has gone", event.reason, "\n".join(event.log))

    def _say(self, title: str, text: str, detail: str) -> None:
        """A dialog that offers to start again."""

        def answered(answer: str | None) -> None:
            if answer == "restart":
                self.reload()

        whole = f"{text}\n\n{detail}" if detail else text
        self.push_screen(Dialog(title, whole, {"r": ("restart", "start again"), "q": ("", "close")}), answered)

    # -- what the explorer asks for ----------------------------------------------------------------------------------
    @on(ExplorerScreen.Reload)
    def reload(self) -> None:
        """Open the newest checkpoint; start the engine again first when it has gone."""
        if self.alive:
            self.ask_again()
        else:
            self.explorer.note("")
            self.listen()

    @on(ExplorerScreen.Choose)
    def _choose(self) -> None:
        self.choose_again()

    @on(ExplorerScreen.Long)
    def _long(self, event: ExplorerScreen.Long) -> None:
        self.send_long(event.request, "export")

    @on(ExplorerScreen.Back)
    def _back(self) -> None:
        """Esc with nothing open: stop the newest long work."""
        job = self.jobs.newest
        if job is not None:
            self.engine.send(Cancel(self.engine.next_id(), job))

    # -- the compression lab -----------------------------------------------------------------------------------------
    @on(ExplorerScreen.Lab)
    def _enter_lab(self) -> None:
        if self.opened is not None:
            self.desk.enter(self.asked, self.opened, self.jobs.progress)

    def on_lab_screen_start(self, event: LabScreen.Start) -> None:
        """By name, as all of the lab is: importing it costs what only who opens it should wait for."""
        self.send_long(event.request, TRIALS)

    def on_lab_screen_export(self, event: LabScreen.Export) -> None:
        """The report and its figures."""
        self.send_long(event.request, "export")

    def on_lab_screen_stop(self, event: LabScreen.Stop) -> None:
        """Finished cells are kept."""
        self.engine.send(Cancel(self.engine.next_id(), event.job))
