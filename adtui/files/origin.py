"""What a result says of the checkpoint that it is about."""

from __future__ import annotations

from ..records.provenance import Source
from ..records.run_settings import RunSettings
from .checkpoint import Checkpoint
from .runs import Run


def source_of(run: Run, checkpoint: Checkpoint, family: str, settings: RunSettings) -> Source:
    """The run, the file with its digest, and what the run says of itself.

    Args:
        family: the model in words.
    """
    digest = None if checkpoint.file is None else checkpoint.file.digest()
    return Source(run.name, checkpoint.path.name, digest, checkpoint.step, family, settings.to_json())
