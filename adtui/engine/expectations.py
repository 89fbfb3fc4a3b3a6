"""Expectations of a run, judged one by one."""

from __future__ import annotations

import re
from typing import Any

from ..files.expectations import Expectation
from ..insights.evidence import MIN_HISTORIES
from ..insights.following import KIND as FOLLOWING
from ..insights.kinds import INSIGHT_KINDS
from ..records.errors import ConfigError
from ..records.insight import Insight
from ..records.judgement import FAILS, HOLDS, OPEN, Judgement
from .documents import Documents, LackingError

CLAIMS = (*(kind.name for kind in INSIGHT_KINDS), FOLLOWING)
TESTED = ("confirmed", "refuted")
"""What only knock-outs can say."""
_PLACE = re.compile(r"(?:anywhere|model|any layer|any head|L\d{1,4}(?:H\d{1,4})?)")


def check_words(expected: list[Expectation], name: str) -> None:
    """Raise ConfigError for claims or places that there are not, before anything is computed.

    Args:
        name: of the file.
    """
    for number, one in enumerate(expected, 1):
        at = f"{name}, expect.{number - 1}"
        if one.claim is not None and one.claim not in CLAIMS:
            raise ConfigError(f"{at}.claim", expected=", ".join(CLAIMS), found=one.claim, action="correct it")
        if one.claim is not None and not _PLACE.fullmatch(one.where):
            expected_words = "anywhere, model, any layer, any head, L2 or L2H1"
            raise ConfigError(f"{at}.where", expected=expected_words, found=one.where, action="correct it")


def needs_tests(expected: list[Expectation]) -> bool:
    """Whether some expectation can be judged after knock-outs only."""
    return any(one.claim == FOLLOWING or (one.claim is not None and one.status in TESTED) for one in expected)


def judge(one: Expectation, documents: Documents) -> Judgement:
    """Whether it holds, does not, or cannot be judged."""
    return _claim(one, documents) if one.claim is not None else _number(one, documents)


# -- claims ------------------------------------------------------------------------------------------------------------
def _claim(one: Expectation, documents: Documents) -> Judgement:
    phase = {"": "", "any": " in any phase"}.get(one.phase, f" in phase {one.phase}")
    subject = f"{one.claim} {one.where if one.where == 'anywhere' else f'at {one.where}'}{phase}"
    info = documents.session.info
    histories = len({sample.history for sample in info.samples})
    if (why := _cannot(one, info.n_layer, info.n_head, histories)) is not None:
        return Judgement(subject, one.status, why, OPEN)
    tested = one.status in TESTED or one.claim == FOLLOWING
    pool = documents.judged if tested else [i for i in documents.observed if i.status == "observed"]
    matching = [insight for insight in pool if _matches(one, insight)]
    statuses = {insight.status for insight in matching}
    seen = bool(statuses & {"observed", "confirmed"})
    holds = {"observed": seen, "not observed": not seen}.get(one.status, one.status in statuses)
    return Judgement(subject, one.status, _told(matching), HOLDS if holds else FAILS)


def _cannot(one: Expectation, n_layer: int, n_head: int, histories: int) -> str | None:
    """Why nothing can be said of it; None where something can."""
    if histories < MIN_HISTORIES:
        return f"{histories} independent histories, of which no claim can be made"
    numbers = [int(part) for part in re.findall(r"\d+", one.where)]
    if numbers and not all(number < size for number, size in zip(numbers, (n_layer, n_head), strict=False)):
        return f"a model of {n_layer} layers with {n_head} heads"
    return None


def _matches(one: Expectation, insight: Insight) -> bool:
    places = {"anywhere": True, "any layer": insight.scope == "layer", "any head": insight.scope == "head"}
    at = places.get(one.where, insight.where == one.where)
    return insight.kind == one.claim and at and one.phase in ("any", insight.phase)


def _told(insights: list[Insight]) -> str:
    """ "observed at L1H0, L2H3; confirmed at L2H1"."""
    by_status: dict[str, list[str]] = {}
    for one in insights:
        by_status.setdefault(one.status, []).append(one.where)
    parts = [
        f"{status} at {', '.join(places[:6])}{', …' if len(places) > 6 else ''}" for status, places in by_status.items()
    ]
    return "; ".join(parts) or "not observed"


# -- numbers -----------------------------------------------------------------------------------------------------------
def _number(one: Expectation, documents: Documents) -> Judgement:
    subject, expected = str(one.number), _bounds(one)
    try:
        value = documents.value(subject)
    except LackingError as error:
        return Judgement(subject, expected, str(error), OPEN)
    if "equals" in one.model_fields_set:
        return _equal(one, subject, expected, value)
    mean, low, high = _span(value)
    if mean is None:
        return Judgement(subject, expected, _shown(value), OPEN)
    if not one.surely:
        return Judgement(subject, expected, _shown(value), HOLDS if _inside(one, mean) else FAILS)
    if low is None or high is None:
        return Judgement(subject, expected, f"{_shown(value)}, without an interval", OPEN)
    whole = _inside(one, low) and _inside(one, high)
    beyond = (one.at_least is not None and high < one.at_least) or (one.at_most is not None and low > one.at_most)
    return Judgement(subject, expected, _shown(value), HOLDS if whole else FAILS if beyond else OPEN)


def _equal(one: Expectation, subject: str, expected: str, value: Any) -> Judgement:
    """Equal as they stand; numbers also where they are so near."""
    told = one.equals
    mean, *_ = _span(value)
    if isinstance(told, int | float) and not isinstance(told, bool):
        same = mean is not None and abs(mean - told) <= one.tolerance
    else:
        same = type(value) is type(told) and value == told
    return Judgement(subject, expected, _shown(value), HOLDS if same else FAILS)


def _inside(one: Expectation, value: float) -> bool:
    return (one.at_least is None or value >= one.at_least) and (one.at_most is None or value <= one.at_most)


def _span(value: Any) -> tuple[float | None, float | None, float | None]:
    """Mean, low and high; None for what is no number."""
    if isinstance(value, dict):
        mean, low, high = (_plain(value.get(name)) for name in ("mean", "low", "high"))
        return mean, low, high
    return _plain(value), None, None


def _plain(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _bounds(one: Expectation) -> str:
    if "equals" in one.model_fields_set:
        return _shown(one.equals) + (f" ± {one.tolerance:g}" if one.tolerance else "")
    parts = [f"at least {one.at_least:g}"] if one.at_least is not None else []
    parts += [f"at most {one.at_most:g}"] if one.at_most is not None else []
    return " and ".join(parts) + (", surely" if one.surely else "")


def _shown(value: Any) -> str:
    """A value in a few words."""
    mean, low, high = _span(value)
    if isinstance(value, dict) and mean is not None:
        return f"{mean:.4g}" + (f" [{low:.4g}, {high:.4g}]" if low is not None and high is not None else "")
    if mean is not None:
        return f"{mean:.6g}"
    if isinstance(value, dict | list):
        return f"a {'list' if isinstance(value, list) else 'group'} of {len(value)}"
    return {None: "no number (null)", True: "true", False: "false"}.get(value, str(value)[:80])
