"""A few faults on a tiny run; `python -m tests.faults` throws hundreds at the bundled one."""

from __future__ import annotations

from pathlib import Path

import pytest

from .kinds import KINDS, run

FEW = {
    "engine killed": "trials",
    "resize storm": "opening",
    "disk full": "export",
    "no device memory": "opening",
}
"""Fault → moment. Signals, a killed app and a dropped line are in tests/e2e, smaller blocks in tests/unit."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name in FEW], ids=lambda kind: kind.name)
def test_the_app_stands_it(kind: object, tmp_path: Path, tiny: Path) -> None:
    run(kind, FEW[kind.name], 1, tmp_path, tiny)  # type: ignore[attr-defined, arg-type]
