"""Requests to the engine and its replies: what crosses the pipe between the two processes (see `pipe`). No torch here.

Those about compression trials are in `trial_messages`, those about the map in `map_messages`.

Every request carries an `id`; every reply carries the `id` of its request. A reply for a pane that has moved on is
dropped by the app; a newer view request of the same kind replaces an older one that still waits in the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .arrays import Floats
from .attention import CellInfo, HeadView, Sheet
from .chances import Chances
from .defaults import DEVICE, SEED
from .errors import AdtuiError
from .insight import Insight, KnockOut, Placebo
from .layout import TRANSITIONS
from .look import USUAL, Look
from .place import Frame, Place
from .run import MoreSamples, RunInfo
from .statistics import SampleStats


# -- requests ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Request:
    id: int


@dataclass(frozen=True)
class OpenRun(Request):
    """Open a run and analyse its samples; one that is open stays so until this has opened.

    Replies: Opened with the first samples, then StatsReady per sample, SamplesAdded where there are to be more,
    InsightFound, Progress, PlaceboReady where insights were tested, Done.

    Attributes:
        path: run directory, checkpoint file, `runs/latest` or `runs/`.
        device: "auto", "cpu", "cuda", "cuda:1".
        samples: how many contexts, all of them before it opens; None for the usual ones, see `opening.open_session`.
        seed: of the sampling of contexts and of rollouts.
        context: context length in transitions, or None for the longest that the model takes.
        heads, causal: override what the checkpoint says, or None.
        window: show the users' own dataset sample `window` and those after it (one history, shifted by a step).
        histories: the run's HDF5 file, or its directory, where the user names it.
        adapter: the user's file that builds and runs the model, where they name one.
        flow_step: of a flow, the step whose pass is on display; None is the prior pass.
        world: MODULE:FACTORY of the user's, to make contexts in; None takes the run's histories.
    """

    path: str
    device: str = DEVICE
    samples: int | None = None
    seed: int = SEED
    context: int | None = None
    heads: int | None = None
    causal: bool | None = None
    window: int | None = None
    histories: str | None = None
    adapter: str | None = None
    flow_step: int | None = None
    world: str | None = None


@dataclass(frozen=True)
class Expect(Request):
    """What will be asked next, most likely: what takes time can be made ready. No reply, and no fault if it is not."""

    opening: OpenRun


@dataclass(frozen=True)
class Resume(Request):
    """Go on with the analysis of the open run, which was stopped. Replies: as after Opened."""


@dataclass(frozen=True)
class GetView(Request):
    """Ask for one head's picture, pooled into a frame; of a compressor's round it is shown whole. Reply: ViewReady."""

    place: Place
    frame: Frame


@dataclass(frozen=True)
class GetSheet(Request):
    """Ask for thumbnails of every head, each pooled into the frame; they are shown whole. Reply: SheetReady."""

    sample: int
    frame: Frame
    unit: str = TRANSITIONS


@dataclass(frozen=True)
class GetCell(Request):
    """Ask for one attention weight and its rank. Reply: CellReady."""

    place: Place
    key: int


@dataclass(frozen=True)
class GetWeights(Request):
    """Ask for a part of one matrix, weight by weight. Reply: WeightsReady.

    Attributes:
        window: first query, query end, first key, key end.
    """

    place: Place
    window: tuple[int, int, int, int]


@dataclass(frozen=True)
class GetChances(Request):
    """Ask what the model would do at the state of a sample's transition, the context being the transitions before it.

    `index` is the transition, the sample's `n_context` its query. Reply: ChancesReady.
    """

    sample: int
    index: int


@dataclass(frozen=True)
class AskKnockOut(Request):
    """Ask what the action owes to some transitions of a sample, or to one head. Reply: KnockOutReady.

    Attributes:
        transitions: context transitions to hide from every head; empty to mute `head` instead.
        head: (layer, head).
        label: what is taken away, in words, for the answer.
    """

    sample: int
    transitions: tuple[int, ...]
    head: tuple[int, int] | None
    label: str


@dataclass(frozen=True)
class ExportView(Request):
    """Write the figures of what is on the screen, in its look. Replies: Progress, Exported."""

    sample: int
    layer: int
    head: int | None
    directory: str
    look: Look = USUAL


@dataclass(frozen=True)
class ExportAll(Request):
    """Write every figure of the run. Replies: Progress, Exported."""

    directory: str


@dataclass(frozen=True)
class Cancel(Request):
    """Stop the long job with id `job`. Reply: Cancelled with the job's id, when it has stopped."""

    job: int


# -- replies -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Reply:
    id: int


@dataclass(frozen=True)
class Ready(Reply):
    """The engine has started (torch may still be loading)."""

    pid: int


@dataclass(frozen=True)
class Opened(Reply):
    run: RunInfo


@dataclass(frozen=True)
class SamplesAdded(Reply):
    """The run on display has more samples than before: they come after those that it had."""

    more: MoreSamples


@dataclass(frozen=True)
class StatsReady(Reply):
    sample: int
    stats: SampleStats


@dataclass(frozen=True)
class InsightFound(Reply):
    insight: Insight


@dataclass(frozen=True)
class PlaceboReady(Reply):
    """All insights have been tested: what the same tests say of sets named by chance."""

    placebo: Placebo


@dataclass(frozen=True)
class Progress(Reply):
    """`done` of `total` steps of the job `what`; `rate` in steps per second (0 while unknown).

    `note` says in words what else is known, "" where nothing is.
    """

    what: str
    done: int
    total: int
    rate: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class ViewReady(Reply):
    view: HeadView


@dataclass(frozen=True)
class SheetReady(Reply):
    sheet: Sheet


@dataclass(frozen=True)
class CellReady(Reply):
    cell: CellInfo


@dataclass(frozen=True)
class WeightsReady(Reply):
    """`weights` (queries, keys) float32, NaN where a query does not see a key."""

    place: Place
    window: tuple[int, int, int, int]
    weights: Floats


@dataclass(frozen=True)
class ChancesReady(Reply):
    chances: Chances


@dataclass(frozen=True)
class KnockOutReady(Reply):
    """`chances` is of the sample's query, with and without what was taken away."""

    label: str
    result: KnockOut
    chances: Chances


@dataclass(frozen=True)
class Exported(Reply):
    """The files written, in order, and their common directory."""

    directory: str
    paths: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Done(Reply):
    """The long job with this id has ended well."""

    what: str


@dataclass(frozen=True)
class Cancelled(Reply):
    what: str


@dataclass(frozen=True)
class Failed(Reply):
    """The request failed; `error` says what to do. `kind` is "user", "memory" (device out of memory) or "bug"."""

    error: AdtuiError
    kind: str = "user"
    detail: str = ""
