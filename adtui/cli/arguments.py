"""Arguments that several commands share: which run, and which samples of it."""

from __future__ import annotations

import argparse
import math
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

from ..records.defaults import DEVICE, EPISODES, FIRST, SAMPLES, SEED, TRIAL_STREAMS, TRUSTED, WINDOWS
from ..records.errors import ConfigError
from ..records.exit_codes import USER_ERROR

OPENING = (
    *("device", "samples", "seed", "context", "heads", "causal", "window", "histories", "adapter", "flow_step"),
    "world",
)
"""The options of `add_opening`: the keywords of `opening_options.open_session` and the fields of `messages.OpenRun`."""


class Parser(argparse.ArgumentParser):
    """Says a mistake in one line, not below a page of usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(USER_ERROR, f"{self.prog}: {message}; {self.prog} --help lists what there is\n")


def add_run(parser: argparse.ArgumentParser) -> None:
    """The run, as `runs.find_run` takes it."""
    parser.add_argument("run", metavar="RUN", help="run directory, checkpoint file, runs/latest or runs/")


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Samples from a file instead of the run's own."""
    parser.add_argument("--inputs", metavar="X.npz", help="use these in_* arrays instead of the run's own samples")


def add_opening(parser: argparse.ArgumentParser, *, first: bool = False) -> None:
    """How to open a run and choose its samples; `first`: the command takes the first ones, where none are asked for."""
    usual = str(FIRST) if first else f"{SAMPLES}, fewer for large models"
    few = f"default {usual}, with --window {WINDOWS}"
    parser.add_argument("--samples", type=positive, metavar="K", help=f"number of contexts ({few})")
    parser.add_argument("--seed", type=natural, default=SEED, help=f"of the draw of contexts (default {SEED})")
    parser.add_argument("--context", type=positive, metavar="N", help="transitions (default: all the model takes)")
    parser.add_argument("--window", type=int, metavar="I", help="the users' dataset sample I and those after it")
    parser.add_argument("--histories", metavar="PATH", help="the run's HDF5 file, or its directory, wherever it lies")
    add_world(parser)
    parser.add_argument(
        "--flow-step", type=natural, metavar="K", help="of a flow: show the pass of step K (default 0, the prior pass)"
    )
    add_model(parser)


def add_world(parser: argparse.ArgumentParser) -> None:
    """A world of the user's."""
    parser.add_argument(
        "--world", metavar="MODULE:FACTORY", help="let the model act in gymnasium environments that code of yours makes"
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """How to build a checkpoint's model: the keywords of `loading.load_model`."""
    parser.add_argument("--device", default=DEVICE, help=f"auto, cpu, cuda, cuda:1 (default {DEVICE})")
    parser.add_argument(
        "--heads", type=positive, metavar="H", help="number of heads, where the checkpoint does not say it or is wrong"
    )
    parser.add_argument(
        "--causal", action=argparse.BooleanOptionalAction, default=None, help="override the mask (default: causal)"
    )
    parser.add_argument(
        "--adapter", metavar="FILE", help="Python code of yours that builds and runs the model (docs/adapters.md)"
    )
    parser.add_argument(
        "--trust", action="store_true", help=f"run the adapter that an {TRUSTED} beside the run names, without asking"
    )


def add_trials(parser: argparse.ArgumentParser, histories: str) -> None:
    """How long a model is let act, and on what contexts; `histories`: what --streams counts."""
    parser.add_argument(
        "--streams", type=positive, default=TRIAL_STREAMS, help=f"{histories} (default: {TRIAL_STREAMS})"
    )
    parser.add_argument("--episodes", type=positive, default=EPISODES, help=f"per history (default: {EPISODES})")
    parser.add_argument("--context", type=positive, metavar="N", help="transitions of a full context (default: usual)")


def opening_options(args: argparse.Namespace) -> dict[str, Any]:
    """The options of `add_opening` as keywords."""
    return {name: getattr(args, name) for name in OPENING}


def positive(text: str) -> int:
    """A whole number from 1."""
    value = int(text) if text.isdecimal() and len(text) < 10 else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, found {text}")
    return value


def natural(text: str) -> int:
    """A whole number from 0, as seeds are."""
    if not (text.isdecimal() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"expected a number from 0, found {text}")
    return int(text)


def share(text: str) -> float:
    """A number between 0 and 1."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"expected a share between 0 and 1, found {text}")
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
    if asked is None:
        return list(range(n_layer))
    if outside := [layer for layer in asked if layer >= n_layer]:
        raise ConfigError(
            "--layers", expected=f"layers from 0 to {n_layer - 1}", found=str(outside[0]), action="choose some of these"
        )
    return asked


def figure_file(path: str | None, *endings: str, name: str = "FILE") -> Path | None:
    """Where a figure is to be written; None where none is asked for. Says that its directory is made.

    Raises:
        ConfigError: it ends otherwise than in one of `endings`.
    """
    if path is None:
        return None
    output = Path(path)
    if output.suffix not in endings:
        expected = " or ".join(f"{name}{ending}" for ending in endings)
        raise ConfigError("--output", expected=expected, found=str(output), action="name one")
    say_new(output.parent)
    return output


def say_new(directory: Path) -> None:
    """Say that a directory is not there yet, before something is written into it: a name may be misspelt."""
    if not directory.exists():
        print(f"adtui: making the directory {directory}", file=sys.stderr)
