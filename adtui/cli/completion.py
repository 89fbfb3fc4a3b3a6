"""`adtui completion SHELL`: what a shell needs to complete adtui's commands, options and paths.

The scripts are written from the parsers that read the command line: they name every option there is and no other.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from ..records.exit_codes import DONE
from . import shells

HELP = "print the script that completes adtui in your shell: bash, zsh or fish"

PATHS = frozenset(
    {"PATH", "RUN", "FILE", "FIGURE.png", "DIR", "DIRECTORY", "X.npz", "Y.npz", "FILE.hdf5", "config", "run", "run_dir"}
)
"""Metavars, or names where there is none, of arguments that are paths."""


@dataclass(frozen=True)
class Option:
    """An option: its spellings, `--device`, what it is for, and what follows it.

    Attributes:
        value: "" for none, "path", "choice" (one of `choices`) or "text".
    """

    names: tuple[str, ...]
    help: str
    value: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A command and what can stand behind it; `name` is empty for `adtui PATH`.

    Attributes:
        paths: whether its positional argument is a path.
        words: what else that can be.
    """

    name: str
    help: str
    options: tuple[Option, ...]
    paths: bool
    words: tuple[str, ...] = ()


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=tuple(shells.SCRIPTS), help="which shell the script is for")
    parser.epilog = 'In ~/.bashrc or ~/.zshrc: eval "$(adtui completion bash)"; fish: adtui completion fish | source'


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print(shells.SCRIPTS[args.shell](lines()), end="")
    return DONE


def lines() -> list[Line]:
    """`adtui PATH`, `adtui demo` and every command, as their parsers have them."""
    from .main import COMMANDS, DEMO, command_parser, demo_parser, open_parser

    parsers = {"": open_parser(), DEMO: demo_parser(), **{name: command_parser(name) for name in COMMANDS}}
    return [_line(name, parser) for name, parser in parsers.items()]


def _line(name: str, parser: argparse.ArgumentParser) -> Line:
    actions = parser._actions  # argparse offers no public list
    positional = [action for action in actions if not action.option_strings]
    words = tuple(str(word) for action in positional for word in action.choices or ())
    options = tuple(_option(action) for action in actions if action.option_strings)
    return Line(name, parser.description or "", options, any(map(_is_path, positional)), words)


def _option(action: argparse.Action) -> Option:
    choices = tuple(map(str, action.choices or ()))
    value = "" if action.nargs == 0 else "choice" if choices else "path" if _is_path(action) else "text"
    text = (action.help or "") % {**vars(action), "prog": "adtui"} if "%(" in (action.help or "") else action.help
    return Option(tuple(action.option_strings), (text or "").replace("%%", "%"), value, choices)


def _is_path(action: argparse.Action) -> bool:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest
    return action.nargs != 0 and not action.choices and metavar in PATHS
