"""A session on disk: gzip of JSON lines, whole after every line, so that a killed app leaves what it had.

The first line says what it is; then `ask` (a request), `told` (a reply), `key` (one that was pressed), `origin` (where
what was opened comes from), in order.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..records.errors import ExportError, ReportError
from ..records.portable import PortableError, from_plain, to_plain
from ..records.version import __version__

SCHEMA = "adtui.session/1"
LARGEST = 1 << 28
"""Bytes of a session, unpacked, that are read."""
WHAT = "a session that `adtui RUN --record` wrote"


class SessionWriter:
    """Writes a session as it happens.

    Raises:
        ExportError: the file cannot be written, or is there already.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file: IO[bytes] = path.open("xb")
        except FileExistsError:
            raise ExportError(path, expected="no file there yet", found="one", action="name another") from None
        except OSError as error:
            raise self._failed(error) from None
        self._packed = zlib.compressobj(9, wbits=31)
        self.write("schema", SCHEMA)
        self.write("adtui", __version__)

    def write(self, kind: str, value: Any) -> None:
        """One more line, on disk when this returns."""
        line = json.dumps({kind: to_plain(value)}, allow_nan=False, separators=(",", ":")) + "\n"
        self._put(self._packed.compress(line.encode("ascii")) + self._packed.flush(zlib.Z_SYNC_FLUSH))

    def close(self) -> None:
        """The end; nothing is written after it."""
        if not self._file.closed:
            self._put(self._packed.flush())
            self._file.close()

    def _put(self, content: bytes) -> None:
        try:
            self._file.write(content)
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> ExportError:
        found = error.strerror or type(error).__name__
        return ExportError(self._path, expected="a file to record into", found=found, action="write elsewhere")


@dataclass(frozen=True)
class Recorded:
    """A session that was read.

    Attributes:
        events: (kind, value) in order.
        whole: whether it was closed, not cut off.
        version: of the adtui that wrote it.
        origin: provenance of what was opened, as text; "" where it is not there.
    """

    events: tuple[tuple[str, Any], ...]
    whole: bool
    version: str
    origin: str


def read_session(path: Path) -> Recorded:
    """A session, also one that was cut off.

    Raises:
        ReportError: no such file, another kind of file, or a damaged one.
    """
    try:
        with path.open("rb") as file:
            text, whole = _unpacked(path, file)
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise ReportError(path, expected=WHAT, found=found, action="check the path") from None
    events = tuple(_events(path, text))
    told: dict[str, Any] = {}
    for kind, value in events:
        told.setdefault(kind, value)
    if told.get("schema") != SCHEMA:
        raise ReportError(path, expected=WHAT, found="another kind of file", action="name one")
    return Recorded(events, whole, str(told.get("adtui", "")), str(told.get("origin", "")))


def _unpacked(path: Path, file: IO[bytes]) -> tuple[bytes, bool]:
    if file.read(2) != b"\x1f\x8b":
        raise ReportError(path, expected=WHAT, found="another kind of file", action="name one")
    file.seek(0)
    unpack = zlib.decompressobj(wbits=31)
    parts, size = [], 0
    try:
        while (chunk := file.read(1 << 16)) and not unpack.eof:
            while chunk and size <= LARGEST:
                parts.append(unpack.decompress(chunk, 1 << 20))
                size, chunk = size + len(parts[-1]), unpack.unconsumed_tail
    except zlib.error:
        raise ReportError(path, expected=WHAT, found="damage", action="record it anew") from None
    if size > LARGEST:
        raise ReportError(path, expected=WHAT, found=f"more than {LARGEST >> 20} MB", action="name another")
    return b"".join(parts), unpack.eof


def _events(path: Path, text: bytes) -> Iterator[tuple[str, Any]]:
    lines = text.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):  # what stands behind the last line's end was cut off
        try:
            [(kind, value)] = json.loads(line).items()
            yield kind, from_plain(value)
        except (ValueError, AttributeError, RecursionError, PortableError) as error:
            found = f"damage in line {number} ({error})"
            raise ReportError(path, expected=WHAT, found=found[:200], action="record it anew") from None
