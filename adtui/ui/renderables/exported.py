"""What an export has written, in words."""

from __future__ import annotations

from ...records.messages import Exported


def written(reply: Exported) -> str:
    """ "wrote 3 figures into figs/…"."""
    kind = "figure" if all(path.endswith(".png") for path in reply.paths) else "file"
    files = f"1 {kind}" if len(reply.paths) == 1 else f"{len(reply.paths)} {kind}s"
    return f"wrote {files} into {reply.directory}"
