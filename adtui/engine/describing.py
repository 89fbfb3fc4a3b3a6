"""What a run is: for the list of runs its family and stored return, for the compression lab its tasks and sizes."""

from __future__ import annotations

from ..files.runs import find_run
from ..records.errors import AdtuiError
from ..records.list_messages import Describe, Described

LARGEST = 1 << 28
"""Bytes of a checkpoint that is read for a list."""


def describe(request: Describe) -> Described:
    """The family of a run's newest checkpoint, and its stored return."""
    from ..files.checkpoint import load_checkpoint  # torch: about two seconds
    from ..models.loading import load_model
    from .stored_curve import stored_curve  # pydantic: a tenth of a second

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
    stored = stored_curve(run, checkpoint.step)
    last, optimal = (None, None) if stored is None else (stored.last.mean, stored.optimal)
    return Described(request.id, request.path, family, last=last, optimal=optimal)
