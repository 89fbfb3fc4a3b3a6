"""Knock-outs of what a session's insights name, place after place, and what becomes of the insights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..attention.ablations import Where
from ..attention.knock_outs import ablations, knock_outs
from ..attention.relocations import relocate
from ..insights.agreement import CONTEXTS, DRAWS, OTHERS, chosen_contexts
from ..insights.confirmation import CONTROLS, NOTHING_NAMED, KnockOuts, Test, settle, undecided_yet
from ..insights.following import PLACES, Relocations
from ..insights.named_transitions import NAMES, Heads, every_head, named
from ..insights.placebo import placebo
from ..insights.recurrence import REDRAWS, Recurrence, recurring
from ..insights.stories import told_once
from ..models.model import Model
from ..records.ablation import WAYS
from ..records.arrays import Ints
from ..records.attention import Attention
from ..records.insight import Insight, KnockOut, Placebo
from ..records.layout import Layout
from ..records.sample import Sample, phase_of
from ..records.statistics import SampleStats
from ..records.steps import said
from ..worlds.world import World

UNKNOWN_WORLD = "the run's world is not known"
SAME_PLACE = "every task pays at the same place"
Told = Insight | tuple[int, int]
"""An insight whose status is new, or (insights done, insights in all)."""


def are_quick(model: Model, layouts: Sequence[Layout], insights: Sequence[Insight]) -> bool:
    """Whether these insights are tested in about a minute at most, at twenty billion multiplications a second."""
    tokens = max(layout.n_tokens for layout in layouts)
    observed = sum(one.status == "observed" and one.kind in NAMES for one in insights)
    others = len(OTHERS) * (DRAWS + 1) + len(WAYS) + 2  # passes of the other ablations in a context, if all decided
    passes = observed * (len(layouts) * (CONTROLS + 2) + min(len(layouts), CONTEXTS) * others)
    layer = tokens * (12 * model.d_model**2 + 2 * tokens * model.d_model)
    return passes * model.n_layer * layer < 60 * 2e10 * (1 if model.device.type == "cpu" else 100)


@dataclass
class InsightTests:
    """The tests of one session.

    Attributes:
        samples, layouts, attentions: the session's, by context.
        seed: of the random draws.
        world: what the samples are of; None where it is not known, and rewards cannot be moved.
        tested: the knock-outs so far.
        followed: the moved rewards so far.
        told: the insights as they were given last.
    """

    model: Model
    samples: Sequence[Sample]
    layouts: Sequence[Layout]
    attentions: Mapping[int, Attention]
    seed: int = 0
    world: World | None = None
    tested: list[KnockOuts] = field(default_factory=list)
    followed: Relocations = field(default_factory=Relocations)
    told: dict[tuple[object, ...], Insight] = field(default_factory=dict)
    _seen: dict[int, Heads] = field(default_factory=dict)

    def run(self, insights: Sequence[Insight]) -> Iterator[Told]:
        """Test observed insights; yields after every forward pass, and an insight whenever its status is new.

        Insights about one head, layer or the model go together, because they share their random draws. After each
        place all that were tested are decided together, by the same rule as in the end: a status is provisional until
        the last place, as a correction for more tests may withdraw it, or a true finding among them bring it back.
        Nothing is told to be confirmed or refuted before the other ablations of it are known. Rewards are moved first:
        that takes little, and asks for no insight beforehand.
        """
        done = 0
        for _ in self._move_rewards():
            yield done, len(insights)
        yield from self._news(settle([self.followed]))
        for where, group in _by_place(insights).items():
            yield done, len(insights)
            new = [KnockOuts(one) for one in group if one.kind in NAMES]
            for _ in self._knock_out(where, new):
                yield done, len(insights)
            self.tested += new
            for _ in self._try_others():
                yield done, len(insights)
            yield from (replace(one, tested=NOTHING_NAMED) for one in group if one.kind not in NAMES)
            yield from self._news(settle(self._tests))
            done += len(group)
        for one in self.tested:  # what is left to decide asks for these, some milliseconds each
            _ = one.decidable and (one.effect, one.placebos)
            yield done, len(insights)
        named_by = [{at: found.transitions for at, found in one.knock_outs.items()} for one in self.tested]
        *settled, followed = settle(self._tests)
        yield from self._news([*told_once(settled, named_by), followed])

    def redraws(self, stats: Sequence[SampleStats]) -> Iterator[Told]:
        """Whether what is confirmed would be with its contexts drawn anew; after `run`, and yields as that does."""
        confirmed = [one for one in self.told.values() if one.status == "confirmed"]
        steps = Recurrence(stats, self.samples, self._tests, self.seed).shares(confirmed)
        shares = yield from said(steps, lambda done: (done, REDRAWS))
        yield from self._news([recurring(one, shares[one.key]) for one in confirmed if one.key in shares])

    def placebo(self) -> Placebo | None:
        """Of all tests; None where none could be decided."""
        return placebo(self.tested)

    @property
    def _tests(self) -> list[Test]:
        """All that are decided together; the moved rewards last."""
        return [*self.tested, self.followed]

    def _move_rewards(self) -> Iterator[None]:
        """In every context with a reward."""
        if self.world is None or self.world.ONE_PLACE:
            self.followed.undefined = UNKNOWN_WORLD if self.world is None else f"{self.world.env}: {SAME_PLACE}"
            return
        for index, sample in enumerate(self.samples):
            found = relocate(self.model, sample, self.world, places=PLACES, seed=self.seed, index=index)
            self.followed.add(found, index, sample.cluster)
            yield

    def _knock_out(self, where: Where, group: Sequence[KnockOuts]) -> Iterator[None]:
        """Every insight of one place, in every context that it is about."""
        for index, sample in enumerate(self.samples):
            sets = self._named(index, group) if group else {}
            if not sets:
                continue
            visible = self.layouts[index].visible
            named = [visible[one] for one in sets.values()]
            draws = {"controls": CONTROLS, "seed": self.seed, "index": index}
            steps = knock_outs(self.model, sample, named, where=where, **draws)
            for at, found in zip(sets, (yield from steps), strict=True):
                group[at].add(found, index, sample.cluster)

    def _try_others(self) -> Iterator[None]:
        """The other ablations of what the first test decides, with the same draws, in some of its contexts."""
        places: dict[Where, list[KnockOuts]] = {}
        for one in undecided_yet(self._tests):
            places.setdefault(_place(one.insight), []).append(one)
        for where, group in places.items():
            contexts = [chosen_contexts(one.tasks) for one in group]
            tried: list[dict[tuple[str, str], dict[int, KnockOut]]] = [{how: {} for how in OTHERS} for _ in group]
            for index in sorted(set().union(*contexts)):
                about = [at for at, chosen in enumerate(contexts) if index in chosen]
                named = [group[at].knock_outs[index].transitions for at in about]
                draws = {"controls": DRAWS, "seed": self.seed, "index": index}
                for way in WAYS:
                    if not self.model.network.can_ablate(way, None if where is None else where[0]):
                        continue
                    directions = [direction for other, direction in OTHERS if other == way]
                    steps = ablations(
                        self.model, self.samples[index], named, where=where, way=way, directions=directions, **draws
                    )
                    found = yield from steps
                    for direction in directions:
                        for at, knocked in zip(about, found[direction], strict=True):
                            tried[at][way, direction][index] = knocked
            for claim, others in zip(group, tried, strict=True):
                claim.others = others

    def _named(self, index: int, group: Sequence[KnockOuts]) -> dict[int, Ints]:
        """Of the group's insights, by place in it, those that are about this context, with what they name there."""
        heads = self._heads(index)
        seen, phase = heads.of(group[0].insight), phase_of(heads.sample)
        sets = {at: named(one.insight, seen) for at, one in enumerate(group) if one.insight.phase in ("", phase)}
        return {at: chosen for at, chosen in sets.items() if chosen is not None and len(chosen)}

    def _heads(self, index: int) -> Heads:
        """Kept: every place asks for it."""
        if index not in self._seen:
            sample, layout = self.samples[index], self.layouts[index]
            self._seen[index] = every_head(sample, self.attentions[index], layout, causal=self.model.causal)
        return self._seen[index]

    def _news(self, insights: Sequence[Insight]) -> Iterator[Insight]:
        """Those that say something else than when they were given last."""
        for one in insights:
            before = self.told.get(one.key)
            # repr, because an interval of NaNs is never equal to another
            if repr(before) != repr(one):
                self.told[one.key] = one
                yield one


def _by_place(insights: Sequence[Insight]) -> dict[Where, list[Insight]]:
    places: dict[Where, list[Insight]] = {}
    for one in insights:
        places.setdefault(_place(one), []).append(one)
    return places


def _place(insight: Insight) -> Where:
    return None if insight.layer is None else (insight.layer, insight.head)
