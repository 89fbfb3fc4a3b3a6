"""The graph of paths as an indented tree: rewards, the heads that read them, the later heads that notice."""

from __future__ import annotations

from collections.abc import Sequence

from ..records.circuit import named
from ..records.probe import Head, Path, PathGraph

BRANCH, LAST, BAR, BLANK = "├─ ", "└─ ", "│  ", "   "


def lines_of(graph: PathGraph) -> list[str]:
    """The tree of confirmed paths, largest share first, then what it rests on."""
    if graph.lacking:
        return [f"Paths not followed: {graph.lacking}."]
    lines = ["rewarded transitions", *_tree(graph)]
    if not graph.confirmed:
        lines.append("No path is confirmed.")
    lines.append(
        f"All rewards off: KL {graph.kl:.2g} nats, {graph.changed:.0%} of the likeliest actions change "
        f"({graph.contexts} contexts of {graph.tasks} tasks; such contexts may be none that training had). "
        f"{len(graph.confirmed)} of {len(graph.paths)} paths confirmed."
    )
    lines.append(
        "A path: one head reads the rewarded transitions as they are without their rewards, and only its output at the "
        "query, or one later head's queries, keys or values (Q, K, V), notice; all other heads stand still. Share: how "
        "far it moves the logits the way they go with all rewards off; shares need not sum to 100 %."
    )
    return lines


def _tree(graph: PathGraph) -> list[str]:
    found = graph.confirmed
    heads = list(dict.fromkeys(one.route.head for one in found))
    lines = []
    for number, head in enumerate(heads):
        last = number == len(heads) - 1
        below = [one for one in found if one.route.head == head and one.route.later is not None]
        lines.append(f"{LAST if last else BRANCH}{_first(graph.paths, head)}")
        for at, one in enumerate(below):
            end = LAST if at == len(below) - 1 else BRANCH
            lines.append(f"{BLANK if last else BAR}{end}{_later(one)}")
    return lines


def _first(paths: Sequence[Path], head: Head) -> str:
    """The head with what it gives to the logits itself."""
    [direct] = [one for one in paths if one.route == (head, None, "")]
    words = _effect(direct) if direct.confirmed else "itself: no evidence"
    return f"{named([head])} → logits  {words}"


def _later(one: Path) -> str:
    assert one.route.later is not None
    return f"{one.route.by} of {named([one.route.later])} → logits  {_effect(one)}"


def _effect(one: Path) -> str:
    p = f"p {one.p:.1g}" if one.p >= 1e-4 else "p < 0.0001"
    return f"{one.share.percent} of the way, KL {one.kl:.2g}, {p}"
