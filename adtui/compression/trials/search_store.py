"""Finished runs of a search on disk, so that a stopped search goes on where it ended."""

from __future__ import annotations

import json
from pathlib import Path

from ...files.atomic import replacing
from ...records.errors import ConfigError

FILE = "search.json"


class StoredRuns:
    """Finished runs on disk, of the same weights, tasks and draws.

    Args:
        output: the directory; None keeps nothing.
        mark: of what the numbers depend on.

    Attributes:
        found: "histories/candidate" → return of the last episodes in each room.

    Raises:
        ConfigError: the file is none, or of something else.
    """

    def __init__(self, output: Path | None, mark: str) -> None:
        self._path = None if output is None else output / FILE
        self._mark = mark
        self.found: dict[str, list[float]] = {}
        if self._path is None or not self._path.is_file():
            return
        try:
            document = json.loads(self._path.read_bytes())
            same = document["fingerprint"] == self._mark
            self.found = {str(key): [float(one) for one in row] for key, row in document["runs"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _not_ours(self._path, "another file") from None
        if not same:
            raise _not_ours(self._path, "that of another checkpoint or other settings")

    def keep(self, key: str, returns: list[float]) -> None:
        self.found[key] = returns
        if self._path is not None:
            with replacing(self._path) as temporary:
                temporary.write_text(json.dumps({"fingerprint": self._mark, "runs": self.found}), encoding="utf-8")


def _not_ours(path: Path, found: str) -> ConfigError:
    action = "give another --output, or remove it"
    return ConfigError(path, expected="a search of this checkpoint", found=found, action=action)
