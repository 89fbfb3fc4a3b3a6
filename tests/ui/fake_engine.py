"""An engine that lives in the test's own process and answers with synthetic records."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TypeVar

import numpy as np

from adtui.records.attention import CellInfo, HeadView, Sheet
from adtui.records.chances import Chances
from adtui.records.errors import CheckpointError
from adtui.records.insight import Insight
from adtui.records.list_messages import Describe, Described
from adtui.records.messages import (
    Cancel,
    Cancelled,
    CellReady,
    ChancesReady,
    Done,
    ExportAll,
    Exported,
    ExportView,
    Failed,
    GetCell,
    GetChances,
    GetSheet,
    GetView,
    GetWeights,
    InsightFound,
    Opened,
    OpenRun,
    Progress,
    Ready,
    Reply,
    Request,
    SheetReady,
    StatsReady,
    ViewReady,
    WeightsReady,
)
from adtui.records.run import RunInfo
from adtui.records.sample import Sample
from adtui.records.statistics import HeadStats, SampleStats, SeedStats
from adtui.worlds.settings import run_settings

LAYERS, HEADS, CONTEXT, EPISODE = 3, 4, 59, 20
Asked = TypeVar("Asked", bound=Request)


def sample(history: int = 0, context: int = CONTEXT) -> Sample:
    """A history of a goal-seeking walk, three episodes long."""
    rng = np.random.default_rng(history)
    tokens = np.arange(context + 1)
    states = rng.integers(0, 9, (context + 1, 2))
    return Sample(
        label=f"goal (2,{history}) stream 0",
        states=states[:-1],
        actions=rng.integers(0, 5, context),
        rewards=(rng.random(context) < 0.1).astype(np.float32),
        next_states=states[1:],
        query_state=states[-1],
        episode=tokens // EPISODE,
        step=tokens % EPISODE,
        goal=(2, history),
        history=history,
    )


def run_info(samples: int = 3, step: int = 1000, layers: int = LAYERS, heads: int = HEADS) -> RunInfo:
    """A run with some samples."""
    return RunInfo(
        name="AD-darkroom-seed0",
        path=f"runs/AD-darkroom-seed0/ckpt-{step}.pt",
        step=step,
        family="encoder · pre-norm · causal",
        device="cpu",
        n_layer=layers,
        n_head=heads,
        d_model=32,
        n_actions=5,
        n_context_max=CONTEXT,
        parameters=12345,
        samples=tuple(sample(index) for index in range(samples)),
        source="synthetic histories",
        logit_gap=1e-7,
        settings=run_settings({"horizon": 20, "env_split_seed": 0, "train_env_ratio": 0.9, "env": "darkroom"}),
        notes=("this run is synthetic",),
    )


def matrix(
    layer: int, head: int | None, sample_index: int, tokens: int = CONTEXT + 1, contrast: float = 1.0
) -> np.ndarray:
    """(N, N) causal attention whose rows sum to 1; each head looks at another lag, with a contrast of 0 at none."""
    seed = 100 * sample_index + 10 * layer + (9 if head is None else head)
    logits = np.random.default_rng(seed).normal(size=(tokens, tokens))
    lag = np.arange(tokens)[:, None] - np.arange(tokens)[None, :]
    logits += 4.0 * np.exp(-(((lag - 5 * (seed % 7)) / 2.0) ** 2))
    logits *= contrast
    logits[lag < 0] = -np.inf
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def pool(
    full: np.ndarray, rows: int, cols: int, window: tuple[int, int, int, int] | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Max-pool to at most rows × cols: pooled, row edges, column edges, peaks. Most screens ask for the same ones."""
    pooled, row_edges, col_edges, peak = _pooled(full.tobytes(), full.shape, rows, cols, window)
    return pooled.copy(), row_edges.copy(), col_edges.copy(), peak.copy()


@functools.lru_cache(maxsize=4096)
def _pooled(
    weights: bytes, shape: tuple[int, ...], rows: int, cols: int, window: tuple[int, int, int, int] | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    full = np.frombuffer(weights, np.float32).reshape(shape)
    tokens = full.shape[0]
    start, stop, left, right = window or (0, tokens, 0, tokens)
    row_edges = np.linspace(start, stop, min(rows, stop - start) + 1).astype(np.int64)
    col_edges = np.linspace(left, right, min(cols, right - left) + 1).astype(np.int64)
    pooled = np.full((len(row_edges) - 1, len(col_edges) - 1), np.nan, np.float32)
    peak = np.full((*pooled.shape, 2), -1, np.int64)
    for r, (top, bottom) in enumerate(itertools.pairwise(row_edges)):
        for c, (first, last) in enumerate(itertools.pairwise(col_edges)):
            queries, keys = np.mgrid[top:bottom, first:last]
            block = np.where(keys <= queries, full[top:bottom, first:last], -1.0)
            if block.max() >= 0:
                best = np.unravel_index(int(block.argmax()), block.shape)
                pooled[r, c] = block[best]
                peak[r, c] = (top + best[0], first + best[1])
    return pooled, row_edges, col_edges, peak


def head_view(request: GetView, tokens: int = CONTEXT + 1, contrast: float = 1.0) -> HeadView:
    """The answer to a view request."""
    place, frame = request.place, request.frame
    full = matrix(place.layer, place.head, place.sample, tokens, contrast)
    pooled, row_edges, col_edges, peak = pool(full, frame.rows, frame.cols, frame.window)
    query = place.query % full.shape[0]
    entropy = -(full * np.log(np.maximum(full, 1e-30))).sum(axis=1)
    return HeadView(
        replace(place, query=query),
        pooled,
        row_edges,
        col_edges,
        peak,
        full[query],
        full.mean(axis=0),
        entropy.astype(np.float32),
    )


def sheet(request: GetSheet) -> Sheet:
    """The answer to a sheet request."""
    thumbnails = [
        [pool(matrix(layer, head, request.sample), request.frame.rows, request.frame.cols)[0] for head in range(HEADS)]
        for layer in range(LAYERS)
    ]
    entropy = np.random.default_rng(request.sample).random((LAYERS, HEADS))
    return Sheet(request.sample, np.array(thumbnails, np.float32), entropy)


def chances(sample_index: int, index: int) -> Chances:
    """The answer to a question for the actions; every state has its own."""
    return Chances(sample_index, index, np.random.default_rng([sample_index, index]).dirichlet(np.ones(5)))


def described(number: int, path: str) -> Described:
    """A family of each, and a stored return of those whose name says seed0; what is called `broken` does not open."""
    if path.endswith("broken"):
        return Described(number, path, "does not open: bytes of another kind", opens=False)
    family = "dpt · query first" if "DPT" in path else "encoder · pre-norm · causal"
    return Described(number, path, family, True, *((17.197, 17.25) if path.endswith("seed0") else ()))


def head_stats(seed: int, context: int = CONTEXT) -> HeadStats:
    """Numbers of the right shapes."""
    rng = np.random.default_rng(seed)

    def numbers() -> np.ndarray:
        return rng.random((LAYERS, HEADS))

    names = [name for name in HeadStats.__dataclass_fields__ if not name.startswith("n_")]
    values = {name: numbers() for name in names}
    values["max_position"] = rng.integers(0, context, (LAYERS, HEADS))
    values["holding"] = rng.integers(1, context, (LAYERS, HEADS, 4))
    values["episode_lift"] = rng.random((LAYERS, HEADS, 3))
    return HeadStats(**values, n_rewarded=5, n_revisit=2, n_induction=3, n_ngram=1)


def sample_stats(seed: int, context: int = CONTEXT) -> SampleStats:
    """Plain, weighted and seed statistics."""
    seeds = tuple(SeedStats(context + 1, context, 0.016, 0.02, 7, 1.5, 3.9) for _ in range(LAYERS))
    return SampleStats(head_stats(seed, context), head_stats(seed + 1, context), seeds)


def insight(layer: int = 1, head: int | None = 2) -> Insight:
    """One recency insight."""
    return Insight(
        kind="recency",
        scope="head",
        sentence="looks at the most recent quarter 3.1 times as much as at the oldest",
        effect=3.1,
        interval=(2.4, 3.9),
        n=3,
        threshold=2.0,
        caveat="says nothing about what recent tokens are used for",
        suggests=("recent",),
        layer=layer,
        head=head,
        n_keys=CONTEXT,
    )


class FakeEngine:
    """Answers at once, or when told to.

    Attributes:
        sent: every request, in order.
        holding: request types whose answers wait in `held` until `release`.
        user_error: what OpenRun fails with, or None.
    """

    def __init__(self, run: RunInfo | None = None) -> None:
        self.run = run or run_info()
        self.sent: list[Request] = []
        self.holding: tuple[type[Request], ...] = ()
        self.held: list[Request] = []
        self.user_error: CheckpointError | None = None
        self.starts = 0
        self.closed = False
        self.reason: str | None = None
        self.log: tuple[str, ...] = ()
        self._opened = self.run
        self._ids = itertools.count(1)
        self._queue: asyncio.Queue[Reply | None] = asyncio.Queue()

    # -- what the app calls ------------------------------------------------------------------------------------------
    def next_id(self) -> int:
        return next(self._ids)

    async def start(self) -> None:
        self.starts += 1
        self.reason = None
        self._queue = asyncio.Queue()
        self._queue.put_nowait(Ready(0, 1))

    def send(self, request: Request) -> None:
        self.sent.append(request)
        if isinstance(request, self.holding):
            self.held.append(request)
        else:
            self.answer(request)

    async def replies(self) -> AsyncIterator[Reply]:
        while (reply := await self._queue.get()) is not None:
            yield reply

    async def close(self, *, busy: bool) -> None:
        self.closed = True
        self._queue.put_nowait(None)

    # -- what tests call ---------------------------------------------------------------------------------------------
    def asked(self, kind: type[Asked]) -> list[Asked]:
        """Requests of one kind, in order."""
        return [request for request in self.sent if isinstance(request, kind)]

    def say(self, *replies: Reply) -> None:
        """Put replies on the pipe."""
        for reply in replies:
            self._queue.put_nowait(reply)

    def release(self, request: Request) -> None:
        """Answer a request that was held."""
        self.held.remove(request)
        self.answer(request)

    def die(self, reason: str, *log: str) -> None:
        """Leave, as a process that was killed does."""
        self.reason, self.log = reason, log
        self._queue.put_nowait(None)

    def answer(self, request: Request) -> None:
        """What the real engine would say."""
        number = request.id
        match request:
            case OpenRun():
                self._open(number)
            case Describe(path=path):
                self.say(described(number, path))
            case GetView():
                self.say(ViewReady(number, head_view(request, self._opened.samples[request.place.sample].n_tokens)))
            case GetSheet():
                self.say(SheetReady(number, sheet(request)))
            case GetCell():
                self.say(CellReady(number, CellInfo(request.place, request.key, 0.25, 2, CONTEXT + 1)))
            case GetWeights(place=place, window=(first, last, left, right)):
                whole = matrix(place.layer, place.head, place.sample)[first:last, left:right]
                self.say(WeightsReady(number, place, request.window, whole))
            case GetChances():
                self.say(ChancesReady(number, chances(request.sample, request.index)))
            case ExportView():
                self.say(
                    Progress(number, "export", 1, 1),
                    Exported(number, "/tmp/figs/attention", ("a.png",)),
                    Done(number, "export"),
                )
            case ExportAll():
                self.say(
                    Progress(number, "export", 2, 2),
                    Exported(number, "/tmp/figs/attention", ("a.png", "b.png")),
                    Done(number, "export"),
                )
            case Cancel():
                self.say(Cancelled(request.job, "export"))

    def _open(self, number: int) -> None:
        if self.user_error is not None:
            self.say(Failed(number, self.user_error, "user"))
            return
        self._opened = self.run
        self.say(Opened(number, self.run))
        for index in range(len(self.run.samples)):
            self.say(StatsReady(number, index, sample_stats(index)), Progress(number, "analysis", index + 1, 3, 2.0))
        self.say(InsightFound(number, insight()), Done(number, "analysis"))
