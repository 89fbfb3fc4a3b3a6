"""What the map shows: a moment of a walk, edits, what of it is drawn, and where the cursor is. No widgets here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...records.arrays import Floats
from ...records.look import SCALES
from ...records.map_messages import GetMoment
from ...records.moment import NONE, Edits, Moment
from ...records.run import RunInfo
from ..explorer.selection import Selection

Cell = tuple[int, int]
END = 1 << 40
"""A moment after any other: the walk's last is shown."""


@dataclass
class MapState:
    """Kept while the map is on display; the walk itself is the engine's.

    Attributes:
        run: what is open.
        chosen: whose attention, as in the explorer: sample, layer, head or their mean.
        number: the moment asked for.
        edits: changes to the walk; `undone` is what `undo` goes back to, the newest last.
        version: how often the walk was changed, see `GetMoment`.
        began: paint the cells where transitions began, instead of those where they ended.
        episode: show the transitions of this episode alone; None is all of them.
        cursor: a cell; `pick` the number in the walk of one of its transitions, None for the one that weighs most.
        moment: the newest answer.
    """

    run: RunInfo
    chosen: Selection
    number: int = END
    edits: Edits = NONE
    undone: list[Edits] = field(default_factory=list)
    version: int = 0
    began: bool = False
    episode: int | None = None
    cursor: Cell | None = None
    pick: int | None = None
    scale: str = "sqrt"
    moment: Moment | None = None

    def question(self, *, act: bool = False) -> GetMoment:
        """What is to be shown."""
        chosen = self.chosen
        return GetMoment(0, chosen.sample, chosen.layer, chosen.shown_head, self.number, self.edits, act, self.version)

    # -- moving ------------------------------------------------------------------------------------------------------
    def turn_to(self, layers: int, heads: int) -> None:
        """Another layer or head; another head leaves the mean."""
        self.chosen = self.chosen.moved(self.run, layers, heads)

    def turn_mean(self) -> None:
        """The mean over heads, or one head."""
        self.chosen = replace(self.chosen, mean=not self.chosen.mean)

    def other_sample(self, step: int) -> bool:
        """Another walk, from its end and without edits. Returns whether there is one."""
        chosen = self.chosen.moved(self.run, samples=step)
        if chosen.sample == self.chosen.sample:
            return False
        self.chosen, self.number, self.version = chosen, END, 0
        self.edits, self.undone, self.episode, self.cursor, self.pick = NONE, [], None, None, None
        return True

    def step(self, by: int) -> None:
        """Moments back or forth."""
        if self.moment is not None:
            self.number = max(0, min(self.moment.number + by, self.moment.length))

    def step_episode(self, by: int) -> None:
        """To the first moment of this episode, then of those before it; or of the next, past the last to the end."""
        if (moment := self.moment) is None:
            return
        within = int(moment.context.step[-1])
        if by < 0:
            back = within or self._length_before(moment)
            self.number = max(0, moment.number - back)
        else:
            self.number = min(moment.number + self._left(moment, within), moment.length)

    def _length_before(self, moment: Moment) -> int:
        """Steps of the episode before this moment's, where the moment is its first."""
        before = moment.context.step[:-1]
        return int(before[-1]) + 1 if len(before) else 1

    def _left(self, moment: Moment, within: int) -> int:
        """Steps to the next episode: as many as an episode has, less those that have been made."""
        horizon = self.run.settings.horizon or int(moment.context.step.max()) + 1
        return max(1, horizon - within)

    def move(self, down: int, right: int) -> None:
        """The cursor, within the floor plan."""
        if self.moment is None or self.moment.size is None or self.cursor is None:
            return
        size = self.moment.size
        x, y = self.cursor
        self.cursor = (max(0, min(x + down, size - 1)), max(0, min(y + right, size - 1)))
        self.pick = None

    def other_episode(self, step: int) -> None:
        """The transitions of one episode of the context alone, from the newest backwards; after the last, all."""
        if self.moment is None or self.moment.context.n_context == 0:
            return
        known: list[int | None] = [None, *sorted(set(self.moment.context.episode[:-1].tolist()))]
        at = known.index(self.episode) if self.episode in known else 0
        self.episode = known[(at + step) % len(known)]

    # -- editing -----------------------------------------------------------------------------------------------------
    def edit(self, edits: Edits) -> None:
        """Other edits; `undo` goes back to these."""
        self.undone.append(self.edits)
        self.edits = edits

    def undo(self) -> bool:
        """Take the newest edit back. Returns whether there was one."""
        if not self.undone:
            return False
        self.edits = self.undone.pop()
        return True

    def forget(self) -> None:
        """Nothing was played or edited; the moment stays where the sample has it."""
        recorded = self.run.samples[self.chosen.sample].n_context
        self.number = 0 if self.moment is None else min(self.moment.number, recorded)
        self.version, self.edits, self.undone = 0, NONE, []

    def let_act(self) -> GetMoment:
        """The question that lets the model act at the moment on display."""
        self.version += 1
        asked = self.question(act=True)
        self.number = END
        return asked

    # -- what is seen ------------------------------------------------------------------------------------------------
    def receive(self, moment: Moment) -> None:
        """Show a moment. The cursor follows the query unless the user has put it elsewhere."""
        following = self.moment is None or self.cursor is None or self.cursor == _cell(self.moment)
        self.moment, self.number = moment, moment.number
        if following and moment.size is not None:
            self.cursor, self.pick = _cell(moment), None

    @property
    def mass(self) -> Floats:
        """(S, S) the row's attention on what is drawn, by cell; see `Moment.mass`."""
        assert self.moment is not None, "a moment is on display"
        return self.moment.mass(began=self.began, episode=self.episode)

    @property
    def here(self) -> list[int]:
        """The drawn transitions of the cursor's cell, the heaviest first."""
        moment = self.moment
        if moment is None or moment.size is None or self.cursor is None:
            return []
        shown = moment.shown(self.episode)
        mine = shown[(moment.cells(began=self.began)[shown] == self.cursor).all(axis=1)]
        return sorted(mine.tolist(), key=lambda i: (-float(moment.weights[i]), i))

    @property
    def picked(self) -> int | None:
        """The walk's number of the transition that edits are about; None where the cell has none."""
        if self.moment is None:
            return None
        known = [int(self.moment.walked[i]) for i in self.here]
        if self.pick in known:
            return self.pick
        return known[0] if known else None

    def pick_other(self, step: int) -> None:
        """Another transition of the cell."""
        known = [] if self.moment is None else [int(self.moment.walked[i]) for i in self.here]
        if known and self.picked is not None:
            self.pick = known[max(0, min(known.index(self.picked) + step, len(known) - 1))]

    def next_scale(self) -> str:
        """Another colour scale."""
        usable = [one for one in SCALES if one != "row"]
        self.scale = usable[(usable.index(self.scale) + 1) % len(usable)]
        return self.scale

    def reopened(self, run: RunInfo) -> MapState:
        """For another checkpoint or run: the selection as far as it exists, the walk as its samples are."""
        return MapState(run, self.chosen.clamped(run), began=self.began, scale=self.scale)


def _cell(moment: Moment) -> Cell:
    x, y = moment.context.query_state.tolist()
    return int(x), int(y)
