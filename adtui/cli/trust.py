"""Whose code is run: an adapter that the user names, or one that a run names and the user allows."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def settle(args: argparse.Namespace, path: str) -> None:
    """Make `args.adapter` the file to run, absolute; None where none was named or allowed.

    A run's own `adtui.yaml` is followed after a yes at the terminal, or with --trust; otherwise it is said that it was
    not.
    """
    if args.adapter is not None:
        args.adapter = os.path.abspath(args.adapter)
        return
    from ..files.named_adapter import named_adapter, not_run
    from ..files.runs import find_run
    from ..records.errors import RunError

    try:
        directory = find_run(path).directory
    except RunError:  # several runs, of which the app lets the user pick one
        return
    named = named_adapter(directory)
    if named is None:
        return
    if args.trust or _allowed(named):
        args.adapter = os.path.abspath(named)
    else:
        print(f"adtui: {not_run(directory, named)}", file=sys.stderr)


def _allowed(named: Path) -> bool:
    """Whether somebody at the terminal says yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    from ..files.named_adapter import shown

    question = f"adtui: this run names code to be run: {shown(named)}. It may do all that you may. Run it? [y/N] "
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
