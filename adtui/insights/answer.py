"""Insights → the answer in three lines. Its words come from what the tests say, not from what attention looks like."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from ..records.answer import COMPRESS, HEADS, USES, Answer, KnownTrials, Line, Part
from ..records.insight import Insight
from ..records.run import RunInfo
from .following import KIND as FOLLOWING
from .named_transitions import NAMES
from .wording import brief

CONFIRMED, REFUTED, OBSERVED = "✔", "✘", "●"
NOT_TRIED = "not tried"

#: What the insights of a kind name, of n transitions: for the model, and as a head's habit.
NAMED: dict[str, tuple[Callable[[int], str], str]] = {
    "recency": (lambda n: f"newest {max(1, n // 4)} of {n}", "recent"),
    "primacy": (lambda n: f"oldest {max(1, n // 4)} of {n}", "oldest"),
    "sparse": (lambda _: "few that it attends to most", "few"),
    "sink": (lambda _: "first transition", "first"),
    "landmark": (lambda _: "landmarks", "landmark"),
    "clustered": (lambda _: "neighbours that it attends to", "clusters"),
    "reward-seeking": (lambda _: "rewarded transitions", "reward"),
    "state-revisit": (lambda _: "earlier visits to its state", "same state"),
    "induction": (lambda _: "steps after earlier visits", "induction"),
    "n-gram": (lambda _: "repeats of its last step", "n-gram"),
}


def answer(
    insights: Sequence[Insight],
    *,
    contexts: int,
    n_heads: int,
    testing: bool | None = False,
    stopped: bool = False,
    trials: KnownTrials | None = None,
) -> Answer:
    """What is known by now.

    Args:
        insights: all of them.
        contexts: how many the statements are about.
        n_heads: of the model, over all layers.
        testing: whether tests are still running, so that "no evidence" may be "not yet"; None where none were made.
        stopped: whether tests ended before all were made, so that "no evidence" would be said of what was not asked.
        trials: stored compression trials of these weights.
    """
    told = [one for one in insights if not one.same_as]
    why_none = _why_none(testing, stopped)
    return _uses(told, contexts, why_none), _heads(told, n_heads, why_none), _compress(trials)


def answer_of(run: RunInfo, insights: Sequence[Insight], testing: bool | None, *, stopped: bool = False) -> Answer:
    """`answer` for an open run: what its contexts, heads and stored trials make of these insights."""
    contexts, heads = len(run.samples), run.n_layer * run.n_head
    return answer(insights, contexts=contexts, n_heads=heads, testing=testing, stopped=stopped, trials=run.trials)


def telling_head(insights: Iterable[Insight]) -> tuple[int, int] | None:
    """The (layer, head) of the largest confirmed effect of a single head; None where none is confirmed."""
    of_heads = [one for one in insights if one.head is not None and one.status == "confirmed"]
    best = max(of_heads, key=_strength, default=None)
    return None if best is None or best.layer is None or best.head is None else (best.layer, best.head)


def _strength(insight: Insight) -> float:
    return insight.knock_out if insight.knock_out > 0 else 0.0


def _uses(insights: Sequence[Insight], contexts: int, why_none: str) -> Line:
    named = [one for one in insights if one.layer is None and one.kind in NAMES]
    moved = [one for one in insights if one.kind == FOLLOWING and one.status in ("confirmed", "refuted")]
    parts = [Part(_follows(one), one.key) for one in moved]
    parts += [_part(one) for status in ("confirmed", "refuted") for one in _strongest(named, status)]
    if not parts:
        parts = [Part(why_none or _nothing(len(named), "the model as a whole"))]
        parts += [Part(f"{_what(one)} {OBSERVED}", one.key) for one in _strongest(named, "observed")]
    return Line(USES, tuple(parts), _counted(contexts, "context") if named or not why_none else "")


def _heads(insights: Sequence[Insight], n_heads: int, why_none: str) -> Line:
    of_heads = [one for one in insights if one.head is not None and one.kind in NAMES]
    found = _strongest(of_heads, "confirmed")
    parts = []
    for where in dict.fromkeys(one.where for one in found):
        mine = [one for one in found if one.where == where]
        habits = "+".join(dict.fromkeys(NAMED[one.kind][1] for one in mine))
        parts.append(Part(f"{where} {habits} {CONFIRMED} ×{brief(mine[0].knock_out, 2)}", mine[0].key))
    if not parts:
        parts = [Part(why_none or _nothing(len(of_heads), "any head"))]
    tested = len({(one.layer, one.head) for one in of_heads if one.knock_out_contexts})
    return Line(HEADS, tuple(parts), f"{tested} of {n_heads} tested" if tested else "")


def _compress(trials: KnownTrials | None) -> Line:
    if trials is None:
        return Line(COMPRESS, (Part(NOT_TRIED),))
    return Line(COMPRESS, tuple(Part(said) for said in (trials.words, trials.damaged) if said), trials.basis)


def _strongest(insights: Sequence[Insight], status: str) -> list[Insight]:
    return sorted((one for one in insights if one.status == status), key=_strength, reverse=True)


def _part(insight: Insight) -> Part:
    """ "newest 19 of 79 ✔ ×17 (44 % of actions)": how much more than as many others, and how many actions change."""
    said = f"{_what(insight)} {CONFIRMED if insight.status == 'confirmed' else REFUTED} ×{brief(insight.knock_out, 2)}"
    changed = insight.knock_out_changed  # NaN where actions are numbers
    return Part(said if math.isnan(changed) else f"{said} ({100 * changed:.0f} % of actions)", insight.key)


def _follows(insight: Insight) -> str:
    """ "goes to a moved reward ✔ (+0.31)": by how much a right step is more probable where the reward was moved to."""
    mark = CONFIRMED if insight.status == "confirmed" else REFUTED
    return f"goes to a moved reward {mark} ({insight.effect:+.2f})"


def _what(insight: Insight) -> str:
    phase = f" ({insight.phase})" if insight.phase else ""
    return f"{NAMED[insight.kind][0](insight.n_keys)}{phase}"


def _why_none(testing: bool | None, stopped: bool) -> str:
    """Why nothing is confirmed, where that says nothing about the model: not asked, or not all asked yet; else ""."""
    if testing is None:
        return "not tested by knock-outs"
    return "testing …" if testing else "not all tested: stopped" if stopped else ""


def _nothing(observed: int, whose: str) -> str:
    return f"no evidence for {whose}" if observed else f"nothing to test for {whose}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
