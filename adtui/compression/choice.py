"""A strategy with its budget and parameters: as the user writes it, and what it keeps of a context."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..files.settings import load_settings
from ..records.errors import ConfigError
from .sharing import EVENLY, KEY, Sharing, sharing, words_of
from .strategies import NAMES, STRATEGIES, none
from .strategies.base import (
    EMBEDDINGS,
    Bools,
    Contexts,
    Doubles,
    Floats,
    Merging,
    Parameters,
    Scoring,
    Strategy,
    each_stands_for,
)

MAX_BUDGET = 1_000_000_000

ROUNDING = 1e-4
"""Of sums of float32."""
_FORM = "`name:budget` or `name:budget:parameter=value`"
T = TypeVar("T", bound=np.generic)
Found = Callable[["Choice", Contexts, np.random.Generator], NDArray[T]]


@dataclass(frozen=True)
class Choice:
    """A strategy with its budget and parameters; it may cross to another process.

    Attributes:
        budget: K, the transitions to keep; None for `none`, which keeps all.
        shared: how heads share K entries each of a cache. Whole transitions are in all heads: evenly.

    Raises:
        ConfigError: no budget, or one below 0.
    """

    strategy: Strategy
    budget: int | None
    parameters: Parameters
    shared: Sharing = EVENLY

    def __post_init__(self) -> None:
        if self.budget is not None and not 0 <= self.budget <= MAX_BUDGET:
            raise _bad_budget(self.strategy.NAME, str(self.budget))
        if self.strategy is none:
            object.__setattr__(self, "budget", None)
            object.__setattr__(self, "shared", EVENLY)
        elif self.budget is None:
            raise _bad_budget(self.strategy.NAME, "none")

    def __reduce__(self) -> tuple[object, ...]:
        """A module cannot be pickled, its name can."""
        return parse, (self.label,)

    @property
    def label(self) -> str:
        """The choice as `parse` reads it, with its parameters: `sink-recent:20:sinks=4:shared=ada:floor=0.2`."""
        budget = () if self.budget is None else (str(self.budget),)
        parameters = (f"{name}={value}" for name, value in self.parameters.model_dump(exclude_none=True).items())
        shared = () if self.shared == EVENLY else (f"{KEY}={words_of(self.shared)}",)
        return ":".join((self.strategy.NAME, *budget, *parameters, *shared))

    def limit(self, n: int) -> int:
        """How many of n transitions may stay: min(K, n)."""
        return n if self.budget is None else min(self.budget, n)


def find(name: str) -> Strategy:
    """The strategy of that name.

    Raises:
        ConfigError: there is none; the message lists all names.
    """
    for strategy in STRATEGIES:
        if name == strategy.NAME:
            return strategy
    near = difflib.get_close_matches(name.lower(), NAMES, n=1, cutoff=0.5)
    advice = f"did you mean {near[0]}? The strategies are" if near else "use one of"
    raise ConfigError(
        f"strategy {name[:60]!r}",
        expected="a compression strategy",
        found="an unknown name",
        action=f"{advice}: {', '.join(NAMES)}",
    )


def parse(text: str) -> Choice:
    """`recent:20`, `sink-recent:20:sinks=4`, `top-attention:20:shared=ada:floor=0.2`, `none` → Choice.

    What stands after `shared=` belongs to the sharing.

    Raises:
        ConfigError: unknown strategy or parameter, a value out of range, or no budget.
    """
    name, *rest = (part.strip() for part in text.split(":"))
    strategy = find(name)
    budget: int | None = None
    if rest and "=" not in rest[0]:
        written = rest.pop(0)
        if not re.fullmatch(r"[0-9]{1,10}", written):
            raise _bad_budget(name, repr(written[:60]))
        budget = int(written)
    own = next((at for at, part in enumerate(rest) if part.partition("=")[0].strip() == KEY), len(rest))
    parameters = load_settings(_pairs(name, rest[:own]), strategy.PARAMETERS, name=f"strategy {name}")
    how = _pairs(name, rest[own:])
    return Choice(strategy, budget, parameters, sharing(how.pop(KEY), how) if how else EVENLY)


def score(choice: Choice, contexts: Contexts, rng: np.random.Generator) -> Doubles:
    """(B, n) scores, of which `highest` keeps what `choose` keeps; 1 and 0 where a strategy has none of its own.

    A row may have fewer transitions than the budget: rows of heads that hold fewer are held against others so.

    Raises:
        ConfigError: as `choose`.
    """
    strategy = choice.strategy
    if not isinstance(strategy, Scoring):
        return choose(choice, contexts, rng).astype(np.float64)
    _check_evidence(strategy, contexts)
    found = strategy.scores(contexts, choice.limit(MAX_BUDGET), choice.parameters)
    if found.shape != contexts.actions.shape:
        raise _broken(strategy, "scores", f"scores of {_how_many(contexts)}", f"shape {found.shape}")
    return found


def choose(choice: Choice, contexts: Contexts, rng: np.random.Generator) -> Bools:
    """(B, n) True where a transition stays; they stay in the order of time.

    The same seed gives the same mask. Rows do not depend on each other, but where a strategy draws from `rng`, they
    draw in their order.

    Raises:
        ConfigError: evidence that the strategy needs is missing or has another shape, or it broke its promise.
    """
    strategy = choice.strategy
    _check_evidence(strategy, contexts)
    limit = choice.limit(contexts.n)
    kept = strategy.keep(contexts, limit, choice.parameters, rng)
    counts = kept.sum(axis=1) if kept.ndim == 2 else np.zeros(0)
    fits = kept.shape == contexts.actions.shape and kept.dtype == np.bool_
    if not fits or bool(np.any(counts != limit if strategy.EXACT else counts > limit)):
        most = f"{'exactly' if strategy.EXACT else 'at most'} {limit}"
        expected = f"{most} of {contexts.n} transitions of {contexts.count} contexts kept"
        found = f"{kept.dtype} {kept.shape} with {sorted(set(counts.tolist()))} kept"
        raise _broken(strategy, "keep", expected, found)
    return kept


def merge(choice: Choice, contexts: Contexts, kept: Bools) -> Floats | None:
    """(B, n) how many transitions each that stays stands for, 0 where it goes; None where no strategy has merged any.

    Raises:
        ConfigError: the strategy broke its promise.
    """
    strategy = choice.strategy
    if not isinstance(strategy, Merging):
        return contexts.stands_for
    found = strategy.merged(contexts, kept, choice.parameters)
    most = each_stands_for(contexts).sum(axis=1, dtype=np.float64) * (1 + ROUNDING)
    if found.shape != kept.shape or bool(
        ((found > 0) != kept).any() or (found.sum(axis=1, dtype=np.float64) > most).any()
    ):
        expected = "what stays to stand for something, and all of it for no more than there was"
        raise _broken(strategy, "merged", expected, f"{found.dtype} {found.shape}")
    return found


@dataclass(frozen=True)
class Draws:
    """What strategies draw from in rooms that act side by side: one generator for each `size` of them.

    So what is drawn in a group of rooms does not depend on the groups beside it.
    """

    generators: tuple[np.random.Generator, ...]
    size: int

    def each(
        self, found: Found[T], choice: Choice, contexts: Contexts, rows: NDArray[np.int64] | None = None
    ) -> NDArray[T]:
        """`found` where the contexts are those of the rooms (B,), in ascending order; None for all rooms."""
        group = (np.arange(contexts.count) if rows is None else rows) // self.size
        starts = [*np.searchsorted(group, np.arange(len(self.generators))).tolist(), contexts.count]
        parts = zip(self.generators, itertools.pairwise(starts), strict=True)
        return np.concatenate(
            [found(choice, contexts.part(slice(*ends)), rng) for rng, ends in parts if ends[0] < ends[1]]
        )


def drawn(
    choice: Choice, contexts: Contexts, rng: np.random.Generator | Draws, rows: NDArray[np.int64] | None = None
) -> Bools:
    """`choose`, or that of the `Draws`."""
    return rng.each(choose, choice, contexts, rows) if isinstance(rng, Draws) else choose(choice, contexts, rng)


def scored(
    choice: Choice, contexts: Contexts, rng: np.random.Generator | Draws, rows: NDArray[np.int64] | None = None
) -> Doubles:
    """`score`, or that of the `Draws`."""
    return rng.each(score, choice, contexts, rows) if isinstance(rng, Draws) else score(choice, contexts, rng)


def _pairs(name: str, parts: Iterable[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in parts:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key or key in values:
            found = f"{key} twice" if key in values else repr(part[:60])
            raise ConfigError(
                f"strategy {name}", expected="`parameter=value`, each once", found=found, action=f"write {_FORM}"
            )
        values[key] = value
    return values


def _check_evidence(strategy: Strategy, contexts: Contexts) -> None:
    for need in sorted(strategy.NEEDS):
        evidence = getattr(contexts, need)
        shape = None if evidence is None else evidence.shape[:2] if need == EMBEDDINGS else evidence.shape
        if shape != contexts.actions.shape:
            raise ConfigError(
                f"strategy {strategy.NAME}",
                expected=f"{need} of {_how_many(contexts)}",
                found="none" if evidence is None else f"shape {evidence.shape}",
                action="run the model over the full contexts first, asking for what the strategy NEEDS",
            )


def _broken(strategy: Strategy, function: str, expected: str, found: str) -> ConfigError:
    """A strategy did not keep its promise."""
    return ConfigError(f"strategy {strategy.NAME}", expected=expected, found=found, action=f"correct its `{function}`")


def _how_many(contexts: Contexts) -> str:
    return f"{contexts.count} contexts of {contexts.n} transitions"


def _bad_budget(name: str, found: str) -> ConfigError:
    return ConfigError(
        f"strategy {name}", expected=f"a budget from 0 to {MAX_BUDGET}", found=found, action=f"write {_FORM}"
    )
