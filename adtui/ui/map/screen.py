"""The map: attention on the world itself, stepped through, played on, edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import BindingType

from ...records.defaults import FIGURES
from ...records.map_messages import ExportMoment, GetMoment
from ...records.moment import Moment
from ...records.run import RunInfo
from ..engine_client import EngineLink
from ..explorer.questions import Questions
from ..explorer.screen import ExplorerScreen
from ..key_bars import screen_bar
from ..keys import MAP_TITLE, bindings
from ..screens.panes import PanesScreen
from .panes import HERE, MapPanes
from .state import MapState


class MapScreen(PanesScreen[MapPanes]):
    """Keys change the state, the engine is asked, its answer is drawn.

    Args:
        engine: writes figures.
        state: what is shown first.
        questions: asks the engine; whoever made it sends its answers to `receive`.
        plain: ASCII only.
    """

    PLACE = "map"
    HELP = MAP_TITLE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("map")]

    def __init__(
        self, engine: EngineLink, state: MapState, questions: Questions[GetMoment, Moment], plain: bool = False
    ) -> None:
        super().__init__(MapPanes(state, plain), plain)
        self._engine = engine
        self.state = state
        self._questions = questions

    def on_mount(self) -> None:
        self.status.run = self.state.run
        self.status.sample = self.state.chosen.sample
        self.panes.show()
        self.ask()

    def bar(self) -> str:
        return screen_bar("map", self.size.width, plain=self.plain, changes=self.changes)

    def leave(self) -> None:
        """Back to the explorer; what was played and edited is forgotten."""
        self.dismiss()

    def action_leave(self) -> None:
        """The key that opened it closes it."""
        self.leave()

    def ask(self) -> None:
        """Ask for what the state says."""
        self._questions.ask(self.state.question())

    def receive(self, moment: Moment) -> None:
        """Show an answer."""
        self.state.receive(moment)
        self._draw()

    def failed(self, why: str) -> None:
        """Say why there is none."""
        self.state.moment, self.panes.reason = None, why
        self._draw()

    def opened(self, run: RunInfo) -> None:
        """Another checkpoint or run is open: nothing of what was played is about it."""
        self.state = self.panes.state = self.state.reopened(run)
        self.status.open(run)
        self.ask()

    def _draw(self) -> None:
        if self.is_mounted:
            self.panes.show()

    def _change(self, change: Callable[[], object]) -> None:
        """Change the state and ask anew."""
        change()
        self.ask()

    # -- moving ------------------------------------------------------------------------------------------------------
    def action_move(self, down: int, right: int) -> None:
        """The cursor; in the list of a cell's transitions, the line."""
        if self.panes.active == HERE:
            self.state.pick_other(down or right)
        else:
            self.state.move(down, right)
        self._draw()

    def action_select(self, layers: int, heads: int) -> None:
        """Another layer or head."""
        self._change(lambda: self.state.turn_to(layers, heads))

    def action_mean(self) -> None:
        """Mean over heads, or one."""
        self._change(self.state.turn_mean)

    def action_sample(self, step: int) -> None:
        """Another history."""
        if self.state.other_sample(step):
            self.status.sample = self.state.chosen.sample
            self.ask()

    def action_step(self, by: int) -> None:
        """Back or forth in the walk."""
        self._change(lambda: self.state.step(by))

    def action_step_episode(self, by: int) -> None:
        """The same by episodes."""
        self._change(lambda: self.state.step_episode(by))

    def action_here(self) -> None:
        """The cursor to the query's cell."""
        if self.state.moment is not None:
            self.state.cursor = None
            self.state.receive(self.state.moment)
            self._draw()

    # -- playing -----------------------------------------------------------------------------------------------------
    def action_act(self) -> None:
        """Let the model act; before the walk's end, one recorded step on, unless something was edited."""
        moment = self.state.moment
        if moment is None:
            return
        if moment.number < moment.length and not self.state.edits:
            self.action_step(1)
        elif moment.still:
            self.notify(f"the model cannot act here: {moment.still}", severity="warning", markup=False)
        else:
            self._questions.ask(self.state.let_act())

    def action_afresh(self) -> None:
        """Forget what was played and edited."""
        self._change(self.state.forget)

    # -- editing -----------------------------------------------------------------------------------------------------
    def action_hide(self) -> None:
        """Take a transition out of the context."""
        if (picked := self._picked()) is not None:
            self.state.edit(self.state.edits.hide(picked))
            self.ask()

    def action_turn(self) -> None:
        """Turn a transition's reward on or off."""
        if (picked := self._picked()) is not None:
            self.state.edit(self.state.edits.turn(picked))
            self.ask()

    def _picked(self) -> int | None:
        picked = self.state.picked
        if picked is None:
            self.notify("no transition in this cell: put the cursor on a painted one", severity="warning")
        return picked

    def action_undo(self) -> None:
        """Take the newest edit back."""
        if self.state.undo():
            self.ask()
        else:
            self.notify("nothing to undo", timeout=3)

    # -- how it is shown ---------------------------------------------------------------------------------------------
    def action_ends(self) -> None:
        """Where transitions ended, or where they began."""
        self.state.began = not self.state.began
        self._draw()

    def action_episode(self, step: int) -> None:
        """One episode alone, or all."""
        self.state.other_episode(step)
        self._draw()

    def action_scale(self) -> None:
        """The next colour scale."""
        self.notify(f"colour scale: {self.state.next_scale()}", timeout=2)
        self._draw()

    def action_export(self) -> None:
        """The map as a figure."""
        self._export(film=False)

    def action_film(self) -> None:
        """The walk up to here as a film."""
        self._export(film=True)

    def _export(self, *, film: bool) -> None:
        state = self.state
        if state.moment is None or state.moment.size is None:
            self.notify("no floor plan to export", severity="warning")
        else:
            number = self._engine.next_id()
            request = ExportMoment(number, state.question(), state.began, state.episode, film, FIGURES)
            self.post_message(ExplorerScreen.Long(request))

    def action_copy(self) -> None:
        """The floor plan's numbers as a table."""
        if self.state.moment is None or self.state.moment.size is None:
            self.notify("no numbers yet", severity="warning")
            return
        rows = ["x\ty\tattention"]
        mass = self.state.mass
        rows += [
            f"{x}\t{y}\t{mass[x, y]:.9g}"
            for x in range(len(mass))
            for y in range(len(mass))
            if mass[x, y] == mass[x, y]
        ]
        self.app.copy_to_clipboard("\n".join(rows) + "\n")
        self.notify(f"copied the map: {len(rows) - 1} cells (if your terminal allows OSC 52)")
