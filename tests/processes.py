"""Processes that carry a mark in their environment: an app and its engine, wherever they have moved to."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

VARIABLE = "ADTUI_TEST_MARK"


def new_mark() -> str:
    """A value for VARIABLE that no other process has."""
    return uuid.uuid4().hex


def marked(mark: str, command: str = "adtui") -> dict[int, str]:
    """Process id → command line, of the processes with this mark whose command line holds `command`."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            environment = (entry / "environ").read_bytes()
            line = (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue  # it ended while we looked, or is another user's
        if state != "Z" and f"{VARIABLE}={mark}".encode() in environment.split(b"\0") and command in line:
            found[int(entry.name)] = line
    return found


def wait_until_gone(mark: str, seconds: float = 300) -> None:
    """Until no process with this mark is left, or an AssertionError that names those that are."""
    end = time.monotonic() + seconds
    while left := marked(mark, ""):
        assert time.monotonic() < end, f"still there after {seconds} s: {left}"
        time.sleep(0.05)
