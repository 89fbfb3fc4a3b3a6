"""Engines behind the screens that are kept: every number on them is made by numpy alone.

What torch computes differs in its last digits from machine to machine, and one of them may turn a digit or a colour.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import sides_data
from fake_engine import CONTEXT, FakeEngine, chances, head_view, matrix, pool, sample_stats
from lab_data import LabEngine
from pane_data import insight

from adtui.engine.opening import open_session
from adtui.records.ablation import METRICS, Ablation
from adtui.records.arrays import Floats
from adtui.records.attention import CellInfo, HeadView, Sheet
from adtui.records.insight import KnockOut
from adtui.records.messages import (
    AskKnockOut,
    CellReady,
    Done,
    GetCell,
    GetSheet,
    GetView,
    InsightFound,
    KnockOutReady,
    Opened,
    OpenRun,
    Request,
    SheetReady,
    StatsReady,
    ViewReady,
)
from adtui.records.run import RunInfo
from adtui.records.side_messages import GetPair, MatchHeads, SetBeside

CONTRAST = 0.25
"""Low enough that in the curves 0 and a uniform share are some lines apart: plotext draws labels that share a line one
over the other, in an order that is another one in every process."""
ABLATIONS = tuple(
    Ablation(way, direction, metric, ratio**power, (0.6 * ratio**power, 2 * ratio**power), count, 8, agrees)
    for (way, direction, ratio, count, agrees), (metric, power) in product(
        (
            ("mask", "noising", 4.2, 144, True),
            ("mean", "noising", 3.1, 36, True),
            ("resampled", "noising", 1.6, 36, True),
            ("mask", "denoising", 0.9, 36, None),
            ("mean", "denoising", 2.8, 36, True),
            ("resampled", "denoising", 1.3, 36, True),
        ),
        zip(METRICS, (1.0, 0.5), strict=True),
    )
)
INSIGHTS = (
    insight(
        "rewarded",
        scope="head",
        sentence="looks at rewarded transitions 3.1 times as much as at others",
        layer=0,
        head=1,
        status="confirmed",
        tested="hiding them moves the actions 4.2 times as much as hiding as many random ones",
        suggests=("newest+rewarded",),
        ablations=ABLATIONS,
    ),
    insight("sink", scope="head", sentence="parks attention on the first token", layer=2, head=0, status="refuted"),
    insight("uniform", scope="head", sentence="attends uniformly", layer=2, head=3, status="no evidence"),
)


class ScreenEngine(LabEngine):
    """Finds an insight of every status, and answers knock-outs."""

    def answer(self, request: Request) -> None:
        match request:
            case GetView():
                self.say(ViewReady(request.id, head_view(request, contrast=CONTRAST)))
            case GetSheet():
                self.say(SheetReady(request.id, sheet(request, CONTEXT + 1, self.run)))
            case OpenRun():
                super().answer(request)
                self.say(*(InsightFound(request.id, found) for found in INSIGHTS))
            case SetBeside() | MatchHeads() | GetPair():
                self.say(sides_data.answer(request, self.run))
                if isinstance(request, SetBeside):
                    self.say(Done(request.id, "side by side"))
            case AskKnockOut():
                controls = np.array([0.001, 0.003, 0.05])
                result = KnockOut(request.transitions, None, 0.031, True, controls, np.zeros(3, np.bool_), 0, 3)
                taken = replace(chances(request.sample, CONTEXT), without=np.full(5, 0.2), label=request.label)
                self.say(KnockOutReady(request.id, request.label, result, taken))
            case _:
                super().answer(request)


class FamilyEngine(FakeEngine):
    """A run that the engine itself has opened: its tokens, transitions, latents and rounds."""

    def __init__(self, directory: Path) -> None:
        super().__init__(replace(open_session(directory, device="cpu", samples=2).info, logit_gap=0.0))

    def answer(self, request: Request) -> None:
        match request:
            case GetView() if request.place.round is not None:
                self.say(ViewReady(request.id, round_view(request, self.run)))
            case GetView():
                tokens = self._tokens(request.place.sample, request.place.unit)
                self.say(ViewReady(request.id, head_view(request, tokens, CONTRAST)))
            case GetSheet():
                self.say(SheetReady(request.id, sheet(request, self._tokens(request.sample, request.unit), self.run)))
            case GetCell():
                tokens = self._tokens(request.place.sample, request.place.unit)
                self.say(CellReady(request.id, CellInfo(request.place, request.key, 0.25, 2, tokens)))
            case _:
                super().answer(request)

    def _open(self, number: int) -> None:
        self.say(Opened(number, self.run))
        for index in range(len(self.run.samples)):
            seen = len(self.run.layout(index).visible)
            self.say(StatsReady(number, index, sample_stats(index, seen)))
        self.say(Done(number, "analysis"))

    def _tokens(self, sample: int, unit: str) -> int:
        return self.run.layout(sample).view(unit).n_tokens


def round_view(request: GetView, run: RunInfo) -> HeadView:
    """What the latents of a compressor attend to in a round: (m, K), nothing masked."""
    place = request.place
    assert run.compressor is not None
    assert place.round is not None
    keys = run.compressor.rounds[place.sample][place.round].view(place.unit).n_tokens
    full = among(run.compressor.n_latents, keys, seed=100 * place.round + 10 * place.layer + (place.head or 0))
    peak = np.moveaxis(np.indices(full.shape), 0, -1)
    entropy = -(full * np.log(full)).sum(axis=1)
    rows, cols = (np.arange(size + 1) for size in full.shape)
    return HeadView(place, full, rows, cols, peak, full[place.query], full.mean(axis=0), entropy)


def among(queries: int, keys: int, seed: int) -> Floats:
    """(queries, keys) float32 rows that sum to 1; each query looks at keys of its own."""
    logits = np.random.default_rng(seed).normal(size=(queries, keys))
    logits += 3.0 * (np.arange(keys) * queries // keys == np.arange(queries)[:, None])
    weights = np.exp(logits)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def sheet(request: GetSheet, tokens: int, run: RunInfo) -> Sheet:
    """A thumbnail of every head of the run."""
    rows, cols = request.frame.rows, request.frame.cols
    thumbnails = [
        [pool(matrix(layer, head, request.sample, tokens, CONTRAST), rows, cols)[0] for head in range(run.n_head)]
        for layer in range(run.n_layer)
    ]
    return Sheet(
        request.sample, np.array(thumbnails, np.float32), sample_stats(request.sample).plain.entropy_norm, request.unit
    )
