"""What linear probes and patched paths found: frozen records that travel between modules and files."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from .circuit import named
from .interval import Interval
from .trial import plain

SCHEMA = "adtui.probe/1"
REWARDS, LOGITS = "rewards", "logits"
"""Where every path begins and ends."""
BY = ("Q", "K", "V")
"""What of a later head notices a change: its queries, its keys, its values."""
Head = tuple[int, int]
"""(layer, head)."""


@dataclass(frozen=True)
class Reading:
    """How well a linear probe tells one target from one place, on tasks that it was not fitted on.

    Scores are shares of the label's variance, every task counting alike: 1 is all, 0 what the other tasks' mean tells,
    below 0 is worse than that.

    Attributes:
        layer: 0 is the query's embedding, l what block l − 1 gives.
        score: of the true labels.
        shuffled: mean score of exchanged ones; above 0 is what the age of a context tells.
        gain: score beyond the better of the target's two baselines, where one is above 0; interval over tasks.
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


class Route(NamedTuple):
    """A path from rewarded transitions to the action's logits, through one head or two.

    Attributes:
        head: (layer, head) that reads the rewarded transitions.
        later: the head that notices, None where the first one's output goes to the logits by itself.
        by: which of its inputs notices, one of BY; "" without one.
    """

    head: Head
    later: Head | None = None
    by: str = ""


@dataclass(frozen=True)
class Path:
    """What becomes of the action where one path carries what it would without rewards.

    Attributes:
        kl: mean KL(clean ‖ patched) in nats, over tasks.
        share: how far it moves the logits the way they go where all rewards are off, as a share of that, over tasks.
            Shares of several paths need not sum to 1.
        p: of "as often that way as the other", by all assignments of signs to tasks.
        verdict: "confirmed", or why not.
    """

    route: Route
    kl: float
    share: Interval
    p: float
    verdict: str = ""

    @property
    def confirmed(self) -> bool:
        return self.verdict == "confirmed"


@dataclass(frozen=True)
class PathGraph:
    """All paths, of contexts that hold a reward.

    Attributes:
        contexts, tasks: how many there are.
        kl: where all rewards are off, as of a path.
        changed: share of the contexts whose likeliest action is then another, mean over tasks.
        paths: those to the logits by head, then those through a later head.
        lacking: why no path was followed; "" where they were.
    """

    contexts: int
    tasks: int
    kl: float
    changed: float
    paths: tuple[Path, ...]
    lacking: str = ""

    @property
    def confirmed(self) -> list[Path]:
        """The edges of the graph, the largest share first."""
        return sorted((one for one in self.paths if one.confirmed), key=lambda one: -abs(one.share.mean))

    def to_json(self) -> dict[str, Any]:
        """The graph of what is confirmed, and every path behind it."""
        found = self.confirmed
        heads = sorted({head for one in found for head in (one.route.head, one.route.later) if head is not None})
        first = {one.route.head for one in found}
        last = {one.route.later or one.route.head for one in found}
        edges = [{"from": REWARDS, "to": _name(head), "by": ""} for head in sorted(first)]
        edges += [
            {"from": _name(one.route.head), "to": _name(one.route.later), "by": one.route.by}
            for one in found
            if one.route.later is not None
        ]
        edges += [{"from": _name(head), "to": LOGITS, "by": ""} for head in sorted(last)]
        nodes = [REWARDS, *map(_name, heads), LOGITS] if found else []
        return asdict(self) | {"paths": [_path(one) for one in self.paths], "nodes": nodes, "edges": edges}


def _path(one: Path) -> dict[str, Any]:
    return asdict(one) | {"route": one.route._asdict()}


def _name(head: Head) -> str:
    return named([head])


@dataclass(frozen=True)
class ProbeReport:
    """All probes and paths of a run.

    Attributes:
        about: checkpoint, step, settings, tasks, thresholds.
        probes: by target.
        lacking: target → why it was not asked for.
        graph: None where paths were not followed.
    """

    about: dict[str, Any]
    probes: tuple[Probed, ...]
    lacking: dict[str, str]
    graph: PathGraph | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, schema "adtui.probe/1" (docs/validity.md); NaN becomes None."""
        graph = None if self.graph is None else self.graph.to_json()
        document: dict[str, Any] = plain({"schema": SCHEMA, **asdict(self), "graph": graph})
        return document
