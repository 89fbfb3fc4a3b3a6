"""One case of each fault; `python -m tests.faults` runs hundreds."""

from __future__ import annotations

from pathlib import Path

import pytest

from .kinds import KINDS, run

FEW = {
    "line dropped": "export",
    "engine killed": "export",
    "resize storm": "opening",
    "disk full": "export",
    "small device memory": "opening",
    "no device memory": "opening",
}
"""Fault → moment. Signals and a killed app are in tests/e2e."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name in FEW], ids=lambda kind: kind.name)
def test_the_app_stands_it(kind: object, tmp_path: Path) -> None:
    run(kind, FEW[kind.name], 1, tmp_path)  # type: ignore[attr-defined, arg-type]
