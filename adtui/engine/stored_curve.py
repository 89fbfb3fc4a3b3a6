"""The return that was stored beside a checkpoint: what `adtui evaluate --json` printed."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ..files.runs import Run
from ..files.stored import read_report

BESIDE = "evaluation.json"
"""Beside a checkpoint."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Mean(_Part):
    mean: float = Field(allow_inf_nan=False)


class Curve(_Part):
    last: _Mean
    optimal: float | None = Field(default=None, allow_inf_nan=False)


class _Curves(_Part):
    held_out: Curve


class _Evaluation(_Part):
    """What is read of a stored evaluation."""

    checkpoint: str = Field(max_length=4096)
    step: int
    curves: _Curves


def stored_curve(run: Run, step: int) -> Curve | None:
    """The curve on held-out tasks, where the file is about the run's newest checkpoint."""
    found = read_report(run.latest.parent / BESIDE, _Evaluation)
    if not isinstance(found, _Evaluation):
        return None
    same = found.step == step and Path(found.checkpoint).name == run.latest.name
    return found.curves.held_out if same else None
