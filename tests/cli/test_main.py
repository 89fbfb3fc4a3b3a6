"""The command line starts fast, names its commands, and turns every error into one line and an exit code."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import signal
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from adtui import __main__, __version__
from adtui.cli import open as open_command
from adtui.cli.main import COMMANDS, main, open_parser
from adtui.records.errors import ConfigError
from adtui.ui import engine_process
from adtui.ui.engine_process import started
from adtui.ui.terminal import signals

HEAVY = ("torch", "numpy", "textual", "matplotlib", "h5py", "pydantic", "yaml", "rich")
REPOSITORY = Path(__file__).resolve().parents[2]


def imported_by(*argv: str) -> set[str]:
    """Names of heavy packages that `adtui ARGV` has imported when it ends."""
    code = (
        "import sys; from adtui.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *argv], capture_output=True, text=True, cwd=REPOSITORY, check=True
    )
    return set(done.stderr.splitlines()[-1].split()) if done.stderr.strip() else set()


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Replace a command module: `stub(name, run)`; returns the list of arguments that it was run with."""

    def stub(name: str, run: Any = lambda args: 0) -> list[Any]:
        calls: list[Any] = []
        module = types.ModuleType(f"adtui.cli.{name}")

        def prepare_parser(parser: Any) -> None:
            parser.add_argument("--samples", type=int, default=5)
            if name == "analyze":
                parser.add_argument("run", nargs="?")

        def record(args: Any) -> int:
            calls.append(args)
            return int(run(args))

        module.HELP, module.prepare_parser, module.run = "help", prepare_parser, record  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"adtui.cli.{name}", module)
        return calls

    return stub


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["analyze", "--help"], ["./none"], ["analyze", "none"]])
def test_nothing_heavy_is_imported_before_there_is_work(argv: list[str]) -> None:
    assert not imported_by(*argv)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    for name in (*COMMANDS, "demo"):
        assert f"\n  {name} " in out
    assert "./NAME" in out


@pytest.mark.parametrize("name", [*COMMANDS, "open"])
def test_every_command_keeps_the_contract(name: str) -> None:
    module = importlib.import_module(f"adtui.cli.{name}")
    assert isinstance(module.HELP, str)
    assert "\n" not in module.HELP
    assert callable(module.prepare_parser)
    assert callable(module.run)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"adtui {__version__}\n"


def test_wrong_options_are_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["analyze", "--no-such-option", "x"])
    assert caught.value.code == 2


def test_a_command_gets_its_arguments(stub: Any) -> None:
    calls = stub("train", lambda args: 7)
    assert main(["train", "--samples", "3"]) == 7
    assert calls[0].samples == 3


@pytest.fixture
def run_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run directory, named like a command, in the present directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "ckpt-1.pt").write_bytes(b"x")
    return tmp_path / "train"


def test_without_a_terminal_a_path_is_reported_on(stub: Any, run_dir: Path) -> None:
    calls = stub("analyze")
    stub("open")
    assert main(["./train", "--samples", "3"]) == 0
    assert (calls[0].run, calls[0].samples) == ("./train", 3)


def test_in_a_terminal_a_path_opens_the_app(stub: Any, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    calls = stub("open")
    assert main(["--samples", "3", "./train"]) == 0
    assert (calls[0].path, calls[0].samples) == ("./train", 3)


def test_no_arguments_mean_the_latest_run(
    stub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    calls = stub("analyze")
    stub("open")
    assert main([]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "adtui demo" in line
    (tmp_path / "runs" / "AD").mkdir(parents=True)
    (tmp_path / "runs" / "AD" / "ckpt-1.pt").write_bytes(b"x")
    assert main([]) == 0
    assert calls[0].run == os.path.join("runs", "latest")


def test_a_mistyped_command_is_recognised(stub: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stub("open")
    assert main(["anlyze"]) == 2
    assert "did you mean analyze?" in capsys.readouterr().err


def test_user_errors_are_one_line(stub: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: Any) -> int:
        raise ConfigError("x.yaml", expected="a\nb", found="c", action="d")

    stub("train", fail)
    assert main(["train"]) == 2
    assert capsys.readouterr().err == "adtui: x.yaml: expected a b, found c; d\n"


def test_an_interrupt_is_130(stub: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_: Any) -> int:
        raise KeyboardInterrupt

    stub("train", interrupt)
    assert main(["train"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m adtui --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


def test_the_module_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert __main__.__name__ == "adtui.__main__"
    done = subprocess.run(
        [sys.executable, "-m", "adtui", "--version"], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"adtui {__version__}\n")


def test_what_the_output_cannot_encode_is_spelled(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict") for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    assert main(["no/such/rún→"]) == 2
    streams[1].flush()
    assert b"no/such/run->" in streams[1].buffer.getvalue()


def test_an_app_that_cannot_be_made_leaves_no_engine(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is started before the user's settings are read."""
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    process = started(command)
    monkeypatch.setattr(engine_process, "started", lambda: process)
    monkeypatch.setattr(signals, "prepare", lambda: None)
    monkeypatch.setattr(signals, "announce", lambda text: contextlib.nullcontext())
    monkeypatch.setattr(gc, "disable", lambda: None)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "adtui").mkdir()
    (tmp_path / "adtui" / "config.toml").write_text("theme = 3\n")
    with pytest.raises(ConfigError, match=r"config\.toml: theme"):
        open_command.run(open_parser().parse_args([str(tiny_run)]))
    assert process.returncode == -signal.SIGKILL
