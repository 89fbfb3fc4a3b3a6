"""The terminal itself: can it show the app, and is it given back whatever ends the process."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import termios
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...records.errors import ConfigError
from ...records.exit_codes import of_signal

if TYPE_CHECKING:
    from textual.app import App

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
GRACE_SECONDS = 3.0
"""How long an orderly exit may take after a signal. A hung line can block Textual's writer for ever."""
RESTORE = (
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # mouse
    "\x1b[?2004l\x1b[?1004l\x1b[?2048l"  # bracketed paste, focus events, in-band resize
    "\x1b[<u\x1b[?7h\x1b[?1049l\x1b[?25h"  # kitty keyboard, line wrap, alternate screen, cursor
)
_C_LOCALES = ("", "C", "POSIX")


def check_terminal() -> None:
    """Raise ConfigError when the terminal has no cursor control, before anything is drawn."""
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        raise ConfigError(
            "TERM",
            expected="a terminal with cursor control",
            found=term or "no TERM",
            action="set it (export TERM=xterm-256color), or print the numbers with `adtui analyze`",
        )


def prepare() -> None:
    """Before the app: Textual draws on stderr, which may be redirected and may not take every character."""
    forget_coerced_locale()
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        terminal = open("/dev/tty", "w", encoding="utf-8")  # noqa: SIM115  (open for as long as the process)
        sys.__stderr__ = terminal  # type: ignore[misc]  # final for typeshed only
    if isinstance(sys.__stderr__, io.TextIOWrapper):
        # A character that the encoding lacks must not end Textual's writer thread.
        sys.__stderr__.reconfigure(errors="replace")


@contextlib.contextmanager
def announce(text: str) -> Iterator[None]:
    """Show a line while something loads, and take it away again: a slow disk should not look like a hung program."""
    columns = os.get_terminal_size(sys.__stderr__.fileno()).columns if sys.__stderr__ else 80
    print(f"{text} ..."[: columns - 1] if columns else text, end="", file=sys.__stderr__, flush=True)
    try:
        yield
    finally:
        print("\r\x1b[K", end="", file=sys.__stderr__, flush=True)


def forget_coerced_locale() -> None:
    """Take back the LC_CTYPE=C.UTF-8 that Python puts into its own environment in the C locale (PEP 538).

    It says what Python does, not what the terminal can show. The environment that the user gave is still in /proc.
    """
    locale = os.environ.get("LC_ALL", "") or os.environ.get("LANG", "")
    if os.environ.get("LC_CTYPE") != "C.UTF-8" or locale not in _C_LOCALES:
        return
    try:
        with open("/proc/self/environ", "rb") as file:
            given = file.read().split(b"\0")
    except OSError:
        return  # no /proc: keep what Python says
    if not any(variable.startswith(b"LC_CTYPE=") for variable in given):
        del os.environ["LC_CTYPE"]


def shows_utf8() -> bool:
    """Whether to draw with more than ASCII: what the locale says, and yes where it says nothing at all.

    Containers often come without a locale, while the terminal at the other end of the line is a modern one.
    """
    from ..renderables.colors import utf8_terminal  # numpy: not before something is on the screen

    silent = not any(os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    return silent or utf8_terminal()


_early: list[int] = []


def keep_signals() -> None:
    """Let signals wait for `leave_on_signals`: in between, Textual takes the terminal over and cannot give it back."""
    for number in SIGNALS:
        signal.signal(number, lambda caught, _frame: _early.append(caught))


def leave_on_signals(app: App[Any]) -> None:
    """SIGTERM, SIGHUP and SIGINT end the app in order: terminal restored, engine gone, exit code 128 + n.

    Textual leaves SIGTERM at its default, which leaves the terminal raw and on the alternate screen.
    """
    if app.is_headless:
        return
    try:
        before = termios.tcgetattr(sys.stdin.fileno())
    except termios.error:
        before = None
    import asyncio  # 25 ms: Textual needs it anyway, the first line on the screen does not

    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, _leave, app, number, before)
    for early in _early:
        _leave(app, early, before)


def _leave(app: App[Any], number: int, attributes: list[Any] | None) -> None:
    try:
        termios.tcgetattr(sys.stdin.fileno())
    except termios.error:
        # The line has dropped: there is no terminal to restore, and writing to it could block for ever. The engine
        # leaves by itself when its pipe closes.
        os._exit(of_signal(number))
    from .changed_cells import ThriftyApp  # Textual: it is there by now

    app.exit(return_code=of_signal(number))
    layer = app.layer if isinstance(app, ThriftyApp) else None
    pictures = "" if layer is None else layer.farewell()
    watchdog = threading.Timer(GRACE_SECONDS, _force, args=(of_signal(number), attributes, pictures))
    watchdog.daemon = True
    watchdog.start()


def _force(code: int, attributes: list[Any] | None, pictures: str) -> None:
    """The orderly way is blocked, as by a terminal that takes no more output: restore what can be restored and end."""
    try:
        if attributes is not None:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, attributes)
        os.set_blocking(2, False)
        os.write(2, (pictures + RESTORE).encode())
    except (OSError, termios.error):
        pass  # the terminal itself has gone by now
    os._exit(code)
