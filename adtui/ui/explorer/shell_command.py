"""What `Y` copies: the command that has a shell say, draw or write what a pane shows."""

from __future__ import annotations

import shlex

from ...records.defaults import FIRST
from ...records.messages import OpenRun
from ...records.run import RunInfo
from ..shell_options import options_of
from .panes import ACTIONS, HEADS, INSIGHTS, NUMBERS, QUERY
from .selection import Selection

ARRAYS = "attention.npz"


def shell_command(pane: int, asked: OpenRun, chosen: Selection, run: RunInfo) -> str:
    """For the same run and the same contexts, quoted for a POSIX shell.

    The actions and the query row: `map` of that sample, layer, head and moment. Numbers and insights: `analyze`. The
    heads: `export` of all figures. Other attention: `extract` of that layer, where samples are counted as here.
    """
    if pane in (ACTIONS, QUERY):
        words = ["map", "--sample", str(chosen.sample), "--layer", str(chosen.layer)]
        words += [] if chosen.mean else ["--head", str(chosen.head)]
        moment = chosen.moment(run)
        words += [] if moment is None else ["--moment", str(moment)]
    elif pane in (NUMBERS, INSIGHTS):
        words = ["analyze"]
    elif pane == HEADS:
        words = ["export"]
    else:
        words = ["extract", "--layers", str(chosen.layer), "--output", ARRAYS]
    # How many samples there must be; sample i does not depend on it.
    reached = None if words[0] == "analyze" or chosen.sample < FIRST else chosen.sample + 1
    return shlex.join(["adtui", words[0], asked.path, *words[1:], *options_of(asked, ("path",), samples=reached)])
