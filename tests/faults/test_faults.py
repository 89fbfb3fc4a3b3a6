"""One case of each fault; `python -m tests.faults` runs hundreds."""

from __future__ import annotations

from pathlib import Path

import pytest

from .kinds import KINDS, run

FEW = {
    "engine killed": "export",
    "resize storm": "opening",
    "disk full": "export",
    "no device memory": "opening",
}
"""Fault → moment. Signals, dropped lines and a killed app are in tests/e2e, smaller blocks in tests/unit."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name in FEW], ids=lambda kind: kind.name)
def test_the_app_stands_it(kind: object, tmp_path: Path) -> None:
    run(kind, FEW[kind.name], 1, tmp_path)  # type: ignore[attr-defined, arg-type]
