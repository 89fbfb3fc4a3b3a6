"""The straight line as one object: run directory → checkpoint → model → samples → attention → statistics → insights.

The engine drives it for the app, the command line drives it for `analyze`, `export` and `extract`.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..attention import views
from ..attention.capture import Capture, capture
from ..attention.knock_outs import knock_out, mute
from ..attention.pooling import Pictures
from ..files.checkpoint import FileState
from ..insights.log import InsightLog
from ..models.model import Model
from ..records.arrays import Floats
from ..records.attention import Attention, CellInfo, HeadView, Sheet, Window
from ..records.axis import Axis
from ..records.chances import Chances
from ..records.defaults import SEED
from ..records.insight import Insight, KnockOut, Placebo
from ..records.layout import TRANSITIONS, Layout
from ..records.look import USUAL, Look
from ..records.place import Frame, Place
from ..records.provenance import Provenance
from ..records.run import MoreSamples, RunInfo
from ..records.sample import Sample
from ..records.statistics import SampleStats
from ..records.steps import at_one_go
from ..statistics.heads import sample_stats, visible_part
from ..worlds.settings import known_world
from .about import provenance_of, title_of
from .bounds import check_cell, check_head, check_round, check_transition, check_window
from .insight_tests import InsightTests
from .walks import Walks

if TYPE_CHECKING:
    from ..reports.export import Exhibit

CAPTURES_KEPT = 8


@dataclass
class Session:
    """An opened run: its model, its samples, and what has been computed of them so far.

    Captures (queries and keys, O(L·N·d) each) are kept for the few samples looked at last, and what pictures of large
    matrices are made of (see `pooling`) for the few heads looked at last; attention and statistics, O(L·H·N), for all.

    Attributes:
        waiting: how many samples there will be beside those it has: `grow` makes them out of `more`.
        begun: the first so many: "every figure" is of these, however few it opened with. 0 for those it opened with.
        walks: what the map shows.
        file: the checkpoint's file as it was read.
    """

    info: RunInfo
    model: Model
    seed: int = SEED
    waiting: int = 0
    begun: int = 0
    more: Iterator[tuple[Sample, ...]] = field(default_factory=lambda: iter(()))
    attentions: dict[int, Attention] = field(default_factory=dict)
    stats: dict[int, SampleStats] = field(default_factory=dict)
    logged: set[int] = field(default_factory=set)
    log: InsightLog = field(default_factory=InsightLog)
    placebo: Placebo | None = None
    file: FileState | None = None
    _captures: OrderedDict[int, Capture] = field(default_factory=OrderedDict)
    _pictures: Pictures = field(default_factory=Pictures)
    _asked: dict[tuple[object, ...], Insight] = field(default_factory=dict)
    _tests: InsightTests | None = None

    def __post_init__(self) -> None:
        self.begun = self.begun or len(self.samples)
        self.walks = Walks(self)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The contexts, so far."""
        return self.info.samples

    def grow(self, enough: float = math.inf) -> Iterator[MoreSamples | None]:
        """Make the samples that wait, all or until there are enough; yields after every step, at times what is new."""
        while len(self.samples) < enough and (samples := next(self.more, None)) is not None:
            if not samples:
                yield None
                continue
            memory = self.model.compressor(samples)
            layouts = tuple(self.model.layout(sample) for sample in samples)
            more = MoreSamples(samples, layouts, memory.rounds if memory else ())
            self.info = self.info.grown(more)
            self.waiting -= len(samples)
            yield more

    def capture(self, index: int) -> Capture:
        """The capture of sample `index`, from memory where it is still there."""
        check_transition(self.info, index, 0)
        if index not in self._captures:
            self._captures[index] = capture(self.model, self.samples[index])
            while len(self._captures) > CAPTURES_KEPT:
                self._captures.popitem(last=False)
        self._captures.move_to_end(index)
        return self._captures[index]

    def layout(self, index: int) -> Layout:
        """What the tokens of sample `index` stand for."""
        return self.info.layout(index)

    def measure(self, index: int) -> SampleStats:
        """Statistics of sample `index`, without a word to the log: whoever needs numbers early takes them here."""
        if index not in self.stats:
            self.attentions[index] = self.capture(index).attention
            self.stats[index] = sample_stats(
                self.attentions[index], self.samples[index], self.layout(index), causal=self.model.causal
            )
        return self.stats[index]

    def measure_all(self) -> Iterator[int]:
        """Measure every sample; yields each index when it is done."""
        for index in range(len(self.samples)):
            self.measure(index)
            yield index

    def analyse(self, index: int) -> tuple[SampleStats, list[Insight]]:
        """`analysing` at one go."""
        return at_one_go(self.analysing(index))

    def analysing(self, index: int) -> Generator[None, None, tuple[SampleStats, list[Insight]]]:
        """Statistics of sample `index`, and the insights that are new or changed since they were told last.

        Insights are stated now and then, as each time is work for all samples so far: see `_due`. Yields after every
        small step of that; stopped in between, the sample is as if it had not been analysed.
        """
        stats, found = self.measure(index), list[Insight]()
        if index in self.logged:
            return stats, found
        known = sorted({*self.logged, index})
        if self._due(len(known)):
            seen = [visible_part(self.samples[i], self.layout(i)) for i in known]
            found = yield from self.log.updating([self.stats[i] for i in known], seen)
        self.logged.add(index)
        return stats, found

    def _due(self, count: int) -> bool:
        """Whether to state insights after so many samples: after 3, 6 and 9, then with twice as many, and after all.

        The work is then that of a few times with all of them; each time a sample came, it grew with their square.
        """
        last = not self.waiting and count == len(self.samples)
        return last or count in (3, 6) or (count % 9 == 0 and (count // 9).bit_count() == 1)

    def analyse_all(self) -> Iterator[int]:
        """Analyse every sample; yields each index when it is done."""
        for index in range(len(self.samples)):
            self.analyse(index)
            yield index

    def test_insights(self) -> Iterator[Insight | tuple[int, int]]:
        """Knock out what each observed insight names, in every context that it is about; analyse all samples first.

        Yields as `InsightTests.run` does; `placebo` is known afterwards.
        """
        for one in self.log.insights:
            if one.status == "observed":
                self._asked[one.key] = one
        # one that was tested before the tests were stopped is tested again, as it was observed
        observed = [self._asked[one.key] for one in self.log.insights if one.key in self._asked]
        layouts = [self.layout(index) for index in range(len(self.samples))]
        world = known_world(self.info.settings)
        tests = InsightTests(self.model, self.samples, layouts, self.attentions, self.seed, world)
        yield from self._restating(tests.run(observed))
        self.placebo, self._tests = tests.placebo(), tests

    def redraws(self) -> Iterator[Insight | tuple[int, int]]:
        """Whether what is confirmed would be with other contexts: `InsightTests.redraws`, after `test_insights`."""
        if self._tests is not None:
            yield from self._restating(self._tests.redraws([self.stats[i] for i in range(len(self.samples))]))

    def _restating(self, told: Iterator[Insight | tuple[int, int]]) -> Iterator[Insight | tuple[int, int]]:
        for found in told:
            if isinstance(found, Insight):
                self.log.restate(found)
            yield found

    def matrices(self, sample: int, layer: int) -> Floats:
        """(H, N, N) attention of every head of a layer."""
        return self.capture(sample).heads.matrices(layer)

    def view(self, place: Place, frame: Frame, check: Callable[[], None] = lambda: None) -> HeadView:
        """One head's picture and its curves; `check` is called now and then, and may raise to stop it.

        Raises:
            EngineError: the sample, head, round or window does not exist.
        """
        captured = self.capture(place.sample)
        if place.round is not None:
            check_round(self.info, captured, place.round, place.layer, place.head)
            return views.round_view(captured, place, frame)
        check_head(self.info, place.layer, place.head)
        check_window(frame.window, captured.heads.layout.view(place.unit).n_tokens)
        return views.view(captured, place, frame, pictures=self._pictures, check=check)

    def sheet(self, sample: int, frame: Frame, unit: str = TRANSITIONS) -> Generator[None, None, Sheet]:
        """Thumbnails of every head of one sample; yields after every one.

        Raises:
            EngineError: there is no such sample.
        """
        entropy = self.measure(sample).plain.entropy_norm
        return views.sheet(self.capture(sample), sample, frame, unit, entropy_norm=entropy, pictures=self._pictures)

    def cell(self, place: Place, key: int) -> CellInfo:
        """One attention weight and its rank.

        Raises:
            EngineError: the sample, head, round or weight does not exist.
        """
        captured = self.capture(place.sample)
        if place.round is None:
            check_head(self.info, place.layer, place.head)
            queries = keys = captured.heads.layout.view(place.unit).n_tokens
        else:
            check_round(self.info, captured, place.round, place.layer, place.head)
            one = captured.rounds[place.round]
            queries, keys = one.cross.shape[2], one.layout.view(place.unit).n_tokens
        check_cell(place.query, key, queries, keys)
        return views.cell(captured, place, key)

    def weights(self, place: Place, window: Window) -> Floats:
        """A part of one matrix, weight by weight; of a compressor's round all of it. Raises as `view` does."""
        captured = self.capture(place.sample)
        if place.round is not None:
            check_round(self.info, captured, place.round, place.layer, place.head)
            return views.round_weights(captured, place)
        check_head(self.info, place.layer, place.head)
        check_window(window, captured.heads.layout.view(place.unit).n_tokens)
        return views.weights(captured, place, window)

    def chances(self, sample: int, index: int) -> Chances:
        """What the model would do at the state of a sample's transition, given those before it.

        Raises:
            EngineError: there is no such sample or transition.
        """
        check_transition(self.info, sample, index)
        chosen = self.samples[sample]
        said = self.model.chances(chosen.until(index))
        return Chances(sample, index, said, arrows=chosen.arrows, head=self.model.head)

    def knock_out(self, sample: int, transitions: Sequence[int], head: tuple[int, int] | None = None) -> KnockOut:
        """What hiding transitions, or muting `head` (layer, head) instead, does to the action at a sample's query.

        Raises:
            EngineError: the sample or head does not exist.
        """
        self.capture(sample)  # or says so
        if head is not None:
            check_head(self.info, *head)
            return mute(self.model, self.samples[sample], *head)
        return knock_out(self.model, self.samples[sample], transitions, seed=self.seed, index=sample)

    @property
    def title(self) -> str:
        """The run and its contexts, in words: what every figure is about."""
        return title_of(self.info)

    def provenance(self, made: str) -> Provenance:
        """Where what `made` says of the contexts comes from."""
        return provenance_of(self.info, self.file, made)

    def exhibit(self, layers: Sequence[int] | None = None, count: int | None = None, look: Look = USUAL) -> Exhibit:
        """What there is to draw of the first `count` samples, or of all; they must have been measured."""
        from ..reports.export import Exhibit  # matplotlib: only for those who draw

        info = self.info.first(len(self.samples) if count is None else count)
        order = range(len(info.samples))
        memory = info.compressor
        return Exhibit(
            title=title_of(info),
            axes=[Axis(self.layout(index), sample) for index, sample in enumerate(info.samples)],
            attentions=[self.attentions[index] for index in order],
            stats=[self.stats[index] for index in order],
            matrices=self.matrices,
            layers=list(range(self.model.n_layer)) if layers is None else layers,
            rounds=lambda index: self.capture(index).rounds,
            provenance=provenance_of(info, self.file, "export"),
            look=look,
            n_compressor_figures=0 if memory is None else memory.n_layer * sum(1 for one in memory.rounds if one),
        )
