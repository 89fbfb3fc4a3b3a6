"""Text for terminals without UTF-8."""

from __future__ import annotations

_NAMES = str.maketrans(
    {
        "·": "|",
        "→": "->",
        "←": "<-",
        "↑": "up",
        "↓": "down",
        "⇧": "S-",
        "…": "...",
        "×": "x",
        "–": "-",
        "−": "-",
        "≤": "<=",
        "“": '"',
        "”": '"',
    }
)


def ascii_only(text: str) -> str:
    """The same in ASCII; what has no counterpart becomes a question mark."""
    return text.translate(_NAMES).encode("ascii", "replace").decode("ascii")
