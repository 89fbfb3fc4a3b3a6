"""Files of another kind than is wanted, told by what they begin with."""

from __future__ import annotations

_KINDS = (
    (b"version https://git-lfs", "a pointer of Git LFS, not the file", "get the file itself: git lfs pull"),
    (b"<!doctype", "a web page", "download the file itself"),
    (b"<html", "a web page", "download the file itself"),
    (b"\x1f\x8b", "a file packed by gzip", "unpack it: gunzip"),
    (b"\x89hdf", "an HDF5 file", "give the checkpoint, and this one with --histories if it has histories"),
)


def other_kind(head: bytes) -> tuple[str, str] | None:
    """(what a file that begins so is, what to do); None where that says nothing."""
    return next(((found, action) for begins, found, action in _KINDS if head.lower().startswith(begins)), None)
