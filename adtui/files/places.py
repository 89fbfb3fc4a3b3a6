"""Where a user's own files lie: settings and what is kept (XDG Base Directory Specification, 0.8)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def settings_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """`config.toml` of the user, whether it is there or not; None without a home."""
    return _under("XDG_CONFIG_HOME", ".config", "config.toml", environ)


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where what cannot be kept beside a run is kept; None without a home."""
    return _under("XDG_CACHE_HOME", ".cache", "", environ)


def _under(variable: str, usual: str, name: str, environ: Mapping[str, str]) -> Path | None:
    """The specification ignores a path that is not absolute."""
    told = environ.get(variable, "")
    if os.path.isabs(told):
        return Path(told, "adtui", name)
    home = environ.get("HOME") or os.path.expanduser("~")
    return Path(home, usual, "adtui", name) if os.path.isabs(home) else None
