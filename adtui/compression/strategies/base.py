"""What a compression strategy sees and gives. Numpy only.

Letters: B contexts, n transitions each, K the budget. A strategy says which transitions stay; they stay in the order of
time. It never sees the model, only what it has asked for in NEEDS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from types import ModuleType
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ...worlds.agents import Histories

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Positions = Literal["reindexed", "spread", "kept"]
"""Where kept transitions stand: moved up to 0, 1, 2, …; evenly over a full context's places; or where they were."""

Memory = Literal["online", "full"]
"""What an agent that acts may choose from: what it has kept and its newest transition, or its whole context again."""

QUERY_ROW, RECEIVED, WINDOW, VALUES, EMBEDDINGS = "query_row", "received", "window", "values", "embeddings"
LAYER_ROW, DIFFERENCE, EXPECTED = "layer_row", "difference", "expected"
PER_CONTEXT = (QUERY_ROW, RECEIVED, WINDOW, VALUES, LAYER_ROW, DIFFERENCE, EXPECTED, EMBEDDINGS)
"""What costs a pass of the model over the full context: attention of the query on each transition, attention that each
received, attention of the last queries, value-weighted attention of the query, its attention as the heads of a layer
have it on average, how far keys are from their mean direction, attention that queries like those so far would pay, and
the transitions' embeddings."""
WINDOW_QUERIES = 16
"""How many of the last queries `window` sums over."""


@dataclass(frozen=True)
class Contexts:
    """B contexts of n transitions, and what of the model's evidence was asked for (else None).

    Attributes:
        states, next_states: (B, n, 2) int64; actions: (B, n) int64; rewards: (B, n) float32; query_states: (B, 2).
        episode: (B, n) int64, the episode of each transition within its history.
        query_row: (B, n) float32, attention of the query, mean over layers and heads.
        received: (B, n) float32, attention received per query that sees the transition, mean over layers and heads.
        window: (B, n) float32, attention of the last WINDOW_QUERIES queries, mean over them, layers and heads.
        values: (B, n) float32, a_j ‖v_j W_O‖ of the query, mean over layers and heads.
        layer_row: (B, n) float32, attention of the query, mean over the heads of a layer, then over layers.
        difference: (B, n) float32, see `head_scores.key_difference`, mean over layers and heads.
        expected: (B, n) float32, see `head_scores.expected_attention`, likewise.
        embeddings: (B, n, d) float32, the transitions as the model embeds them, without positions.
        stands_for: (B, n) float32, how many transitions each stands for, where some were merged into others; else None.
    """

    states: Ints
    actions: Ints
    rewards: Floats
    next_states: Ints
    query_states: Ints
    episode: Ints
    query_row: Floats | None = None
    received: Floats | None = None
    window: Floats | None = None
    values: Floats | None = None
    layer_row: Floats | None = None
    difference: Floats | None = None
    expected: Floats | None = None
    embeddings: Floats | None = None
    stands_for: Floats | None = None

    @property
    def n(self) -> int:
        """Transitions in each context."""
        return int(self.actions.shape[1])

    @property
    def count(self) -> int:
        """B."""
        return int(self.actions.shape[0])

    @property
    def inputs(self) -> tuple[Ints, Ints, Floats, Ints, Ints]:
        """What a model's policy takes of them."""
        return self.states, self.actions, self.rewards, self.next_states, self.query_states

    def part(self, rows: slice | Ints) -> Contexts:
        """Some of them, with what evidence there is."""
        return replace(self, **{name: getattr(self, name)[rows] for name in self._given})

    def last(self, n: int) -> Contexts:
        """Only the last n transitions of each."""
        first = self.n - n
        names = [name for name in self._given if name != "query_states"]
        return replace(self, **{name: getattr(self, name)[:, first:] for name in names})

    @staticmethod
    def joined(parts: Sequence[Contexts]) -> Contexts:
        """All of several, which have one length and the same evidence."""
        names = parts[0]._given
        return replace(parts[0], **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})

    @staticmethod
    def before(past: Histories, rows: Ints, moments: Ints, n: int) -> Contexts:
        """The n transitions before each of the moments (C,) of the rooms (C,), and the cells there."""
        seen = moments[:, None] - n + np.arange(n)
        of = rows[:, None], seen
        return Contexts(
            past.states[of],
            past.actions[of],
            past.rewards[of].astype(np.float32),
            past.next_states[of],
            past.states[rows, moments],
            seen // past.horizon,
        )

    @property
    def _given(self) -> list[str]:
        return [item.name for item in fields(self) if getattr(self, item.name) is not None]


class Parameters(BaseModel):
    """A strategy's parameters: unknown names and values out of range are refused. A strategy without any uses this."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Strategy(Protocol):
    """One file of this package.

    Attributes:
        NAME: as users type it.
        CITES: where it comes from, author, year and arXiv number; "" for controls and plain baselines.
        NEEDS: the names of PER_CONTEXT that it looks at.
        PARAMETERS: the model of its parameters.
        EXACT: True when it keeps exactly min(K, n) transitions; else at most that.
    """

    NAME: str
    CITES: str
    NEEDS: frozenset[str]
    PARAMETERS: type[Parameters]
    EXACT: bool

    def keep(self, contexts: Contexts, budget: int, parameters: Any, rng: np.random.Generator) -> Bools:
        """(B, n) True where a transition stays.

        A row depends on nothing in other rows, except through `rng`, from which rows draw in their order.
        """


@runtime_checkable
class Scoring(Protocol):
    """What a strategy has besides, if it keeps what scores highest: heads that share a budget are held against it."""

    def scores(self, contexts: Contexts, budget: int, parameters: Any) -> Doubles:
        """(B, n) float64, comparable between rows, of which `keep` keeps the `highest`; see `protected`."""


class Keep(Protocol):
    """`Strategy.keep`."""

    def __call__(self, contexts: Contexts, budget: int, parameters: Any, rng: np.random.Generator) -> Bools: ...


def by_scores(scores: Callable[[Contexts, int, Any], Doubles]) -> Keep:
    """The `keep` of a strategy that keeps what its `scores` say, see `Scoring`."""

    def keep(contexts: Contexts, budget: int, parameters: Any, rng: np.random.Generator) -> Bools:
        del rng
        return highest(scores(contexts, budget, parameters), budget)

    return keep


@runtime_checkable
class Merging(Protocol):
    """What a strategy has besides, if what it keeps stands for others too."""

    def merged(self, contexts: Contexts, kept: Bools, parameters: Any) -> Floats:
        """(B, n) float32 above 0 where a transition stays: how many it stands for from now on; 0 elsewhere.

        All of them together stand for no more than before.
        """


def highest(scores: NDArray[Any], budget: int | Ints) -> Bools:
    """(B, n) True at the `budget` largest scores of each row; of equal scores the later transition stays, NaN is least.

    Args:
        scores: (B, n) numbers.
        budget: one for all rows, or (B,) one for each.
    """
    B, n = scores.shape
    order = np.argsort(-scores[:, ::-1], axis=1, kind="stable")  # NaN comes last
    kept = np.zeros((B, n), np.bool_)
    np.put_along_axis(kept, n - 1 - order, np.arange(n) < np.broadcast_to(budget, B)[:, None], axis=1)
    return kept


def protected(scores: NDArray[Any], *, newest: int = 0, oldest: int = 0) -> Doubles:
    """(B, n) the same with +inf at so many of the newest and of the oldest, which stay whatever the others score."""
    found = scores.astype(np.float64)
    found[:, : max(oldest, 0)] = np.inf
    found[:, max(found.shape[1] - newest, 0) :] = np.inf
    return found


def half(budget: int) -> int:
    """The larger half: a budget of 1 keeps the newest."""
    return (budget + 1) // 2


def positions(contexts: Contexts) -> Ints:
    """(B, n) places in time, 0 the oldest."""
    return np.broadcast_to(np.arange(contexts.n, dtype=np.int64), contexts.actions.shape)


def episode_index(contexts: Contexts) -> Ints:
    """(B, n) the episode of each transition within its own context, 0, 1, …, whatever the episodes' numbers."""
    index = np.zeros(contexts.actions.shape, np.int64)
    index[:, 1:] = np.cumsum(contexts.episode[:, 1:] != contexts.episode[:, :-1], axis=1)
    return index


def per_episode(contexts: Contexts, values: NDArray[Any], combine: np.ufunc, start: float) -> NDArray[Any]:
    """(B, E) the values (B, n) of each episode, of E that a context holds at most, combined from `start` on."""
    index = episode_index(contexts)
    found = np.full((contexts.count, int(index.max(initial=0)) + 1), start, values.dtype)
    combine.at(found, (np.arange(contexts.count)[:, None], index), values)
    return found


def of_its_episode(contexts: Contexts, values: NDArray[Any], combine: np.ufunc, start: float) -> NDArray[Any]:
    """(B, n) what `per_episode` finds of the episode that a transition is of."""
    by_episode = per_episode(contexts, values, combine, start)
    found: NDArray[Any] = np.take_along_axis(by_episode, episode_index(contexts), axis=1)
    return found


def not_older(flags: Bools) -> Ints:
    """(B, n) how many of the transitions that are flagged (B, n) are not older than each, itself included."""
    counted: Ints = np.cumsum(flags[:, ::-1], axis=1, dtype=np.int64)[:, ::-1]
    return counted


def running(contexts: Contexts) -> Bools:
    """(B, n) True in the episode of the newest transition: the one that runs, or that has just ended."""
    of_it: Bools = contexts.episode == contexts.episode[:, -1:]
    return of_it


def rewarded_then_recent(contexts: Contexts) -> Ints:
    """(B, n) ranks: rewarded transitions above all others, the newer above the older."""
    return (contexts.rewards > 0) * contexts.n + positions(contexts)


def asked(evidence: Floats | None) -> Floats:
    """Evidence that NEEDS names: `choose` has seen to it that it is there."""
    assert evidence is not None
    return evidence


def masses(evidence: Floats | None) -> Doubles:
    """The same in float64, with NaN and negative values as 0, so that rows can be summed."""
    return np.fmax(asked(evidence).astype(np.float64), 0.0)


def each_stands_for(contexts: Contexts) -> Floats:
    """(B, n) how many transitions each stands for: 1 where none was merged."""
    return np.ones(contexts.actions.shape, np.float32) if contexts.stands_for is None else contexts.stands_for


def name_of(strategy: ModuleType | Strategy) -> str:
    """As users type it."""
    return str(strategy.NAME)
