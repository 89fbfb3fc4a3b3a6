"""A finished report on disk, by the run's name, and what the app says of it, if it is about the same weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..files.atomic import write
from ..models.model import Model
from ..records.circuit import CircuitReport, KnownCircuit
from ..records.defaults import CIRCUITS
from ..records.interval import Interval

#: Bytes of a report that is read; those of models with a thousand heads have less.
LARGEST = 1 << 25


class _About(BaseModel):
    model_config = ConfigDict(extra="ignore")

    weights: str = Field(max_length=64)
    step: int


class _Test(BaseModel):
    model_config = ConfigDict(extra="ignore")

    share: Interval
    goals: int
    histories: int


class _Stored(BaseModel):
    """What is read of a report."""

    model_config = ConfigDict(extra="ignore")

    about: _About
    certified: list[tuple[int, int]] | None
    test: _Test | None


def weights_mark(model: Model) -> str:
    """16 hex digits of the weights and of how they were opened: heads and mask."""
    digest = hashlib.sha256(repr((model.family, model.n_layer, model.n_head, model.causal)).encode())
    for name, tensor in sorted(model.network.state_dict().items()):
        values = tensor.detach().cpu().contiguous().numpy()
        digest.update(repr((name, values.shape, str(values.dtype))).encode())
        digest.update(values.tobytes())
    return digest.hexdigest()[:16]


def place(directory: str | Path, run: str) -> Path:
    """The file of a run's report."""
    return Path(directory) / f"{run}.json"


def save(report: CircuitReport, path: Path) -> Path:
    """Write it whole or not at all.

    Raises:
        ExportError: the file cannot be written.
    """
    return write(path, (json.dumps(report.to_json(), indent=1, allow_nan=False) + "\n").encode("ascii"))


def known(run: str, model: Model, directory: str | Path = CIRCUITS) -> KnownCircuit | None:
    """What is stored of a run's circuit; None where nothing is. A file that is no report is said to be none."""
    path = place(directory, run)
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > LARGEST:
            return KnownCircuit((), f"{path} is too large to be a circuit's report: not shown")
        stored = _Stored.model_validate(json.loads(path.read_bytes()))
    except (OSError, ValueError, ValidationError, RecursionError):
        return KnownCircuit((), f"{path} cannot be read as a circuit's report: not shown")
    if stored.about.weights != weights_mark(model):
        return KnownCircuit((), f"the circuit in {path} is of other weights (step {stored.about.step}): not shown")
    if stored.certified is None or stored.test is None:
        return KnownCircuit((), f"no circuit was certified for these weights: {path} says why")
    heads = tuple(stored.certified)
    if not all(0 <= layer < model.n_layer and 0 <= head < model.n_head for layer, head in heads):
        return KnownCircuit((), f"{path} cannot be read as a circuit's report: not shown")
    share, test = stored.test.share, stored.test
    words = (
        f"◆ certified circuit: {len(heads)} of {model.n_layer * model.n_head} heads, the others mean-ablated, keep "
        f"{share.percent} of the full model's return "
        f"({test.histories} histories on {test.goals} goals)"
    )
    return KnownCircuit(heads, words)
