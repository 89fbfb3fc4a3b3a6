"""`python -m adtui.engine`: the engine process, started by the app."""

from __future__ import annotations

from .process import main

if __name__ == "__main__":
    main()
