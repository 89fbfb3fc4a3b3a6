"""What an open run's figures and reports say that they are about."""

from __future__ import annotations

from pathlib import Path

from ..files.checkpoint import FileState
from ..records.provenance import Provenance, Source, drawn
from ..records.run import RunInfo


def title_of(info: RunInfo) -> str:
    """The run and its contexts, in words."""
    return f"{info.name} · step {info.step} · {drawn(info)}"


def provenance_of(info: RunInfo, file: FileState | None, made: str) -> Provenance:
    """Where what `made` says of these contexts comes from.

    Args:
        file: the checkpoint's, as it was read.
    """
    digest = None if file is None else file.digest()
    source = Source(info.name, Path(info.path).name, digest, info.step, info.family, info.settings.to_json())
    options = {"device": info.device} | ({"flow_step": info.flow_step} if info.flow_steps else {})
    return Provenance(made, (source,), drawn(info), options)
