"""What `Y` copies in the lab: the command that runs the same trials, or the same search."""

from __future__ import annotations

import shlex

from ..shell_options import options_of
from .state import Lab

RUN = ("path", "strategies", "budgets", "directory")


def shell_command(lab: Lab, *, search: bool) -> str:
    """`adtui compress` of what is chosen, quoted for a POSIX shell. Only while a run is open.

    Trials go on from the cells that the lab has finished, where there are some with these settings.
    """
    request = lab.search_request(0) if search else lab.request(0)
    words = ["adtui", "compress", request.path, *options_of(request, RUN), "--strategies", ",".join(request.strategies)]
    if search:
        return shlex.join([*words, "--search"])
    words += ["--budgets", ",".join(map(str, lab.settings.budgets))]
    kept = lab.found.kept_for(lab.settings)
    return shlex.join([*words, *(["--output", kept] if kept else [])])
