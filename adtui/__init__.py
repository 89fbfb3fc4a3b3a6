"""adtui: see in a terminal what an Algorithm Distillation model attends to, and what its context can lose.

`adtui.Adapter` is what users subclass to open a model of their own, `adtui.Vectors` what its states and actions are
where they are vectors: see docs/adapters.md. They need torch, and are imported when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .records.version import __version__ as __version__

if TYPE_CHECKING:
    from .models.adapter import Adapter as Adapter
    from .models.adapter import Vectors as Vectors


def __getattr__(name: str) -> Any:
    if name not in ("Adapter", "Vectors"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .models import adapter

    return getattr(adapter, name)
