"""What hostile files try to call. Nothing in adtui ever does; whoever does leaves a mark."""

from __future__ import annotations

#: Name of the file that shell commands in hostile files would make in the current directory.
CANARY = "fuzz-canary"
#: How a pickle names `spring`.
MODULE = "tests.fuzz.trap"

sprung: list[str] = []


def spring(*values: object) -> dict[str, object]:
    """Note the call; the result looks harmless."""
    sprung.append(f"trap.spring{values!r:.60}")
    return {}


class Spring:
    """The same for pickles that make objects."""

    def __new__(cls, *values: object) -> Spring:
        spring(*values)
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        spring(state)
