"""What an export has written, in words."""

from __future__ import annotations

from pathlib import Path

from ...records.look import FORMATS
from ...records.messages import Exported


def written(reply: Exported) -> str:
    """ "wrote 3 figures into figs/…", and which where it is one."""
    kind = "figure" if all(path.rpartition(".")[2] in FORMATS for path in reply.paths) else "file"
    files = f"1 {kind}" if len(reply.paths) == 1 else f"{len(reply.paths)} {kind}s"
    which = f": {Path(reply.paths[0]).name}" if len(reply.paths) == 1 else ""
    return f"wrote {files} into {reply.directory}{which}"
