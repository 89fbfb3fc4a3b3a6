"""`adtui`: chooses the command and turns errors into one line and an exit code.

Nothing heavy is imported here: every command loads what it needs when it runs, so that `--help`, a mistyped path and
the app's first paint cost nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from .. import __version__
from ..records.errors import AdtuiError, ConfigError, RunError
from ..records.exit_codes import DONE, INTERRUPTED, USER_ERROR
from ..records.plain import SPELLING
from .arguments import Parser

#: `adtui NAME` is `adtui.cli.NAME`, imported only when it is chosen.
COMMANDS = (
    "analyze",
    "map",
    "extract",
    "export",
    "collect",
    "train",
    "evaluate",
    "compare",
    "check",
    "compress",
    "circuit",
    "probe",
    "provenance",
    "replay",
    "timeline",
    "doctor",
    "completion",
)
DEMO = "demo"
DEMO_HELP = "open a trained run that comes with adtui"
LATEST = Path("runs/latest")
_OPEN = "open"


class Command(Protocol):
    """What a module in `adtui.cli` offers."""

    HELP: str

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code, see `exit_codes`."""
    argv = list(sys.argv[1:] if argv is None else argv)
    _spell_out()
    _ask_the_terminal()
    try:
        try:
            code = _dispatch(argv)
        except SystemExit:  # argparse has printed its help or its complaint
            sys.stdout.flush()
            raise
        sys.stdout.flush()
        return code
    except AdtuiError as error:
        print(f"adtui: {error}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("adtui: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`head`, a pager) has left. Point stdout elsewhere, or the interpreter complains while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _spell_out() -> None:
    """What a stream's encoding lacks is spelled in ASCII: printing a table must not end a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=SPELLING)


def _ask_the_terminal() -> None:
    """Its size is its own to say: a container or shell may export one that has long been another.

    Textual, rich and argparse believe COLUMNS and LINES before they ask. A pipe has no size, a line that never said
    one has 0 columns: both keep the variables.
    """
    try:
        columns = os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else 0
    except (OSError, ValueError):  # no terminal, or closed
        columns = 0
    if columns:
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)


def _dispatch(argv: list[str]) -> int:
    name = argv[0] if argv else ""
    if name == DEMO:
        return _demo(argv[1:])
    if name in COMMANDS:
        command = _command(name)
        args = command_parser(name).parse_args(argv[1:])
        if "run" in args:
            _find(args.run)
            _settle(args, args.run)
        return command.run(args)
    return _open(argv)


def command_parser(name: str) -> argparse.ArgumentParser:
    """The arguments of one of `COMMANDS`."""
    command = _command(name)
    parser = Parser(f"adtui {name}", description=_sentence(command.HELP))
    command.prepare_parser(parser)
    return parser


def open_parser(epilog: str | None = None) -> argparse.ArgumentParser:
    """The arguments of `adtui` without a command."""
    parser = Parser(
        "adtui",
        usage="adtui [PATH] [options], or adtui COMMAND [options]",
        description="See what an Algorithm Distillation model attends to, and what its context can lose.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    help_path = "run directory, checkpoint file, runs/latest (the default) or runs/"
    parser.add_argument("path", metavar="PATH", nargs="?", help=help_path)
    parser.add_argument("--version", action="version", version=f"adtui {__version__}")
    _command(_OPEN).prepare_parser(parser)
    return parser


def demo_parser() -> argparse.ArgumentParser:
    """The arguments of `adtui demo`."""
    from ..files.demos import DEFAULT_DEMO, DEMOS

    parser = Parser("adtui demo", description=_sentence(DEMO_HELP))
    parser.add_argument(
        "name", nargs="?", choices=DEMOS, default=DEFAULT_DEMO, help=f"the world (default: {DEFAULT_DEMO})"
    )
    _command(_OPEN).prepare_parser(parser)
    return parser


def _open(argv: list[str]) -> int:
    """`adtui [PATH] [options]`: the app, on runs/latest when no path is given."""
    command = _command(_OPEN)
    args = open_parser(_commands_help() if {"-h", "--help"} & set(argv) else None).parse_args(argv)
    if args.path is None:
        args.path = str(_latest())
    with _announced(args.path):
        _check_path(args.path, waits=getattr(args, "watch", False) and _at_terminal())
    return _show(command, args)


def _demo(argv: list[str]) -> int:
    """`adtui demo [NAME] [options]`: the app on a bundled run."""
    from ..files.demos import demo_run

    command = _command(_OPEN)
    args = demo_parser().parse_args(argv)
    with _announced("the bundled run"):
        args.path = str(demo_run(args.name))
    return _show(command, args)


def _announced(path: str) -> contextlib.AbstractContextManager[None]:
    """A line on the terminal at once, before anything is looked for; a pipe gets none."""
    if not (_at_terminal() and sys.stderr.isatty()):
        return contextlib.nullcontext()
    from ..ui.terminal.signals import announce, check_terminal

    check_terminal()
    return announce(f"adtui: opening {path}")


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _check_path(path: str, *, waits: bool) -> None:
    """Refuse a path that leads to no run before a screen is drawn.

    Args:
        waits: a run without a checkpoint is waited for.
    """
    import difflib

    from ..files.runs import awaits_checkpoint, runs_to_choose

    if not os.path.lexists(path) and os.sep not in path:
        near = difflib.get_close_matches(path, [*COMMANDS, DEMO], n=1)
        if near:
            raise RunError(path, expected="a path or a command", found="neither", action=f"did you mean {near[0]}?")
    several = os.path.isdir(path) and runs_to_choose(path)  # the app lets the user pick
    if not several and not (waits and awaits_checkpoint(path)):
        _find(path)


def _find(path: str) -> None:
    """Refuse a path that leads to no single run: a typing error should not cost the import of torch."""
    from ..files.runs import find_run

    find_run(path)


def _settle(args: argparse.Namespace, path: str) -> None:
    """Which code of the user's is run, see `trust`."""
    if "adapter" in args:
        from .trust import settle

        settle(args, path)


def _show(command: Command, args: argparse.Namespace) -> int:
    """The app where there is a terminal, else the text report of `adtui analyze` with the same options."""
    _settle(args, args.path)
    if _at_terminal():
        return command.run(args)
    if getattr(args, "record", None) is not None:
        raise ConfigError("--record", expected="a terminal", found="none", action="leave it out, or use a terminal")
    analyze = _command("analyze")
    parser = Parser("adtui analyze")
    analyze.prepare_parser(parser)
    report = parser.parse_args([args.path])
    for name in vars(report).keys() & vars(args).keys():
        setattr(report, name, getattr(args, name))
    return analyze.run(report)


def _command(name: str) -> Command:
    return cast(Command, importlib.import_module(f"adtui.cli.{name}"))


def _latest() -> Path:
    if os.path.lexists(LATEST) or LATEST.parent.is_dir():
        return LATEST
    raise RunError(
        "adtui",
        expected="a PATH, or runs/latest here",
        found="neither",
        action="give a run directory or a checkpoint, or try `adtui demo`; `adtui --help` lists the commands",
    )


def _commands_help() -> str:
    rows = {DEMO: DEMO_HELP, **{name: _command(name).HELP for name in COMMANDS}}
    lines = [f"  {name:<10} {text}" for name, text in rows.items()]
    hint = "`adtui COMMAND --help` explains one. A path that is named like a command is given as ./NAME."
    return "\n".join(["commands:", *lines, "", hint])


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
