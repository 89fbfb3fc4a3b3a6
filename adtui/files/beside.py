"""The file of settings that lies beside a checkpoint: found here, for everyone who reads it."""

from __future__ import annotations

import os
from pathlib import Path

from ..records.run_settings import CONFIGS
from .checkpoint_names import CHECKPOINTS, directory_step

_MOST = 3


def config_beside(directory: Path) -> Path | None:
    """The settings of the checkpoints in a directory: there, or above where its name is that of checkpoints alone."""
    for _ in range(_MOST):
        for name in CONFIGS:
            if os.path.isfile(directory / name):
                return directory / name
        if directory.name not in CHECKPOINTS and directory_step(directory.name) is None:
            return None
        directory = directory.parent
    return None


def config_name(path: Path) -> str:
    """What it is called: one of CONFIGS, where `config_beside` found it."""
    longest = sorted(CONFIGS, key=lambda name: -name.count("/"))
    return next((name for name in longest if path.as_posix().endswith(f"/{name}")), path.name)
