"""Models that have learnt nothing: drawn start values, and the bundled run's weights with their entries permuted.

Permuted weights keep every tensor's distribution, so that attention is as sharp and logits as large as in the trained
model, and nothing of what it learnt. Such a model still *uses* what it attends to: hiding it is no chance set, and a
confirmed insight about it is no error of the test. It is counted here, and shown beside the placebos of the same runs,
whose true answer is known.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from checkpoints import save_checkpoint, settings

import adtui
from adtui.engine.insight_tests import InsightTests
from adtui.engine.opening import open_session
from adtui.engine.session import Session
from adtui.files.checkpoint import load_checkpoint
from adtui.insights.named_transitions import NAMES
from adtui.models.decoder import DecoderShape
from adtui.models.families.encoder import Encoder
from adtui.records.insight import Insight, Placebo
from adtui.training.start_values import initialise

from .rates import table

RUN = Path(adtui.__file__).parent / "bundled" / "runs" / "AD-darkroom-seed0"
N_TRANSIT = 40


def untrained(directory: Path, seed: int) -> Path:
    """A run directory with start values."""
    network = Encoder(DecoderShape(32, 3, 4, 64, pre_norm=True), N_TRANSIT, 9, 5)
    initialise(network, seed)
    save_checkpoint(directory / "ckpt-1.pt", network.to_state_dict(), settings(4, N_TRANSIT))
    return directory


def permuted(directory: Path, seed: int) -> Path:
    """A run directory with the bundled weights, the entries of each tensor permuted."""
    checkpoint = load_checkpoint(next(RUN.glob("ckpt-*.pt")))
    generator = torch.Generator().manual_seed(seed)
    weights = {
        name: weight.flatten()[torch.randperm(weight.numel(), generator=generator)].view(weight.shape)
        for name, weight in checkpoint.weights.items()
    }
    save_checkpoint(directory / "ckpt-1.pt", weights, dict(checkpoint.config))
    return directory


def finished(run: Path, samples: int, seed: int = 0, context: int | None = None) -> Session:
    """A session with everything analysed and tested."""
    session = open_session(run, samples=samples, seed=seed, device="cpu", context=context)
    for _ in session.analyse_all():
        pass
    for _ in session.test_insights():
        pass
    return session


def every_insight(session: Session) -> tuple[list[Insight], Placebo | None]:
    """What the tests say where every kind is claimed of the model, every layer and every head, observed or not.

    Models that have learnt nothing attend to all alike, so that hardly any insight is observed and tested by itself.
    """
    model = session.model
    places: list[tuple[int | None, int | None]] = [(None, None), *((layer, None) for layer in range(model.n_layer))]
    places += [(layer, head) for layer in range(model.n_layer) for head in range(model.n_head)]
    claims = [
        Insight(kind, "", "", 1.0, (1.0, 1.0), 0, 1.0, "", layer=layer, head=head)
        for layer, head in places
        for kind in NAMES
    ]
    layouts = [session.layout(index) for index in range(len(session.samples))]
    tests = InsightTests(model, session.samples, layouts, session.attentions)
    for _ in tests.run(claims):
        pass
    return list(tests.told.values()), tests.placebo()


def count(make: Callable[[Path, int], Path], models: int, samples: int, seed: int) -> list[int]:
    """Insights confirmed as they come; of every claim: tests, confirmed, refuted; placebos, and those believed."""
    totals = [0] * 6
    for index in range(models):
        with tempfile.TemporaryDirectory() as directory:
            session = finished(make(Path(directory), seed + index), samples, context=N_TRANSIT - 1)
        told = sum(one.status in ("confirmed", "refuted") for one in session.log.insights)
        insights, placebo = every_insight(session)
        statuses = [one.status for one in insights if one.knock_out_p <= 1]
        found = [told, len(statuses), statuses.count("confirmed"), statuses.count("refuted")]
        found += [0, 0] if placebo is None else [placebo.tests, placebo.confirmed + placebo.refuted]
        totals = [total + int(one) for total, one in zip(totals, found, strict=True)]
    return totals


def report(models: int, samples: int, seed: int) -> tuple[str, dict[str, list[int]]]:
    """The table, and the counts of each kind of model."""
    counts = {
        name: count(make, models, samples, seed) for name, make in (("untrained", untrained), ("permuted", permuted))
    }
    header = [
        "weights",
        "models",
        "observed and decided",
        "forced tests",
        "confirmed",
        "refuted",
        "placebos",
        "believed",
    ]
    rows = [[name, models, *found] for name, found in counts.items()]
    return table(f"Models that have learnt nothing, {samples} contexts each", header, rows), counts
