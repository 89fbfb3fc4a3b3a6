"""The panes of two runs side by side."""

from __future__ import annotations

from itertools import takewhile
from typing import ClassVar

import numpy as np
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from ...records.axis import Axis
from ...records.look import Look
from ...records.pair_view import PairView
from ...records.place import Frame, head_name
from ..renderables.diverging import diverging, diverging_legends, diverging_levels
from ..renderables.scales import largest, legends, to_levels
from ..renderables.sides import both_rows, claim_lines, pair_lines, pair_name, rows_legends
from ..renderables.title import PARTS, cut
from ..widgets.drawn import DrawnPane
from ..widgets.pane import color_table
from ..widgets.pane_stack import PaneStack
from ..widgets.side_picture import SidePicture
from .state import SidesState

HEADS, FIRST, SECOND, APART, ROWS, CLAIMS = range(6)
UNSEEN = (32, 64)
"""Pixels of pictures none of which is on display: their rows are still asked for."""
SHORTEST = 6
"""Letters of a run's name in a title, at least."""


class SidesPanes(PaneStack):
    """Draws the state.

    Args:
        state: whoever changes it calls `show`.
        plain: ASCII only.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("heads", "A", "B", "B − A", "rows", "claims")
    CONTAINERS: ClassVar[tuple[str, ...]] = ("#side-texts", "#side-maps", "#side-below")

    def __init__(self, state: SidesState, plain: bool = False) -> None:
        self.state = state
        self.heads = DrawnPane(self._heads, self._nothing, id="side-heads", classes="pane")
        self.first, self.second = SidePicture(id="side-first"), SidePicture(id="side-second")
        self.apart = SidePicture(id="side-apart", apart=True)
        self.rows = DrawnPane(self._rows, self._nothing, id="side-rows", classes="pane")
        self.claims = DrawnPane(self._claims, self._nothing, id="side-claims", classes="pane")
        super().__init__((self.heads, self.first, self.second, self.apart, self.rows, self.claims), plain)

    def compose(self) -> ComposeResult:
        yield Static(id="tabs")
        with Horizontal(id="side-maps"):
            yield self.first
            yield self.second
            yield self.apart
        with Horizontal(id="side-below"):
            yield self.heads
            with Vertical(id="side-texts"):
                yield self.rows
                yield self.claims

    @property
    def frame(self) -> Frame:
        """What the three pictures can show: they have the same pixels, so that one can be laid on another."""
        wanted = [pane.pixels_wanted() for pane in (self.first, self.second, self.apart) if pane.size]
        return Frame(*(min(sizes) for sizes in zip(*(wanted or [UNSEEN]), strict=True)))

    def show(self) -> None:
        """Draw everything again."""
        for pane in (self.heads, self.rows, self.claims):
            pane.redraw()
        state, view = self.state, self.state.view
        if state.found is None or view is None:
            for picture in (self.first, self.second, self.apart):
                picture.clear(self._nothing())
            self._titles()
            return
        self._pictures(state, view)
        self._titles()

    def _pictures(self, state: SidesState, view: PairView) -> None:
        table = color_table(self.app)
        top = _brightest(view)
        for pane, side, head in ((self.first, 0, view.first), (self.second, 1, view.second)):
            axis = self._axis(view, side)
            levels = to_levels(head.pooled, state.scale, axis.n_keys, top)
            pane.show(levels, head, axis, table, legends(state.scale, top, axis.n_keys, table))
        if (apart := view.difference) is None:
            self.apart.clear(self.words(view.why))
            return
        root = state.scale != "linear"
        levels = diverging_levels(apart.pooled, apart.top, root=root)
        axis = self._axis(view, 0)
        self.apart.show(levels, view.first, axis, diverging(table), diverging_legends(apart.top, table, root=root))

    def _titles(self) -> None:
        state, pair, view = self.state, self.state.pair, self.state.view
        if state.found is None or pair is None:
            return
        found, lines, alone = state.found, len(state.found.pairs), len(state.found.in_one_only)
        self.name_pane(HEADS, f"by {found.matched} · {state.at + 1}/{lines} · {_count(alone)} in one only")
        self.name_pane(FIRST, *_side(head_name(*pair.first), found.first, found.second))
        self.name_pane(SECOND, *_side(head_name(*pair.second), found.second, found.first))
        self.name_pane(CLAIMS, pair_name(pair))
        if view is None:
            return
        apart = view.difference
        self.name_pane(APART, "" if apart is None else f"largest at q{apart.peak[0]} k{apart.peak[1]}")
        self.name_pane(ROWS, self._query())
        self.rows.explain(rows_legends(utf8=self._utf8, color=self._coloured))

    def _query(self) -> str:
        """ "q79 query" or "q41 ep3 t7"."""
        state = self.state
        if state.run is None:
            return ""
        sample = state.run.samples[state.sample]
        at = sample.n_context if state.query < 0 else state.query
        return f"q{at} ep{int(sample.episode[at])} t{int(sample.step[at])}" + (" query" if state.query < 0 else "")

    def _axis(self, view: PairView, side: int) -> Axis:
        assert self.state.run is not None, "a view comes after its run"
        return Axis(view.layouts[side], self.state.run.samples[view.sample])

    @property
    def _utf8(self) -> bool:
        return color_table(self.app).utf8

    @property
    def _coloured(self) -> bool:
        table = color_table(self.app)
        return table.name != "ascii" and not table.mono

    @property
    def look(self) -> Look:
        """How a figure looks that is to look as both maps do."""
        view = self.state.view
        top = 1.0 if view is None else min(1.0, _brightest(view))
        return Look(colours=color_table(self.app).printed, scale=self.state.scale, top=top)

    def _nothing(self) -> str:
        return self.words(self.state.why)

    # -- what each pane draws ----------------------------------------------------------------------------------------
    def _heads(self, width: int, height: int) -> list[Text]:
        found = self.state.found
        return [] if found is None else pair_lines(found, self.state.at, width, height, utf8=self._utf8)

    def _claims(self, width: int, height: int) -> list[Text]:
        found, pair = self.state.found, self.state.pair
        return (
            []
            if found is None or pair is None
            else claim_lines(found, pair, width, height, full=self.words("<sides.full>"), utf8=self._utf8)
        )

    def _rows(self, width: int, height: int) -> list[Text]:
        view = self.state.view
        if view is None or self.state.run is None:
            return []
        sample, count = self.state.run.samples[view.sample], view.query + 1
        rewarded = np.append(sample.rewarded, False)
        return both_rows(
            view.rows[:, :count],
            width,
            height,
            episode=sample.episode[:count],
            rewarded=rewarded[:count],
            utf8=self._utf8,
            color=self._coloured,
        )


def _brightest(view: PairView) -> float:
    """The weight at the end of the scale of both maps."""
    return max(largest(view.first.pooled), largest(view.second.pooled))


def _side(head: str, name: str, other: str) -> tuple[str, ...]:
    """A side's title; in less room only how its name differs from the other's, and of the run's as much as fits."""
    parts, others = name.split(PARTS), other.split(PARTS)
    apart = [part for part in parts if part not in others] or parts
    forms = [parts, apart]
    if apart[0] == parts[0]:
        both = zip(parts[0], others[0], strict=False)
        alike = "".join(one for one, _ in takewhile(lambda two: two[0] == two[1], both))
        begins = max(alike.rfind(sign) for sign in "-_ ") + 1
        run = ("…" if begins else "") + parts[0][begins:]
        forms += [[parts[0]], *([cut(run, width)] for width in range(len(run), SHORTEST - 1, -1))]
    return tuple(PARTS.join([head, *form]) for form in forms)


def _count(claims: int) -> str:
    return f"{claims} claim{'' if claims == 1 else 's'}"
