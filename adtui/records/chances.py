"""What a model would do at one state of a sample."""

from __future__ import annotations

from dataclasses import dataclass

from .action_head import SINGLE, ActionHead
from .arrays import Doubles
from .sample import ARROWS


@dataclass(frozen=True)
class Chances:
    """What a model would do at one state, the context being the transitions before it.

    Attributes:
        sample: the sample.
        index: the transition whose state it is; the sample's `n_context` is its query.
        full: (A,) the probabilities of the actions, which sum to 1; of actions that are D numbers, (2D,) their means,
            then their standard deviations, or (D,) the numbers themselves: as `head` says.
        without: (A,) the same with something taken away from the context, or None.
        arrows: see `Sample.arrows`.
        label: what was taken away, in words.
        head: what kind of action it is.
    """

    sample: int
    index: int
    full: Doubles
    without: Doubles | None = None
    label: str = ""
    arrows: str = ARROWS
    head: ActionHead = SINGLE
