"""A file of `torch.save` to the Python objects in it: tensors on the CPU and plain values. Nothing is ever executed."""

from __future__ import annotations

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch

from ..records.errors import CheckpointError
from .inert import stand_ins
from .other_kinds import other_kind
from .pickles import HostilePickleError, scan
from .safetensors_file import is_safetensors, read_safetensors

#: Largest content that is read at all. Content beyond the slack must also be in proportion to the file's size: torch
#: does not compress, but an unused embedding may be stored as one expanded row.
MAX_BYTES = 8 << 30
MAX_EXPANSION = 4
SLACK_BYTES = 256 << 20
LAYOUT = "a checkpoint saved as torch.save({'step', 'config', 'model'})"
_DAMAGED = "copy it again, or open another checkpoint"
SAVE_AGAIN = "save it in that form, see the README"
_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")
_HEAD_BYTES = 32
_LOOKED_AT = 1000
_ZIP = b"PK\x03\x04"
#: What torch's older format begins with: a number as a pickle of any protocol. Nothing else is shown to torch, which
#: would try it as a tar file first.
_LEGACY = re.compile(rb"\x80[\x02-\x05]\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19\.")
_LEGACY_PICKLES = 5  # that number, a version, a platform, the content, the storages' names
_MAX_PICKLE_BYTES = 256 << 20


def read(path: Path, size: int) -> tuple[Any, set[str]]:
    """The unpickled content of a file of `size` bytes, and the names of the Python objects that `inert` stands in for.

    Not memory-mapped: a file cut short while mapped would kill the process (SIGBUS).

    Raises:
        CheckpointError: unreadable, empty, damaged, absurdly large, or with what not even a stand-in is made for.
    """
    if size == 0:
        raise CheckpointError(path, expected=LAYOUT, found="an empty file", action=_DAMAGED)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            if head.startswith(_ZIP):
                _check_archive(path, file, size)
            elif size > MAX_BYTES:
                raise _too_large(path, size)
            if (other := _other_kind(path, head)) is not None:
                raise other
            file.seek(0)
            if not head.startswith((_ZIP, b"\x80")) and is_safetensors(head, size):
                return read_safetensors(path, file, size), set()
            return _unpickle(path, file, head)
    except OSError as error:
        raise unreadable(path, error) from None


def check_claim(path: Path, claimed: int, size: int) -> None:
    """Refuse content of `claimed` bytes that is out of proportion to a file of `size` bytes.

    Raises:
        CheckpointError: it is.
    """
    if claimed > min(MAX_BYTES, MAX_EXPANSION * size + SLACK_BYTES):
        raise _too_large(path, claimed)


def _check_archive(path: Path, file: BinaryIO, size: int) -> None:
    """Refuse, before anything is allocated, an archive that claims to unpack to far more than its size."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            claimed = sum(entry.file_size for entry in entries)
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise CheckpointError(path, expected=LAYOUT, found="a truncated or damaged file", action=_DAMAGED) from None
    check_claim(path, claimed, size)
    for pattern, found in _ARCHIVES:
        if any(pattern.fullmatch(entry.filename) for entry in entries[:_LOOKED_AT]):
            raise CheckpointError(path, expected=LAYOUT, found=found, action=_STATE_DICT)


def _unpickle(path: Path, file: BinaryIO, head: bytes) -> tuple[Any, set[str]]:
    try:
        given, made = stand_ins(_check_pickles(file, head))
        file.seek(0)
        with warnings.catch_warnings(), torch.serialization.safe_globals(given):
            warnings.simplefilter("ignore")  # about pickle protocols; the outcome says enough
            return torch.load(file, map_location="cpu", weights_only=True), made
    except MemoryError:
        raise _too_large(path, None) from None
    except HostilePickleError as error:
        raise CheckpointError(path, expected=LAYOUT, found=str(error), action=SAVE_AGAIN) from None
    # torch raises whatever its unpickler meets in bad bytes: KeyError, UnicodeDecodeError, struct.error, …
    except Exception as error:
        refused = _GLOBAL.search(str(error))
        if refused:
            raise CheckpointError(
                path,
                expected="tensors and plain values",
                found=f"the Python object {refused[1]}, which is not loaded",
                action="save the model's state_dict and plain settings",
            ) from None
        if isinstance(error, OSError):
            raise
        raise CheckpointError(path, expected=LAYOUT, found=_look(head), action=_DAMAGED) from None


#: What entries of a ZIP archive of another kind are called, and what it is.
_ARCHIVES = (
    (re.compile(r"(?:.*/)?(?:code/.*|constants\.pkl)"), "a TorchScript archive"),
    (re.compile(r".*\.npy"), "an .npz archive of NumPy"),
)
_STATE_DICT = "save the model's state_dict: torch.save(model.state_dict(), path)"
_TEXT = (".json", ".yaml", ".yml", ".toml", ".txt", ".md", ".py", ".csv", ".log")


def _other_kind(path: Path, head: bytes) -> CheckpointError | None:
    """The error of a file that is told to be of another kind by its beginning or its name."""
    kind = other_kind(head)
    if kind is None and path.suffix.lower() in _TEXT and not head.startswith((_ZIP, b"\x80")):
        kind = "a text file", "give the checkpoint beside it, or their directory"
    return None if kind is None else CheckpointError(path, expected=LAYOUT, found=kind[0], action=kind[1])


def _look(head: bytes) -> str:
    """What a file that cannot be read looks like."""
    if head.startswith(b"\x80") and len(head) == _HEAD_BYTES and not _LEGACY.match(head):
        return "a pickle that torch.save did not write"
    return "a truncated or damaged file" if head[:1] in (b"P", b"\x80") else "bytes of another kind"


def _check_pickles(file: BinaryIO, head: bytes) -> dict[str, set[str]]:
    """What `pickles.scan` tells of the names in the file; refuses what would hang or kill the process."""
    uses: dict[str, set[str]] = {}
    if head.startswith(_ZIP):
        scan(torch._C.PyTorchFileReader(file).get_record("data.pkl"), uses=uses)
        return uses
    if not _LEGACY.match(head):
        raise ValueError("neither of torch's formats")
    data = file.read(_MAX_PICKLE_BYTES)
    end = 0
    for _ in range(_LEGACY_PICKLES):
        end = scan(data, end, uses)
    if end >= _MAX_PICKLE_BYTES:
        raise HostilePickleError(f"more than {_MAX_PICKLE_BYTES >> 20} MB without a tensor")
    return uses


def unreadable(path: Path, error: OSError) -> CheckpointError:
    """What the operating system says of a path."""
    found = error.strerror or type(error).__name__
    return CheckpointError(path, expected="a readable file", found=found, action="check the path and its permissions")


def _too_large(path: Path, size: int | None) -> CheckpointError:
    found = f"{size / (1 << 30):.1f} GB" if size else "more than the memory holds"
    return CheckpointError(
        path,
        expected=f"content of at most {MAX_BYTES >> 30} GB and of about the file's size",
        found=found,
        action="check that the file is a checkpoint",
    )
