"""The keys that take something away: from the context, from a head, to the clipboard, into files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual.message import Message
from textual.widget import Widget

from ...records.defaults import FIGURES
from ...records.map_messages import ExportMoment
from ...records.messages import AskKnockOut, ExportAll, ExportView, KnockOutReady, WeightsReady
from ..engine_client import EngineLink
from ..renderables.knock_out import knock_out_text
from ..screens.knock_outs import KnockOutsScreen
from . import clipboard, knock_out
from .panes import HEADS, Panes
from .presenter import Presenter
from .selecting import SelectingScreen


class TakingScreen(SelectingScreen):
    """Asks the engine, and says what it found.

    Args:
        engine: who answers.
        panes, presenter, plain, aside: see `SelectingScreen`.

    Attributes:
        knocked: every knock-out of the open run.
    """

    class Long(Message):
        """A long request for the engine."""

        def __init__(self, request: ExportView | ExportAll | ExportMoment) -> None:
            super().__init__()
            self.request = request

    def __init__(
        self, engine: EngineLink, panes: Panes, presenter: Presenter, plain: bool, aside: Sequence[Widget] = ()
    ) -> None:
        super().__init__(panes, presenter, plain, aside)
        self._engine = engine
        self.knocked = knock_out.KnockOutLog()

    # -- knock-outs --------------------------------------------------------------------------------------------------
    def action_knock_out(self) -> None:
        """Take the transition under the cursor away; with the heads in focus, mute the selected head."""
        self._say_why(self._mute() if self.panes.active == HEADS else self._hide(episode=False))

    def action_knock_out_episode(self) -> None:
        """Take the whole episode under the cursor away."""
        self._say_why(self._hide(episode=True))

    def action_undo(self) -> None:
        """Show again what was hidden last of this sample."""
        sample = self.presenter.selection.sample
        if not self.knocked.hidden(sample):
            self._say_why(
                "nothing is hidden of this sample: <explorer.knock_out> hides the transition under the heatmap's cursor"
            )
        elif not self._ask(self.knocked.undo(sample)):
            self.presenter.chances_again()

    def action_knock_outs(self) -> None:
        """The log."""
        if self.knocked.entries:
            self.app.push_screen(KnockOutsScreen(self.knocked.entries, self.plain), self._left_log)
        else:
            self._say_why("no knock-out yet: <explorer.knock_out> takes away what is under the cursor")

    def _left_log(self, undo: bool | None) -> None:
        if undo:
            self.action_undo()

    def _hide(self, *, episode: bool) -> str | None:
        """Hide one more transition, or its episode; returns why that cannot be asked, or None."""
        run, view = self.presenter.run, self.presenter.view
        if run is None or view is None:
            return "nothing to knock out yet"
        asked = knock_out.of_transition(run, view, self.panes.heatmap.cursor[1], episode=episode)
        if asked is None:
            return "put the heatmap's cursor on a column that is a transition of the context"
        return (
            None
            if self._ask(self.knocked.ask(asked))
            else f"{asked.label} is hidden already: <explorer.undo> shows it again"
        )

    def _mute(self) -> str | None:
        """Mute the selected head; returns why that cannot be asked, or None."""
        if self.presenter.run is None:
            return "nothing to knock out yet"
        if self.presenter.selection.mean:
            return (
                "one head is muted at a time, and the mean over heads is on display: <explorer.mean> goes back to one"
            )
        self._ask(self.knocked.ask(knock_out.of_head(self.presenter.selection)))
        return None

    def _ask(self, question: AskKnockOut | None) -> bool:
        if question is not None:
            self._engine.send(replace(question, id=self._engine.next_id()))
        return question is not None

    def _say_why(self, why: str | None) -> None:
        if why is not None:
            self.notify(why, severity="warning")

    def knocked_out(self, reply: KnockOutReady) -> None:
        """Keep what a knock-out found, and say it."""
        self.presenter.knocked_out(reply.chances)
        text = knock_out_text(reply.result, reply.label, not self.plain, reply.chances.arrows)
        self.knocked.answer(reply.label, text)
        self.notify(text, title="knock-out (<explorer.knock_outs> lists all)", timeout=6, markup=False)

    def forget_knock_outs(self) -> None:
        """Another run or checkpoint is open."""
        self.knocked = knock_out.KnockOutLog()

    # -- out of the app ----------------------------------------------------------------------------------------------
    def action_copy(self) -> None:
        """Numbers of the active pane, to the clipboard of the terminal."""
        copied = self.presenter.copy(self.panes.active)
        if copied is None:
            self.notify("no numbers in this pane yet", severity="warning")
        elif isinstance(copied, str):
            self.notify(copied, severity="warning")
        elif isinstance(copied, tuple):
            self._to_clipboard(*copied)
        else:
            self._engine.send(replace(copied, id=self._engine.next_id()))

    def copy_weights(self, found: WeightsReady) -> None:
        """The weights that a copy has asked for."""
        self._to_clipboard(*clipboard.weights(found))

    def _to_clipboard(self, what: str, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(f"copied {what}: {text.count(chr(10)) - 1} rows (if your terminal allows OSC 52)")

    def action_export(self) -> None:
        """Figures of what is shown, in the scale and colours of the heatmap."""
        if self.presenter.run is not None:
            chosen = self.presenter.selection
            number = self._engine.next_id()
            look = self.panes.heatmap.look
            self._long(ExportView(number, chosen.sample, chosen.layer, chosen.shown_head, FIGURES, look))

    def action_export_all(self) -> None:
        """Every figure."""
        if self.presenter.run is not None:
            self._long(ExportAll(self._engine.next_id(), FIGURES))

    def _long(self, request: ExportView | ExportAll) -> None:
        self.post_message(self.Long(request))
