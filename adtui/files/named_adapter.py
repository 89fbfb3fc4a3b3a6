"""`adtui.yaml` beside a run may name an adapter. Here it is read, as data; whether it is run is for the user to say."""

from __future__ import annotations

import os
from pathlib import Path

from ..records.defaults import TRUSTED
from ..records.errors import ConfigError


def named_adapter(directory: Path) -> Path | None:
    """The file that `adapter:` names, from the directory on; None where there is no such file or line.

    Raises:
        ConfigError: the YAML file cannot be read, or names something else than a path.
    """
    beside = directory / TRUSTED
    if not os.path.isfile(beside):
        return None
    from .yaml import load_yaml  # PyYAML, for those who have the file

    path = load_yaml(beside).get("adapter")
    if path is None:
        return None
    if not isinstance(path, str) or not path.strip():
        raise ConfigError(
            f"{beside}, adapter", expected="the path of a Python file", found=f"{path!r:.40}", action="correct it"
        )
    return directory / path


def not_run(directory: Path, path: Path) -> str:
    """What is said of an adapter that nobody allowed."""
    return (
        f"{shown(directory / TRUSTED)} names the adapter {shown(path)}, which was not run: "
        "say --trust, or --adapter FILE, if you trust its code"
    )


def shown(path: Path) -> str:
    """A path that anyone may have written, for a terminal: no control codes."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(path))
