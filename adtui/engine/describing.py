"""What a run is: for the list of runs its family and stored return, for the compression lab its tasks and sizes."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ..files.runs import Run, find_run
from ..files.stored import read_report
from ..records.errors import AdtuiError
from ..records.list_messages import Describe, Described

BESIDE = "evaluation.json"
"""Beside a checkpoint: what `adtui evaluate --json` printed."""
LARGEST = 1 << 28
"""Bytes of a checkpoint that is read for a list."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Mean(_Part):
    mean: float = Field(allow_inf_nan=False)


class _Curve(_Part):
    last: _Mean
    optimal: float | None = Field(default=None, allow_inf_nan=False)


class _Curves(_Part):
    held_out: _Curve


class _Evaluation(_Part):
    """What is read of a stored evaluation."""

    checkpoint: str = Field(max_length=4096)
    step: int
    curves: _Curves


def describe(request: Describe) -> Described:
    """The family of a run's newest checkpoint, and its stored return."""
    from ..files.checkpoint import load_checkpoint  # torch: about two seconds
    from ..models.loading import load_model

    try:
        run = find_run(request.path)
        size = run.latest.stat().st_size
        if size > LARGEST:
            return Described(request.id, request.path, f"{size / 1e9:.1f} GB: not looked into")
        checkpoint = load_checkpoint(run.latest)
        family = load_model(checkpoint).description
    except AdtuiError as error:
        return Described(request.id, request.path, f"does not open: {error.found}", opens=False)
    except OSError as error:
        return Described(request.id, request.path, f"does not open: {error.strerror}", opens=False)
    stored = _stored(run, checkpoint.step)
    last, optimal = (None, None) if stored is None else (stored.last.mean, stored.optimal)
    return Described(request.id, request.path, family, last=last, optimal=optimal)


def _stored(run: Run, step: int) -> _Curve | None:
    """The curve on held-out tasks, where the file is about the run's newest checkpoint."""
    found = read_report(run.latest.parent / BESIDE, _Evaluation)
    if not isinstance(found, _Evaluation):
        return None
    same = found.step == step and Path(found.checkpoint).name == run.latest.name
    return found.curves.held_out if same else None
