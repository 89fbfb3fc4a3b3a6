"""Every kind of insight: what it measures, how it is said, what it does not show, which strategies it suggests.

A new kind is one function in `measures`, one line in `thresholds.RULES`, and one `Kind` here; what it names for a
knock-out is one line in `named_transitions`.
"""

from __future__ import annotations

from ..records.sample import EXPLOIT, EXPLORE
from .kind import Kind
from .measures import (
    effective_share,
    episodes,
    log_depth_change,
    log_effective,
    log_induction_lift,
    log_landmark,
    log_ngram_lift,
    log_recent_distant,
    log_revisit_lift,
    log_reward_lift,
    log_sink,
    runs,
    share_holding_90,
    specialisation,
)
from .thresholds import RULES
from .wording import brief


def _says_recency(ratio: float, n: int) -> str:
    return (
        f"leans on recent tokens: the newest quarter ({max(1, n // 4)} tokens) gets {brief(ratio)} times the attention "
        f"of the oldest"
    )


def _says_primacy(ratio: float, n: int) -> str:
    return (
        f"leans on old tokens: the oldest quarter ({max(1, n // 4)} tokens) gets {brief(1 / ratio)} times the "
        f"attention of the newest"
    )


def _says_spread(ratio: float, _n: int) -> str:
    return f"spreads its attention over the history: newest/oldest quarter = {brief(ratio)}"


def _says_uniform(share: float, n: int) -> str:
    return f"is nearly uniform: {share * n:.0f} of {n} positions ({share:.0%}) are effective (e^entropy)"


def _says_sparse(share: float, n: int) -> str:
    return f"is sparse: {share * n:.0f} of {n} positions ({share:.0%}) hold 90 % of its attention"


def _says_sink(lift: float, n: int) -> str:
    return f"has a sink: the first token gets {lift / n:.0%} of its attention, {brief(lift)} times its uniform share"


def _says_landmark(lift: float, _n: int) -> str:
    return (
        f"keeps coming back to a landmark: over all queries, one transition receives {brief(lift)} times what uniform "
        f"attention would give it"
    )


def _says_clustered(ratio: float, _n: int) -> str:
    return (
        f"attends in clusters: the transitions above their share form {ratio:.0%} of the runs that as many would form "
        f"at random"
    )


def _says_reward(lift: float, _n: int) -> str:
    return f"seeks rewards: rewarded transitions, where they are sparse, get {brief(lift)} times their uniform share"


def _says_revisit(lift: float, _n: int) -> str:
    return f"looks for its own state: transitions from the query's state get {brief(lift)} times their uniform share"


def _says_induction(lift: float, _n: int) -> str:
    return (
        f"attends as an induction head: transitions next after one from the query's state get {brief(lift)} times "
        f"their uniform share"
    )


def _says_ngram(lift: float, _n: int) -> str:
    return (
        f"matches the last state and action: transitions from the query's state that were come to as it was get "
        f"{brief(lift)} times their uniform share"
    )


def _says_specialised(share: float, _n: int) -> str:
    return f"has specialised heads: their attention differs by {share:.0%} of the most that heads can differ"


def _change(ratio: float, when: str) -> str:
    """ "narrows with depth: 3 times as few effective positions"."""
    verb, times, many = ("narrows", 1 / ratio, "few") if ratio < 1 else ("widens", ratio, "many")
    return f"{verb} {when}: {brief(times)} times as {many} effective positions"


def _says_depth(ratio: float, _n: int) -> str:
    return f"{_change(ratio, 'with depth')} in the last layer as in the first"


def _says_phase(ratio: float, _n: int) -> str:
    return _change(ratio, "when exploration gives way to exploiting")


def _says_short(count: float, _n: int) -> str:
    return f"sees too short a context: {brief(count)} episodes of it, and AD needs two to improve on the one before"


ENDS = "Compares only the two ends; the middle half does not count."
CHANGES = "Which tokens they are may change from query to query."

INSIGHT_KINDS = (
    Kind(
        "recency", "recency", RULES["recency"], log_recent_distant, "newest/oldest quarter", _says_recency, ENDS,
        ("recent", "exponential", "sink-recent"), is_log=True,
    ),
    Kind(
        "primacy", "primacy", RULES["primacy"], log_recent_distant, "newest/oldest quarter", _says_primacy, ENDS,
        ("top-attention", "heavy-hitters"), is_log=True,
    ),
    Kind(
        "spread", "an even spread", RULES["spread"], log_recent_distant, "newest/oldest quarter", _says_spread,
        "Compares only the two ends; a few tokens may still hold most of the mass.",
        ("uniform", "top-attention"), is_log=True,
    ),
    Kind(
        "uniform", "uniform attention", RULES["uniform"], effective_share, "effective share of positions",
        _says_uniform, "A uniform head may average over the context on purpose, or do nothing.", ("uniform",),
    ),
    Kind(
        "sparse", "sparse attention", RULES["sparse"], share_holding_90, "share of positions holding 90 %",
        _says_sparse, CHANGES, ("top-attention", "threshold", "adaptive"),
    ),
    Kind(
        "sink", "a sink", RULES["sink"], log_sink, "first token's share over its uniform share", _says_sink,
        "A sink often takes attention that has nowhere to go; its value may be near zero.", ("sink-recent",),
        is_log=True,
    ),
    Kind(
        "landmark", "landmarks", RULES["landmark"], log_landmark, "largest attention received over uniform",
        _says_landmark,
        "The largest of many is large by chance too; it is a landmark in this context only.",
        ("heavy-hitters", "value-weighted"), is_log=True,
    ),
    Kind(
        "clustered", "clustered attention", RULES["clustered"], runs, "runs over those expected at random",
        _says_clustered, "Neighbours are alike: the same states, the same episode. " + CHANGES, ("episodes", "medoids"),
    ),
    Kind(
        "reward-seeking", "reward-seeking", RULES["reward-seeking"], log_reward_lift, "reward lift", _says_reward,
        "Rewarded transitions differ in more than their reward: where the agent is, and when.",
        ("newest+rewarded", "rewarded-first"), is_log=True,
    ),
    Kind(
        "state-revisit", "state-revisiting", RULES["state-revisit"], log_revisit_lift, "revisit lift", _says_revisit,
        "The newest transitions are often from the same or a neighbouring state.",
        ("top-attention", "observation-window"), is_log=True,
    ),
    Kind(
        "induction", "induction", RULES["induction"], log_induction_lift, "induction lift", _says_induction,
        "What follows a state is near it in time and place. What the agent did there stands in the transition before.",
        ("top-attention", "observation-window"), is_log=True,
    ),
    Kind(
        "n-gram", "n-gram matching", RULES["n-gram"], log_ngram_lift, "n-gram lift", _says_ngram,
        "They are among the transitions from the query's state: a head that looks for the state alone finds them too.",
        ("top-attention", "observation-window"), is_log=True,
    ),
    Kind(
        "specialised heads", "specialised heads", RULES["specialised heads"], specialisation,
        "divergence of heads over its maximum", _says_specialised,
        "Heads that attend apart may still write the same.", ("top-attention", "value-weighted"),
        scopes=("model", "layer"),
    ),
    Kind(
        "depth trend", "a depth trend", RULES["depth trend"], log_depth_change, "effective positions, last/first layer",
        _says_depth, "A straight line through few layers.", ("adaptive",), is_log=True, scopes=("model",),
    ),
    Kind(
        "phase change", "a phase change", RULES["phase change"], log_effective,
        "effective positions, exploiting/exploring", _says_phase,
        "Contexts of the two phases differ in more than the phase.", ("adaptive", "newest+rewarded"), is_log=True,
        across=(EXPLORE, EXPLOIT), in_phases=False,
    ),
    Kind(
        "short context", "a short context", RULES["short context"], episodes, "episodes in the context", _says_short,
        "It is about the contexts that were chosen, not about the model.", ("none",), scopes=("model",),
        in_phases=False, undefined="latents carry what is older, or its episodes are no attempts",
    ),
)  # fmt: skip
