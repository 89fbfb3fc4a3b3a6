"""What the map shows: one moment of a sample's walk, with the model's attention and its actions there."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..attention.capture import query_row
from ..histories.walk import Walk
from ..records.arrays import Floats
from ..records.chances import Chances
from ..records.map_messages import GetMoment
from ..records.moment import NONE, Edits, Moment
from ..records.sample import Sample
from ..statistics.distributions import distribution
from ..worlds.settings import known_world, world_of
from ..worlds.world import World
from .bounds import check_head, check_transition

if TYPE_CHECKING:
    from .session import Session

ROWS_KEPT = 64


@dataclass
class Walks:
    """The walks of a session's samples, each as it was left.

    The attention of the query row is kept for the moments looked at last, of all heads: another head costs no pass.
    """

    session: Session
    _walks: dict[int, Walk] = field(default_factory=dict)
    _rows: OrderedDict[tuple[int, int, int, Edits], tuple[Floats, Floats]] = field(default_factory=OrderedDict)
    _version: dict[int, int] = field(default_factory=dict)

    def moment(self, asked: GetMoment) -> Moment:
        """Answer a request.

        Raises:
            EngineError: the sample or head does not exist.
            ModelError: the model cannot act on a context.
        """
        check_transition(self.session.info, asked.sample, 0)
        check_head(self.session.info, asked.layer, asked.head)
        walk = self._walk(asked)
        number = max(0, min(asked.number, walk.length))
        if asked.act and not walk.still(number):
            _, outputs = self._pass(asked.sample, walk, number, asked.edits)
            said = distribution(self.session.model.head, walk.seen(number)[0]).told(outputs)
            walk = walk.acted(number, said, self.session.seed)
            self._walks[asked.sample], self._version[asked.sample] = walk, asked.version
            number += 1
        return self._told(asked, walk, number)

    def film(self, asked: GetMoment) -> Iterator[Moment]:
        """Every moment of the walk as it was left, from the first to the one asked for."""
        last = self.moment(asked).number
        for number in range(last + 1):
            yield self.moment(replace(asked, number=number))

    def _walk(self, asked: GetMoment) -> Walk:
        """The walk as it was left; as the sample is, where the user has gone back to that."""
        changed = self._version.get(asked.sample, 0) > 0
        if asked.sample not in self._walks or (changed and asked.version == 0):
            world = known_world(self.session.info.settings)
            self._walks[asked.sample] = Walk.of(self.session.samples[asked.sample], world, self.session.model.stride)
            self._version[asked.sample] = 0
        return self._walks[asked.sample]

    def _told(self, asked: GetMoment, walk: Walk, number: int) -> Moment:
        rows, outputs = self._pass(asked.sample, walk, number, asked.edits)
        context, walked = walk.seen(number, asked.edits)
        layout = self.session.model.layout(context)
        pick = slice(None) if asked.head is None else slice(asked.head, asked.head + 1)
        row = rows[asked.layer, pick].astype(np.float64).mean(axis=0)
        parts = layout.by_transition(row)
        weights = np.zeros(context.n_context, np.float64)
        weights[layout.visible] = parts[:-1]
        before, edited = outputs, asked.edits if walk.touched(number, asked.edits) else NONE
        if edited:
            before = self._pass(asked.sample, walk, number, NONE)[1]
        said = distribution(self.session.model.head, walk.seen(number)[0])  # units are those of the unedited context
        returns, first, whole = walk.returns(number)
        return Moment(
            sample=asked.sample,
            layer=asked.layer,
            head=asked.head,
            number=number,
            length=walk.length,
            recorded=walk.recorded,
            context=context,
            walked=walked,
            weights=weights.astype(np.float32),
            own=float(parts[-1]),
            other=float(layout.other(row)),
            chances=Chances(
                asked.sample,
                number,
                said.told(before),
                said.told(outputs) if edited else None,
                edited.words(),
                context.arrows,
                self.session.model.head,
            ),
            divergence=float(said.divergence(before, outputs)),
            returns=returns,
            first_episode=first,
            whole=whole,
            size=_cells(walk.whole, self.session.model.grid_size),
            landmarks=self._landmarks(walk),
            best=self._best(walk),
            still=walk.still(number),
        )

    def _world(self, walk: Walk) -> tuple[World, int] | None:
        """The world and the walk's task, where both are known."""
        world, task = world_of(self.session.info.settings), walk.whole.task
        return None if world is None or task is None or not task < world.n_tasks else (world, task)

    def _landmarks(self, walk: Walk) -> dict[str, tuple[int, int]]:
        known = self._world(walk)
        return {} if known is None else known[0].landmarks(known[1])

    def _best(self, walk: Walk) -> float | None:
        known = self._world(walk)
        if known is None or walk.whole.marks is not None:  # paid in other sums than the world's
            return None
        return float(known[0].optimal_return(known[1]))

    def _pass(self, sample: int, walk: Walk, number: int, edits: Edits) -> tuple[Floats, Floats]:
        """(L, H, N) attention of the query row, and (K,) the outputs that the model acts by."""
        key = (sample, self._version.get(sample, 0), number, edits)
        if key not in self._rows:
            context, _ = walk.seen(number, edits)
            model = self.session.model
            self._rows[key] = query_row(model, context).query_row, model.outputs(context)
            while len(self._rows) > ROWS_KEPT:
                self._rows.popitem(last=False)
        self._rows.move_to_end(key)
        return self._rows[key]


def _cells(sample: Sample, grid_size: int) -> int | None:
    """The side of the floor plan, where states are pairs of whole numbers; else None, as in bandits."""
    if sample.stateless:
        return None
    states = np.concatenate([sample.states, sample.query_state[None], sample.next_states])
    if states.shape[1] != 2 or not np.issubdtype(states.dtype, np.integer) or states.min() < 0:
        return None
    return max(grid_size, int(states.max()) + 1)
