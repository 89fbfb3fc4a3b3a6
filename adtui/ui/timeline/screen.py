"""The training run: every head and the return over the checkpoints, scrubbed through."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from ...records.run import RunInfo
from ...records.timeline import SHOWN, Timeline
from ..key_bars import screen_bar
from ..keys import TIMELINE_TITLE, bindings
from ..renderables.timeline import emergence_lines, head_lines, return_lines
from ..screens.panes import PanesScreen
from ..widgets.drawn import DrawnPane
from ..widgets.pane import color_table
from ..widgets.pane_stack import PaneStack
from .state import TimelineState

HEADS, RETURN, CLAIMS = range(3)


class TimelinePanes(PaneStack):
    """Draws the state.

    Args:
        state: whoever changes it calls `show`.
        plain: ASCII only.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("heads", "return", "since when")
    CONTAINERS: ClassVar[tuple[str, ...]] = ("#below",)

    def __init__(self, state: TimelineState, plain: bool = False) -> None:
        self.state = state
        self.reason = "measuring checkpoints …"
        self.heads = DrawnPane(self._heads, self._nothing, id="run-heads", classes="pane")
        self.returns = DrawnPane(self._returns, self._no_return, id="run-return", classes="pane")
        self.claims = DrawnPane(self._claims, self._no_claim, id="run-claims", classes="pane")
        super().__init__((self.heads, self.returns, self.claims), plain)

    def compose(self) -> ComposeResult:
        yield Static(id="tabs")
        with Vertical(id="run"):
            yield self.heads
            with Horizontal(id="below"):
                yield self.returns
                yield self.claims

    def show(self) -> None:
        """Draw everything again."""
        for pane in (self.heads, self.returns, self.claims):
            pane.redraw()
        state, found = self.state, self.state.found
        if found is None or not found.points:
            return
        point = found.points[state.at]
        where = f"step {point.step} · {state.at + 1}/{len(found.points)}"
        missing = f" · {len(found.missing)} left out" if found.missing else ""
        self.name_pane(HEADS, f"{SHOWN[state.measure]} · {where}{missing}")
        claims = f"{len(found.emergences)} claim{'' if len(found.emergences) == 1 else 's'}"
        self.name_pane(CLAIMS, f"{claims} at step {found.points[-1].step}")
        told = found.about["returns"]
        self.name_pane(RETURN, "" if told is None else f"{told['histories']} histories on {told['goals']}")

    @property
    def _utf8(self) -> bool:
        return color_table(self.app).utf8

    def _nothing(self) -> str:
        return self.words(self.reason)

    def _no_return(self) -> str:
        found = self.state.found
        return self._nothing() if found is None or found.about["returns"] is not None else "no return of this run"

    def _no_claim(self) -> str:
        return self._nothing() if self.state.found is None else "no claim about a head holds at the newest"

    def _known(self) -> Timeline | None:
        found = self.state.found
        return found if found is not None and found.points else None

    def _heads(self, width: int, height: int) -> list[Text]:
        state = self.state
        if (found := self._known()) is None:
            return []
        return head_lines(found, state.measure, state.at, state.head, width, height, utf8=self._utf8)

    def _returns(self, width: int, height: int) -> list[Text]:
        found = self._known()
        return [] if found is None else return_lines(found, self.state.at, width, height, utf8=self._utf8)

    def _claims(self, width: int, height: int) -> list[Text]:
        if (found := self._known()) is None:
            return []
        return emergence_lines(found.emergences, self.state.step, width, height, utf8=self._utf8)


class TimelineScreen(PanesScreen[TimelinePanes]):
    """Keys change the state; what the engine finds is drawn."""

    PLACE = "timeline"
    HELP = TIMELINE_TITLE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("timeline")]

    class OpenCheckpoint(Message):
        """The user wants this checkpoint in the explorer."""

        def __init__(self, step: int, head: tuple[int, int]) -> None:
            super().__init__()
            self.step, self.head = step, head

    class Beside(Message):
        """The user wants this checkpoint beside the one that is open."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, state: TimelineState, run: RunInfo, plain: bool = False) -> None:
        super().__init__(TimelinePanes(state, plain), plain)
        self.state, self._run = state, run

    def on_mount(self) -> None:
        super().on_mount()
        self.status.run = self._run
        self.panes.show()

    def bar(self) -> str:
        return screen_bar("timeline", self.size.width, plain=self.plain, changes=self.changes)

    def leave(self) -> None:
        """Back to the explorer."""
        self.dismiss()

    def action_leave(self) -> None:
        """The key that opened it closes it."""
        self.leave()

    def receive(self, found: Timeline) -> None:
        """Show what is known now; a cursor at the newest checkpoint stays there."""
        before = self.state.found
        at_end = before is None or not before.points or self.state.step >= before.points[-1].step
        self.state.found = found
        if at_end and before is not None and found.points:
            self.state.step = max(self.state.step, found.points[-1].step)
        self._draw()

    def opened(self, run: RunInfo) -> None:
        """Another checkpoint is open."""
        self._run = run
        self.status.open(run)

    def failed(self, why: str) -> None:
        """Nothing was measured."""
        self.panes.reason = why
        self._draw()

    def _draw(self) -> None:
        if self.is_mounted:
            self.panes.show()

    # -- keys --------------------------------------------------------------------------------------------------------
    def action_step(self, by: int) -> None:
        """Checkpoints back or forth."""
        self.state.go(by)
        self._draw()

    def action_tenth(self, by: int) -> None:
        """A tenth of the run."""
        self.action_step(by * self.state.tenth())

    def action_move(self, layers: int, heads: int) -> None:
        """Another head."""
        self.state.move(layers, heads)
        self._draw()

    def action_measure(self) -> None:
        """Another measure."""
        self.state.next_measure()
        self._draw()

    def action_open(self) -> None:
        """This checkpoint in the explorer."""
        if (found := self.state.found) is not None and found.points:
            self.dismiss()
            self.post_message(self.OpenCheckpoint(found.points[self.state.at].step, self.state.head))

    def action_beside(self) -> None:
        """This checkpoint beside the one that is open."""
        if (found := self.state.found) is not None and found.points:
            self.post_message(self.Beside(found.points[self.state.at].step))
