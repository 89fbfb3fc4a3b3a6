"""A source of adtui's own as a library for this machine: compiled when asked, kept in the user's cache. No torch here.

The name holds the source's digest, the flags and the CPU's features: homes are shared between machines, and a library
built for one CPU may not run on another. A library that somebody else could have written is not loaded.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from ..records.errors import AdtuiError
from .atomic import replacing
from .places import cache_directory

#: The kernel of attention, `models/kernel.py`; its place stands here for whoever asks without importing torch.
KERNEL = Path(__file__).parents[1] / "models" / "kernel.cpp"
SWITCH, OFF = "ADTUI_KERNEL", "off"
COMPILERS = ("c++", "g++", "clang++")
SECONDS = 300
MACHINE_FLAG = {"aarch64": "-mcpu=native", "arm64": "-mcpu=native"}
_FEATURES = ("flags", "features", "cpu part", "isa")


class BuildError(AdtuiError):
    """A library cannot be built here."""


def flags(machine: str = platform.machine()) -> tuple[str, ...]:
    """What a compiler is called with, for the machine it runs on."""
    native = MACHINE_FLAG.get(machine, "-march=native")
    return ("-std=c++17", "-O3", native, "-ffp-contract=fast", "-shared", "-fPIC", "-pthread")


def cpu_features(told: Path = Path("/proc/cpuinfo")) -> str:
    """What the first CPU can do, as the kernel says; where it says nothing, the machine's name."""
    try:
        first = told.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return platform.processor() or platform.machine()
    lines = (line.partition(":") for line in first.splitlines())
    return "\n".join(value.strip() for name, _, value in lines if name.strip().lower() in _FEATURES)


def library(source: Path, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where the source's library lies once it is built; None without a home."""
    place = cache_directory(environ)
    if place is None:
        return None
    parts = (source.read_text(encoding="utf-8"), *flags(), platform.machine(), platform.libc_ver()[0], cpu_features())
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    return place / "kernels" / f"{source.stem}-{digest}.so"


def trusted(path: Path) -> bool:
    """Whether nobody but this user and root can have written the file, or put it into its directory."""
    for part in (path, path.parent):
        about = part.stat()
        if about.st_uid not in (os.geteuid(), 0) or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return False
    return True


def load(source: Path, environ: Mapping[str, str] = os.environ) -> tuple[ctypes.CDLL | None, str]:
    """The source's library, if it was built for this machine; and where it lies, or why there is none."""
    path = library(source, environ)
    if path is None or not path.is_file():
        return None, "not built"
    try:
        if not trusted(path):
            return None, f"{path} is not used: others could have written it"
        return ctypes.CDLL(str(path)), str(path)
    except OSError as error:
        return None, f"{path} cannot be loaded: {error}"


def compiler(environ: Mapping[str, str] = os.environ) -> str | None:
    """The C++ compiler: CXX where that is set, else the first of COMPILERS that is on the PATH."""
    named = environ.get("CXX")
    path = environ.get("PATH")
    return next((found for one in ([named] if named else COMPILERS) if (found := shutil.which(one, path=path))), None)


def build(source: Path, check: Callable[[Path], str | None], environ: Mapping[str, str] = os.environ) -> Path:
    """Compile, check, and only then put in place: whoever loads it meanwhile sees the old library, or none.

    Args:
        check: tries a library and says what is wrong with it, or None.

    Raises:
        BuildError: no compiler, no place, or a library that does not compile or is wrong.
    """
    target, tool = library(source, environ), compiler(environ)
    if target is None:
        raise BuildError("kernel", expected="a cache directory", found="no home", action="set HOME or XDG_CACHE_HOME")
    if tool is None:
        named = environ.get("CXX")
        found = f"CXX={named}, which is no program" if named else "none of " + ", ".join(COMPILERS)
        raise BuildError("kernel", expected="a C++ compiler", found=found, action="install g++ or clang++, or set CXX")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.parent.chmod(0o700)
        with replacing(target) as temporary:
            _compile(tool, source, temporary)
            if wrong := check(temporary):
                raise BuildError(
                    "kernel", expected="what torch computes", found=wrong, action=f"try another compiler than {tool}"
                )
        target.chmod(0o700)
    except OSError as error:
        found = error.strerror or type(error).__name__
        action = "set XDG_CACHE_HOME to a directory that can be written"
        raise BuildError(target.parent, expected="a place for the kernel", found=found, action=action) from None
    return target


def _compile(tool: str, source: Path, target: Path) -> None:
    command = [tool, *flags(), str(source), "-o", str(target)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        found = f"no end after {SECONDS} s"
    else:
        if done.returncode == 0:
            return
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        found = next((line for line in said if "error" in line), said[0] if said else f"exit code {done.returncode}")
    raise BuildError("kernel", expected=f"{tool} to compile it", found=found[:200], action="try another one: CXX=…")
