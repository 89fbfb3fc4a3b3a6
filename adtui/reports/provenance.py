"""A provenance as lines of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LABEL = 12


def provenance_lines(found: Mapping[str, Any]) -> list[str]:
    """What made the file, of which checkpoints with which settings, on which contexts.

    Args:
        found: plain values as `Provenance.to_json` gives them; from a file, so that nothing in them may reach a
            terminal as it is.
    """
    lines = [_line("made by", f"adtui {found['adtui']}, {found['made']}")]
    for run in found["runs"]:
        lines += [
            _line("run", run["run"]),
            _line("checkpoint", f"{run['checkpoint']} · step {run['step']:,}"),
            _line("SHA-256", run["digest"] or "not known: the file had changed since it was read"),
            _line("family", run["family"]),
            *_several("settings", {name: _said(value) for name, value in run["settings"].items()}),
        ]
    lines += [_line("contexts", found["contexts"])] if found["contexts"] else []
    return lines + _several("options", {name: _value(value) for name, value in found["options"].items()})


def _several(label: str, values: Mapping[str, str]) -> list[str]:
    """One a line, the label before the first."""
    return [_line("" if number else label, f"{name} {value}") for number, (name, value) in enumerate(values.items())]


def _line(label: str, text: str) -> str:
    plain = "".join(character if character.isprintable() else "?" for character in text)
    return f"{label:<{LABEL}}{plain}"


def _said(setting: Any) -> str:
    """A value of a run's settings, and where it stands."""
    if isinstance(setting, dict) and setting.keys() == {"value", "source"}:
        return f"{_value(setting['value'])} ({setting['source']})"
    return _value(setting)


def _value(value: Any) -> str:
    return "none" if value is None else str(value)
