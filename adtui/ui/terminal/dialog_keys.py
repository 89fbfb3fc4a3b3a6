"""Keys of one dialog, where Textual has them for a class of dialogs."""

from __future__ import annotations

from typing import Any

from textual.screen import ModalScreen


def add_key(dialog: ModalScreen[Any], key: str, action: str, description: str) -> None:
    """Give a dialog a key when it is made; of a class, `BINDINGS` are the keys of every dialog."""
    dialog._bindings.bind(key, action, description)
