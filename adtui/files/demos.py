"""The runs that come with adtui."""

from __future__ import annotations

from pathlib import Path

from ..records.errors import RunError

DEFAULT_DEMO = "darkroom"
DEMOS = {DEFAULT_DEMO: "AD-darkroom-seed0", "keytodoor": "AD-darkkeytodoor-seed0"}
"""The runs that come with adtui, by their worlds."""


def demo_run(name: str = DEFAULT_DEMO) -> Path:
    """Directory of a run that comes with adtui.

    Args:
        name: one of DEMOS.

    Raises:
        RunError: this installation has none.
    """
    from importlib import resources  # 10 ms that no other command needs

    bundled = Path(str(resources.files("adtui"))) / "bundled" / "runs" / DEMOS[name]
    if not bundled.is_dir():
        raise RunError(bundled, expected="the bundled run", found="none", action="reinstall adtui, or give a path")
    return bundled
