"""Arguments that several commands share: which run, and which samples of it."""

from __future__ import annotations

import argparse
import re
from typing import Any

OPENING = ("device", "samples", "seed", "context", "heads", "causal", "window", "histories")
"""The options of `add_opening`: the keywords of `pipeline.open_session` and the fields of `protocol.OpenRun`."""


def add_run(parser: argparse.ArgumentParser) -> None:
    """The run, as `runs.find_run` takes it."""
    parser.add_argument("run", metavar="RUN", help="run directory, checkpoint file, runs/latest or runs/")


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Samples from a file instead of the run's own."""
    parser.add_argument("--inputs", metavar="X.npz", help="use these in_* arrays instead of the run's own samples")


SHOWN = 5
"""Contexts where every one is drawn or written."""
EVIDENCE = 18
"""Contexts where insights are wanted: about six for each phase."""


def add_opening(parser: argparse.ArgumentParser, samples: int = EVIDENCE) -> None:
    """How to open a run and choose its samples, so many by default; the users' own windows are few by default."""
    parser.set_defaults(default_samples=samples)
    few = "" if samples == SHOWN else f", with --window {SHOWN}"
    parser.add_argument("--samples", type=positive, metavar="K", help=f"number of contexts (default {samples}{few})")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of contexts (default 0)")
    parser.add_argument("--context", type=positive, metavar="N", help="transitions (default: all the model takes)")
    parser.add_argument("--window", type=int, metavar="I", help="the users' dataset sample I and those after it")
    parser.add_argument("--histories", metavar="PATH", help="the run's HDF5 file, or its directory, wherever it lies")
    add_model(parser)


def add_model(parser: argparse.ArgumentParser) -> None:
    """How to build a checkpoint's model: the keywords of `models.load_model`."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 (default auto)")
    parser.add_argument("--heads", type=positive, metavar="H", help="number of heads, when the checkpoint is wrong")
    parser.add_argument(
        "--causal", action=argparse.BooleanOptionalAction, default=None, help="override the mask (default: causal)"
    )


def opening(args: argparse.Namespace) -> dict[str, Any]:
    """The options of `add_opening` as keywords."""
    chosen = {name: getattr(args, name) for name in OPENING}
    if chosen["samples"] is None:
        chosen["samples"] = args.default_samples if args.window is None else SHOWN
    return chosen


def positive(text: str) -> int:
    """A whole number from 1."""
    value = int(text) if text.isdecimal() and len(text) < 10 else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, found {text}")
    return value


def layers(text: str) -> list[int]:
    """ "0,2-3" → [0, 2, 3]."""
    chosen: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,4})\s*(?:-\s*(\d{1,4})\s*)?", part)
        if match is None:
            raise argparse.ArgumentTypeError(f"expected layers such as 0,2-3, found {text}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise argparse.ArgumentTypeError(f"expected ranges that rise, found {part}")
        chosen |= set(range(first, last + 1))
    return sorted(chosen)


def chosen_layers(asked: list[int] | None, n_layer: int) -> list[int]:
    """The layers asked for, all of them by default.

    Raises:
        ConfigError: the model does not have one of them.
    """
    from ..errors import ConfigError

    if asked is None:
        return list(range(n_layer))
    if outside := [layer for layer in asked if layer >= n_layer]:
        raise ConfigError(
            "--layers", expected=f"layers from 0 to {n_layer - 1}", found=str(outside[0]), action="choose some of these"
        )
    return asked
