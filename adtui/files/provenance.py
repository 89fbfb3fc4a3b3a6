"""The provenance in a file of adtui's: PNG, PDF, SVG, GIF, JSON, npz, session. Read within bounds, never executed."""

from __future__ import annotations

import html
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..records.errors import ReportError
from ..records.provenance import PROVENANCE

LARGEST = 1 << 26
"""Bytes of a JSON, PDF or SVG file that is read."""
LONGEST = 1 << 20
"""Bytes of a provenance; those of a hundred runs have less."""
_PNG, _GIF, _ZIP, _GZIP = b"\x89PNG\r\n\x1a\n", b"GIF8", b"PK\x03\x04", b"\x1f\x8b"
_PDF, _XML = b"%PDF-", b"<?xml"
_FORMS = "a PNG, PDF, SVG, GIF, JSON, .npz or session file that adtui wrote"
_AGAIN = "write it anew, with this version of adtui"
_ARRAY = "provenance.npy"


class _Source(BaseModel):
    model_config = ConfigDict(extra="allow")

    run: str
    checkpoint: str
    digest: str | None
    step: int
    family: str
    settings: dict[str, Any]


class _Provenance(BaseModel):
    """What must be there; what a later version says beside it is kept."""

    model_config = ConfigDict(extra="allow")

    adtui: str
    made: str
    runs: list[_Source] = Field(max_length=10_000)
    contexts: str
    options: dict[str, Any]


class _DamagedError(Exception):
    """The file is not what its first bytes say; the message says what is wrong."""


def read_provenance(path: Path) -> dict[str, Any]:
    """What `Provenance.to_json` wrote into a file.

    Raises:
        ReportError: no such file, another kind of file, a damaged one, or one that says nothing of where it comes from.
    """
    try:
        with path.open("rb") as file:
            found = _reader(path, file.read(8))(file)
    except OSError as error:
        raise ReportError(
            path, expected=_FORMS, found=error.strerror or type(error).__name__, action="check the path"
        ) from None
    except _DamagedError as error:
        raise ReportError(path, expected=f"{_FORMS}, whole", found=str(error), action="write it anew") from None
    if found is None:
        raise ReportError(path, expected="a provenance in it", found="none", action=_AGAIN)
    return _checked(path, found)


def parse_provenance(path: str | Path, text: str) -> dict[str, Any]:
    """The same from `Provenance.text` that a file has somewhere else.

    Raises:
        ReportError: it is none.
    """
    try:
        return _checked(path, _parsed(text.encode()))
    except _DamagedError as error:
        raise ReportError(path, expected="a provenance in it", found=str(error), action=_AGAIN) from None


def _checked(path: str | Path, found: Any) -> dict[str, Any]:
    try:
        return _Provenance.model_validate(found).model_dump()
    except ValidationError:
        raise ReportError(path, expected="a provenance as adtui writes it", found="another", action=_AGAIN) from None


def _reader(path: Path, start: bytes) -> Callable[[BinaryIO], Any]:
    if start == _PNG:
        return _of_png
    if start.startswith(_GIF):
        return _of_gif
    if start.startswith(_PDF):
        return _of_pdf
    if start.startswith(_XML):
        return _of_svg
    if start.startswith(_ZIP):
        return _of_npz
    if start.startswith(_GZIP):
        return lambda _: _of_session(path)
    if start.lstrip()[:1] in (b"{", b"["):
        return _of_json
    found = "another kind of file" if start else "an empty file"
    raise ReportError(path, expected=_FORMS, found=found, action="name one")


def _parsed(text: bytes) -> Any:
    """JSON, or _DamagedError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _DamagedError("JSON that cannot be read") from None


# -- JSON --------------------------------------------------------------------------------------------------------------
def _of_json(file: BinaryIO) -> Any:
    """At the top, or among what a report of trials, circuits or probes is about."""
    document = _parsed(_whole(file))
    if not isinstance(document, dict):
        return None
    about = document.get("about")
    return document.get("provenance") or (about.get("provenance") if isinstance(about, dict) else None)


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise _DamagedError(f"more than {LARGEST >> 20} MB")
    return text


def _of_session(path: Path) -> Any:
    from .session_file import read_session

    origin = read_session(path).origin
    return _parsed(origin.encode()) if origin else None


# -- arrays ------------------------------------------------------------------------------------------------------------
def _of_npz(file: BinaryIO) -> Any:
    try:
        with zipfile.ZipFile(file) as archive:
            if _ARRAY not in archive.namelist():
                return None
            with archive.open(_ARRAY) as member:
                content = member.read(4 * LONGEST + 1)
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError, OSError):
        raise _DamagedError("an archive that cannot be read") from None
    if array.dtype.kind != "U" or array.ndim:
        raise _DamagedError("a provenance that is no text")
    return _parsed(str(array).encode())


# -- PNG: chunks of length, kind, body and checksum (ISO/IEC 15948) ----------------------------------------------------
def _of_png(file: BinaryIO) -> Any:
    found = None
    while True:
        length, kind = struct.unpack(">I4s", _exactly(file, 8))
        if kind == b"iTXt" and length <= LONGEST:
            body = _exactly(file, length)
            if zlib.crc32(body, zlib.crc32(kind)) != struct.unpack(">I", _exactly(file, 4))[0]:
                raise _DamagedError("a text whose checksum is wrong")
            start = PROVENANCE.encode() + bytes(5)
            found = _parsed(body[len(start) :]) if body.startswith(start) else found
        else:
            _skip(file, length + 4)
        if kind == b"IEND":
            return found


# -- PDF: a literal string of its information dictionary, not compressed (ISO 32000) -----------------------------------
_TOLD = re.compile(rb"/" + PROVENANCE.encode() + rb" \(((?:[^\\()]|\\.)*)\)", re.DOTALL)


def _of_pdf(file: BinaryIO) -> Any:
    text = _whole(file)
    if not text.rstrip().endswith(b"%%EOF"):
        raise _DamagedError("one that ends early")
    told = _TOLD.search(text)
    return _parsed(re.sub(rb"\\(.)", rb"\1", told[1])) if told else None


# -- SVG: Dublin Core's source in its metadata -------------------------------------------------------------------------
_SOURCE = re.compile(rb"<dc:source>([^<]*)</dc:source>")


def _of_svg(file: BinaryIO) -> Any:
    text = _whole(file)
    if not text.rstrip().endswith(b"</svg>"):
        raise _DamagedError("one that ends early" if b"<svg" in text else "XML that is no SVG")
    told = _SOURCE.search(text)
    return _parsed(html.unescape(told[1].decode("utf-8", "replace")).encode()) if told else None


# -- GIF: a header, then blocks (GIF89a) -------------------------------------------------------------------------------
_COMMENT, _EXTENSION, _IMAGE, _END = 0xFE, 0x21, 0x2C, 0x3B


def _of_gif(file: BinaryIO) -> Any:
    file.seek(0)
    _skip(file, _table(_exactly(file, 13)[10]))
    comment = b""
    while (kind := _exactly(file, 1)[0]) != _END:
        if kind == _EXTENSION:
            is_comment = _exactly(file, 1)[0] == _COMMENT
            block = _blocks(file)
            comment = comment or (block if is_comment else b"")
        elif kind == _IMAGE:
            _skip(file, _table(_exactly(file, 9)[8]))
            _skip(file, 1)
            _blocks(file)
        else:
            raise _DamagedError("a block of no known kind")
    _, _, told = comment.partition(f"\n{PROVENANCE}: ".encode())
    return _parsed(told) if told else None


def _table(flags: int) -> int:
    """Bytes of the table of colours that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(file: BinaryIO) -> bytes:
    """What a row of blocks holds, up to LONGEST bytes of it."""
    found = b""
    while size := _exactly(file, 1)[0]:
        part = _exactly(file, size)
        found += part if len(found) < LONGEST else b""
    return found


def _exactly(file: BinaryIO, count: int) -> bytes:
    found = file.read(count)
    if len(found) < count:
        raise _DamagedError("one that ends early")
    return found


def _skip(file: BinaryIO, count: int) -> None:
    """Past `count` bytes, all of which are there."""
    if count:
        file.seek(count - 1, io.SEEK_CUR)
        _exactly(file, 1)
