"""The engine's process, started while the app's own modules are still being loaded. Nothing heavy is imported here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from ..records.errors import EngineError

COMMAND = (sys.executable, "-m", "adtui.engine")


def started(command: Sequence[str] = COMMAND) -> subprocess.Popen[bytes]:
    """A process with pipes in place of standard input, output and error.

    Raises:
        EngineError: it cannot be started.
    """
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Its own group: a Ctrl+C typed while the terminal is not yet raw must not reach it. It still leaves with
            # us, because its stdin closes whichever way this process ends.
            process_group=0,
        )
    except OSError as error:
        raise EngineError(
            "engine process",
            expected=f"`{' '.join(command)}` to start",
            found=str(error),
            action="check the installation with `adtui doctor`",
        ) from error
