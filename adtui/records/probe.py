"""What linear probes and patched paths found: frozen records that travel between modules and files."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .interval import Interval
from .trial import plain

SCHEMA = "adtui.probe/1"


@dataclass(frozen=True)
class Reading:
    """How well a linear probe tells one target from one place, on tasks that it was not fitted on.

    Scores are shares of the label's variance, every task counting alike: 1 is all, 0 what the other tasks' mean tells,
    below 0 is worse than that.

    Attributes:
        layer: 0 is the query's embedding, l what block l − 1 gives.
        score: of the true labels.
        shuffled: mean score of exchanged ones; above 0 is what the age of a context tells.
        gain: score beyond the better of the target's two baselines, interval over tasks.
        p_shuffled: share of exchanges that score as high.
        p_gain: of "the gain is at most 0", by a one-sided t-test over tasks.
        verdict: "confirmed", or why not; "" of the embedding, which is a baseline.
    """

    layer: int
    score: float
    shuffled: float
    gain: Interval
    p_shuffled: float
    p_gain: float
    verdict: str

    @property
    def p(self) -> float:
        """Of the test: the larger one, since a claim needs both to be false."""
        return max(self.p_shuffled, self.p_gain)


@dataclass(frozen=True)
class Probed:
    """One target in all layers.

    Attributes:
        target: what was asked for.
        words: how it is predicted.
        contexts, tasks: how many have it.
        inputs: score of the query's cell and the age of the context, without the model.
        readings: by layer, the embedding first.
    """

    target: str
    words: str
    contexts: int
    tasks: int
    inputs: float
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class ProbeReport:
    """All probes of a run.

    Attributes:
        about: checkpoint, step, settings, tasks, thresholds.
        probes: by target.
        lacking: target → why it was not asked for.
    """

    about: dict[str, Any]
    probes: tuple[Probed, ...]
    lacking: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain values, schema "adtui.probe/1" (docs/validity.md); NaN becomes None."""
        document: dict[str, Any] = plain({"schema": SCHEMA, **asdict(self)})
        return document
