"""What each token of a sequence stands for, and how tokens are summed into transitions. Numpy only.

One transition is one token in some families, three (state, action, reward) in others; some sequences also hold tokens
that stand for no transition: latents that summarise older ones, marks around a batch. Letters as in `records`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

TOKEN_KINDS = (
    *("transition", "state", "action", "reward", "query", "query action", "latent", "<c>", "</c>"),
    *("flow action", "time", "other"),
)
TRANSITION, STATE, ACTION, REWARD, QUERY, QUERY_ACTION, LATENT, OPEN, CLOSE = range(9)
FLOW_ACTION, TIME, OTHER = 9, 10, 11
NONE = -1
TOKENS, TRANSITIONS = "tokens", "transitions"
UNITS = (TRANSITIONS, TOKENS)
"""The two views of a sequence: tokens as the model has them, or summed into transitions."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The tokens of one sequence, in the model's order.

    Attributes:
        kind: (N,) int64, index into KINDS.
        transition: (N,) int64, the context transition that the token belongs to; n for the query state and its
            action; -1 for tokens that stand for no transition.
        n_context: n, how many transitions the context has, those that no token shows any more included.
        read: the token at which the action is read: its attention row is the query row.
    """

    kind: Ints
    transition: Ints
    n_context: int
    read: int

    @classmethod
    def of(cls, parts: list[tuple[int, Any]], n_context: int, read: int | None = None) -> Layout:
        """From (kind, transition) pairs; the transition may be an array: one token for each. Reads the last token."""
        kinds = [np.full(np.size(transition), kind, np.int64) for kind, transition in parts]
        transitions = [np.atleast_1d(np.asarray(transition, np.int64)) for _, transition in parts]
        kind, transition = np.concatenate(kinds), np.concatenate(transitions)
        return cls(kind, transition, n_context, len(kind) - 1 if read is None else read)

    @classmethod
    def plain(cls, n: int) -> Layout:
        """One token per transition, then the query."""
        return cls.of([(TRANSITION, np.arange(n)), (QUERY, n)], n)

    @classmethod
    def separate(cls, first: int, n: int, latents: int = 0) -> Layout:
        """Latents, then state, action and reward tokens of the transitions from `first` on, then the query state."""
        kind = np.tile([STATE, ACTION, REWARD], n - first)
        transition = np.repeat(np.arange(first, n), 3)
        return cls(
            kind=np.concatenate([np.full(latents, LATENT), kind, [QUERY]]).astype(np.int64),
            transition=np.concatenate([np.full(latents, NONE), transition, [n]]).astype(np.int64),
            n_context=n,
            read=latents + len(kind),
        )

    @property
    def n_tokens(self) -> int:
        """N."""
        return len(self.kind)

    @cached_property
    def leads(self) -> Ints:
        """(U,) the first token of each unit: the neighbouring tokens of one transition, or one token of none.

        Of a transition's tokens this is the state token, from which its action is predicted.
        """
        new = np.ones(self.n_tokens, np.bool_)
        new[1:] = (np.diff(self.transition) != 0) | (self.transition[1:] == NONE)
        return np.flatnonzero(new)

    @property
    def summed(self) -> bool:
        """Whether any transition has more than one token, so that the two views differ."""
        return len(self.leads) < self.n_tokens

    @cached_property
    def units(self) -> Layout:
        """The same sequence with one position for each transition."""
        kind = self.kind[self.leads]
        kind = np.where(np.isin(kind, (STATE, ACTION, REWARD)), TRANSITION, kind)
        read = int(np.searchsorted(self.leads, self.read, side="right")) - 1
        return Layout(kind.astype(np.int64), self.transition[self.leads], self.n_context, read)

    def view(self, unit: str) -> Layout:
        """The layout of a view, "tokens" or "transitions"."""
        return self if unit == TOKENS else self.units

    def sum(self, values: NDArray[Any]) -> NDArray[Any]:
        """(…, N) → (…, U): tokens of one unit summed."""
        return np.add.reduceat(values, self.leads, axis=-1) if self.summed else values

    @cached_property
    def visible(self) -> Ints:
        """(n',) the transitions that have tokens, in the order of time."""
        return np.unique(self.transition[(self.transition >= 0) & (self.transition < self.n_context)])

    def by_transition(self, values: NDArray[Any]) -> NDArray[Any]:
        """(…, N) → (…, n' + 1): summed per visible transition in the order of time, then the query. The rest is left
        out: see `other`."""
        out = np.zeros((*values.shape[:-1], len(self.visible) + 1), values.dtype)
        mine = self.transition >= 0
        place = np.searchsorted(self.visible, self.transition[mine])
        place[self.transition[mine] == self.n_context] = len(self.visible)
        for source, target in zip(np.flatnonzero(mine).tolist(), place.tolist(), strict=True):
            out[..., target] += values[..., source]
        return out

    def other(self, values: NDArray[Any]) -> NDArray[Any]:
        """(…, N) → (…,): the sum over tokens that stand for no transition."""
        total: NDArray[Any] = values[..., self.transition == NONE].sum(axis=-1)
        return total
