"""What `adtui doctor` looks at: the installation, the devices, and the terminal. Neither torch nor Textual is imported.

Each check is a function of what it reads (an environment, a runner of commands), so that a test can give its own.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__

if TYPE_CHECKING:
    from .dependencies import Dependency

#: What needs an extra; of others it is only said whether they are here.
NEEDED_BY = {
    "ppo": "`adtui collect` with `alg: PPO`",
    "metaworld": "Meta-World's tasks by `--world`",
    "distributed": "`adtui compress --backend ray` or `dask`",
}
GOOD_SIZE = (80, 24)
SMALLEST_SIZE = (40, 10)
#: Milliseconds for which tmux may hold back an Esc before that is felt.
SLOW_ESCAPE = 50
_TORCH_SECONDS = 120
_TMUX_SECONDS = 3
_PROBE = """\
import json, torch
count = torch.cuda.device_count() if torch.cuda.is_available() else 0
found = [torch.cuda.get_device_properties(i) for i in range(count)]
print(json.dumps({"cuda": torch.version.cuda, "devices": [[d.name, d.total_memory] for d in found]}))
"""

_ROUTES = """\
import json, torch
from adtui.models.cuda import route
print(json.dumps({"routes": {f"cuda:{i}": route(f"cuda:{i}").said for i in range(torch.cuda.device_count())}}))
"""

#: Runs a command and returns its output, or None when it fails.
Runner = Callable[[tuple[str, ...], float], str | None]


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        what: the thing looked at.
        found: what was there.
        advice: what to change, or "".
        fatal: adtui cannot work like this.
    """

    what: str
    found: str
    advice: str = ""
    fatal: bool = False


def run_command(command: tuple[str, ...], seconds: float) -> str | None:
    """Standard output of a command, or None when it is missing, fails, or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def installation() -> list[Finding]:
    """Python, adtui, and the packages that it needs, by their metadata alone."""
    return [
        Finding("Python", f"{platform.python_version()} ({sys.executable})"),
        Finding("adtui", f"{__version__} ({Path(__file__).parent})"),
        *_packages(),
    ]


def _packages() -> list[Finding]:
    """What adtui's metadata asks for. An extra that is not here is no fault: its command says so when it is used."""
    again = "install adtui again: pip install --force-reinstall adtui"
    try:
        from .dependencies import dependencies

        asked = dependencies()
    except metadata.PackageNotFoundError:
        return [Finding("packages", "unknown: adtui runs from its source", "install it there: pip install -e .")]
    except ImportError as error:
        return [Finding("missing", (error.name or str(error)).partition(".")[0], again, fatal=True)]
    own = [one for one in asked if not one.extra]
    there = [f"{one.name} {one.version}" for one in own if one.version]
    findings = [Finding("packages", ", ".join(there) or "none")]
    if missing := [one.name for one in own if not one.version]:
        findings.append(Finding("missing", ", ".join(missing), again, fatal=True))
    for one in own:
        if one.version and not one.fits:
            advice = f"pip install '{one.name}{one.wanted}'"
            findings.append(Finding("version", f"{one.name} {one.version}, not tried with adtui", advice))
    for extra in dict.fromkeys(one.extra for one in asked if one.extra):
        findings.append(_extra(extra, [one for one in asked if one.extra == extra]))
    return findings


def _extra(name: str, asked: Sequence[Dependency]) -> Finding:
    """Whether what an extra adds is here, and what for."""
    wanting = [one for one in asked if not one.fits]
    purpose = f" (for {NEEDED_BY[name]})" if name in NEEDED_BY else ""
    if not wanting:
        return Finding(f"[{name}]", f"here{purpose}")
    named = ", ".join(one.name if not one.version else f"{one.name}{one.wanted}" for one in wanting)
    return Finding(f"[{name}]", f"without {named}{purpose}: pip install 'adtui[{name}]'")


def settings() -> Finding:
    """The user's settings file, and what it says. The app refuses to open with one that cannot be used."""
    from ..files.places import settings_file
    from ..records.errors import ConfigError
    from ..ui.preferences import described, load_preferences

    path = settings_file()
    if path is None:
        return Finding("settings", "none: there is no home directory")
    try:
        settled = load_preferences(path)
    except ConfigError as error:
        found = f"{error.subject}: expected {error.expected}, found {error.found}"
        return Finding("settings", found, error.action, fatal=True)
    if not path.exists():
        return Finding("settings", f"{path} is not there (docs/config.md says what it can settle)")
    return Finding("settings", f"{path}: {described(settled)}")


def kernel(environ: Mapping[str, str] = os.environ) -> Finding:
    """Whether attention's kernel was built for this machine, and what is missed without."""
    from ..files.compiled import KERNEL, OFF, SWITCH, compiler, load

    loaded, found = load(KERNEL, environ)
    if environ.get(SWITCH, "").lower() == OFF:
        return Finding("kernel", f"{SWITCH}={OFF}: not used, attention is measured by torch alone", f"unset {SWITCH}")
    if loaded is not None:
        return Finding("kernel", found)
    missed = "attention is measured by torch alone, more slowly on long contexts"
    if compiler(environ) is None:
        return Finding("kernel", f"{found}, and no C++ compiler is here: {missed}")
    return Finding("kernel", f"{found}: {missed}", "adtui doctor --build-kernel builds it, in some seconds")


def cuda_route(answer: str | None) -> Finding:
    """By which route attention is measured on CUDA devices.

    Args:
        answer: what `_ROUTES` prints.
    """
    try:
        routes = json.loads((answer or "").rpartition("\n")[2])["routes"]
    except (ValueError, KeyError):
        return Finding("attention", "by which route it is measured on CUDA could not be found out")
    return Finding("attention", "measured " + ", ".join(f"on {device} by {said}" for device, said in routes.items()))


def devices(run: Runner = run_command) -> list[Finding]:
    """Whether torch can be imported, and the CUDA devices that it sees. Asked in another process: a broken driver or
    a torch built for another machine may crash it."""
    answer = run((sys.executable, "-c", _PROBE), _TORCH_SECONDS)
    try:
        probe = json.loads((answer or "").rpartition("\n")[2])
    except ValueError:
        return [Finding("torch", "cannot be imported", 'see the error of: python -c "import torch"', fatal=True)]
    names = [f"cuda:{i} {name} ({memory / (1 << 30):.0f} GB)" for i, (name, memory) in enumerate(probe["devices"])]
    if names:
        return [
            Finding("devices", ", ".join([*names, "cpu"])),
            cuda_route(run((sys.executable, "-c", _ROUTES), _TORCH_SECONDS)),
        ]
    card = Path("/dev/nvidia0").exists()
    if card and probe["cuda"] is None:
        advice = "an NVIDIA card is here, but this torch is for the CPU: install a CUDA build of torch"
    elif card:
        advice = f"an NVIDIA card is here, but torch (CUDA {probe['cuda']}) cannot use it: compare with nvidia-smi"
    else:
        advice = ""
    return [Finding("devices", "cpu", advice)]


def terminal(environ: Mapping[str, str], size: tuple[int, int], color_system: str | None, utf8: bool) -> list[Finding]:
    """TERM, colours, encoding and size.

    Args:
        size: (columns, rows).
        color_system: "truecolor", "256", "standard" or None, as Rich finds it.
        utf8: whether the locale is UTF-8.
    """
    term = environ.get("TERM", "")
    bad_term = term in ("", "dumb", "unknown")
    advice = "export TERM=xterm-256color" if bad_term else ""
    findings = [Finding("TERM", term or "not set", advice, fatal=bad_term), _colors(environ, color_system, bad_term)]
    locale = next((f"{name}={environ[name]}" for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "none")
    findings.append(
        Finding("locale", f"{locale} (UTF-8)")
        if utf8
        else Finding(
            "locale", f"{locale}: ASCII only, no half blocks", "export LANG=C.UTF-8, if the terminal has UTF-8"
        )
    )
    return [*findings, _size(*size)]


def _colors(environ: Mapping[str, str], color_system: str | None, bad_term: bool) -> Finding:
    words = {"truecolor": "16 million", "256": "256", "standard": "16", "windows": "16"}.get(color_system or "", "none")
    colorterm = environ.get("COLORTERM") or "not set"
    found = f"{words} (COLORTERM {colorterm})"
    if environ.get("NO_COLOR"):
        return Finding("colours", f"{words} (NO_COLOR is set)", "unset NO_COLOR to see colours")
    if color_system == "truecolor" or bad_term:
        return Finding("colours", found)
    if color_system == "256":
        advice = "fine as it is; if your terminal has true colour: export COLORTERM=truecolor here"
        if _over_ssh(environ):
            advice += " (OpenSSH does not forward it: put it into the shell's start-up file on this machine)"
        return Finding("colours", found, advice)
    return Finding("colours", found, "export TERM=xterm-256color, if your terminal has 256 colours")


def _size(columns: int, rows: int) -> Finding:
    found = f"{columns}×{rows}"
    if columns < SMALLEST_SIZE[0] or rows < SMALLEST_SIZE[1]:
        return Finding("size", found, "too small: enlarge the window to {}×{} or more".format(*GOOD_SIZE))
    if columns < GOOD_SIZE[0] or rows < GOOD_SIZE[1]:
        return Finding(
            "size", found, "panes will fold into tabs: {}×{} or more shows them side by side".format(*GOOD_SIZE)
        )
    return Finding("size", found)


def connection(environ: Mapping[str, str], run: Runner = run_command) -> list[Finding]:
    """SSH and tmux, and what they do to copying and to the Esc key."""
    findings = []
    if _over_ssh(environ):
        peer = environ.get("SSH_CONNECTION", "").partition(" ")[0]
        found = f"from {peer}" if peer else "yes"
        findings.append(Finding("SSH", f"{found}; on a slow line use --slow-link"))
    if environ.get("TMUX"):
        findings += _tmux(environ, run)
    else:
        inside = "GNU screen: it does not pass OSC 52 on" if environ.get("STY") else ""
        findings.append(
            Finding("copying", inside, "use tmux instead to copy out of the app")
            if inside
            else Finding("copying", "through OSC 52, if your terminal allows it")
        )
    return findings


def _tmux(environ: Mapping[str, str], run: Runner) -> list[Finding]:
    def option(flags: str, name: str) -> str:
        return run(("tmux", "show", flags, name), _TMUX_SECONDS) or ""

    term = option("-gv", "default-terminal")
    few = term in ("", "screen", "xterm", "ansi")
    features = option("-sv", "terminal-features") + option("-sv", "terminal-overrides")
    advice = "in ~/.tmux.conf: set -g default-terminal tmux-256color" if few else ""
    if (
        not advice
        and environ.get("COLORTERM") in ("truecolor", "24bit")
        and "RGB" not in features
        and "Tc" not in features
    ):
        advice = "in ~/.tmux.conf: set -as terminal-features ',*:RGB', or tmux reduces true colour to 256"
    findings = [Finding("tmux", f"default-terminal {term or 'unknown'}", advice)]
    clipboard = option("-sv", "set-clipboard") or "unknown"
    advice = "" if clipboard == "on" else "to copy out of the app, in ~/.tmux.conf: set -s set-clipboard on"
    findings.append(Finding("copying", f"through OSC 52; tmux set-clipboard is {clipboard}", advice))
    escape = option("-sv", "escape-time")
    if escape.isdecimal() and int(escape) > SLOW_ESCAPE:
        advice = "Esc is slow, in ~/.tmux.conf: set -s escape-time 10"
        findings.append(Finding("Esc key", f"held back for {escape} ms by tmux", advice))
    return findings


def _over_ssh(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
