"""`python -m adtui.engine`: the engine process, started by the app."""

from __future__ import annotations

import os

from ..records.cores import cores

NICENESS = 10
"""Of all that the engine computes, and of its imports too where the app has no other core to start on."""

if __name__ == "__main__":
    alone = cores() == 1
    if alone:
        os.nice(NICENESS)

    from .process import main

    if not alone:
        os.nice(NICENESS)
    main()
