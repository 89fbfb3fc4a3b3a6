"""Errors that a user can act on.

Every message is one line: what (a path or an option), what was expected, what was found, what to do next.
The command line prints it on stderr and exits with `exit_codes.USER_ERROR`; the app shows it in a dialog.
"""

from __future__ import annotations

from pathlib import Path

#: Characters of each part of a message; a path has up to 4096.
LONGEST = 4200


class AdtuiError(Exception):
    """A user-facing error.

    Args:
        subject: the file, directory, option or request that is at fault.
        expected: what adtui needed there.
        found: what was there instead.
        action: what to do next, in the imperative.
    """

    def __init__(self, subject: str | Path, *, expected: str, found: str, action: str) -> None:
        self.subject = _one_line(str(subject))
        self.expected = _one_line(expected)
        self.found = _one_line(found)
        self.action = _one_line(action)
        super().__init__(f"{self.subject}: expected {self.expected}, found {self.found}; {self.action}")

    def __reduce__(self) -> tuple[object, ...]:
        """Keyword-only arguments need help to cross the pipe from the engine."""
        return _rebuild, (type(self), self.subject, self.expected, self.found, self.action)


class RunError(AdtuiError):
    """The path does not lead to a run with a checkpoint."""


class CheckpointError(AdtuiError):
    """A checkpoint file cannot be read or does not hold what it must."""


class ConfigError(AdtuiError):
    """A YAML file or an option has a value that cannot be used."""


class HistoryError(AdtuiError):
    """An HDF5 file or an inputs file does not hold learning histories as described in the README."""


class OtherWorldError(HistoryError):
    """Histories hold states or actions that the model's world does not have: nothing that they show is of it."""


class ModelError(AdtuiError):
    """The weights load, but the model that they make cannot be trusted or run."""


class AdapterError(AdtuiError):
    """The adapter that the user wrote cannot be used, or what its model does cannot be shown."""


class ExportError(AdtuiError):
    """A figure or a results file cannot be written."""


class ReportError(AdtuiError):
    """A file that adtui is to read back does not hold what it must."""


class EngineError(AdtuiError):
    """The engine process failed or left."""


def _one_line(text: str) -> str:
    """Parts of a message may come from a file that anyone may have written: no escape codes, and no megabytes."""
    text = " ".join(text[: 2 * LONGEST].split())
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _rebuild(kind: type[AdtuiError], subject: str, expected: str, found: str, action: str) -> AdtuiError:
    return kind(subject, expected=expected, found=found, action=action)
