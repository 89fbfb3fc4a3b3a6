"""The insights of a text report: kind after kind, with what became of them and the caveat that they share."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ..insights.kind import CAVEAT
from ..insights.thresholds import RULES
from ..insights.wording import brief
from ..records.ablation import CAVEAT as ABLATIONS
from ..records.insight import Insight, Placebo
from .blocks import bullet, heading, indent

PLACEBOS = "Sets named by chance, masked and decided by the same test"


def section(insights: Sequence[Insight], placebo: Placebo | None) -> RenderableType:
    """Kinds in order of importance; in each, its statements, then the caveat that they share.

    What tells the same as another is not told again.
    """
    told = [one for one in insights if not one.same_as]
    stated = [one for one in told if one.status != "no evidence"]
    rest = [one for one in told if one.status == "no evidence"]
    parts: list[RenderableType] = [_statements([one for one in stated if one.kind == kind]) for kind in _kinds(stated)]
    if not stated:
        parts.append(indent(Text("Nothing that these samples support.")))
    if rest:
        parts += [Text("  No evidence", "bold"), indent(*(bullet(_doubted(one)) for one in rest))]
    if any(one.ablations for one in insights):
        parts.append(indent(Text(f"Ablations: {ABLATIONS}", "dim")))
    if placebo is not None:
        parts.append(indent(Text(f"{PLACEBOS}: {placebo.words}.", "dim")))
    return Group(heading("Insights", "95 % intervals over independent histories"), *parts)


def _kinds(insights: Sequence[Insight]) -> list[str]:
    return list(dict.fromkeys(one.kind for one in insights))


def _doubted(one: Insight) -> str:
    return f"{one.sentence} Tested: {_tested(one)}." if one.tested else one.sentence


def _tested(one: Insight) -> str:
    return f"{one.tested}; {_also(one)}" if one.also else one.tested


def _also(one: Insight) -> str:
    return f"the same transitions as {', '.join(one.also)}"


def _statements(group: Sequence[Insight]) -> RenderableType:
    """One kind: the model and layers in full, heads in lists (in full where there is nothing wider to read)."""
    common = min((_own_caveat(one) for one in group), key=len)
    wide = [one for one in group if one.scope != "head"] or list(group[:1])
    lines: list[RenderableType] = []
    for one in wide:
        lines.append(bullet(f"{one.sentence} {_evidence(one)}"))
        if one.tested:
            status = "" if one.status == "observed" else f"{one.status}: "
            lines.append(Padding(Text(f"{status}{_tested(one)}."), (0, 0, 0, 2)))
        doubt = _own_caveat(one).removesuffix(common).strip()
        if doubt:
            lines.append(Padding(Text(doubt, "yellow"), (0, 0, 0, 2)))
    heads = [one for one in group if one not in wide]
    for status, phase in dict.fromkeys((one.status, one.phase) for one in heads):
        lines.append(_heads_line([one for one in heads if (one.status, one.phase) == (status, phase)], common))
    untested = any(one.status == "observed" for one in group)
    if group[0].suggests:
        lines.append(Text(f"Worth testing: {', '.join(group[0].suggests)}."))
    lines.append(Text(f"Caveat: {common} {CAVEAT if untested else ''}".rstrip(), "dim"))
    return Group(Text(f"  {group[0].kind}", "bold"), indent(*lines))


def _heads_line(heads: Sequence[Insight], common: str) -> RenderableType:
    """ "Heads, exploit, confirmed: L2H1 3300 [300, 41000]; …": those of one status and phase."""
    doubted = any(_own_caveat(one) != common for one in heads)
    marks = ("*" if _own_caveat(one) != common else "" for one in heads)
    spans = "; ".join(
        f"{one.where}{mark} {_span(one)}{f' ({_also(one)})' if one.also else ''}"
        for one, mark in zip(heads, marks, strict=True)
    )
    words = [part for part in ("Heads", heads[0].phase, heads[0].status) if part]
    note = " (* disappears when weighted by the values' norms)" if doubted else ""
    return bullet(f"{', '.join(words)}: {spans}.{note}")


def _own_caveat(one: Insight) -> str:
    """Without the sentence that all untested insights share."""
    return one.caveat.replace(CAVEAT, "").strip()


def _evidence(one: Insight) -> str:
    if one.kind not in RULES:  # nothing that attention could show: its sentence holds the numbers
        return f"({one.count})"
    needs = f"needs {RULES[one.kind].needs(one.n_keys)}"
    status = "observed" if one.status != "no evidence" else one.status
    return f"({status}: {_span(one)}, {needs}; {one.count})"


def _span(one: Insight) -> str:
    return f"{brief(one.effect)} [{brief(one.interval[0])}, {brief(one.interval[1])}]"
