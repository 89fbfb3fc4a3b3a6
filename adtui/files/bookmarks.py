"""Places in a run that the user wants to find again, one file per checkpoint among the user's own files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ..records.errors import AdtuiError, ConfigError
from .atomic import write
from .digest import sha256_of
from .places import cache_directory

MAX_BYTES = 1 << 18
MOST = 200
"""Bookmarks of one checkpoint."""
VERSION = 1


@dataclass(frozen=True)
class Bookmark:
    """A place in a run; indices count from 0.

    Attributes:
        sample, layer, head: what is looked at.
        mean: the mean over the layer's heads; `head` is that which was selected before.
        query: position of the query row, -1 for the query itself.
        unit: what a position is, "transitions" or "tokens".
    """

    sample: int
    layer: int
    head: int
    mean: bool
    query: int
    unit: str

    @property
    def words(self) -> str:
        """ "L2H3 · s4 · query", "L2 mean · s0 · q57 · tokens"."""
        where = f"L{self.layer} mean" if self.mean else f"L{self.layer}H{self.head}"
        row = "query" if self.query < 0 else f"q{self.query}"
        return " · ".join([where, f"s{self.sample}", row, *([self.unit] if self.unit == "tokens" else [])])


def bookmarks_file(checkpoint: Path, directory: Path | None = None) -> Path:
    """Where a checkpoint's bookmarks are kept, by the SHA-256 of its bytes: wherever the file lies.

    Args:
        checkpoint: read whole, a second for about a gigabyte.
        directory: the user's cache where it is None.

    Raises:
        ConfigError: the checkpoint cannot be read, or there is no home to keep anything in.
    """
    root = cache_directory() if directory is None else directory
    if root is None:
        raise ConfigError("bookmarks", expected="a home directory", found="none", action="set HOME to keep them")
    try:
        digest = sha256_of(checkpoint)
    except OSError as error:
        raise _unreadable(checkpoint, error) from None
    return root / "bookmarks" / f"{digest[:32]}.json"


def load_bookmarks(path: Path) -> tuple[Bookmark, ...]:
    """What is kept there, in the order in which it was set; () where there is no file.

    Raises ConfigError for a file that is not as `save_bookmarks` writes it.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        if len(content) > MAX_BYTES:
            raise ValueError
        document = json.loads(content)
        if document["version"] != VERSION:
            raise ValueError
        return tuple(_bookmark(one) for one in document["bookmarks"][:MOST])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ConfigError(
            path, expected="bookmarks as adtui writes them", found="something else", action="b writes them anew"
        ) from None


def save_bookmarks(path: Path, bookmarks: Sequence[Bookmark]) -> None:
    """Write them whole or not at all, the newest `MOST`. Raises an AdtuiError where that is not possible."""
    document = {"version": VERSION, "bookmarks": [asdict(one) for one in bookmarks[-MOST:]]}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error.strerror or type(error).__name__) from None
    try:
        write(path, (json.dumps(document, indent=1) + "\n").encode())
    except AdtuiError as error:
        raise _unwritable(path, error.found) from None


def _bookmark(entry: object) -> Bookmark:
    """Raises ValueError for anything but six values of the right kinds."""
    kinds = {field.name: {"int": int, "bool": bool, "str": str}[str(field.type)] for field in fields(Bookmark)}
    if not isinstance(entry, dict) or set(entry) != set(kinds):
        raise ValueError
    if any(type(entry[name]) is not kind for name, kind in kinds.items()):
        raise ValueError
    found = Bookmark(**entry)
    if min(found.sample, found.layer, found.head, found.query + 1) < 0 or found.unit not in ("transitions", "tokens"):
        raise ValueError
    return found


def _unreadable(path: Path, error: OSError) -> ConfigError:
    found = error.strerror or type(error).__name__
    return ConfigError(path, expected="a file that can be read", found=found, action="bookmarks last until you quit")


def _unwritable(path: Path, found: str) -> ConfigError:
    return ConfigError(path, expected="a place to write", found=found, action="bookmarks last until you quit")
