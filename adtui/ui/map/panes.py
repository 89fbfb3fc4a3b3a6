"""The map's panes: the floor plan, what the model would do, the transitions of a cell, returns."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from ...records.moment import Moment
from ...records.plain import to_ascii
from ..renderables.chances import chances_lines
from ..renderables.floor import Floor, floor_lines, path
from ..renderables.readout import action_arrow, weight
from ..renderables.scales import legends
from ..renderables.title import SIGNS, fitted, fitted_legend, without_end
from ..renderables.walk import arm_lines, dimension_lines, edit_lines, here_lines, returns_lines
from ..widgets.drawn import DrawnPane
from ..widgets.pane import color_table
from ..widgets.pane_stack import PaneStack
from .state import MapState

FLOOR, ACTIONS, HERE, RETURNS = range(4)


class MapPanes(PaneStack):
    """Draws the map's state.

    Args:
        state: whoever changes it calls `show`.
        plain: ASCII only.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("map", "actions", "here", "returns")
    CONTAINERS: ClassVar[tuple[str, ...]] = ("#left", "#right")

    def __init__(self, state: MapState, plain: bool = False) -> None:
        self.state = state
        self.reason = "asking the engine …"
        self.floor = DrawnPane(self._floor, self._nothing, id="floor", classes="pane")
        self.actions = DrawnPane(self._actions, self._nothing, id="acts", classes="pane")
        self.here = DrawnPane(self._here, self._no_transition, id="here", classes="pane")
        self.returns = DrawnPane(self._returns, self._nothing, id="walk-returns", classes="pane")
        super().__init__((self.floor, self.actions, self.here, self.returns), plain)

    def compose(self) -> ComposeResult:
        yield Static(id="tabs")
        with Horizontal(id="all"):
            with Vertical(id="left"):
                yield self.floor
            with Vertical(id="right"):
                yield self.actions
                yield self.here
                yield self.returns

    def show(self) -> None:
        """Draw everything again."""
        for pane in (self.floor, self.actions, self.here, self.returns):
            pane.redraw()
        state, moment = self.state, self.state.moment
        if moment is None:
            return
        ends = "began" if state.began else "ended"
        only = "" if state.episode is None else f" · ep{state.episode} alone"
        wheres = [f"{state.chosen.where} · {how}{ends}{only} · {_when(moment)}" for how in ("where transitions ", "")]
        self.name_pane(FLOOR, *wheres)
        edited = f" · {state.edits.words()}" if state.edits else ""
        measured = to_ascii(moment.chances.head.measured(f"{moment.divergence:.3g}"), unless=self._utf8)
        self.name_pane(ACTIONS, f"{measured}{edited}" if moment.chances.without is not None else "")
        self.name_pane(HERE, "" if state.cursor is None else f"({state.cursor[0]},{state.cursor[1]})")
        played = moment.length - moment.recorded
        self.name_pane(RETURNS, f"{played} step{'' if played == 1 else 's'} played" if played else "")

    # -- what each pane draws ----------------------------------------------------------------------------------------
    @property
    def _utf8(self) -> bool:
        return color_table(self.app).utf8

    def _nothing(self) -> str:
        return self.words(self.reason)

    def _no_transition(self) -> str:
        if self.state.moment is not None and self.state.moment.size is None:
            return "no cells in this world"
        return "nothing here" if self.state.moment is not None else self._nothing()

    def _floor(self, width: int, height: int) -> list[Text]:
        moment = self.state.moment
        if moment is None:
            return []
        if moment.size is None:
            told = arm_lines if moment.context.stateless else dimension_lines
            return told(moment, width, height, utf8=self._utf8)
        floor = self._plan(moment, moment.size)
        below = self._below(moment, floor, width) if height >= moment.size + 1 else []
        below = below[: max(0, height - moment.size)]
        lines = floor_lines(floor, width, height - len(below), color_table(self.app))
        room = max(0, height - len(below) - len(lines))
        return [*lines, *[Text("")] * room, *below]

    def _plan(self, moment: Moment, size: int) -> Floor:
        state, context = self.state, moment.context
        shown = moment.shown(state.episode)
        rewarded = shown[context.rewarded[shown]]
        chances = moment.chances.full if moment.chances.without is None else moment.chances.without
        x, y = context.query_state.tolist()
        likeliest = int(np.argmax(chances))
        return Floor(
            mass=state.mass,
            n_keys=max(1, context.n_context),
            links=path(context.states[shown], context.next_states[shown], size),
            agent=(int(x), int(y)),
            action=action_arrow(likeliest, self._utf8, context.arrows),
            landmarks=moment.landmarks,
            rewarded=frozenset((int(a), int(b)) for a, b in context.next_states[rewarded].tolist()),
            cursor=state.cursor,
            scale=state.scale,
        )

    def _below(self, moment: Moment, floor: Floor, width: int) -> list[Text]:
        """The cursor's cell and the whole row in numbers, then what colours and signs mean."""
        state, mass, utf8 = self.state, floor.mass, self._utf8
        here = len(state.here)
        at = "" if state.cursor is None else f"({state.cursor[0]},{state.cursor[1]})"
        here_mass = 0.0 if state.cursor is None else float(np.nan_to_num(mass[state.cursor]))
        other = f" · latents {weight(moment.other)}" if moment.other > 0 else ""
        words = (
            f"{at} {weight(here_mass)} by {here} transition{'' if here == 1 else 's'} · "
            f"whole map {weight(float(np.nansum(mass)))} · query {weight(moment.own)}{other}"
        )
        colours = fitted_legend(legends(floor.scale, floor.top, floor.n_keys, color_table(self.app)), width)
        letters = ", ".join(f"{letter} {_named(letter)}" for letter in moment.landmarks)
        signs = f"@ query{', ' if letters else ''}{letters}, * reward had, lines: the path"
        room = width - colours.cell_len - len(SIGNS)
        signs = without_end(signs, room, ", ")
        if len(signs) <= room:
            colours.append(f"{SIGNS}{signs}")
        return [Text(to_ascii(fitted([words], width), unless=utf8), no_wrap=True, end=""), colours]

    def _actions(self, width: int, height: int) -> list[Text]:
        moment = self.state.moment
        return [] if moment is None else chances_lines(moment.chances, width, height, utf8=self._utf8)

    def _here(self, width: int, height: int) -> list[Text]:
        moment = self.state.moment
        if moment is None:
            return []
        edits = edit_lines(self.state.edits, moment, width, undo=self.words("<map.undo>"), utf8=self._utf8)
        room = height - len(edits)
        lines = here_lines(moment, self.state.here, self.state.picked, width, room, utf8=self._utf8)
        if not lines and edits:
            lines = [Text("no transition here", no_wrap=True, end="")]
        return [*lines, *edits]

    def _returns(self, width: int, height: int) -> list[Text]:
        moment = self.state.moment
        return [] if moment is None else returns_lines(moment, width, height, utf8=self._utf8)


def _when(moment: Moment) -> str:
    """ "moment 41/79 ep3 t7", and whether the model has played it."""
    context = moment.context
    played = " played" if moment.number > moment.recorded else ""
    return f"moment {moment.number}/{moment.length} ep{int(context.episode[-1])} t{int(context.step[-1])}{played}"


def _named(letter: str) -> str:
    """What a landmark's letter stands for."""
    return {"G": "goal", "K": "key", "D": "door"}.get(letter, "landmark")
