"""Two runs side by side: which heads differ, where they look, which claims hold in one only."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message

from ...records.defaults import FIGURES
from ...records.head_comparison import INDEX, HeadComparison
from ...records.look import SCALE_NAMES
from ...records.messages import OpenRun
from ...records.pair_view import PairView
from ...records.run import RunInfo
from ...records.side_messages import ExportPair, GetPair, MatchHeads, SetBeside
from ..engine_client import EngineLink
from ..explorer.questions import Questions
from ..key_bars import screen_bar
from ..keys import bindings
from ..screens.panes import PanesScreen
from ..widgets.picture import PicturePane
from .keys import SIDES_TITLE
from .panes import SidesPanes
from .state import SidesState

UNKNOWN = ("causal", "window", "histories", "flow_step")
"""Ways to open a run that `adtui compare` has no option for."""


class SidesScreen(PanesScreen[SidesPanes]):
    """Keys change the state, the engine is asked, its answer is drawn.

    Args:
        engine: answers, and writes figures.
        asked: what was asked to be compared.
        state: what is shown first.
        questions: asks for pairs; whoever made it sends its answers to `show_pair`.
        plain: ASCII only.
    """

    PLACE = "sides"
    HELP = SIDES_TITLE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("sides")]

    class Export(Message):
        """The figure of a pair is wanted."""

        def __init__(self, request: ExportPair) -> None:
            super().__init__()
            self.request = request

    class Stop(Message):
        """The comparison under way is wanted no more."""

    class Other(Message):
        """Another run is wanted beside the first."""

    class Match(Message):
        """Heads are wanted to be matched in another way."""

        def __init__(self, request: MatchHeads) -> None:
            super().__init__()
            self.request = request

    def __init__(
        self,
        engine: EngineLink,
        asked: SetBeside,
        state: SidesState,
        questions: Questions[GetPair, PairView],
        plain: bool = False,
    ) -> None:
        super().__init__(SidesPanes(state, plain), plain)
        self.state = state
        self._engine, self._asked, self._questions = engine, asked, questions

    def on_mount(self) -> None:
        super().on_mount()
        self.status.message = f"A {_named(self._asked.run.path)}, B {_named(self._asked.other)}"
        self._tell_status()
        self.panes.show()
        self.ask()

    def bar(self) -> str:
        return screen_bar("sides", self.size.width, plain=self.plain, changes=self.changes)

    def leave(self) -> None:
        """Back to where it was opened; what is not compared yet is stopped."""
        if self.state.found is None:
            self.post_message(self.Stop())
        self.dismiss()

    def action_leave(self) -> None:
        """The key that opened it closes it."""
        self.leave()

    # -- what comes --------------------------------------------------------------------------------------------------
    def compared(self, found: HeadComparison, run: RunInfo) -> None:
        """The comparison is there."""
        self.state.take(found, run)
        self._tell_status()
        self._draw()
        self.ask()

    def show_pair(self, view: PairView) -> None:
        """A pair is there."""
        self.state.view = view
        self._draw()

    def failed(self, why: str) -> None:
        """Say why there is none."""
        self.state.view, self.state.why = None, why
        self._draw()

    def ask(self) -> None:
        """Ask for the chosen pair, at the pictures' size."""
        if self.is_mounted and (question := self.state.question(self.panes.frame)) is not None:
            self._questions.ask(question)

    @on(PicturePane.SizeChanged)
    def _resized(self) -> None:
        self.ask()

    def _tell_status(self) -> None:
        if self.state.run is not None:
            self.status.open(self.state.run)
            self.status.sample = self.state.sample

    def _draw(self) -> None:
        if self.is_mounted:
            self.panes.show()

    def _change(self, change: Callable[[], object]) -> None:
        change()
        self.status.sample = self.state.sample if self.state.run is not None else None
        self._draw()
        self.ask()

    # -- keys --------------------------------------------------------------------------------------------------------
    def action_move(self, down: int, right: int) -> None:
        """Through the table; to the first run's next head."""
        self._change(lambda: self.state.step(down) if down else self.state.beside(right))

    def action_sample(self, by: int) -> None:
        """Another context."""
        self._change(lambda: self.state.other_sample(by))

    def action_row(self, by: int) -> None:
        """Another query row."""
        self._change(lambda: self.state.other_query(by))

    def action_episode(self, by: int) -> None:
        """The row at an episode's start."""
        self._change(lambda: self.state.other_episode(by))

    def action_scale(self) -> None:
        """Another colour scale."""
        self.notify(f"colour scale: {SCALE_NAMES[self.state.next_scale()]}", timeout=2)
        self._draw()

    def action_match(self) -> None:
        """By rows, or by index."""
        if self.state.found is not None:
            self.post_message(self.Match(MatchHeads(self._engine.next_id(), self.state.other_matching)))

    def action_other(self) -> None:
        """Another run beside the first."""
        self.post_message(self.Other())

    def action_export(self) -> None:
        """The pair as a figure."""
        pair, view = self.state.pair, self.state.view
        if pair is None or view is None:
            self.notify("nothing to draw yet", severity="warning")
        elif view.difference is None:
            self.notify(f"no figure: {view.why}", severity="warning", markup=False)
        else:
            number = self._engine.next_id()
            asked = ExportPair(number, self.state.sample, pair.first, pair.second, FIGURES, self.panes.look)
            self.post_message(self.Export(asked))

    def action_copy(self) -> None:
        """The table of heads."""
        if self.state.found is None:
            self.notify("no numbers yet", severity="warning")
            return
        self.app.copy_to_clipboard(self.state.table())
        self.notify(f"copied {len(self.state.found.pairs)} pairs (if your terminal allows OSC 52)")

    def action_copy_command(self) -> None:
        """The command that prints the same."""
        command = shell_command(self._asked, self.state)
        if command is None:
            named = next(name for name in UNKNOWN if _given(self._asked.run, name))
            self.notify(f"no command prints this: adtui compare has no --{named.replace('_', '-')}", severity="warning")
            return
        self.app.copy_to_clipboard(command)
        self.notify(f"copied (if your terminal allows OSC 52): {command}", markup=False)


def _given(run: OpenRun, name: str) -> bool:
    return bool(getattr(run, name) != getattr(OpenRun(0, ""), name))


def shell_command(asked: SetBeside, state: SidesState) -> str | None:
    """`adtui compare` of the same two checkpoints on the same contexts; None where it cannot open them so."""
    run, words = asked.run, []
    if any(_given(run, name) for name in UNKNOWN):
        return None
    for name in ("device", "samples", "seed", "context", "heads", "adapter"):
        if _given(run, name):
            words += [f"--{name}", str(getattr(run, name))]
    if state.found is not None and state.found.matched == INDEX:
        words += ["--match", INDEX]
    return shlex.join(["adtui", "compare", run.path, asked.other, "--head-by-head", *words])


def _named(checkpoint: str) -> str:
    """By its file and the directory that it is in, which is the run."""
    return "/".join(Path(checkpoint).parts[-2:])
