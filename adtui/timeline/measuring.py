"""One checkpoint's model → its heads on fixed contexts, and its return in fixed rooms."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
from torch import Tensor

from ..attention.capture import query_row
from ..insights.evidence import MIN_HISTORIES, Evidence
from ..insights.judging import Judging
from ..insights.kinds import INSIGHT_KINDS
from ..models.attend import Wants
from ..models.model import Model
from ..models.recorders import HeadsRecorder
from ..records.arrays import Floats, Ints
from ..records.defaults import TIMELINE_HISTORIES, TIMELINE_LAST
from ..records.interval import Interval
from ..records.sample import Sample
from ..records.statistics import SampleStats
from ..records.timeline import ENTROPY, Effects, Returns
from ..statistics.averages import aggregate
from ..statistics.heads import head_stats, visible_part
from ..statistics.intervals import estimate
from ..worlds.draws import Use
from ..worlds.returns import EvaluationPlan
from ..worlds.rollouts import rolling

KINDS = tuple(
    kind for kind in INSIGHT_KINDS if "head" in kind.scopes and kind.across is None and kind.name != "landmark"
)
"""The claims about heads that query rows tell. A landmark needs the rows of all queries, a phase change two phases."""


def heads(model: Model, samples: Sequence[Sample]) -> Generator[None, None, dict[str, Effects]]:
    """Every claim about every head, judged as `adtui analyze` judges it on these contexts; yields after each context
    and after each kind of claim.

    Raises:
        ModelError: a context does not fit the model.
    """
    seen = [visible_part(sample, model.layout(sample)) for sample in samples]
    stats = []
    for sample, part in zip(samples, seen, strict=True):
        stats.append(_stats(model, sample, part))
        yield
    shape = (model.n_layer, model.n_head)
    even = aggregate([one.plain for one in stats], samples)["entropy_norm"]
    no = np.zeros(shape, np.bool_)
    found = {ENTROPY: Effects(even.mean, even.low, even.high, even.n, no, no)}
    evidence = Evidence(stats, seen)
    first = 1 + model.n_layer  # the model's and the layers' scopes stand before the heads'
    for kind in KINDS:
        judging = Judging(kind, evidence)
        effects = judging.effects()
        holds = judging.holding(effects)[first:]
        ends = zip(effects.low[first:].tolist(), effects.high[first:].tolist(), strict=True)
        lacks = np.array([kind.rule.excluded_by(low, high, evidence.n_keys) for low, high in ends])
        mean, low, high, n = (getattr(effects, name)[first:].reshape(shape) for name in ("mean", "low", "high", "n"))
        enough = n >= MIN_HISTORIES
        found[kind.name] = Effects(
            mean, low, high, n, np.array(holds).reshape(shape) & enough, lacks.reshape(shape) & enough
        )
        yield
    return found


def _stats(model: Model, sample: Sample, seen: Sample) -> SampleStats:
    """Statistics of query rows; nothing here asks for those weighted by values."""
    layout = model.layout(sample)
    row = query_row(model, sample).query_row.astype(np.float64)
    plain = head_stats(layout.by_transition(row), seen, layout.other(row))
    return SampleStats(plain, plain, ())


class _Read(HeadsRecorder):
    """Looks at nothing; of the last layer only the token at which the action is read is then computed."""

    wants: Wants = "read"

    def heads(self, layer: int, q: Tensor, k: Tensor, v: Tensor, out_weight: Tensor) -> None:
        """Not asked for."""


def returns(model: Model, plan: EvaluationPlan) -> Generator[None, None, Returns]:
    """Roll the model out in `rooms(plan)`; yields after every step."""
    goals = rooms(plan)

    def policy(states: Ints, actions: Ints, rewards: Floats, next_states: Ints, query_states: Ints) -> Floats:
        # a flow acts by what it is integrated to, which no recorder sees
        recorder = None if model.network.integrates else _Read()
        return model.policy(states, actions, rewards, next_states, query_states, recorder)

    past = yield from rolling(
        policy, plan.world, goals, plan.episodes, plan.n_context, seed=plan.seed, use=Use.ROOMS, stride=plan.stride
    )
    paid = past.returns().astype(np.float64)
    both = estimate(np.column_stack([paid[:, 0], paid[:, -TIMELINE_LAST:].mean(axis=1)]), np.arange(len(goals)))
    first, last = (
        Interval(*(float(value) for value in ends)) for ends in zip(both.mean, both.low, both.high, strict=True)
    )
    return Returns(first, last, min(TIMELINE_LAST, plan.episodes), len(goals))


def rooms(plan: EvaluationPlan) -> Ints:
    """(R,) the goal of each room: held-out ones in the split's order, in turn where there are fewer."""
    return np.resize(np.array(plan.split.test, np.int64), TIMELINE_HISTORIES)
