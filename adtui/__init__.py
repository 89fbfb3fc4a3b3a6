"""adtui: see in a terminal what an Algorithm Distillation model attends to, and what its context can lose.

`adtui.Adapter` is what users subclass to open a model of their own: see docs/adapters.md. It needs torch, and is
imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .records.version import __version__ as __version__

if TYPE_CHECKING:
    from .models.adapter import Adapter as Adapter


def __getattr__(name: str) -> Any:
    if name != "Adapter":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .models.adapter import Adapter

    return Adapter
