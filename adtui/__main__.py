"""`adtui`: chooses the command and turns errors into one line and an exit code.

Nothing heavy is imported here: every command loads what it needs when it runs, so that `--help`, a mistyped path and
the app's first paint cost nothing.
"""

from __future__ import annotations

import sys

from .cli.main import main

if __name__ == "__main__":
    sys.exit(main())
