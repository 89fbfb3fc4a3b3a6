"""One moment of a walk through a world: what the model sees there, where it looks, and what it would do."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .arrays import Doubles, Floats, Ints
from .chances import Chances
from .sample import Sample


@dataclass(frozen=True)
class Edits:
    """Changes to a walk's transitions, by their numbers in it.

    Attributes:
        hidden: transitions that the model does not get to see.
        turned: transitions whose reward is that of one without a reward instead of what it was, or the other way about.
    """

    hidden: frozenset[int] = frozenset()
    turned: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.hidden or self.turned)

    def hide(self, index: int) -> Edits:
        """Without a transition, or with it again."""
        return Edits(self.hidden ^ {index}, self.turned)

    def turn(self, index: int) -> Edits:
        """A transition's reward turned on or off, or as it was again."""
        return Edits(self.hidden, self.turned ^ {index})

    def words(self) -> str:
        """ "2 hidden, 1 reward turned"."""
        parts = [f"{len(self.hidden)} hidden"] if self.hidden else []
        if self.turned:
            parts.append(f"{len(self.turned)} reward{'s' if len(self.turned) > 1 else ''} turned")
        return ", ".join(parts)


NONE = Edits()


@dataclass(frozen=True)
class Moment:
    """The query of one moment, the context before it, and the attention of its row.

    A walk is the learning history of a sample's context, and what the model has done after it. Its moments count from
    0, the state of its first transition; at moment t the context is of transitions before t, the newest that fit.

    Attributes:
        sample, layer, head: whose walk, and which head (None is the mean over heads).
        number: t.
        length: the walk's last moment.
        recorded: the last moment that the sample itself has; later ones are the model's doing.
        context: what the model sees, edits included.
        walked: (n,) the walk's number of each transition in it.
        weights: (n,) of the query row on each transition; 0 for what only latents stand for.
        own, other: of that row on the query, and on tokens that stand for no transition; all of it sums to 1.
        chances: what the model would do; with edits, `full` is without them and `without` with them.
        divergence: KL(without edits ‖ with edits), nats, or what its head has instead; 0 where nothing is edited.
        returns: (episodes,) of the walk so far, up to this moment.
        first_episode: the number of the first of these.
        whole: whether the walk has the first of these from its beginning.
        size: side of the floor plan in cells; None where states are no cells.
        landmarks: letter → cell, of the task.
        best: the largest return of an episode of this task; None where it is not known.
        still: why the model cannot act here, "" where it can.
    """

    sample: int
    layer: int
    head: int | None
    number: int
    length: int
    recorded: int
    context: Sample
    walked: Ints
    weights: Floats
    own: float
    other: float
    chances: Chances
    divergence: float
    returns: Floats
    first_episode: int
    whole: bool
    size: int | None
    landmarks: dict[str, tuple[int, int]] = field(default_factory=dict)
    best: float | None = None
    still: str = ""

    def shown(self, episode: int | None = None) -> Ints:
        """Which transitions of the context are of an episode; None is all of them."""
        known = self.context.episode[:-1]
        return np.flatnonzero(np.ones(len(known), np.bool_) if episode is None else known == episode)

    def cells(self, *, began: bool = False) -> Ints:
        """(n, 2) the cell that each transition counts for: where it ended, or where it began."""
        return self.context.states if began else self.context.next_states

    @property
    def best_words(self) -> str:
        """What an episode can return, after what it has: " of at most 17"; of bandits the expectation, else ""."""
        if self.best is None:
            return ""
        if self.context.stateless:
            return f", best arm's mean {self.best:.4g}"
        return f" of at most {self.best:.4g}"

    @property
    def arms(self) -> Doubles:
        """(A, 3) of every action: how often the context took it, the mean of what it paid (NaN for never), and the
        attention on these transitions. What there is to see of a bandit, which has no floor plan."""
        A = len(self.chances.full)
        taken, weights = self.context.actions, self.weights.astype(np.float64)
        pulls = np.bincount(taken, minlength=A).astype(np.float64)
        paid = np.bincount(taken, self.context.rewards, minlength=A)
        means = np.divide(paid, pulls, out=np.full(A, np.nan), where=pulls > 0)
        return np.stack([pulls, means, np.bincount(taken, weights, minlength=A)], axis=1)

    def mass(self, *, began: bool = False, episode: int | None = None) -> Floats:
        """(S, S) the weights of the transitions shown, summed by cell; NaN where none counts for a cell.

        Only where states are cells.
        """
        assert self.size is not None, "states are cells"
        shown = self.shown(episode)
        at = tuple(self.cells(began=began)[shown].T)
        mass, seen = np.zeros((self.size, self.size), np.float64), np.zeros((self.size, self.size), np.bool_)
        np.add.at(mass, at, self.weights[shown])
        seen[at] = True
        return np.where(seen, mass, np.nan).astype(np.float32)
